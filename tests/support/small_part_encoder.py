"""A body part encoder of random weights, and views of generated bodies."""

from __future__ import annotations

import numpy as np
import torch

from mretrieve.encoders.systems.body_part_embedding import (
    PART_JOINTS,
    BodyPartEmbedding,
    BodyPartEncoder,
    BodyPartSettings,
    part_coordinates,
)
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.view import View
from support.moving_bodies import random_clip

torch.set_num_threads(1)


def body_view_of(seed: int, frames: int = 80, azimuth_deg: float = 20.0) -> View:
    """What a detector finds of a body that moves at random."""
    return as_detected(film(random_clip(seed, frames), Camera(azimuth_deg=azimuth_deg, pitch_deg=10.0)))


def small_part_encoder(context: bool = True, seed: int = 0) -> BodyPartEncoder:
    """One that knows how far the points of these bodies are from each other."""
    torch.manual_seed(seed)
    network = BodyPartEmbedding(BodyPartSettings(torso=16, limb=12, context=context))
    points = np.concatenate([body_view_of(number).points for number in range(4)])
    network.learn_normalisation({part: part_coordinates(points, part) for part in PART_JOINTS})
    return BodyPartEncoder(network)
