"""`mretrieve train body-part-embedding` and `mretrieve evaluate part-agreement`, typed as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Run
from support.small_part_encoder import small_part_encoder
from support.training_command import Train

from mretrieve.encoders.registry import load_view_encoder
from mretrieve.encoders.weights_file import encoder_bytes, read_view_encoder


def test_a_training_without_labels_makes_an_encoder_of_views(train: Train, mretrieve: Run, here: Path):
    run = train("body-part-embedding", "motions", "--licence", "CC0", "--out", "parts.safetensors", folder=here)
    assert run.exit_code == 0, run.stderr
    (said,) = run.stdout.splitlines()
    assert said.startswith("parts.safetensors: body-part-embedding, 6 updates in ")
    assert load_view_encoder(str(here / "parts.safetensors")).name == "parts"
    refused = mretrieve("index", "motions", "--encoder", "./parts.safetensors", folder=here)
    assert refused.returncode == 2
    assert "encodes 2D views and cannot encode clips" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("flag", "field", "value"),
    [
        ("--triplets", ("loss", "triplets"), 1),
        ("--reconstruction", ("loss", "reconstruction"), 1),
        ("--no-context", ("network", "context"), False),
    ],
)
def test_a_flag_changes_the_recipe(train: Train, here: Path, flag: str, field: tuple[str, str], value: object):
    run = train("body-part-embedding", "motions", flag, "--updates", "2", folder=here)
    assert run.exit_code == 0, run.stderr
    recipe = read_view_encoder(here / "encoder.safetensors")[1]["recipe"]
    assert recipe[field[0]][field[1]] == value and recipe["updates"] == 2


def test_the_agreement_is_printed_and_written(
    mretrieve: Run, generated_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.evaluation.part_agreement.PAIRS", 6)
    monkeypatch.setattr("mretrieve.evaluation.part_agreement.REPLACED", 3)
    weights = tmp_path / "small.safetensors"
    weights.write_bytes(encoder_bytes(small_part_encoder(), {}))
    words = ("evaluate", "part-agreement", "--data", generated_sets, "--encoder", weights)
    run = mretrieve(*words, "--out", tmp_path / "out", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "3D part-statistics" in run.stdout and "2D small" in run.stdout and "variations" in run.stdout
    content = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert content["schema"] == "mretrieve.measurement/1" and content["protocol"] == "part-agreement"
    assert "| 2D small | yes |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["part-agrement"], "did you mean part-agreement"),
        (["part-agreement", "--data", "bandai1"], "no hdm05/labels.csv in it"),
        (["hdm05-unseen", "--data", ".", "--encoder", "body-part-embedding"], "encodes 2D views and cannot"),
        (["part-agreement", "--data", ".", "--encoder", "mmd-nca"], "mmd-nca is no encoder of 2D views"),
    ],
)
def test_a_users_error_is_one_line_and_status_2(mretrieve: Run, generated_sets: Path, words: list[str], says: str):
    run = mretrieve("evaluate", *words, folder=generated_sets)
    assert run.returncode == 2 and says in run.stderr and "Traceback" not in run.stderr
