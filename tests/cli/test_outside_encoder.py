"""One registration is all that an encoder from outside needs: for every command, with its options in the help."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from support import toy_encoder
from support.moving_bodies import random_clip

from mretrieve.cli import evaluate, main
from mretrieve.encoders import FrameEncoder, catalogue, load_encoder, register_encoder

Command = Callable[..., Result]


@pytest.fixture
def command(here: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `mretrieve WORDS...` in a folder with motions, in this process, with the toy encoder registered."""
    monkeypatch.setattr(catalogue, "_BY_NAME", dict(catalogue._BY_NAME))
    monkeypatch.delitem(sys.modules, evaluate.__name__)  # its help, made on import, names the encoders
    register_encoder(toy_encoder.SPEC)
    monkeypatch.chdir(here)

    def run(*words: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["mretrieve", *words])
        return CliRunner().invoke(main, words)

    return run


def test_it_is_trained_indexed_and_queried_and_aligns_frames(command: Command, here: Path):
    assert "mean-pose" in command("train", "--help").stdout
    assert "--size" in command("train", "mean-pose", "--help").stdout
    trained = command("train", "mean-pose", "motions", "--labels", "labels.csv", "--size", "6", "--threads", "1")
    assert trained.exit_code == 0, trained.stderr
    indexed = command("index", "motions", "--encoder", "./encoder.safetensors", "--jobs", "1")
    assert indexed.exit_code == 0, indexed.stderr
    clip = next((here / "motions").glob("*kick*"))
    asked = command("query", str(clip), "--format", "csv")
    assert asked.exit_code == 0 and clip.name in asked.stdout.splitlines()[1]
    encoder, motion = load_encoder(str(here / "encoder.safetensors")), random_clip(0, 30)
    assert encoder.dimension == 6 + 2
    assert isinstance(encoder, FrameEncoder) and not isinstance(load_encoder(), FrameEncoder)
    assert encoder.frame_features(motion).shape == (30, 54) and np.isfinite(encoder.frame_features(motion)).all()


def test_it_is_evaluated(command: Command, generated_sets: Path):
    help_text = " ".join(command("evaluate", "--help").stdout.split()).replace("- ", "-")  # names are broken at hyphens
    assert "mean-pose is trained" in help_text
    words = ("evaluate", "hdm05-unseen", "--data", str(generated_sets), "--encoder", "mean-pose", "--seeds", "1")
    run = command(*words)
    assert run.exit_code == 0, run.stderr
    assert "mean-pose, fold 1 of 1, seed 0: training on" in run.stderr
