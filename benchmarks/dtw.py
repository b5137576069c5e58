"""Dynamic time warping of one query against many candidates: mretrieve beside dtaidistance, tslearn and aeon.

    python benchmarks/dtw.py [--rounds 31]

One 90-frame query and 100 candidates of 60 to 150 frames, 66 features (22 joints), smooth curves in metres. One thread
everywhere, but in the table that says otherwise. All methods take turns in every round, and the medians are printed.
The comparison counts the processor's time, because on a busy machine the wall clock flatters what is done within one
time slice; the table with two threads counts wall time. Each library gets its numbers in the layout that it likes
best, converted before the clock starts. The first call of each method (compilation, or loading compiled code) is not
counted; mretrieve's is printed.

dtaidistance's use_pruning is left off: 2.5.1 gives infinity for sequences of unequal length with it, and is no faster
here.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import importlib.util  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
import tslearn.metrics  # noqa: E402
from dtaidistance import dtw_ndim  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from side_by_side import FEATURES, medians_ms, motions  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from mretrieve.kernels.warping import dtw_distances, dtw_path  # noqa: E402

QUERY_FRAMES = 90
Distances = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """A way to get all distances."""

    name: str
    run: Callable[[], Distances]  # squared distances, (C,)


def problem(count: int) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """The query and `count` candidates of 60 to 150 frames."""
    lengths = np.random.default_rng(0).integers(60, 151, count)
    return motions(1, np.array([QUERY_FRAMES]))[0], motions(2, lengths)


def library_methods(query: NDArray[np.float32], candidates: list[NDArray[np.float32]]) -> list[Method]:
    """Every library's ways."""
    query64 = query.astype(np.float64)
    candidates64 = [candidate.astype(np.float64) for candidate in candidates]
    block = ((0, 1), (1, len(candidates) + 1))

    def dtai_loop() -> Distances:
        return np.array([dtw_ndim.distance_fast(query64, other) for other in candidates64]) ** 2

    def dtai_matrix() -> Distances:
        series = [query64, *candidates64]
        return np.asarray(dtw_ndim.distance_matrix_fast(series, block=block, compact=True, parallel=False)) ** 2

    def tslearn_loop() -> Distances:
        return np.array([tslearn.metrics.dtw(query64, other) for other in candidates64]) ** 2

    methods = [
        Method("dtaidistance, C, loop", dtai_loop),
        Method("dtaidistance, C, matrix", dtai_matrix),
        Method("tslearn", tslearn_loop),
    ]
    if importlib.util.find_spec("aeon") is None:
        print("aeon is not installed: its rows are left out (pip install aeon)\n")
        return methods
    import aeon.distances

    columns = np.ascontiguousarray(query64.T)
    candidate_columns = [np.ascontiguousarray(other.T) for other in candidates64]

    def aeon_loop() -> Distances:
        return np.array([aeon.distances.dtw_distance(columns, other) for other in candidate_columns])

    return [*methods, Method("aeon", aeon_loop)]


def compare(rounds: int) -> None:
    """The main table: every method of every library beside ours."""
    query, candidates = problem(100)
    started = time.perf_counter()
    dtw_distances(query, candidates)
    print(f"mretrieve's first call in this process, not counted below: {time.perf_counter() - started:.2f} s\n")
    ours = Method("mretrieve", lambda: dtw_distances(query, candidates))
    theirs = library_methods(query, candidates)
    stacked = np.concatenate(candidates)
    costs = np.empty((len(query), len(stacked)), np.float32)
    floor = Method("sgemm of the cost matrix, nothing else", lambda: np.matmul(query, stacked.T, out=costs))
    methods = [ours, *theirs, floor]
    medians = dict(zip(methods, medians_ms([method.run for method in methods], rounds, time.process_time), strict=True))
    print("| method | ms | mretrieve is faster by | largest relative difference |\n|---|---|---|---|")
    expected = ours.run()
    print(f"| **mretrieve** | **{medians[ours]:.2f}** | | |")
    for method in sorted(theirs, key=medians.__getitem__):
        difference = np.abs(method.run() / expected - 1.0).max()
        print(f"| {method.name} | {medians[method]:.2f} | {medians[method] / medians[ours]:.1f} x | {difference:.0e} |")
    cells = len(query) * len(stacked)
    print(f"| {floor.name} | {medians[floor]:.2f} | {medians[floor] / medians[ours]:.1f} x | |")
    print(
        f"\n{cells / medians[ours] / 1e6:.2f} thousand million cells a second; their costs alone are "
        f"{cells * FEATURES * 3 / medians[ours] / 1e6:.0f} GFLOP/s (3 a feature); sgemm reaches "
        f"{cells * FEATURES * 2 / medians[floor] / 1e6:.0f} (2 a feature).\n"
    )


def grow(rounds: int) -> None:
    """Ours with more candidates and with two threads."""
    query, candidates = problem(10_000)
    print("| candidates | 1 thread, ms | 2 threads, ms |\n|---|---|---|")
    for count in (100, 1_000, 10_000):
        some = candidates[:count]
        runs: list[Callable[[], object]] = [
            lambda some=some: dtw_distances(query, some),
            lambda some=some: dtw_distances(query, some, threads=2),
        ]
        one, two = medians_ms(runs, max(5, rounds // 3), time.perf_counter)
        print(f"| {count:,} | {one:.2f} | {two:.2f} |")
    (path_ms,) = medians_ms([lambda: dtw_path(query, candidates[0])], rounds, time.process_time)
    print(f"\nOne path with backtracking ({len(query)} x {len(candidates[0])} frames): {path_ms:.2f} ms")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31, help="how often each method runs (31)")
    rounds = parser.parse_args().rounds
    packages = [
        name for name in ("numpy", "numba", "dtaidistance", "tslearn", "aeon") if importlib.util.find_spec(name)
    ]
    print(", ".join(f"{name} {version(name)}" for name in packages))
    with threadpool_limits(1):
        compare(rounds)
        grow(rounds)


if __name__ == "__main__":
    main()
