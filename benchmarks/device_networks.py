"""Learned encoders on a device for `gpu_check.py`: encoding and training, beside the CPU's."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from device_report import Budget, Report, seconds_of
from device_sizes import CPU, Sizes
from support.moving_bodies import random_clip
from torch import Tensor

from mretrieve.encoders import load_encoder
from mretrieve.encoders.body_sequence import body_sequence
from mretrieve.encoders.learned import LearnedEncoder
from mretrieve.motion import LabelledClip
from mretrieve.training import default_recipe, train
from mretrieve.training.loop import InterruptedTrainingError

#: Updates of a training that are not counted.
_WARM_UP = 2


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
