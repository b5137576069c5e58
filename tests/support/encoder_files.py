"""Encoder files as `mretrieve train` writes them, of networks that nobody trained, and damaged ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mretrieve.encoders.encoder import Stored
from mretrieve.errors import FormatError


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


def changed_file(stored: Stored, tensors: Mapping[str, Any] | None = None, **metadata: str) -> bytes:
    """The file of an encoder or a mapper with its tensors or some of its metadata exchanged."""
    from safetensors.numpy import save

    from mretrieve.encoders.weights_file import FORMAT

    header = {
        "format": FORMAT,
        "architecture": stored.architecture,
        "name": stored.name,
        "settings": json.dumps(stored.settings()),
        "card": "{}",
    }
    content: bytes = save(dict(stored.to_tensors() if tensors is None else tensors), header | metadata)
    return content


def refusal_by(read: Callable[[bytes], object], content: bytes) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(FormatError) as refused:
        read(content)
    assert "\n" not in str(refused.value)
    return str(refused.value)
