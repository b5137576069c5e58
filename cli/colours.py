"""Scores in colour and as bars, on a terminal only: what is piped or saved stays plain text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click

#: Eighths of a letter's height, from a score of 0 to 1.
_BARS = "▁▂▃▄▅▆▇█"
#: From these scores on. Cyan, yellow and magenta can be told apart by the colour-blind.
_COLOURS = ((0.8, "cyan"), (0.4, "yellow"), (0.0, "magenta"))


def in_colour() -> bool:
    """Whether standard output is a terminal, can write bars, and NO_COLOR (https://no-color.org) is not set."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    return sys.stdout.isatty() and encoding == "utf8" and not os.environ.get("NO_COLOR")


def score_in_colour(score: float, text: str) -> str:
    """The text in the colour of a score; plain if colours are not shown."""
    return click.style(text, fg=_colour_of(score)) if in_colour() else text


def bars_of(scores: Iterable[float]) -> str:
    """A bar for each score in its colour."""
    return "".join(
        click.style(_BARS[min(int(score * len(_BARS)), len(_BARS) - 1)], fg=_colour_of(score)) for score in scores
    )


def _colour_of(score: float) -> str:
    return next(colour for least, colour in _COLOURS if score >= least)
