"""Structure-aware fuzzing of what is not a motion file: indexes, and the texts that users and programs write.

    python benchmarks/fuzz.py TARGET [--minutes M] [--seed N]

`indexes` changes a file of a small index with vector indexes and labels, or values in its manifest, and makes all sums
right again; then it is opened, searched and verified. `texts` makes conditions (`--where`), label files, rig maps,
keypoint files and saved answers, and reads them. All may only be answered, or refused by an MRetrieveError in one line,
within two seconds and 1 GiB of memory. What happens in a process of its own that is over a limit, raises another error
or dies is printed with its seed. Motion files are changed by `mutants.py`.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import multiprocessing  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable  # noqa: E402
from multiprocessing.connection import Connection  # noqa: E402
from pathlib import Path  # noqa: E402
from random import Random  # noqa: E402
from tempfile import TemporaryDirectory  # noqa: E402

import click  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzz_texts import attempt_text  # noqa: E402
from support.mutations import mutate  # noqa: E402
from support.resealed import reseal  # noqa: E402
from support.structured_mutations import _json, mutate_structure  # noqa: E402

from mretrieve import build_index, open_index  # noqa: E402
from mretrieve.demo import make_library  # noqa: E402
from mretrieve.errors import MRetrieveError  # noqa: E402
from mretrieve.indexer.compaction import ShardSize  # noqa: E402
from mretrieve.printable import printable  # noqa: E402
from mretrieve.storage.layout import MANIFESTS, REPORTS  # noqa: E402
from mretrieve.storage.verification import verify  # noqa: E402
from mretrieve.vectors import choice  # noqa: E402

_MEMORY_BYTES, _LONGEST_S, _HANGS_S = 1 << 30, 2.0, 60.0
#: Makes something hostile in a folder from a seed and uses it; the outcome begins with capitals if it is a fault.
_ATTEMPT = Callable[[Path, int], str]


def make_index(place: Path) -> None:
    """A small index of several shards, with labels and vector indexes, `place / "index"`."""
    made = [path for path in make_library(place / "made") if path.suffix == ".bvh"]
    made.sort(key=lambda path: path.stat().st_size)
    (place / "motions").mkdir()
    rows = [f"{path.rename(place / 'motions' / path.name).name},{path.name[:3]}" for path in made[:6]]
    (place / "labels.csv").write_text("path,label\n" + "\n".join(rows) + "\n")
    choice.LEAST_WINDOWS = 2
    build_index(
        place / "motions",
        place / "index",
        labels=[place / "labels.csv"],
        jobs=1,
        vector_index="flat-codes",
        shard_size=ShardSize(clips=3),
    )


def attempt_index(place: Path, seed: int) -> str:
    """Change an index, and use it."""
    chance = Random(seed)
    copy = place / f"copy-{os.getpid()}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place / "index", copy)
    files = [
        path for path in sorted(copy.rglob("*")) if path.is_file() and path.parent.name not in (MANIFESTS, REPORTS)
    ]
    if chance.random() < 0.4:
        what = "manifest"
        reseal(copy, lambda content: _json(chance, content))
    else:
        file = chance.choice([path for path in files if path.parent != copy])
        what = file.suffix
        content = file.read_bytes()
        change = mutate_structure if chance.random() < 0.7 else mutate
        file.write_bytes(change(content, seed)[: 1 << 22])
        reseal(copy)
    refused = ""
    try:
        opened = open_index(copy)
        for clip in list(opened.clips)[:1]:
            for options in ({"k": 3}, {"k": 2, "parts": {"arms": 1.0}}, {"k": 2, "where": "duration_s > 1"}):
                refused = _one_line(lambda clip=clip, options=options: opened.search(clip, **options)) or refused
    except MRetrieveError as error:
        refused = _said(error)
    refused = _one_line(lambda: verify(copy)) or refused
    if refused.startswith("MESSAGE"):
        return refused
    return f"{what}: {'refused' if refused else 'answered'}"


def _one_line(run: Callable[[], object]) -> str:
    try:
        run()
    except MRetrieveError as error:
        return _said(error)
    return ""


def _said(error: MRetrieveError) -> str:
    is_line = "\n" not in str(error) and len(printable(str(error))) < 2000
    return "refused" if is_line else f"MESSAGE of several lines: {str(error)[:300]!r}"


def attempts(attempt: _ATTEMPT, place: Path, first: int, until: float, answers: Connection) -> None:
    """Sends (seed, outcome, seconds) of each attempt; runs in a process of its own."""
    for seed in range(3):  # everything is imported and compiled before the memory is limited
        _quietly(attempt, place, seed)
    if sys.platform == "linux":
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY_BYTES, resource.RLIM_INFINITY))
    seed = first
    while time.time() < until:
        answers.send((seed, None, 0.0))
        started = time.process_time()
        outcome = _quietly(attempt, place, seed)
        answers.send((seed, outcome, time.process_time() - started))
        seed += 1


def _quietly(attempt: _ATTEMPT, place: Path, seed: int) -> str:
    try:
        return attempt(place, seed)
    except Exception as error:  # what this program looks for
        trace, last = error.__traceback__, ""
        while trace is not None:
            last = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            trace = trace.tb_next
        return f"TRACEBACK {type(error).__name__} at {last}: {str(error)[:200]!r}"


@click.command(help=__doc__)
@click.argument("target", type=click.Choice(["indexes", "texts"]))
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Number of the first attempt.")
def main(target: str, minutes: float, seed: int) -> None:
    outcomes: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    context, until, slowest_s = multiprocessing.get_context("spawn"), time.time() + 60 * minutes, 0.0
    with TemporaryDirectory() as folder:
        place = Path(folder)
        if target == "indexes":
            make_index(place)
        attempt = attempt_index if target == "indexes" else attempt_text
        while time.time() < until:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=attempts, args=(attempt, place, seed, until, sender))
            process.start()
            sender.close()
            fault, outcome = f"nothing after {_HANGS_S:g} s", None
            try:
                while receiver.poll(_HANGS_S):
                    seed, outcome, taken_s = receiver.recv()
                    slowest_s = max(slowest_s, taken_s)
                    if outcome is None:
                        continue
                    if outcome.split()[0].isupper():
                        if not faults[outcome]:
                            print(f"{seed}: {outcome}", file=sys.stderr, flush=True)
                        faults[outcome] += 1
                    elif taken_s > _LONGEST_S:
                        faults[f"{taken_s:.1f} s"] += 1
                        print(f"{seed}: {taken_s:.1f} s", file=sys.stderr, flush=True)
                    outcomes[outcome.split(" at ")[0]] += 1
            except EOFError:
                process.join()
                fault = f"the process ended with {process.exitcode}"
            process.kill()
            process.join()
            if time.time() < until:
                faults[fault] += 1
                print(f"{seed}: {fault}", file=sys.stderr, flush=True)
            seed += 1
    for what, count in sorted(outcomes.items()):
        print(f"{count:8} {what}")
    print(f"{outcomes.total()} attempts, {faults.total()} faults, the slowest {slowest_s:.2f} s ({minutes:g} minutes)")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
