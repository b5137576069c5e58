"""`mretrieve evaluate`, typed as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Run


@pytest.fixture(scope="module")
def data(generated_sets: Path) -> Path:
    return generated_sets


def test_the_protocols_are_listed_with_what_they_need(mretrieve: Run, tmp_path: Path):
    run = mretrieve("evaluate", "--list", folder=tmp_path)
    assert run.returncode == 0
    names = [line.split()[0] for line in run.stdout.splitlines()]
    assert names == [
        "hdm05-performer", "hdm05-cross-performer", "hdm05-unseen", "cmu-unseen", "h36m-unseen", "cmu-person",
        "bandai-cross-style", "robustness", "view-queries", "spotting", "part-agreement", "jhmdb",
        "dense-correspondence", "anthropometry",
    ]  # fmt: skip
    assert all("(needs " in line for line in run.stdout.splitlines())
    assert mretrieve("evaluate", folder=tmp_path).stdout == run.stdout


def test_every_option_is_explained(mretrieve: Run, tmp_path: Path):
    run = mretrieve("evaluate", "--help", folder=tmp_path)
    assert run.stdout.startswith("Usage:")
    options = [line.split() for line in run.stdout.splitlines() if line.lstrip().startswith("--")]
    assert all(len(words) > 1 for words in options)


def test_encoder_and_baseline_stand_in_one_table(mretrieve: Run, data: Path):
    run = mretrieve(
        "evaluate", "hdm05-unseen", "--data", data, "--encoder", "pose-statistics", "--baseline", "dtw", folder=data
    )
    assert run.returncode == 0, run.stderr
    assert "25 queries with a right answer, of 5 groups, among 25 clips" in run.stdout
    rows = [line for line in run.stdout.splitlines() if "cross-performer │" in line]
    assert [row.split()[1] for row in rows] == ["pose-statistics", "dtw"] * 3
    assert "95 % interval over groups" in run.stdout
    assert "fold 1 of 1: comparing" in run.stderr


def test_out_holds_the_numbers_the_page_and_the_pictures(process: Run, data: Path, tmp_path: Path):
    run = process(
        "evaluate",
        "h36m-unseen",
        "--data",
        data,
        "--format",
        "json",
        "--out",
        tmp_path / "new" / "out",
        folder=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    written = tmp_path / "new" / "out"
    assert {path.name for path in written.iterdir()} == {
        "report.json", "report.md", "precision_recall.png", "tsne.png",
    }  # fmt: skip
    content = json.loads(run.stdout)
    assert content == json.loads((written / "report.json").read_text(encoding="utf-8"))
    assert content["schema"] == "mretrieve.evaluation/1"
    assert [report["task"] for report in content["reports"]] == ["cross-subject", "cross-file", "all pairs"]
    assert 0 <= content["reports"][0]["figures"]["fpr90"]["mean"] <= 1


def test_a_name_that_can_be_trained_is_trained_once_a_seed(mretrieve: Run, data: Path):
    run = mretrieve(
        "evaluate", "cmu-unseen", "--data", data, "--encoder", "gru", "--seeds", "2", "--updates", "1", folder=data
    )
    assert run.returncode == 0, run.stderr
    assert "gru, fold 1 of 1, seed 1: training on" in run.stderr
    assert "±" in run.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hdm05-perfomer"], "did you mean hdm05-performer"),
        (["hdm05-performer", "--data", "nowhere"], "nowhere: no such folder"),
        (["h36m-unseen", "--data", "hdm05"], "hdm05: no S1/walking_1.txt"),
        (["bandai-cross-style", "--data", ".", "--encoder", "gru"], "nothing to train on"),
        (["hdm05-performer", "--data", ".", "--encoder", "pose-statistic"], "did you mean pose-statistics"),
        (["hdm05-performer", "--data", ".", "--encoder", "nowhere.safetensors"], "nowhere.safetensors"),
        (["hdm05-performer", "--data", ".", "--out", "hdm05/labels.csv"], "labels.csv: cannot be made"),
    ],
)
def test_a_users_error_is_one_line_and_status_2(mretrieve: Run, data: Path, words: list[str], says: str):
    run = mretrieve("evaluate", *words, folder=data)
    assert run.returncode == 2
    assert len([line for line in run.stderr.splitlines() if line.startswith("Error: ")]) == 1
    assert "Traceback" not in run.stderr
    assert says in run.stderr


def test_a_protocol_without_data_says_which_folder_is_wanted(mretrieve: Run, tmp_path: Path):
    run = mretrieve("evaluate", "cmu-person", folder=tmp_path)
    assert run.returncode == 2
    assert "cmu-person needs --data DIR, the folder that holds cmu/bvh" in run.stderr
