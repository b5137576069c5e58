"""Trainings that may be made in parts, to be resumed: their options, and the run itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch

from mretrieve.training.loop import InterruptedTrainingError, RunOptions, Trained, TrainingProgress, run_task
from mretrieve.training.task import Task


def echo_progress(now: TrainingProgress) -> None:
    """Print a line every 100 updates."""
    if now.update % 100 == 0:
        click.echo(f"update {now.update}, loss {now.loss:.3f}, {now.left_s:.0f} s left")


def checkpoint_of(output: Path) -> Path:
    """The file that keeps an unfinished training, beside its output."""
    return output.with_name(f"{output.name}.checkpoint")


def train_in_parts(
    make_task: Callable[[], Task[Any]], output: Path, seed: int, threads: int, part_minutes: float | None, resume: bool
) -> Trained[Any]:
    """The finished training; exits with status 75 if it is stopped after `part_minutes`, to be resumed."""
    started = time.monotonic()
    torch.set_num_threads(threads)
    options = RunOptions(
        checkpoint=checkpoint_of(output),
        checkpoint_every_s=60.0,
        resume=resume,
        progress=echo_progress,
        stopped=lambda: part_minutes is not None and time.monotonic() - started > 60 * part_minutes,
    )
    try:
        return run_task(make_task, seed, options)
    except InterruptedTrainingError as error:
        click.echo(f"{error}; --resume continues")
        raise SystemExit(75) from None
