"""The file of an indexed clip is read only if it still holds what was indexed, and otherwise a line says what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.changing_files import HEAD, changing_format, replace_quietly
from support.moving_bodies import random_clip
from support.performed_files import performed
from support.written_keypoints import one_body, pixels, seen_from, write_openpose

from mretrieve.errors import IndexStateError
from mretrieve.export import export_moment
from mretrieve.formats.amc import find_skeleton
from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.indexer import build_index
from mretrieve.sources.resolve import ClipResolver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "motions").mkdir()
    rig, channels = performed("kick", 30.0)
    write_bvh(tmp_path / "motions" / "take.bvh", rig, channels, 30.0)
    return tmp_path / "motions"


def _changed(folder: Path, check: bool) -> str:
    """What the line says, as an expression."""
    end = " --check`" if check else "`"
    return rf"take\.\w+: has changed since it was indexed; update the index with `mretrieve index [^`]*{end}$"


def test_an_edit_of_the_same_length_is_refused_and_the_run_that_is_named_ends_it(folder: Path, tmp_path: Path):
    index, take = tmp_path / "index", folder / "take.bvh"
    build_index(folder, index, jobs=1)
    content = take.read_bytes()
    place = content.rindex(b"1")
    take.write_bytes(content[:place] + b"2" + content[place + 1 :])
    with pytest.raises(IndexStateError, match=_changed(folder, check=False)):
        export_moment("take.bvh@0.3-0.9", resolver=ClipResolver(index))
    build_index(folder, index, jobs=1)
    assert export_moment("take.bvh@0.3-0.9", resolver=ClipResolver(index)).last == 27


def test_an_edit_that_keeps_size_and_time_is_refused_and_the_run_that_is_named_ends_it(folder: Path, tmp_path: Path):
    index, take = tmp_path / "index", folder / "take.bvh"
    build_index(folder, index, jobs=1)
    content = take.read_bytes()
    place = content.rindex(b"1")
    replace_quietly(take, content[:place] + b"2" + content[place + 1 :])
    with pytest.raises(IndexStateError, match=_changed(folder, check=True)):
        export_moment("take.bvh@0.3-0.9", resolver=ClipResolver(index))
    build_index(folder, index, jobs=1, check=True)
    assert export_moment("take.bvh@0.3-0.9", resolver=ClipResolver(index)).last == 27


@pytest.mark.parametrize("length", [1, 1 << 20])
def test_a_damaged_file_has_changed(folder: Path, tmp_path: Path, length: int):
    build_index(folder, tmp_path / "index", jobs=1)
    (folder / "take.bvh").write_text("not a motion" * length)
    with pytest.raises(IndexStateError, match=_changed(folder, check=False)):
        export_moment("take.bvh", resolver=ClipResolver(tmp_path / "index"))


def test_another_time_alone_is_no_change(folder: Path, tmp_path: Path):
    build_index(folder, tmp_path / "index", jobs=1)
    os.utime(folder / "take.bvh", ns=(1, 1))
    assert export_moment("take.bvh@0.3-0.9", resolver=ClipResolver(tmp_path / "index")).last == 27


def test_a_change_between_the_check_and_the_reading_is_refused(folder: Path, tmp_path: Path):
    first = HEAD + (folder / "take.bvh").read_bytes()
    take = folder / "take.live"
    (folder / "take.bvh").unlink()
    take.write_bytes(first)

    def change(path: Path) -> None:
        place = first.rindex(b"1")
        replace_quietly(path, first[:place] + b"2" + first[place + 1 :])

    with changing_format(lambda _: None, lambda _: None):
        build_index(folder, tmp_path / "index", jobs=1)
        assert export_moment("take.live@0.3-0.9", resolver=ClipResolver(tmp_path / "index")).last == 27
    with changing_format(change, lambda _: None), pytest.raises(IndexStateError, match=_changed(folder, check=True)):
        export_moment("take.live", resolver=ClipResolver(tmp_path / "index"))


def test_a_missing_frame_of_a_recording_is_a_change(tmp_path: Path):
    first = write_openpose(tmp_path / "motions", one_body(pixels(seen_from(random_clip(3, 60)), "body-25")))
    build_index(first.parent, tmp_path / "index", jobs=1)
    resolved = ClipResolver(tmp_path / "index").resolve_indexed(first.name)
    (first.parent / first.name.replace("0_key", "9_key")).unlink()
    with pytest.raises(IndexStateError, match="has changed since it was indexed"):
        _ = resolved.motion


@pytest.mark.parametrize("with_asf", [False, True], ids=["beside", "--asf"])
def test_another_skeleton_is_a_change_and_more_of_them_elsewhere_are_none(
    generated: Path, tmp_path: Path, with_asf: bool
):
    amc = next(generated.rglob("*.amc"))
    asf = find_skeleton(amc)
    folder = tmp_path / "motions"
    skeleton = tmp_path / "kept" / "body.asf" if with_asf else folder / asf.name
    folder.mkdir()
    skeleton.parent.mkdir(exist_ok=True)
    shutil.copy(amc, folder / "take.amc")
    shutil.copy(asf, skeleton)
    index = tmp_path / "index"
    build_index(folder, index, jobs=1, asf=skeleton if with_asf else None)
    unchanged = export_moment("take.amc@0-0.5", resolver=ClipResolver(index))
    if with_asf:
        shutil.copy(asf, folder / "other.asf")
        again = export_moment("take.amc@0-0.5", resolver=ClipResolver(index))
        assert np.array_equal(again.channels, unchanged.channels)
    text = skeleton.read_bytes()
    replace_quietly(skeleton, text.replace(b"length", b"LENGTH", 1))
    with pytest.raises(IndexStateError, match=r"take\.amc: its skeleton has changed since it was indexed; run `"):
        export_moment("take.amc@0-0.5", resolver=ClipResolver(index))
