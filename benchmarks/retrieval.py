"""Accuracy of the whole pipeline: every clip of a set asked through the command line, default settings, JSON lines.

    python benchmarks/retrieval.py [--data DIR]

Answers of the query's own group (performer or style) are taken out of the ranking; queries without a right answer in
another group do not count. The last rows ask through the Python API, with 20 % of the query's joints missing (4 of the
17 that are no pelvis or spine filler, drawn anew for each query) and with the query at half and at double speed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mocap_sets import mocap_folder
from rich.console import Console
from rich.table import Table

from mretrieve import Clip, Index, QueryOptions, canonicalise, open_index, read
from mretrieve.evaluation.metrics import average_precision
from mretrieve.motion import JOINTS, mirror

EVERYTHING = 1_000_000
#: Joints that may be missing: all that every rig has, but the pelvis, to which the others are seen.
MAY_BE_MISSING = [
    j for j, name in enumerate(JOINTS) if "spine" not in name and "collar" not in name and name != "pelvis"
]


@dataclass(frozen=True, eq=False)
class LabelledFolder:
    """A folder whose labels.csv tells the class and the group of each file."""

    path: Path
    group_column: str

    def table(self) -> dict[str, tuple[str, str]]:
        """Clip -> (label, group)."""
        with (self.path / "labels.csv").open(newline="", encoding="utf-8") as file:
            return {row["path"]: (row["label"], row[self.group_column]) for row in csv.DictReader(file)}


@dataclass(frozen=True)
class Score:
    """Means over queries."""

    mean_average_precision: float
    top1: float
    queries: int


def mretrieve(folder: Path, *words: str) -> str:
    """What `mretrieve WORDS` prints in a folder."""
    program = "from mretrieve.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def score(rankings: Iterator[tuple[str, Sequence[str]]], table: dict[str, tuple[str, str]]) -> Score:
    """mAP and top-1 of (query, ranked clips), each query's own group left out."""
    precisions, firsts = [], []
    for query, ranked in rankings:
        label, group = table[query]
        relevant = np.array([table[clip][0] == label for clip in ranked if table[clip][1] != group])
        if relevant.any():
            precisions.append(average_precision(-np.arange(len(relevant), dtype=float), relevant))
            firsts.append(relevant[0])
    return Score(float(np.mean(precisions)), float(np.mean(firsts)), len(firsts))


def through_the_command_line(folder: Path, home: Path, *options: str) -> Iterator[tuple[str, list[str]]]:
    """Every clip of an indexed folder asked as a file, the whole ranking."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".bvh", ".amc"))
    files = [str(folder / name) for name in names]
    lines = mretrieve(home, "query", *files, "-k", str(EVERYTHING), "--exclude-self", "--format", "jsonl", *options)
    for name, line in zip(names, lines.splitlines(), strict=True):
        yield name, [result["clip"] for result in json.loads(line)["results"]]


def disturbed(
    folder: Path, index: Index, disturb: Callable[[Clip], Clip], options: QueryOptions | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Every clip asked after something was done to it."""
    options = options or QueryOptions(k=EVERYTHING)
    for name in index.clips:
        query = disturb(canonicalise(read(folder / name)[0]))
        hits = index.search(query, options=options).hits
        yield name, [hit.clip for hit in hits if hit.clip != name]


def missing_joints(generator: np.random.Generator) -> Callable[[Clip], Clip]:
    """A clip without 4 joints, drawn anew for each; their positions are garbage that nobody may look at."""

    def disturb(clip: Clip) -> Clip:
        gone = generator.choice(MAY_BE_MISSING, 4, replace=False)
        positions, observed = clip.positions.copy(), clip.observed.copy()
        positions[:, gone], observed[:, gone] = positions[:, :1], False
        return replace(clip, positions=positions, observed=observed)

    return disturb


def at_speed(factor: float) -> Callable[[Clip], Clip]:
    """A clip played at another speed."""

    def disturb(clip: Clip) -> Clip:
        frames = max(2, round(clip.frame_count / factor))
        at = np.linspace(0, clip.frame_count - 1, frames)
        before = np.minimum(at.astype(int), max(clip.frame_count - 2, 0))
        after, share = np.minimum(before + 1, clip.frame_count - 1), (at - before)[:, None, None]
        positions = ((1 - share) * clip.positions[before] + share * clip.positions[after]).astype(np.float32)
        return replace(clip, positions=positions, observed=clip.observed[before])

    return disturb


def rows(labelled: LabelledFolder, home: Path) -> Iterator[tuple[str, Score]]:
    """The table's rows for one set."""
    table = labelled.table()
    folder = labelled.path
    mretrieve(home, "index", str(folder), "--labels", str(folder / "labels.csv"))
    yield "default", score(through_the_command_line(folder, home), table)
    yield "without re-ranking (--rerank 0)", score(through_the_command_line(folder, home, "--rerank", "0"), table)
    grouped = through_the_command_line(folder, home, "--group", labelled.group_column)
    yield f"grouped (--group {labelled.group_column})", score(grouped, table)
    index = open_index(home / ".mretrieve")
    missing = missing_joints(np.random.default_rng(0))
    yield "20 % of the query's joints missing", score(disturbed(folder, index, missing), table)
    for factor in (0.5, 2.0):
        yield f"query at {factor:g} times its speed", score(disturbed(folder, index, at_speed(factor)), table)
    mirrored = disturbed(folder, index, mirror, QueryOptions(k=EVERYTHING, mirror="both"))
    yield "mirrored, asked with --mirror both", score(mirrored, table)
    mretrieve(home, "index", str(folder), "--smooth")
    yield "smoothed (--smooth)", score(through_the_command_line(folder, home), table)


def main() -> None:
    """Print one table for both sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real motion capture; else as the tests find it")
    data = mocap_folder(parser.parse_args().data).resolve()
    os.environ.pop("MRETRIEVE_INDEX", None)
    printed = Table("set", "query", "mAP", "top-1", "queries", title="pose-statistics, whole pipeline")
    for name, column in (("hdm05", "subject"), ("bandai1", "style")):
        with tempfile.TemporaryDirectory() as home:
            for what, result in rows(LabelledFolder(data / name, column), Path(home)):
                figures = f"{result.mean_average_precision:.4f}", f"{result.top1:.3f}", str(result.queries)
                printed.add_row(name, what, *figures)
    Console(width=100).print(printed)


if __name__ == "__main__":
    main()
