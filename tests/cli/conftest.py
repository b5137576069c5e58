"""The installed command, as a user's shell runs it, and a small demo library to run it on."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.command_line import Run
from support.small_recipes import make_recipes_small
from support.training_command import Train

from mretrieve.cli import main

KINDS = ("kick", "jump", "wave", "bow", "squat")


@pytest.fixture(scope="session")
def mretrieve() -> Run:
    """Runs `mretrieve WORDS...` in a folder, in a process of its own, without a terminal."""

    def run(
        *words: str | Path, folder: Path, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "MRETRIEVE_INDEX"}
        return subprocess.run(
            [sys.executable, "-m", "mretrieve", *map(str, words)],
            cwd=folder,
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
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


@pytest.fixture(scope="session")
def motions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `motions/` (two clips each of five kinds, one damaged file) and `labels.csv` beside it."""
    from mretrieve.demo import make_library

    library = tmp_path_factory.mktemp("library")
    make_library(library, clips_per_kind=2)
    folder = tmp_path_factory.mktemp("training")
    (folder / "motions").mkdir()
    rows = []
    with (library / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["label"] in KINDS:
                target = folder / "motions" / Path(row["path"]).name
                target.write_bytes((library / row["path"]).read_bytes())
                rows.append((f"motions/{target.name}", row["label"], row["performer"]))
    for skeleton in library.rglob("*.asf"):
        shutil.copy(skeleton, folder / "motions")
    (folder / "motions" / "damaged.bvh").write_text("HIERARCHY\nROOT Hips\n{")
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([("path", "label", "performer"), *rows])
    return folder


@pytest.fixture
def here(motions: Path, tmp_path: Path) -> Path:
    """The same in a folder of the test's own."""
    shutil.copytree(motions, tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Train:
    """Runs `mretrieve train WORDS...` with tiny networks in a folder, in this process."""
    from mretrieve.training.systems import deephums, gru, mmd_nca, submotion

    for module in (deephums, gru, mmd_nca, submotion):
        monkeypatch.setattr(module, "RECIPES", dict(module.RECIPES))
    make_recipes_small()

    def run(*words: str | Path, folder: Path) -> Result:
        monkeypatch.chdir(folder)
        typed = ["train", *map(str, words), "--threads", "1"]
        monkeypatch.setattr(sys, "argv", ["mretrieve", *typed])
        return CliRunner().invoke(main, typed)

    return run
