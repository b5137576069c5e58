"""The example in the README: the commands print its table, and its moments are where `moments.csv` has them."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run
from support.generated_library import Demo

README = Path(__file__).resolve().parents[2] / "README.md"
#: Times are of frames at 30 fps.
FRAME_S = 1 / 30


@dataclass(frozen=True)
class Example:
    """The query that the README shows: its words after `mretrieve`, and the lines below it."""

    words: list[str]
    table: list[str]


@pytest.fixture(scope="module")
def example() -> Example:
    blocks = re.findall(r"^```\w*\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if block.startswith("$ mretrieve query zoe_kick.bvh"))
    command, *table = block.splitlines()
    return Example(shlex.split(command.removeprefix("$ mretrieve ")), table)


@pytest.fixture(scope="module")
def folder(process: Run, demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make demo` makes: the whole demo library, its index and the query."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(demo.folder, folder, dirs_exist_ok=True)
    run = process("index", "library", "--labels", "library/labels.csv", folder=folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="module")
def hits(process: Run, example: Example, folder: Path) -> list[dict[str, Any]]:
    run = process(*example.words, "--format", "json", folder=folder)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["results"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def without_numbers(line: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "0", line)


def numbers(line: str) -> list[str]:
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", line)


def test_the_commands_print_the_table(process: Run, example: Example, folder: Path):
    printed = process(*example.words, folder=folder).stdout.splitlines()
    *shown, shown_last = example.table
    *printed, printed_last = printed
    assert [line.split("  ")[-1] for line in printed] == [line.split("  ")[-1] for line in shown]  # the clips, in order
    assert [without_numbers(line) for line in printed] == [without_numbers(line) for line in shown]
    for line, as_shown in zip(printed, shown, strict=True):
        for number, as_number in zip(numbers(line), numbers(as_shown), strict=True):
            last_place = 10.0 ** -len(as_number.partition(".")[2])  # which may be rounded otherwise on another machine
            assert float(number) == pytest.approx(float(as_number), abs=1.01 * last_place), line
    assert re.fullmatch(r"10 moments from \S+ in \d+ ms", shown_last)
    assert re.fullmatch(r"10 moments from .+ in \d+ ms", printed_last)


def test_every_kick_of_the_library_comes_before_everything_else(hits: list[dict[str, Any]], folder: Path):
    kicks = {row["path"] for row in rows(folder / "library" / "labels.csv") if row["label"] == "kick"}
    kicks |= {row["path"] for row in rows(folder / "library" / "moments.csv") if row["label"] == "kick"}
    assert {hit["clip"] for hit in hits[: len(kicks)]} == kicks
    assert min(hit["score"] for hit in hits[: len(kicks)]) > 0.4 > hits[len(kicks)]["score"]


def test_kicks_in_takes_are_found_to_the_frame(hits: list[dict[str, Any]], folder: Path):
    found = {hit["clip"]: (hit["start_s"], hit["end_s"]) for hit in hits if hit["label"] == "take"}
    kicks = [row for row in rows(folder / "library" / "moments.csv") if row["label"] == "kick"]
    assert {row["path"] for row in kicks} == set(found)
    for row in kicks:
        start_s, end_s = found[row["path"]]
        true_start_s, true_end_s = float(row["start_s"]), float(row["end_s"])
        assert (start_s, end_s) == pytest.approx((true_start_s, true_end_s), abs=1.5 * FRAME_S)
        shared_s = min(end_s, true_end_s) - max(start_s, true_start_s)
        assert shared_s / (max(end_s, true_end_s) - min(start_s, true_start_s)) >= 0.95
