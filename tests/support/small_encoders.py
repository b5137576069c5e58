"""Learned encoders with tiny networks of random weights: whatever a trained one must hold for, these must."""

from __future__ import annotations

import numpy as np
import torch

from mretrieve.encoders.body_sequence import body_sequence
from mretrieve.encoders.learned import LearnedEncoder, Lengths, build_network
from mretrieve.encoders.systems.deephums import DeepHumsSettings
from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings
from support.moving_bodies import random_clip

SETTINGS = {
    "mmd-nca": MmdNcaSettings(hidden=12, fully_connected=16, embedding=10),
    "deephums": DeepHumsSettings(layers=2, hidden=16, embedding=12, classes=3),
    "gru": GruSettings(hidden=8, hops=2, embedding=9),
}
NAMES = tuple(SETTINGS)
LENGTHS = Lengths(longest=60, piece=40, hop=25)


def small_encoder(name: str, lengths: Lengths = LENGTHS, typical_distance: float = 0.4) -> LearnedEncoder:
    """One whose batch norms have seen motion, as after a training."""
    torch.manual_seed(1)
    network = build_network(name, SETTINGS[name])
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.momentum = None  # the plain mean of what was seen
    bodies = [body_sequence(random_clip(seed, 40)) for seed in range(8)]
    inputs = torch.from_numpy(np.stack([network.inputs(body) for body in bodies]))
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(inputs, torch.full((len(bodies),), 40))
    return LearnedEncoder(name, network, typical_distance, lengths)
