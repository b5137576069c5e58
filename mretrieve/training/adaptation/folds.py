"""How a user's labelled clips are divided to see what labels are worth: by group, and by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import MRetrieveError
from ...motion import LabelledClip

#: Number of folds of a cross-validation, if there are as many groups.
FOLDS = 3
#: With fewer classes than this, none can do without its labels while the rest is learned.
_CLASSES_TO_LEAVE_OUT = 4


@dataclass(frozen=True, eq=False)
class CrossValidationFold:
    """The clips of one trial.

    Attributes:
        learned: rows of the clips whose labels are learned.
        queries: rows of the clips that serve as queries, of other groups.
        unlabelled: classes whose labels are left out of training.
    """

    learned: NDArray[np.intp]
    queries: NDArray[np.intp]
    unlabelled: frozenset[str]


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Clips with labels, and groups within which they do not count as answers to each other.

    Attributes:
        clips: N clips.
        labels: their labels.
        groups: their groups.
        grouped_by: "group" as the clips have it, "file" or "clip".
    """

    clips: tuple[LabelledClip, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    grouped_by: str


def labelled_set(clips: Sequence[LabelledClip]) -> LabelledSet:
    """The clips that have a label, grouped as they say, or by file where their groups are of no use.

    Groups are of use where most clips have another one of their class in another group.

    Raises:
        MRetrieveError: no label, one class, or no class with two clips: nothing can be learned, or nothing be checked.
    """
    known = tuple(sorted((item for item in clips if item.label), key=lambda item: item.path))
    labels = tuple(item.label for item in known)
    classes = sorted(set(labels))
    if not known:
        raise MRetrieveError(f"none of the {len(clips)} clips has a label; check the column and the paths in the file")
    if len(classes) == 1:
        raise MRetrieveError(
            f"all {len(known)} labelled clips are of one class, {classes[0]!r}; label clips of two classes or more"
        )
    if len(classes) == len(known):
        raise MRetrieveError(
            f"each of the {len(known)} labels has one clip only; label two clips or more of each class, best of "
            f"several performers (or check that the label column is the right one)"
        )
    for name, groups in (("group", [item.group for item in known]), ("file", [item.path for item in known])):
        label_array, group_array = np.array(labels), np.array(groups)
        answered = ((label_array[:, None] == label_array) & (group_array[:, None] != group_array)).any(axis=1)
        if 2 * answered.sum() > len(known):
            return LabelledSet(known, labels, tuple(groups), name)
    files = tuple(f"{number} {item.path}" for number, item in enumerate(known))  # several bodies of one file
    return LabelledSet(known, labels, files, "clip")


def folds(items: LabelledSet, seed: int) -> list[CrossValidationFold]:
    """FOLDS ways to divide, or two: groups in parts that each ask once, and in each other classes without labels.

    Groups go one by one, the largest first, to the part that has fewest of their classes. About a quarter of the
    classes, others in each fold, is not learned: its clips ask what a learned space does to what it never saw.
    """
    generator = np.random.default_rng(seed)
    labels, groups = np.array(items.labels), np.array(items.groups)
    names, sizes = np.unique(groups, return_counts=True)
    parts_count = min(FOLDS, len(names))
    order = sorted(generator.permutation(len(names)), key=lambda place: -sizes[place])
    classes, class_of = np.unique(labels, return_inverse=True)
    counts = np.zeros((parts_count, len(classes)), int)
    part_of: dict[str, int] = {}
    for place in order:
        own = np.bincount(class_of[groups == names[place]], minlength=len(classes))
        part = int(np.argmin([(own * count).sum() + 1e-3 * count.sum() for count in counts]))
        counts[part] += own
        part_of[str(names[place])] = part
    parts = np.array([part_of[str(group)] for group in groups])
    shuffled = generator.permutation(classes)
    left = max(1, round(len(classes) / 4)) if len(classes) >= _CLASSES_TO_LEAVE_OUT else 0
    made = []
    for number in range(parts_count):
        unlabelled = frozenset(str(name) for name in shuffled[number * left : (number + 1) * left])
        learned = np.flatnonzero((parts != number) & ~np.isin(labels, sorted(unlabelled)))
        if len(set(labels[learned])) >= 2:
            made.append(CrossValidationFold(learned, np.flatnonzero(parts == number), unlabelled))
    return made
