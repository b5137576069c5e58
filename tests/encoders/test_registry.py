"""Encoders by name."""

from __future__ import annotations

import pytest

from mretrieve import MRetrieveError
from mretrieve.encoders import DEFAULT_ENCODER, ENCODERS, load_encoder


@pytest.mark.parametrize("name", ENCODERS)
def test_every_listed_encoder_can_be_loaded_and_knows_its_name(name: str):
    assert load_encoder(name).name == name


def test_the_default_encoder_is_listed():
    assert DEFAULT_ENCODER in ENCODERS


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(MRetrieveError, match="did you mean pose-statistics"):
        load_encoder("pose-statistic")
