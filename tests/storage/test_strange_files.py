"""Files from a stranger that are not what their names say, or no files, with the right sums in the manifest."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.resealed import reseal
from support.small_index import SPACE, assert_holds, made_clips, made_labels, store
from support.strange_use import bounded, harm, refusal

from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.layout import INVENTORIES, LABELS
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

CLIPS = made_clips("a.bvh", "b.bvh", "c.bvh")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    store(tmp_path / "index", CLIPS, labels=made_labels(a_bvh="walk", b_bvh="run"))
    return tmp_path / "index"


def _find(index: Path, name: str) -> Path:
    (path,) = (path for path in index.rglob(name))
    return path


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    made = path.parents[2] / "s"
    with socket.socket(socket.AF_UNIX) as opened:
        here = Path.cwd()
        os.chdir(made.parent)  # the path of a socket is short
        try:
            opened.bind(made.name)
        finally:
            os.chdir(here)
    made.rename(path)


KINDS: dict[str, Callable[[Path], object]] = {
    "a pipe": _pipe,
    "a socket": _socket,
    "a folder": Path.mkdir,
    "a link to a device that never ends": lambda path: path.symlink_to("/dev/zero"),
    "a link to a device that is empty": lambda path: path.symlink_to("/dev/null"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("/nowhere/at/all"),
    "a link to a file of the system": lambda path: path.symlink_to("/etc/passwd"),
    "an empty file": Path.touch,
    "a file of a terabyte": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
}
SMALL = {name: kind for name, kind in KINDS.items() if "terabyte" not in name}
NEEDED = ["motions.h5", f"{SPACE}.npy", "clips.parquet", "windows.parquet"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_no_file_is_no_part_of_a_shard(index: Path, name: str, kind: Callable[[Path], object]):
    path = _find(index, name)
    path.unlink()
    kind(path)
    assert harm(index)[0].path == path
    (damage,) = Snapshot.open(index).damage.values()
    assert damage.startswith(f"{path}: is damaged")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("kind", SMALL.values(), ids=SMALL)
def test_nor_if_the_manifest_says_that_it_has_no_size(index: Path, name: str, kind: Callable[[Path], object]):
    path = _find(index, name)
    path.unlink()
    kind(path)
    shutil.rmtree(index / INVENTORIES)
    reseal(index, lambda content: content["shards"][0]["sizes"].__setitem__(name, 0), blocks=False)
    assert harm(index)
    refusal(index, CLIPS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", ["*.rows", "*.arrow", "blocks.xxh3"])
def test_what_is_no_file_but_can_be_made_again_is_done_without(index: Path, name: str, kind: Callable[[Path], object]):
    path = _find(index, name)
    path.unlink()
    kind(path)
    with bounded():
        assert_holds(Snapshot.open(index), CLIPS)
        assert path in {problem.path for problem in verify(index)}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("kind", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("name", ["00000001.json", "mretrieve-index", "lock", "lock-holder"])
def test_what_is_no_file_in_place_of_a_small_one_hangs_nobody(index: Path, name: str, kind: Callable[[Path], object]):
    for path in (path for path in index.rglob(name) if path.parent.name != "reports"):
        path.unlink()
        kind(path)
    with bounded():
        refusal(index, CLIPS)
        try:
            verify(index)
            with WriterLock(index):
                pass
        except IndexStateError as error:
            assert "\n" not in str(error)


def _parquet(name: str, make: Callable[[pa.Table], pa.Table], **options: Any) -> Callable[[Path], None]:
    def change(index: Path) -> None:
        path = next(iter((index / LABELS).iterdir())) if name == LABELS else _find(index, name)
        pq.write_table(make(pq.read_table(path)), path, **options)

    return change


def _bytes(name: str, make: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def change(index: Path) -> None:
        path = next(iter((index / LABELS).iterdir())) if name == LABELS else _find(index, name)
        path.write_bytes(make(path.read_bytes()))

    return change


def _replaced(column: str, values: pa.Array) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(column), column, values)


def _arrow(make: Callable[[pa.Table], pa.Table], **options: Any) -> Callable[[Path], None]:
    def change(index: Path) -> None:
        path = _find(index, "*.arrow")
        with pa.ipc.open_file(path) as file:
            table = make(file.read_all())
        with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
            file.write_table(table)

    return change


def _words(place: int, word: int) -> Callable[[bytes], bytes]:
    """The rows of an inventory with another number; they begin with two columns of windows."""
    return lambda content: content[: 8 * place] + word.to_bytes(8, "little", signed=True) + content[8 * place + 8 :]


LONG = "x" * 5_000_000
#: Parts of an index that are not believed. An inventory is made again, and a shard or a table of labels refused.
MISSHAPEN: dict[str, Callable[[Path], None]] = {
    "labels of a long text that stands for all": _parquet(LABELS, _replaced("label", pa.array([LONG, LONG]))),
    "labels with a path twice": _parquet(LABELS, _replaced("path", pa.array(["a.bvh", "a.bvh"]))),
    "labels without a path": _parquet(LABELS, lambda table: table.drop_columns("path")),
    "labels that hide a column": _parquet(LABELS, lambda table: table.rename_columns(["path", "clip"])),
    "labels that hide a time": _parquet(LABELS, lambda table: table.rename_columns(["path", "end_s"])),
    "labels that are numbers": _parquet(LABELS, _replaced("label", pa.array([1, 2]))),
    "labels in lists": _parquet(LABELS, _replaced("label", pa.array([["a"], ["b"]]))),
    "labels that are cut off": _bytes(LABELS, lambda content: content[:-9]),
    "labels that are text": _bytes(LABELS, lambda content: b"path,label\na.bvh,walk\n"),
    "labels that are encrypted": _bytes(LABELS, lambda content: content[:-4] + b"PARE"),
    "labels of nothing": _bytes(LABELS, lambda content: b""),
    "clips of a long path": _parquet("clips.parquet", _replaced("path", pa.array([LONG, LONG, LONG]))),
    "clips with a million notes": _parquet(
        "clips.parquet", _replaced("notes", pa.array([[""] * 600_000, [], []], pa.list_(pa.string())))
    ),
    "clips of another number of rows": _parquet("clips.parquet", lambda table: pa.concat_tables([table, table])),
    "clips of no rows": _parquet("clips.parquet", lambda table: table.slice(0, 0)),
    "clips whose sizes are decimals": _parquet(
        "clips.parquet", lambda table: _replaced("size_bytes", table["size_bytes"].cast(pa.decimal128(25, 0)))(table)
    ),
    "clips whose rates are texts": _parquet("clips.parquet", _replaced("fps", pa.array(["30", "30", "30"]))),
    "clips whose ids are bytes": _parquet("clips.parquet", _replaced("clip", pa.array([b"a", b"b", b"\xff"]))),
    "clips whose ids are structs": _parquet("clips.parquet", _replaced("clip", pa.array([{"a": 1}] * 3))),
    "clips without frames": _parquet("clips.parquet", lambda table: table.drop_columns("frame_count")),
    "clips of frames that overflow": _parquet("clips.parquet", _replaced("frame_count", pa.array([2**62] * 3))),
    "clips of no frames": _parquet("clips.parquet", _replaced("frame_count", pa.array([0, 15, 15]))),
    "clips of missing frames": _parquet("clips.parquet", _replaced("frame_count", pa.array([None, 15, 15]))),
    "windows of 64 bits": _parquet("windows.parquet", _replaced("clip", pa.array([0] * 9))),
    "windows that are real numbers": _parquet("windows.parquet", _replaced("start_frame", pa.array([0.5] * 9))),
    "windows that end where they begin": _parquet(
        "windows.parquet", lambda table: _replaced("end_frame", table["start_frame"])(table)
    ),
    "windows with nothing": _parquet("windows.parquet", _replaced("clip", pa.array([None] * 9, pa.int32()))),
    "windows that are not there": _parquet("windows.parquet", lambda table: table.drop_columns("clip")),
    "windows of dates": _parquet("windows.parquet", _replaced("clip", pa.array([0] * 9, pa.timestamp("s")))),
    "windows that are cut off": _bytes("windows.parquet", lambda content: content[:100]),
    "windows of a header and zeros": _bytes("windows.parquet", lambda content: content[:4] + bytes(len(content) - 4)),
    "vectors of pickles": _bytes(
        f"{SPACE}.npy", lambda content: content.replace(b"'<f4'", b"'|O' ") if b"<f4" in content else content
    ),
    "vectors of big numbers": _bytes(f"{SPACE}.npy", lambda content: content.replace(b"<f4", b">f4")),
    "vectors in the order of Fortran": _bytes(f"{SPACE}.npy", lambda content: content.replace(b"False", b"True ")),
    "vectors of a later NumPy": _bytes(f"{SPACE}.npy", lambda content: content[:6] + b"\x03" + content[7:]),
    "vectors of double numbers": _bytes(f"{SPACE}.npy", lambda content: content.replace(b"<f4", b"<f8")),
    "vectors of no shape": _bytes(f"{SPACE}.npy", lambda content: content.replace(b"(9, 8)", b"(-9,8)")),
    "vectors of another magic": _bytes(f"{SPACE}.npy", lambda content: b"\x93NUMPX" + content[6:]),
    "rows of shards that are not there": _bytes("*.rows", lambda content: content[:-40] + b"\x7f" * 40),
    "rows of negative windows": _bytes("*.rows", _words(0, -1)),
    "rows of windows beyond the shard": _bytes("*.rows", _words(1, 10**6)),
    "rows beyond the index": _bytes("*.rows", _words(10, 1 << 40)),
    "rows of frames beyond the motions": _bytes("*.rows", _words(19, 1 << 40)),
    "rows of texts beyond the file": _bytes("*.rows", _words(22, 1 << 40)),
    "rows of texts that go back": _bytes("*.rows", _words(22, -5)),
    "rows that are cut off": _bytes("*.rows", lambda content: content[:50]),
    "a list of clips that is compressed": _arrow(lambda table: table, compression="zstd"),
    "a list of clips of other columns": _arrow(lambda table: table.select(["clip"])),
    "a list of clips with a column twice": _arrow(lambda table: table.append_column("clip", table["clip"])),
    "a list of clips whose times are texts": _arrow(_replaced("duration_s", pa.array(["1", "1", "1"]))),
    "a list of clips in a dictionary": _arrow(lambda table: _replaced("rig", table["rig"].dictionary_encode())(table)),
    "a list of more clips": _arrow(lambda table: pa.concat_tables([table, table])),
    "a list of clips that is text": _bytes("*.arrow", lambda content: b"ARROW1\0\0" + b"text" * 100),
    "a list of clips that ends before it begins": _bytes("*.arrow", lambda content: content[:8] + bytes(8)),
    "a list of clips that is cut off": _bytes("*.arrow", lambda content: content[: len(content) // 2]),
    "a list of clips whose header is negative": _bytes(
        "*.arrow", lambda content: content[:12] + b"\xff" * 4 + content[16:]
    ),
}


@pytest.mark.parametrize("change", MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_part_that_is_misshapen_is_named_and_not_believed(index: Path, change: Callable[[Path], None]):
    change(index)
    reseal(index)
    with bounded():
        problems = verify(index)
    assert problems and "\n" not in str(problems[0])
    if problems[0].path.parent.name == INVENTORIES:
        with bounded():
            assert_holds(Snapshot.open(index), CLIPS)  # made again from the shards
    else:
        assert harm(index)
        refusal(index, CLIPS)


@pytest.mark.parametrize("change", [name for name in MISSHAPEN if name.startswith("labels")])
def test_labels_that_are_misshapen_are_refused_where_they_are_read(index: Path, change: str):
    MISSHAPEN[change](index)
    shutil.rmtree(index / INVENTORIES)
    reseal(index, lambda content: content.update(inventory=None))
    assert LABELS in refusal(index, CLIPS)


@pytest.mark.parametrize("length", [0, 8, 7, 1000])
def test_sums_of_other_blocks_are_not_used_but_the_sum_of_the_whole(index: Path, length: int):
    _find(index, "blocks.xxh3").write_bytes(b"\x01" * length)
    reseal(index, blocks=False)
    assert refusal(index, CLIPS) == ""


def test_vectors_are_those_that_the_index_has(index: Path):
    """An index that is accepted answers with what is in it."""
    path = _find(index, f"{SPACE}.npy")
    content = np.load(path)
    path.write_bytes(path.read_bytes()[:128] + (content / 2).tobytes())
    reseal(index)
    np.testing.assert_array_equal(np.sort(Snapshot.open(index).vectors(SPACE), axis=0), np.sort(content / 2, axis=0))
