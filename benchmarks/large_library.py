"""Vector search in a library that does not fit memory: build time, size, memory, recall and latency of each kind.

    python benchmarks/large_library.py FOLDER --vectors real.npz [--rows 10000000] [--kinds fast-scan,rabitq]

`real.npz` has what `pose-statistics` gives windows of takes made of real motion (benchmarks/vector_index.py makes and
keeps it with --vectors). The library has these, without the last takes, and weighted means of three windows of one
take. Queries are real windows of the last takes, each once. Means lie closer together than other motion would; so the
recall of the real windows alone is printed too, among which every query has its ten nearest looked for.

FOLDER keeps the index, so that a run continues where another ended. Before queries are measured, the pages of all files
are dropped; "touched" is what is in memory of them afterwards, which the system may take back. "Memory" is what it may
not, without mapped files. One thread; times are of the processor, and of the clock. Linux only.
"""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from vector_index import LENGTH, SPACE, K, Vectors, recall, with_index, written

from mretrieve.encoders import load_encoder
from mretrieve.storage.layout import shard_folder, vector_index_file, vectors_file, versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import RowFilter, open_vectors

CHUNK = 8_000


class Blended:
    """The stored vectors (N, D), made when they are read, in their order."""

    def __init__(self, real: Vectors, take: NDArray[np.int64], count: int) -> None:
        self.shape = (count, real.shape[1])
        self._real, self._encoder = real, load_encoder("pose-statistics")
        self._starts, self._ends = np.searchsorted(take, take), np.searchsorted(take, take, side="right")
        self._chunk, self._number = real[:0], -1

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, item: slice | tuple[int, None]) -> Vectors:
        first, stop = (item.start, item.stop) if isinstance(item, slice) else (item[0], item[0] + 1)
        if first // CHUNK != self._number:
            self._number = first // CHUNK
            self._chunk = self._made(self._number * CHUNK)
        offset = self._number * CHUNK
        return self._chunk[first - offset : stop - offset]

    def _made(self, first: int) -> Vectors:
        stop = min(first + CHUNK, len(self))
        own = self._real[first:stop]
        chance = np.random.default_rng(first)
        rows = chance.integers(0, len(self._real), stop - first - len(own))
        others = [chance.integers(self._starts[rows], self._ends[rows]) for _ in range(2)]
        weights = np.tile(np.float32([0.7, 0.2, 0.1]), (len(rows), 1))
        return np.concatenate([own, self._encoder.blend(self._real[np.stack([rows, *others], axis=1)], weights)])


def nearest(snapshot: Snapshot, queries: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """Rows and products (Q, K) of brute force in float64, one shard after the other."""
    wide = queries.astype(np.float64).T
    rows = np.zeros((len(queries), 0), np.int64)
    products = np.zeros((len(queries), 0), np.float32)
    for block in snapshot.vector_blocks(SPACE, LENGTH):
        own = (block.numbers().astype(np.float64) @ wide).astype(np.float32).T
        best = np.argpartition(-own, K - 1, axis=1)[:, :K]
        products = np.concatenate([products, np.take_along_axis(own, best, axis=1)], axis=1)
        rows = np.concatenate([rows, block.rows[best]], axis=1)
        order = np.lexsort((rows, -products), axis=1)[:, :K]
        rows, products = np.take_along_axis(rows, order, axis=1), np.take_along_axis(products, order, axis=1)
    return rows, products


def drop_pages(snapshot: Snapshot) -> None:
    """Make the system forget what it has read of the files of an index, as far as no process has it mapped."""
    for path in snapshot.index.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def pages_in_memory(paths: list[Path]) -> int:
    """Bytes of some files that are in memory."""
    import ctypes

    mincore, total = ctypes.CDLL(None, use_errno=True).mincore, 0
    for path in paths:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            view = np.frombuffer(content, np.uint8)
            flags = np.zeros(-(-len(content) // mmap.PAGESIZE), np.uint8)
            mincore(
                ctypes.c_void_p(view.ctypes.data), ctypes.c_size_t(len(content)), ctypes.c_void_p(flags.ctypes.data)
            )
            total += int((flags & 1).sum()) * mmap.PAGESIZE
            del view
    return total


def anonymous_gb() -> float:
    """Memory of this process that is not of mapped files."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) * 1024 / 1e9


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--vectors", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rows", default=10_000_000, show_default=True)
@click.option("--kinds", default="fast-scan,rabitq", show_default=True)
@click.option("--queries", default=1000, show_default=True)
@click.option("--measured", default=100, show_default=True, help="Queries whose recall is measured.")
@click.option("--timed", default=1000, show_default=True, help="Queries whose time is measured, at least --measured.")
def main(folder: Path, vectors: Path, rows: int, kinds: str, queries: int, measured: int, timed: int) -> None:
    """Print the table."""
    with np.load(vectors) as content:
        real, take = content["vectors"], content["take"]
    asked = take >= take[-2 * queries]
    as_queries = load_encoder("pose-statistics").as_queries
    chosen = as_queries(np.random.default_rng(0).permutation(real[asked])[:queries])
    real, take = real[~asked], take[~asked]
    index = folder / "index"
    if not index.exists() or not versions(index):
        began = time.process_time()
        written(index, Blended(real, take, rows))
        click.echo(f"written in {time.process_time() - began:.0f} s of the processor")
    snapshot = Snapshot.open(index, 1)
    truth = folder / f"nearest_{measured}.npy"
    if not truth.exists():
        np.save(truth, nearest(snapshot, chosen[:measured])[0])
    exact = np.load(truth)
    first = snapshot.rows.of_length(LENGTH).start
    table = Table(
        *("kind", "made, s", "bytes a row", "recall measured at build", "10@10", "100@100", "10@10 of real"),
        *("p50, wall, ms", "p95, wall, ms", "memory, GB", "touched, GB"),
        title=f"{len(snapshot.rows.window_clip) - snapshot.rows.clip_count:,} x {real.shape[1]}, {len(real):,} real",
    )
    for kind in filter(None, kinds.split(",")):
        made = folder / f"{kind}.txt"
        if not made.exists():
            newer, took_s = with_index(Snapshot.open(index), kind, as_queries)
            made.write_text(f"{newer.version} {took_s:.0f}")
            click.echo(f"{kind}: made in {took_s:.0f} s of the processor; run again to measure")
            return
        version, made_s = made.read_text().split()
        drop_pages(snapshot)
        opened = Snapshot.open(index, int(version))
        (record,) = opened.vector_indexes
        search = open_vectors(opened, [SPACE])
        search.search(chosen[:1], K, RowFilter(LENGTH))
        times, walls, found = [], [], []
        for query in chosen[:timed]:
            began, wall = time.thread_time(), time.perf_counter()
            found.append(search.search(query[None], K, RowFilter(LENGTH)).rows[0])
            times.append(1e3 * (time.thread_time() - began))
            walls.append(1e3 * (time.perf_counter() - wall))
        nearest_real = [[row for row in own if row - first < len(real)] for own in exact.tolist()]
        shares = [
            len(set(own[:10]) & set(rows.tolist())) / 10
            for own, rows in zip(nearest_real, found, strict=False)
            if len(own) >= 10
        ]
        paths = [shard_folder(index, shard.id) / vectors_file(SPACE) for shard in opened.shards]
        table.add_row(
            f"{kind} (rescored {record.settings['rescored']})",
            made_s,
            f"{vector_index_file(index, record.file.id).stat().st_size / rows:.0f}",
            f"{record.recall_at_10:.3f}, {record.recall_at_100:.3f}",
            *(f"{recall(np.array(found[:measured]), exact, count):.3f}" for count in (10, K)),
            f"{np.mean(shares):.3f} of {len(shares)}" if shares else "-",
            *(f"{np.percentile(times, share):.1f}, {np.percentile(walls, share):.1f}" for share in (50, 95)),
            f"{anonymous_gb():.2f}",
            f"{pages_in_memory(paths) / 1e9:.2f}",
        )
        Console(width=140).print(table)


if __name__ == "__main__":
    main()
