"""Names of what is compared: files, moments of them, and what is wrong with a name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mretrieve.comparison import NamedClips
from mretrieve.errors import MRetrieveError
from mretrieve.indexer import build_index


@pytest.fixture(scope="module")
def motions(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """A folder with some files whose names are hard to tell from moments, and an index of it."""
    place = tmp_path_factory.mktemp("named")
    source = next(iter(sorted(folder.rglob("*_kick_*.bvh"))))
    for name in ("kick.bvh", "kick@0.5-1.bvh", "a@1-2", "take-1@home.bvh"):
        shutil.copy(source, place / name)
    build_index(place, place / ".mretrieve", jobs=1)
    return place


def test_a_moment_is_cut_out_in_seconds_of_the_file(motions: Path):
    whole = NamedClips().read(str(motions / "kick.bvh"))
    moment = NamedClips().read(f"{motions / 'kick.bvh'}@0.50-1.2")
    assert not whole.is_moment
    assert moment.is_moment
    assert moment.name == whole.name
    assert (moment.clip.start_s, moment.clip.end_s) == pytest.approx((0.5, 1.2), abs=1 / 60)
    assert str(moment).endswith("0.50 s to 1.20 s")


def test_a_file_that_is_called_like_a_moment_is_meant_before_one(motions: Path):
    names = NamedClips(motions / ".mretrieve")
    for name in ("kick@0.5-1.bvh", "a@1-2", "take-1@home.bvh"):
        for written in (str(motions / name), name):  # as a file, and as a clip of the index
            assert not names.read(written).is_moment
            assert names.read(f"{written}@0.5-1").is_moment


def test_a_clip_of_the_index_is_the_clip_of_its_file(motions: Path):
    indexed = NamedClips(motions / ".mretrieve").read("kick.bvh")
    read = NamedClips().read(str(motions / "kick.bvh"))
    assert (indexed.clip.positions == read.clip.positions).all()
    assert (indexed.clip.start_s, indexed.fps) == (read.clip.start_s, read.fps)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.bvh", "nowhere.bvh: no such file"),
        ("kick.bvh@90-95", "no motion between 90 s and 95 s"),
        ("kick.bvh@2-1", "2"),
        ("kick.bvh@soon", "@3.20-5.43"),
        ("kck.bvh", "did you mean kick.bvh"),
        ("kick.bvh\0", "no such file"),
        ("k" * 5000, "no such file"),
    ],
)
def test_a_wrong_name_or_time_is_one_clear_line(motions: Path, name: str, says: str):
    with pytest.raises(MRetrieveError) as raised:
        NamedClips(motions / ".mretrieve").read(name)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_an_index_the_line_says_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MRETRIEVE_INDEX", raising=False)
    with pytest.raises(MRetrieveError, match=r"nowhere\.bvh: no such file, and no index to look it up in"):
        NamedClips().read("nowhere.bvh")
