"""Queries on a Ray cluster of three nodes: the answers of one process, whichever node dies. Skipped without Ray."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.generated_library import Library

from mretrieve import Answer, build_index, open_index
from mretrieve.cli import main
from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors.parts import split
from mretrieve.vectors.ray_parts import RayParts, _checksum, _Holder, _Version
from mretrieve.version import __version__


@pytest.fixture(scope="module")
def shards(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated library in an index of several shards."""
    index = tmp_path_factory.mktemp("shards") / "index"
    build_index(library.folder, index, jobs=1, shard_size=ShardSize(clips=9))
    return index


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one CPU each; this process is connected to the first."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    ray.shutdown()  # tests of another module may have used one
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for its workers
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        node = {"num_cpus": 1, "object_store_memory": 80_000_000}
        started = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        for _ in range(2):
            started.add_node(**node)
        ray.init(started.address, log_to_driver=False, logging_level="error")
    yield started
    ray.shutdown()
    started.shutdown()


def _hits(answer: Answer) -> list[dict[str, Any]]:
    return [hit.to_dict() for hit in answer]


def test_answers_are_those_of_one_process_in_python_and_on_the_command_line(
    cluster: Any, shards: Path, library: Library
):
    alone, together = open_index(shards), open_index(shards, ray=cluster.address)
    for query in (library.short_clip, library.long_take):
        for options in ({}, {"mirror": "both", "k": 30}, {"where": "duration_s > 3"}, {"parts": "arms=1"}):
            answer = together.search(query, **options)
            assert _hits(answer) == _hits(alone.search(query, **options)) and not answer.partial
    word = ("query", library.short_clip, "--index", str(shards), "--format", "csv")
    printed = [CliRunner().invoke(main, [*word, *more]) for more in ((), ("--ray", cluster.address))]
    assert printed[0].exit_code == printed[1].exit_code == 0
    assert printed[0].output == printed[1].output


def test_a_node_that_dies_fails_no_query_and_changes_no_answer(cluster: Any, shards: Path, library: Library):
    alone, together = open_index(shards), open_index(shards, ray=cluster.address)
    queries = [clip for clip in alone.clips if "_take_" not in clip][:8]
    expected = {query: _hits(alone.search(query)) for query in queries}
    for number in range(4 * len(queries)):
        if number == len(queries):
            cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        answer = together.search(queries[number % len(queries)])
        assert not answer.partial and _hits(answer) == expected[answer.query]


def test_an_actor_opens_only_the_version_of_the_index_that_it_was_started_for(shards: Path):
    snapshot = Snapshot.open(shards)
    version = _Version(shards, snapshot.version, _checksum(snapshot.manifest), __version__)
    (part,) = split(snapshot, 1)
    _Holder(version, part).check()
    for other, message in (
        (replace(version, checksum="0"), "another index"),
        (replace(version, index=shards.with_name("gone")), "no such folder"),
        (replace(version, mretrieve="0.0.1"), "not 0.0.1; install the same"),
    ):
        with pytest.raises(MRetrieveError, match=message):
            _Holder(other, part).check()


def test_an_index_that_a_node_lacks_is_refused(cluster: Any, shards: Path):
    snapshot, hidden = Snapshot.open(shards), shards.with_name("hidden")
    shards.rename(hidden)
    try:
        with pytest.raises(IndexStateError, match=r"index.*no such folder"):
            RayParts(snapshot, cluster.address)
    finally:
        hidden.rename(shards)
