"""Two views, joint for joint: the query, and a clip as a camera sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.reprojection import ReprojectionPaths, reprojection_paths, unit_frames
from ..motion import Clip
from ..motion.lifted_clip import LiftedClip
from ..motion.view import View

#: Fewer points than this fit any motion.
FEWEST_JOINTS = 4
#: The axes of a picture whose points have depth 0.
_PICTURE = np.eye(2, 3, dtype=np.float32)[None]


@dataclass(frozen=True, eq=False)
class ViewPair:
    """The query and a clip in two dimensions.

    Attributes:
        joints: (J,) numbers of the joints that are compared.
        weights: (J,) how much each counts.
        query: (n, J, 2) points of the query.
        seen: (m, J, 2) points of the clip.
    """

    joints: NDArray[np.int64]
    weights: NDArray[np.float64]
    query: NDArray[np.float32]
    seen: NDArray[np.float32]

    @property
    def frames(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(n, 2 J) and (m, 2 J): the frames of query and clip as they are compared."""
        query, seen = (unit_frames(points, self.weights) for points in (self.query, self.seen))
        return query.reshape(len(query), -1), seen.reshape(len(seen), -1)


def shared_joints(joints: NDArray[np.int64], clip: Clip) -> NDArray[np.bool_]:
    """Which of some joints (J,) the camera saw that a clip was lifted from; none of motion in space, or of too few."""
    shared = np.zeros(len(joints), bool)
    if isinstance(clip, LiftedClip):
        shared |= clip.view.seen_joints[joints]
    return shared if shared.sum() >= FEWEST_JOINTS else np.zeros_like(shared)


def paths_as_filmed(
    view: View,
    joints: NDArray[np.int64],
    weights: NDArray[np.float64],
    clips: Sequence[Clip],
    step: int,
    anywhere: bool,
) -> Iterator[tuple[NDArray[np.int64], ReprojectionPaths]]:
    """The best warping path of the view in lifted clips, each as its own camera saw it.

    Args:
        view: the query.
        joints: (J,) numbers of those that are compared if both views show them.
        weights: (J,) how much each counts.
        clips: the candidates; those in space are passed over.
        step: every which frame is compared.
        anywhere: whether a path may begin and end at any frame of the clip.

    Yields:
        Rows of clips that show the same joints, and their paths in one view; frames are counted in steps.
    """
    shared = np.array([shared_joints(joints, clip) for clip in clips], bool).reshape(len(clips), len(joints))
    for both in np.unique(shared[shared.any(axis=1)], axis=0):
        rows = np.flatnonzero((shared == both).all(axis=1))
        filmed = [clip for row in rows.tolist() if isinstance(clip := clips[row], LiftedClip)]
        seen = [clip.view.points[::step, joints[both]] for clip in filmed]
        flat = [np.pad(points, ((0, 0), (0, 0), (0, 1))) for points in seen]
        query = view.points[::step, joints[both]]
        yield rows, reprojection_paths(query, _PICTURE, flat, weights=weights[both], anywhere=anywhere)
