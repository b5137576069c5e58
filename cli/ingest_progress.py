"""Progress of `mretrieve index`: a bar on a terminal, otherwise a line every few seconds; both on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mretrieve.indexer import IngestProgress
    from mretrieve.indexer.report import ProgressListener

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
