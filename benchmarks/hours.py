"""How long a two-second query takes in 1, 10 and 100 hours of motion.

    python benchmarks/hours.py [--data DIR] [--hours 1 --hours 10 --hours 100] [--queries 20] [--seconds 2]

Takes of some five minutes, made of real clips (all of ../shared/mocap) and generated ones in random order, each at
another speed, on a body of other proportions, some mirrored; between them the body stands. Up to 10 hours every take
is another; beyond, the takes repeat under other names with the vectors that they have. The index has the vector indexes
that `mretrieve index` makes. Queries are pieces of 2 s, disturbed as in localisation.py, asked warm. The table has
medians over the queries, of processor time ("CPU ms") and of elapsed time, and how many have their moment among the ten
hits (each clip that takes are made of is in many of them, so the first need not be the piece's own).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from mocap_sets import bandai1, cmu_bvh, cmu_expmap, hdm05, mocap_folder
from moments import disturbed, overlap
from rich.console import Console
from rich.table import Table
from stored_clips import SPACES, stored_clip, write_library

from mretrieve import Clip, Index, QueryOptions, canonicalise, read
from mretrieve.demo import make_library
from mretrieve.encoders import load_encoder
from mretrieve.evaluation.stitched import stitched
from mretrieve.motion import CANONICAL_FPS, mirror
from mretrieve.motion.augmentation import change_speed, other_body
from mretrieve.motion.body_parts import PartWeights
from mretrieve.storage.snapshot import Snapshot

TAKE_FRAMES = round(300 * CANONICAL_FPS)
#: So many takes are unlike each other.
DISTINCT_HOURS = 10
#: Of ten hours at most.
SHARD_CLIPS = 128


def material(mocap: Path, folder: Path) -> list[Clip]:
    """The clips that takes are made of."""
    labelled = [*hdm05(mocap), *bandai1(mocap), *cmu_bvh(mocap), *cmu_expmap(mocap)]
    generated = make_library(folder)
    motions = [path for path in generated if path.suffix in (".bvh", ".amc")]
    return [item.clip for item in labelled] + [canonicalise(read(path)[0]) for path in motions]


def takes(clips: list[Clip], hours: int, seed: int = 0) -> Iterator[Clip]:
    """Takes of some five minutes, together at least so many hours."""
    generator = np.random.default_rng(seed)
    left = hours * 3600 * CANONICAL_FPS
    while left > 0:
        renditions: list[Clip] = []
        while sum(clip.frame_count for clip in renditions) < TAKE_FRAMES:
            clip = clips[generator.integers(len(clips))]
            clip = change_speed(clip, generator.uniform(0.8, 1.25))
            clip = other_body(clip, generator, 0.1, 0.0)
            renditions.append(mirror(clip) if generator.random() < 0.5 else clip)
        take, _ = stitched(renditions, generator)
        left -= take.frame_count
        yield take


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--hours", multiple=True, type=click.IntRange(min=1), default=(1, 10, 100), show_default=True)
@click.option("--queries", default=20, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="Length of the queries.")
@click.option("--parts", is_flag=True, help="Ask by the arms alone.")
def main(data: Path | None, hours: tuple[int, ...], queries: int, seconds: float, parts: bool) -> None:
    """Print the table."""
    query_frames = round(seconds * CANONICAL_FPS)
    table = Table(
        "hours", "takes", "windows", "GB", "CPU ms", "slowest", "ms", "read", "encode", "search", "align", "found"
    )
    with TemporaryDirectory() as home:
        clips = material(mocap_folder(data), Path(home) / "generated")
        made = list(takes(clips, min(max(hours), DISTINCT_HOURS)))
        encoders = [load_encoder(name) for name in SPACES]
        distinct = [
            stored_clip(f"take_{number:05}.bvh", take, encoders, content_hash=f"{number:064x}")
            for number, take in enumerate(made)
        ]
        for wanted in sorted(hours):
            lengths = np.cumsum([take.frame_count for take in made]) / CANONICAL_FPS / 3600
            library = distinct[: int(np.searchsorted(lengths, min(wanted, DISTINCT_HOURS))) + 1]
            copies = -(-wanted // DISTINCT_HOURS)
            library = [
                replace(one, clip=f"copy_{copy:02}/{one.clip}", path=f"copy_{copy:02}/{one.path}")
                for copy in range(copies)
                for one in library
            ]
            folder = Path(home) / f"index_{wanted}"
            write_library(folder, library, SHARD_CLIPS, vector_indexes=True)
            snapshot = Snapshot.open(folder)
            index = Index(snapshot)
            generator = np.random.default_rng(1)
            took, found = [], 0
            for number in range(-3, queries):  # the first three warm up
                place = int(generator.integers(len(library) // copies))
                start = int(generator.integers(made[place].frame_count - query_frames))
                query = disturbed(made[place].cut(start, start + query_frames), generator)
                options = QueryOptions(parts=PartWeights.of("arms")) if parts else QueryOptions()
                began, cpu_began = time.perf_counter(), time.process_time()
                answer = index.search(query, options=options)
                total, cpu = 1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - cpu_began)
                if number < 0:
                    continue
                ms = answer.took_ms
                took.append((cpu, total, ms.read, ms.encode, ms.search, ms.rerank))
                span = (start / CANONICAL_FPS, (start + query_frames) / CANONICAL_FPS)
                name = distinct[place].clip
                mine = [hit for hit in answer.hits if hit.clip.endswith(name)]
                found += any(overlap((hit.start_s, hit.end_s), span) >= 0.7 for hit in mine)
            medians = np.median(took, axis=0)
            table.add_row(
                str(wanted),
                str(len(library)),
                f"{len(snapshot.rows.window_clip):,}",
                f"{snapshot.size_bytes / 1e9:.2f}",
                f"{medians[0]:.1f}",
                f"{max(row[0] for row in took):.0f}",
                *(f"{value:.1f}" for value in medians[1:]),
                f"{found} of {queries}" if copies == 1 else "-",  # ten copies of another moment fill the answer
            )
            Console(width=120).print(table)


if __name__ == "__main__":
    main()
