"""Reading motion files: mretrieve beside pybvh, upc-pymotion, bvh and bvhtoolbox.

    python benchmarks/reading.py [--rounds 15]

Each reader goes from a path to the hierarchy and the matrix of channels, float64; `mretrieve.read` also works out the
positions of all joints in all frames, so a row without them is shown too, which does what the others do. mretrieve
keeps the hierarchies that it has read: takes of one rig share it, here as in a folder of takes. A row says what a
hierarchy that was never seen costs. All readers
take turns in every round, in one process with one thread; the medians over the rounds of processor time are printed,
because on a busy machine the wall clock measures the neighbours. Files are in the page cache.

Small files are takes of Bandai Namco near 100 kB, which pybvh refuses, and, so that all can take part, pieces of CMU
takes of the same size; large ones are CMU takes of about 4 MB. AMC files are compared with what one writes by hand:
split the lines and call float().
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import importlib  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from mocap_sets import mocap_folder  # noqa: E402

import mretrieve  # noqa: E402
from mretrieve.formats.bvh import parse_bvh  # noqa: E402
from mretrieve.formats.bvh_hierarchy import _KNOWN  # noqa: E402
from mretrieve.formats.motion_text import MotionText  # noqa: E402

Read = Callable[[Path], object]


def with_pybvh(path: Path) -> object:
    """Hierarchy, rotations and root path."""
    return importlib.import_module("pybvh").read_bvh_file(path)


def with_pymotion(path: Path) -> object:
    """Names, offsets, local positions and rotations."""
    reader = importlib.import_module("pymotion.io.bvh").BVH()
    reader.load(str(path))
    return reader


def with_bvh(path: Path) -> object:
    """A tree of words; the frames as a matrix."""
    tree = importlib.import_module("bvh").Bvh(path.read_text())
    return tree, np.array(tree.frames, np.float64)


def with_bvhtoolbox(path: Path) -> object:
    """A tree of words; the frames as a matrix."""
    tree = importlib.import_module("bvhtoolbox").BvhTree(path.read_text())
    return tree, np.array(tree.frames, np.float64)


def by_hand(path: Path) -> object:
    """An AMC as one writes it: a dictionary of numbers for every frame."""
    frames: list[dict[str, list[float]]] = []
    for line in path.read_text("latin-1").splitlines():
        words = line.split()
        if len(words) == 1 and words[0].isdigit():
            frames.append({})
        elif words and words[0][0] not in "#:":
            frames[-1][words[0]] = [float(word) for word in words[1:]]
    return frames


def without_positions(path: Path) -> object:
    """Bodies with their rigs, the matrix of channels, frames per second."""
    text = MotionText.load(path)
    parsed = parse_bvh(text)
    text.free()
    return parsed


def with_new_hierarchy(path: Path) -> object:
    """The same, for a rig that was never seen before."""
    _KNOWN.clear()
    return without_positions(path)


BVH_READERS: dict[str, Read] = {
    "mretrieve, without positions": without_positions,
    "mretrieve, the same, new hierarchy": with_new_hierarchy,
    "mretrieve.read, with positions": mretrieve.read,
    "pybvh": with_pybvh,
    "upc-pymotion": with_pymotion,
    "bvh": with_bvh,
    "bvhtoolbox": with_bvhtoolbox,
}
AMC_READERS: dict[str, Read] = {"mretrieve.read, with positions": mretrieve.read, "lines and float()": by_hand}
PACKAGES = ("numpy", "numba", "pybvh", "upc-pymotion", "bvh", "bvhtoolbox")


def nearest_in_size(files: Sequence[Path], size: float, count: int) -> list[Path]:
    """The `count` files whose size is nearest to `size` bytes."""
    return sorted(files, key=lambda path: abs(path.stat().st_size - size))[:count]


def cut_to_size(path: Path, size: int, folder: Path) -> Path:
    """The first frames of a BVH, as many as fill `size` bytes."""
    lines = path.read_text().splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    room = size - sum(map(len, lines[:first]))
    kept = max(1, room // len(lines[first]))
    lines[first - 2] = f"Frames: {kept}\n"
    piece = folder / path.name
    piece.write_text("".join(lines[: first + kept]))
    return piece


def refusal(read: Read, files: Sequence[Path]) -> str:
    """Why a reader cannot take part; empty where it can."""
    try:
        for path in files:
            read(path)
    except Exception as error:  # whatever a peer raises is its answer
        return f"{type(error).__name__}: {error}".splitlines()[0].replace(str(files[0].parent), "...")[:70]
    return ""


def compare(title: str, files: Sequence[Path], readers: dict[str, Read], rounds: int) -> None:
    """One table: every reader over all files in every round."""
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    refusals = {name: refusal(read, files) for name, read in readers.items()}
    taken: dict[str, list[float]] = {name: [] for name, why_not in refusals.items() if not why_not}
    for _ in range(rounds):
        for name, seconds in taken.items():
            started = time.process_time()
            for path in files:
                readers[name](path)
            seconds.append(time.process_time() - started)
    medians = {name: float(np.median(seconds)) for name, seconds in taken.items()}
    peers = [seconds for name, seconds in medians.items() if "mretrieve" not in name]
    print(f"\n## {title}: {len(files)} files, {megabytes / len(files):.3f} MB each")
    print(f"{'reader':36} {'ms a file':>9} {'MB/s':>7} {'times the fastest peer':>22}")
    for name in readers:
        if why_not := refusals[name]:
            print(f"{name:36} cannot read them: {why_not}")
        else:
            ratio = f"{min(peers) / medians[name]:.2f}" if peers else "-"
            print(f"{name:36} {medians[name] / len(files) * 1e3:9.3f} {megabytes / medians[name]:7.0f} {ratio:>22}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each reader takes its turn")
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    mocap = mocap_folder()
    bandai, cmu = list(mocap.glob("bandai1/*.bvh")), list(mocap.glob("cmu/bvh/*.bvh"))
    large, amc = nearest_in_size(cmu, 4e6, 3), list(mocap.glob("hdm05/*.amc"))

    print("# Reading, medians of", rounds, "rounds;", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    started = time.perf_counter()
    mretrieve.read(large[0])
    mretrieve.read(amc[0])
    print(f"first-call compilation, or loading compiled code, excluded: {time.perf_counter() - started:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        pieces = [cut_to_size(path, 100_000, Path(folder)) for path in nearest_in_size(cmu, 1e6, 20)]
        compare("small BVH, Bandai Namco", nearest_in_size(bandai, 100e3, 20), BVH_READERS, rounds)
        compare("small BVH, pieces of CMU", pieces, BVH_READERS, rounds)
    compare("large BVH, CMU", large, BVH_READERS, rounds)
    compare("AMC, HDM05", nearest_in_size(amc, 180e3, 20), AMC_READERS, rounds)


if __name__ == "__main__":
    main()
