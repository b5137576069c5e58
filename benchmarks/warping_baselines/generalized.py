"""GDTW: generalized canonical time warping of two sequences (Zhou and de la Torre 2016).

As in canonical time warping, linear maps and the warping are found by turns. But a sequence's warp is not a path of
dynamic programming: it is a sum of fixed monotonic functions of time with weights of at least 0, which a Gauss-Newton
step improves (section 4 of the paper). So warps are smooth, and a step costs as much as the sequences are long.

Both sequences start from an even warp. As for `ctw`, poses are projected on the directions that hold 90 % of their
variance, covariances are regularised, and what is compared are the poses along the warps, in metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mretrieve.evaluation.canonical_warping import FRAME_STEP, canonical_maps
from mretrieve.evaluation.distances import Distances
from mretrieve.motion import Clip
from mretrieve.motion.bones import USED_JOINTS

from .mahalanobis import flat_poses

_ENERGY = 0.9
_RIDGE = 1.0  # as for ctw
_MOST_TURNS = 10
#: Of the weights against those before a step, as a part of the mean curvature; of the end points' equation.
_DAMPING, _ENDS = 0.01, 100.0

_Array = NDArray[np.float64]


def generalized_distances() -> Distances:
    """Root mean squared distance of a joint, metres, along the warps, at 10 fps."""

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> _Array:
        theirs = [flat_poses(clip)[::FRAME_STEP] for clip in gallery]
        ours = theirs if queries is gallery else [flat_poses(clip)[::FRAME_STEP] for clip in queries]
        _, _, directions = np.linalg.svd(np.cov(np.concatenate(theirs), rowvar=False))
        variances = np.var(np.concatenate(theirs) @ directions.T, axis=0)
        basis = directions[: int(np.searchsorted(np.cumsum(variances) / variances.sum(), _ENERGY)) + 1].T
        table = np.zeros((len(ours), len(theirs)))
        for row, first in enumerate(ours):
            for column, second in enumerate(theirs):
                if queries is not gallery or column > row:
                    times, other_times = warps(first @ basis, second @ basis)
                    apart = at(first, times) - at(second, other_times)
                    table[row, column] = np.sqrt((apart**2).sum(axis=1).mean() / len(USED_JOINTS))
        return table + table.T if queries is gallery else table

    return Distances("gdtw", between, squared=False)


def warps(first: _Array, second: _Array) -> tuple[_Array, _Array]:
    """Times (L,) in frames of two sequences (n, D) and (m, D) that belong together; they rise, from end to end."""
    basis = monotonic_functions(round(1.1 * max(len(first), len(second))))
    sequences, ends = (first, second), (len(first) - 1, len(second) - 1)
    slopes = [np.gradient(x, axis=0) if len(x) > 1 else np.zeros_like(x) for x in sequences]
    weights = np.zeros((2, basis.shape[1]))
    weights[:, 0] = ends  # the first function is the even warp
    pairs = np.repeat(np.arange(len(basis), dtype=np.int32)[:, None], 2, axis=1)
    for _ in range(_MOST_TURNS):
        times = [basis @ each for each in weights]
        warped = [at(x, t) for x, t in zip(sequences, times, strict=True)]
        centred = [x - x.mean(axis=0) for x in warped]
        maps = canonical_maps(warped[0], warped[1], pairs, _RIDGE)
        moves = [
            sign * np.einsum("ld,lk->ldk", at(slope, t) @ v, basis).reshape(-1, basis.shape[1])
            for sign, slope, t, v in zip((1, -1), slopes, times, maps, strict=True)
        ]
        apart = (centred[0] @ maps[0] - centred[1] @ maps[1]).ravel()
        turned = _step(np.hstack(moves), apart, weights, ends)
        if np.abs(basis @ (turned - weights).T).max() < 0.25:
            return basis @ turned[0], basis @ turned[1]
        weights = turned
    return basis @ weights[0], basis @ weights[1]


def _step(moves: _Array, apart: _Array, weights: _Array, ends: tuple[int, int]) -> _Array:
    """Weights (2, K) of at least 0, of sums `ends`, that bring the linearised sequences nearest to each other."""
    old = weights.ravel()
    curvature = moves.T @ moves
    curvature += (_DAMPING * np.trace(curvature) / len(curvature) + 1e-9) * np.eye(len(curvature))
    root = np.linalg.cholesky(curvature).T
    wanted = np.linalg.solve(root.T, curvature @ old - moves.T @ apart)
    sums = np.kron(np.eye(2), np.ones(weights.shape[1])) * (_ENDS * np.sqrt(np.trace(curvature) / len(curvature)))
    new, _ = nnls(np.vstack([root, sums]), np.concatenate([wanted, sums @ old]))
    new = new.reshape(weights.shape)
    return np.asarray(new * np.array(ends)[:, None] / np.maximum(new.sum(axis=1, keepdims=True), 1e-12))


def monotonic_functions(length: int) -> _Array:
    """Functions (L, 8) that rise from 0 to 1: powers, an exponential, a logarithm, and three steps at the quarters."""
    t = np.linspace(0, 1, length)
    steps = [np.clip((t - centre) / 0.5 + 0.5, 0, 1) for centre in (0.25, 0.5, 0.75)]
    smooth = [step**2 * (3 - 2 * step) for step in steps]
    return np.stack([t, t**2, np.sqrt(t), np.expm1(3 * t) / np.expm1(3), np.log1p(9 * t) / np.log(10), *smooth], axis=1)


def at(sequence: _Array, times: _Array) -> _Array:
    """A sequence (n, D) at times (L,) in frames."""
    before = np.clip(times.astype(int), 0, max(len(sequence) - 2, 0))
    part = (times - before)[:, None]
    return np.asarray((1 - part) * sequence[before] + part * sequence[np.minimum(before + 1, len(sequence) - 1)])
