"""How long an index takes to open and to answer, by its number of clips, and after many updates of one clip.

    python benchmarks/opening.py [--clips N]... [--updates N] [--asked N]... [--data DIR] [--queries N]

Clips have one frame and 14 windows, with vectors of 4 numbers: what opening reads depends on neither. "open" is the
manifest and the sizes of all files; "rows" are the rows of clips and windows, whose checksum the first query compares;
"table" is the table of clips, which the first hit reads. The next row is an index to which clips were added one by one,
each in a run of `mretrieve index`. The rows with queries (--asked) are of real clips (HDM05, CMU, Bandai) at other
speeds, on bodies of other proportions, half of them mirrored, with the vectors and the vector indexes that
`mretrieve index` makes; at most DISTINCT are different, and the others repeat them under other names. Queries are clips
of these sets as they are long, disturbed as in localisation.py, asked warm. Medians in milliseconds of processor time,
files in the page cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from mocap_sets import bandai1, cmu_bvh, hdm05, mocap_folder
from moments import disturbed
from rich.console import Console
from rich.table import Table
from stored_clips import SPACES, stored_clip, write_library

from mretrieve import Clip, open_index
from mretrieve.demo import make_library
from mretrieve.encoders import load_encoder
from mretrieve.indexer import build_index
from mretrieve.indexer.compaction import DEFAULT_SIZE
from mretrieve.motion import CANONICAL_FPS, mirror
from mretrieve.motion.augmentation import change_speed, other_body
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.records import EncoderRecord, WindowSettings
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

WINDOWS = 14
SPACE = EncoderRecord("pose-statistics", "0" * 12, 4)
REPEATS = 9
#: So many real clips are different; others have the vectors of one of them.
DISTINCT = 5_000


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


def renditions(clips: list[Clip], number: int) -> Iterator[ShardClip]:
    """So many clips made of real ones."""
    generator, encoders = np.random.default_rng(0), [load_encoder(name) for name in SPACES]
    made: list[ShardClip] = []
    for each in range(number):
        name = f"session_{each // 1000:05d}/take_{each:07d}.bvh"
        if each < DISTINCT:
            clip = change_speed(clips[generator.integers(len(clips))], generator.uniform(0.8, 1.25))
            clip = other_body(clip, generator, 0.1, 0.0)
            clip = mirror(clip) if generator.random() < 0.5 else clip
            made.append(stored_clip(name, clip, encoders, content_hash=f"{each:064x}"))
        yield replace(made[each % DISTINCT], clip=name, path=name)


def query_ms(index: Path, clips: list[Clip], count: int) -> list[float]:
    """Milliseconds of warm queries."""
    generator, opened, took = np.random.default_rng(1), open_index(index), []
    for number in range(-3, count):  # the first three warm up
        query = disturbed(clips[generator.integers(len(clips))], generator)
        started = time.process_time()
        opened.search(query)
        took += [1e3 * (time.process_time() - started)] if number >= 0 else []
    return took


def open_ms(index: Path) -> list[float]:
    """Milliseconds to open an index, and to read the rows and the table of its clips."""
    taken = []
    for _ in range(REPEATS):
        times = [time.process_time()]
        snapshot = Snapshot.open(index)
        times.append(time.process_time())
        _ = snapshot.rows
        times.append(time.process_time())
        _ = snapshot.clips
        times.append(time.process_time())
        taken.append(np.diff(times))
    return [1e3 * float(value) for value in np.median(taken, axis=0)]


@click.command(help=__doc__)
@click.option("--clips", multiple=True, type=click.IntRange(min=1), default=(1_000, 50_000), show_default=True)
@click.option("--updates", type=click.IntRange(min=0), default=200, show_default=True)
@click.option("--asked", multiple=True, type=click.IntRange(min=0), default=(50_000,), show_default=True)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--queries", type=click.IntRange(min=1), default=100, show_default=True)
def main(clips: tuple[int, ...], updates: int, asked: tuple[int, ...], data: Path | None, queries: int) -> None:
    """Print the table."""
    table = Table(
        "clips", "windows", "shards", "manifest kB", "open ms", "rows ms", "table ms", "p50", "p90", "slowest"
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, size in enumerate(clips):
            index = folder / f"{number}"
            write_index(index, size)
            table.add_row(*_row(index, f"{size:,}"))
        if updates:
            table.add_row(*_row(grown_index(folder, updates), f"{updates}, one by one"))
        for number, size in enumerate(filter(None, asked)):
            mocap, index = mocap_folder(data), folder / f"asked-{number}"
            real = [item.clip for read in (hdm05, cmu_bvh, bandai1) for item in read(mocap)]
            write_library(index, renditions(real, size), DEFAULT_SIZE.clips, vector_indexes=True)
            took = query_ms(index, real, queries)
            spread = [f"{value:.0f}" for value in (*np.quantile(took, [0.5, 0.9]), max(took))]
            table.add_row(*_row(index, f"{size:,}, asked"), *spread)
    Console(width=120).print(table)


def _row(index: Path, title: str) -> list[str]:
    snapshot = Snapshot.open(index)
    manifest = max((index / "manifests").iterdir())
    counts = f"{len(snapshot.rows.window_clip):,}", f"{len(snapshot.shards)}", f"{manifest.stat().st_size / 1e3:.0f}"
    return [title, *counts, *(f"{value:.1f}" for value in open_ms(index))]


if __name__ == "__main__":
    main()
