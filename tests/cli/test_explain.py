"""`mretrieve explain`, `compare` and `align`, typed as a user types them."""

from __future__ import annotations

import csv
import io
import json
import os
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from support.command_line import Run
from support.viewer import needs_viewer, playback_in

QUERY = "zoe_kick.bvh"
CLIP = "cmu/bo_kick_proud_02.amc"


def test_a_hit_that_was_printed_is_explained(mretrieve: Run, home: Path):
    (hit,) = json.loads(mretrieve("query", QUERY, "-k", "1", "--format", "json", folder=home).stdout)["results"]
    moment = f"{hit['clip']}@{hit['start_s']:.2f}-{hit['end_s']:.2f}"
    run = mretrieve("explain", QUERY, moment, folder=home)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith(f"query  {QUERY}")
    assert lines[1].startswith(f"clip   {hit['clip']}, {hit['start_s']:.2f} s to")
    assert sum(line.startswith(("torso", "left arm", "right arm", "left leg", "right leg")) for line in lines) == 5

    run = mretrieve("explain", QUERY, moment, "--format", "json", folder=home)
    said = json.loads(run.stdout)
    schema = json.loads((files("mretrieve.comparison") / "explain.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(said, schema)
    assert said["clip"]["path"] == hit["clip"]


def test_two_files_need_no_index(process: Run, home: Path, tmp_path: Path):
    files = home / QUERY, home / "library" / CLIP
    picture = tmp_path / "why.png"
    run = process("explain", *files, "--start", "0.2", "--parts", "legs", "--png", picture, folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "not compared" in run.stdout
    assert picture.read_bytes()[:4] == b"\x89PNG"
    for command in ("compare", "align"):
        run = process(command, *files, folder=tmp_path)
        assert run.returncode == 0, run.stderr


def test_attention_is_asked_for_by_name(mretrieve: Run, home: Path):
    pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    run = mretrieve("explain", QUERY, CLIP, "--encoder", "mmd-nca", folder=home)
    assert "mmd-nca attends" in run.stdout, run.stderr


def test_an_exchanged_side_is_explained_as_it_was_found(mretrieve: Run, home: Path):
    plain, exchanged = (
        json.loads(mretrieve("explain", QUERY, QUERY, "--mirror", flip, "--format", "json", folder=home).stdout)
        for flip in ("none", "legs")
    )
    assert plain["distance_mm"] == 0
    assert exchanged["mirror"] == "legs"
    assert exchanged["parts"]["right_leg"]["distance_mm"] > 50 > exchanged["parts"]["right_arm"]["distance_mm"]


def test_compare_advises(mretrieve: Run, home: Path):
    run = mretrieve("compare", QUERY, CLIP, folder=home)
    assert run.returncode == 0, run.stderr
    advice = run.stdout.splitlines()[-5:]
    assert [line.split(":")[0] for line in advice] == ["torso", "left arm", "right arm", "left leg", "right leg"]
    said = json.loads(mretrieve("compare", QUERY, CLIP, "--format", "json", folder=home).stdout)
    assert [part["advice"]["text"] for part in said["parts"].values()] == advice


@needs_viewer
def test_what_is_compared_or_explained_can_be_written_as_a_page(mretrieve: Run, home: Path, tmp_path: Path):
    for command, page in (("compare", tmp_path / "compared.html"), ("explain", tmp_path / "explained.html")):
        run = mretrieve(command, QUERY, CLIP, "--html", page, folder=home)
        assert run.returncode == 0, run.stderr
        data = playback_in(page.read_text(encoding="utf-8"))
        assert (data["kind"], [motion["name"] for motion in data["motions"]]) == (command, [QUERY, CLIP])
        again = mretrieve(command, QUERY, CLIP, "--html", page, folder=home)
        assert (again.returncode, "--force" in again.stderr) == (2, True)


def test_align_prints_or_writes_the_rows(mretrieve: Run, home: Path, tmp_path: Path):
    run = mretrieve("align", f"{QUERY}@0.5-1", QUERY, "--find", folder=home)
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert len(rows) == 15
    assert all(row["a_s"] == row["b_s"] and row["a_file_frame"] == row["b_file_frame"] for row in rows)
    out = tmp_path / "rows.json"
    run = mretrieve("align", QUERY, CLIP, "--format", "json", "--out", out, folder=home)
    assert (run.returncode, run.stdout) == (0, "")
    said = json.loads(out.read_text(encoding="utf-8"))
    assert said["rows"][0][:1] == [0]
    assert os.listdir(tmp_path) == ["rows.json"]  # noqa: PTH208


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["explain", QUERY, "nowhere.bvh"], "nowhere.bvh: no such file"),
        (["explain", QUERY, f"{CLIP}@1"], "write CLIP@start-end in seconds"),
        (["explain", QUERY, CLIP, "--parts", "wings"], "'wings' is not a body part"),
        (["explain", QUERY, CLIP, "--encoder", "deephums"], "only encoders of the mmd-nca architecture have attention"),
        (["explain", QUERY, CLIP, "--png", "no/folder.png"], "no/folder.png: there is no folder"),
        (["compare", QUERY, CLIP, "--html", "no/folder.html"], "no/folder.html: there is no folder"),
        (["align", QUERY, f"{QUERY}@0.2-0.1"], "0.1 s is not after 0.2 s"),
        (["align", QUERY, QUERY, "--out", "no/folder.csv"], "no/folder.csv: there is no folder"),
    ],
)
def test_a_users_error_is_one_line_and_status_2(mretrieve: Run, home: Path, words: list[str], says: str):
    if "deephums" in words:
        pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    run = mretrieve(*words, folder=home)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert says in run.stderr


@pytest.mark.parametrize("command", ["explain", "compare", "align"])
def test_every_command_explains_itself(mretrieve: Run, tmp_path: Path, command: str):
    run = mretrieve(command, "--help", folder=tmp_path)
    assert run.returncode == 0
    options = [line.split() for line in run.stdout.splitlines() if line.lstrip().startswith("--")]
    assert all(len(words) > 1 for words in options)
