"""The weights file of the lifting network."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.errors import FormatError
from mretrieve.lifting.weights_file import WEIGHTS, read_network, shipped_network


def test_the_shipped_weights_are_small_and_have_a_card():
    assert WEIGHTS.stat().st_size < 3_000_000
    card = WEIGHTS.with_suffix(".card.md").read_text(encoding="utf-8")
    assert shipped_network().fingerprint in card
    assert "CC BY-SA 3.0" in card


@pytest.mark.parametrize("kept", [0, 4, 100, 50_000])
def test_a_damaged_file_is_refused(kept: int, tmp_path: Path):
    file = tmp_path / "cut.safetensors"
    file.write_bytes(WEIGHTS.read_bytes()[:kept])
    with pytest.raises(FormatError, match=r"cut\.safetensors"):
        read_network(file)


def test_an_encoder_is_not_the_lifting_network():
    encoder = Path(WEIGHTS.parents[2]) / "encoders" / "weights" / "deephums.safetensors"
    with pytest.raises(FormatError, match="deephums"):
        read_network(encoder)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(FormatError, match=r"none\.safetensors"):
        read_network(tmp_path / "none.safetensors")
