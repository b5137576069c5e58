"""What makes the answers to a query in two dimensions less certain."""

from __future__ import annotations

from collections.abc import Sequence

from ..motion.clip import CanonicalFrames
from ..motion.detection import DETECTED, LEGS
from ..motion.skeleton import JOINTS
from .answer import Hit

#: From above this pitch lifting errs more, and different motions look alike.
STEEP_PITCH_DEG = 45.0


def view_notes(query: CanonicalFrames, hits: Sequence[Hit]) -> tuple[str, ...]:
    """One line each on joints that the view does not show, a view without legs, and a view from above.

    Args:
        query: the part of the view that was searched, or the clip that was lifted from it.
        hits: the answer, best first.
    """
    unseen = [number for number in DETECTED if not query.seen_joints[number]]
    notes = []
    if unseen:
        notes.append(f"not seen: {', '.join(JOINTS[number].replace('_', ' ') for number in unseen)}")
    if set(LEGS) <= set(unseen):
        notes.append("the view shows no legs, so motions that differ in the legs alone are not told apart")
    pitch = hits[0].camera_pitch_deg if hits else None
    if pitch is not None and pitch > STEEP_PITCH_DEG:
        notes.append(f"seen from {pitch:.0f} degrees above, so candidates are less reliable than from the side")
    return tuple(notes)
