"""The command, in this process and in one of its own, and a small demo library to run it on."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from contextlib import chdir
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.command_line import Run
from support.small_recipes import make_recipes_small
from support.training_command import Train

from mretrieve.cli import main

KINDS = ("kick", "jump", "wave", "bow", "squat")


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that trains on every core finds one, so that PyTorch keeps its one thread in this process."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


@pytest.fixture(scope="session")
def mretrieve() -> Run:
    """Runs `mretrieve WORDS...` in a folder, without a terminal, in this process, in which everything is loaded."""

    def run(
        *words: str | Path, folder: Path, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        typed = list(map(str, words))
        runner = CliRunner(env={"MRETRIEVE_INDEX": None, "COLUMNS": "80", **(environment or {})})
        with chdir(folder):
            result = runner.invoke(main, typed, prog_name="mretrieve")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception  # a user would see a traceback
        return subprocess.CompletedProcess(typed, result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def process() -> Run:
    """Runs the same in a process of its own, as a user's shell does, for what depends on that."""

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
def home(generated: Path, tmp_path_factory: pytest.TempPathFactory, mretrieve: Run) -> Path:
    """A folder with `library/`, its index in `.mretrieve`, and `zoe_kick.bvh`, which is not in the library."""
    from mretrieve.demo import write_query

    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(generated, folder / "library")
    write_query(folder)
    made = mretrieve("index", "library", "--labels", "library/labels.csv", folder=folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def motions(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `motions/` (two clips each of five kinds, one damaged file) and `labels.csv` beside it."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "motions").mkdir()
    rows = []
    with (generated / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["label"] in KINDS:
                target = folder / "motions" / Path(row["path"]).name
                target.write_bytes((generated / row["path"]).read_bytes())
                rows.append((f"motions/{target.name}", row["label"], row["performer"]))
    for skeleton in generated.rglob("*.asf"):
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
    """Runs `mretrieve train WORDS...` with tiny networks, measured with few pieces, in a folder, in this process."""
    from mretrieve.training.systems import deephums, gru, mmd_nca, submotion

    for module in (deephums, gru, mmd_nca, submotion):
        monkeypatch.setattr(module, "RECIPES", dict(module.RECIPES))
    make_recipes_small()
    monkeypatch.setattr(submotion, "asked_pieces", partial(submotion.asked_pieces, count=20))

    def run(*words: str | Path, folder: Path) -> Result:
        monkeypatch.chdir(folder)
        typed = ["train", *map(str, words), "--threads", "1"]
        monkeypatch.setattr(sys, "argv", ["mretrieve", *typed])
        return CliRunner().invoke(main, typed)

    return run
