"""`adapt`: learn somebody's labels, if there is something to be gained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...encoders import DEFAULT_ENCODER, Encoder
from ...encoders.adapted import AdaptedEncoder
from ...encoders.statistics.linear_metric import default_encoder
from ...motion import LabelledClip
from .crossvalidation import Answers, Trial, answers, best_trial, trial
from .folds import LabelledSet, folds, labelled_set
from .linear import described_copies
from .spaces import CANDIDATES, LINEAR, SPACES, Lesson, learn
from .words import in_plain_words

#: Part of the time for networks that each fold's training has, and of the updates; the last one has the rest.
_FOLD_PART = 0.17
_FOLD_THOROUGHNESS = 0.5
#: A network is tried from so many minutes of training in a fold on.
_SHORTEST = {"gru": 0.1, "mmd-nca": 0.85}
#: How the time is shared where both networks are tried.
_GRU_MINUTES = 4.0
#: Labelled clips that an encoder keeps to tell what resembles them.
_KEPT = 1024


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What came of it."""

    encoder: Encoder  # an AdaptedEncoder, or the default one where nothing was gained
    chosen: str  # "pose-statistics", or what was learned, as "lda+gru"
    trials: tuple[Trial, ...]  # of all candidates, the best first
    explanation: str  # in plain words, several lines
    clip_count: int
    classes: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """Whether the default encoder stays."""
        return self.chosen == DEFAULT_ENCODER

    def card(self) -> dict[str, Any]:
        """What a file of the encoder says of its making, as JSON holds it."""
        return {
            "chosen": self.chosen,
            "clips": self.clip_count,
            "classes": list(self.classes),
            "cross_validation": [
                {key: None if value != value else value for key, value in asdict(result).items()}  # JSON has no NaN
                for result in self.trials
            ],
        }


def adapt(
    clips: Sequence[LabelledClip],
    *,
    minutes: float = 3.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Adaptation:
    """An encoder for somebody's own classes, learned from the clips that have a label, or the default one.

    Each candidate learns from two thirds of the groups, without the labels of a quarter of the classes, and is asked by
    the others; three times over. The one that gained most over the default, beyond noise, learns from all.

    Args:
        clips: those without a label are left out.
        minutes: time for all of it, within some seconds. Networks that end by the clock differ from run to run.
        seed: of everything that is drawn.
        progress: is told what happens, one line at a time.

    Raises:
        MRetrieveError: no labels, one class, or one clip of each.
    """
    tell = progress or (lambda _: None)
    started = time.monotonic()
    items = labelled_set(clips)
    described = described_copies([item.clip for item in items.clips], seed)
    divided = folds(items, seed)
    names = _affordable(minutes)
    found: dict[tuple[str, ...], list[Answers]] = {}
    lessons = [Lesson([items.clips[row] for row in fold.learned], described[:, fold.learned]) for fold in divided]
    left = minutes - (time.monotonic() - started) / 60
    for number, (fold, lesson) in enumerate(zip(divided, lessons, strict=True), 1):
        learned = {}
        for name in names:
            tell(f"trial {number} of {len(divided)}: {SPACES[name]} learns {len(lesson.clips)} clips")
            learned[name] = learn(
                name,
                lesson,
                minutes=_share(name, names, left) * _FOLD_PART,
                seed=seed,
                thoroughness=_FOLD_THOROUGHNESS,
                progress=tell,
            )
        for candidate, answer in answers(items, fold, learned, CANDIDATES, seed).items():
            found.setdefault(candidate, []).append(answer)
    trials = sorted((trial(spaces, parts) for spaces, parts in found.items()), key=lambda result: -result.gain)
    best = best_trial(trials)
    if best is None:
        encoder: Encoder = default_encoder()
    else:
        left = minutes - (time.monotonic() - started) / 60
        encoder = _learned(items, Lesson(items.clips, described), best, left, seed, tell)
    chosen = DEFAULT_ENCODER if best is None else "+".join(best.spaces)
    classes = tuple(sorted(set(items.labels)))
    explanation = in_plain_words(trials, best, items, names)
    return Adaptation(encoder, chosen, tuple(trials), explanation, len(items.clips), classes)


def _learned(
    items: LabelledSet, lesson: Lesson, best: Trial, left: float, seed: int, tell: Callable[[str], None]
) -> AdaptedEncoder:
    """The chosen candidate, learned from all labelled clips in the minutes that are left."""
    parts = []
    for name in best.spaces:
        tell(f"{SPACES[name]} learns all {len(items.clips)} labelled clips")
        parts.append((learn(name, lesson, minutes=_share(name, best.spaces, left), seed=seed, progress=tell), 1.0))
    vectors = default_encoder().encode([item.clip for item in items.clips])
    step = -(-len(vectors) // _KEPT)
    by_class = np.argsort(np.array(items.labels), kind="stable")  # so that every class keeps its part
    return AdaptedEncoder(parts, best.gate, vectors[by_class[::step]])


def _affordable(minutes: float) -> tuple[str, ...]:
    """The spaces that there is time for."""
    names = [*LINEAR]
    if minutes * _FOLD_PART >= _SHORTEST["gru"]:
        names.append("gru")
    if (minutes - _GRU_MINUTES) * _FOLD_PART >= _SHORTEST["mmd-nca"]:
        names.append("mmd-nca")
    return tuple(names)


def _share(name: str, names: Sequence[str], minutes: float) -> float:
    """Of the minutes for networks, those of one of them."""
    if name == "gru" and "mmd-nca" in names:
        return min(_GRU_MINUTES, minutes / 2)
    if name == "mmd-nca" and "gru" in names:
        return max(minutes - _GRU_MINUTES, minutes / 2)
    return max(minutes, 0.01)
