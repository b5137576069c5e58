"""Encoder files as `mretrieve train` writes them, of networks that nobody trained."""

from __future__ import annotations

from pathlib import Path


def write_encoder(path: Path, seed: int = 0) -> Path:
    """A small network with weights that depend on a seed."""
    import torch

    from mretrieve.encoders.learned import LearnedEncoder, Lengths
    from mretrieve.encoders.systems.gru import Gru, GruSettings
    from mretrieve.encoders.weights_file import encoder_bytes

    torch.manual_seed(seed)
    network = Gru(GruSettings(hidden=8, hops=2, embedding=6))
    path.write_bytes(encoder_bytes(LearnedEncoder("gru", network, 0.5, Lengths()), {"seed": seed}))
    return path
