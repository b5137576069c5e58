"""Queries of one pose: whether a pose of the library comes first, and how long it takes.

    python benchmarks/poses.py [--motions DIR] [--queries N] [--seed N]

The poses are frames of indexed clips, chosen at random, moved to the origin and turned by chance, in whole millimetres
as a page or a program would send them. A query has nothing to do with the clip that its pose is from. Without a folder
the library is the demo's.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from mretrieve import Clip, Index, build_index, open_index
from mretrieve.demo import make_library
from mretrieve.motion.rotations import rotation_about


def measure(index: Index, queries: int, seed: int) -> None:
    """Print the figures of an index."""
    random, snapshot = np.random.default_rng(seed), index.snapshot
    first, times = 0, []
    index.search(index.clips[0], k=1)
    for row in random.integers(len(index), size=queries).tolist():
        positions, _ = snapshot.motion(row)
        frame = int(random.integers(len(positions)))
        pose = positions[frame] - positions[frame, 0] * [1, 0, 1]
        pose = np.round(pose @ rotation_about(1, random.uniform(0, 2 * np.pi, 1))[0].T, 3).astype(np.float32)
        started = time.perf_counter()
        best = index.search(Clip(pose[None], np.ones((1, 22), bool)), k=10)[0]
        times.append(time.perf_counter() - started)
        first += best.clip == index.clips[row] and abs(round(30 * best.start_s) - frame) <= 1
    frames = int(snapshot.rows.clip_frames.sum())
    print(f"{len(index)} clips, {frames} poses")
    print(f"the clip and the frame, or the one before or after, come first: {first} of {queries}")
    print(f"time of a query: {1000 * statistics.median(times):.0f} ms")


@click.command(help=__doc__)
@click.option("--motions", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--queries", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(motions: Path | None, queries: int, seed: int) -> None:
    """Print the figures."""
    with TemporaryDirectory() as name:
        if motions is None:
            motions = Path(name) / "library"
            make_library(motions)
        build_index(motions, Path(name) / "index")
        measure(open_index(Path(name) / "index"), queries, seed)


if __name__ == "__main__":
    main()
