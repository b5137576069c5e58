"""Cross-validation on the user's own clips: the gain of each way to use the labels, on clips not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...encoders import WindowEncoder
from ...encoders.adapted import Gate, nearest_labelled
from ...encoders.statistics.linear_metric import default_encoder
from ...motion import Clip
from .folds import CrossValidationFold, LabelledSet

#: Parts of the distance that a learned space is tried with; what lies between is interpolated.
SHARES = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
#: Gates that are tried; a threshold of 2 lets every query in.
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 2.0)
CEILINGS = (0.4, 0.6, 0.8, 0.9, 1.0)
#: Mean average precision that classes without labels may lose in cross-validation.
TOLERATED_LOSS = 0.01
#: Standard errors and mean average precision from which a gain counts. If the default ranks by these classes no better
#: than by chance, they may mean nothing, and the gain has to exceed what many candidates reach by chance.
CERTAIN_ERRORS, DOUBTFUL_ERRORS, WORTHWHILE_GAIN = 2.0, 3.5, 0.01
#: Queries of a fold beyond which a sample speaks for all.
_LARGEST_QUESTION = 600


@dataclass(frozen=True, eq=False)
class Answers:
    """Average precision of one fold's queries, for every share of the learned distance.

    Attributes:
        precision: (Q, SHARES), NaN for a query without an answer.
        chance: (Q, SHARES) of the same rankings if the query had any learned class, as often as each occurs.
        nearest: (Q,) default distance from the nearest clip that was learned.
        labelled: (Q,) whether the query's class was learned.
        groups: (Q,) groups of the queries.
    """

    precision: NDArray[np.float64]
    chance: NDArray[np.float64]
    nearest: NDArray[np.floating]
    labelled: NDArray[np.bool_]
    groups: NDArray[np.str_]


@dataclass(frozen=True)
class Trial:
    """The result of one candidate.

    Attributes:
        spaces: names of the spaces.
        gate: the best gate that spares classes without labels.
        default: mean average precision of the default encoder on held-out clips of labelled classes.
        adapted: the same of the candidate.
        gain: the part of their difference that is not due to chance.
        error: standard error of the gain.
        is_recognised: whether the default ranks by these classes, two standard errors above chance.
        unlabelled_default: as `default`, on classes without labels; NaN if there were too few classes.
        unlabelled_adapted: the same of the candidate.
    """

    spaces: tuple[str, ...]
    gate: Gate
    default: float
    adapted: float
    gain: float
    error: float
    is_recognised: bool
    unlabelled_default: float
    unlabelled_adapted: float

    @property
    def is_certain(self) -> bool:
        """Whether the gain is beyond noise, and worth another encoder."""
        errors = CERTAIN_ERRORS if self.is_recognised else DOUBTFUL_ERRORS
        return self.gain > max(errors * self.error, WORTHWHILE_GAIN)


def answers(
    items: LabelledSet,
    fold: CrossValidationFold,
    spaces: Mapping[str, WindowEncoder],
    candidates: Sequence[tuple[str, ...]],
    seed: int,
) -> dict[tuple[str, ...], Answers]:
    """The results of a fold's queries among all labelled clips of other groups, for each candidate."""
    asked = fold.queries
    if len(asked) > _LARGEST_QUESTION:
        asked = np.sort(np.random.default_rng(seed).choice(asked, _LARGEST_QUESTION, replace=False))
    names, classes = np.unique(np.array(items.labels), return_inverse=True)
    groups = np.array(items.groups)
    allowed = groups[asked][:, None] != groups
    clips = [item.clip for item in items.clips]
    default = default_encoder()
    vectors = default.encode(clips)
    plain = -(default.as_queries(vectors[asked]) @ vectors.T)
    learned = {name: _distances(space, clips, asked) for name, space in spaces.items()}
    known = ~np.isin(names[classes[asked]], sorted(fold.unlabelled))
    often = np.bincount(classes[asked[known]], minlength=len(names)) / max(known.sum(), 1)
    found = {}
    for candidate in candidates:
        if not set(candidate) <= set(learned):
            continue
        mean = np.mean([learned[name] for name in candidate], axis=0)
        tables = [class_precision((1 - share) * plain + share * mean, classes, allowed) for share in SHARES]
        found[candidate] = Answers(
            np.stack([table[np.arange(len(asked)), classes[asked]] for table in tables], axis=1),
            np.stack([np.nan_to_num(table) @ often for table in tables], axis=1),
            nearest_labelled(vectors[asked], vectors[fold.learned]),
            known,
            groups[asked],
        )
    return found


def class_precision(
    distances: NDArray[np.floating], classes: NDArray[np.intp], allowed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Average precision (Q, K) of each ranking, were each of the K classes the right one; NaN where it has no answer.

    Args:
        distances: (Q, G), smaller is nearer.
        classes: (G,) class numbers from 0.
        allowed: (Q, G), which answers compete.
    """
    count = int(classes.max()) + 1
    precision = np.full((len(distances), count), np.nan)
    for query, (row, competing) in enumerate(zip(distances, allowed, strict=True)):
        ranked = classes[competing][np.argsort(row[competing], kind="stable")]
        right = ranked[:, None] == np.arange(count)
        so_far = np.cumsum(right, axis=0) / np.arange(1, len(ranked) + 1)[:, None]
        answers_of = right.sum(axis=0)
        has = answers_of > 0
        precision[query, has] = (so_far * right).sum(axis=0)[has] / answers_of[has]
    return precision


def trial(spaces: tuple[str, ...], folds: Sequence[Answers]) -> Trial:
    """The best gate over all folds: the largest gain of labelled classes whose cost to the others is tolerated.

    What is learned draws clips together that were learned as one class, and a ranking that is drawn together has a
    higher expected precision whatever is asked. So the gain is that of the query's own class over that of any class:
    where labels mean nothing, it is zero.
    """
    answered = ~np.isnan(np.concatenate([fold.precision[:, 0] for fold in folds]))
    precision, chance, nearest, labelled, groups = (
        np.concatenate([getattr(fold, name) for fold in folds])[answered]
        for name in ("precision", "chance", "nearest", "labelled", "groups")
    )
    tests_unlabelled = bool((~labelled).any())
    best: tuple[float, Gate] = 0.0, Gate(THRESHOLDS[0], 0.0)  # where not even the tightest gate spares the others
    first = True
    for threshold in THRESHOLDS if tests_unlabelled else (Gate().threshold,):
        for ceiling in CEILINGS:
            gate = Gate(threshold, ceiling)
            shares = gate(nearest)
            change = _at_shares(precision, shares) - precision[:, 0]
            if tests_unlabelled and change[~labelled].mean() < -TOLERATED_LOSS:
                continue
            gain = float((change - _at_shares(chance, shares) + chance[:, 0])[labelled].mean())
            if first or gain > best[0] + 1e-9:
                best, first = (gain, gate), False
    gain, gate = best
    shares = gate(nearest)
    adapted = _at_shares(precision, shares)
    gains = adapted - precision[:, 0] - _at_shares(chance, shares) + chance[:, 0]
    above = (precision[:, 0] - chance[:, 0])[labelled]
    unlabelled = precision[:, 0][~labelled], adapted[~labelled]
    return Trial(
        spaces,
        gate,
        float(precision[labelled, 0].mean()),
        float(adapted[labelled].mean()),
        gain,
        standard_error(gains[labelled], groups[labelled]),
        bool(above.mean() > CERTAIN_ERRORS * standard_error(above, groups[labelled])),
        *(float(values.mean()) if tests_unlabelled else float("nan") for values in unlabelled),
    )


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """The trial to go by; None where no gain is certain.

    Among those whose certain gain is within a standard error of the largest one, that of most spaces: they cannot be
    told apart, and a mean of several distances errs less than either.
    """
    certain = [result for result in trials if result.is_certain]
    if not certain:
        return None
    first = max(certain, key=lambda result: result.gain)
    alike = [result for result in certain if result.gain >= first.gain - first.error]
    return max(alike, key=lambda result: (len(result.spaces), result.gain))


def standard_error(values: NDArray[np.floating], groups: NDArray[np.str_]) -> float:
    """Of the mean of values (N,): the larger of that over groups and that over values; infinite for one value.

    Few groups tell their own spread badly, and values of one group are no independent draws: hence the larger.
    """
    if len(values) < 2:
        return float("inf")
    _, members = np.unique(groups, return_inverse=True)
    counts = np.bincount(members.ravel())
    over_values = values.std(ddof=1) / np.sqrt(len(values))
    if len(counts) < 2:
        return float(over_values)
    # of the ratio of sums, as groups differ in size (Cochran 1977, section 6.2)
    residuals = np.bincount(members.ravel(), weights=values - values.mean())
    over_groups = np.sqrt(len(counts) / (len(counts) - 1) * (residuals**2).sum()) / len(values)
    return float(max(over_values, over_groups))


def _distances(space: WindowEncoder, clips: Sequence[Clip], asked: NDArray[np.intp]) -> NDArray[np.float32]:
    vectors = space.encode(clips)
    return np.asarray(-(space.as_queries(vectors[asked]) @ vectors.T))


def _at_shares(precision: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision (Q,) at each query's own share (Q,), between the columns (Q, SHARES) that were measured."""
    place = np.clip(shares, 0, 1) * (len(SHARES) - 1)
    low = np.minimum(place.astype(int), len(SHARES) - 2)
    part = place - low
    rows = np.arange(len(precision))
    return np.asarray((1 - part) * precision[rows, low] + part * precision[rows, low + 1])
