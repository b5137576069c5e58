"""Learn a user's labels, if there is something to gain, and say so in plain words."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...encoders import DEFAULT_ENCODER, WindowEncoder
from ...encoders.adapted import AdaptedEncoder
from ...encoders.catalogue import AUTO_MINUTES
from ...encoders.statistics.linear_metric import default_encoder
from ...motion import LabelledClip
from .candidates import LINEAR, LabelledDescriptions, candidates, fit_space, network_budgets, space_titles
from .crossvalidation import (
    CERTAIN_ERRORS,
    DOUBTFUL_ERRORS,
    WORTHWHILE_GAIN,
    Answers,
    Trial,
    answers,
    best_trial,
    trial,
)
from .folds import LabelledSet, folds, labelled_set
from .linear import described_copies


def explain_trials(trials: Sequence[Trial], best: Trial | None, items: LabelledSet, tried: Sequence[str]) -> str:
    """Lines about the candidates, the gain of each, and the choice with its reason."""
    titles = space_titles()
    count = len(set(items.groups))
    classes = len(set(items.labels))
    lines = [
        f"{len(items.clips)} labelled clips of {classes} classes; query and answer are of different "
        f"{items.grouped_by}s ({count} of them). Mean average precision on clips that were not learned from:"
    ]
    if not trials:
        lines.append("nothing could be tried: too few clips of too few classes once half of the groups are held out")
    else:
        lines.append(f"  default, pose-statistics: {trials[0].default:.3f}")
        lines += [f"  {_name(result.spaces)}: {_gained(result)}" for result in trials]
    if missing := [title for name, title in titles.items() if name not in tried]:
        lines.append(f"not tried, for want of time: {', '.join(missing)}; give more minutes to try")
    if best is None:
        recognised = not trials or trials[0].is_recognised
        errors = CERTAIN_ERRORS if recognised else DOUBTFUL_ERRORS
        lines.append(
            f"The default stays: nothing gained more than chance would explain ({errors:g} standard errors and "
            f"{WORTHWHILE_GAIN:g}). More clips per class, of more performers, may change that."
        )
        if not recognised:
            lines.append("Even the default finds these classes no better than by chance: do labels and files match?")
    else:
        lines.append(
            f"Chosen: {_name(best.spaces)}. A query takes up to {100 * best.gate.ceiling:.0f} % of its distances from "
            f"what was learned, the more the nearer it is to a labelled clip, and the rest from the default."
        )
    return "\n".join(lines)


def _name(spaces: tuple[str, ...]) -> str:
    titles = space_titles()
    return " + ".join(titles[space] for space in spaces)


def _gained(result: Trial) -> str:
    verb = "gains" if result.gain >= 0 else "loses"
    text = f"{result.adapted:.3f}, {verb} {abs(result.gain):.3f} (standard error {result.error:.3f})"
    if not math.isnan(result.unlabelled_default):
        change = result.unlabelled_adapted - result.unlabelled_default
        text += f"; classes whose labels it did not see: {result.unlabelled_default:.3f} -> "
        text += f"{result.unlabelled_adapted:.3f} ({change:+.3f})"
    return text


#: Share of the networks' time that the training of a fold gets, and of the updates; the last training gets the rest.
_FOLD_TIME, _FOLD_UPDATES = 0.17, 0.5
#: Number of labelled clips that an encoder keeps to recognise queries that resemble them.
_KEPT = 1024


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The result of `adapt`.

    Attributes:
        encoder: an AdaptedEncoder, or the default one if nothing was gained.
        chosen: "pose-statistics", or what was learned, such as "lda+gru".
        trials: the results of all candidates, the best first.
        explanation: several lines in plain words.
        clip_count: number of labelled clips.
        classes: their classes.
    """

    encoder: WindowEncoder
    chosen: str
    trials: tuple[Trial, ...]
    explanation: str
    clip_count: int
    classes: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """Whether the default encoder stays."""
        return self.chosen == DEFAULT_ENCODER

    def card(self) -> dict[str, Any]:
        """Its measurements, as JSON holds them, for the card of a weights file."""
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
    minutes: float = AUTO_MINUTES,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Adaptation:
    """An encoder for a user's own classes, learned from labelled clips, or the default one.

    Candidates are compared by 3-fold cross-validation over groups: each learns from two folds, without the labels of a
    quarter of the classes, and the third one serves as queries. The candidate that gains most over the default, beyond
    noise, then learns from all clips.

    Args:
        clips: those without a label are left out.
        minutes: time for everything, within some seconds. Networks stopped by the clock differ from run to run.
        seed: of everything that is drawn.
        progress: called with one line at a time.

    Raises:
        MRetrieveError: no labels, one class, or one clip of each.
    """
    log = progress or (lambda _: None)
    started = time.monotonic()
    items = labelled_set(clips)
    described = described_copies([item.clip for item in items.clips], seed)
    divided = folds(items, seed)
    names, titles = _affordable(minutes), space_titles()
    by_candidate: dict[tuple[str, ...], list[Answers]] = {}
    left = minutes - (time.monotonic() - started) / 60
    shares = _shares(names, left)
    for number, fold in enumerate(divided, 1):
        training_set = LabelledDescriptions([items.clips[row] for row in fold.learned], described[:, fold.learned])
        learned = {}
        for name in names:
            log(f"trial {number} of {len(divided)}: {titles[name]} learns {len(training_set.clips)} clips")
            learned[name] = fit_space(
                name,
                training_set,
                minutes=shares[name] * _FOLD_TIME,
                seed=seed,
                update_fraction=_FOLD_UPDATES,
                progress=log,
            )
        for candidate, answer in answers(items, fold, learned, candidates(), seed).items():
            by_candidate.setdefault(candidate, []).append(answer)
    trials = sorted((trial(spaces, parts) for spaces, parts in by_candidate.items()), key=lambda result: -result.gain)
    best = best_trial(trials)
    encoder: WindowEncoder = default_encoder()
    if best is not None:
        left = minutes - (time.monotonic() - started) / 60
        encoder = _fit_best(items, LabelledDescriptions(items.clips, described), best, left, seed, log)
    return Adaptation(
        encoder,
        DEFAULT_ENCODER if best is None else "+".join(best.spaces),
        tuple(trials),
        explain_trials(trials, best, items, names),
        len(items.clips),
        tuple(sorted(set(items.labels))),
    )


def _fit_best(
    items: LabelledSet, labelled: LabelledDescriptions, best: Trial, left: float, seed: int, log: Callable[[str], None]
) -> AdaptedEncoder:
    """The chosen candidate, learned from all labelled clips in the minutes that are left."""
    parts = []
    shares, titles = _shares(best.spaces, left), space_titles()
    for name in best.spaces:
        log(f"{titles[name]} learns all {len(items.clips)} labelled clips")
        parts.append((fit_space(name, labelled, minutes=shares[name], seed=seed, progress=log), 1.0))
    vectors = default_encoder().encode([item.clip for item in items.clips])
    step = -(-len(vectors) // _KEPT)
    by_class = np.argsort(np.array(items.labels), kind="stable")  # so that every class keeps its part
    return AdaptedEncoder(parts, best.gate, vectors[by_class[::step]])


def _affordable(minutes: float) -> tuple[str, ...]:
    """The spaces that there is time for."""
    names = [*LINEAR]
    for name, budget in network_budgets().items():
        if minutes * _FOLD_TIME >= budget.least_minutes:
            names.append(name)
        minutes -= budget.most_minutes
    return tuple(names)


def _shares(names: Sequence[str], minutes: float) -> dict[str, float]:
    """The minutes of each space: each network has at most its budget, except that the last one has the rest."""
    budgets = {name: budget for name, budget in network_budgets().items() if name in names}
    shares = dict.fromkeys(names, minutes)
    for waiting, (name, budget) in enumerate(budgets.items(), 1 - len(budgets)):
        shares[name] = minutes if waiting == 0 else min(budget.most_minutes, minutes / (1 - waiting))
        minutes -= shares[name]
    return {name: max(share, 0.01) for name, share in shares.items()}
