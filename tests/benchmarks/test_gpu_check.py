"""The check of a GPU runs to its end without one, and fails loudly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu_check.py"


def run(*words: str, program: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    command = [sys.executable, *(program or [str(SCRIPT)]), *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_every_row_is_measured_and_every_answer_equal_on_a_cpu(tmp_path: Path):
    done = run("--small", "--device", "cpu", "--out", str(tmp_path / "table"))
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert written["failures"] == []
    measures = {row["measure"].partition(",")[0].split()[0] for row in written["rows"]}
    assert measures == {"exact", "k-means", "IVF", "DTW", "moving", "subsequence", "encoding", "training"}
    for row in written["rows"]:
        assert row["device"] > 0
        assert f"| {row['measure']} |" in done.stdout
    assert (tmp_path / "table.md").read_text(encoding="utf-8").count("ids: equal") >= 8


def test_other_ids_than_those_of_the_cpu_fail_the_run():
    program = (
        "import sys, runpy; sys.path.insert(0, 'benchmarks'); sys.path.insert(0, '.')\n"
        "from mretrieve.kernels.device.exact import ExactSearch as S\n"
        "true = S.best\n"
        "S.best = lambda *words: (true(*words)[0], true(*words)[1].flip(1))\n"
        "runpy.run_path('benchmarks/gpu_check.py', run_name='__main__')"
    )
    done = run("--small", "--device", "cpu", "--only", "search", program=["-c", program])
    assert done.returncode == 1
    assert "FAILED ids: DIFFERENT" in done.stderr


def test_a_library_that_cannot_be_imported_is_named():
    program = (
        "import sys, runpy; sys.modules['safetensors'] = None; sys.path.insert(0, 'benchmarks')\n"
        "runpy.run_path('benchmarks/gpu_check.py', run_name='__main__')"
    )
    done = run(program=["-c", program])
    assert done.returncode == 1
    assert "gpu_check.py needs safetensors" in done.stderr


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_a_budget_that_is_spent_still_measures_once(seconds: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import torch
    from device_report import Budget, seconds_of

    calls: list[int] = []
    took = seconds_of(lambda: calls.append(1), torch.device("cpu"), Budget(seconds).share(2))
    assert calls
    assert np.isfinite(took)
