"""Two writers and four readers of one index: is every acknowledged clip found, is anything foreign, is memory flat?

    python benchmarks/crowd.py [--minutes M] [--seed N]

Each writer owns half of the files of a folder. It changes, adds or removes one of its own, and runs `mretrieve index`,
which may be refused because the other one writes; when it is done, the file is acknowledged. Readers open the newest
version again and again. They must find all that was acknowledged before, nothing that was never in the folder, of each
clip the motion and vectors that its content gives, and the same answer of a version that they have open before and
after others were made. Old versions are collected meanwhile, those of the last five seconds excepted. Memory is
what each process has of its own (RssAnon), the median of each tenth of the time; the first tenth is warming up.
"""

from __future__ import annotations

import multiprocessing
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
from churning_index import Pool, held, make_pool, name_of, update, wrongly_answered, wrongly_stored
from rich.console import Console
from rich.table import Table

from mretrieve import open_index
from mretrieve.errors import IndexStateError
from mretrieve.indexer import build, compaction

CONTENTS, FILES_OF_WRITER = 12, 6
WRITERS, READERS = 2, 4
GRACE_S, TENTHS = 5.0, 10
#: At the end of a run memory may be so much larger than after the first tenth.
_FLAT = 1.2


class Ledger:
    """What each file held, in order; one line each time, appended before the file changes and after the index knows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, what: str, name: str, hashed: str) -> None:
        """`what` is "writes" or "knows"; a file that is gone has the hash "-"."""
        with self._path.open("a") as file:
            file.write(f"{what} {name} {hashed}\n")

    def histories(self) -> dict[str, tuple[list[str], int]]:
        """For each file all that it ever held, and which of these the index knows at least; -1 for none."""
        found: dict[str, tuple[list[str], int]] = {}
        for line in self._path.read_text().splitlines():
            what, name, hashed = line.split()
            history, known = found.get(name, ([], -1))
            found[name] = ([*history, hashed], known) if what == "writes" else (history, len(history) - 1)
        return found


def write(place: Path, pool: Pool, number: int, until: float, seed: int, answers: Connection) -> None:
    """Change files and index them; sends counts and memory."""
    chance = Random(f"{seed} {number}")
    build.GRACE_S = compaction.GRACE_S = GRACE_S
    build.KEPT_VERSIONS = compaction.KEPT_VERSIONS = 2
    ledger, count, memory = Ledger(place / "ledger"), Counter[str](), []
    while time.time() < until:
        name = name_of(number * FILES_OF_WRITER + chance.randrange(FILES_OF_WRITER))
        file, made = place / "motions" / name, place / f"new{number}"
        if file.exists() and chance.random() < 0.3:
            hashed = "-"
            ledger.add("writes", name, hashed)
            file.unlink()
        else:
            which = chance.randrange(len(pool.contents))
            hashed = pool.hashes[which]
            ledger.add("writes", name, hashed)
            made.write_bytes(pool.contents[which])
            made.replace(file)
        while True:
            try:
                update(place / "motions", place / "index")
                break
            except IndexStateError as error:
                if "is being written" not in str(error):
                    count[str(error)] += 1
                count["refused while the other writes"] += 1
                time.sleep(0.02)
        ledger.add("knows", name, hashed)
        count["runs of `index`"] += 1
        memory.append((time.time(), own_memory()))
    answers.send((count, memory))


def read(place: Path, pool: Pool, number: int, until: float, seed: int, answers: Connection) -> None:
    """Open, compare and search; sends counts and memory."""
    chance = Random(f"{seed} reads {number}")
    ledger, count, memory, seen = Ledger(place / "ledger"), Counter[str](), [], set[int]()
    while time.time() < until:
        known = ledger.histories()
        opened = open_index(place / "index")
        now = ledger.histories()
        clips = held(opened.snapshot)
        seen.add(opened.snapshot.version)
        for name, (_, first) in known.items():
            if first < 0:
                continue
            count["acknowledged files looked for"] += 1
            since = now[name][0][first:]  # the writer may have changed it again
            if clips.get(name, "-") not in since:
                count["WRONG: acknowledged and not found"] += 1
                version, found = opened.snapshot.version, clips.get(name, "-")[:8]
                print(f"version {version} has {found} for {name}, not {[each[:8] for each in since]}", file=sys.stderr)
        count["WRONG: foreign clips"] += sum(hashed not in now.get(name, ([],))[0] for name, hashed in clips.items())
        count["WRONG: clips that are not what their content gives"] += len(wrongly_stored(opened.snapshot, pool))
        if not clips:
            continue
        clip = chance.choice(list(clips))
        first_answer = [hit.to_dict() for hit in opened.search(clip, k=20)]
        time.sleep(chance.uniform(0, 1.0))
        count["WRONG: answers"] += bool(wrongly_answered(opened, clip))
        again = [hit.to_dict() for hit in opened.search(clip, k=20)]
        count["WRONG: versions mixed in an answer"] += again != first_answer
        count["queries"] += 3
        memory.append((time.time(), own_memory()))
    count["versions seen"] = len(seen)
    answers.send((count, memory))


def own_memory() -> int:
    """RssAnon of this process in KiB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    found = re.search(r"RssAnon:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) if found else 0


def tenths(memory: list[tuple[float, int]], started: float, until: float) -> Iterator[float]:
    """The median memory in each tenth of the time, in MiB."""
    for number in range(TENTHS):
        bounds = [started + (until - started) * share / TENTHS for share in (number, number + 1)]
        sizes = [size for at, size in memory if bounds[0] <= at < bounds[1]]
        yield median(sizes) / 1024 if sizes else float("nan")


@click.command(help=__doc__)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(minutes: float, seed: int) -> None:
    context = multiprocessing.get_context("fork")
    total, rows = Counter[str](), []
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "motions").mkdir()
        pool = make_pool(place, CONTENTS)
        for number in range(WRITERS):
            name = name_of(number * FILES_OF_WRITER)
            Ledger(place / "ledger").add("writes", name, pool.hashes[number])
            (place / "motions" / name).write_bytes(pool.contents[number])
        update(place / "motions", place / "index")
        started = time.time()
        until = started + 60 * minutes
        running: list[tuple[str, Any, Connection]] = []
        for role, task, count in (("writer", write, WRITERS), ("reader", read, READERS)):
            for number in range(count):
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=task, args=(place, pool, number, until, seed, sender))
                process.start()
                sender.close()
                running.append((f"{role} {number}", process, receiver))
        for name, process, receiver in running:
            try:
                counted, memory = receiver.recv()
            except EOFError:
                counted, memory = Counter({f"WRONG: {name} died": 1}), []
            process.join()
            total += counted
            rows.append((name, list(tenths(memory, started, until))))
    table = Table("MiB in each tenth", *map(str, range(1, TENTHS + 1)), "flat")
    for name, sizes in rows:
        flat = not sizes[-1] > _FLAT * sizes[1]  # a short run has tenths without a sample
        total["WRONG: memory grows"] += not flat
        table.add_row(name, *(f"{size:.0f}" for size in sizes), "yes" if flat else "NO")
    Console(width=120).print(table)
    for what, number in sorted(total.items()):
        print(f"{number:8} {what}")
    wrong = sum(number for what, number in total.items() if what.startswith("WRONG"))
    print(f"{wrong} faults (seed {seed}, {minutes:g} minutes)")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
