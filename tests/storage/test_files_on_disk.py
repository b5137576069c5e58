"""What an index looks like on disk: a contract with the indexes that exist."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import xxhash
from support.small_index import ENCODER, SPACE, by_length, made_clip, made_clips, made_labels, store

from mretrieve import __version__
from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.manifest import read_manifest
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.shard import Shard, ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

NAMES = ("b.bvh", "a.amc", "c.bvh#left")


def _bytes(index: Path) -> dict[str, bytes]:
    return {str(path.relative_to(index)): path.read_bytes() for path in index.rglob("*") if path.is_file()}


def test_the_same_clips_give_the_same_bytes_in_any_order(tmp_path: Path):
    one = write_shard(tmp_path / "one", made_clips(*NAMES))
    other = write_shard(tmp_path / "other", made_clips(*reversed(NAMES)))
    assert one == other
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "other")


def test_another_process_writes_the_same_bytes(tmp_path: Path):
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from pathlib import Path\nfrom support.small_index import made_clips\n"
        "from mretrieve.storage.shard_writer import write_shard\n"
        f"write_shard(Path(sys.argv[1]), made_clips{NAMES!r})"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "other")], check=True)
    write_shard(tmp_path / "one", made_clips(*NAMES))
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "other")


def test_a_shard_that_exists_is_not_written_again(tmp_path: Path):
    record = write_shard(tmp_path, made_clips(*NAMES))
    (before,) = {path.stat().st_ino for path in tmp_path.glob("shards/*/motions.h5")}
    assert write_shard(tmp_path, made_clips(*NAMES)) == record
    assert [path.stat().st_ino for path in tmp_path.glob("shards/*/motions.h5")] == [before]


def test_layout_of_schema_6(tmp_path: Path):
    """Changing what this test says makes existing indexes unreadable: raise `SCHEMA` and keep reading the older one."""
    index = tmp_path / "repository" / ".mretrieve"
    index.parent.mkdir()
    store(index, made_clips(*NAMES), labels=made_labels(b_bvh="walk"), smooth=True)
    snapshot = store(index, remove=["a.amc"], weights={SPACE: b"weights"})
    weights = snapshot.encoders[0].file
    assert weights is not None
    (shard,) = snapshot.shards
    labels = snapshot.manifest.labels
    assert labels is not None
    folder = f"shards/{shard.id}"
    listed = [read_manifest(index, version).inventory for version in (1, 2)]
    assert listed[0] is not None and listed[1] is not None
    inventories = [f"inventories/{each.rows.id}.rows" for each in listed if each]
    inventories += [f"inventories/{each.clips.id}.arrow" for each in listed if each]
    assert sorted(_bytes(index)) == [
        f"encoders/{weights.id}.safetensors",
        *sorted(inventories),
        f"labels/{labels.id}.parquet",
        "lock",
        "lock-holder",
        "manifests/00000001.json",
        "manifests/00000002.json",
        "mretrieve-index",
        f"{folder}/blocks.xxh3",
        f"{folder}/clips.parquet",
        f"{folder}/motions.h5",
        f"{folder}/{SPACE}.npy",
        f"{folder}/windows.parquet",
    ]
    manifest = json.loads((index / "manifests" / "00000002.json").read_text())
    assert len(manifest.pop("checksum")) == 64
    content = (index / folder / "motions.h5").read_bytes()
    sums = [xxhash.xxh3_64_intdigest(content), xxhash.xxh3_64_intdigest((index / folder / f"{SPACE}.npy").read_bytes())]
    assert np.fromfile(index / folder / "blocks.xxh3", "<u8").tolist() == sums and len(content) < 16384
    assert manifest.pop("committed_at").endswith("+00:00")
    assert manifest == {
        "schema": 6,
        "version": 2,
        "writer": f"mretrieve {__version__}",
        "folders": [{"name": "", "path": str(index.parent), "path_from_index": ".."}],
        "fps": 30.0,
        "encoders": [
            {
                "name": SPACE,
                "fingerprint": "0123abcd",
                "dimension": 8,
                "weight": 1.0,
                "file": {
                    "id": weights.id,
                    "checksum": hashlib.sha256(b"weights").hexdigest(),
                    "size": 7,
                    "blocks": xxhash.xxh3_64_hexdigest(b"weights"),
                },
            }
        ],
        "windows": {"lengths_s": [0.2], "hop_share": 0.5},
        "smooth": True,
        "labels": asdict(labels),
        "shards": [
            {
                "id": shard.id,
                "clip_count": 3,
                "window_count": 9,
                "frame_count": 30,
                "joint_count": 22,
                "positions_offset": shard.positions_offset,
                "observed_offset": shard.observed_offset,
                "largest_norms": {SPACE: shard.largest_norms[SPACE]},
                "checksums": dict(shard.checksums),
                "sizes": dict(shard.sizes),
            }
        ],
        "removed": {shard.id: ["a.amc"]},
        "removed_files": [],
        "spans": None,
        "reading": None,
        "vector_search": {"kind": "auto", "recall": 1.0, "memory_bytes": None},
        "vector_indexes": [],
        "inventory": {
            "rows": asdict(listed[1].rows),
            "clips": asdict(listed[1].clips),
            "clip_count": 2,
            "lengths": [0, 5],
            "bounds": [0, 2, 6],
            "shard_windows": [6],
        },
    }


def test_other_programs_can_read_a_shard(tmp_path: Path):
    clips = sorted(made_clips(*NAMES), key=lambda clip: clip.clip)
    record = write_shard(tmp_path, clips)
    folder = tmp_path / "shards" / record.id
    table = pq.read_table(folder / "clips.parquet")
    assert table["clip"].to_pylist() == ["a.amc", "b.bvh", "c.bvh#left"]
    assert table.column_names == [
        *("clip", "path", "body", "content_hash", "size_bytes", "mtime_ns", "rig", "rig_confidence", "fps"),
        *("source_frame_count", "start_s", "metres_per_unit", "notes", "frame_count"),
    ]
    windows = pq.read_table(folder / "windows.parquet")
    assert windows.column_names == ["clip", "start_frame", "end_frame"]
    assert windows["clip"].to_pylist() == [0, 1, 2, 0, 0, 1, 1, 2, 2]
    with h5py.File(folder / "motions.h5") as file:
        np.testing.assert_array_equal(file["positions"], np.concatenate([clip.positions for clip in clips]))
        np.testing.assert_array_equal(file["observed"], np.concatenate([clip.observed for clip in clips]))
        assert file["observed"].dtype == np.bool_
    vectors = np.load(folder / f"{SPACE}.npy", allow_pickle=False)
    np.testing.assert_array_equal(vectors, by_length([clip.vectors[SPACE] for clip in clips], clips))


def _changed(**changes: object) -> ShardClip:
    return replace(made_clip("a.bvh"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": np.zeros((0, 22, 3), np.float32), "observed": np.zeros((0, 22), bool)},
        {"observed": np.ones((9, 22), bool)},
        {"windows": np.zeros((0, 2), np.int32)},
        {"windows": np.array([[0, 5], [0, 10], [5, 10]], np.int32)},
        {"windows": np.array([[0, 10], [4, 4], [5, 10]], np.int32)},
        {"windows": np.array([[0, 10], [4, 11], [5, 10]], np.int32)},
        {"vectors": {SPACE: np.zeros((2, 8), np.float32)}},
        {"vectors": {SPACE: np.full((3, 8), np.nan, np.float32)}},
        {"points": np.zeros((9, 22, 2), np.float32)},
    ],
    ids=[
        *("no frame", "lengths", "no window", "not whole first", "empty window", "outside", "too few vectors", "nan"),
        "points",
    ],
)
def test_a_clip_that_contradicts_itself_cannot_be_made(changes: dict[str, object]):
    with pytest.raises(ValueError, match=r"^a\.bvh: "):
        _changed(**changes)


def test_a_shard_has_one_set_of_spaces(tmp_path: Path):
    other = replace(made_clip("b.bvh"), vectors={SPACE: np.zeros((3, 9), np.float32)})
    with pytest.raises(ValueError, match="one shard needs one"):
        write_shard(tmp_path, [made_clip("a.bvh"), other])
    with pytest.raises(ValueError, match="at least one clip"):
        write_shard(tmp_path, [])


def test_a_space_is_named_like_a_file():
    with pytest.raises(ValueError, match="an encoder's name"):
        EncoderRecord("../weights", "f", 8)
    assert ENCODER.name == SPACE


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_is_a_number_from_0_on(weight: float):
    with pytest.raises(ValueError, match="the weight of mine"):
        EncoderRecord("mine", "f", 8, weight)


def test_the_spaces_of_a_version_have_different_names_and_some_weight(tmp_path: Path):
    for encoders in ([], [ENCODER, ENCODER], [replace(ENCODER, weight=0.0)]):
        with pytest.raises(ValueError, match="spaces are"):
            store(tmp_path / "index", encoders=encoders)


def test_a_version_cannot_name_weights_that_are_not_there(tmp_path: Path):
    store(tmp_path / "index", made_clips("a"), weights={SPACE: b"weights"})
    (file,) = (tmp_path / "index" / "encoders").iterdir()
    snapshot = Snapshot.open(tmp_path / "index")
    file.unlink()
    with pytest.raises(IndexStateError, match=file.name):
        store(tmp_path / "index", made_clips("b"), encoders=snapshot.encoders)


def test_reading_loads_neither_faiss_nor_hdf5_nor_pandas(tmp_path: Path):
    store(tmp_path / "index", made_clips("a"))
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from pathlib import Path\nimport numpy as np\nfrom mretrieve.storage.snapshot import Snapshot\n"
        "from mretrieve.vectors import FlatIndex, RowFilter\n"
        "snapshot = Snapshot.open(Path(sys.argv[1]))\nsnapshot.clips, snapshot.motion(0)\n"
        f"FlatIndex(snapshot, [{SPACE!r}]).search(np.ones((1, 8), np.float32), 3, RowFilter(5))\n"
        "print(*sorted(set(sys.modules) & {'faiss', 'h5py', 'pandas', 'pyarrow.compute'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "index")], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


def test_the_lock_file_says_nothing_when_nobody_writes(tmp_path: Path):
    with WriterLock(tmp_path / "index"):
        assert "pid" in (tmp_path / "index" / "lock-holder").read_text()
    assert (tmp_path / "index" / "lock-holder").read_text() == ""


def test_windows_of_one_length_lie_together_in_a_shard(tmp_path: Path):
    bounds = np.array([[0, 10], [0, 3], [0, 5]], np.int32)
    clips = [replace(clip, windows=bounds) for clip in made_clips("a.bvh", "b.bvh", "c.bvh")]
    record = write_shard(tmp_path, clips)
    assert (np.diff(Shard(tmp_path, record).window_lengths) >= 0).all()
