"""An ingest that is killed or stopped: the index stays whole, and the next run goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mretrieve.indexer import build_index
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

WriteMotion = Callable[..., Path]

#: A small ingest in many commits, and helper processes for so little work.
PROGRAM = """
import sys, mretrieve.indexer.build as build
from mretrieve.indexer.compaction import ShardSize
build.ALONE_BELOW_BYTES, build.PIECE_FILES = 0, 2
print("started", flush=True)
build.build_index(sys.argv[1], sys.argv[2], jobs=2, shard_size=ShardSize(clips=4),
                  progress=lambda told: print(told.path, flush=True))
"""


def _started(repository: Path, index: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, repository, index], stdout=subprocess.PIPE, text=True, env=_environment()
    )
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    return process


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}


@pytest.mark.parametrize("seed", [0, 3])
def test_a_killed_ingest_leaves_a_whole_index_and_the_next_run_finishes_it(
    repository: Path, index: Path, write_motion: WriteMotion, seed: int
):
    names = [write_motion(f"{number:02d}.bvh", seed=number).name for number in range(24)]
    for name in names[12:]:
        (repository / name).rename(repository / f".{name}")
    build_index(repository, index, jobs=1)
    for name in names[12:]:
        (repository / f".{name}").rename(repository / name)
    write_motion("00.bvh", seconds=2, seed=99)

    with _started(repository, index) as process:
        assert process.stdout is not None
        for _ in range(seed):  # into the run: a file or two further on each time, and then any moment
            process.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, 0.05))
        process.kill()

    killed = Snapshot.open(index)
    clips = killed.clips["clip"].to_pylist()
    assert set(names[:12]) <= set(clips) <= set(names)
    assert all(len(killed.motion(row)[0]) for row in range(len(clips)))
    build_index(repository, index, jobs=1)
    finished = Snapshot.open(index)
    assert finished.clips["clip"].to_pylist() == names
    assert finished.clips["duration_s"][0].as_py() == pytest.approx(2, abs=0.1)
    assert all(problem.harmless for problem in verify(index))  # what the killed run left is removed an hour later


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_keeps_what_is_read_and_says_how_to_go_on(
    repository: Path, index: Path, write_motion: WriteMotion, number: signal.Signals
):
    names = [write_motion(f"{file:02d}.bvh", seed=file).name for file in range(40)]
    program = (
        "import os, signal, mretrieve.indexer.build as build, mretrieve.indexer.worker as worker\n"
        "from mretrieve.cli import main\n"
        "build.PIECE_FILES, ingest = 5, worker.ingest_in_order\n"
        "def stopped_midway(*arguments):\n"
        "    for number, outcome in enumerate(ingest(*arguments)):\n"
        "        yield outcome\n"
        f"        if number == 3: os.kill(os.getpid(), {int(number)})\n"
        "worker.ingest_in_order = stopped_midway\n"
        "main()\n"
    )
    command = [sys.executable, "-c", program, "index", repository, "--index", index, "--jobs", "1"]
    run = subprocess.run(command, capture_output=True, text=True, env=_environment())
    assert run.returncode == 128 + number, run.stderr
    assert "Interrupted" in run.stdout and f"mretrieve index {repository} --index {index}" in run.stdout
    assert "Traceback" not in run.stderr
    kept = Snapshot.open(index).clips["clip"].to_pylist()
    assert kept == names[: len(kept)] and 20 <= len(kept) < 40 and versions(index) == [1]
    build_index(repository, index, jobs=1)
    assert Snapshot.open(index).clips["clip"].to_pylist() == names
