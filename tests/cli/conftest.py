"""The installed command, as a user's shell runs it, and a small demo library to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Run


@pytest.fixture(scope="session")
def mretrieve() -> Run:
    """Runs `mretrieve WORDS...` in a folder, in a process of its own, without a terminal."""

    def run(
        *words: str | Path, folder: Path, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "MRETRIEVE_INDEX"}
        return subprocess.run(
            [sys.executable, "-c", "from mretrieve.cli import main; main()", *map(str, words)],
            cwd=folder,
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, mretrieve: Run) -> Path:
    """A folder with `library/`, its index in `.mretrieve`, and `zoe_kick.bvh`, which is not in the library."""
    from mretrieve.demo import make_library, write_query

    folder = tmp_path_factory.mktemp("home")
    make_library(folder / "library", clips_per_kind=2)
    write_query(folder)
    made = mretrieve("index", "library", "--labels", "library/labels.csv", folder=folder)
    assert made.returncode == 0, made.stderr
    return folder
