"""Kill -9 at random times during `mretrieve index`: is the index whole each time, and does the next run finish it?

    python benchmarks/crash.py [--mocap FOLDER] [--kills N] [--seed N]

Each time an index of half of a set is brought up to date with the whole set, and the process is killed: every other
time at any moment of the run, else within 50 ms of the first byte that it writes, when shards and versions are made. A
kill that comes too late is repeated. Then the index is opened, every byte of it is verified, and the same command runs
again, to the end. Exit status 1 if an index was ever in another state than the old or the new one, or did not come to
the same clips as an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, default=os.environ.get("MRETRIEVE_MOCAP", "../shared/mocap"))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mretrieve-crash-") as scratch:
        sys.exit(kill_many(options.mocap / "bandai1", Path(scratch), options.kills, random.Random(options.seed)))


def kill_many(source: Path, scratch: Path, kills: int, chance: random.Random) -> int:
    """Print the table; 1 where a kill did harm."""
    repository, before = scratch / "repository", scratch / "before"
    repository.mkdir()
    files = sorted(source.glob("*.bvh"))
    for file in files[::2]:
        (repository / file.name).symlink_to(file.resolve())
    index(repository, before).wait()
    for file in files[1::2]:
        (repository / file.name).symlink_to(file.resolve())
    undisturbed = copied(before, scratch / "undisturbed")
    started = time.perf_counter()
    index(repository, undisturbed).wait()
    whole_run_s = time.perf_counter() - started
    old, new = (Snapshot.open(place) for place in (before, undisturbed))
    print(f"{len(files)} files, half of them new; an undisturbed run takes {whole_run_s:.2f} s\n")
    print("| kill | when | version | clips | state | verify | left over | after the next run |")
    print("|---|---|---|---|---|---|---|---|")
    harmed = 0
    for number in range(1, kills + 1):
        place = copied(before, scratch / f"{number}")
        while True:
            process = index(repository, place)
            if moment := wait_for_moment(process, place, chance, whole_run_s, in_writing=number % 2 == 0):
                break
            shutil.rmtree(place)
            copied(before, place)
        process.kill()
        process.wait()
        opened = Snapshot.open(place)
        state = "old" if same(opened, old) else "new" if same(opened, new) else "NEITHER"
        problems = verify(place)
        wrong = sum(not problem.harmless for problem in problems)
        index(repository, place).wait()
        after = Snapshot.open(place)
        healed = same(after, new) and not [problem for problem in verify(place) if not problem.harmless]
        harmed += state == "NEITHER" or wrong > 0 or not healed
        cells = [
            number,
            moment,
            opened.version,
            opened.clips.num_rows,
            state,
            f"{wrong} WRONG" if wrong else "whole",
            len(problems) - wrong,
            f"{'as undisturbed' if healed else 'DIFFERS'}, {after.clips.num_rows} clips",
        ]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        shutil.rmtree(place)
    print(f"\n{kills} kills, {harmed} did harm")
    return 1 if harmed else 0


def wait_for_moment(
    process: subprocess.Popen[bytes], place: Path, chance: random.Random, whole_run_s: float, in_writing: bool
) -> str:
    """Wait for the time of a kill, and name it; "" where the process has ended before."""
    if not in_writing:
        delay_s = chance.uniform(0, whole_run_s)
        time.sleep(delay_s)
        return "" if process.poll() is not None else f"{delay_s:.2f} s into the run"
    shards_before = len(list((place / "shards").iterdir()))
    while len(list((place / "shards").iterdir())) == shards_before:
        if process.poll() is not None:
            return ""
    delay_s = chance.uniform(0, 0.05)
    time.sleep(delay_s)
    return "" if process.poll() is not None else f"{1e3 * delay_s:.1f} ms into writing"


def same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots hold the same clips with the same windows and vectors."""
    return (
        one.clips.equals(other.clips)
        and np.array_equal(one.rows.window_start, other.rows.window_start)
        and all(np.array_equal(one.vectors(space.name), other.vectors(space.name)) for space in one.encoders)
    )


def copied(index_folder: Path, place: Path) -> Path:
    """A copy of an index, beside it, so that the way to its repository is the same."""
    shutil.copytree(index_folder, place)
    return place


def index(repository: Path, place: Path) -> subprocess.Popen[bytes]:
    """Start `mretrieve index`."""
    program = "from mretrieve.cli import main; main()"
    command = [sys.executable, "-P", "-c", program, "index", repository, "--index", place]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
