"""The sub-motion mapping: what it gives is a vector of its encoder, of that encoder only, and files keep it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.encoder_files import changed_file, refusal_by
from support.moving_bodies import random_clip
from support.small_encoders import small_encoder
from support.small_mappers import WHOLES, small_mapper

from mretrieve import MRetrieveError
from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.encoders.body_sequence import body_sequence
from mretrieve.encoders.encoder import FusedEncoder
from mretrieve.encoders.registry import load_mapper, shipped_mapper
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder, read_mapper
from mretrieve.errors import FormatError

ENCODERS: dict[str, WindowEncoder] = {
    "pose-statistics": load_encoder(),
    "gru": small_encoder("gru"),
    "deephums": small_encoder("deephums"),
    "fused": FusedEncoder([(load_encoder(), 0.7), (small_encoder("mmd-nca"), 0.3)]),
}
EVERY = pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
WHOLES_SEEN = body_sequence(WHOLES[0])
PIECES = [clip.cut(10, 10 + frames) for clip, frames in zip(WHOLES, (1, 12, 30, 17, 40, 25), strict=True)]


def distances(encoder: WindowEncoder, first: Any, second: Any) -> Any:
    return -(encoder.as_queries(first) @ second.T)


# -- what it gives -----------------------------------------------------------------------------------------------------


@EVERY
def test_what_adds_nothing_gives_the_vectors_that_the_encoder_gives(encoder: WindowEncoder):
    mapped = small_mapper(encoder, adds=0.0).map(encoder, WHOLES)
    np.testing.assert_allclose(mapped, encoder.encode(WHOLES), rtol=1e-4, atol=1e-4)


@EVERY
@pytest.mark.parametrize("adds", [0.05, 100.0])
def test_what_it_gives_are_vectors_as_the_encoder_stores_them(encoder: WindowEncoder, adds: float):
    mapped = small_mapper(encoder, adds).map(encoder, PIECES)
    assert mapped.shape == (len(PIECES), encoder.dimension) and mapped.dtype == np.float32
    between = distances(encoder, mapped, mapped)
    np.testing.assert_allclose(np.diag(between), 0, atol=1e-4)
    assert between.min() >= -1e-4
    np.testing.assert_allclose(encoder.blend(mapped[:, None], np.ones((len(mapped), 1))), mapped, rtol=1e-4, atol=1e-4)


@EVERY
def test_it_changes_what_the_encoder_says_of_pieces(encoder: WindowEncoder):
    mapped = small_mapper(encoder).map(encoder, PIECES)
    assert (np.diag(distances(encoder, mapped, encoder.encode(PIECES))) > 1e-3).all()


@EVERY
def test_a_piece_is_mapped_alike_alone_and_among_others_and_with_its_vector_known(encoder: WindowEncoder):
    mapper = small_mapper(encoder)
    together = mapper.map(encoder, PIECES, encoder.encode(PIECES))
    alone = np.concatenate([mapper.map(encoder, [piece]) for piece in PIECES])
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)
    assert mapper.map(encoder, []).shape == (0, encoder.dimension)


def test_padding_changes_nothing():
    encoder = ENCODERS["gru"]
    network = small_mapper(encoder).network
    inputs = torch.from_numpy(network.inputs(WHOLES_SEEN))[None]
    own = network.standardised(torch.from_numpy(encoder.encode(WHOLES[:1])))
    padded = torch.nn.functional.pad(inputs, (0, 0, 0, 7), value=3.0)
    with torch.inference_mode():
        bare, longer = (network.completed(x, torch.tensor([inputs.shape[1]]), own) for x in (inputs, padded))
    torch.testing.assert_close(bare, longer)


def test_columns_that_are_the_same_for_every_motion_stay_as_they_are():
    encoder = ENCODERS["gru"]
    network = small_mapper(encoder).network
    assert network.spread[-2:].tolist() == [0, 0] and (network.spread[:-2] > 0).all()
    vectors = torch.from_numpy(encoder.encode(WHOLES))
    torch.testing.assert_close(network.stored(network.standardised(vectors)), vectors)


# -- of which encoder --------------------------------------------------------------------------------------------------


def test_another_encoder_is_refused_in_one_line():
    mapper = small_mapper(ENCODERS["gru"])
    said = r"was trained over gru .*, not over deephums .*train submotion"
    with pytest.raises(MRetrieveError, match=said) as refused:
        mapper.map(ENCODERS["deephums"], PIECES)
    assert "\n" not in str(refused.value)
    with pytest.raises(MRetrieveError, match="was trained over gru"):
        mapper.map(small_encoder("gru", typical_distance=0.5), PIECES)


def test_the_shipped_one_is_found_by_the_weights_that_it_fits_and_maps_within_their_space():
    encoder = load_encoder("deephums")
    mapper = shipped_mapper(encoder.fingerprint)
    assert mapper is not None and mapper.over == "deephums"
    assert mapper.map(encoder, PIECES[2:4]).shape == (2, encoder.dimension)
    assert shipped_mapper("f" * 64) is None


def test_where_none_fits_neither_torch_nor_safetensors_is_loaded():
    program = (
        "import sys; from mretrieve.encoders.registry import shipped_mapper; assert shipped_mapper('0' * 64) is None; "
        "assert not {'torch', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# -- files -------------------------------------------------------------------------------------------------------------


def content_of(tensors: dict[str, Any] | None = None, **settings: Any) -> bytes:
    """The file of a small mapper with something in it exchanged."""
    mapper = small_mapper(ENCODERS["gru"])
    return changed_file(mapper, tensors, settings=json.dumps(mapper.settings() | settings))


refusal = partial(refusal_by, read_mapper)


@EVERY
def test_what_is_read_is_what_was_written(encoder: WindowEncoder, tmp_path: Path):
    mapper = small_mapper(encoder)
    path = tmp_path / "pieces.safetensors"
    path.write_bytes(encoder_bytes(mapper, {"data": "ours"}))
    read = load_mapper(path)
    assert (read.name, read.over, read.over_fingerprint, read.fingerprint) == (
        mapper.name,
        encoder.name,
        encoder.fingerprint,
        mapper.fingerprint,
    )
    assert np.array_equal(read.map(encoder, PIECES), mapper.map(encoder, PIECES))
    assert encoder_bytes(read, {"data": "ours"}) == path.read_bytes()


def test_a_mapper_is_no_encoder_and_an_encoder_no_mapper(tmp_path: Path):
    with pytest.raises(FormatError, match="maps pieces of motion into the space of an encoder, and is not an encoder"):
        read_encoder(content_of())
    path = tmp_path / "mapper.safetensors"
    path.write_bytes(content_of())
    with pytest.raises(FormatError, match=r"mapper.safetensors: maps pieces of motion"):
        load_encoder(str(path))
    assert "is an encoder, not a mapper" in refusal(encoder_bytes(small_encoder("gru"), {}))
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        load_mapper(tmp_path / "none.safetensors")


def test_a_file_whose_parts_do_not_fit_is_refused():
    tensors = small_mapper(ENCODERS["gru"]).to_tensors()
    for key in tensors.keys() - {"norm.norm.num_batches_tracked"}:  # which torch does without
        assert "do not fit submotion" in refusal(content_of({name: tensors[name] for name in tensors if name != key}))
    assert "do not fit submotion" in refusal(content_of(tensors | {"more": np.zeros(2, np.float32)}))
    assert "float64" in refusal(content_of(tensors | {"mean": tensors["mean"].astype(float)}))
    assert "not all finite" in refusal(content_of(tensors | {"kept": tensors["kept"] * np.float32(np.nan)}))
    assert "range of its vectors is empty" in refusal(content_of(tensors | {"lowest": tensors["highest"] + 1}))
    assert "do not fit" in refusal(content_of(network={"hidden": 8, "hops": 2, "embedding": 12}))


@pytest.mark.parametrize(
    "settings",
    [
        {"over": None},
        {"over": ["gru"]},
        {"over_fingerprint": 3},
        {"network": {"hidden": 10**9}},
        {"network": {"hops": -1}},
        {"network": {"surprise": 1}},
        {"network": None},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]):
    refusal(content_of(**settings))


def test_vectors_that_no_motion_has_are_refused():
    encoder = ENCODERS["pose-statistics"]
    mapper = small_mapper(encoder)
    for part in (mapper.network.lowest, mapper.network.highest):
        part.zero_()
    with pytest.raises(MRetrieveError, match="gives no finite vectors; train or copy it again"):
        mapper.map(encoder, PIECES[:1])


def test_a_damaged_file_is_refused_in_one_line_or_gives_finite_vectors():
    whole, encoder = content_of(), ENCODERS["gru"]
    header = 8 + int.from_bytes(whole[:8], "little")
    generator, clip, refused = np.random.default_rng(0), random_clip(1, 12), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for position in generator.integers(header, size=generator.integers(1, 5)):
            damaged[position] = generator.integers(256) if generator.random() < 0.5 else ord("9")
        try:
            mapped = read_mapper(bytes(damaged))[0].map(encoder, [clip])
        except MRetrieveError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert np.isfinite(mapped).all()
    assert refused > 75
    for length in np.linspace(0, len(whole) - 1, 40).astype(int):
        refusal(whole[:length])
