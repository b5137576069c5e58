"""Encoder files: what is written is read; what is damaged is refused in one line; nothing in them is executed."""

from __future__ import annotations

import json
import pickle
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save
from support.encoder_files import changed_file, refusal_by
from support.moving_bodies import random_clip
from support.small_encoders import NAMES, small_encoder

from mretrieve import MRetrieveError
from mretrieve.encoders import load_encoder
from mretrieve.encoders.embedding_network import LARGEST
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder
from mretrieve.errors import FormatError

ALL = pytest.mark.parametrize("name", NAMES)
CARD = {"data": "ours", "größe": 1.5}


def content_of(name: str = "gru", tensors: dict[str, Any] | None = None, **metadata: str) -> bytes:
    """The file of a small encoder with something in it exchanged."""
    return changed_file(small_encoder(name), tensors, **metadata)


def with_setting(name: str, value: object, group: str = "network", encoder: str = "gru") -> bytes:
    settings = small_encoder(encoder).settings()
    (settings if group == "" else settings[group])[name] = value
    return content_of(encoder, settings=json.dumps(settings))


refusal = partial(refusal_by, read_encoder)


# -- whole files -------------------------------------------------------------------------------------------------------


@ALL
def test_what_is_read_is_what_was_written(name: str, tmp_path: Path):
    encoder, clips = small_encoder(name), [random_clip(1, 30), random_clip(2, 100)]
    path = tmp_path / "mine.safetensors"
    path.write_bytes(encoder_bytes(encoder, CARD))
    read = read_encoder(path)
    assert read.card == CARD
    assert (read.encoder.name, read.encoder.fingerprint, read.encoder.dimension) == (
        encoder.name,
        encoder.fingerprint,
        encoder.dimension,
    )
    assert np.array_equal(read.encoder.encode(clips), encoder.encode(clips))
    assert load_encoder(str(path)).fingerprint == encoder.fingerprint


@ALL
def test_the_same_encoder_gives_the_same_bytes_also_after_reading(name: str):
    content = encoder_bytes(small_encoder(name), CARD)
    assert all(encoder_bytes(small_encoder(name), CARD) == content for _ in range(5))
    assert encoder_bytes(read_encoder(content).encoder, CARD) == content  # type: ignore[arg-type]


def test_the_name_is_kept():
    encoder = small_encoder("gru")
    encoder.name = "dances"
    assert read_encoder(encoder_bytes(encoder, {})).encoder.name == "dances"


# -- files that are none -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"\xff" * 100,
        b"PK\x03\x04" + bytes(100),
        struct.pack("<Q", 1 << 62) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 20) + b'{"__metadata__": [1]}',
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        pickle.dumps({"a": 1}),
        save({"a": np.zeros(3)}),
    ],
    ids=["empty", "short", "ff", "zip", "huge header", "no metadata", "list", "deep", "pickle", "no encoder"],
)
def test_what_is_no_encoder_file_is_refused(content: bytes):
    assert "not an encoder file" in refusal(content)


def test_nothing_is_unpickled(tmp_path: Path):
    path = tmp_path / "evil.safetensors"
    trap = tmp_path / "sprung"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (trap,)

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(FormatError, match=r"evil.safetensors: is not an encoder file.*mretrieve train"):
        read_encoder(path)
    assert not trap.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(FormatError, match=r"none.safetensors: cannot be read: No such file.*; check the path"):
        load_encoder(str(tmp_path / "none.safetensors"))
    with pytest.raises(FormatError, match="cannot be read: Is a directory"):
        read_encoder(tmp_path)


def test_other_formats_and_architectures_are_refused():
    assert "format 'mretrieve-encoder/9'" in refusal(content_of(format="mretrieve-encoder/9"))
    assert "architecture 'lstm'" in refusal(content_of(architecture="lstm"))


# -- files whose parts do not fit --------------------------------------------------------------------------------------


def test_the_weights_of_another_architecture_do_not_fit():
    assert "weights do not fit deephums" in refusal(
        content_of("gru", architecture="deephums", settings=json.dumps(small_encoder("deephums").settings()))
    )


@ALL
def test_missing_and_surplus_tensors_are_refused(name: str):
    tensors = small_encoder(name).to_tensors()
    first, *_ = tensors
    assert "do not fit" in refusal(content_of(name, {key: tensors[key] for key in tensors if key != first}))
    assert "do not fit" in refusal(content_of(name, tensors | {"more": np.zeros(2, np.float32)}))
    assert "do not fit" in refusal(content_of(name, {}))


def test_tensors_of_another_shape_or_type_are_refused():
    tensors = small_encoder("gru").to_tensors()
    key = "projection.weight"
    assert "do not fit" in refusal(content_of("gru", tensors | {key: tensors[key].T.copy()}))
    assert "float64, not torch.float32" in refusal(content_of("gru", tensors | {key: tensors[key].astype(float)}))
    assert "int32" in refusal(content_of("gru", tensors | {key: tensors[key].astype(np.int32)}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_of_a_diverged_training_are_refused(value: float):
    tensors = small_encoder("gru").to_tensors()
    spoilt = tensors["projection.bias"].copy()
    spoilt[3] = value
    assert "not all finite" in refusal(content_of("gru", tensors | {"projection.bias": spoilt}))


@pytest.mark.parametrize("value", [10**4, 10**9, 10**30, -1, 1.5, "8", None, [8], True])
@pytest.mark.parametrize("name", ["hidden", "embedding", "hops"])
def test_absurd_sizes_are_refused_before_anything_of_their_size_is_made(name: str, value: object):
    assert f"its setting {name} is" in refusal(with_setting(name, value))


@pytest.mark.parametrize("name", ["layers", "hidden", "longest_frames", "classes"])
@pytest.mark.parametrize("value", [0, LARGEST])
def test_sizes_that_the_weights_do_not_have_are_refused(name: str, value: int):
    content = with_setting(name, value, encoder="deephums")
    if (name, value) in (("longest_frames", LARGEST), ("classes", 3)):
        read_encoder(content)  # no weight tells
    else:
        refusal(content)


@pytest.mark.parametrize(
    ("name", "value", "group"),
    [
        ("surprise", 1, "network"),
        ("view", "sideways", "network"),
        ("dropout", "much", "network"),
        ("hop", 0, "lengths"),
        ("piece", 0, "lengths"),
        ("piece", 61, "lengths"),
        ("longest", 10**12, "lengths"),
        ("typical_distance", 0, ""),
        ("typical_distance", -1.0, ""),
        ("typical_distance", 1e400, ""),
        ("typical_distance", 10**400, ""),
        ("typical_distance", "far", ""),
        ("typical_distance", None, ""),
        ("network", [], ""),
        ("network", None, ""),
        ("lengths", {"longest": None}, ""),
    ],
)
def test_settings_that_cannot_be_are_refused(name: str, value: object, group: str):
    refusal(with_setting(name, value, group))


@pytest.mark.parametrize("settings", ["", "{", "[]", "null", "3", "{}", '{"network": {}}', "[" * 100_000])
def test_settings_that_are_none_are_refused(settings: str):
    refusal(content_of(settings=settings))


@pytest.mark.parametrize("card", ["", "{", "[]", "null", "3"])
def test_a_card_that_is_none_is_refused(card: str):
    refusal(content_of(card=card))


# -- damage at random --------------------------------------------------------------------------------------------------


@ALL
def test_a_truncated_file_is_refused(name: str):
    whole = content_of(name)
    for length in np.linspace(0, len(whole) - 1, 40).astype(int):
        refusal(whole[:length])


@ALL
def test_a_damaged_file_is_refused_in_one_line_or_gives_finite_vectors(name: str):
    whole = content_of(name)
    header = 8 + int.from_bytes(whole[:8], "little")
    generator, clip, refused = np.random.default_rng(0), random_clip(1, 12), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for position in generator.integers(header, size=generator.integers(1, 5)):
            damaged[position] = generator.integers(256) if generator.random() < 0.5 else ord("9")
        try:
            encoder = read_encoder(bytes(damaged)).encoder
        except MRetrieveError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert np.isfinite(encoder.encode([clip])).all()
    assert refused > 75
