"""How fast `mretrieve index` is, end to end: the command in a fresh process, from the folder to the committed index.

    python benchmarks/indexing.py [--mocap FOLDER] [--jobs N] [--repeats N] [--sets NAME ...] [--copies N]

Start-up is the same command on a folder with the set's smallest motion: interpreter, imports, loading compiled kernels,
the index's folders. Each round runs start-up and set one after the other, and their difference is taken inside the
round: taken between medians of different minutes it measures what else the machine did. The rate is of CPU seconds of
all processes, which other jobs disturb least; wall seconds stand beside it with the load while they were taken.
`sharing` forces a second process on a set for which the command would not start one. "Peak MiB" is the most memory
that one process has held so far. With copies the set is there so many times, under other names: does memory grow? A
first run, which compiles the kernels, is left out. Nothing else that a user could pick does this job, so there is no
alternative to set beside it.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pyarrow.compute as pc

import mretrieve
from mretrieve.storage.snapshot import Snapshot

SETS = ("bandai1", "hdm05", "cmu/bvh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, default=os.environ.get("MRETRIEVE_MOCAP", "../shared/mocap"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--copies", type=int, default=1)
    options = parser.parse_args()
    print(
        f"mretrieve {mretrieve.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, median "
        f"(lowest to highest) of {options.repeats} rounds, files in the page cache\n"
    )
    columns = "set", "frames", "processes", "wall s", "CPU s", "start-up CPU s", "frames per CPU s after start-up"
    print(f"| {' | '.join(columns)} | peak MiB | load |\n{'|---' * (len(columns) + 2)}|")
    for name in options.sets:
        with TemporaryDirectory(prefix="mretrieve-copies-") as scratch:
            folder = options.mocap / name
            if options.copies > 1:
                folder = copied(folder, Path(scratch), options.copies)
            row(name, folder, options.repeats, 1, sharing=False)
            if options.jobs > 1:
                row(f"{name}, sharing", folder, options.repeats, options.jobs, sharing=True)


def row(name: str, folder: Path, repeats: int, jobs: int, sharing: bool) -> None:
    """Measure one set and print it."""
    alone = one_clip(folder)
    walls, cpus, starts = [], [], []
    with TemporaryDirectory(prefix="mretrieve-bench-") as scratch:
        index(folder, Path(scratch, "compiled"), jobs, sharing)
        for number in range(repeats):
            starts.append(index(alone, Path(scratch, f"{number}-alone"), 1, False)[1])
            wall_s, cpu_s = index(folder, Path(scratch, f"{number}"), jobs, sharing)
            walls.append(wall_s)
            cpus.append(cpu_s)
        frames = pc.sum(Snapshot.open(Path(scratch, "0")).clips["source_frame_count"]).as_py()
    rates = [frames / (cpu_s - start_s) for cpu_s, start_s in zip(cpus, starts, strict=True)]
    print(
        f"| {name} | {frames} | {jobs} | {spread(walls)} | {spread(cpus)} | {spread(starts)} | {spread(rates, 0)} | "
        f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} | {os.getloadavg()[0]:.1f} |",
        flush=True,
    )


def spread(values: list[float], decimals: int = 2) -> str:
    """Median (lowest to highest)."""
    low, middle, high = (f"{value:,.{decimals}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


def copied(folder: Path, place: Path, copies: int) -> Path:
    """A folder with the files of a set so many times."""
    for number in range(copies):
        copy = place / f"copy_{number:03}"
        copy.mkdir()
        for path in folder.iterdir():
            (copy / path.name).symlink_to(path.resolve())
    return place


def one_clip(folder: Path) -> Path:
    """A folder with the smallest motion of a set, and its skeleton where it has one."""
    alone = Path(mkdtemp(prefix="mretrieve-one-clip-"))
    motions = [path for path in folder.rglob("*") if path.suffix in (".bvh", ".amc")]
    motion = min(motions, key=lambda path: path.stat().st_size)
    for path in (motion, *motion.parent.glob("*.asf")):
        (alone / path.name).symlink_to(path.resolve())
    return alone


def children_cpu_s() -> float:
    """CPU seconds of all processes that have ended, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def index(folder: Path, place: Path, jobs: int, sharing: bool) -> tuple[float, float]:
    """Run the command in a fresh process; its wall and CPU seconds, helper processes included."""
    force = "import mretrieve.indexer.build as build; build.ALONE_BELOW_BYTES = 0; " if sharing else ""
    program = f"{force}from mretrieve.cli import main; main()"
    command = [sys.executable, "-P", "-c", program, "index", folder, "--index", place, "--jobs", str(jobs)]
    started, cpu_before = time.perf_counter(), children_cpu_s()
    # As the command sets them; the forced import comes before it, and would load BLAS with its threads.
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **threads})
    return time.perf_counter() - started, children_cpu_s() - cpu_before


if __name__ == "__main__":
    main()
