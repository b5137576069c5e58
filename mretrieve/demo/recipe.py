"""What to perform and how: a recipe, and the styles that it may ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .body import Body


@dataclass(frozen=True)
class Style:
    """A manner of moving, as factors (1 is neutral) and added angles in radians."""

    tempo: float = 1.0  # how fast
    size: float = 1.0  # how large steps and gestures are
    stoop: float = 0.04  # forward bend of the back
    head: float = 0.0  # forward bend of the head
    crouch: float = 0.012  # how far the pelvis sinks, in leg lengths
    bounce: float = 1.0  # up and down of the pelvis
    sway: float = 1.0  # side to side of the pelvis
    step_lift: float = 1.0  # how high feet are lifted
    arms_out: float = 0.10  # how far the arms are held from the body
    arm_bend: float = 0.22  # bend of the hanging elbow
    arm_swing: float = 1.0


STYLES = {
    "neutral": Style(),
    "energetic": Style(1.2, 1.15, -0.01, -0.04, 0.012, 1.6, 1.0, 1.3, 0.14, 0.55, 1.5),
    "tired": Style(0.76, 0.8, 0.30, 0.28, 0.03, 0.6, 1.5, 0.6, 0.06, 0.10, 0.6),
    "sneaky": Style(0.72, 0.9, 0.34, -0.15, 0.13, 0.4, 0.8, 2.0, 0.24, 0.95, 0.35),
    "proud": Style(0.95, 1.1, -0.10, -0.10, 0.008, 1.2, 1.3, 1.1, 0.26, 0.30, 1.2),
}


@dataclass(frozen=True)
class MotionRecipe:
    """One performance: the same recipe always gives the same motion, to the byte.

    `speed` and `amplitude` multiply what the style says; `side` is the hand, foot or direction of one-sided kinds;
    `seed` chooses the natural variation. ValueError where the style is not one of STYLES.
    """

    kind: str  # one of KINDS
    style: str = "neutral"  # one of STYLES
    speed: float = 1.0
    side: Literal["left", "right"] = "right"
    amplitude: float = 1.0
    body: Body = field(default_factory=Body)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise ValueError(f"no style {self.style!r}; there are {', '.join(STYLES)}")
