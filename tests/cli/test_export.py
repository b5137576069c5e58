"""`mretrieve export`, typed as a user types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.command_line import Run

from mretrieve.formats import read

QUERY = "zoe_kick.bvh"


def test_a_hit_of_a_saved_answer_is_written_and_reported(mretrieve: Run, home: Path, tmp_path: Path):
    answer = mretrieve("query", QUERY, "-k", "3", "--format", "json", folder=home).stdout
    (tmp_path / "a.json").write_text(answer)
    run = mretrieve("export", "a.json#2", "--to", "hit.bvh", folder=tmp_path)  # the index is the one that answered
    assert (run.returncode, run.stdout) == (0, "")
    hit = json.loads(answer)["results"][1]
    (exported,) = read(tmp_path / "hit.bvh")
    (whole,) = read(home / "library" / hit["clip"])
    assert exported.duration_s == pytest.approx(
        min(hit["end_s"], whole.duration_s) - hit["start_s"], abs=1.01 / whole.fps
    )
    assert hit["clip"] in run.stderr
    named = f"{hit['clip']}@{hit['start_s']:.2f}-{hit['end_s']:.2f}"
    same = mretrieve("export", named, "--to", "-", folder=home)
    assert len(same.stdout.splitlines()) == pytest.approx(len((tmp_path / "hit.bvh").read_text().splitlines()), abs=1)


def test_standard_output_holds_what_the_file_holds(mretrieve: Run, process: Run, home: Path, tmp_path: Path):
    words = (f"{QUERY}@0.5-1", "--retime-to", f"{QUERY}@0.4-1.2", "--mirror", "--fps", "50")
    shown = process("export", *words, "--to", "-", folder=home)
    written = mretrieve("export", *words, "--to", tmp_path / "x.bvh", folder=home)
    assert (shown.returncode, written.returncode) == (0, 0), shown.stderr + written.stderr
    assert shown.stdout == (tmp_path / "x.bvh").read_text(encoding="utf-8")
    (motion,) = read(tmp_path / "x.bvh")
    assert (motion.fps, motion.frame_count) == (50.0, pytest.approx(0.8 * 50, abs=2))


def test_a_file_is_replaced_only_by_force(mretrieve: Run, home: Path, tmp_path: Path):
    target = tmp_path / "x.bvh"
    target.write_text("mine")
    refused = mretrieve("export", QUERY, "--to", target, folder=home)
    assert (refused.returncode, target.read_text()) == (2, "mine")
    assert mretrieve("export", QUERY, "--to", target, "--force", folder=home).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.bvh"]
    assert np.array_equal(read(target)[0].channels, read(home / QUERY)[0].channels)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.bvh"], "nowhere.bvh: no such file"),
        (["nowhere.bvh@1-2"], "nowhere.bvh: no such file"),
        ([f"{QUERY}@1-0.5"], "0.5 s is not after 1 s"),
        ([f"{QUERY}@nan-1"], "write CLIP@start-end in seconds"),
        ([f"{QUERY}@0-600"], "has 0.00 s to 1.30 s"),
        ([f"{QUERY}@600-"], "has 0.00 s to 1.30 s"),
        ([QUERY, "--fps", "nan"], "not a rate of motion"),
        ([QUERY, "--fps", "0"], "not a rate of motion"),
        ([QUERY, "--retime-to", "nowhere.bvh"], "nowhere.bvh: no such file"),
        ([QUERY, "--to", "nowhere/x.bvh"], "there is no folder nowhere"),
        ([QUERY, "--to", "library"], "is a folder"),
        ([QUERY, "--to", "x.fbx"], "only BVH is written"),
        ([QUERY, "--to", "x"], "only BVH is written"),
        ([QUERY, "--rig-map", "nowhere.json"], "nowhere.json"),
        (["broken.json#1"], "not an answer"),
        (["empty.json#1"], "has no hit 1"),
        (["library/labels.csv"], "labels.csv"),
    ],
)
def test_a_users_error_is_one_line_and_status_2(mretrieve: Run, home: Path, words: list[str], says: str):
    (home / "broken.json").write_text("[1, 2")
    (home / "empty.json").write_text('{"schema": "mretrieve.query/1", "index": {"path": ".mretrieve"}, "results": []}')
    target = [] if "--to" in words else ["--to", "unwritten.bvh"]
    run = mretrieve("export", *words, *target, folder=home)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
    assert run.stderr.startswith("Error: ")
    assert says in run.stderr
    assert not (home / "unwritten.bvh").exists()


def test_a_clip_whose_file_changed_is_refused(mretrieve: Run, home: Path, tmp_path: Path):
    (tmp_path / "library").mkdir()
    text = (home / QUERY).read_text()
    (tmp_path / "library" / "kick.bvh").write_text(text)
    assert mretrieve("index", "library", folder=tmp_path).returncode == 0
    rows = text.splitlines()
    rows[rows.index("MOTION") + 1] = f"Frames: {len(rows) - rows.index('MOTION') - 4}"
    (tmp_path / "library" / "kick.bvh").write_text("\n".join(rows[:-1]) + "\n")
    run = mretrieve("export", "kick.bvh", "--to", "x.bvh", folder=tmp_path)
    assert run.returncode == 2
    assert "changed since it was indexed" in run.stderr
    (tmp_path / "library" / "kick.bvh").unlink()
    assert "is missing" in mretrieve("export", "kick.bvh", "--to", "x.bvh", folder=tmp_path).stderr


def test_every_option_is_explained(mretrieve: Run, tmp_path: Path):
    run = mretrieve("export", "--help", folder=tmp_path)
    assert run.stdout.startswith("Usage:")
    options = [line.split() for line in run.stdout.splitlines() if line.lstrip().startswith("--")]
    assert all(len(words) > 1 for words in options)
