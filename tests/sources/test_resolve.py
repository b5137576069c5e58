"""Names that users give: files, clips, moments, hits of answers, standard input; and what is wrong with a name."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mretrieve.errors import IndexStateError, MRetrieveError, QueryError
from mretrieve.formats import read
from mretrieve.indexer import build_index
from mretrieve.motion import canonicalise
from mretrieve.sources.resolve import ClipResolver, own_rows

NAMES = ("kick.bvh", "kick@0.5-1.bvh", "a@1-2", "take-1@home.bvh")


@pytest.fixture(scope="module")
def motions(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some files whose names are hard to tell from moments, and an index of it."""
    folder = tmp_path_factory.mktemp("named")
    kick = min(generated.rglob("*_kick_*.bvh"))
    for name in NAMES:
        shutil.copy(kick, folder / name)
    build_index(folder, folder / ".mretrieve", jobs=1)
    return folder


@pytest.fixture
def names(motions: Path) -> ClipResolver:
    return ClipResolver(motions / ".mretrieve")


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def answer(motions: Path, rank: int = 1) -> bytes:
    hits = [{"rank": rank, "clip": "kick.bvh", "start_s": 0.5, "end_s": 1.2}]
    index = {"path": str(motions / ".mretrieve")}
    return json.dumps({"schema": "mretrieve.query/2", "index": index, "results": hits}).encode()


# -- files and clips ---------------------------------------------------------------------------------------------------


def test_a_moment_is_cut_out_in_seconds_of_the_file(motions: Path):
    whole = ClipResolver().resolve(motions / "kick.bvh")
    moment = ClipResolver().resolve(f"{motions / 'kick.bvh'}@0.50-1.2")
    assert whole.part.frame_count == whole.clip.frame_count == moment.clip.frame_count
    assert moment.name == whole.name
    assert (moment.start_s, moment.end_s) == (0.5, 1.2)
    assert (moment.part.start_s, moment.part.end_s) == pytest.approx((0.5, 1.2), abs=1 / 60)


def test_a_part_that_is_given_beside_the_name_goes_before_that_of_the_name(names: ClipResolver):
    moment = names.resolve("kick.bvh@0.5-1.2", start_s=0.75)
    assert (moment.start_s, moment.end_s) == (0.75, 1.2)


def test_a_file_that_is_called_like_a_moment_takes_precedence_over_one(motions: Path, names: ClipResolver):
    for name in NAMES[1:]:
        for written in (str(motions / name), name):  # as a file, and as a clip of the index
            assert names.resolve(written).start_s is None
            assert names.resolve(f"{written}@0.5-1").start_s == 0.5


def test_an_indexed_clip_is_the_clip_of_its_file(motions: Path, names: ClipResolver):
    indexed, file = names.resolve("kick.bvh"), names.resolve(motions / "kick.bvh")
    assert np.array_equal(indexed.clip.positions, file.clip.positions)
    assert np.array_equal(indexed.motion.positions, file.motion.positions)
    assert (indexed.clip.start_s, indexed.fps) == (file.clip.start_s, file.fps)
    assert indexed.file == file.file == motions / "kick.bvh"
    assert (indexed.row, file.row) == (names.snapshot.clip_row("kick.bvh"), None)


def test_no_index_is_opened_for_a_file(motions: Path, tmp_path: Path):
    missing = ClipResolver(tmp_path / "nowhere")
    assert missing.resolve(motions / "kick.bvh").clip.frame_count
    with pytest.raises(IndexStateError):
        _ = missing.snapshot


def test_the_rows_of_a_file_are_found_whichever_way_it_is_named(
    motions: Path, names: ClipResolver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    row = (names.snapshot.clip_row("kick.bvh"),)
    (tmp_path / "link.bvh").symlink_to(motions / "kick.bvh")
    shutil.copy(motions / "kick.bvh", tmp_path / "copy.bvh")
    monkeypatch.chdir(motions)
    for name in ("kick.bvh", motions / "kick.bvh", tmp_path / "link.bvh", os.path.relpath(motions / "kick.bvh")):
        assert own_rows(names.snapshot, names.resolve(name)) == row
    assert own_rows(names.snapshot, names.resolve(read(motions / "kick.bvh")[0])) == row
    assert own_rows(names.snapshot, names.resolve(tmp_path / "copy.bvh")) == ()


def test_a_motion_and_a_clip_from_python_are_themselves(motions: Path):
    (motion,) = read(motions / "kick.bvh")
    clip = canonicalise(motion)
    assert ClipResolver().resolve(motion).motion is motion
    part = ClipResolver().resolve(clip, start_s=0.5).part
    assert np.array_equal(part.positions, clip.positions[15:])
    with pytest.raises(QueryError, match="has no motion file"):
        _ = ClipResolver().resolve(clip).motion


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.bvh", "nowhere.bvh: no such file, and no clip of this name in"),
        ("kick.bvh@90-95", "no motion between 90 s and 95 s"),
        ("kick.bvh@2-1", "2"),
        ("kick.bvh@soon", "@3.20-5.43"),
        ("kck.bvh", "did you mean kick.bvh"),
        ("kick.bvh\0", "no such file"),
        ("k" * 5000, "no such file"),
    ],
)
def test_a_wrong_name_or_time_is_one_clear_line(names: ClipResolver, name: str, says: str):
    with pytest.raises(MRetrieveError) as raised:
        _ = names.resolve(name).part
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_an_index_the_line_says_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MRETRIEVE_INDEX", raising=False)
    with pytest.raises(MRetrieveError, match=r"nowhere\.bvh: no such file, and no index to look it up in"):
        ClipResolver().resolve("nowhere.bvh")


def test_the_missing_file_of_an_indexed_clip_names_the_command_that_takes_a_moved_library_over(
    motions: Path, tmp_path: Path
):
    shutil.copytree(motions, tmp_path / "library")
    moved = ClipResolver(tmp_path / "library" / ".mretrieve").resolve("kick.bvh")
    (tmp_path / "library" / "kick.bvh").unlink()
    assert moved.clip.frame_count
    command = f"mretrieve index NEWFOLDER --index {tmp_path / 'library' / '.mretrieve'}"
    with pytest.raises(IndexStateError, match=rf"kick\.bvh: .* is missing; .*{command}"):
        _ = moved.motion


# -- saved answers -----------------------------------------------------------------------------------------------------


def test_a_hit_of_a_saved_answer_is_looked_up_in_the_index_of_the_answer(motions: Path, tmp_path: Path):
    (tmp_path / "answer.json").write_bytes(answer(motions, rank=3))
    hit = ClipResolver().resolve(f"{tmp_path / 'answer.json'}#3")
    assert (hit.name, hit.start_s, hit.end_s) == ("kick.bvh", 0.5, 1.2)
    assert hit.motion.source == motions / "kick.bvh"
    with pytest.raises(QueryError, match="has no hit 2, only 1 hits"):
        ClipResolver().resolve(f"{tmp_path / 'answer.json'}#2")
    (tmp_path / "answer.json").write_text('{"schema": "something"}')
    with pytest.raises(QueryError, match="not an answer"):
        ClipResolver().resolve(f"{tmp_path / 'answer.json'}#3")


# -- standard input ----------------------------------------------------------------------------------------------------


def test_a_motion_file_on_standard_input_is_read_like_the_file(motions: Path, feed: Callable[[bytes], None]):
    feed((motions / "kick.bvh").read_bytes())
    names = ClipResolver()
    piped, moment = names.resolve("-"), names.resolve("-@0.5-1.2")
    assert np.array_equal(piped.clip.positions, ClipResolver().resolve(motions / "kick.bvh").clip.positions)
    assert (piped.name, piped.file) == ("-", None)
    assert (moment.start_s, moment.end_s) == (0.5, 1.2)


def test_an_answer_on_standard_input_is_its_best_hit_or_the_one_that_is_named(
    motions: Path, feed: Callable[[bytes], None]
):
    feed(answer(motions) + b"\n" + answer(motions))
    names = ClipResolver()
    for name in ("-", "-#1"):
        hit = names.resolve(name)
        assert (hit.name, hit.start_s, hit.end_s) == ("kick.bvh", 0.5, 1.2)
    with pytest.raises(QueryError, match="has no hit 2"):
        names.resolve("-#2")


@pytest.mark.parametrize("content", [b"", b"notes", b"{}"])
def test_anything_else_on_standard_input_is_refused_in_one_line(content: bytes, feed: Callable[[bytes], None]):
    feed(content)
    with pytest.raises(MRetrieveError, match=r"^-: not a") as refused:
        ClipResolver().resolve("-")
    assert "\n" not in str(refused.value)
