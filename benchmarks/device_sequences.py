"""Dynamic time warping on a device for `gpu_check.py`: whole motions and subsequences, beside the CPU's kernels."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from device_report import Budget, Report, seconds_of
from device_sizes import CPU, Sizes
from numpy.typing import NDArray
from side_by_side import FEATURES, motions
from torch import Tensor

from mretrieve.kernels.device import warping
from mretrieve.kernels.warping import dtw_distances, subsequence_matches

THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Work:
    """One kind of warping of some motions.

    Attributes:
        name: in the table.
        count: number of motions.
        on_device: aligns them on the device and waits for the costs.
        on_cpu: aligns them on the CPU with so many threads.
    """

    name: str
    count: int
    on_device: Callable[[], Tensor]
    on_cpu: Callable[[int], object]

    def show(self, report: Report, device: torch.device, budget: Budget, notes: tuple[str, str]) -> None:
        """Rates of the device beside one thread and all threads, with a note each; then those of plain torch."""
        took_s = seconds_of(self.on_device, device, budget.share(6))
        for threads, note in zip((1, THREADS), notes, strict=True):
            cpu_s = seconds_of(lambda threads=threads: self.on_cpu(threads), CPU, budget.share(6))
            note = f"{note}; CPU: {threads} thread{'s' * (threads > 1)}"
            report.add(self.name, "motions/s", self.count / took_s, self.count / cpu_s, note)
        with without_triton():
            plain_s = seconds_of(self.on_device, device, budget.share(6))
        report.add(f"{self.name}, plain torch", "motions/s", self.count / plain_s, None)


def check_dtw(sizes: Sizes, device: torch.device, report: Report) -> None:
    """Whole motions against a query."""
    budget = Budget(sizes.seconds[2] / 2)
    generator = np.random.default_rng(0)
    query = motions(1, np.array([90]))[0]
    some = motions(2, generator.integers(60, 151, min(sizes.candidates, 2000)))
    candidates = [some[number % len(some)] for number in range(sizes.candidates)]
    on_device, moved = torch.from_numpy(query).to(device), warping.Sequences.of(candidates, FEATURES, device)
    work = Work(
        f"DTW, 90 frames and {len(candidates):,} motions of 60 to 150",
        len(candidates),
        lambda: warping.dtw_distances(on_device, moved).cpu(),
        lambda threads: dtw_distances(query, candidates, threads=threads),
    )
    expected = dtw_distances(query, candidates, threads=THREADS)
    difference = relative_difference(work.on_device(), expected)
    same = np.array_equal(expected, dtw_distances(query, candidates))
    notes = (
        report.check("costs", difference < 1e-5, f"to {difference:.0e}"),
        report.check("bits with 1 thread", same),
    )
    work.show(report, device, budget, notes)
    to_s = seconds_of(lambda: warping.Sequences.of(candidates, FEATURES, device), device, budget.share(2))
    note = f"{moved.frames.nbytes / to_s / 1e9:.3g} GB/s"
    report.add("moving the frames of those to the device", "motions/s", len(candidates) / to_s, None, note)


def check_subsequences(sizes: Sizes, device: torch.device, report: Report) -> None:
    """A query looked for in longer motions."""
    budget = Budget(sizes.seconds[2] / 2)
    generator = np.random.default_rng(0)
    query = motions(3, np.array([60]))[0]
    some = motions(4, generator.integers(200, 601, min(sizes.regions, 400)))
    for number, sequence in enumerate(some[::2]):
        start = number % 140
        sequence[start : start + 60] = query + np.float32(0.01) * generator.standard_normal(query.shape)
    sequences = [some[number % len(some)] for number in range(sizes.regions)]
    on_device, moved = torch.from_numpy(query).to(device), warping.Sequences.of(sequences, FEATURES, device)
    work = Work(
        f"subsequence DTW, 60 frames in {len(sequences):,} motions of 200 to 600",
        len(sequences),
        lambda: warping.subsequence_matches(on_device, moved).costs.cpu(),
        lambda threads: subsequence_matches(query, sequences, threads=threads),
    )
    found, expected = warping.subsequence_matches(on_device, moved), subsequence_matches(query, sequences)
    difference = relative_difference(found.costs, expected.costs)
    same = np.array_equal(found.starts.cpu().numpy(), expected.starts)
    same = same and np.array_equal(found.ends.cpu().numpy(), expected.ends)
    notes = (
        report.check("costs", difference < 1e-5, f"to {difference:.0e}"),
        report.check("starts and ends", same),
    )
    work.show(report, device, budget, notes)


@contextlib.contextmanager
def without_triton() -> Iterator[None]:
    """Within the context, warping is plain torch as if Triton were not installed."""
    before = warping.has_triton
    warping.has_triton = lambda device: False
    try:
        yield
    finally:
        warping.has_triton = before


def relative_difference(found: Tensor, expected: NDArray[np.float64]) -> float:
    """The largest difference of costs, relative to the cost."""
    return float((np.abs(found.cpu().numpy() - expected) / np.maximum(expected, 1e-9)).max())
