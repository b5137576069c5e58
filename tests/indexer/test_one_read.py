"""What the index records of a file is what its motion was read from, whatever happens to the file meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.changing_files import HEAD, changing_format, replace_quietly
from support.gltf_files import GltfWriter
from support.moving_bodies import random_clip
from support.written_keypoints import one_body, pixels, seen_from, write_openpose

from mretrieve.formats import MotionFile, ReadingOptions, read_file, recognise
from mretrieve.formats.content_hash import ReadHash, content_hash
from mretrieve.indexer import Outcome, build_index
from mretrieve.motion import JOINTS, PARENTS
from mretrieve.storage.snapshot import Snapshot


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _recorded(index: Path) -> tuple[str, np.ndarray]:
    """The hash of the only file, and its motion."""
    snapshot = Snapshot.open(index)
    return snapshot.clips["content_hash"][0].as_py(), snapshot.motion(0)[0]


def _body(positions: np.ndarray) -> GltfWriter:
    """A document whose joints, the canonical ones, are moved to these places (T, 22, 3) without being turned."""
    steps = positions - np.where(np.array(PARENTS)[:, None] < 0, 0, positions[:, list(PARENTS)])
    nodes: list[dict[str, object]] = []
    for place, name in enumerate(JOINTS):
        children = [each for each, parent in enumerate(PARENTS) if parent == place]
        nodes.append({"name": name, "translation": steps[0, place].tolist()})
        if children:
            nodes[-1]["children"] = children
    document = GltfWriter(nodes)
    times_s = np.arange(len(positions)) / 30
    document.animate("take", [(place, "translation", times_s, steps[:, place]) for place in range(len(JOINTS))])
    return document


@pytest.mark.parametrize("when", ["before it is read", "after it was read"])
def test_a_file_that_changes_while_it_is_read_has_the_hash_of_its_motion(
    repository: Path, index: Path, tmp_path: Path, bvh_text: Callable[..., str], when: str
):
    first, second = (HEAD + bvh_text(seed=seed).encode().ljust(1 << 16) for seed in (1, 2))
    file = repository / "take.live"

    def change(path: Path) -> None:
        replace_quietly(path, second)

    def keep(path: Path) -> None:
        pass

    steps = (change, keep) if when.startswith("before") else (keep, change)
    read = second if when.startswith("before") else first
    file.write_bytes(first)
    with changing_format(*steps):
        build_index(repository, index, jobs=1)
    file.write_bytes(read)
    with changing_format(keep, keep):
        build_index(repository, tmp_path / "unhurried", jobs=1)
    hashed, motion = _recorded(index)
    assert hashed == _sha256(read)
    assert np.array_equal(motion, _recorded(tmp_path / "unhurried")[1])


def test_a_change_after_the_reading_is_found_by_check(repository: Path, index: Path, bvh_text: Callable[..., str]):
    first, second = (HEAD + bvh_text(seed=seed).encode().ljust(1 << 16) for seed in (1, 2))
    (repository / "take.live").write_bytes(first)
    with changing_format(lambda _: None, lambda path: replace_quietly(path, second)):
        build_index(repository, index, jobs=1)
        assert not build_index(repository, index, jobs=1).new_version  # size and time are the same
        assert build_index(repository, index, jobs=1, check=True).new_version
    assert _recorded(index)[0] == _sha256(second)


def test_a_recording_has_the_hash_of_all_its_frames(repository: Path, index: Path):
    write_openpose(repository, one_body(pixels(seen_from(random_clip(3, 60)), "body-25")))
    build_index(repository, index, jobs=1)
    frames = sorted(repository.iterdir())
    assert len(frames) > 10
    assert _recorded(index)[0] == _sha256(b"".join(frame.read_bytes() for frame in frames))


def test_the_buffer_of_a_gltf_file_is_part_of_it(repository: Path, index: Path):
    document = _body(random_clip(3, 60).positions)
    (repository / "a.gltf").write_text(document.text("a.bin"))
    (repository / "a.bin").write_bytes(document.binary)
    build_index(repository, index, jobs=1)
    assert not build_index(repository, index, jobs=1, check=True).new_version
    numbers = np.frombuffer(document.binary, np.float32).copy()
    numbers[-7:] *= np.float32(0.5)
    replace_quietly(repository / "a.bin", numbers.tobytes())
    report = build_index(repository, index, jobs=1, check=True)
    assert report.new_version and [entry.outcome for entry in report.entries] == [Outcome.READ]


def test_a_damaged_file_is_remembered_by_what_was_read_of_it(repository: Path, index: Path):
    (repository / "a.bvh").write_text("HIERARCHY\nbroken\n")
    build_index(repository, index, jobs=1)
    (repository / "a.bvh").touch()
    report = build_index(repository, index, jobs=1)
    assert [(entry.outcome, entry.content_hash) for entry in report.entries] == [
        (Outcome.REFUSED, _sha256(b"HIERARCHY\nbroken\n"))
    ]


@pytest.mark.parametrize("folder", ["formats", "deepmimic", "cmu/asfamc", "cmu/expmap", "kinect"])
def test_every_reader_reads_its_whole_file_once_and_through_it(mocap: Path, folder: str):
    read = 0
    for path in sorted(file for file in (mocap / folder).rglob("*") if file.is_file()):
        reader = recognise(path)
        if reader is None or reader.is_companion or reader.obstacle or path.stat().st_size > 1 << 23:
            continue
        seen = ReadHash()
        try:
            read_file(MotionFile(path, read_hash=seen), ReadingOptions())
        except Exception:
            continue
        read += 1
        assert seen.value("").partition("+")[0] == content_hash(path, ""), path
    assert read
