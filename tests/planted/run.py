"""Plant defects, one at a time, and see whether the tests that concern them notice.

    python tests/planted/run.py [--only storage search/ties-without-order ...] [--jobs 2] [--limit-s 300]

The code is copied to temporary folders and changed there, one defect at a time in each. Tests run without motion
capture, stop at the first failure, and must pass without a defect, or nothing is planted. A row is printed for each
defect. The exit status is 1 if one is missed, or if the table is older than the code: a line to be replaced is not
there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

sys.path.insert(0, str(Path(__file__).parents[1]))

from planted.defects import REPOSITORY, Defect, OutdatedDefectError, all_defects, with_defect

#: What tests need of the repository; caches come along, so that nothing is compiled again.
_COPIED = ("mretrieve", "indexer", "cli", "tests", "docs", "examples", "benchmarks", "pyproject.toml", "README.md")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What tests said.

    Attributes:
        status: of pytest: 0 passed, 1 failed, others could not be run; None over the time limit.
        failed: the test that failed first; "" if none did.
        duration_s: how long they took.
        output: the end of what pytest printed.
    """

    status: int | None
    failed: str
    duration_s: float
    output: str

    @property
    def verdict(self) -> str:
        """The test that caught the defect, or why none did."""
        if self.status == 1 and self.failed:
            return self.failed
        return {0: "MISSED", None: "MISSED: over the time limit"}.get(self.status, "MISSED: the tests cannot be run")


def copy_tree(target: Path) -> None:
    """Copy the code and its tests."""
    for name in _COPIED:
        if (REPOSITORY / name).is_dir():
            ignored = shutil.ignore_patterns("node_modules", "*.nbc", "*.nbi")
            shutil.copytree(REPOSITORY / name, target / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(REPOSITORY / name, target / name)


def run_tests(tree: Path, tests: Sequence[str], limit_s: float, jobs: int = 1) -> Outcome:
    """Run tests in a copy of the tree until one fails, in so many processes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MRETRIEVE_")}
    environment |= {
        "PYTHONPATH": str(tree),
        "MRETRIEVE_MOCAP": str(tree / "no-motion-capture"),
        "PYTHONDONTWRITEBYTECODE": "1",  # compiled files are told apart by time and size, which a defect may keep
    }
    command = [sys.executable, "-m", "pytest", "-x", "--tb=no", "-rfE", "-p", "no:cacheprovider", *tests]
    if jobs > 1:
        command += ["--numprocesses", str(jobs), "--dist", "loadfile"]
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    status: int | None = None
    try:
        output, _ = process.communicate(timeout=limit_s)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the processes that the tests started
        output, _ = process.communicate()
    failed = _FAILED.search(output)
    return Outcome(status, failed[1] if failed else "", time.monotonic() - started, output[-2000:])


def try_defect(tree: Path, defect: Defect, limit_s: float) -> Outcome:
    """Plant a defect in a copy of the tree, run its tests and take it out. OutdatedDefectError: it has no place."""
    file = tree / defect.file
    original = file.read_bytes()
    file.write_text(with_defect(defect, original.decode()), encoding="utf-8")
    try:
        return run_tests(tree, defect.tests, limit_s)
    finally:
        file.write_bytes(original)


def tried(trees: SimpleQueue[Path], limit_s: float, defect: Defect) -> tuple[Defect, str, float]:
    """A defect in the next free copy of the tree: its verdict, and how long its tests took."""
    tree = trees.get()
    try:
        outcome = try_defect(tree, defect, limit_s)
    except OutdatedDefectError as error:
        return defect, f"MISSED: {error}", 0.0
    finally:
        trees.put(tree)
    return defect, outcome.verdict, outcome.duration_s


def chosen_defects(names: Sequence[str]) -> list[Defect]:
    """The defects of these names or rooms; all if there are no names. SystemExit: a name is unknown."""
    defects = all_defects()
    known = {name for defect in defects for name in (defect.name, defect.name.partition("/")[0])}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"{unknown[0]}: neither a defect nor a room; rooms are the files in {Path(__file__).parent}")
    return [one for one in defects if not names or {one.name, one.name.partition("/")[0]}.intersection(names)]


def main() -> None:
    """Print a row for each defect; exit with 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="defects or rooms")
    parser.add_argument("--limit-s", type=float, default=300.0, help="time for the tests of one defect")
    parser.add_argument("--jobs", type=int, default=1, help="defects that are tried at the same time")
    arguments = parser.parse_args()
    defects, jobs = chosen_defects(arguments.only), max(1, arguments.jobs)
    started, missed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            tree = Path(folder, str(number))
            copy_tree(tree)
            trees.put(tree)
        sound = run_tests(tree, all_tests(defects), 10 * arguments.limit_s, jobs)
        if sound.status != 0:
            sys.exit(f"{sound.output}\nthe tests do not pass without a defect")
        print(f"without a defect all tests pass ({sound.duration_s:.0f} s)\n", flush=True)
        print("| defect | caught by | s |\n|---|---|---|", flush=True)
        with ThreadPoolExecutor(jobs) as pool:
            for defect, verdict, duration_s in pool.map(partial(tried, trees, arguments.limit_s), defects):
                missed += verdict.startswith("MISSED")
                print(f"| {defect.name} | {verdict} | {duration_s:.1f} |", flush=True)
    print(f"\n{len(defects)} defects, {missed} missed, {time.monotonic() - started:.0f} s")
    sys.exit(1 if missed else 0)


def all_tests(defects: Sequence[Defect]) -> list[str]:
    """The tests of some defects, each once: a test of a file is left out if the whole file is there."""
    named = {test for defect in defects for test in defect.tests}
    return sorted(test for test in named if test.partition("::")[0] not in named - {test})


if __name__ == "__main__":
    main()
