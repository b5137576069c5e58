"""An index from a stranger, whose sums are right: `verify` says what is wrong, and nothing ends in a traceback."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.small_index import SPACE, assert_holds, made_clips, store

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.storage.checked_files import npy_header
from mretrieve.storage.layout import manifest_file
from mretrieve.storage.manifest import _sealed
from mretrieve.storage.meaning import is_inside
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

CLIPS = made_clips("a.bvh", "b.bvh", "c.bvh")

Change = Callable[[Path, dict[str, Any]], None]


def _resealed(index: Path, change: Change) -> None:
    """Change the shard and the manifest of an index, and make all sums right again; without sums of blocks."""
    path = manifest_file(index, 1)
    content = json.loads(path.read_text())
    del content["checksum"]
    content["inventory"] = None
    shutil.rmtree(index / "inventories")
    (shard,) = content["shards"]
    folder = index / "shards" / shard["id"]
    del shard["checksums"]["blocks.xxh3"], shard["sizes"]["blocks.xxh3"]
    (folder / "blocks.xxh3").unlink()
    change(folder, shard)
    for name in shard["checksums"]:
        if (folder / name).is_file():
            data = (folder / name).read_bytes()
            shard["checksums"][name], shard["sizes"][name] = hashlib.sha256(data).hexdigest(), len(data)
    path.write_text(_sealed(json.dumps(content, indent=1) + "\n"))


def _table(name: str, column: str, values: Callable[[list[Any]], list[Any]]) -> Change:
    def change(folder: Path, shard: dict[str, Any]) -> None:
        table = pq.read_table(folder / name)
        place = table.column_names.index(column)
        changed = pa.array(values(table[column].to_pylist()), table.schema.field(column).type)
        pq.write_table(table.set_column(place, table.schema.field(column), changed), folder / name)

    return change


def _motions(build: Callable[[h5py.File, np.ndarray, np.ndarray], None]) -> Change:
    """A file of motions that `build` makes of the positions and the observed flags; the manifest names its offsets."""

    def change(folder: Path, shard: dict[str, Any]) -> None:
        with h5py.File(folder / "motions.h5") as file:
            positions, observed = file["positions"][:], file["observed"][:]
        (folder / "motions.h5").unlink()
        with h5py.File(folder / "motions.h5", "w") as file:
            build(file, positions, observed)

    return change


def _external(file: h5py.File, positions: np.ndarray, observed: np.ndarray) -> None:
    file.create_dataset("positions", positions.shape, "<f4", external=[("/etc/passwd", 0, positions.nbytes)])
    file["observed"] = observed


def _linked(file: h5py.File, positions: np.ndarray, observed: np.ndarray) -> None:
    file["positions"] = h5py.ExternalLink("/etc/passwd", "positions")
    file["observed"] = observed


def _virtual(file: h5py.File, positions: np.ndarray, observed: np.ndarray) -> None:
    layout = h5py.VirtualLayout(positions.shape, "<f4")
    layout[:] = h5py.VirtualSource("/tmp/elsewhere.h5", "positions", positions.shape)
    file.create_virtual_dataset("positions", layout)
    file["observed"] = observed


def _doubles(file: h5py.File, positions: np.ndarray, observed: np.ndarray) -> None:
    file["positions"], file["observed"] = positions.astype(np.float64), observed


def _not_finite(file: h5py.File, positions: np.ndarray, observed: np.ndarray) -> None:
    file["positions"], file["observed"] = positions * np.float32("nan"), observed


def _vectors(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def write(folder: Path, shard: dict[str, Any]) -> None:
        path = folder / f"{SPACE}.npy"
        made = change(np.load(path)).astype(np.float32)
        path.write_bytes(npy_header(*made.shape) + made.tobytes())

    return write


def _text_as_table(folder: Path, shard: dict[str, Any]) -> None:
    (folder / "clips.parquet").write_bytes(b"PAR1 not a table PAR1")


def _other_columns(folder: Path, shard: dict[str, Any]) -> None:
    pq.write_table(pa.table({"clip": [1, 2, 3]}), folder / "clips.parquet")


def _bomb(folder: Path, shard: dict[str, Any]) -> None:
    table = pq.read_table(folder / "windows.parquet")
    zeros = pa.table({name: pa.array(np.zeros(2_000_000, np.int32)) for name in table.column_names})
    sink = io.BytesIO()
    pq.write_table(zeros, sink, compression="zstd")
    (folder / "windows.parquet").write_bytes(sink.getvalue())


def _pipe(folder: Path, shard: dict[str, Any]) -> None:
    (folder / "motions.h5").unlink()
    os.mkfifo(folder / "motions.h5")


def _counts(name: str, count: int) -> Change:
    return lambda folder, shard: shard.__setitem__(name, count)


def _first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [value, *values[1:]]


STRANGE: dict[str, Change] = {
    "a path with ..": _table("clips.parquet", "path", _first("../../etc/passwd")),
    "a path with .. inside": _table("clips.parquet", "path", _first("takes/../../../etc/passwd")),
    "an absolute path": _table("clips.parquet", "path", _first("/etc/passwd")),
    "a path on a drive": _table("clips.parquet", "path", _first("C:\\Windows\\a.bvh")),
    "a time that is not a number": _table("clips.parquet", "start_s", _first(float("nan"))),
    "a rate of zero": _table("clips.parquet", "fps", _first(0.0)),
    "an infinite scale": _table("clips.parquet", "metres_per_unit", _first(float("inf"))),
    "a clip without a value": _table("clips.parquet", "content_hash", _first(None)),
    "a clip twice": _table("clips.parquet", "clip", lambda ids: [ids[1], *ids[1:]]),
    "clips in another order": _table("clips.parquet", "clip", lambda ids: ids[::-1]),
    "negative frames": _table("clips.parquet", "frame_count", _first(-10)),
    "frames of another clip": _table("clips.parquet", "frame_count", lambda frames: [frames[0] + 5, *frames[1:]]),
    "other columns": _other_columns,
    "text as a table": _text_as_table,
    "windows of a clip that is not there": _table("windows.parquet", "clip", _first(99)),
    "windows of a negative clip": _table("windows.parquet", "clip", _first(-1)),
    "windows that begin before their clip": _table("windows.parquet", "start_frame", _first(-5)),
    "windows that end after their clip": _table("windows.parquet", "end_frame", _first(10_000)),
    "windows that end before they begin": _table("windows.parquet", "end_frame", _first(0)),
    "rows that are swapped": _table("windows.parquet", "clip", lambda clips: clips[::-1]),
    "a table that grows when it is read": _bomb,
    "positions in another file": _motions(_external),
    "a link to another file": _motions(_linked),
    "a virtual array": _motions(_virtual),
    "positions of another type": _motions(_doubles),
    "positions that are not finite": _motions(_not_finite),
    "text as motions": lambda folder, shard: (folder / "motions.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000)),
    "a pipe": _pipe,
    "vectors that are not numbers": _vectors(lambda vectors: vectors * np.nan),
    "vectors longer than they say": _vectors(lambda vectors: vectors * 1000),
    "vectors of another shape": _vectors(lambda vectors: vectors[:, :4]),
    "more clips than there are": _counts("clip_count", 10**9),
    "more windows than there are": _counts("window_count", 10**12),
    "more frames than there are": _counts("frame_count", 10**12),
    "a negative number of joints": _counts("joint_count", -22),
    "positions outside of the file": _counts("positions_offset", 1 << 60),
    "positions before the file": _counts("positions_offset", -128),
}


def _used(index: Path) -> None:
    """Everything that can be read of an index; only errors of one line may be raised."""
    try:
        assert_holds(Snapshot.open(index), CLIPS)
    except MRetrieveError as error:
        assert "\n" not in str(error)
    except AssertionError:
        pass  # it holds something else


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE)
def test_verify_says_what_is_wrong(tmp_path: Path, change: Change):
    index = tmp_path / "index"
    store(index, CLIPS)
    _resealed(index, change)
    assert [problem for problem in verify(index) if not problem.harmless]
    _used(index)


@pytest.mark.parametrize("content", ["[" * 500_000, '{"schema": 6, "shards": ' + "[" * 5000, "\0" * 4096])
def test_a_manifest_of_something_else_is_an_error_of_one_line(tmp_path: Path, content: str):
    index = tmp_path / "index"
    store(index, CLIPS)
    manifest_file(index, 1).write_text(content)
    assert [problem.path for problem in verify(index)] == [manifest_file(index, 1)]
    _used(index)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", ["manifests/00000001.json", "mretrieve-index"])
def test_a_pipe_in_place_of_a_file_hangs_nobody(tmp_path: Path, name: str):
    index = tmp_path / "index"
    store(index, CLIPS)
    (index / name).unlink()
    os.mkfifo(index / name)
    _used(index)


@pytest.mark.parametrize(
    "path", ["", "../secret", "takes/../../secret", "takes/..", "/etc/passwd", "C:secret", "take\0.bvh"]
)
def test_a_path_out_of_the_folder_is_not_inside(path: str):
    assert not is_inside(path)


@pytest.mark.parametrize("shard_id", ["../../etc", "/etc/passwd0000", "0" * 31 + "/", "C:" + "0" * 30])
def test_a_shard_outside_of_the_index_is_refused(tmp_path: Path, shard_id: str):
    index = tmp_path / "index"
    store(index, CLIPS)
    path = manifest_file(index, 1)
    content = json.loads(path.read_text())
    del content["checksum"]
    content["shards"][0]["id"] = shard_id
    path.write_text(_sealed(json.dumps(content, indent=1) + "\n"))
    with pytest.raises(IndexStateError, match="is damaged and version 1 cannot be read"):
        Snapshot.open(index)


def test_an_index_whose_sums_were_made_again_is_sound(tmp_path: Path):
    """So that what the others find is the change, and not how it was made."""
    store(tmp_path / "index", CLIPS)
    _resealed(tmp_path / "index", lambda folder, shard: None)
    assert verify(tmp_path / "index") == []
    assert_holds(Snapshot.open(tmp_path / "index"), CLIPS)
