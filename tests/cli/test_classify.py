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


def test_a_file_that_cannot_be_read_does_not_stop_the_others(mretrieve: Run, home: Path, tmp_path: Path):
    broken = tmp_path / "broken.bvh"
    broken.write_text("HIERARCHY\nnothing more\n")
    run = mretrieve("classify", broken, QUERY, "--format", "csv", folder=home)
    assert run.returncode == 2
    assert [row["query"] for row in csv.DictReader(run.stdout.splitlines())] == [QUERY]
    (line,) = run.stderr.splitlines()
    assert line.startswith("Error: ") and "broken.bvh" in line


def test_keypoints_have_the_rate_that_is_given(mretrieve: Run, home: Path, tmp_path: Path):
    person = [{"keypoints": [[9 * joint + frame, 5 * joint, 1] for joint in range(17)]} for frame in range(20)]
    (tmp_path / "seen.json").write_text(json.dumps(person))
    run = mretrieve("classify", tmp_path / "seen.json", "--fps", "20", folder=home)
    assert run.returncode == 0, run.stderr
    slow = mretrieve("classify", tmp_path / "seen.json", "--fps", "100", folder=home)
    assert slow.returncode == 2 and "nobody is seen for 0.5 s" in slow.stderr


def test_an_index_without_labels_says_what_to_do(mretrieve: Run, home: Path, tmp_path: Path):
    made = mretrieve("index", home / "library", "--index", tmp_path / "bare", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    run = mretrieve("classify", home / QUERY, "--index", tmp_path / "bare", folder=tmp_path)
    assert run.returncode == 2
    assert "no clip has a label; index them with `--labels FILE.csv`" in run.stderr
