"""Every call to the disk may fail, once or for good: the index keeps a whole version, the error says what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.simulated_disk import Failing, StandIn
from support.small_index import SPACE, assert_holds, made_clip, made_clips, made_labels, store

from mretrieve.errors import IndexStateError
from mretrieve.storage import files
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

A, B, C = made_clips("a.bvh", "b.bvh", "c.bvh")
NEWER_B = made_clip("b.bvh", seed=1)
OLD, NEW = {"a.bvh": "walk"}, {"a.bvh": "run", "c.bvh": "wave"}


def _old(index: Path) -> None:
    store(index, [A, B], labels=made_labels(a_bvh="walk"))


def _new(index: Path) -> None:
    labels = made_labels(a_bvh="run", c_bvh="wave")
    store(index, [NEWER_B, C], remove=["b.bvh"], labels=labels, weights={SPACE: b"weights"})


def _collect(index: Path) -> None:
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)


def _with(stand_in: StandIn, action: Callable[[], None]) -> IndexStateError | None:
    """The error that an action ends with while a stand-in is in place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", stand_in)
        try:
            action()
        except IndexStateError as error:
            return error
    return None


def _call_count(tmp_path: Path, prepare: Callable[[Path], object], action: Callable[[Path], None]) -> int:
    counting = Failing(0, 0, for_good=False)
    prepare(tmp_path / "counted")
    assert _with(counting, lambda: action(tmp_path / "counted")) is None
    return counting.calls


@pytest.mark.parametrize(
    ("number", "for_good"),
    [(errno.EIO, False), (errno.EIO, True), (errno.EPERM, False)],  # EPERM: also of hard links
)
def test_a_failing_commit_leaves_a_whole_version(tmp_path: Path, number: int, for_good: bool):
    old = tmp_path / "old"
    _old(old)
    for nth in range(1, _call_count(tmp_path, _old, _new) + 1):
        index = shutil.copytree(old, tmp_path / f"index{nth}")
        error = _with(Failing(nth, number, for_good), lambda index=index: _new(index))
        assert error is None or (os.strerror(number) in str(error) and str(index) in str(error)), f"call {nth}"
        snapshot = Snapshot.open(index)
        if snapshot.version == 1:
            assert error is not None, f"call {nth}: a commit that did nothing must not look like one that did"
            assert_holds(snapshot, [A, B], OLD)
            _new(index)
        assert_holds(Snapshot.open(index), [A, NEWER_B, C], NEW)
        _collect(index)
        assert not verify(index), f"call {nth}: something is left behind"


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
def test_failing_to_collect_garbage_loses_nothing(tmp_path: Path, for_good: bool):
    def both(index: Path) -> None:
        _old(index)
        _new(index)

    old = tmp_path / "old"
    both(old)
    for nth in range(1, _call_count(tmp_path, both, _collect) + 1):
        index = shutil.copytree(old, tmp_path / f"index{nth}")
        _with(Failing(nth, errno.EIO, for_good), lambda index=index: _collect(index))
        assert_holds(Snapshot.open(index), [A, NEWER_B, C], NEW)
        _collect(index)
        assert not verify(index), f"call {nth}: something is left behind"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "No space left on device; .* free some space and run again"),
        (errno.EACCES, "Permission denied; check who owns it and its permissions"),
        (errno.EROFS, "Read-only file system; check who owns it and its permissions"),
        (errno.EIO, "Input/output error; .* check the disk, then run again"),
    ],
    ids=["full", "forbidden", "read-only", "broken"],
)
def test_the_error_says_what_to_do(tmp_path: Path, number: int, says: str):
    with pytest.raises(IndexStateError, match=says):
        error = _with(Failing(2, number, for_good=True), lambda: _old(tmp_path / "index"))
        assert error is not None
        raise error


def test_a_disk_that_fills_up_while_writing_keeps_no_part_of_a_shard(tmp_path: Path):
    index = tmp_path / "index"
    _old(index)
    before = sorted(index.glob("shards/**/*"))

    def full(name: str, args: tuple[Any, ...]) -> None:
        if name == "write" and len(args[1]) > 5000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert _with(StandIn(full), lambda: _new(index)) is not None
    assert sorted(index.glob("shards/**/*")) == before


def test_a_file_system_without_hard_links_does_as_well(tmp_path: Path):
    def no_links(name: str, args: tuple[Any, ...]) -> None:
        if name == "link":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    for make in (_old, _new):
        assert _with(StandIn(no_links), lambda make=make: make(tmp_path / "index")) is None
    assert_holds(Snapshot.open(tmp_path / "index"), [A, NEWER_B, C], NEW)
    assert not verify(tmp_path / "index")


def test_short_writes_are_continued(tmp_path: Path):
    class Hesitant(StandIn):
        def __getattr__(self, name: str) -> Any:
            return (lambda file, content: os.write(file, content[:1000])) if name == "write" else getattr(os, name)

    assert _with(Hesitant(lambda name, args: None), lambda: _old(tmp_path / "index")) is None
    assert_holds(Snapshot.open(tmp_path / "index"), [A, B], OLD)
