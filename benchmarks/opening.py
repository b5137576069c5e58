"""How long an index takes to open, by its number of clips, and after many updates of one clip.

    python benchmarks/opening.py [--clips N]... [--updates N]

Clips have one frame and 14 windows, with vectors of 4 numbers: what opening reads depends on neither. "open" is the
manifest, the sizes of all files and the rows of clips and windows; "table" is the table of clips, which the first hit
reads. The last row is an index to which clips were added one by one, each in a run of `mretrieve index`. Medians in
milliseconds of processor time, files in the page cache.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from mretrieve.demo import make_library
from mretrieve.indexer import build_index
from mretrieve.indexer.compaction import DEFAULT_SIZE
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.records import EncoderRecord, WindowSettings
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

WINDOWS = 14
SPACE = EncoderRecord("pose-statistics", "0" * 12, 4)
REPEATS = 9


def made_clips(number: int) -> Iterator[ShardClip]:
    """So many clips of one frame."""
    positions, observed = np.zeros((1, 22, 3), np.float32), np.ones((1, 22), bool)
    windows = np.tile(np.array([[0, 1]], np.int32), (WINDOWS, 1))
    vectors = {SPACE.name: np.ones((WINDOWS, SPACE.dimension), np.float32)}
    for each in range(number):
        name = f"session_{each // 1000:05d}/take_{each:07d}.bvh"
        yield ShardClip(
            clip=name,
            path=name,
            body="",
            content_hash=f"{each:064x}",
            size_bytes=1,
            mtime_ns=1,
            rig="CMU",
            rig_confidence=1.0,
            fps=CANONICAL_FPS,
            source_frame_count=1,
            start_s=0.0,
            metres_per_unit=1.0,
            notes=(),
            positions=positions,
            observed=observed,
            windows=windows,
            vectors=vectors,
        )


def write_index(index: Path, number: int) -> None:
    """An index of so many clips, in full shards, in one version."""
    with WriterLock(index):
        made, shards = made_clips(number), []
        while clips := list(islice(made, DEFAULT_SIZE.clips)):
            shards.append(write_shard(index, clips))
        commit(
            index,
            None,
            folders={"": index.parent},
            fps=CANONICAL_FPS,
            encoders=[SPACE],
            windows=WindowSettings((1.0,), 0.5),
            add=shards,
        )


def grown_index(folder: Path, updates: int) -> Path:
    """The index of a folder that got one file before each run of `mretrieve index`."""
    source, library, index = folder / "source", folder / "library", folder / "grown"
    library.mkdir()
    motions = [path for path in make_library(source) if path.suffix == ".bvh"]
    for number in range(updates):
        (library / f"{number:04d}.bvh").write_bytes(motions[number % len(motions)].read_bytes())
        build_index(library, index, jobs=1)
    return index


def open_ms(index: Path) -> tuple[float, float]:
    """Milliseconds to open an index, and to read the table of its clips."""
    opened, read = [], []
    for _ in range(REPEATS):
        started = time.process_time()
        snapshot = Snapshot.open(index)
        _ = snapshot.rows
        opened.append(time.process_time() - started)
        _ = snapshot.clips
        read.append(time.process_time() - started - opened[-1])
    return 1e3 * statistics.median(opened), 1e3 * statistics.median(read)


@click.command(help=__doc__)
@click.option("--clips", multiple=True, type=click.IntRange(min=1), default=(1_000, 50_000), show_default=True)
@click.option("--updates", type=click.IntRange(min=0), default=200, show_default=True)
def main(clips: tuple[int, ...], updates: int) -> None:
    """Print the table."""
    table = Table("clips", "windows", "shards", "manifest kB", "open ms", "table ms")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, size in enumerate(clips):
            index = folder / f"{number}"
            write_index(index, size)
            table.add_row(*_row(index, f"{size:,}"))
        if updates:
            table.add_row(*_row(grown_index(folder, updates), f"{updates}, one by one"))
    Console().print(table)


def _row(index: Path, title: str) -> list[str]:
    snapshot = Snapshot.open(index)
    manifest = max((index / "manifests").iterdir())
    opened, read = open_ms(index)
    counts = f"{len(snapshot.rows.window_clip):,}", f"{len(snapshot.shards)}", f"{manifest.stat().st_size / 1e3:.0f}"
    return [title, *counts, f"{opened:.1f}", f"{read:.1f}"]


if __name__ == "__main__":
    main()
