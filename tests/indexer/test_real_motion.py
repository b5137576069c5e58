"""Real motion capture: five rigs, three formats, and what cannot be read yet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mretrieve.indexer import Outcome, build_index
from mretrieve.storage.snapshot import Snapshot


@pytest.fixture
def some_of_each(mocap: Path, repository: Path) -> list[str]:
    """Links to a few files of every set, in folders of the same names."""
    names = []
    for folder, pattern, count in (
        ("hdm05", "*.amc", 6),
        ("cmu/bvh", "002_*.bvh", 2),
        ("cmu/asfamc", "*.amc", 2),
        ("bandai1", "*.bvh", 6),
        ("cmu/expmap", "train/walking/*.txt", 2),
        ("formats/c3d", "*.c3d", 1),
    ):
        files = sorted((mocap / folder).glob(pattern))[:count] + sorted((mocap / folder).glob("*.asf"))
        for file in files:
            name = file.relative_to(mocap).as_posix()
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).symlink_to(file)
            names.append(name)
    return names


def test_every_set_is_in_the_index_and_nothing_is_skipped(some_of_each: list[str], repository: Path, index: Path):
    report = build_index(repository, index, jobs=1)
    readable = sorted(name for name in some_of_each if name.endswith((".bvh", ".amc", ".txt", ".c3d")))
    assert Snapshot.open(index).clips["clip"].to_pylist() == readable and len(readable) == 19
    assert not report.skipped
    assert report.contents.rates_fps == {"120": 10, "30": 6, "60": 2, "100": 1}
    assert len(report.contents.units) > 1


def test_amc_files_are_read_again_when_their_skeleton_changes(mocap: Path, repository: Path, index: Path):
    for name in ("02.asf", "02_01.amc", "02_02.amc"):
        shutil.copyfile(mocap / "cmu" / "asfamc" / name, repository / name)
    shutil.copyfile(sorted((mocap / "bandai1").glob("*.bvh"))[0], repository / "other.bvh")
    build_index(repository, index, jobs=1)
    before = Snapshot.open(index).clips["metres_per_unit"].to_pylist()
    skeleton, status = repository / "02.asf", (repository / "02.asf").stat()
    text = skeleton.read_text()
    skeleton.write_text("# a remark\n" + text)
    os.utime(skeleton, ns=(status.st_atime_ns, status.st_mtime_ns))  # by its content, whatever its time says
    report = build_index(repository, index, jobs=1)
    assert [entry.path for entry in report.of(Outcome.READ)] == ["02_01.amc", "02_02.amc"]
    assert report.unchanged_files == 1
    assert Snapshot.open(index).clips["metres_per_unit"].to_pylist() == before


def test_an_amc_file_without_a_skeleton_comes_when_the_skeleton_does(mocap: Path, repository: Path, index: Path):
    shutil.copyfile(mocap / "cmu" / "asfamc" / "02_01.amc", repository / "02_01.amc")
    report = build_index(repository, index, jobs=1)
    assert "no skeleton found" in report.of(Outcome.REFUSED)[0].reason and not report.contents.clips
    shutil.copyfile(mocap / "cmu" / "asfamc" / "02.asf", repository / "02.asf")
    assert build_index(repository, index, jobs=1).contents.clips == 1


def test_a_skeleton_that_is_given_is_remembered(mocap: Path, repository: Path, index: Path, tmp_path: Path):
    shutil.copyfile(mocap / "cmu" / "asfamc" / "02_01.amc", repository / "02_01.amc")
    shutil.copyfile(mocap / "cmu" / "asfamc" / "02.asf", tmp_path / "elsewhere.asf")
    assert build_index(repository, index, jobs=1, asf=tmp_path / "elsewhere.asf").contents.clips == 1
    again = build_index(repository, index, jobs=1)
    assert not again.new_version and again.unchanged_files == 1
