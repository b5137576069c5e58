"""How fast the readers of AMASS, NTU RGB+D and C3D are: frames a second of one core, from bytes to motions.

    python benchmarks/reading_formats.py [--c3d FILE ...]

The files of AMASS (52 joints) and NTU (one person) are generated; C3D files are those that are given. Printed is the
processor time of the fastest of seven readings, after one that is not counted; recognising the format is included.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import io  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from mretrieve.formats import MotionFile, ReadingOptions, read_file  # noqa: E402

_READINGS = 7
_ID = 72057594037931101


def amass(frame_count: int) -> bytes:
    """An archive of 52 joints that turn at random."""
    chance, archive = np.random.default_rng(0), io.BytesIO()
    poses, path = chance.normal(0, 0.3, (frame_count, 156)), chance.normal(0, 1, (frame_count, 3))
    np.savez(archive, poses=poses, trans=path, betas=np.zeros(16), mocap_framerate=120.0)
    return archive.getvalue()


def ntu(frame_count: int) -> bytes:
    """A text with one person, whose joints wander."""
    joints = np.cumsum(np.random.default_rng(0).normal(0, 0.01, (frame_count, 25, 3)), axis=0)
    lines = [str(frame_count)]
    for frame in joints:
        lines += ["1", f"{_ID} 0 1 1 1 1 0 0.02 0.1 2", "25"]
        lines += [
            f"{x:.7f} {y:.7f} {z:.7f} 280.1234 210.2345 1100.345 540.4567 0.12 0.23 0.34 0.45 2" for x, y, z in frame
        ]
    return "\n".join(lines).encode()


def files(c3d: list[Path]) -> Iterator[tuple[Path, bytes]]:
    """Names and contents."""
    yield Path("amass.npz"), amass(12_000)
    yield Path("ntu.skeleton"), ntu(3_000)
    for path in c3d:
        yield path, path.read_bytes()


def main() -> None:
    """Print a row for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--c3d", type=Path, nargs="*", default=[], help="C3D files")
    print("| file | size, KiB | frames | frames/s |\n|---|---|---|---|")
    for path, content in files(parser.parse_args().c3d):
        file = MotionFile(path, content)
        frame_count = len(read_file(file, ReadingOptions())[0].positions)
        times_s = []
        for _ in range(_READINGS):
            start_s = time.process_time()
            read_file(file, ReadingOptions())
            times_s.append(time.process_time() - start_s)
        print(f"| {path.name} | {len(content) >> 10:,} | {frame_count:,} | {frame_count / min(times_s):,.0f} |")


if __name__ == "__main__":
    main()
