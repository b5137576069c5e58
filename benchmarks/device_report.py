"""What `gpu_check.py` prints with: budgets of time, rates, a table that grows row by row, names of the machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

Work = Callable[[], object]


class Budget:
    """Seconds that a block may take."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.perf_counter() + seconds

    @property
    def left_s(self) -> float:
        """What is left, 0 at least."""
        return max(0.0, self._ends - time.perf_counter())

    def share(self, parts: float) -> float:
        """One of so many equal parts of what is left."""
        return self.left_s / parts


def synchronize(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(work: Work, device: torch.device, limit_s: float) -> float:
    """Median wall time of a call after one that warms up; on a CPU that of the first one if it took the whole limit."""
    times: list[float] = []
    least = 2 if device.type == "cuda" else 1  # there the first call may compile kernels
    ends = math.inf
    while len(times) < least or (time.perf_counter() < ends and len(times) < 100):
        synchronize(device)
        started = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - started)
        ends = min(ends, time.perf_counter() + limit_s - times[0])
    return statistics.median(times[1:] or times)


@dataclass(frozen=True)
class Row:
    """A line of the table; rates are per second, of the device and of the CPU."""

    measure: str
    unit: str
    device: float | None
    cpu: float | None
    note: str


@dataclass
class Report:
    """The rows so far, printed as they come, and what went wrong."""

    device_name: str
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Print the head of the table."""
        print(f"| measure | unit | {self.device_name} | CPU | ratio | notes |\n|---|---|---|---|---|---|", flush=True)

    def add(self, measure: str, unit: str, device: float | None, cpu: float | None, note: str = "") -> None:
        """Add and print a row."""
        self.rows.append(Row(measure, unit, device, cpu, note))
        ratio = f"{device / cpu:.3g} x" if device and cpu else ""
        print(f"| {measure} | {unit} | {_number(device)} | {_number(cpu)} | {ratio} | {note} |", flush=True)

    def check(self, name: str, right: bool, detail: str = "") -> str:
        """A note about a comparison; one that is wrong fails the whole run."""
        if right:
            return f"{name}: equal{f' ({detail})' if detail else ''}"
        self.failures.append(f"{name}: DIFFERENT {detail}")
        return f"**{name}: DIFFERENT** {detail}"

    @contextmanager
    def failures_of(self, name: str) -> Iterator[None]:
        """What fails within the context is printed and fails the run; the rest of it is worth having all the same."""
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            self.failures.append(f"{name}: {type(error).__name__}: {error}")

    def write(self, path: Path, environment: dict[str, str]) -> None:
        """Write everything as JSON, and what was printed as Markdown beside it."""
        content = {"environment": environment, "rows": [asdict(row) for row in self.rows], "failures": self.failures}
        path.with_suffix(".json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        lines = [f"- {name}: {value}" for name, value in environment.items()]
        lines += ["", f"| measure | unit | {self.device_name} | CPU | notes |", "|---|---|---|---|---|"]
        lines += [f"| {r.measure} | {r.unit} | {_number(r.device)} | {_number(r.cpu)} | {r.note} |" for r in self.rows]
        lines += ["", *(f"FAILED {failure}" for failure in self.failures)]
        path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def environment(device: torch.device, kernels: str) -> dict[str, str]:
    """Names and versions of everything that figures depend on."""
    found = {
        "CPU": f"{os.cpu_count()} cores, {_processor()}",
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "Triton": importlib.metadata.version("triton") if importlib.util.find_spec("triton") else "none",
        "NumPy": np.__version__,
        "CPU kernels": kernels,
    }
    if device.type != "cuda":
        return {"device": "torch on the CPU; there was no GPU", **found}
    properties = torch.cuda.get_device_properties(device)
    card = (
        f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, {properties.multi_processor_count} processors"
    )
    return {"device": card, "driver": _driver(), "CUDA": str(torch.version.cuda), **found}


def _driver() -> str:
    if shutil.which("nvidia-smi") is None:
        return "unknown: no nvidia-smi"
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
