"""Filters of each kind of vector index: whether a search gives k rows, those of brute force, and how long it takes.

The libraries are those of vector_index.py. A filter allows a random share of the clips, down to a single one. Times
are of the processor, medians over the queries of the least of three.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from vector_index import LENGTH, SPACE, random_library, with_index, written
from vector_peers import K, Library, recall

from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter, VectorIndex, kind_names, open_vectors

SHARES = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001)


@click.command(help=__doc__)
@click.option("--random", "size", default="40000x64", show_default=True, metavar="ROWSxNUMBERS")
@click.option("--kinds", default=",".join(kind_names()), show_default=True)
@click.option("--queries", default=20, show_default=True)
def main(size: str, kinds: str, queries: int) -> None:
    """Print a table."""
    count, dimension = map(int, size.split("x"))
    library = random_library(count, dimension, queries)
    title = f"{count:,} x {dimension}, random, {K} nearest: share found, ms"
    table = Table("search", *(f"{100 * share:g} %" for share in SHARES), "all there", "equal below 5 %", title=title)
    with TemporaryDirectory() as home:
        snapshot = written(Path(home) / "index", library.stored)
        for kind in kinds.split(","):
            newer = snapshot
            if kind != FlatIndex.kind:
                newer, _ = with_index(Snapshot.open(snapshot.index), kind, library.as_queries)
            table.add_row(kind, *cells(open_vectors(newer, [SPACE]), newer, library))
    Console(width=140).print(table)


def cells(index: VectorIndex, snapshot: Snapshot, library: Library) -> list[str]:
    """Share of the nearest rows found and milliseconds for each filter, then whether the promises are kept."""
    queries, chance = library.as_queries(library.queries), np.random.default_rng(1)
    clip_count = snapshot.rows.clip_count
    clips_of_rows = snapshot.rows.window_clip[snapshot.rows.of_length(LENGTH)]
    vectors = library.stored.astype(np.float64)
    products = (queries.astype(np.float64) @ vectors.T).astype(np.float32)
    texts, all_there, equal = [], True, True
    for share in SHARES:
        allowed = np.zeros(clip_count, bool)
        allowed[chance.choice(clip_count, max(1, round(share * clip_count)), replace=False)] = True
        rows = RowFilter(LENGTH, None if share == 1 else allowed)
        own = np.flatnonzero(allowed[clips_of_rows])
        exact = own[np.argsort(-products[:, own], axis=1, kind="stable")[:, :K]]
        found = np.array([index.search(query[None], K, rows).rows[0] for query in queries])
        found -= snapshot.rows.of_length(LENGTH).start
        all_there &= found.shape == exact.shape and bool(np.isin(found, own).all())
        equal &= share >= 0.05 or np.array_equal(found, exact)
        times = np.empty((3, len(queries)))
        for place in np.ndindex(times.shape):
            began = time.process_time()
            index.search(queries[place[1], None], K, rows)
            times[place] = time.process_time() - began
        ms = 1e3 * float(np.median(times.min(axis=0)))
        texts.append(f"{recall(found, exact, exact.shape[1]):.3f}, {ms:.2f}")
    return [*texts, "yes" if all_there else "no", "yes" if equal else "no"]


if __name__ == "__main__":
    main()
