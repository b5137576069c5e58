"""How fast `mretrieve index` is, end to end: the command in a fresh process, from the folder to the committed index.

    python benchmarks/indexing.py [--mocap FOLDER] [--jobs N] [--repeats N]

Start-up is what the same command takes for a folder with a single clip of one second: interpreter, imports, loading
compiled kernels, the index's folders. A first run, which compiles the kernels, is left out. Nothing else that a user
could pick does this job, so the rows to compare with are one process, and a second run with nothing to do.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

import mretrieve
from mretrieve.index import Snapshot

SETS = ("bandai1", "hdm05", "cmu/bvh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, default=os.environ.get("MRETRIEVE_MOCAP", "../shared/mocap"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(
        f"mretrieve {mretrieve.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores; median (and "
        f"worst) of {options.repeats}; files in the page cache\n"
    )
    print("| set | files | frames | processes | command s | CPU s | start-up s | frames/s after start-up | frames/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in SETS:
        folder, repeats = options.mocap / name, options.repeats
        start_up = measure(one_clip(folder), repeats, 1)
        for jobs in sorted({1, options.jobs}):
            run = measure(folder, repeats, jobs)
            after = run.frames / (run.median_s - start_up.median_s)
            print(
                f"| {name} | {run.files} | {run.frames} | {jobs} | {run.median_s:.2f} ({run.worst_s:.2f}) | "
                f"{run.cpu_s:.2f} | {start_up.median_s:.2f} | {after:,.0f} | {run.frames / run.median_s:,.0f} |"
            )
        run = measure(folder, repeats, 1, warm_index=True)
        print(
            f"| {name}, nothing to do | {run.files} | {run.frames} | 1 | {run.median_s:.2f} ({run.worst_s:.2f}) | "
            f"{run.cpu_s:.2f} | {start_up.median_s:.2f} | | |"
        )


@dataclass(frozen=True)
class Measured:
    """What the repeats of one command took."""

    median_s: float
    worst_s: float
    cpu_s: float  # of all its processes, median
    files: int
    frames: int  # in the files


def one_clip(folder: Path) -> Path:
    """A folder with the smallest motion of a set, and its skeleton where it has one."""
    alone = Path(tempfile.mkdtemp(prefix="mretrieve-one-clip-"))
    motions = [path for path in folder.iterdir() if path.suffix in (".bvh", ".amc")]
    for path in (min(motions, key=lambda path: path.stat().st_size), *folder.glob("*.asf")):
        (alone / path.name).symlink_to(path.resolve())
    return alone


def measure(folder: Path, repeats: int, jobs: int, warm_index: bool = False) -> Measured:
    """Run `mretrieve index` several times, each into an index of its own, or always into one that is up to date."""
    seconds, cpu_s = [], []
    with tempfile.TemporaryDirectory(prefix="mretrieve-bench-") as scratch:
        index(folder, Path(scratch, "warm"), jobs)
        for number in range(repeats):
            place = Path(scratch, "warm" if warm_index else str(number))
            started, cpu_before = time.perf_counter(), children_cpu_s()
            index(folder, place, jobs)
            seconds.append(time.perf_counter() - started)
            cpu_s.append(children_cpu_s() - cpu_before)
        clips = Snapshot.open(place).clips
        frames = pc.sum(clips["source_frame_count"]).as_py()
        median = statistics.median
        return Measured(median(seconds), max(seconds), median(cpu_s), clips.num_rows, frames)


def children_cpu_s() -> float:
    """CPU seconds of all processes that have ended, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def index(folder: Path, place: Path, jobs: int) -> None:
    """Run the command in a fresh process."""
    program = "from mretrieve.cli import main; main()"
    command = [sys.executable, "-P", "-c", program, "index", folder, "--index", place, "--jobs", str(jobs)]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
