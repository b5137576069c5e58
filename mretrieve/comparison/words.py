"""Parts, joints and speeds in plain words."""

from __future__ import annotations

_SPOKEN = {"spine1": "lower back", "spine2": "back", "spine3": "chest"}


def spoken(name: str) -> str:
    """A part or joint as people say it: `left arm`, `lower back`."""
    return _SPOKEN.get(name, name.replace("_", " "))


def without_side(name: str) -> str:
    """A joint as people say it where it is clear on which side it is: `wrist`."""
    return spoken(name.removeprefix("left_").removeprefix("right_"))


def pace(speed: float) -> str:
    """A ratio of speeds."""
    if abs(speed - 1) < 0.03:
        return "at the same speed"
    return f"at {speed:.2f} times the speed"
