"""`mretrieve classify`, typed as a user types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from support.command_line import Run

QUERY = "zoe_kick.bvh"


def test_a_clip_gets_the_label_of_what_moves_most_like_it(mretrieve: Run, home: Path):
    run = mretrieve("classify", QUERY, "--where", "label != 'take'", folder=home)
    assert run.returncode == 0, run.stderr
    heading, row = run.stdout.splitlines()
    assert heading.split() == ["label", "share", "query"]
    assert row.split() == ["kick", "1.00", QUERY]


def test_several_neighbours_decide_together(mretrieve: Run, home: Path):
    words = ("classify", QUERY, QUERY, "-n", "3", "--where", "label != 'take'", "--format", "jsonl")
    lines = mretrieve(*words, folder=home).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [each["label"] for each in found] == ["kick", "kick"]
    assert all(0 < each["share"] <= 1 for each in found)


def test_an_indexed_clip_is_not_its_own_neighbour(mretrieve: Run, home: Path):
    own = next(path for path in sorted((home / "library").rglob("*kick*.bvh")))
    clip = own.relative_to(home / "library").as_posix()
    run = mretrieve("classify", clip, "--format", "csv", folder=home)
    rows = list(csv.DictReader(run.stdout.splitlines()))
    assert [row["query"] for row in rows] == [clip]
    assert rows[0]["label"]


def test_an_index_without_labels_says_what_to_do(mretrieve: Run, home: Path, tmp_path: Path):
    made = mretrieve("index", home / "library", "--index", tmp_path / "bare", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    run = mretrieve("classify", home / QUERY, "--index", tmp_path / "bare", folder=tmp_path)
    assert run.returncode == 2
    assert "no clip has a label; index them with `--labels FILE.csv`" in run.stderr
