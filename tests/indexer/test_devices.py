"""`index --device`: networks encode the clips of several files together; torch on the CPU stands for a GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.encoder_files import write_encoder

from mretrieve.errors import MRetrieveError
from mretrieve.indexer import Outcome, build_index
from mretrieve.indexer.changes import FileTask
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, Ingester, IngestSpec
from mretrieve.indexer.settings import Space
from mretrieve.sources.scan import scan
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot

torch = pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
from mretrieve.encoders.learned import LearnedEncoder  # noqa: E402

WriteMotion = Callable[..., Path]
#: What the last bits of vectors of norm 1 may differ by if windows are encoded in other batches.
ROUNDING = 2e-6


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """An encoder file."""
    return write_encoder(tmp_path / "mine.safetensors")


@pytest.fixture
def motions(write_motion: WriteMotion) -> None:
    for number in range(4):
        write_motion(f"{number}.bvh", seconds=1 + number, seed=number)


def _assert_equal_but_for_rounding(index: Path, expected: Path) -> None:
    one, other = Snapshot.open(index), Snapshot.open(expected)
    np.testing.assert_array_equal(one.vectors("pose-statistics"), other.vectors("pose-statistics"))
    np.testing.assert_allclose(one.vectors("mine"), other.vectors("mine"), rtol=0, atol=ROUNDING)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of clips that were encoded together."""
    counts: list[int] = []
    encode_all = LearnedEncoder.encode_all

    def counted(self, clips, windows):
        counts.append(len(clips))
        return encode_all(self, clips, windows)

    monkeypatch.setattr(LearnedEncoder, "encode_all", counted)
    return counts


def test_the_clips_of_several_files_are_encoded_together(repository, index, motions, mine, batches: list[int]):
    encoder = f"pose-statistics,{mine}"
    build_index(repository, index.with_name("expected"), encoder=encoder, jobs=1)
    assert not batches
    build_index(repository, index, encoder=encoder, jobs=1, device="cpu")
    assert batches == [4]
    _assert_equal_but_for_rounding(index, index.with_name("expected"))


def test_stored_clips_are_encoded_together_too(repository, index, motions, mine, batches: list[int]):
    encoder = f"pose-statistics,{mine}"
    build_index(repository, index.with_name("expected"), encoder=encoder, jobs=1)
    build_index(repository, index, encoder="pose-statistics", jobs=1)
    build_index(repository, index, encoder=encoder, jobs=1, device="cpu")
    assert batches == [4]
    _assert_equal_but_for_rounding(index, index.with_name("expected"))


def test_only_the_file_that_cannot_be_encoded_is_refused(
    repository, index, motions, mine, monkeypatch: pytest.MonkeyPatch
):
    encode_all = LearnedEncoder.encode_all

    def no_number_for_two_seconds(self, clips, windows):
        vectors = encode_all(self, clips, windows)
        return [own * np.nan if clip.frame_count == 60 else own for clip, own in zip(clips, vectors, strict=True)]

    monkeypatch.setattr(LearnedEncoder, "encode_all", no_number_for_two_seconds)
    report = build_index(repository, index, encoder=str(mine), jobs=1, device="cpu")
    assert [entry.path for entry in report.of(Outcome.REFUSED)] == ["1.bvh"]
    assert len(Snapshot.open(index).clips) == 3


def test_processes_take_turns_on_the_devices(repository, motions, mine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mretrieve.indexer.ingest.find_devices", lambda name: ("first", "second"))
    used: list[str] = []
    monkeypatch.setattr(LearnedEncoder, "on_device", lambda self, device: used.append(device) or self)
    space = _space(mine)
    spec = IngestSpec({"": repository}, repository / ".mretrieve", (space,), DEFAULT_WINDOWS, device="all")
    for number in range(3):
        Ingester(spec, number)
    assert used == ["first", "second", "first"]


def test_workers_encode_on_the_device(repository, motions, mine):
    from mretrieve.indexer.worker import ingest_in_order

    spec = IngestSpec({"": repository}, repository / ".mretrieve", (_space(mine),), DEFAULT_WINDOWS, device="cpu")
    tasks = [FileTask(file, "", None) for file in scan(repository, repository / ".mretrieve").files]
    outcomes = [one for piece in ingest_in_order(spec, [tasks[:2], tasks[2:]], 2, lambda: False) for one in piece]
    assert [len(clip.vectors["mine"]) == len(clip.windows) for one in outcomes for clip in one.clips] == [True] * 4
    assert not any(one.motions for one in outcomes)


def test_an_unknown_device_is_refused_before_anything_is_written(repository, index, motions):
    with pytest.raises(MRetrieveError, match="--device gpu: no such device"):
        build_index(repository, index, device="gpu")
    assert not index.exists()


def _space(mine: Path) -> Space:
    from mretrieve.encoders import load_encoder

    encoder = load_encoder(str(mine))
    return Space(EncoderRecord("mine", encoder.fingerprint, encoder.dimension), str(mine))
