"""One writer at a time, any number of readers, none of which waits for another or sees half of a version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from support.simulated_disk import StandIn
from support.small_index import ENCODER, WINDOWS, assert_holds, made_clip, made_clips, store

from mretrieve.errors import IndexStateError
from mretrieve.storage import files
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

A, B, C = made_clips("a.bvh", "b.bvh", "c.bvh")
NEWER_B = made_clip("b.bvh", seed=1)

HOLD = """
import sys
from pathlib import Path
from mretrieve.storage.commits import WriterLock
with WriterLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the lock of `index` until it is killed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLD, str(tmp_path / "index")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_writer_is_told_who_writes_and_since_when(tmp_path: Path, holder: subprocess.Popen[bytes]):
    says = rf"is being written by pid {holder.pid} on .+ since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d"
    with pytest.raises(IndexStateError, match=says), WriterLock(tmp_path / "index"):
        pass


def test_a_killed_writer_holds_nothing(tmp_path: Path, holder: subprocess.Popen[bytes]):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert_holds(store(tmp_path / "index", [A]), [A])


def test_a_reader_does_not_wait_for_the_writer(tmp_path: Path):
    store(tmp_path / "index", [A])
    with WriterLock(tmp_path / "index"):
        assert_holds(Snapshot.open(tmp_path / "index"), [A])


def test_the_lock_is_free_again_after_an_error(tmp_path: Path):
    with pytest.raises(RuntimeError), WriterLock(tmp_path / "index"):
        raise RuntimeError
    store(tmp_path / "index", [A])


def test_a_folder_of_other_things_does_not_become_an_index(tmp_path: Path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(IndexStateError, match=r"holds other files \(holiday\.jpg, \.\.\.\) and is not an index"):
        store(tmp_path, [A])
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(IndexStateError, match=r"holiday\.jpg: is a file, not an index"):
        store(tmp_path / "holiday.jpg", [A])


def test_a_commit_on_a_version_that_is_not_the_newest_is_refused(tmp_path: Path):
    index = tmp_path / "index"
    old = store(index, [A])
    store(index, [B])
    with pytest.raises(IndexStateError, match="another writer committed version 2 first"):
        commit(
            index,
            old,
            folders={"": tmp_path},
            fps=30.0,
            encoders=[ENCODER],
            windows=WINDOWS,
            add=[write_shard(index, [C])],
        )
    assert_holds(Snapshot.open(index), [A, B])


def test_a_version_that_exists_is_never_replaced(tmp_path: Path, monkeypatch):
    """Even where the lock fails and two writers make the same version at the same moment."""
    index = tmp_path / "index"
    old = store(index, [A])

    def other_writer_is_faster(name: str, args: tuple[Any, ...]) -> None:
        if name == "link":
            monkeypatch.setattr(files, "os", os)
            store_without_lock(index, old, B)

    def store_without_lock(index: Path, base: Snapshot, clip) -> None:
        record = write_shard(index, [clip])
        commit(index, base, folders={"": tmp_path}, fps=30.0, encoders=[ENCODER], windows=WINDOWS, add=[record])

    monkeypatch.setattr(files, "os", StandIn(other_writer_is_faster))
    with pytest.raises(IndexStateError, match="another writer committed version 2"):
        store_without_lock(index, old, C)
    assert_holds(Snapshot.open(index), [A, B])


def test_at_every_step_of_a_writer_a_reader_sees_a_whole_version(tmp_path: Path):
    index = tmp_path / "index"
    old = store(index, [A, B])
    content = {1: [A, B], 2: [A, NEWER_B, C]}
    seen: list[int] = []

    def a_reader_comes(name: str, args: tuple[Any, ...]) -> None:
        snapshot = Snapshot.open(index)
        assert_holds(snapshot, content[snapshot.version])
        assert_holds(old, content[1])
        seen.append(snapshot.version)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", StandIn(a_reader_comes))
        store(index, [NEWER_B, C], remove=["b.bvh"])
        with WriterLock(index):
            collect_garbage(index, keep_versions=1, grace_s=-10.0)
    assert versions(index) == [2]
    assert sorted(set(seen)) == [1, 2] and seen == sorted(seen)


def test_a_reader_goes_on_while_versions_come_and_go(tmp_path: Path):
    index = tmp_path / "index"
    clips = [made_clip("a.bvh", seed) for seed in range(20)]
    store(index, clips[:1])
    problems: list[BaseException] = []
    finished = threading.Event()

    def read() -> None:
        try:
            while not finished.is_set():
                snapshot = Snapshot.open(index)
                assert_holds(snapshot, [clips[snapshot.version - 1]])
        except BaseException as problem:
            problems.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    for clip in clips[1:]:
        store(index, [clip], remove=["a.bvh"])
        with WriterLock(index):
            collect_garbage(index, keep_versions=1, grace_s=3600)
    finished.set()
    reader.join()
    assert problems == []
    assert versions(index) == list(range(1, 21))


def test_the_time_of_grace_counts_from_when_a_version_was_the_newest(tmp_path: Path):
    index = tmp_path / "index"
    for clips, remove in (([A], []), ([B], ["a.bvh"]), ([C], ["b.bvh"])):
        store(index, clips, remove=remove)
    hour_ago, now = time.time() - 3600, time.time()
    for path in index.rglob("*"):
        os.utime(path, (hour_ago, hour_ago))
    os.utime(index / "manifests" / "00000003.json", (now, now))  # until then version 2 was the newest
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=600)
    assert versions(index) == [2, 3]
    assert_holds(Snapshot.open(index, 2), [B])
    assert len(list((index / "shards").iterdir())) == 2


def test_garbage_is_not_collected_by_a_damaged_manifest(tmp_path: Path):
    """Nobody knows what a damaged manifest names: it could be restored from a backup."""
    index = tmp_path / "index"
    for clips, remove in (([A], []), ([B], ["a.bvh"]), ([C], ["b.bvh"])):
        store(index, clips, remove=remove)
    damaged = index / "manifests" / "00000002.json"
    text = damaged.read_text()
    damaged.write_text("")
    with WriterLock(index):
        collect_garbage(index, keep_versions=2, grace_s=-10.0)
    damaged.write_text(text)
    assert_holds(Snapshot.open(index, 2), [B])
    assert_holds(Snapshot.open(index), [C])


def test_the_newest_version_cannot_be_collected(tmp_path: Path):
    store(tmp_path / "index", [A])
    with WriterLock(tmp_path / "index"), pytest.raises(ValueError, match="the newest version must stay"):
        collect_garbage(tmp_path / "index", keep_versions=0, grace_s=0)
