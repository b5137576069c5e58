"""Every command that changes an index may end at any call to the disk and leaves the version before or the new one.

The commands themselves are run, on an index of several spaces and shards with trained vector indexes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.simulated_disk import Crash, Disk, Failing, crash_states, materialise, recorded

from mretrieve import build_index, open_index
from mretrieve.errors import IndexStateError
from mretrieve.indexer import compact_index, remove_clips, repair_index
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage import files
from mretrieve.storage.commits import WriterLock, restore
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import shard_folder, versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify
from mretrieve.vectors import choice
from mretrieve.vectors.codes import FLAT_CODES

CLIPS = ["a.bvh", "b.bvh", "c.bvh", "d.bvh"]


@dataclass(frozen=True)
class Command:
    """Something that is done to an index, and what is done to the index or its files before."""

    prepare: Callable[[Path], object]
    run: Callable[[Path], object]
    damages: bool = False
    makes_a_version: bool = True


def _damage_vectors(index: Path) -> None:
    file = shard_folder(index, Snapshot.open(index).shards[0].id) / "pose-statistics.npy"
    file.write_bytes(bytes(file.stat().st_size))


def _damage_motions(index: Path) -> None:
    file = shard_folder(index, Snapshot.open(index).shards[1].id) / "motions.h5"
    file.write_bytes(file.read_bytes()[:-1])


def _damage_older_version(index: Path) -> None:
    old = Snapshot.open(index)
    remove_clips(index, old.shard_clips(0))
    (shard_folder(index, old.shards[0].id) / "motions.h5").unlink()


def _change_files(index: Path) -> None:
    motions = index.parent / "motions"
    (motions / "a.bvh").unlink()
    (motions / "b.bvh").write_bytes((motions / "c.bvh").read_bytes())


def _remove(index: Path) -> None:
    if "b.bvh" in open_index(index).clips:
        remove_clips(index, ["b.bvh"])


def _roll_back(index: Path) -> None:
    with WriterLock(index):
        restore(index, versions(index)[0])


def _collect(index: Path) -> None:
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)


COMMANDS = {
    "index": Command(_change_files, lambda index: _update(index)),
    "remove": Command(lambda index: None, _remove),
    "compact": Command(_remove, compact_index),
    "repair of vectors": Command(_damage_vectors, repair_index, damages=True),
    "repair from motion files": Command(_damage_motions, repair_index, damages=True),
    "repair drops a version": Command(_damage_older_version, repair_index, damages=True, makes_a_version=False),
    "rollback": Command(_remove, _roll_back),
    "collection": Command(_remove, _collect, makes_a_version=False),
}


#: The others are tried in tests/storage.
CRASHES = (Crash.KEEPS_ALL, Crash.DROPS_ALL)


@pytest.fixture(autouse=True)
def few_windows_train_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LEAST_WINDOWS", 2)


def _update(index: Path) -> None:
    build_index(index.parent / "motions", index, jobs=1, shard_size=ShardSize(clips=2), prune=True)


@pytest.fixture(scope="module")
def made(bvh_text: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `motions/` and their `index/`: two spaces, two shards, a vector index for each length."""
    home = tmp_path_factory.mktemp("interrupted") / "home"
    (home / "motions").mkdir(parents=True)
    labels = home / "motions" / "labels.csv"
    labels.write_text("path,label\n" + "".join(f"{name},{name[0]}\n" for name in CLIPS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "LEAST_WINDOWS", 2)
        for names in (CLIPS[:2], CLIPS[2:]):  # a shard for each run
            for name in names:
                (home / "motions" / name).write_text(bvh_text(0.5, CLIPS.index(name)))
            build_index(
                home / "motions",
                home / "index",
                labels=labels,
                jobs=1,
                vector_index=FLAT_CODES.name,
                shard_size=ShardSize(clips=2),
            )
    _collect(home / "index")
    return home


def _prepared(command: Command, made: Path, folder: Path) -> Path:
    home = shutil.copytree(made, folder)
    command.prepare(home / "index")
    return home


def _seen(index: Path) -> str:
    """What an index holds and answers; two indexes of the same content are seen the same."""
    opened = open_index(index)
    snapshot = opened.snapshot
    labels = snapshot.clips.select(["clip", "label", "content_hash"]).to_pylist()
    (answer,) = opened.search_many([opened.clips[0]], k=10)
    hits: list[Any] = [{**hit.to_dict(), "file": None} for hit in answer]
    digest = hashlib.sha256()
    with suppress(IndexStateError):  # a damaged shard has less
        for row in range(len(labels)):
            digest.update(snapshot.motion(row)[0].tobytes())
        for encoder in snapshot.encoders:
            digest.update(np.ascontiguousarray(snapshot.vectors(encoder.name)).tobytes())
    return json.dumps([labels, answer.partial, hits, digest.hexdigest()])


class Judge:
    """Compares an index that was interrupted with what it was before, and what the command makes of it."""

    def __init__(self, command: Command, made: Path, folder: Path) -> None:
        self._command = command
        index = _prepared(command, made, folder) / "index"
        self.newest, self._before = versions(index)[-1], _seen(index)
        command.run(index)
        self.after = _seen(index)
        assert (versions(index)[-1] > self.newest) == command.makes_a_version

    def check(self, index: Path, finished: bool) -> None:
        made = versions(index)[-1] > self.newest
        assert made or not (finished and self._command.makes_a_version), "a version that was made is lost"
        seen = _seen(index)
        mended = self._command.damages and seen == self.after  # a shard that is made again has the name that it had
        assert seen == (self.after if made or mended else self._before), "neither the old version nor the new"
        if not made:
            self._command.run(index)
            assert _seen(index) == self.after, "running it again does not finish it"
        if finished:
            _collect(index)
            assert not verify(index), "something is damaged or left behind"


def _violations(judge: Judge, command: Command, home: Path, sees_syncs: bool = True) -> Iterator[str]:
    disk = Disk(home)
    operations = recorded(lambda: (command.run(home / "index"), None)[1], sees_syncs)
    for number, (done, crash, left) in enumerate(crash_states(disk, operations)):
        if crash not in CRASHES:
            continue
        place = home.with_name(f"crash{number}")
        materialise(left, place)
        try:
            judge.check(place / "index", finished=done == len(operations))
        except (AssertionError, IndexStateError) as error:
            yield f"after {done} of {len(operations)} operations, keeping {crash.value}: {error}"
        shutil.rmtree(place)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_crash_leaves_the_old_content_or_the_new(command: Command, made: Path, tmp_path: Path):
    judge = Judge(command, made, tmp_path / "judged")
    assert list(_violations(judge, command, _prepared(command, made, tmp_path / "home"))) == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_failing_call_leaves_the_old_content_or_the_new(command: Command, made: Path, tmp_path: Path):
    judge = Judge(command, made, tmp_path / "judged")
    nth, calls = 0, 1
    while nth < calls:
        nth += 1
        home = _prepared(command, made, tmp_path / f"home{nth}")
        failing = Failing(nth, errno.EIO, for_good=bool(nth % 2))
        failed = False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "os", failing)
            try:
                command.run(home / "index")
            except IndexStateError as error:
                failed = True
                assert "Input/output error" in str(error) and "\n" not in str(error), f"call {nth}"
        calls = max(calls, failing.calls + (nth == failing.calls or failed))
        judge.check(home / "index", finished=False)
        shutil.rmtree(home)
    assert not failed and nth > 3


def test_this_test_would_notice_a_missing_sync(made: Path, tmp_path: Path):
    command = COMMANDS["remove"]
    judge = Judge(command, made, tmp_path / "judged")
    assert any(_violations(judge, command, _prepared(command, made, tmp_path / "home"), sees_syncs=False))
