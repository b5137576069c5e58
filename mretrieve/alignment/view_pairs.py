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
    def query_frames(self) -> NDArray[np.float32]:
        """(n, 2 J) the frames of the query as they are compared."""
        return unit_frames(self.query, self.weights).reshape(len(self.query), -1)


def frames_seen(pairs: Sequence[ViewPair]) -> list[NDArray[np.float32]]:
    """(m, 2 J) each: the frames of the clips of some pairs as they are compared; all pairs have the same joints."""
    frames = unit_frames(np.concatenate([pair.seen for pair in pairs]), pairs[0].weights)
    ends = np.cumsum([len(pair.seen) for pair in pairs])[:-1]
    return np.split(frames.reshape(len(frames), -1), ends)


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
    lifted: dict[bytes, list[int]] = {}
    for row, clip in enumerate(clips):
        if isinstance(clip, LiftedClip):
            lifted.setdefault(shared_joints(joints, clip).tobytes(), []).append(row)
    for pattern in sorted(lifted):
        both, rows = np.frombuffer(pattern, bool), np.array(lifted[pattern])
        if not both.any():
            continue
        filmed = [clip for row in rows.tolist() if isinstance(clip := clips[row], LiftedClip)]
        seen = [clip.view.points[::step, joints[both]] for clip in filmed]
        flat = [np.pad(points, ((0, 0), (0, 0), (0, 1))) for points in seen]
        query = view.points[::step, joints[both]]
        yield rows, reprojection_paths(query, _PICTURE, flat, weights=weights[both], anywhere=anywhere)
