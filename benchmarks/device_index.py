"""`mretrieve index --device` and `query --device` for `gpu_check.py`: an index on disk is filled and searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from device_report import Budget, Report, seconds_of
from device_search import make_problem
from device_sizes import BATCH, CPU, K, Sizes
from numpy.typing import NDArray
from support.small_index import SPACE, WINDOW_FRAMES, made_clip, store

from mretrieve import open_index
from mretrieve.demo import make_library
from mretrieve.indexer import build_index
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import Ranking, RowFilter, VectorIndex, open_vectors

#: Windows of a clip of the index that is searched, and its shards.
_WINDOWS, _SHARDS = 100, 4
#: Vectors of norm 1 may differ by so much between devices.
_ROUNDING = 2e-6


def check_index(sizes: Sizes, device: torch.device, report: Report) -> None:
    """Search among the vectors of an index, and an index of generated motion: filled and queried."""
    with TemporaryDirectory() as folder:
        with report.failures_of("search in an index"):
            check_vectors(sizes, device, report, Path(folder) / "large")
        with report.failures_of("index and query"):
            check_library(sizes, device, report, Path(folder))


def check_vectors(sizes: Sizes, device: torch.device, report: Report, folder: Path) -> None:
    """The rows about search: products, rows and their order are equal to the CPU's."""
    count, width, budget = sizes.rows[0], sizes.widths[0], Budget(sizes.seconds[5])
    problem = make_problem(count, width, device)
    snapshot = stored(problem.on_cpu, folder)
    queries = problem.queries.cpu().numpy()
    name = f"search in an index, {count:,} x {width}, k = {K}"
    on_cpu, on_device = open_vectors(snapshot, [SPACE]), open_vectors(snapshot, [SPACE], [device])
    half = np.arange(len(snapshot.clips)) % 2 == 0
    for what, asked, clips in (
        ("one query", queries[:1], None),
        ("one query, half of the clips", queries[:1], half),
        (f"{BATCH} at once", queries, None),
    ):
        rows = RowFilter(WINDOW_FRAMES, clips)
        took_s = seconds_of(_searching(on_device, asked, rows), device, budget.share(6))
        cpu_s = seconds_of(_searching(on_cpu, asked, rows), CPU, budget.share(6))
        found, expected = on_device.search(asked, K, rows), on_cpu.search(asked, K, rows)
        equal = np.array_equal(found.rows, expected.rows) and np.array_equal(found.products, expected.products)
        note = f"{took_s * 1e3:.3g} ms; {report.check('ids and products', equal)}"
        report.add(f"{name}, {what}", "queries/s", len(asked) / took_s, len(asked) / cpu_s, note)


def _searching(index: VectorIndex, queries: NDArray[np.float32], rows: RowFilter) -> Callable[[], Ranking]:
    return lambda: index.search(queries, K, rows)


def stored(vectors: NDArray[np.float32], folder: Path) -> Snapshot:
    """An index with these vectors (N, D) of windows of clips without a meaning."""
    clips = [
        replace(made_clip(f"{first:09d}", windows=len(own)), vectors={SPACE: own})
        for first in range(0, len(vectors), _WINDOWS)
        for own in [vectors[first : first + _WINDOWS]]
    ]
    encoders = [EncoderRecord(SPACE, "x", vectors.shape[1])]
    for number in range(_SHARDS):
        snapshot = store(folder, clips[number::_SHARDS], encoders=encoders)
    return snapshot


def check_library(sizes: Sizes, device: torch.device, report: Report, folder: Path) -> None:
    """The rows about an index of generated motion: equal vectors but for rounding, and equal hits of one index."""
    motions, budget = folder / "library", Budget(sizes.seconds[5])
    files, searched_for = sizes.motions
    for path in make_library(motions, clips_per_kind=max(1, files // 20))[files:]:
        path.unlink()
    encoder = "pose-statistics,part-statistics,deephums"
    indexed = build_index(motions, folder / "cpu", encoder=encoder, jobs=1)
    indexed_on_device = build_index(motions, folder / "device", encoder=encoder, jobs=1, device=str(device))
    one, other = (Snapshot.open(folder / name).vectors("deephums") for name in ("device", "cpu"))
    difference = float(np.abs(one - other).max())
    note = report.check("vectors", difference <= _ROUNDING, f"to {difference:.0e}")
    windows = len(other)
    rate, cpu_rate = windows / indexed_on_device.wall_s, windows / indexed.wall_s
    report.add("index, generated motion, deephums, one process", "windows/s", rate, cpu_rate, note)
    on_cpu, on_device = open_index(folder / "cpu"), open_index(folder / "cpu", device=str(device))
    queries = on_cpu.clips[:: len(on_cpu.clips) // searched_for]
    equal = all(
        on_device.search(query, parts=parts).hits == on_cpu.search(query, parts=parts).hits
        for query in queries
        for parts in (None, "arms=1,legs=0")
    )
    took_s = seconds_of(lambda: on_device.search(queries[0]), device, budget.share(2))
    cpu_s = seconds_of(lambda: on_cpu.search(queries[0]), CPU, budget.share(1))
    report.add("query, generated motion, as a whole", "queries/s", 1 / took_s, 1 / cpu_s, report.check("hits", equal))
