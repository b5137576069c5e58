"""A few poses of a clip above their floor, seen from the front and from the side, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body_view import body_view
from .clip import CANONICAL_FPS, Clip
from .skeleton import JOINTS, PARENTS, joint

_SIDES = ("left", "right")
#: The bones (parent, child) of each side and of the midline, in the order in which they are drawn.
BONES: dict[str, tuple[tuple[int, int], ...]] = {
    side: tuple(
        (PARENTS[child], child)
        for child, name in enumerate(JOINTS)
        if PARENTS[child] >= 0 and (name.partition("_")[0] if name.startswith(_SIDES) else "middle") == side
    )
    for side in ("left", "middle", "right")
}
#: Joints from head to hips and from hips to ankles, and the metres above and below them.
_SPINE = tuple(map(joint, ("head", "neck", "spine3", "spine2", "spine1", "pelvis")))
_LEGS = tuple(tuple(joint(f"{side}_{part}") for part in ("hip", "knee", "ankle")) for side in ("left", "right"))
_CROWN_AND_SOLE_M = 0.22
#: The floor is below all but this share of the frames, whose lowest joint may be a glitch.
_BELOW_FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class Filmstrip:
    """Poses P of one clip, evenly spread from its first to its last frame.

    Attributes:
        times_s: (P,) file time.
        front: (P, 22, 2) metres to the right of the body's middle and above the floor; the body faces the viewer, so
            its left is on the right.
        side: (P, 22, 2) the same; the body faces to the right.
        seen: (22,) False if the rig lacks the joint, and its place is filled in.
    """

    times_s: NDArray[np.float64]
    front: NDArray[np.float32]
    side: NDArray[np.float32]
    seen: NDArray[np.bool_]

    @property
    def views(self) -> dict[str, NDArray[np.float32]]:
        """Both views by name."""
        return {"front": self.front, "side": self.side}

    @property
    def pitch_m(self) -> float:
        """A distance from one pose to the next at which they do not touch."""
        return 2 * float(max(np.abs(view[..., 0]).max() for view in self.views.values())) + 0.25

    @property
    def extent_m(self) -> tuple[float, float]:
        """Heights of the lowest and of the highest joint, with the floor and a standing body in between."""
        heights = self.front[..., 1]
        return min(float(heights.min()), 0.0), max(float(heights.max()), 1.7)

    @property
    def height_m(self) -> float:
        """About how tall the body is: its bones from head to ankle, and a constant for what is above and below."""
        poses = np.concatenate([self.front, self.side[..., :1]], axis=-1)
        hips = poses[:, [leg[0] for leg in _LEGS]].mean(axis=1, keepdims=True)
        spine = np.concatenate([poses[:, _SPINE], hips], axis=1)
        legs = np.stack([poses[:, leg] for leg in _LEGS], axis=1)
        lengths = _path_length(spine) + _path_length(legs).mean(axis=1)
        return float(np.median(lengths)) + _CROWN_AND_SOLE_M


def _path_length(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Lengths (...) of lines through points (..., P, 3)."""
    return np.asarray(np.linalg.norm(np.diff(points, axis=-2), axis=-1).sum(axis=-1))


def filmstrip(clip: Clip, count: int = 6) -> Filmstrip:
    """Up to `count` poses of a clip. The floor is the height of the lowest joint in nearly all frames."""
    frames = np.unique(np.linspace(0, clip.frame_count - 1, count).round().astype(int))
    view = body_view(clip.positions, clip.observed)
    poses = view.positions[frames]
    heights = poses[..., 1] + view.origin[frames, None, 1] - np.float32(floor_m(clip))
    return Filmstrip(
        times_s=clip.start_s + frames / CANONICAL_FPS,
        front=np.stack([poses[..., 0], heights], axis=-1),
        side=np.stack([poses[..., 2], heights], axis=-1),
        seen=clip.seen_joints,
    )


def floor_m(clip: Clip) -> float:
    """The height of the floor in the clip's world: that of the lowest joint in nearly all frames."""
    seen = clip.seen_joints
    lowest = clip.positions[:, seen if seen.any() else slice(None), 1].min(axis=1)
    return float(np.quantile(lowest, _BELOW_FLOOR))
