"""Search on a device for `gpu_check.py`: exact, and in clusters, beside the CPU's."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from device_report import Budget, Report, seconds_of, synchronize
from device_sizes import BATCH, CPU, K, Sizes
from numpy.typing import NDArray
from torch import Tensor

from mretrieve.kernels.device.clusters import ClusteredSearch, k_means, nearest_centroids
from mretrieve.kernels.device.exact import ExactSearch
from mretrieve.storage.rows import VectorBlock
from mretrieve.vectors.flat import best_rows


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows to be searched on the device and the same on the CPU, and queries.

    Attributes:
        search: (N, D) stored vectors of squared distances of D - 2 coordinates, see `encoders.encoder`.
        on_cpu: the same rows.
        queries: (BATCH, D) query vectors of disturbed rows.
        probes: (BATCH, D - 2) their coordinates.
    """

    search: ExactSearch
    on_cpu: NDArray[np.float32]
    queries: Tensor
    probes: Tensor


def make_problem(rows: int, width: int, device: torch.device) -> Problem:
    """Clustered vectors: places with a spread in 32 directions, and a little noise in all of them."""
    generator = torch.Generator(device).manual_seed(rows + width)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=device)

    coordinates = width - 2
    places, directions = normal(max(20, rows // 500), coordinates), 0.1 * normal(32, coordinates)

    def stored(count: int) -> Tensor:
        which = torch.randint(len(places), (count,), generator=generator, device=device)
        numbers = places[which] + normal(count, 32) @ directions + 0.1 * normal(count, coordinates)
        numbers /= coordinates**0.5
        squares = numbers.square().sum(dim=1, keepdim=True)
        return torch.cat([numbers, squares, torch.ones_like(squares)], dim=1)

    vectors = torch.empty(rows, width, device=device)
    for chunk in torch.split(vectors, 500_000):
        chunk.copy_(stored(len(chunk)))
    vectors[rows // 2] = vectors[rows // 3]  # equal rows tie
    asked = stored(BATCH)
    asked[0] = vectors[rows // 2]
    queries = torch.cat([2 * asked[:, :-2], -asked[:, -1:], -asked[:, -2:-1]], dim=1)
    return Problem(ExactSearch(vectors), vectors.cpu().numpy(), queries, asked[:, :-2].contiguous())


def check_search(sizes: Sizes, device: torch.device, report: Report) -> None:
    """Exact search, one query and a batch, of every number of rows and length."""
    for rows in sizes.rows:
        for width in sizes.widths:
            with report.failures_of(f"search among {rows:,} x {width}"):
                problem = make_problem(rows, width, device)
                search_one(problem, report, Budget(sizes.seconds[0]))
                if width == sizes.widths[0]:
                    clusters = sizes.clusters[0 if rows == sizes.rows[0] else 1]
                    check_clusters(problem, clusters, sizes, report, on_cpu=rows == sizes.rows[0])
            problem = None  # before there is another one
            if device.type == "cuda":
                torch.cuda.empty_cache()


def search_one(problem: Problem, report: Report, budget: Budget) -> None:
    """The rows about exact search."""
    search, on_cpu, device = problem.search, problem.on_cpu, problem.queries.device
    name = f"exact search, {len(on_cpu):,} x {on_cpu.shape[1]}, k = {K}"
    queries = problem.queries.cpu()
    block = VectorBlock((on_cpu,), None, np.arange(len(on_cpu)), (search.largest_norm,))

    def on_device(count: int) -> NDArray[np.int64]:
        return search.best(queries[:count].to(device), K)[1].cpu().numpy()

    single_s = seconds_of(lambda: on_device(1), device, budget.share(8))
    batch_s = seconds_of(lambda: on_device(BATCH), device, budget.share(7))
    expected = best_rows(queries[:1].numpy(), [block], K).rows
    cpu_single_s = seconds_of(lambda: best_rows(queries[:1].numpy(), [block], K), CPU, budget.share(4))
    count = int(min(BATCH, max(4, budget.left_s / (2 * cpu_single_s))))
    started = time.perf_counter()
    expected_batch = best_rows(queries[:count].numpy(), [block], K).rows
    cpu_batch_s = time.perf_counter() - started
    found, found_batch = on_device(1), on_device(BATCH)
    gigabytes = on_cpu.nbytes / single_s / 1e9
    note = f"{single_s * 1e3:.3g} ms, {gigabytes:,.0f} GB/s; {report.check('ids', np.array_equal(found, expected))}"
    report.add(f"{name}, one query", "queries/s", 1 / single_s, 1 / cpu_single_s, note)
    equal = np.array_equal(found_batch[:count], expected_batch) and np.array_equal(found_batch[:1], found)
    note = f"{batch_s * 1e3:.3g} ms; {report.check('ids', equal)}; CPU: {count} queries at once"
    report.add(f"{name}, {BATCH} at once", "queries/s", BATCH / batch_s, count / cpu_batch_s, note)


def check_clusters(problem: Problem, clusters: int, sizes: Sizes, report: Report, on_cpu: bool) -> None:
    """The rows about k-means and search in its clusters; the CPU runs the same torch code."""
    budget = Budget(sizes.seconds[1])
    vectors, device = problem.search.vectors, problem.queries.device
    numbers = vectors[:, :-2]
    sample = numbers[:: max(1, len(numbers) // (sizes.trained_on * clusters))].contiguous()
    k_means(sample[: 2 * clusters], clusters, iterations=1)  # warms up
    synchronize(device)
    started = time.perf_counter()
    centroids = k_means(sample, clusters)
    synchronize(device)
    trained_s = time.perf_counter() - started
    repeated = torch.equal(centroids, k_means(sample, clusters)) if budget.left_s > 4 * trained_s else None
    started = time.perf_counter()
    nearest, _ = nearest_centroids(numbers, centroids)
    synchronize(device)
    assigned_s = time.perf_counter() - started
    name = f"{len(numbers):,} x {numbers.shape[1]}, {clusters:,} clusters"
    cpu_s = None
    if on_cpu:
        cpu_sample = sample.cpu()
        cpu_s = seconds_of(lambda: k_means(cpu_sample, clusters, iterations=1), CPU, budget.share(6))
    note = f"all 10 on {len(sample):,} rows {trained_s:.3g} s, then every row to its cluster {assigned_s:.3g} s"
    if repeated is not None:
        note += f"; {report.check('second run', repeated)}"
    report.add(f"k-means, {name}", "iterations/s", 10 / trained_s, None if cpu_s is None else 1 / cpu_s, note)
    queries, probes = problem.queries.cpu(), problem.probes.cpu()
    exact = problem.search.best(problem.queries, K)[1].cpu().numpy()
    found_in = ClusteredSearch(problem.search, centroids, nearest)
    in_cpu = None
    if on_cpu:
        in_cpu = ClusteredSearch(ExactSearch(torch.from_numpy(problem.on_cpu)), centroids.cpu(), nearest.cpu())
    for probed in sizes.probed:
        for count in (1, BATCH):

            def on_device(count: int = count, probed: int = probed) -> NDArray[np.int64]:
                answer = found_in.best(queries[:count].to(device), probes[:count].to(device), K, probed)
                return answer[1].cpu().numpy()

            def on_cpu_alone(count: int = count, probed: int = probed) -> NDArray[np.int64]:
                assert in_cpu is not None
                return in_cpu.best(queries[:count], probes[:count], K, probed)[1].numpy()

            took_s = seconds_of(on_device, device, budget.share(12))
            found, cpu_s = on_device(), None
            at_10, at_100 = recall(found, exact, 10), recall(found, exact, K)
            note = f"{took_s * 1e3:.3g} ms, recall 10@10 {at_10:.3f}, {K}@{K} {at_100:.3f}"
            if in_cpu is not None:
                note += f"; {report.check('ids', np.array_equal(found, on_cpu_alone()))}"
                cpu_s = seconds_of(on_cpu_alone, CPU, budget.share(12))
            measure = f"IVF, {name}, {probed} of them, {count} at once"
            report.add(measure, "queries/s", count / took_s, None if cpu_s is None else count / cpu_s, note)


def recall(found: NDArray[np.int64], exact: NDArray[np.int64], depth: int) -> float:
    """Share of the first `depth` exact rows among the first `depth` found."""
    shares = [np.isin(a[:depth], b[:depth]).mean() for a, b in zip(exact[: len(found)], found, strict=True)]
    return float(np.mean(shares))
