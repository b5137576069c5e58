"""Clips of the bodies in a file, and the one rule for a rig map that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.errors import RigError
from mretrieve.formats import MotionFile, ReadingOptions, read
from mretrieve.motion import find_rig_map, save_rig_map
from mretrieve.sources.reading import read_bodies
from mretrieve.sources.resolve import ClipResolver


@pytest.fixture
def takes(generated: Path) -> tuple[Path, Path]:
    """Files of two rigs."""
    return min((generated / "mixamo").glob("*.bvh")), min((generated / "unreal").glob("*.bvh"))


@pytest.fixture
def saved(takes: tuple[Path, Path], tmp_path: Path) -> ReadingOptions:
    """A saved rig map for the first of the two."""
    (motion,) = read(takes[0])
    save_rig_map(tmp_path / "rig.json", find_rig_map(motion.rig, motion.positions), motion.rig)
    return ReadingOptions(rig_map=tmp_path / "rig.json")


def test_a_rig_map_that_fits_is_used(takes: tuple[Path, Path], saved: ReadingOptions):
    for mixed_rigs in (False, True):
        (body,) = read_bodies(MotionFile(takes[0]), saved, mixed_rigs=mixed_rigs)
        assert body.rig_map.origin == "user"


def test_for_one_file_a_rig_map_of_another_rig_is_an_error(takes: tuple[Path, Path], saved: ReadingOptions):
    with pytest.raises(RigError, match="which the rig does not have"):
        read_bodies(MotionFile(takes[1]), saved)
    with pytest.raises(RigError, match="which the rig does not have"):
        _ = ClipResolver().resolve(takes[1], saved).clip


def test_in_a_folder_of_many_rigs_the_found_map_takes_its_place(takes: tuple[Path, Path], saved: ReadingOptions):
    (body,) = read_bodies(MotionFile(takes[1]), saved, mixed_rigs=True)
    assert body.rig_map.origin == "names and shape"


@pytest.mark.parametrize("content", ["{", '{"schema": "mretrieve.rig/1", "joints": {"tail": "Tail"}}'])
def test_a_file_that_is_not_a_rig_map_is_an_error_everywhere(takes: tuple[Path, Path], tmp_path: Path, content: str):
    (tmp_path / "rig.json").write_text(content)
    for mixed_rigs in (False, True):
        with pytest.raises(RigError, match=r"rig\.json"):
            read_bodies(MotionFile(takes[0]), ReadingOptions(rig_map=tmp_path / "rig.json"), mixed_rigs=mixed_rigs)
