"""What `explain`, `compare` and `align` have in common: the options of what is compared, and writing what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mretrieve.errors import MRetrieveError

PATH = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def reading_options(command: _Command) -> _Command:
    """The options --parts, --index, --asf and --rig-map."""
    options = (
        click.option("--parts", metavar="P=W,...", help="How much each part of the body counts: arms=1,legs=0."),
        click.option(
            "--index",
            type=PATH,
            help="Where indexed clips are; else $MRETRIEVE_INDEX, else .mretrieve here or in a parent folder.",
        ),
        click.option("--asf", type=PATH, help="The skeleton of AMC files, where it is not beside them."),
        click.option("--rig-map", type=PATH, help="Which joint is which, as `mretrieve rig --save` wrote."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def as_json(value: dict[str, Any]) -> str:
    """A JSON object as it is printed."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all. MRetrieveError where it cannot be."""
    from mretrieve.atomic_file import atomic_write

    try:
        with atomic_write(path) as place:
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MRetrieveError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None
