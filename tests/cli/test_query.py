"""`mretrieve query`, typed as a user types it."""

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
from support.encoder_files import write_encoder

QUERY = "zoe_kick.bvh"


def test_the_table_names_the_right_action_first(mretrieve: Run, home: Path):
    run = mretrieve("query", QUERY, "-k", "3", folder=home)
    assert run.returncode == 0
    heading, columns, first = run.stdout.splitlines()[:3]
    assert heading.startswith(QUERY)
    assert columns.split() == ["#", "score", "from", "to", "distance", "speed", "worst", "part", "label", "clip"]
    assert first.endswith("mixamo/ada_take_neutral.bvh")  # in which there is a kick
    assert run.stdout.splitlines()[-1].startswith("3 moments from")


def test_json_keeps_the_contract(mretrieve: Run, home: Path):
    answer = json.loads(mretrieve("query", QUERY, "--format", "json", folder=home).stdout)
    schema = json.loads((files("mretrieve.search") / "query.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(answer, schema)
    assert answer["schema"] == "mretrieve.query/3"
    assert answer["query"]["path"] == QUERY
    assert [result["rank"] for result in answer["results"]] == list(range(1, 11))
    assert [result["label"] for result in answer["results"][:2]] == ["take", "kick"]


@pytest.fixture(scope="module")
def fused(home: Path, mretrieve: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of the library in two spaces, the second of an encoder file that is no more."""
    pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    folder = tmp_path_factory.mktemp("fused")
    mine = write_encoder(folder / "mine.safetensors")
    encoders = ("--encoder", "pose-statistics", "--encoder", mine.name)
    made = mretrieve("index", home / "library", *encoders, folder=folder)
    assert made.returncode == 0, made.stderr
    mine.unlink()
    return folder


def test_json_names_the_spaces_that_answered(mretrieve: Run, home: Path, fused: Path):
    schema = json.loads((files("mretrieve.search") / "query.schema.json").read_text(encoding="utf-8"))
    named = []
    for words in ([], ["--encoder", "mine"], ["--encoder", "mine,pose-statistics", "--weights", "0.3,0.7"]):
        run = mretrieve("query", home / QUERY, *words, "--format", "json", folder=fused)
        assert run.returncode == 0, run.stderr
        answer = json.loads(run.stdout)
        jsonschema.validate(answer, schema)
        named.append(answer["index"]["encoder"])
    assert named == ["pose-statistics,mine", "mine", "mine,pose-statistics"]


def test_without_torch_the_message_says_what_to_install(process: Run, home: Path, fused: Path, tmp_path: Path):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))}
    run = process("query", home / QUERY, folder=fused, environment=environment)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
    assert "pip install 'mretrieve-mocap[learned]'" in run.stderr
    alone = process("query", home / QUERY, "--encoder", "pose-statistics", folder=fused, environment=environment)
    assert alone.returncode == 0, alone.stderr


def test_jsonl_is_one_answer_a_line_in_the_order_of_the_files(mretrieve: Run, home: Path):
    named = [QUERY, "cmu/bo_kick_proud_02.amc", QUERY]
    run = mretrieve("query", *named, "--format", "jsonl", folder=home)
    assert [json.loads(line)["query"]["path"] for line in run.stdout.splitlines()] == named


def test_csv_has_one_heading_however_many_files(mretrieve: Run, home: Path):
    run = mretrieve("query", QUERY, QUERY, "-k", "2", "--format", "csv", folder=home)
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [row["rank"] for row in rows] == ["1", "2", "1", "2"]
    assert {row["query"] for row in rows} == {QUERY}


def test_the_index_is_found_from_a_subfolder_by_option_and_by_environment(mretrieve: Run, home: Path, tmp_path: Path):
    query = home / QUERY
    asked = [
        mretrieve("query", query, "--format", "csv", folder=home / "library" / "cmu"),
        mretrieve("query", query, "--format", "csv", "--index", home / ".mretrieve", folder=tmp_path),
        mretrieve(
            "query",
            query,
            "--format",
            "csv",
            folder=tmp_path,
            environment={"MRETRIEVE_INDEX": str(home / ".mretrieve")},
        ),
    ]
    assert [run.returncode for run in asked] == [0, 0, 0]
    assert asked[0].stdout == asked[1].stdout == asked[2].stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["query", "nowhere.bvh"], "nowhere.bvh: no such file"),
        (["query", QUERY, "--where", "labl = 'kick'"], "did you mean label"),
        (["query", QUERY, "--start", "90"], "no motion between"),
        (["query", QUERY, "--index", "library"], "library"),
        (
            ["query", QUERY, "--encoder", "mine"],
            "no space of encoder mine, only of pose-statistics, part-statistics; add",
        ),
        (["query", QUERY, "--weights", "1,1,1"], "weights 1, 1, 1: 2 are needed"),
        (["query", QUERY, "--weights", "much"], "--weights 'much': give a number for each encoder"),
        (["query", "library/labels.csv"], "labels.csv"),
        (["index", "nowhere"], "nowhere"),
        (["index", QUERY], QUERY),
        (["rig", "nowhere.bvh"], "nowhere.bvh"),
        (["remove", "nothing.bvh"], "nothing.bvh"),
    ],
)
def test_a_users_error_is_one_line_that_names_it_and_status_2(mretrieve: Run, home: Path, words: list[str], says: str):
    run = mretrieve(*words, folder=home)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert run.stderr.startswith("Error: ")
    assert says in run.stderr


def test_without_an_index_the_message_says_how_to_make_one(mretrieve: Run, home: Path, tmp_path: Path):
    run = mretrieve("query", home / QUERY, folder=tmp_path)
    assert run.returncode == 2
    assert "mretrieve index DIR" in run.stderr


def test_a_misspelt_command_is_guessed(mretrieve: Run, tmp_path: Path):
    run = mretrieve("qeury", folder=tmp_path)
    assert run.returncode == 2
    assert "did you mean 'query'" in run.stderr


@pytest.mark.parametrize("command", [[], ["index"], ["query"], ["info"], ["verify"], ["remove"], ["rig"], ["demo"]])
def test_every_command_explains_itself_and_each_of_its_options(mretrieve: Run, tmp_path: Path, command: list[str]):
    run = mretrieve(*command, "--help", folder=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("Usage:")
    options = [line.split() for line in run.stdout.splitlines() if line.lstrip().startswith("--")]
    assert all(len(words) > 1 for words in options)


def test_a_saved_rig_map_is_taken_back(mretrieve: Run, process: Run, home: Path, tmp_path: Path):
    saved = tmp_path / "rig.json"
    shown = process("rig", QUERY, "--save", saved, folder=home)
    assert shown.returncode == 0
    assert "left_wrist" in shown.stdout
    plain = mretrieve("query", QUERY, "--format", "csv", folder=home)
    mapped = mretrieve("query", QUERY, "--rig-map", saved, "--format", "csv", folder=home)
    assert mapped.stdout == plain.stdout


def test_a_closed_pipe_is_no_traceback(mretrieve: Run, home: Path):
    import subprocess
    import sys

    program = (
        f"{sys.executable} -c 'from mretrieve.cli import main; main()' query {QUERY} -k 100 --format json | head -1"
    )
    run = subprocess.run(["bash", "-c", program], cwd=home, capture_output=True, text=True)
    assert run.stdout == "{\n"
    assert "Traceback" not in run.stderr


def test_the_answer_on_a_device_is_the_same(mretrieve: Run, home: Path):
    pytest.importorskip("torch", reason="NO TORCH: search on devices is not tested")
    answers = [
        json.loads(mretrieve("query", QUERY, "--format", "json", *words, folder=home).stdout)
        for words in ([], ["--device", "cpu"])
    ]
    assert answers[0]["results"] == answers[1]["results"]


def test_a_device_that_does_not_exist_is_refused_in_one_line(mretrieve: Run, home: Path):
    for words in (("query", QUERY), ("index", "library")):
        run = mretrieve(*words, "--device", "gpu", folder=home)
        assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (2, "", 1)
        assert "--device gpu: no such device" in run.stderr
