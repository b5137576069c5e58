"""Takes that a sub-motion network names: searched throughout, beside what the windows find."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.generated_library import Library

from mretrieve import Index, canonicalise, open_index, read
from mretrieve.errors import FormatError, MRetrieveError
from mretrieve.indexer import build_index

pytest.importorskip("torch", reason="NO TORCH: sub-motion networks are not tested")


@pytest.fixture(scope="module")
def opened(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The library in the space of DeepHuMS, for which a mapping network ships."""
    index = tmp_path_factory.mktemp("mapped") / "index"
    build_index(library.folder, index, encoder="deephums", jobs=1)
    return open_index(index)


def test_a_piece_finds_its_moment_through_the_take_that_it_maps_to(library: Library, opened: Index):
    asked = {"k": 3, "start_s": 20.3, "end_s": 22.3}
    hit = opened.search(library.long_take, **asked)[0]  # type: ignore[arg-type]
    assert hit.clip == library.long_take
    assert (hit.start_s, hit.end_s) == pytest.approx((20.3, 22.3), abs=0.05)


def test_the_network_that_ships_is_used_for_its_encoder(library: Library, opened: Index):
    space = opened._spaces.asked(None, None)
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    encoded = space.encoder.encode([clip])
    takes = space.takes_of([clip], encoded)
    assert takes is not None
    assert takes.shape == encoded.shape
    assert library.opened._spaces.asked(None, None).takes_of([clip], encoded) is None  # the default does without


def test_a_network_of_another_encoder_is_refused_in_one_line(library: Library, tmp_path: Path):
    import mretrieve.encoders

    weights = Path(mretrieve.encoders.__file__).parent / "weights" / "submotion_deephums.safetensors"
    with pytest.raises(MRetrieveError, match=r"was trained over deephums .* not over pose-statistics"):
        library.opened.search(library.short_clip, mapper=weights)
    (tmp_path / "no.safetensors").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"no\.safetensors"):
        library.opened.search(library.short_clip, mapper=tmp_path / "no.safetensors")
