"""Queries on a Ray cluster of three nodes on this machine: the answers of one process, also while a node is killed.

    pip install ray && python benchmarks/cluster.py [--queries 1000]

The library is the generated one, in shards of nine clips. The clips are asked in turn, with 20 candidates each. A node
is killed after a third of the queries, and another one joins after two thirds. Every answer is compared with that of
one process: it has to be equal in hits, order, scores and times, or say that it is partial.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from mretrieve import Answer, build_index, open_index
from mretrieve.demo import make_library
from mretrieve.indexer.compaction import ShardSize

NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


def hits(answer: Answer) -> list[dict[str, Any]]:
    return [hit.to_dict() for hit in answer]


@click.command(help=__doc__)
@click.option("--queries", default=1000, show_default=True)
def main(queries: int) -> None:
    """Print the table."""
    os.environ.update(PYTHONPATH=os.pathsep.join(sys.path), RAY_USAGE_STATS_ENABLED="0")
    import ray
    from ray.cluster_utils import Cluster

    with TemporaryDirectory() as home:
        library, index = Path(home) / "library", Path(home) / "index"
        make_library(library)
        build_index(library, index, jobs=1, shard_size=ShardSize(clips=9))
        cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        nodes = [cluster.add_node(**NODE) for _ in range(2)]
        ray.init(cluster.address, log_to_driver=False, logging_level="error")
        alone = open_index(index)
        began = time.perf_counter()
        together = open_index(index, ray=cluster.address)
        click.echo(f"{len(alone)} clips, opened on the cluster in {time.perf_counter() - began:.1f} s")
        clips = [clip for clip in alone.clips if "_take_" not in clip]
        expected = {clip: alone.search(clip, rerank=20) for clip in clips}
        events: dict[int, Callable[[], Any]] = {
            queries // 3: lambda: cluster.remove_node(nodes[0], allow_graceful=False),
            2 * queries // 3: lambda: cluster.add_node(**NODE),
        }
        equal, partial, wrong, failed = 0, 0, 0, 0
        search_ms, took_ms = [], []
        for number in range(queries):
            events.get(number, lambda: None)()
            clip = clips[number % len(clips)]
            began = time.perf_counter()
            try:
                answer = together.search(clip, rerank=20)
            except Exception as error:
                click.echo(f"{clip}: {error}", err=True)
                failed += 1
                continue
            took_ms.append(1e3 * (time.perf_counter() - began))
            search_ms.append(answer.took_ms.search)
            same = hits(answer) == hits(expected[clip])
            partial += answer.partial
            equal += same and not answer.partial
            wrong += not same and not answer.partial
        table = Table(
            "queries", "equal", "partial", "wrong", "failed", "search, one process", "search, cluster", "slowest"
        )
        once = float(np.median([answer.took_ms.search for answer in expected.values()]))
        table.add_row(
            *(str(count) for count in (queries, equal, partial, wrong, failed)),
            f"{once:.1f} ms",
            f"{np.median(search_ms):.1f} ms",
            f"{max(took_ms):.0f} ms, query {int(np.argmax(took_ms))}",
        )
        Console(width=140).print(table)
        del together
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
