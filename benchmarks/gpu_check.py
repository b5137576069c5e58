"""What a GPU gives, and whether its answers are the CPU's: encoding, search, clusters, warping, training.

    python benchmarks/gpu_check.py [--device cuda] [--small] [--out FILE]

Runs from the repository's root without installation, without a network and without motion capture, in less than 6
minutes on an H100: each block has a budget of seconds and runs fewer queries or updates if it is short. The rows of the
CPU are those of mretrieve's own CPU code at the same size. Rates are medians of wall time with the transfers to and
from the device, vectors and frames excepted, which stay there.

Prints a Markdown table row by row, and exits with 1 if ids or costs differ between device and CPU or a block failed.
`--small` has sizes that torch on a CPU finishes in under a minute, without saying anything about speed. `--out FILE`
writes FILE.md and FILE.json.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
for _name in ("numpy", "torch", "numba", "pyarrow", "filelock", "safetensors"):
    try:
        importlib.import_module(_name)
    except ImportError as error:
        sys.exit(f"gpu_check.py needs {_name}, which {sys.executable} cannot import: {error}")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from device_report import Budget, Report, environment, seconds_of, synchronize  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from side_by_side import FEATURES, motions  # noqa: E402
from support.moving_bodies import random_clip  # noqa: E402
from torch import Tensor  # noqa: E402

from mretrieve.encoders import load_encoder  # noqa: E402
from mretrieve.encoders.body_sequence import body_sequence  # noqa: E402
from mretrieve.encoders.learned import LearnedEncoder  # noqa: E402
from mretrieve.kernels import compiled  # noqa: E402
from mretrieve.kernels.device import warping  # noqa: E402
from mretrieve.kernels.device.clusters import ClusteredSearch, k_means, nearest_centroids  # noqa: E402
from mretrieve.kernels.device.exact import ExactSearch  # noqa: E402
from mretrieve.kernels.warping import dtw_distances, subsequence_matches  # noqa: E402
from mretrieve.motion import LabelledClip  # noqa: E402
from mretrieve.storage.rows import VectorBlock  # noqa: E402
from mretrieve.training import default_recipe, recipe_names, train  # noqa: E402
from mretrieve.training.loop import InterruptedTrainingError  # noqa: E402
from mretrieve.vectors.flat import best_rows  # noqa: E402

#: Longer than all budgets together; a run that hangs ends then, with the place where it hung.
LIMIT_S = 470
K, BATCH = 100, 64
#: Updates of a training that are not counted.
_WARM_UP = 2
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything, and the seconds of each block.

    Attributes:
        rows: numbers of vectors that are searched.
        widths: their lengths.
        clusters: the clusters of the first number of rows, and those of the last.
        probed: clusters that a search looks at.
        trained_on: vectors per cluster that k-means sees.
        candidates: motions that are warped.
        regions: sequences in which the query is looked for.
        windows: batches that are encoded.
        recipes: what is trained.
        seconds: of search (each number and length), clusters (each), warping, encoding, and training (each recipe).
    """

    rows: tuple[int, ...] = (1_000_000, 10_000_000)
    widths: tuple[int, ...] = (196, 128)
    clusters: tuple[int, int] = (4096, 16384)
    probed: tuple[int, ...] = (16, 64)
    trained_on: int = 64
    candidates: int = 20_000
    regions: int = 4_000
    windows: tuple[int, ...] = (64, 2048)
    recipes: tuple[str, ...] = (*recipe_names(), "submotion")
    seconds: tuple[float, float, float, float, float] = (20, 30, 45, 32, 10)


SMALL = Sizes(
    rows=(2_000, 5_000),
    clusters=(16, 32),
    probed=(2, 8),
    candidates=60,
    regions=8,
    windows=(4,),
    recipes=("deephums-unlabelled", "gru"),
    seconds=(0.1, 0.1, 0.2, 0.2, 0.2),
)


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


def check_dtw(sizes: Sizes, device: torch.device, report: Report) -> None:
    """Whole motions against a query."""
    budget = Budget(sizes.seconds[2] / 2)
    generator = np.random.default_rng(0)
    threads = os.cpu_count() or 1
    query = motions(1, np.array([90]))[0]
    some = motions(2, generator.integers(60, 151, min(sizes.candidates, 2000)))
    candidates = [some[number % len(some)] for number in range(sizes.candidates)]
    on_device, moved = torch.from_numpy(query).to(device), warping.Sequences.of(candidates, FEATURES, device)
    took_s = seconds_of(lambda: warping.dtw_distances(on_device, moved).cpu(), device, budget.share(6))
    one_s = seconds_of(lambda: dtw_distances(query, candidates), CPU, budget.share(6))
    all_s = seconds_of(lambda: dtw_distances(query, candidates, threads=threads), CPU, budget.share(6))
    expected = dtw_distances(query, candidates, threads=threads)
    difference = relative_difference(warping.dtw_distances(on_device, moved), expected)
    note = f"{report.check('costs', difference < 1e-5, f'to {difference:.0e}')}; CPU: 1 thread"
    name = f"DTW, 90 frames and {len(candidates):,} motions of 60 to 150"
    report.add(name, "motions/s", len(candidates) / took_s, len(candidates) / one_s, note)
    same = np.array_equal(expected, dtw_distances(query, candidates))
    note = f"{report.check('bits with 1 thread', same)}; CPU: {threads} threads"
    report.add(name, "motions/s", len(candidates) / took_s, len(candidates) / all_s, note)
    with without_triton():
        plain_s = seconds_of(lambda: warping.dtw_distances(on_device, moved).cpu(), device, budget.share(6))
    report.add(f"{name}, plain torch", "motions/s", len(candidates) / plain_s, None)
    to_s = seconds_of(lambda: warping.Sequences.of(candidates, FEATURES, device), device, budget.share(10))
    note = f"{moved.frames.nbytes / to_s / 1e9:.3g} GB/s"
    report.add("moving the frames of those to the device", "motions/s", len(candidates) / to_s, None, note)


def check_subsequences(sizes: Sizes, device: torch.device, report: Report) -> None:
    """A query looked for in longer motions."""
    budget = Budget(sizes.seconds[2] / 2)
    generator = np.random.default_rng(0)
    threads = os.cpu_count() or 1
    query = motions(3, np.array([60]))[0]
    some = motions(4, generator.integers(200, 601, min(sizes.regions, 400)))
    for number, sequence in enumerate(some[::2]):
        start = number % 140
        sequence[start : start + 60] = query + np.float32(0.01) * generator.standard_normal(query.shape)
    sequences = [some[number % len(some)] for number in range(sizes.regions)]
    on_device, moved = torch.from_numpy(query).to(device), warping.Sequences.of(sequences, FEATURES, device)
    took_s = seconds_of(lambda: warping.subsequence_matches(on_device, moved).costs.cpu(), device, budget.share(4))
    one_s = seconds_of(lambda: subsequence_matches(query, sequences), CPU, budget.share(3))
    all_s = seconds_of(lambda: subsequence_matches(query, sequences, threads=threads), CPU, budget.share(3))
    matches, expected_matches = warping.subsequence_matches(on_device, moved), subsequence_matches(query, sequences)
    difference = relative_difference(matches.costs, expected_matches.costs)
    same = np.array_equal(matches.starts.cpu().numpy(), expected_matches.starts)
    same = same and np.array_equal(matches.ends.cpu().numpy(), expected_matches.ends)
    note = (
        f"{report.check('costs', difference < 1e-5, f'to {difference:.0e}')}; {report.check('starts and ends', same)}"
    )
    name = f"subsequence DTW, 60 frames in {len(sequences):,} motions of 200 to 600"
    report.add(name, "motions/s", len(sequences) / took_s, len(sequences) / one_s, f"{note}; CPU: 1 thread")
    report.add(name, "motions/s", len(sequences) / took_s, len(sequences) / all_s, f"CPU: {threads} threads")
    with without_triton():
        plain_s = seconds_of(lambda: warping.subsequence_matches(on_device, moved).costs.cpu(), device, budget.share(4))
    report.add(f"{name}, plain torch", "motions/s", len(sequences) / plain_s, None)


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


def check_encoding(sizes: Sizes, device: torch.device, report: Report) -> None:
    """The learned encoders with their shipped weights, windows of 3 seconds, in float32 and in mixed precision."""
    for name in ("mmd-nca", "deephums"):
        with report.failures_of(f"encoding, {name}"):
            check_encoder(name, sizes, device, report)


def check_encoder(name: str, sizes: Sizes, device: torch.device, report: Report) -> None:
    """The rows of one encoder."""
    budget, parts = Budget(sizes.seconds[3] / 2), 4.0 * len(sizes.windows)
    clips = [random_clip(seed, 90) for seed in range(16)]
    encoder = load_encoder(name)
    assert isinstance(encoder, LearnedEncoder)
    on_cpu, on_device = encoder.network, copy.deepcopy(encoder.network).to(device)
    distinct = torch.from_numpy(np.stack([on_cpu.inputs(body_sequence(clip)) for clip in clips]))
    for batch in sizes.windows:
        inputs, lengths = distinct.repeat(-(-batch // 16), 1, 1)[:batch], torch.full((batch,), 90)
        for mixed in (False, True):
            run = _forward(on_device, inputs, lengths, device, mixed)
            run_on_cpu = _forward(on_cpu, inputs, lengths, CPU, mixed)
            took_s = seconds_of(run, device, budget.share(parts))
            cpu_s = seconds_of(run_on_cpu, CPU, budget.share(parts))
            parts -= 2
            difference = float((run() - _forward(on_cpu, inputs, lengths, CPU, False)()).abs().max())
            note = f"largest difference of a coordinate from float32 on the CPU {difference:.0e}"
            if not mixed:
                note = report.check("embeddings", difference < 1e-3, f"to {difference:.0e}")
            kind = "mixed bfloat16" if mixed else "float32"
            report.add(f"encoding, {name}, {batch} at once, {kind}", "windows/s", batch / took_s, batch / cpu_s, note)


def _forward(
    network: torch.nn.Module, inputs: Tensor, lengths: Tensor, device: torch.device, mixed: bool
) -> Callable[[], Tensor]:
    def run() -> Tensor:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            embeddings: Tensor = network(inputs.to(device), lengths.to(device))
        return embeddings.float().cpu()

    return run


def check_training(sizes: Sizes, device: torch.device, report: Report) -> None:
    """Updates of every recipe by the training loop, batches and all; mixed precision on CUDA, float32 on the CPU."""
    clips = [
        LabelledClip(
            random_clip(label).cut(start, start + 90), f"class{label}", f"group{start % 2}", f"{label}_{start}"
        )
        for label in range(20)
        for start in range(0, 40, 5)
    ]
    for name in sizes.recipes:
        with report.failures_of(f"training, {name}"):
            check_recipe(name, clips, sizes, device, report)


def check_recipe(name: str, clips: list[LabelledClip], sizes: Sizes, device: torch.device, report: Report) -> None:
    """The row of one recipe."""
    recipe = replace(default_recipe(name), updates=1_000_000, validate_every=1_000_000)
    if name == "submotion":
        recipe = replace(recipe, over="pose-statistics")
    if name == "gru" and importlib.util.find_spec("pytorch_metric_learning") is None:
        recipe = recipe.with_changes({"loss": "mmd-nca"})  # its own loss is that library's
    rates, losses = [], []
    for where in (device, CPU):
        rate, first_losses = updates_per_second(recipe, clips, where, sizes.seconds[4] / 2)
        rates.append(rate)
        losses.append(first_losses)
    loss = recipe.objective.name if hasattr(recipe, "objective") else "squared distance"
    note = f"loss {loss}: first {losses[0][0]:.3g} (CPU {losses[1][0]:.3g}), last {losses[0][-1]:.3g}"
    report.add(f"training, {name}", "updates/s", rates[0], rates[1], note)


def updates_per_second(
    recipe: object, clips: list[LabelledClip], device: torch.device, limit_s: float
) -> tuple[float, list[float]]:
    """Updates per second of a run that is stopped after so many, and its losses."""
    times: list[float] = []
    losses: list[float] = []
    started = time.perf_counter()

    def progress(state: object) -> None:
        times.append(time.perf_counter())
        losses.append(state.loss)  # type: ignore[attr-defined]

    def stopped() -> bool:
        return len(times) > _WARM_UP + 1 and time.perf_counter() - started > limit_s

    with contextlib.suppress(InterruptedTrainingError):
        train(recipe, clips, device=str(device), progress=progress, stopped=stopped)  # type: ignore[arg-type]
    return (len(times) - 1 - _WARM_UP) / (times[-1] - times[_WARM_UP]), losses


BLOCKS: tuple[Callable[[Sizes, torch.device, Report], None], ...] = (
    check_search,
    check_dtw,
    check_subsequences,
    check_encoding,
    check_training,
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--small", action="store_true", help="sizes for torch on a CPU")
    parser.add_argument("--out", type=Path, help="also write FILE.md and FILE.json")
    parser.add_argument("--only", help="run the blocks whose names have this text")
    options = parser.parse_args()
    device = torch.device(options.device)
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    started = time.perf_counter()
    about = environment(device, compiled.dtw_distances.__module__)
    print(*(f"- {name}: {value}" for name, value in about.items()), "", sep="\n")
    report = Report(about["device"].partition(",")[0])
    report.begin()
    for block in BLOCKS:
        if options.only and options.only not in block.__name__:
            continue
        with report.failures_of(block.__name__):
            block(SMALL if options.small else Sizes(), device, report)
        about["seconds"] = f"{time.perf_counter() - started:.0f}"
        if options.out:
            report.write(options.out, about)
    faulthandler.cancel_dump_traceback_later()
    print(f"\n{about['seconds']} s; {len(report.failures)} failures")
    if report.failures:
        sys.exit("\n".join(["", *(f"FAILED {failure}" for failure in report.failures)]))


if __name__ == "__main__":
    main()
