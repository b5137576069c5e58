"""Damaged files: an MRetrieveError that names the file in one line, or motions that hold what the file states.

MRETRIEVE_MUTATIONS sets how many damaged files of each kind are tried.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from support.expmap_files import expmap_text
from support.mutations import mutate
from support.sample_files import AMC, ASF, BVH, HIERARCHY, ROWS

from mretrieve.errors import FormatError
from mretrieve.formats import READERS, MotionFile, ReadingOptions, read
from mretrieve.formats.exponential_map import CMU, HUMAN36M
from mretrieve.motion import Motion
from mretrieve.motion.motion import ROTATE_X

COUNT = int(os.environ.get("MRETRIEVE_MUTATIONS", "300"))
LONGEST_SECONDS = 10.0  # of processor time, for one file: 20 times the slowest here, a quadratic loop takes hours
LARGEST_MEMORY_KB = 512 << 10

SECOND_ROOT = HIERARCHY.removeprefix("HIERARCHY\n").replace("Hips", "Second Body")
BVH_SEEDS = (
    BVH,
    f"{HIERARCHY}{SECOND_ROOT}MOTION\nFrames: 3\nFrame Time: 0.008333\n" + "".join(f"{row} {row}\n" for row in ROWS),
    f"{HIERARCHY}MOTION\nFrames: 60\nFrame Time: 0.04\n" + "\n".join(row.replace(" ", "\n", 3) for row in ROWS * 20),
)
AMC_SEEDS = (AMC, AMC[AMC.index("1\n") :])
_NUMBERS = np.random.default_rng(0).uniform(-1, 1, (3, 117)) * ~np.repeat([False, *CMU.ends], 3)
EXPMAP_SEEDS = (expmap_text(_NUMBERS), expmap_text(_NUMBERS[:, :99] * 0 + 0.25).replace(",", ", "))


@pytest.fixture(scope="module", autouse=True)
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every kernel is compiled before anything is measured."""
    folder = tmp_path_factory.mktemp("sound")
    for name, text in (("take.asf", ASF), ("take.amc", AMC), ("take.bvh", BVH), ("take.expmap", EXPMAP_SEEDS[0])):
        (folder / name).write_text(text)
    for name in ("take.amc", "take.bvh", "take.expmap"):
        read(folder / name)


def peak_memory_kb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> 10 if sys.platform == "darwin" else peak  # macOS counts bytes


def outcome(path: Path) -> list[Motion]:
    """What reading gives, by content and by the reader that the suffix names; none where it is refused, by name."""
    started = time.process_time()
    motions: list[Motion] = []
    by_suffix = READERS[path.suffix[1:]].read
    assert by_suffix is not None
    for attempt in (lambda: read(path), lambda: by_suffix(MotionFile(path), ReadingOptions())):
        try:
            motions = attempt()
        except FormatError as error:
            assert path.parent.name in str(error), error  # the motion's or its skeleton's path
            assert len(str(error).splitlines()) == 1, error
    assert time.process_time() - started < LONGEST_SECONDS
    return motions


def assert_whole(motions: list[Motion]) -> None:
    assert motions
    for motion in motions:
        assert motion.channels is not None
        assert motion.positions.shape == (len(motion.channels), len(motion.rig.joint_names), 3)
        assert motion.frame_count > 0
        assert 0 < motion.fps < 1e6
        assert np.isfinite(motion.channels).all()
        assert np.isfinite(motion.positions).all()


def assert_states(content: bytes, motions: list[Motion]) -> None:
    """The channels are the numbers behind the Frame Time, in order: nothing lost, doubled or made up."""
    *_, frame_time = re.finditer(rb"(?i)Frame\s*Time\s*:?\s*\S+", content)
    numbers = np.array([float(word.replace(b",", b".")) for word in content[frame_time.end() :].split()])
    channels = [motion.channels for motion in motions if motion.channels is not None]
    kinds = np.concatenate([motion.rig.channel_kinds for motion in motions])
    rows = numbers.reshape(len(channels[0]), -1)
    np.testing.assert_allclose(np.hstack(channels), rows * np.where(kinds >= 3, np.pi / 180, 1), rtol=1e-14)


def assert_states_bones(content: bytes, motion: Motion) -> None:
    """The channels of each bone are the numbers on its lines, frame after frame."""
    dofs = {"root": "tx ty tz rx ry rz", "femur": "rx ry rz", "tibia": "rz rx", "spine": "ry"}
    lines: dict[str, list[list[float]]] = {bone: [] for bone in dofs}
    for line in content.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").split(b"\n"):
        words = line.decode("latin-1").split()
        if len(words) > 1 and words[0] in dofs:
            lines[words[0]].append([float(word.replace(",", ".")) for word in words[1:]])
    assert motion.channels is not None
    rig = motion.rig
    for joint, kind, channel in zip(rig.channel_joints, rig.channel_kinds, motion.channels.T, strict=True):
        bone = rig.joint_names[joint]
        place = dofs[bone].split().index(("tx", "ty", "tz", "rx", "ry", "rz")[kind])
        stated = np.array(lines[bone])[:, place]
        np.testing.assert_allclose(channel, np.deg2rad(stated) if kind >= 3 else stated, rtol=1e-14)


def assert_mutants_are_read_or_refused(
    path: Path, seed_text: str, count: int, assert_stated: Callable[[bytes, list[Motion]], None]
) -> None:
    """Of `count` mutants of a file some are read, as what they state, the others refused, in bounded memory."""
    before = peak_memory_kb()
    read_count = 0
    for seed in range(count):
        content = mutate(seed_text.encode(), seed)
        path.write_bytes(content)
        if motions := outcome(path):
            read_count += 1
            assert_whole(motions)
            if not content.startswith((b"\xff\xfe", b"\xfe\xff")):
                assert_stated(content, motions)
    assert peak_memory_kb() - before < LARGEST_MEMORY_KB
    assert 0.02 * count < read_count < 0.8 * count  # the mutations neither miss nor destroy everything


@pytest.mark.parametrize("seed_text", BVH_SEEDS, ids=["one body", "two bodies", "wrapped"])
def test_damaged_bvh(tmp_path: Path, seed_text: str) -> None:
    path = tmp_path / "damaged.bvh"
    assert_mutants_are_read_or_refused(path, seed_text, COUNT, assert_states)


@pytest.mark.parametrize("seed_text", AMC_SEEDS, ids=["with header", "without header"])
def test_damaged_amc(tmp_path: Path, seed_text: str) -> None:
    (tmp_path / "damaged.asf").write_text(ASF)
    path = tmp_path / "damaged.amc"
    assert_mutants_are_read_or_refused(
        path, seed_text, COUNT, lambda content, motions: assert_states_bones(content, motions[0])
    )


def assert_states_rotations(content: bytes, motion: Motion) -> None:
    """The channels turn the joints as the file's vectors do, row after row; the root's where it is known."""
    layout = HUMAN36M if motion.rig is HUMAN36M.rig else CMU
    words = content.removeprefix(b"\xef\xbb\xbf").replace(b",", b" ").split()
    vectors = np.array([float(word) for word in words]).reshape(motion.frame_count, -1, 3)[:, 1:]
    vectors[:, 0] *= not layout.root_differs
    assert motion.channels is not None
    angles = motion.channels[:, motion.rig.channel_kinds >= ROTATE_X].reshape(-1, 3)
    turned = Rotation.from_euler("ZXY", angles).as_matrix()
    stated = Rotation.from_rotvec(-vectors[:, ~layout.ends].reshape(-1, 3)).as_matrix()
    np.testing.assert_allclose(turned, stated, atol=1e-7)


@pytest.mark.parametrize("seed_text", EXPMAP_SEEDS, ids=["CMU", "Human3.6M with blanks"])
def test_damaged_exponential_maps(tmp_path: Path, seed_text: str) -> None:
    path = tmp_path / "damaged.expmap"
    assert_mutants_are_read_or_refused(
        path, seed_text, COUNT // 4, lambda content, motions: assert_states_rotations(content, motions[0])
    )


def test_damaged_asf(tmp_path: Path) -> None:
    path = tmp_path / "take.amc"
    path.write_text(AMC)
    before = peak_memory_kb()
    for seed in range(COUNT):
        (tmp_path / "take.asf").write_bytes(mutate(ASF.encode(), seed))
        if motions := outcome(path):
            assert_whole(motions)
    assert peak_memory_kb() - before < LARGEST_MEMORY_KB


@pytest.mark.parametrize(
    "content",
    [
        b"HIERARCHY\nROOT a" + b" " * 2_000_000,
        b"HIERARCHY\n" + b"ROOT a\n{\n" * 200_000,
        b"HIERARCHY\n" + b"}" * 2_000_000,
        b"HIERARCHY\nROOT a\n{\nOFFSET" + b" 1" * 1_000_000,
        b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 6" + b" Xrotation" * 200_000,
        BVH.encode().replace(b"Frames: 3", b"Frames: " + b"9" * 1_000_000),
        BVH.encode() + b"nan " * 500_000,
        BVH.encode() + b"1" * 2_000_000,
        b"#" * 2_000_000,
        b"#\n" * 1_000_000,
        b":DEGREES\n" * 200_000,
        b":DEGREES\n" + b"1\n" * 1_000_000,
        b":DEGREES\n1\nroot" + b" 1" * 1_000_000,
        b":DEGREES\n1\n" + b"root 1 2 3 4 5 6\n" * 100_000,
        b",".join([b"0"] * 99) + b"\n" + b"," * 2_000_000,
        (b"," * 116 + b"\n") * 20_000,
        (b",".join([b"0"] * 117) + b"\n") * 8_000 + b"nan",
        b",".join([b"1 " * 10_000] * 99),
    ],
    ids=lambda content: content[:30].decode().replace("\n", "|"),
)
def test_a_monotonous_file_is_refused_at_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "take.asf").write_text(ASF)
    for suffix in ("bvh", "amc", "expmap"):
        path = tmp_path / f"take.{suffix}"
        path.write_bytes(content)
        assert outcome(path) == []
