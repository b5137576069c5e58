"""What a user waits for: `mretrieve --help` and a cold `mretrieve query` on the demo index, in fresh processes.

    python benchmarks/start_up.py [--repeats N] [--torch-python PYTHON]

Set beside it is `python -c "import torch, faiss"`, which a retrieval tool on torch takes before its own first line;
give the interpreter that has both, if this one has not. The commands run in turn, each round all of them; the files are
in the page cache, and kernels and byte code are compiled, as they are after an installation (the first run, which
compiles them, is left out; byte code goes to a folder of this benchmark's own).
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table


def seconds(command: list[str], folder: Path) -> float:
    """Wall time of a command."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--torch-python", default=sys.executable)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mretrieve = [sys.executable, "-m", "mretrieve"]
        for words in (["demo", "."], ["index", "library"]):
            subprocess.run([*mretrieve, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        commands = {
            "mretrieve --help": [*mretrieve, "--help"],
            "mretrieve query zoe_kick.bvh": [*mretrieve, "query", "zoe_kick.bvh"],
            "python -c pass": [sys.executable, "-c", "pass"],
            'python -c "import torch, faiss"': [options.torch_python, "-c", "import torch, faiss"],
        }
        times: dict[str, list[float]] = {what: [] for what in commands}
        for number in range(options.repeats + 1):
            for what, command in commands.items():
                took = seconds(command, folder)
                if number:  # the first round warms the caches
                    times[what].append(took)
    table = Table(
        "command", "median s", "lowest", "highest", title=f"Python {platform.python_version()}, fresh process"
    )
    for what, took in times.items():
        table.add_row(what, *(f"{figure:.3f}" for figure in (statistics.median(took), min(took), max(took))))
    Console(width=100).print(table)
    query, torch = (times[what] for what in list(commands)[1::2])
    ratios = [mine / theirs for mine, theirs in zip(query, torch, strict=True)]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"a query takes {statistics.median(ratios):.2f} of the import, pair by pair ({spread})")


if __name__ == "__main__":
    main()
