"""Damaged files of every format: read, or refused by an MRetrieveError in one line, within a second and 512 MiB.

    python benchmarks/mutants.py --data FOLDER [--count 20000] [--seed 0] [--only bvh,c3d]

The smallest files of each format below the folder, and generated ones of formats without any, are damaged as
`tests/support/structured_mutations.py` says, and read as `mretrieve index` does, in a process of its own whose memory
is limited. A file that is over a limit, raises another error or ends the process is printed with its number; the exit
status is 1 if there is one. FBX and USD are read in a further process, which takes its time to start: they have a
fiftieth of the files each. Models of OpenSim are damaged too, and read with the table beside them.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections import Counter, defaultdict  # noqa: E402
from collections.abc import Iterable  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from multiprocessing.connection import Connection  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from reading_formats import amass, ntu  # noqa: E402
from scipy.spatial.transform import Rotation  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.opensim_files import model, movement, table  # noqa: E402
from support.rokoko_files import NAMES, rokoko_csv  # noqa: E402
from support.structured_mutations import mutate_structure  # noqa: E402
from support.unity_files import clip  # noqa: E402
from support.usd_files import animation, stage  # noqa: E402
from support.walking_body import walking  # noqa: E402

from mretrieve.errors import MRetrieveError  # noqa: E402
from mretrieve.formats import MotionFile, ReadingOptions  # noqa: E402
from mretrieve.formats.registry import recognise  # noqa: E402
from mretrieve.motion.skeleton import JOINTS, PARENTS  # noqa: E402
from mretrieve.sources.reading import read_bodies  # noqa: E402

_LONGEST_S, _MEMORY = 1.0, 512 << 20
_SEEDS, _LARGEST = 4, 400_000
#: Lines that are repeated a thousand times make files of which no program is done in a second; these are cut here.
_LARGEST_MUTANT = 2 << 20
#: A process that says nothing for longer hangs.
_HANGS_S = 60.0
#: Formats that are read in a further process.
_SLOW = ("fbx", "usd")
_SLOW_SHARE = 50
_FRAMES = 20
OFFSETS = walking(1)[0] - np.array([walking(1)[0, parent] if parent >= 0 else np.zeros(3) for parent in PARENTS])
_PATHS: list[str] = []
for _joint, _parent in zip(JOINTS, PARENTS, strict=True):
    _PATHS.append(_joint if _parent < 0 else f"{_PATHS[_parent]}/{_joint}")


@dataclass
class Tally:
    """What became of the damaged files of a format."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def seeds(data: Path, folder: Path) -> dict[str, list[Path]]:
    """The smallest files of each format, and generated ones in the folder."""
    (folder / "generated.npz").write_bytes(amass(20))
    (folder / "generated.skeleton").write_bytes(ntu(20))
    (folder / "generated.mot").write_text(table(movement(20)))
    (folder / "generated.osim").write_text(model(40000))
    (folder / "generated.csv").write_text(rokoko_csv(_walk(NAMES.values())))
    steps = OFFSETS + np.concatenate([_walk()[:, :1], np.zeros((_FRAMES, len(JOINTS) - 1, 3))], axis=1)
    still = Rotation.identity(_FRAMES)
    unity = clip(_PATHS, np.arange(_FRAMES) / 30, steps, [still] * len(JOINTS), fps=30)
    (folder / "generated.anim").write_text(unity)
    turns = [Rotation.identity(len(JOINTS))] * _FRAMES
    walk = animation("Walk", _PATHS, steps, turns)
    (folder / "generated.usda").write_text(stage(_PATHS, OFFSETS, turns[0], {"Walk": walk}, bound="Walk"))
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted([*data.rglob("*"), *folder.iterdir()], key=lambda path: path.stat().st_size):
        if path.is_file() and 0 < path.stat().st_size <= _LARGEST:
            reader = recognise(path)
            if reader is not None and not reader.is_companion and reader.name != "video":
                name = "smpl" if path.suffix == ".npz" and path.parent == folder else reader.name
                if len(found[name]) < _SEEDS and _is_read(path):
                    found[name].append(path)
    found["osim"] = [folder / "generated.osim"]
    return {name: paths for name, paths in sorted(found.items()) if paths}


def _walk(joints: Iterable[str] = JOINTS) -> NDArray[np.float64]:
    """Places (_FRAMES, J, 3) of a walking body's joints."""
    return walking(_FRAMES)[:, [JOINTS.index(joint) for joint in joints]]


def _is_read(path: Path) -> bool:
    try:
        return bool(read_bodies(MotionFile(path), ReadingOptions()))
    except MRetrieveError:
        return False


def read_mutants(paths: list[Path], first: int, last: int, seed: int, answers: Connection) -> None:
    """Sends (number, outcome, seconds) of each mutant; runs in a process of its own."""
    for path in paths:  # everything is imported and compiled before the memory is limited
        _is_read(path.with_suffix(".mot") if path.suffix == ".osim" else path)
    size = (
        int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
    )
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, resource.RLIM_INFINITY))
    contents = [path.read_bytes() for path in paths]  # models are damaged where they lie
    for number in range(first, last):
        which = number % len(paths)
        damaged = mutate_structure(contents[which], 1_000_003 * seed + number)[:_LARGEST_MUTANT]
        start_s = time.process_time()
        try:
            if paths[which].suffix == ".osim":
                paths[which].write_bytes(damaged)
                read_bodies(MotionFile(paths[which].with_suffix(".mot")), ReadingOptions())
            else:
                read_bodies(MotionFile(paths[which], damaged), ReadingOptions())
            outcome = "read"
        except MRetrieveError as error:
            outcome = (
                "refused" if len(str(error).splitlines()) == 1 else f"message of several lines: {str(error)[:200]!r}"
            )
        except Exception as error:  # what this program looks for
            outcome = f"{type(error).__name__}: {str(error)[:200]!r}"
        answers.send((number, outcome, time.process_time() - start_s))
    answers.close()


def tally(paths: list[Path], count: int, seed: int) -> Tally:
    """The outcomes of `count` mutants; a process that dies is replaced."""
    found, number = Tally(), 0
    context = multiprocessing.get_context("spawn")
    while number < count:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=read_mutants, args=(paths, number, count, seed, sender))
        process.start()
        sender.close()
        try:
            while receiver.poll(_HANGS_S):
                number, outcome, taken_s = receiver.recv()
                found.outcomes[outcome if outcome in ("read", "refused") else "fault"] += 1
                found.slowest_s = max(found.slowest_s, taken_s)
                if outcome not in ("read", "refused"):
                    found.faults.append(f"{number}: {outcome}")
                elif taken_s > _LONGEST_S:
                    found.faults.append(f"{number}: {taken_s:.2f} s")
                number += 1
            found.faults.append(f"{number}: nothing after {_HANGS_S:g} s")
        except EOFError:
            if number < count:
                process.join()
                found.faults.append(f"{number}: the process ended with {process.exitcode}")
        process.kill()
        process.join()
        number += number < count
    return found


def main() -> None:
    """Print a row for each format, and the faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of motion files, with its subfolders")
    parser.add_argument("--count", type=int, default=20_000, help="how many files, of all formats together")
    parser.add_argument("--seed", type=int, default=0, help="files of another seed are other files")
    parser.add_argument("--only", default="", help="formats, separated by commas")
    arguments = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        by_format = seeds(arguments.data, Path(folder))
        only = set(arguments.only.split(",")) - {""}
        count = -(-arguments.count // len(by_format))
        print("| format | files | read | refused | faults | slowest, s |\n|---|---|---|---|---|---|", flush=True)
        for name, paths in by_format.items():
            if only and name not in only:
                continue
            own = max(count // _SLOW_SHARE, 1) if name in _SLOW else count
            found = tally(paths, own, arguments.seed)
            faults += len(found.faults)
            outcomes = found.outcomes
            print(
                f"| {name} | {own} | {outcomes['read']} | {outcomes['refused']} | {len(found.faults)} "
                f"| {found.slowest_s:.2f} |",
                flush=True,
            )
            for fault in found.faults[:20]:
                print(f"  {fault}", file=sys.stderr)
    print(f"\n{faults} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
