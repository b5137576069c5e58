"""How much of the project one query and one ingest go through: files, functions and data classes that they enter.

    python benchmarks/traced_files.py

Counts the files of mretrieve, indexer and cli in which a function runs (importing a module does not count), these
functions, and the classes with a method among them, for the two commands of the README on the generated demo library.
Each command runs in a process of its own, so that no cache is warm.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import inspect, json, os, sys
root, words = sys.argv[1], json.loads(sys.argv[2])
tops = tuple(os.path.join(root, top) + os.sep for top in ("mretrieve", "indexer", "cli"))
functions, real = set(), {}
def enter(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_flags & inspect.CO_OPTIMIZED:  # neither a module nor the body of a class
        name = code.co_filename
        if name not in real:
            real[name] = os.path.realpath(name)
        if real[name].startswith(tops) and not code.co_qualname.rpartition(".")[2].startswith("<"):
            functions.add((os.path.relpath(real[name], root), code.co_qualname))
from mretrieve.cli import main
sys.setprofile(enter)
try:
    main(words)
except SystemExit:
    pass
finally:
    sys.setprofile(None)
    sys.stderr.write("\\n" + json.dumps(sorted(functions)))
"""


def entered(words: list[str], folder: Path) -> set[tuple[str, str]]:
    """(file, function) pairs of the project that a command goes through."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(ROOT), json.dumps(words)]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return {(file, function) for file, function in json.loads(run.stderr.splitlines()[-1])}


def entered_classes(functions: set[tuple[str, str]]) -> list[str]:
    """The classes with a method among the functions."""
    return sorted({function.partition(".")[0] for _, function in functions if function[:1].isupper()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(
            [sys.executable, "-c", "from mretrieve.cli import main; main(['demo', '.'])"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True,
        )  # fmt: skip
        commands = {
            "mretrieve index library": ["index", "library", "--jobs", "1"],
            "mretrieve query zoe_kick.bvh": ["query", "zoe_kick.bvh"],
            "mretrieve query CLIP": ["query", "mixamo/eve_kick_neutral_05.bvh"],
        }
        for title, words in commands.items():
            functions = entered(words, folder)
            files = sorted({file for file, _ in functions})
            print(f"{title}: {len(files)} files, {len(functions)} functions, {len(entered_classes(functions))} classes")
            if options.list:
                print(*(f"  {file}" for file in files), sep="\n")


if __name__ == "__main__":
    main()
