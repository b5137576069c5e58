"""The training of the lifting network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.errors import MRetrieveError
from mretrieve.lifting.weights_file import read_network
from mretrieve.motion import LabelledClip
from mretrieve.training.card import data_card, save_encoder, training_card
from mretrieve.training.loop import InterruptedTrainingError, RunOptions, run_task
from mretrieve.training.systems.lifting import RECIPE, LiftingTask, LiftingTorch

SMALL = replace(RECIPE, width=32, dilations=(1, 2), batch=6, longest=40, updates=6, validate_every=3)


@pytest.fixture(scope="module")
def clips() -> list[LabelledClip]:
    kinds = ("walk", "squat", "kick")
    return [LabelledClip(synthesise_clip(MotionRecipe(kind)), kind, kind, kind) for kind in kinds]


def test_numpy_and_torch_compute_the_same():
    torch.manual_seed(3)
    network = LiftingTorch(48, (1, 3, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    frames = np.random.default_rng(0).standard_normal((17, network.enter.in_features)).astype(np.float32)
    expected = network(torch.from_numpy(frames)[None], torch.ones(1, 17, 1))[0].detach().numpy()
    np.testing.assert_allclose(network.for_queries().forward(frames), expected, atol=1e-4)


def test_padding_does_not_count(clips: list[LabelledClip]):
    task = LiftingTask(SMALL, clips)
    batch = task.draw(np.random.default_rng(0), 0.0)
    length = int(batch.valid[0].sum())
    network: LiftingTorch = task.network  # type: ignore[assignment]
    alone = network(batch.frames[:1, :length], batch.valid[:1, :length])
    torch.testing.assert_close(network(batch.frames, batch.valid)[:1, :length], alone, atol=1e-5, rtol=1e-4)


def test_training_lowers_the_loss(clips: list[LabelledClip]):
    trained = run_task(lambda: LiftingTask(replace(SMALL, updates=60, validate_every=20), clips), 0, RunOptions())
    assert trained.milestones[-1].loss < 0.8 * trained.milestones[0].loss


def test_a_resumed_run_gives_the_same_weights(clips: list[LabelledClip], tmp_path: Path):
    whole = run_task(lambda: LiftingTask(SMALL, clips), 0, RunOptions()).encoder
    calls = iter([False, False, True])
    stopped = RunOptions(checkpoint=tmp_path / "state", stopped=lambda: next(calls, False))
    with pytest.raises(InterruptedTrainingError):
        run_task(lambda: LiftingTask(SMALL, clips), 0, stopped)
    options = RunOptions(checkpoint=tmp_path / "state", resume=True)
    assert run_task(lambda: LiftingTask(SMALL, clips), 0, options).encoder.fingerprint == whole.fingerprint


def test_the_weights_file_holds_network_and_card(clips: list[LabelledClip], tmp_path: Path):
    trained = run_task(lambda: LiftingTask(SMALL, clips, clips), 0, RunOptions())
    file = tmp_path / "small.safetensors"
    card = training_card(trained, data_card(["generated"], clips, (), "free"), "python train.py")
    save_encoder(file, trained.encoder, card)
    assert read_network(file).fingerprint == trained.encoder.fingerprint
    text = file.with_suffix(".card.md").read_text(encoding="utf-8")
    assert "two dimensions" in text
    assert trained.encoder.fingerprint in text
    assert trained.milestones[-1].score is not None


def test_one_clip_is_too_few(clips: list[LabelledClip]):
    with pytest.raises(MRetrieveError, match="two clips"):
        LiftingTask(SMALL, clips[:1])
