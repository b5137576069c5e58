"""`mretrieve train submotion`, typed as a user types it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from support.training_command import Train, stopped

from mretrieve.encoders import load_encoder
from mretrieve.encoders.registry import load_mapper
from mretrieve.encoders.weights_file import read_mapper

OVER = ("submotion", "--over", "pose-statistics", "motions")


def test_a_training_makes_a_mapper_and_says_how_pieces_find_their_clips(train: Train, here: Path):
    run = train(*OVER, "--licence", "CC0", folder=here)
    assert run.exit_code == 0, run.stderr
    told = run.stderr.splitlines()
    assert told[0].startswith("motions/damaged.bvh:") and told[1].startswith("10 clips")
    assert [line.split(":")[0] for line in told[2:]] == ["update 3 of 6", "update 6 of 6"]
    said = run.stdout.splitlines()
    assert said[0].startswith("submotion.safetensors: submotion over pose-statistics, 6 updates in ")
    assert said[1].startswith("Maps into the space of pose-statistics, fingerprint ")
    assert said[2].startswith("20 disturbed pieces of 10 clips trained on")
    assert said[3].startswith("- mapped: ") and said[4].startswith("- pose-statistics of the piece itself: ")
    encoder = load_encoder()
    mapper, card = read_mapper(here / "submotion.safetensors")
    assert (mapper.name, mapper.over, mapper.over_fingerprint) == ("submotion", encoder.name, encoder.fingerprint)
    assert card["data"]["licence"] == "CC0" and card["report"] == said[1:5]
    assert card["recipe"]["architecture"] == "submotion" and card["recipe"]["updates"] == 6
    written = (here / "submotion.card.md").read_text(encoding="utf-8")
    assert "A mapping of pieces of motions into the space of an encoder" in written and said[3] in written
    assert not list(here.glob("*.checkpoint"))


def test_it_works_over_an_encoder_that_the_user_trained(train: Train, here: Path):
    made = train("gru", "motions", "--labels", "labels.csv", "--out", "mine.safetensors", folder=here)
    assert made.exit_code == 0, made.stderr
    words = ("submotion", "--over", "./mine.safetensors", "motions", "--out", "pieces.safetensors", "--updates", "2")
    run = train(*words, folder=here)
    assert run.exit_code == 0, run.stderr
    mapper, encoder = load_mapper(here / "pieces.safetensors"), load_encoder(str(here / "mine.safetensors"))
    assert (mapper.name, mapper.over) == ("pieces", "mine") and mapper.over_fingerprint == encoder.fingerprint
    refused = train("submotion", "--over", "pieces.safetensors", "motions", folder=here)
    assert refused.exit_code == 2 and "maps pieces of motion into the space of an encoder" in refused.stderr


def test_held_out_classes_are_asked_for_but_not_trained_on(train: Train, here: Path):
    run = train(*OVER, "--labels", "labels.csv", "--holdout-classes", "kick,jump", folder=here)
    assert run.exit_code == 0, run.stderr
    assert re.search(r"held-out clips found by pieces [01]\.\d{3}", run.stderr)
    assert "disturbed pieces of 6 clips trained on" in run.stdout and "of 4 clips not trained on" in run.stdout


def test_an_interrupted_run_that_is_resumed_gives_the_file_of_one_that_was_not_interrupted(train: Train, here: Path):
    whole = train(*OVER, folder=here)
    assert whole.exit_code == 0, whole.stderr
    files = ("submotion.safetensors", "submotion.card.md")
    expected = {path: (here / path).read_bytes() for path in files}
    for path in files:
        (here / path).unlink()
    run = stopped(train, *OVER, folder=here, number=signal.SIGINT, update=4)
    assert run.exit_code == 128 + signal.SIGINT, run.stderr
    assert (here / "submotion.safetensors.checkpoint").exists() and not (here / "submotion.safetensors").exists()
    resumed = train(*OVER, "--resume", folder=here)
    assert resumed.exit_code == 0, resumed.stderr
    assert "update 6 of 6" in resumed.stderr and "update 3 of 6" not in resumed.stderr
    assert {path: (here / path).read_bytes() for path in files} == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("submotion", "motions"), "Missing option '--over'"),
        (("submotion", "--over", "deephum", "motions"), "no encoder 'deephum'; did you mean deephums"),
        (("submotion", "--over", "none.safetensors", "motions"), "none.safetensors: cannot be read: No such file"),
        (("deephums", "--over", "deephums", "motions"), "No such option"),
        ((*OVER, "--mirror"), "No such option"),
        ((*OVER, "--loss", "trajectory"), "No such option"),
        ((*OVER, "--patience", "2"), "name some with --holdout-classes"),
        ((*OVER[:3], "nowhere"), "nowhere: no such folder"),
        ((*OVER, "--out", "no/e.safetensors"), "no: not a writable folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_answered_in_one_line(train: Train, motions: Path, words: tuple[str, ...], said: str):
    run = train(*words, folder=motions)
    assert run.exit_code == 2 and "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("Error: ") and said in run.stderr.splitlines()[-1]
    assert not list(motions.glob("*.safetensors*"))
