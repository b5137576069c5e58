"""Distances between clips, by an encoder or by aligned poses (the baselines), and pose errors in millimetres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder, load_encoder
from ..errors import QueryError
from ..kernels.warping import dtw_distances, dtw_path
from ..motion import Clip, heading_view
from ..motion.bones import USED_JOINTS
from .canonical_warping import FRAME_STEP, canonical_warping_distances
from .task import EvaluationTask


@dataclass(frozen=True)
class Distances:
    """A way to compare clips.

    Attributes:
        name: name of the method.
        between: distances (Q, G) of Q queries and G clips of a gallery.
        squared: whether they are squared distances, as those of encoders are.
    """

    name: str
    between: Callable[[Sequence[Clip], Sequence[Clip]], NDArray[np.float64]]
    squared: bool


def encoder_distances(encoder: WindowEncoder) -> Distances:
    """The distances of whole clips as an index computes them from an encoder's vectors."""

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> NDArray[np.float64]:
        stored = encoder.encode(gallery)
        asked = encoder.as_queries(stored if queries is gallery else encoder.encode(queries))
        return np.asarray(-(asked @ stored.T), np.float64)

    return Distances(encoder.name, between, squared=True)


def warping_distances() -> Distances:
    """`dtw`: root mean squared distance of a joint along the best warping path, metres.

    Poses of 18 joints, each frame turned into its own heading, hips at the origin, at 30 fps; no band. Joints that one
    of both clips lacks are left out. The sum along the path is divided by n + m, the longest that it can be, so that
    long clips are not far from everything.
    """

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> NDArray[np.float64]:
        theirs = [_poses(clip) for clip in gallery]
        seen = np.array([_seen(clip) for clip in gallery]).reshape(len(gallery), len(USED_JOINTS))
        lengths = np.array([len(poses) for poses in theirs])
        table = np.empty((len(queries), len(gallery)))
        for row, clip in zip(table, queries, strict=True):
            poses = _poses(clip)
            patterns, members = np.unique(seen & _seen(clip), axis=0, return_inverse=True)
            for number, common in enumerate(patterns):
                mine = np.flatnonzero(members.ravel() == number)
                if not common.any():
                    raise ValueError("two clips have no observed joint in common")
                squares = dtw_distances(_flat(poses, common), [_flat(theirs[index], common) for index in mine])
                row[mine] = np.sqrt(squares / ((len(poses) + lengths[mine]) * common.sum()))
        return table

    return Distances("dtw", between, squared=False)


def canonical_distances() -> Distances:
    """`ctw`: root mean squared distance of a joint, metres, along the path of canonical time warping.

    Poses as for `dtw`, at 10 fps; of all 18 joints, where they are filled in too.
    """

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> NDArray[np.float64]:
        every = np.ones(len(USED_JOINTS), bool)
        ours, theirs = ([_flat(_poses(clip)[::FRAME_STEP], every) for clip in clips] for clips in (queries, gallery))
        theirs = ours if queries is gallery else theirs
        return np.asarray(canonical_warping_distances(ours, theirs) / np.sqrt(len(USED_JOINTS)))

    return Distances("ctw", between, squared=False)


#: Baselines by name; none of them learns from the training split of a protocol.
BASELINES: dict[str, Callable[[], Distances]] = {
    "dtw": warping_distances,
    "ctw": canonical_distances,
    "pose-statistics": lambda: encoder_distances(load_encoder("pose-statistics")),
}


def baseline(name: str) -> Distances:
    """The baseline of that name; QueryError if there is none."""
    if name not in BASELINES:
        raise QueryError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    return BASELINES[name]()


def _poses(clip: Clip) -> NDArray[np.float32]:
    return heading_view(clip.positions, clip.observed)[:, USED_JOINTS]


def _seen(clip: Clip) -> NDArray[np.bool_]:
    return clip.seen_joints[list(USED_JOINTS)]


def _flat(poses: NDArray[np.float32], joints: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.ascontiguousarray(poses[:, joints].reshape(len(poses), -1))


def warped_error_mm(query: Clip, found: Clip) -> float:
    """Mean distance of a joint, in mm, along the warping path of the poses; of the joints that both clips have.

    Each frame is turned into its own heading with the hips at the origin, at 30 fps. NaN without a common joint.
    """
    joints = query.seen_joints & found.seen_joints
    if not joints.any():
        return float("nan")
    ours, theirs = (heading_view(clip.positions, clip.observed) for clip in (query, found))
    path, _ = dtw_path(*(poses[:, joints].reshape(len(poses), -1) for poses in (ours, theirs)))
    apart = ours[path[:, 0]][:, joints] - theirs[path[:, 1]][:, joints]
    return float(np.linalg.norm(apart, axis=-1).mean(dtype=np.float64) * 1000.0)


def first_answers(task: EvaluationTask, distances: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest allowed item (Q,) of each query, of equal ones the first by path; -1 where nothing is allowed."""
    order = np.argsort([item.path for item in task.gallery], kind="stable")
    table = np.where(task.allowed, distances, np.inf)[:, order]
    return np.where(np.isfinite(table).any(axis=1), order[table.argmin(axis=1)], -1)


def retrieved_errors_mm(task: EvaluationTask, distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """`warped_error_mm` of each query (Q,) and its first answer; NaN for a query that has no relevant one to find."""
    errors = np.full(len(task.queries), np.nan)
    answerable = np.asarray((task.relevant & task.allowed).any(axis=1))
    for query, found in enumerate(first_answers(task, distances)):
        if answerable[query] and found >= 0:
            errors[query] = warped_error_mm(task.queries[query].clip, task.gallery[found].clip)
    return errors
