"""A binary format from outside: one registration, and its files are read, indexed, searched and exported.

A file holds b"TOY1", numbers of joints and frames, then the joints' names, parents and offsets, and for each frame the
joints' local rotations as matrices and the root's translation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.written_motion import write_motion_bvh

from mretrieve import open_index
from mretrieve.errors import FormatError
from mretrieve.export import ExportOptions, export_moment
from mretrieve.formats import READERS, MotionFile, Reader, ReadingOptions, read, recognise, register_reader
from mretrieve.indexer import build_index
from mretrieve.motion import Motion, Rig, canonicalise
from mretrieve.motion.motion import Poses

HEAD, NAME = struct.Struct("<4sIId"), 40


def write_toy(path: Path, motion: Motion) -> None:
    names = b"".join(name.encode().ljust(NAME, b"\0") for name in motion.rig.joint_names)
    arrays = motion.rig.parents.astype("<i4"), motion.rig.offsets, motion.rotations, motion.translations
    head = HEAD.pack(b"TOY1", len(motion.rig.parents), motion.frame_count, motion.fps)
    path.write_bytes(head + names + b"".join(array.tobytes() for array in arrays))


def read_toy(file: MotionFile, options: ReadingOptions) -> list[Motion]:
    content = file.read_bytes()
    _, joints, frames, fps = HEAD.unpack_from(content)
    shapes = [("S40", joints), ("<i4", joints), ("<f8", (joints, 3))]
    shapes += [("<f8", (frames, joints, 3, 3)), ("<f8", (frames, joints, 3))]
    position, arrays = HEAD.size, []
    for kind, shape in shapes:
        arrays.append(np.frombuffer(content, kind, int(np.prod(shape)), position).reshape(shape))
        position += arrays[-1].nbytes
    names, parents, offsets, rotations, translations = arrays
    rig = Rig(tuple(name.decode() for name in names), parents, offsets)
    world, positions = rotations.copy(), translations.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            world[:, joint] = world[:, parent] @ rotations[:, joint]
            turned = (world[:, parent] @ translations[:, joint, :, None])[..., 0]
            positions[:, joint] = positions[:, parent] + turned
    return [Motion(rig, positions.astype(np.float32), fps, file.path, local_poses=Poses(rotations, translations))]


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    register_reader(Reader("toy", ("toy",), lambda head, _: head.startswith(b"TOY1"), read_toy))
    yield
    del READERS["toy"]


@pytest.fixture(scope="module")
def takes(generated: Path) -> list[Motion]:
    """Takes on two rigs, and a third one in which joints besides the root move relative to their parents."""
    rigs = [sorted(rig.glob("*.bvh"), key=lambda path: path.stat().st_size) for rig in sorted(generated.iterdir())]
    first, last = [read(files[0])[0] for files in rigs if files][:2]
    growth = np.array([0.0, 0.01, 0.0]) * np.arange(last.frame_count)[:, None, None]
    return [first, last, replace(last, channels=None, local_poses=Poses(last.rotations, last.translations + growth))]


@pytest.fixture
def folder(takes: list[Motion], tmp_path: Path) -> Path:
    (tmp_path / "motions").mkdir()
    for number, motion in enumerate(takes):
        write_toy(tmp_path / "motions" / f"{number}.toy", motion)
    return tmp_path / "motions"


def largest_difference(first: Motion, second: Motion) -> float:
    order = [first.rig.joint_names.index(name) for name in second.rig.joint_names]
    return float(np.abs(first.positions[:, order] - second.positions).max() / np.abs(second.positions).max())


def test_its_content_is_recognised_whatever_the_suffix(folder: Path):
    path = (folder / "0.toy").rename(folder / "0.bin")
    reader = recognise(path)
    assert reader is not None and reader.name == "toy"
    assert read(path)[0].frame_count > 20


def test_an_empty_file_with_its_suffix_is_its_readers(tmp_path: Path):
    (tmp_path / "empty.toy").write_bytes(b"")
    reader = recognise(tmp_path / "empty.toy")
    assert reader is not None and reader.name == "toy"


def test_its_files_are_indexed_and_found(folder: Path, takes: list[Motion]):
    report = build_index(folder, folder / ".mretrieve", jobs=1)
    assert not report.skipped
    index = open_index(folder / ".mretrieve")
    assert index.clips == ["0.toy", "1.toy", "2.toy"]
    hits = index.search(canonicalise(takes[0]), k=1)
    assert (hits[0].clip, hits[0].score) == ("0.toy", pytest.approx(1, abs=1e-3))


def test_a_moment_of_it_is_exported_as_bvh(folder: Path):
    for path in sorted(folder.glob("*.toy")):
        (motion,) = read(path)
        exported = export_moment(f"{path}@0.3-0.9", ExportOptions(keep_rest_pose=True))
        exported.write(folder / "cut.bvh")
        (again,) = read(folder / "cut.bvh")
        assert largest_difference(again, motion.cut(exported.first, exported.last)) < 1e-5
        (folder / "cut.bvh").unlink()


def test_it_is_mirrored_and_brought_to_another_rate_like_the_bvh_it_was_made_of(
    folder: Path, takes: list[Motion], tmp_path: Path
):
    write_motion_bvh(tmp_path / "same.bvh", takes[0])
    options = ExportOptions(mirrored=True, fps=47.0)
    for name, source in (("toy.bvh", folder / "0.toy"), ("bvh.bvh", tmp_path / "same.bvh")):
        export_moment(str(source), options).write(tmp_path / name)
    assert largest_difference(read(tmp_path / "toy.bvh")[0], read(tmp_path / "bvh.bvh")[0]) < 1e-4


def test_a_whole_motion_with_matrices_is_written_as_bvh(folder: Path, tmp_path: Path):
    for path in sorted(folder.glob("*.toy")):
        write_motion_bvh(tmp_path / "whole.bvh", read(path)[0])
        assert largest_difference(read(tmp_path / "whole.bvh")[0], read(path)[0]) < 1e-5


def test_positions_without_rotations_are_refused(takes: list[Motion], tmp_path: Path):
    points = Motion(takes[0].rig, takes[0].positions, takes[0].fps, Path("points.toy"))
    with pytest.raises(FormatError, match=r"points\.toy: holds positions and no rotations"):
        write_motion_bvh(tmp_path / "points.bvh", points)
