"""Exported moments read back: by mretrieve and by pybvh, on every rig of the real motion capture.

    python benchmarks/export.py [--moments 20]

Of each rig that many random moments (seeded) of 0.5 to 3 s are exported. `as it is`: the largest distance, over all
joints and frames, between where a joint stands in the exported file and where it stands in those frames of the source.
pybvh reads only rigs whose joints have three rotations and no positions but at the root; how many it read is said.
`mirrored`: mean and largest distance from the canonical mirror image of the moment, which differ where the performer's
sides do, and from the moment itself after mirroring twice. `retimed`: to the moment itself played at 0.5 to 2 times its
speed, so that it is known where each pose belongs: distance between the retimed pose and that one, on the canonical
skeleton, and the largest step of a retimed joint between two frames over the largest that playing at this speed has.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import tempfile  # noqa: E402
import warnings  # noqa: E402
from dataclasses import replace  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pybvh  # noqa: E402
from mocap_sets import mocap_folder  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

import mretrieve  # noqa: E402
from mretrieve import Motion, canonicalise  # noqa: E402
from mretrieve.export import ExportOptions, export_moment  # noqa: E402
from mretrieve.formats.bvh_writer import write_bvh  # noqa: E402
from mretrieve.motion import mirror  # noqa: E402

RIGS = {
    "cmu/bvh": "*.bvh",
    "cmu/asfamc": "*.amc",
    "cmu/expmap": "**/*.txt",
    "hdm05": "*.amc",
    "bandai1": "*.bvh",
}


def farthest_mm(motion: Motion, positions: NDArray[np.floating], names: tuple[str, ...], unit_mm: float) -> float:
    """The largest distance of a joint of `motion` from where it is in positions (T, J, 3) of joints `names`."""
    places = [motion.rig.joint_names.index(name) for name in names]
    return float(np.linalg.norm(motion.positions[:, places] - positions, axis=2).max()) * unit_mm


def by_pybvh_mm(path: Path, read: Motion, unit_mm: float) -> float | None:
    """The largest distance between pybvh's joint positions and ours of one file, None where pybvh refuses the file."""
    try:
        theirs = pybvh.read_bvh_file(path).node_positions()
    except ValueError:
        return None
    return float(np.linalg.norm(theirs - read.positions, axis=2).max()) * unit_mm


def exported(source: str, options: ExportOptions, path: Path) -> Motion:
    """The moment, written and read again."""
    export_moment(source, options).write(path, replace=True)
    return mretrieve.read(path)[0]


def mirrored_mm(source: str, part: Motion, unit_mm: float, folder: Path) -> tuple[float, float, float]:
    """Mean and largest distance of the mirrored export from the canonical mirror image; of the twice mirrored one."""
    once = exported(source, ExportOptions(mirrored=True), folder / "once.bvh")
    apart = np.linalg.norm(canonicalise(once).positions - mirror(canonicalise(part)).positions, axis=2) * 1e3
    twice = exported(str(folder / "once.bvh"), ExportOptions(mirrored=True), folder / "twice.bvh")
    return float(apart.mean()), float(apart.max()), farthest_mm(twice, part.positions, part.rig.joint_names, unit_mm)


def retimed_mm(source: str, part: Motion, speed: float, folder: Path) -> tuple[float, float]:
    """Mean distance of a moment retimed to itself at another speed from that; how much farther it steps at most."""
    assert part.channels is not None
    write_bvh(folder / "query.bvh", part.rig, part.channels, part.fps * speed)
    retimed = canonicalise(exported(source, ExportOptions(retime_to=str(folder / "query.bvh")), folder / "retimed.bvh"))
    query = canonicalise(mretrieve.read(folder / "query.bvh")[0])
    count = min(retimed.frame_count, query.frame_count)
    apart = np.linalg.norm(retimed.positions[:count] - query.positions[:count], axis=2)
    steps = [np.linalg.norm(np.diff(clip.positions, axis=0), axis=2).max(initial=1e-6) for clip in (retimed, query)]
    return float(apart.mean()) * 1e3, float(steps[0] / steps[1])


def row(name: str, files: list[Path], count: int, folder: Path) -> str:
    """One line of the table: `count` random moments of one rig's files."""
    rng = np.random.default_rng(7)
    ours, theirs, means, largest, twices, warped, steps = ([] for _ in range(7))  # type: ignore[var-annotated]
    for _ in range(count):
        path = files[rng.integers(len(files))]
        motion = mretrieve.read(path)[0]
        length_s = min(rng.uniform(0.5, 3.0), motion.duration_s - 0.1)
        start_s = rng.uniform(0.05, motion.duration_s - length_s)
        source = f"{path}@{start_s:.2f}-{start_s + length_s:.2f}"
        unit_mm = canonicalise(motion).metres_per_unit * 1e3
        moment = export_moment(source)
        moment.write(folder / "cut.bvh", replace=True)
        cut = mretrieve.read(folder / "cut.bvh")[0]
        expected = motion.positions[moment.first : moment.last]
        part = replace(motion, positions=expected, channels=moment.channels)
        ours.append(farthest_mm(cut, expected, motion.rig.joint_names, unit_mm))
        theirs.append(by_pybvh_mm(folder / "cut.bvh", cut, unit_mm))
        mean, most, twice = mirrored_mm(source, part, unit_mm, folder)
        means.append(mean)
        largest.append(most)
        twices.append(twice)
        apart, step = retimed_mm(source, part, rng.uniform(0.5, 2.0), folder)
        warped.append(apart)
        steps.append(step)
    read = [distance for distance in theirs if distance is not None]
    pybvh_mm = f"{max(read):.5f}" if read else "-"
    return (
        f"| {name} | {count} | {max(ours):.5f} | {len(read)} | {pybvh_mm} | {np.mean(means):.1f} | {max(largest):.1f} "
        f"| {max(twices):.5f} | {np.mean(warped):.1f} | {max(steps):.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--moments", type=int, default=20, help="of each rig")
    count = parser.parse_args().moments
    warnings.simplefilter("ignore")
    mocap = mocap_folder()
    print(f"Millimetres; pybvh {version('pybvh')}\n")
    print(
        "| rig | moments | as it is, largest | read by pybvh | pybvh, largest | mirrored, mean | largest "
        "| twice, largest | retimed, mean | steps, times |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, pattern in RIGS.items():
            print(row(name, sorted((mocap / name).glob(pattern)), count, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
