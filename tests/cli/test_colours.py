"""Colours and bars in tables: on a terminal, unless NO_COLOR is set, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.command_line import Run

WORDS = ("query", "zoe_kick.bvh", "-k", "3")


def _on_terminal(folder: Path, environment: dict[str, str]) -> str:
    pytest.importorskip("pty", reason="NO TERMINAL: colours are not tested")
    ours, theirs = os.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "MRETRIEVE_INDEX")}
    subprocess.run(
        [sys.executable, "-m", "mretrieve", *WORDS],
        cwd=folder,
        env=kept | {"PYTHONIOENCODING": "utf-8"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb") as output:
        return output.read1().decode().replace("\r\n", "\n")


def test_a_terminal_shows_colours_and_a_bar_for_each_part(home: Path):
    text = _on_terminal(home, {})
    assert click.unstyle(text) != text
    header, *rows = click.unstyle(text).splitlines()[1:5]
    assert "parts" in header
    assert all(row[header.index("parts") :][:5].strip("▁▂▃▄▅▆▇█") == "" for row in rows)


def test_no_color_and_a_pipe_get_the_plain_table(mretrieve: Run, home: Path):
    plain = mretrieve(*WORDS, folder=home).stdout
    assert click.unstyle(plain) == plain
    assert (
        _on_terminal(home, {"NO_COLOR": "1"}).splitlines()[:-1] == plain.splitlines()[:-1]
    )  # but for the milliseconds
