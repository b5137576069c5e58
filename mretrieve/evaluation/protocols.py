"""The named protocols and their splits, which are pinned here.

Where classes are left out, they were chosen by name and never by result: within locomotion and within the others, in
alphabetical order, every second class is for tests. Classes of which CMU has one file only fall to training so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from ..errors import QueryError
from ..motion import LabelledClip
from .data_sets import H36M_ACTIONS, LONG_FRAMES, bandai1, cmu_expmap, cmu_subjects, h36m, hdm05, windows
from .task import PERTURBATIONS, EvaluationTask, Fold, Protocol

HDM05_PERFORMERS = ("bd", "bk", "dg", "mm", "tr")
HDM05_TEST_PERFORMER = "tr"

#: Locomotion: hopping and sneaking to train, jogging to test; the rest by turns.
HDM05_TRAIN_CLASSES = (
    "depositFloorR", "grabHighR", "hopBothLegs1hops", "lieDownFloor", "sneak2StepsLStart", "squat1Reps",
)  # fmt: skip
HDM05_TEST_CLASSES = (
    "elbowToKnee1RepsLelbowStart", "jogLeftCircle4StepsRstart", "kickLFront1Reps", "rotateArmsBothBackward1Reps",
    "throwBasketball",
)  # fmt: skip
#: Locomotion: jumping and walking to train, running to test; the rest by turns.
CMU_TRAIN_CLASSES = ("basketball", "directing_traffic", "jumping", "walking", "washwindow")
CMU_TEST_CLASSES = ("basketball_signal", "running", "soccer")
#: The first 8 and the last 7 in alphabetical order.
H36M_TRAIN_CLASSES, H36M_TEST_CLASSES = H36M_ACTIONS[:8], H36M_ACTIONS[8:]


def _hdm05_performer(data: Path) -> tuple[Fold, ...]:
    return (_one_performer(hdm05(data), HDM05_TEST_PERFORMER),)


def _hdm05_cross_performer(data: Path) -> tuple[Fold, ...]:
    items = hdm05(data)
    return tuple(_one_performer(items, performer) for performer in HDM05_PERFORMERS)


def _one_performer(items: Sequence[LabelledClip], performer: str) -> Fold:
    others = tuple(item for item in items if item.group != performer)
    queries = [item for item in items if item.group == performer]
    return Fold(others, (EvaluationTask.of("cross-performer", queries, others),))


def _hdm05_unseen(data: Path) -> tuple[Fold, ...]:
    items = hdm05(data)
    train = _with_labels(items, HDM05_TRAIN_CLASSES)
    return (Fold(train, (EvaluationTask.of("cross-performer", _with_labels(items, HDM05_TEST_CLASSES)),)),)


def _cmu_unseen(data: Path) -> tuple[Fold, ...]:
    items = cmu_expmap(data)
    queries = _cut(_with_labels(items, CMU_TEST_CLASSES), LONG_FRAMES)
    return (Fold(_cut(_with_labels(items, CMU_TRAIN_CLASSES)), (EvaluationTask.of("cross-file", queries),)),)


def _h36m_unseen(data: Path) -> tuple[Fold, ...]:
    items = h36m(data)
    queries = _cut(_with_labels(items, H36M_TEST_CLASSES), LONG_FRAMES)
    across = EvaluationTask.of("cross-subject", queries)
    files = np.array([item.path.partition("@")[0] for item in queries])
    tasks = (
        across,
        replace(across, name="cross-file", allowed=files[:, None] != files),
        replace(across, name="all pairs", allowed=~np.eye(len(queries), dtype=bool)),
    )
    return (Fold(_cut(_with_labels(items, H36M_TRAIN_CLASSES)), tasks),)


def _cmu_person(data: Path) -> tuple[Fold, ...]:
    items = cmu_subjects(data)
    numbers: dict[str, int] = {}  # of each file among its subject's, in the order of names
    halves: tuple[list[LabelledClip], list[LabelledClip]] = ([], [])
    for item in sorted(items, key=lambda item: item.path):
        numbers[item.label] = numbers.get(item.label, 0) + 1
        halves[numbers[item.label] % 2].append(item)
    return tuple(
        Fold(_cut(train), (EvaluationTask.of("cross-file", _cut(test, LONG_FRAMES)),))
        for train, test in (halves, halves[::-1])
    )


def _bandai_cross_style(data: Path) -> tuple[Fold, ...]:
    return (Fold((), (EvaluationTask.of("cross-style", bandai1(data)),)),)


def _robustness(data: Path) -> tuple[Fold, ...]:
    fold = _one_performer(hdm05(data), HDM05_TEST_PERFORMER)
    (clean,) = fold.tasks
    return (replace(fold, tasks=tuple(replace(clean, name=d.name, queries=d(clean.queries)) for d in PERTURBATIONS)),)


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "hdm05-performer",
            "performer tr asks for the clips of the four others, which were trained on (the split of DeepHuMS)",
            ("hdm05",),
            _hdm05_performer,
        ),
        Protocol(
            "hdm05-cross-performer",
            "each performer in turn asks for the clips of the four others; trained on the others: five trainings",
            ("hdm05",),
            _hdm05_cross_performer,
        ),
        Protocol(
            "hdm05-unseen",
            "5 classes that were left out of training, 6 trained on; answers of other performers only",
            ("hdm05",),
            _hdm05_unseen,
        ),
        Protocol(
            "cmu-unseen",
            "3 classes that were left out of training, 5 trained on; takes above 5 s cut; answers of other files only",
            ("cmu/expmap",),
            _cmu_unseen,
        ),
        Protocol(
            "h36m-unseen",
            "7 actions of Human3.6M, 8 trained on; takes above 5 s cut; of other subjects, of other files, all pairs",
            ("S1, S5, ... of Human3.6M",),
            _h36m_unseen,
        ),
        Protocol(
            "cmu-person",
            "which of 5 subjects is it? every second file trained on, then the others; answers of other files only",
            ("cmu/bvh",),
            _cmu_person,
        ),
        Protocol(
            "bandai-cross-style",
            "174 clips on a rig that nothing is trained on (its licence forbids it); answers of other styles only",
            ("bandai1",),
            _bandai_cross_style,
        ),
        Protocol(
            "robustness",
            "hdm05-performer with queries that lack 20 % of the joints, are slowed, sped up, or of another rig",
            ("hdm05",),
            _robustness,
        ),
    )
}


def protocol(name: str) -> Protocol:
    """The protocol of that name; QueryError with a suggestion if there is none."""
    if name not in PROTOCOLS:
        close = get_close_matches(name, PROTOCOLS) or list(PROTOCOLS)
        raise QueryError(f"no protocol {name!r}; did you mean {' or '.join(close)}?")
    return PROTOCOLS[name]


def _with_labels(items: Sequence[LabelledClip], classes: Sequence[str]) -> tuple[LabelledClip, ...]:
    return tuple(item for item in items if item.label in classes)


def _cut(items: Sequence[LabelledClip], longer_than: int = 0) -> tuple[LabelledClip, ...]:
    return tuple(window for item in items for window in windows(item, longer_than))
