"""Indexing on a Ray cluster: the same index as without one, whatever dies on the way. Skipped without Ray."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support import deadly_file

from mretrieve.errors import MRetrieveError
from mretrieve.indexer import Outcome, build, build_index
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

WriteMotion = Callable[..., Path]

SMALL_SHARDS = ShardSize(clips=4)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two CPUs that this process is connected to."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for its workers
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture
def names(write_motion: WriteMotion, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Motions that are read two files at a time, by worker processes if there is no cluster."""
    monkeypatch.setattr(build, "PIECE_FILES", 2)
    monkeypatch.setattr(build, "ALONE_BELOW_BYTES", 0)
    return [write_motion(f"{number:02d}.bvh", seconds=1 + number % 3, seed=number).name for number in range(12)]


def test_the_index_is_the_same_to_the_last_byte_as_without_a_cluster(
    cluster: str, repository: Path, index: Path, names: list[str], write_motion: WriteMotion
):
    (repository / "05.bvh").write_text("HIERARCHY\n")

    def both() -> tuple[Snapshot, Snapshot]:
        reports = [
            build_index(repository, path, shard_size=SMALL_SHARDS, jobs=jobs, ray=ray)
            for path, jobs, ray in ((index.with_name("alone"), 2, None), (index, None, cluster))
        ]
        assert reports[0].entries == reports[1].entries
        alone, on_cluster = (Snapshot.open(Path(report.index)) for report in reports)
        assert [shard.id for shard in on_cluster.shards] == [shard.id for shard in alone.shards]
        assert on_cluster.clips.equals(alone.clips)
        assert np.array_equal(on_cluster.vectors("pose-statistics"), alone.vectors("pose-statistics"))
        return alone, on_cluster

    alone, on_cluster = both()
    assert len(alone.shards) == 3 and versions(on_cluster.index) != versions(alone.index)  # commits are fewer
    (repository / "00.bvh").unlink()
    write_motion("03.bvh", seconds=2, seed=99)
    write_motion("new.bvh", seed=50)
    both()  # with stored clips of small shards, which the driver has


def test_only_the_file_that_kills_its_process_each_time_is_refused(
    cluster: str, repository: Path, index: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.ray_workers._read", deadly_file.read_in_task)
    report = build_index(repository, index, ray=cluster)
    assert [entry.path for entry in report.of(Outcome.REFUSED)] == [deadly_file.NAME]
    assert report.of(Outcome.REFUSED)[0].reason.startswith("the process that read it died")
    assert Snapshot.open(index).clips["clip"].to_pylist() == [name for name in names if name != deadly_file.NAME]


def test_work_of_a_process_that_dies_once_is_done_again(
    cluster: str, repository: Path, index: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.ray_workers._read", deadly_file.read_in_second_task)
    report = build_index(repository, index, shard_size=SMALL_SHARDS, ray=cluster)
    assert (repository / deadly_file.DIED).exists() and not report.of(Outcome.REFUSED)
    assert Snapshot.open(index).clips["clip"].to_pylist() == names


def test_after_a_killed_driver_the_index_is_whole_and_the_next_run_finishes(
    cluster: str, repository: Path, index: Path, names: list[str]
):
    build_index(repository, index, jobs=1)
    for name in names[:6]:
        (repository / name).rename(repository / f"again_{name}")
    program = (
        "import os, signal, sys, mretrieve.indexer.build as build, mretrieve.indexer.ray_workers as ray_workers\n"
        "build.PIECE_FILES, ray_workers.SHARDS_AT_ONCE = 1, 1\n"
        "def kill(now):\n"
        "    if now.files_done == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "build.build_index(*sys.argv[1:3], ray=sys.argv[3], shard_size=build.ShardSize(clips=2), progress=kill)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", program, repository, index, cluster], env=environment)
    assert run.returncode == -9
    killed = Snapshot.open(index)
    clips = killed.clips["clip"].to_pylist()
    assert set(names[6:]) <= set(clips) and any(clip.startswith("again") for clip in clips)
    assert all(len(killed.motion(row)[0]) for row in range(len(clips)))
    build_index(repository, index, ray=cluster)
    assert Snapshot.open(index).clips["clip"].to_pylist() == sorted([*names[6:], *(f"again_{n}" for n in names[:6])])
    assert all(problem.harmless for problem in verify(index))


def test_a_node_without_the_folders_or_with_another_version_stops_the_run(cluster: str, tmp_path: Path):
    from mretrieve.indexer.ray_workers import _check_node, _Work
    from mretrieve.version import __version__

    with pytest.raises(MRetrieveError, match=r"has no folder .*gone; mount it"):
        _check_node(_Work(None, __version__, (tmp_path, tmp_path / "gone")))  # type: ignore[arg-type]
    with pytest.raises(MRetrieveError, match=r"not 0\.0\.1; install the same"):
        _check_node(_Work(None, "0.0.1", ()))  # type: ignore[arg-type]


def test_without_ray_the_message_says_how_to_install_it(
    repository: Path, index: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "mretrieve.indexer.ray_workers", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MRetrieveError, match=r"Ray is not installed; .*\[ray\]"):
        build_index(repository, index, ray="auto")
    assert versions(index) == []


@pytest.mark.parametrize("address", ["127.0.0.1:1", "head"])
def test_a_cluster_that_cannot_be_reached_is_an_error_at_once(
    repository: Path, index: Path, names: list[str], address: str
):
    if (ray := pytest.importorskip("ray")).is_initialized():
        ray.shutdown()  # the last tests of the module
    with pytest.raises(MRetrieveError, match=f"{address}: no Ray cluster can be reached"):
        build_index(repository, index, ray=address)
    assert versions(index) == []
