"""Views of bodies that move at random, as an exact detector finds them."""

from __future__ import annotations

from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.view import View
from support.moving_bodies import random_clip


def random_view(seed: int, frame_count: int = 40, camera: Camera | None = None) -> View:
    """What a camera sees of `random_clip`, from the front unless a camera is given."""
    return as_detected(film(random_clip(seed, frame_count), camera or Camera()))
