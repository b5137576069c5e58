"""How far a training has come: a bar on a terminal, a line for each milestone elsewhere; curves for TensorBoard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.errors import MRetrieveError

if TYPE_CHECKING:
    from mretrieve.training import Progress

Listener = Callable[["Progress"], None]
#: What the training of an encoder measures on held-out clips.
HELD_OUT_MAP = "held-out mAP"
#: Part of the shown loss that is the newest update's.
_NEWEST = 0.05


@contextmanager
def training_progress(score: str = HELD_OUT_MAP) -> Iterator[Listener]:
    """Whom the training loop tells, `score` being what it measures; both ways write to standard error."""
    if not sys.stderr.isatty():
        yield lambda now: click.echo(milestone_line(now, score), err=True) if now.milestone else None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    smooth: list[float] = []

    def tell(now: Progress) -> None:
        smooth[:] = [now.loss if not smooth or now.milestone else smooth[0] + _NEWEST * (now.loss - smooth[0])]
        bar.update(
            task,
            completed=now.update,
            total=now.updates,
            said=f"loss {smooth[0]:.4g}{_held_out(now, score)}, {_duration(now.left_s)} left",
        )

    columns = TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}")
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Training", total=None, said="")
        yield tell


@contextmanager
def reading_progress() -> Iterator[Callable[[int, int], None]]:
    """Whom the reading of files tells; nobody where there is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def tensorboard(folder: Path | None, score: str = HELD_OUT_MAP) -> Iterator[Listener]:
    """Who writes curves of loss and of what is measured, `score`, into a folder; nobody for None.

    Raises:
        MRetrieveError: TensorBoard is not installed.
    """
    if folder is None:
        yield lambda _: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        raise MRetrieveError("--tensorboard needs TensorBoard; install it with: pip install tensorboard") from None
    with SummaryWriter(str(folder)) as writer:

        def tell(now: Progress) -> None:
            writer.add_scalar("loss" if not now.milestone else "mean loss", now.loss, now.update)
            if now.milestone and now.held_out_map is not None:
                writer.add_scalar(score, now.held_out_map, now.update)

        yield tell


def milestone_line(now: Progress, score: str = HELD_OUT_MAP) -> str:
    """A milestone in one line."""
    said = f"loss {now.loss:.4g}{_held_out(now, score)}, {_duration(now.left_s)} left"
    return f"update {now.update} of {now.updates}: {said}"


def _held_out(now: Progress, score: str) -> str:
    return "" if now.held_out_map is None else f", {score} {now.held_out_map:.3f}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
