"""Encoders by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mretrieve import MRetrieveError
from mretrieve.encoders import DEFAULT_ENCODER, EncoderSpec, encoder_specs, load_encoder, register_encoder
from mretrieve.encoders.catalogue import find_spec
from mretrieve.encoders.registry import load_view_encoder

READY = [spec for spec in encoder_specs() if spec.ready]


@pytest.mark.parametrize("name", [spec.name for spec in READY if spec.inputs != "view"])
def test_every_encoder_that_is_ready_can_be_loaded_and_knows_its_name(name: str):
    assert load_encoder(name).name == name


@pytest.mark.parametrize("spec", [spec for spec in READY if spec.inputs == "view"], ids=lambda spec: spec.name)
def test_an_encoder_of_views_is_loaded_as_one_and_refused_for_clips_by_name_and_by_file(spec: EncoderSpec):
    assert load_view_encoder(spec.name).name == spec.name
    names = [spec.name]
    if spec.weights is not None:
        names.append(str(spec.weights))
        assert load_view_encoder(names[-1]).fingerprint == load_view_encoder(spec.name).fingerprint
    for name in names:
        with pytest.raises(MRetrieveError, match="encodes 2D views and cannot encode clips; choose pose-statistics"):
            load_encoder(name)


@pytest.mark.parametrize("name", ["pose-statistics", "mmd-nca", "nothing"])
def test_an_encoder_of_clips_is_refused_for_views(name: str):
    with pytest.raises(MRetrieveError, match=f"{name} is no encoder of 2D views; choose .*body-part-embedding"):
        load_view_encoder(name)


def test_the_default_encoder_is_ready():
    spec = find_spec(DEFAULT_ENCODER)
    assert spec is not None and spec.ready


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(MRetrieveError, match="did you mean pose-statistics"):
        load_encoder("pose-statistic")


def test_an_encoder_without_weights_says_how_to_train_it():
    with pytest.raises(MRetrieveError, match="train it with `mretrieve train gru`"):
        load_encoder("gru")


def test_an_encoder_answers_to_its_former_name():
    assert load_encoder("body-parts").fingerprint == load_encoder("part-statistics").fingerprint


@pytest.mark.parametrize("taken", ["gru", "body-parts"])
def test_a_name_is_registered_once(taken: str):
    with pytest.raises(ValueError, match=f"{taken}' is registered already"):
        register_encoder(EncoderSpec(taken, "another"))


def test_listing_encoders_loads_none_of_them():
    program = (
        "import sys; from mretrieve.encoders import encoder_specs; encoder_specs();"
        "print(sorted({'torch', 'safetensors', 'mretrieve.encoders.statistics.pose_statistics'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"
