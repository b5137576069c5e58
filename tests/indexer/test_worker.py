"""Work shared among processes: the order of results, and processes that die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mretrieve.encoders import load_encoder
from mretrieve.indexer.build import plan_pieces
from mretrieve.indexer.changes import Task
from mretrieve.indexer.ingest import Recipe
from mretrieve.indexer.report import Outcome
from mretrieve.indexer.target_spaces import Space
from mretrieve.indexer.windows import DEFAULT_WINDOWS
from mretrieve.indexer.worker import Helper, ingest_in_order
from mretrieve.sources.scan import scan
from mretrieve.storage import EncoderRecord

WriteMotion = Callable[..., Path]


@pytest.fixture
def recipe(repository: Path) -> Recipe:
    encoder = load_encoder("pose-statistics")
    record = EncoderRecord(encoder.name, encoder.fingerprint, encoder.dimension)
    return Recipe(repository, repository / ".mretrieve", (Space(record, encoder.name),), DEFAULT_WINDOWS)


@pytest.fixture
def tasks(repository: Path, write_motion: WriteMotion) -> list[Task]:
    for number in range(12):
        write_motion(f"{number:02d}.bvh", seconds=1 + number % 3, seed=number)
    return [Task(file, "", None) for file in scan(repository, repository / ".mretrieve").files]


def test_results_come_in_the_order_of_the_work(recipe: Recipe, tasks: list[Task]):
    pieces = [tasks[start : start + 2] for start in range(0, 12, 2)]
    outcomes = list(ingest_in_order(recipe, pieces, 3, lambda: False))
    paths = [[result.entry.path for result in outcome] for outcome in outcomes]
    assert paths == [[task.found.path for task in piece] for piece in pieces]
    assert all(result.entry.outcome is Outcome.READ for outcome in outcomes for result in outcome)


def test_a_helper_that_dies_costs_nothing_but_the_file_that_kills_it(
    recipe: Recipe, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
):
    """A helper is killed with two pieces in hand; of their files, one kills each process that reads it."""
    with Helper(recipe) as helper:
        while not helper.wants_work:
            helper.take()
        started, sent = Helper._start, []

        def start(self: Helper) -> None:
            started(self)
            connection = self.connection

            class Deadly:
                """A connection to a process that a certain file kills."""

                def send(self, piece: list[Task]) -> None:
                    if piece[0].found.path == "01.bvh":
                        os.kill(helper._process.pid, signal.SIGKILL)
                    sent.append(piece)
                    connection.send(piece)

                def __getattr__(self, name: str) -> object:
                    return getattr(connection, name)

            self.connection = Deadly()  # type: ignore[assignment]

        monkeypatch.setattr(Helper, "_start", start)
        os.kill(helper._process.pid, signal.SIGKILL)
        helper._process.wait()
        helper.give(0, tasks[:2])
        helper.give(1, tasks[2:4])
        outcomes = helper.take()
    results = [result for number in (0, 1) for result in outcomes[number]]
    assert [result.entry.path for result in results] == ["00.bvh", "01.bvh", "02.bvh", "03.bvh"]
    reasons = [result.entry.reason for result in results]
    assert [bool(result.clips) for result in results] == [True, False, True, True], reasons
    assert "SIGKILL" in results[1].entry.reason


def test_a_helper_that_cannot_start_is_done_without(recipe: Recipe, tasks: list[Task], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.executable", "false")
    outcomes = list(ingest_in_order(recipe, [tasks[:6], tasks[6:]], 4, lambda: False))
    assert [len(outcome) for outcome in outcomes] == [6, 6]


def test_a_helper_ends_when_its_parent_does(recipe: Recipe):
    helper = Helper(recipe)
    while not helper.wants_work:
        helper.take()
    helper.connection.close()  # as the system does when the parent is killed
    assert helper._process.wait(timeout=300) == 0


def test_pieces_hold_neighbours_and_a_large_file_is_one_of_its_own(tasks: list[Task]):
    from dataclasses import replace

    large = replace(tasks[3], found=replace(tasks[3].found, size_bytes=1 << 30))
    pieces = plan_pieces([*tasks[:3], large, *tasks[4:]])
    assert [task for piece in pieces for task in piece] == [*tasks[:3], large, *tasks[4:]]
    assert [large] in pieces and len(pieces) == 3
