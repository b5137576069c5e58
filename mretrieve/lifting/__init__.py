"""From a view to a clip: a body in two dimensions is lifted to three by a temporal network; NumPy only."""

from .lifted import Lifted, lift, lift_with_camera

__all__ = ["Lifted", "lift", "lift_with_camera"]
