"""The check of a GPU runs to its end without one, and fails loudly."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu_check.py"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs the program in this process: its exit status, and what it printed to the two streams."""
    monkeypatch.setattr(sys, "path", [str(SCRIPT.parent), *sys.path])

    def run(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *words])
        status: object = 0
        try:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        except SystemExit as end:
            status = end.code
        return (status, *capfd.readouterr())

    return run


def test_every_row_is_measured_and_every_answer_equal_on_a_cpu(run, tmp_path: Path):
    status, printed, errors = run("--small", "--device", "cpu", "--out", str(tmp_path / "table"))
    assert status == 0, printed + errors + str(status)
    written = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert written["failures"] == []
    measures = {row["measure"].partition(",")[0].split()[0] for row in written["rows"]}
    networks = {"encoding", "training"}
    assert (
        measures == {"exact", "k-means", "IVF", "DTW", "moving", "subsequence", "search", "index", "query"} | networks
    )
    for row in written["rows"]:
        assert row["device"] > 0
        assert f"| {row['measure']} |" in printed
    assert (tmp_path / "table.md").read_text(encoding="utf-8").count("ids: equal") >= 8


def test_other_ids_than_those_of_the_cpu_fail_the_run(run, monkeypatch: pytest.MonkeyPatch):
    from mretrieve.kernels.device.exact import ExactSearch

    true = ExactSearch.best
    monkeypatch.setattr(ExactSearch, "best", lambda *words: (true(*words)[0], true(*words)[1].flip(1)))
    status, printed, _ = run("--small", "--device", "cpu", "--only", "search")
    assert "FAILED ids: DIFFERENT" in str(status)
    assert "**ids: DIFFERENT**" in printed


def test_a_library_that_cannot_be_imported_is_named():
    program = "import sys, runpy; sys.modules['numpy'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", program, str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "gpu_check.py needs numpy" in done.stderr


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_a_budget_that_is_spent_still_measures_once(seconds: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import torch
    from device_report import Budget, seconds_of

    calls: list[int] = []
    took = seconds_of(lambda: calls.append(1), torch.device("cpu"), Budget(seconds).share(2))
    assert calls
    assert np.isfinite(took)
