"""Trainings that may be made in parts, to be resumed: their command, and the run itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch

from mretrieve.training.card import DataCard, save_encoder, training_card
from mretrieve.training.loop import InterruptedTrainingError, RunOptions, Trained, TrainingProgress, run_task
from mretrieve.training.task import Task

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import mocap_folder


@dataclass(frozen=True)
class Training:
    """A training and the content of its card.

    Attributes:
        make_task: makes the task.
        data: the clips trained on.
        report: lines for the card about the result.
    """

    make_task: Callable[[], Task[Any]]
    data: DataCard
    report: Callable[[Any], tuple[str, ...]] = lambda _: ()


def training_command(
    about: str, script: str, weights: Path, recipe_updates: int, prepare: Callable[[Path, int], Training]
) -> click.Command:
    """The command that makes what `prepare` gives for a folder of motion capture and a number of updates.

    Args:
        about: its help.
        script: the file in benchmarks/weights, for the card.
        weights: the file that is written unless the user names another.
        recipe_updates: the number of updates unless the user names another.
        prepare: makes the training.
    """

    @click.command(help=about)
    @click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
    @click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=weights)
    @click.option("--updates", type=click.IntRange(min=1), default=recipe_updates, show_default=True)
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
    @click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
    @click.option("--part-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop then, to be resumed.")
    @click.option("--resume", is_flag=True, help="Continue from the checkpoint next to the output.")
    def main(
        mocap: Path | None,
        output: Path,
        updates: int,
        seed: int,
        threads: int,
        part_minutes: float | None,
        resume: bool,
    ) -> None:
        training = prepare(mocap_folder(mocap), updates)
        trained = train_in_parts(training.make_task, output, seed, threads, part_minutes, resume)
        command = f"python benchmarks/weights/{script} --updates {updates} --seed {seed} --threads {threads}"
        card = training_card(trained, training.data, command, report=training.report(trained.encoder))
        output.parent.mkdir(exist_ok=True)
        save_encoder(output, trained.encoder, card)
        checkpoint_of(output).unlink(missing_ok=True)
        click.echo(card.to_markdown())

    return main


def echo_progress(now: TrainingProgress) -> None:
    """Print a line every 100 updates."""
    if now.update % 100 == 0:
        click.echo(f"update {now.update}, loss {now.loss:.3f}, {now.left_s:.0f} s left")


def checkpoint_of(output: Path) -> Path:
    """The file that keeps an unfinished training, next to its output."""
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
