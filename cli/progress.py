"""Progress of `mretrieve index` and `train`: a bar on a terminal, lines elsewhere; a clean stop at Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from mretrieve.errors import MRetrieveError

if TYPE_CHECKING:
    from mretrieve.indexer import IngestProgress
    from mretrieve.indexer.report import ProgressListener
    from mretrieve.training import TrainingProgress


@contextmanager
def graceful_stop(message: str) -> Iterator[list[int]]:
    """Yield a list to which the number of the first signal is appended; `message` is printed then."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with suppress(OSError):  # standard error may be closed
            click.echo(message, err=True)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_LINE_EVERY_S = 3.0


@contextmanager
def ingest_progress() -> Iterator[ProgressListener]:
    """A listener for `build_index`."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scanning", total=None)
        yield lambda now: bar.update(
            task, description=f"{now.clips} clips", completed=now.files_done, total=now.files_total
        )


def _lines() -> ProgressListener:
    last = time.monotonic()

    def print_line(now: IngestProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            click.echo(
                f"{now.files_done} of {now.files_total} files, {now.clips} clips, {now.motion_s / 60:.1f} minutes, "
                f"{now.refused} refused",
                err=True,
            )

    return print_line


Listener = Callable[["TrainingProgress"], None]
#: Weight of the newest update in the loss that the bar shows.
_NEWEST = 0.05


@contextmanager
def training_progress(curves: Path | None = None) -> Iterator[Listener]:
    """Yield a listener that shows progress on standard error, and logs it to TensorBoard if a folder is given."""
    with _progress_bar() as show, _tensorboard(curves) as log:

        def listen(now: TrainingProgress) -> None:
            show(now)
            log(now)

        yield listen


@contextmanager
def reading_progress() -> Iterator[Callable[[int, int], None]]:
    """Progress bar for reading files; silent without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def video_progress() -> Iterator[Callable[[int, int], None]]:
    """Progress of the search for people in a video: a bar on a terminal, a line every few seconds elsewhere."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def print_line(done: int, expected: int) -> None:
            nonlocal last
            if time.monotonic() - last >= _LINE_EVERY_S:
                last = time.monotonic()
                click.echo(f"{done}{f' of {expected}' if expected else ''} frames searched for people", err=True)

        yield print_line
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Searching for people", total=None)
        yield lambda done, expected: bar.update(task, completed=done, total=expected or None)


@contextmanager
def _progress_bar() -> Iterator[Listener]:
    if not sys.stderr.isatty():
        yield lambda now: click.echo(milestone_line(now), err=True) if now.milestone else None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    smooth: list[float] = []

    def show(now: TrainingProgress) -> None:
        smooth[:] = [now.loss if not smooth or now.milestone else smooth[0] + _NEWEST * (now.loss - smooth[0])]
        bar.update(task, completed=now.update, total=now.updates, state=_state(now, smooth[0]))

    columns = TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[state]}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Training", total=None, state="")
        yield show


@contextmanager
def _tensorboard(folder: Path | None) -> Iterator[Listener]:
    """Yield a listener that logs loss and score to TensorBoard; a no-op if `folder` is None.

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

        def log(now: TrainingProgress) -> None:
            writer.add_scalar("mean loss" if now.milestone else "loss", now.loss, now.update)
            if now.milestone and now.score is not None:
                writer.add_scalar(now.score_name, now.score, now.update)

        yield log


def milestone_line(now: TrainingProgress) -> str:
    """A validation in one line."""
    return f"update {now.update} of {now.updates}: {_state(now, now.loss)}"


def _state(now: TrainingProgress, loss: float) -> str:
    score = "" if now.score is None else f", {now.score_name} {now.score:.3f}"
    return f"loss {loss:.4g}{score}, {_duration(now.left_s)} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def search_video(name: str, pose_model: Path | str | None) -> None:
    """Find the people in a query that is a video, with progress; the search then has them from the cache."""
    from mretrieve.formats.video.reader import SUFFIXES

    file = name.rpartition("#")[0] or name
    if file.lower().endswith(tuple(f".{suffix}" for suffix in SUFFIXES)) and Path(file).is_file():
        from mretrieve.formats import MotionFile
        from mretrieve.formats.video.poses import find_poses

        with video_progress() as listener:
            find_poses(MotionFile(Path(file)), pose_model, listener)
