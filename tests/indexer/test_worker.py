"""Work shared among processes: the order of results, processes that die, and scripts that call from anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

import pytest
from support import deadly_file

from mretrieve.encoders import load_encoder
from mretrieve.indexer.build import plan_pieces
from mretrieve.indexer.changes import FileTask
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, IngestSpec
from mretrieve.indexer.report import Outcome
from mretrieve.indexer.settings import Space
from mretrieve.indexer.worker import ingest_in_order
from mretrieve.sources.scan import scan
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot

WriteMotion = Callable[..., Path]


@pytest.fixture
def spec(repository: Path) -> IngestSpec:
    encoder = load_encoder("pose-statistics")
    record = EncoderRecord(encoder.name, encoder.fingerprint, encoder.dimension)
    return IngestSpec({"": repository}, repository / ".mretrieve", (Space(record, encoder.name),), DEFAULT_WINDOWS)


@pytest.fixture
def tasks(repository: Path, write_motion: WriteMotion) -> list[FileTask]:
    for number in range(12):
        write_motion(f"{number:02d}.bvh", seconds=1 + number % 3, seed=number)
    return [FileTask(file, "", None) for file in scan(repository, repository / ".mretrieve").files]


def test_results_come_in_the_order_of_the_work(spec: IngestSpec, tasks: list[FileTask]):
    pieces = [tasks[start : start + 2] for start in range(0, 12, 2)]
    outcomes = list(ingest_in_order(spec, pieces, 2, lambda: False))
    paths = [[result.entry.path for result in outcome] for outcome in outcomes]
    assert paths == [[task.found.path for task in piece] for piece in pieces]
    assert all(result.entry.outcome is Outcome.READ for outcome in outcomes for result in outcome)


def test_only_the_file_that_kills_its_process_is_refused(
    spec: IngestSpec, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.worker._ingest", deadly_file.ingest)
    assert tasks[5].found.path == deadly_file.NAME
    pieces = [tasks[start : start + 2] for start in range(0, 12, 2)]
    results = [result for piece in ingest_in_order(spec, pieces, 2, lambda: False) for result in piece]
    assert [result.entry.path for result in results] == [task.found.path for task in tasks]
    assert [result.entry.path for result in results if not result.clips] == [deadly_file.NAME]
    assert results[5].entry.reason.startswith("the process that read it died")


def test_processes_that_cannot_be_started_are_done_without(
    spec: IngestSpec, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
):
    ensure_running()  # multiprocessing's own process, by the real interpreter
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    outcomes = list(ingest_in_order(spec, [tasks[:6], tasks[6:]], 4, lambda: False))
    assert [len(outcome) for outcome in outcomes] == [6, 6]


def test_a_stop_does_not_wait_for_the_files_in_hand(
    spec: IngestSpec, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.worker._ingest", deadly_file.never_finish)
    answers = iter([False, False, True])
    assert list(ingest_in_order(spec, [tasks[:6], tasks[6:]], 2, lambda: next(answers))) == []


def _script(body: str, *arguments: Path, **options: object) -> subprocess.Popen[str]:
    """A Python process that shares even little work among processes."""
    body = f"import mretrieve.indexer.build as build\nbuild.ALONE_BELOW_BYTES, build.PIECE_FILES = 0, 2\n{body}"
    path = arguments[0].parent / "script.py"
    path.write_text(f"import sys\n{body}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, path, *arguments], env=environment, **pipes, **options)  # type: ignore[call-overload,no-any-return]


def test_a_script_needs_no_main_guard(repository: Path, index: Path, tasks: list[FileTask]):
    with _script("print('once')\nbuild.build_index(sys.argv[1], sys.argv[2], jobs=2)", repository, index) as script:
        printed, complaints = script.communicate()
    assert (script.returncode, printed, complaints) == (0, "once\n", "")
    assert len(Snapshot.open(index).clips) == len(tasks)


@pytest.mark.skipif(os.name != "posix", reason="asks for processes by their number")
def test_workers_end_when_the_process_that_started_them_is_killed(repository: Path, index: Path, tasks: list[FileTask]):
    body = (
        "import multiprocessing, time\n"
        "def show(progress):\n"
        "    print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
        "    time.sleep(60)\n"
        "build.build_index(sys.argv[1], sys.argv[2], jobs=2, progress=show)\n"
    )
    with _script(body, repository, index) as script:
        assert script.stdout is not None
        workers = [int(number) for number in script.stdout.readline().split()]
        script.kill()
    assert len(workers) == 2
    until = time.monotonic() + 20
    while any(map(_runs, workers)):
        assert time.monotonic() < until, "a worker is left behind"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")  # one that nobody waits for stays as a zombie
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a group of processes")
def test_ctrl_c_is_for_the_parent_alone(repository: Path, index: Path, tasks: list[FileTask]):
    body = (
        "import signal\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "report = build.build_index(sys.argv[1], sys.argv[2], jobs=2, progress=lambda _: print(flush=True))\n"
        "print(report.contents.clips)\n"
    )
    with _script(body, repository, index, process_group=0) as script:
        assert script.stdout is not None
        script.stdout.readline()
        os.killpg(script.pid, signal.SIGINT)
        printed, complaints = script.communicate()
    assert (script.returncode, printed.split(), complaints) == (0, [str(len(tasks))], "")


def test_pieces_hold_neighbours_and_a_large_file_is_one_of_its_own(tasks: list[FileTask]):
    large = replace(tasks[3], found=replace(tasks[3].found, size_bytes=1 << 30))
    pieces = plan_pieces([*tasks[:3], large, *tasks[4:]])
    assert [task for piece in pieces for task in piece] == [*tasks[:3], large, *tasks[4:]]
    assert [large] in pieces and len(pieces) == 3
