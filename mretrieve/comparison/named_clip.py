"""What is compared, a clip or a moment of it, and how names and numbers are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip
from ..motion.body_parts import REMARKS, Flip, flip
from ..sources.resolve import ResolvedClip


@dataclass(frozen=True, eq=False)
class NamedClip:
    """A clip, or the moment of it that is compared, and where it comes from.

    Attributes:
        name: its file, or the name of an indexed clip.
        clip: the part that is compared.
        fps: frames per second of its file; None if unknown.
        is_moment: whether only a part of it is compared.
        mirror: which image of it is compared.
        is_lifted: whether it was lifted from two dimensions.
    """

    name: str
    clip: Clip
    fps: float | None = None
    is_moment: bool = False
    mirror: Flip = "none"
    is_lifted: bool = False

    @classmethod
    def of(cls, found: ResolvedClip) -> NamedClip:
        """The part that a name means. QueryError: it has no frames."""
        part = found.part
        return cls(
            found.name,
            part,
            found.fps,
            is_moment=part.frame_count < found.clip.frame_count,
            is_lifted=found.is_lifted,
        )

    def __str__(self) -> str:
        """Its name and when it is, as answers print it."""
        return f"{self.name}, {self.clip.start_s:.2f} s to {self.clip.end_s:.2f} s{REMARKS[self.mirror]}"

    def flipped(self, what: Flip) -> NamedClip:
        """Its image with left and right exchanged in what is named."""
        return replace(self, clip=flip(self.clip, what), mirror=what)

    def to_dict(self) -> dict[str, Any]:
        """Its name and when it is, in file time, as plain dicts and lists."""
        return {"path": self.name, "start_s": round(self.clip.start_s, 4), "end_s": round(self.clip.end_s, 4)}


#: Why distances differ from those of a query.
LIFTED = "lifted from 2D: distances are those of the lifted motion, whereas `mretrieve query` compares the image"

_DISPLAY = {"spine1": "lower back", "spine2": "back", "spine3": "chest"}


def display_name(name: str) -> str:
    """A part or joint in words: `left arm`, `lower back`."""
    return _DISPLAY.get(name, name.replace("_", " "))


def without_side(name: str) -> str:
    """A joint in words without its side: `wrist`."""
    return display_name(name.removeprefix("left_").removeprefix("right_"))


def pace(speed: float) -> str:
    """A ratio of speeds in words."""
    if abs(speed - 1) < 0.03:
        return "at the same speed"
    return f"at {speed:.2f} times the speed"


def rounded(value: float | None, digits: int) -> float | None:
    """The value rounded to this many digits; None for None and NaN."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def rounded_list(values: NDArray[np.floating], digits: int) -> list[float | None]:
    """Values (n,) as a list of `rounded` numbers."""
    return [rounded(value, digits) for value in values.astype(np.float64).tolist()]
