"""The power may fail between any two operations on the disk: the index has the old version or the new one, whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.simulated_disk import Crash, Disk, crash_states, materialise, recorded
from support.small_index import SPACE, assert_holds, made_clip, made_clips, made_labels, store

from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

A, B, C = made_clips("a.bvh", "b.bvh", "c.bvh")
NEWER_B = made_clip("b.bvh", seed=1)
WEIGHTS = b"the weights of an encoder" * 20
Content = tuple[list[ShardClip], dict[str, str]]


@dataclass(frozen=True)
class Scenario:
    """Something that is done to an index, and what it holds before and after."""

    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    before: Content | None  # None: there is no version yet
    after: Content


def _nothing(index: Path) -> None:
    pass


def _first(index: Path) -> None:
    store(index, [A, B], labels=made_labels(a_bvh="walk"))


def _second(index: Path) -> None:
    store(index, [NEWER_B, C], remove=["b.bvh"], labels=made_labels(a_bvh="run", c_bvh="wave"))


def _removal(index: Path) -> None:
    store(index, remove=["a.bvh"])


def _with_weights(index: Path) -> None:
    store(
        index, [NEWER_B, C], remove=["b.bvh"], labels=made_labels(a_bvh="run", c_bvh="wave"), weights={SPACE: WEIGHTS}
    )


def _other_weights(index: Path) -> None:
    _first(index)
    store(index, weights={SPACE: b"those before"})


def _garbage(index: Path) -> None:
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)


def _damaged(index: Path) -> None:
    _first(index)
    (file,) = index.glob("shards/*/motions.h5")
    file.write_bytes(b"\0" * file.stat().st_size)
    store(index, remove=["a.bvh", "b.bvh"])


FIRST: Content = ([A, B], {"a.bvh": "walk"})
SECOND: Content = ([A, NEWER_B, C], {"a.bvh": "run", "c.bvh": "wave"})
SCENARIOS = {
    "first version": Scenario(_nothing, _first, None, FIRST),
    "next version": Scenario(_first, _second, FIRST, SECOND),
    "other weights come": Scenario(_other_weights, _with_weights, FIRST, SECOND),
    "removal only": Scenario(_first, _removal, FIRST, ([B], {})),
    "garbage": Scenario(lambda index: (_first(index), _second(index)), _garbage, SECOND, SECOND),
    "a damaged shard is replaced": Scenario(_damaged, _first, ([], {}), FIRST),
}


def _violations(scenario: Scenario, tmp_path: Path, sees_syncs: bool = True) -> Iterator[str]:
    """In which states that a crash can leave, the index is neither old nor new, or cannot be brought on."""
    home = tmp_path / "home"
    home.mkdir()
    scenario.prepare(home / "index")
    known = versions(home / "index")
    disk = Disk(home)
    operations = recorded(lambda: (scenario.act(home / "index"), None)[1], sees_syncs)
    for number, (done, crash, left) in enumerate(crash_states(disk, operations)):
        place = tmp_path / f"crash{number}"
        materialise(left, place)
        try:
            _check(scenario, place / "index", known, finished=done == len(operations))
        except (AssertionError, IndexStateError) as error:
            yield f"after {done} of {len(operations)} operations, keeping {crash.value}: {error}"


def _check(scenario: Scenario, index: Path, known: list[int], finished: bool) -> None:
    now = versions(index)
    new = now[-1:] > known[-1:] or scenario.act is _garbage
    assert new or not finished, "a version that was reported as made is lost"
    content = scenario.after if new else scenario.before
    if content is None:
        with pytest.raises(IndexStateError, match="mretrieve index"):
            Snapshot.open(index)
    else:
        assert_holds(Snapshot.open(index), *content)
        assert _weights(index) == (WEIGHTS if new and scenario.act is _with_weights else _weights_before(scenario))
        assert scenario.prepare is _damaged or all(problem.harmless for problem in verify(index)), "older versions too"
    if not new:
        scenario.act(index)
        assert_holds(Snapshot.open(index), *scenario.after)
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)
    assert not verify(index), "something is left behind that is never collected"
    assert_holds(Snapshot.open(index), *scenario.after)


def _weights(index: Path) -> bytes | None:
    snapshot = Snapshot.open(index)
    return snapshot.weights(snapshot.encoders[0])


def _weights_before(scenario: Scenario) -> bytes | None:
    return b"those before" if scenario.prepare is _other_weights else None


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_crash_leaves_the_old_version_or_the_new_one(scenario: Scenario, tmp_path: Path):
    assert list(_violations(scenario, tmp_path)) == []


@pytest.mark.parametrize("name", ["first version", "other weights come", "a damaged shard is replaced"])
def test_what_a_killed_writer_left_unsynced_is_certain_after_the_next_one(name: str, tmp_path: Path):
    scenario, home = SCENARIOS[name], tmp_path / "home"
    home.mkdir()
    scenario.prepare(home / "index")
    known = versions(home / "index")
    disk = Disk(home)
    operations = recorded(lambda: (scenario.act(home / "index"), None)[1])
    for done in range(len(operations)):
        killed, lost = tmp_path / f"killed{done}", tmp_path / f"lost{done}"
        materialise(disk.after(Crash.KEEPS_ALL), killed)
        if versions(killed / "index") == known:
            seen_by_the_next = disk.copy(killed)
            for operation in recorded(lambda killed=killed: (scenario.act(killed / "index"), None)[1]):
                seen_by_the_next.apply(*operation)
            materialise(seen_by_the_next.after(Crash.DROPS_ALL), lost)
            _check(scenario, lost / "index", known, finished=True)
        disk.apply(*operations[done])


def test_this_test_would_notice_a_missing_sync(tmp_path: Path):
    assert any(_violations(SCENARIOS["next version"], tmp_path, sees_syncs=False))


def test_nothing_is_removed_before_its_time(tmp_path: Path):
    _first(tmp_path / "index")
    _second(tmp_path / "index")
    with WriterLock(tmp_path / "index"):
        assert collect_garbage(tmp_path / "index", keep_versions=1, grace_s=3600) == []
    assert_holds(Snapshot.open(tmp_path / "index", 1), *FIRST)
