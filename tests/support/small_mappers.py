"""Sub-motion mappings of tiny networks of random weights into the space of any encoder."""

from __future__ import annotations

import torch

from mretrieve.encoders import WindowEncoder
from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.encoders.systems.submotion import Submotion, SubmotionMapper
from support.moving_bodies import random_clip

WHOLES = [random_clip(seed, 50) for seed in range(6)]


def small_mapper(encoder: WindowEncoder, adds: float = 0.05) -> SubmotionMapper:
    """One that knows the columns of the encoder's vectors and adds something at random, of the size `adds`."""
    torch.manual_seed(2)
    network = Submotion(GruSettings(hidden=8, hops=2, embedding=encoder.dimension))
    network.learn_columns(torch.from_numpy(encoder.encode(WHOLES)))
    torch.nn.init.normal_(network.projection.weight, std=adds)
    return SubmotionMapper(network, encoder.name, encoder.fingerprint)
