"""`mretrieve train` with networks so small that a training takes a second: in this process, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

#: `mretrieve` with networks and batches so small that an update takes milliseconds.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from support.small_recipes import make_recipes_small
make_recipes_small()
from mretrieve.cli import main
main()
"""

Train = Callable[..., Result]


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "train", *map(str, words), "--threads", "1"]


def alone(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, timeout=300)
