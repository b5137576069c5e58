"""Subsequence warping of one query against long takes: mretrieve beside dtaidistance, tslearn and dtw-python.

    python benchmarks/subsequence.py [--rounds 15] [--mocap FOLDER]

One 60-frame query in 20 takes of 3,000 frames, 66 features (22 joints), smooth curves in metres. Everything runs in one
thread, all methods take turns in every round, and the medians of the processor's time are printed; wall time stands
where two threads are compared with one. Every library gets its numbers as it likes them best, converted before the
clock starts, and the first call of each is not counted.

dtaidistance: subsequence_alignment with penalty=0 in C. dtw-python: open begin and end need its asymmetric step
pattern, so it solves another problem; its costs come from SciPy. The product of query and takes alone (sgemm), which
costs two operations a feature where a squared difference takes three, is printed as what the processor can do.

The second part is real motion: 60 frames of a CMU take, at 0.7 to 1.4 times their speed and with 10 mm of noise, are
looked for in all CMU takes.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import contextlib  # noqa: E402
import importlib.util  # noqa: E402
import io  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from importlib.metadata import distributions  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from dtaidistance.subsequence.dtw import subsequence_alignment  # noqa: E402
from mocap_sets import cmu_bvh, cmu_expmap, mocap_folder  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy.spatial.distance import cdist  # noqa: E402
from side_by_side import FEATURES, medians_ms, motions  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402
from tslearn.metrics import dtw_subsequence_path  # noqa: E402

from mretrieve.alignment.pose_features import features_of  # noqa: E402
from mretrieve.kernels.warping import subsequence_matches  # noqa: E402

QUERY_FRAMES, TAKES, TAKE_FRAMES = 60, 20, 3_000
Found = tuple[NDArray[np.float64], NDArray[np.int64]]  # squared costs (takes,), ends (takes,)


@dataclass(frozen=True)
class Method:
    """A way to find the query in all takes."""

    name: str
    run: Callable[[], Found]
    same_problem: bool = True


def ours(query: NDArray[np.float32], takes: list[NDArray[np.float32]], threads: int = 1) -> Found:
    """The best match in each take."""
    matches = subsequence_matches(query, takes, threads=threads)
    return matches.costs, matches.ends


def library_methods(query: NDArray[np.float32], takes: list[NDArray[np.float32]]) -> list[Method]:
    """Every library's way to cost and end of the best match."""
    query64, takes64 = query.astype(np.float64), [take.astype(np.float64) for take in takes]

    def dtaidistance() -> Found:
        curves = [subsequence_alignment(query64, take, penalty=0, use_c=True).matching_function() for take in takes64]
        ends = [int(curve.argmin()) for curve in curves]
        costs = [(curve[end] * len(query)) ** 2 for curve, end in zip(curves, ends, strict=True)]
        return np.array(costs), np.array(ends) + 1

    def tslearn() -> Found:
        found = [dtw_subsequence_path(query64, take) for take in takes64]
        return np.array([cost**2 for _, cost in found]), np.array([path[-1][1] + 1 for path, _ in found])

    methods = [Method("dtaidistance, C", dtaidistance), Method("tslearn", tslearn)]
    dtw_python = dtw_python_function()
    if dtw_python is None:
        print("dtw-python is not installed: its row is left out (pip install dtw-python)\n")
        return methods

    def asymmetric() -> Found:
        found = [
            dtw_python(
                cdist(query64, take, "sqeuclidean"),
                step_pattern="asymmetric",
                open_begin=True,
                open_end=True,
                distance_only=True,
            )
            for take in takes64
        ]
        return np.array([one.distance for one in found]), np.array([one.jmin + 1 for one in found])

    return [*methods, Method("dtw-python, asymmetric steps", asymmetric, same_problem=False)]


def dtw_python_function() -> Callable[..., object] | None:
    """dtw-python's dtw, whose package has the name of the script beside this one."""
    here = sys.path.pop(0)
    try:
        if importlib.util.find_spec("dtw") is None:
            return None
        with contextlib.redirect_stdout(io.StringIO()):  # it greets
            from dtw import dtw
        return dtw
    finally:
        sys.path.insert(0, here)


def compare(rounds: int) -> None:
    """The main table: every library beside ours."""
    (query,) = motions(1, np.array([QUERY_FRAMES]))
    takes = motions(2, np.full(TAKES, TAKE_FRAMES))
    stacked = np.concatenate(takes)
    costs = np.empty((QUERY_FRAMES, len(stacked)), np.float32)
    started = time.perf_counter()
    ours(query, takes)
    print(f"mretrieve's first call in this process, not counted below: {time.perf_counter() - started:.2f} s\n")
    libraries = library_methods(query, takes)
    runs: list[Callable[[], object]] = [
        lambda: ours(query, takes),
        lambda: np.matmul(query, stacked.T, out=costs),
    ]
    mine, product, *theirs = medians_ms([*runs, *[method.run for method in libraries]], rounds, time.process_time)
    expected_costs, expected_ends = ours(query, takes)
    print("| method | ms | mretrieve is faster by | largest relative difference in cost | same end |")
    print("|---|---|---|---|---|")
    print(f"| **mretrieve** | **{mine:.1f}** | | | |")
    for milliseconds, method in sorted(zip(theirs, libraries, strict=True), key=lambda pair: pair[0]):
        found_costs, found_ends = method.run()
        difference = np.abs(found_costs / expected_costs - 1.0).max()
        print(
            f"| {method.name} | {milliseconds:.1f} | {milliseconds / mine:.1f} x | {difference:.0e} | "
            f"{np.mean(found_ends == expected_ends):.0%} |"
        )
    print(f"| sgemm of query and takes, nothing else | {product:.1f} | {product / mine:.1f} x | | |")
    fastest = min(ms for ms, method in zip(theirs, libraries, strict=True) if method.same_problem)
    values = QUERY_FRAMES * len(stacked) * FEATURES
    print(
        f"\n{fastest / mine:.1f} times as fast as the fastest that solves the same problem. sgemm reaches "
        f"{values * 2 / product / 1e6:.0f} GFLOP/s (2 a feature).\n"
    )


def grow(rounds: int) -> None:
    """Ours in wall time: one thread and two, many takes and one."""
    (query,) = motions(1, np.array([QUERY_FRAMES]))
    print("| takes | frames of each | 1 thread, ms | 2 threads, ms |\n|---|---|---|---|")
    for count, frames in ((TAKES, TAKE_FRAMES), (600, 100), (1, 100_000)):
        takes = motions(3, np.full(count, frames))
        one, two = medians_ms(
            [lambda takes=takes: ours(query, takes), lambda takes=takes: ours(query, takes, threads=2)],
            rounds,
            time.perf_counter,
        )
        print(f"| {count:,} | {frames:,} | {one:.1f} | {two:.1f} |")


def disturbed_pieces(takes: list[NDArray[np.float32]], count: int) -> list[NDArray[np.float32]]:
    """QUERY_FRAMES frames of a take each, at 0.7 to 1.4 times their speed, with 10 mm of noise on every value."""
    rng = np.random.default_rng(4)
    long_enough = [take for take in takes if len(take) > 1.4 * QUERY_FRAMES]
    pieces = []
    for _ in range(count):
        take, speed = long_enough[rng.integers(len(long_enough))], rng.uniform(0.7, 1.4)
        begin = rng.integers(len(take) - int(speed * QUERY_FRAMES))
        frames = take[begin + (speed * np.arange(QUERY_FRAMES)).astype(int)]
        pieces.append((frames + rng.normal(scale=0.01, size=frames.shape)).astype(np.float32))
    return pieces


def search_takes(rounds: int, mocap: Path) -> None:
    """Real motion: the best match of each take."""
    clips = [item.clip for item in [*cmu_bvh(mocap), *cmu_expmap(mocap)]]
    takes = [features_of(clip, np.arange(22)) for clip in clips]
    pieces = disturbed_pieces(takes, 20)
    (milliseconds,) = medians_ms(
        [lambda: [subsequence_matches(piece, takes) for piece in pieces]], rounds, time.process_time
    )
    print(f"\n{len(takes)} CMU takes, {sum(map(len, takes)):,} frames: {milliseconds / len(pieces):.2f} ms a query")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often each method runs (15)")
    parser.add_argument("--mocap", type=Path, help="the folder of real motion capture")
    arguments = parser.parse_args()
    mocap = mocap_folder(arguments.mocap)
    packages = ("numpy", "numba", "dtaidistance", "tslearn", "dtw-python")
    print(", ".join(f"{item.name} {item.version}" for name in packages for item in distributions(name=name)))
    with threadpool_limits(1):
        compare(arguments.rounds)
        grow(arguments.rounds)
        search_takes(arguments.rounds, mocap)


if __name__ == "__main__":
    main()
