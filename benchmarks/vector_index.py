"""Searches among many vectors: each kind of vector index, next to faiss, hnswlib, usearch and LanceDB in the same run.

A library is an index on the disk in shards of 512 clips, searched by what queries search with. Its vectors are

- random: numbers in normal clusters, made from a seed;
- real: those that `pose-statistics` gives the windows of takes made of real motion (`benchmarks/hours.py`). Beyond
  --distinct, they are weighted means of three windows of one take, 0.7, 0.2 and 0.1, in an order of chance, which lie
  closer together than those of other motion would.

Queries are windows of clips that the library lacks. Peers hold the numbers without the terms that depend on a vector's
norm, at Euclidean distance; those that find too few rows look for more, until 99 % of the 100 nearest are found. Recall
is that of the exact inner products for mretrieve and Flat, and of the distances that they compute for the other peers.
hnswlib, usearch and LanceDB take part if they can be imported. All but LanceDB use one thread. Searches take turns, and
times are of the processor: of each query and batch the least of seven, because other programs run on the same cores; of
the queries the median.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from hours import material, takes
from mocap_sets import mocap_folder
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from vector_peers import PEERS, WANTED, Contender, K, Library, Search, Vectors, peers, recall

from mretrieve.encoders import load_encoder
from mretrieve.encoders.encoder import query_vectors, scaled_vectors
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, cut_windows
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.layout import vector_index_file
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter, build_vector_index, open_vectors, trained_kind

SPACE, LENGTH = "vectors", 30
CLIP_WINDOWS, SHARD_CLIPS = 100, 512
BATCH, ROUNDS = 64, 7


def random_library(count: int, dimension: int, queries: int) -> Library:
    """Clusters of some 200 windows in numbers that are normally distributed."""
    chance = np.random.default_rng(0)
    centres = 1.5 * chance.standard_normal((max(1, count // 200), dimension - 2), np.float32)
    numbers = chance.standard_normal((count + queries, dimension - 2), np.float32)
    numbers += centres[chance.integers(0, len(centres), len(numbers))]
    stored = scaled_vectors(numbers, np.einsum("nd,nd->n", numbers, numbers), float(dimension))
    return Library(stored[queries:], stored[:queries], query_vectors)


def real_vectors(data: Path | None, count: int) -> Iterator[tuple[Vectors, int]]:
    """Vectors of windows of takes, at least so many, each with the number of its take."""
    encoder = load_encoder("pose-statistics")
    with TemporaryDirectory() as folder:
        clips = material(mocap_folder(data), Path(folder))
    for number, take in enumerate(takes(clips, 10_000)):
        windows = cut_windows(take.frame_count, DEFAULT_WINDOWS)
        yield encoder.encode_windows(take, windows), number
        count -= len(windows)
        if count <= 0:
            return


def real_library(vectors: Vectors, take: NDArray[np.int64], count: int, queries: int) -> Library:
    """The last takes are for the queries; the others are filled up with means of their windows."""
    encoder = load_encoder("pose-statistics")
    chance = np.random.default_rng(0)
    asked = take >= take[-2 * queries]
    own, take = vectors[~asked], take[~asked]
    stored = np.empty((count, vectors.shape[1]), np.float32)
    stored[: len(own)] = own[:count]
    starts, ends = np.searchsorted(take, take), np.searchsorted(take, take, side="right")
    for first in range(len(own), count, 8192):
        rows = chance.integers(0, len(own), min(8192, count - first))
        others = [chance.integers(starts[rows], ends[rows]) for _ in range(2)]
        weights = np.tile(np.float32([0.7, 0.2, 0.1]), (len(rows), 1))
        stored[first : first + len(rows)] = encoder.blend(own[np.stack([rows, *others], axis=1)], weights)
    return Library(stored, chance.permutation(vectors[asked])[:queries], encoder.as_queries)


def written(folder: Path, vectors: Vectors) -> Snapshot:
    """An index with a clip for each 100 vectors."""
    positions, observed = np.zeros((2 * LENGTH, 22, 3), np.float32), np.ones((2 * LENGTH, 22), bool)
    starts = np.arange(CLIP_WINDOWS) % LENGTH
    windows = np.concatenate([[[0, 2 * LENGTH]], np.stack([starts, starts + LENGTH], axis=1)]).astype(np.int32)
    clips = (
        ShardClip(
            clip=f"{first:09}",
            path=f"{first:09}",
            body="",
            content_hash="",
            size_bytes=0,
            mtime_ns=0,
            rig="canonical",
            rig_confidence=1.0,
            fps=CANONICAL_FPS,
            source_frame_count=2 * LENGTH,
            start_s=0.0,
            metres_per_unit=1.0,
            notes=(),
            positions=positions,
            observed=observed,
            windows=windows[: 1 + len(vectors) - first],
            vectors={SPACE: np.concatenate([vectors[first, None], vectors[first : first + CLIP_WINDOWS]])},
        )
        for first in range(0, len(vectors), CLIP_WINDOWS)
    )
    folder.mkdir()
    with WriterLock(folder):
        shards = []
        while some := list(islice(clips, SHARD_CLIPS)):
            shards.append(write_shard(folder, some))
        encoder = EncoderRecord(SPACE, "0", vectors.shape[1])
        commit(
            folder,
            None,
            folders={"": folder.parent},
            fps=CANONICAL_FPS,
            encoders=[encoder],
            windows=DEFAULT_WINDOWS,
            add=shards,
        )
    return Snapshot.open(folder)


def with_index(snapshot: Snapshot, kind: str, as_queries: Callable[[Vectors], Vectors]) -> tuple[Snapshot, float]:
    """The next version with an index of a kind, and how long it took to make, in seconds of the processor."""
    counts = {shard: count for shard, (count, _) in snapshot.window_counts(LENGTH).items()}
    with WriterLock(snapshot.index):
        began = time.process_time()
        record = build_vector_index(snapshot, SPACE, LENGTH, trained_kind(kind), counts, as_queries, WANTED)
        took = time.process_time() - began
        commit(
            snapshot.index,
            snapshot,
            folders=snapshot.folders,
            fps=CANONICAL_FPS,
            encoders=snapshot.encoders,
            windows=snapshot.windows_settings,
            vector_indexes=[record],
        )
    return Snapshot.open(snapshot.index), took


def times_of(contenders: Sequence[Contender]) -> NDArray[np.float64]:
    """Milliseconds of a query and of one in a batch, of each contender: (C, 2). They take turns, by all queries."""
    count = len(contenders[0].queries)
    single, batch = np.empty((ROUNDS, len(contenders), count)), np.empty((ROUNDS, len(contenders)))
    for turn, place in np.ndindex(batch.shape):
        each = contenders[place]
        several = np.resize(each.queries, (BATCH, each.queries.shape[1]))
        for number, query in enumerate(each.queries):
            began = time.process_time()
            each.search(query[None])
            single[turn, place, number] = time.process_time() - began
        began = time.process_time()
        each.search(several)
        batch[turn, place] = time.process_time() - began
    return 1e3 * np.stack([np.median(single.min(axis=0), axis=1), batch.min(axis=0) / BATCH], axis=1)


def ours(snapshot: Snapshot, library: Library, kinds: Sequence[str], exact: NDArray[np.int64]) -> Iterator[Contender]:
    """Exact search of the vectors, then each kind, through what a query searches with."""
    queries = library.as_queries(library.queries)
    count, dimension = library.stored.shape
    first = snapshot.rows.of_length(LENGTH).start

    def through(index: Any) -> Search:
        return lambda asked: index.search(asked, K, RowFilter(LENGTH)).rows - first

    yield Contender("mretrieve flat", through(FlatIndex(snapshot, [SPACE])), queries, exact, 0.0, 4.0 * dimension)
    for kind in kinds:
        newer, made_s = with_index(Snapshot.open(snapshot.index), kind, library.as_queries)
        (record,) = newer.vector_indexes
        size = vector_index_file(newer.index, record.file.id).stat().st_size / count
        effort = ", ".join(f"{key} {value}" for key, value in record.settings.items() if key in ("rescored", "probed"))
        name = f"mretrieve {kind}" + (f" ({effort})" if effort else "")
        yield Contender(name, through(open_vectors(newer, [SPACE])), queries, exact, made_s, size)


def brute_force(library: Library) -> NDArray[np.int64]:
    """The 100 rows with the largest inner products in float64, rounded to float32; equal ones by row."""
    asked = library.as_queries(library.queries).astype(np.float64).T
    products = np.concatenate(
        [
            library.stored[first : first + 20_000].astype(np.float64) @ asked
            for first in range(0, len(library.stored), 20_000)
        ]
    ).astype(np.float32)
    return np.argsort(-products, axis=0, kind="stable")[:K].T


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path), help="Real motion; without --real none is needed.")
@click.option("--random", "random_sizes", multiple=True, metavar="ROWSxNUMBERS")
@click.option("--real", "real_sizes", multiple=True, type=click.IntRange(min=10_000), metavar="ROWS")
@click.option("--distinct", default=250_000, show_default=True, help="Windows that real vectors are made of.")
@click.option(
    "--vectors", type=click.Path(path_type=Path), help="An .npz file: real vectors are kept there, and taken from it."
)
@click.option("--kinds", default="flat-codes,fast-scan,ivf-fast-scan", show_default=True, help="Of vector index.")
@click.option("--peers", "names", default=",".join(PEERS), show_default=True)
@click.option("--queries", default=50, show_default=True)
def main(
    data: Path | None,
    random_sizes: tuple[str, ...],
    real_sizes: tuple[int, ...],
    distinct: int,
    vectors: Path | None,
    kinds: str,
    names: str,
    queries: int,
) -> None:
    """Print a table for each library."""
    for size in random_sizes:
        count, dimension = map(int, size.split("x"))
        report(
            f"{count:,} x {dimension}, random",
            random_library(count, dimension, queries),
            kinds.split(","),
            names.split(","),
        )
    if not real_sizes:
        return
    if vectors and vectors.exists():
        made, take = (np.load(vectors)[name] for name in ("vectors", "take"))
    else:
        pairs = list(real_vectors(data, distinct))
        made, take = (
            np.concatenate([own for own, _ in pairs]),
            np.repeat([n for _, n in pairs], [len(v) for v, _ in pairs]),
        )
        if vectors:
            np.savez(vectors, vectors=made, take=take)
    for count in real_sizes:
        library = real_library(made, take, count, queries)
        title = f"{count:,} x {made.shape[1]}, real, {min(len(made), count):,} distinct"
        report(title, library, kinds.split(","), names.split(","))


def report(title: str, library: Library, kinds: Sequence[str], names: Sequence[str]) -> None:
    """Print the table of one library."""
    table = Table("search", "ms", "ms in batch", "10@10", "100@100", "same ids", "made, s", "bytes a row", title=title)
    exact = brute_force(library)
    with TemporaryDirectory() as home:
        contenders = []
        snapshot = written(Path(home) / "index", library.stored)
        for each in chain(ours(snapshot, library, kinds, exact), peers(library, exact, names, Path(home))):
            click.echo(each.name, err=True)
            contenders.append(each)
        times = times_of(contenders)
        found = [each.search(each.queries) for each in contenders]
    for each, rows, (single_ms, batch_ms) in zip(contenders, found, times.tolist(), strict=True):
        table.add_row(
            each.name,
            f"{single_ms:.2f}",
            f"{batch_ms:.2f}",
            *(f"{recall(rows, each.exact, count):.3f}" for count in (10, K)),
            f"{int((rows == each.exact).all(axis=1).sum())} of {len(exact)}",
            f"{each.made_s:.0f}",
            f"{each.row_bytes:.0f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
