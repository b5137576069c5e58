"""The small network among what is tried: on bodies in space and on what a camera saw of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.raised_arms import arms_held

from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder
from mretrieve.motion import LabelledClip
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.lifted_clip import LiftedClip
from mretrieve.training.adaptation import adapt, linear
from mretrieve.training.batches import Augment, BatchSource, Sampling
from mretrieve.training.objectives import ClassObjective
from mretrieve.training.systems.gru import RECIPES, adaptation_recipe

ENOUGH = 3.0  # minutes, in which the small network is tried, too
ITEMS = arms_held(classes=4, per_class=6, groups=3, frames=40)


def filmed(item: LabelledClip) -> LabelledClip:
    """The same clip, as if it had been lifted without error from what a camera in front of it sees."""
    clip = item.clip
    return replace(item, clip=LiftedClip(clip.positions, clip.observed, view=film(clip, Camera())))


FILMED = [filmed(item) for item in ITEMS]


@pytest.fixture(autouse=True)
def small_recipe(monkeypatch):
    """Networks so small and trained so briefly that a trial takes a moment."""
    torch.set_num_threads(1)
    recipe = RECIPES["gru"]
    sampling = replace(recipe.sampling, per_class=3, others=3, longest=20)
    monkeypatch.setitem(
        RECIPES, "gru", replace(recipe, network=GruSettings(hidden=8, embedding=8), sampling=sampling, updates=10)
    )
    monkeypatch.setattr(linear, "NcaSettings", partial(linear.NcaSettings, updates=10))


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch):
    """No network is ended, or slows its learning down, because the machine is busy."""
    for module in ("mretrieve.training.adaptation.adapt", "mretrieve.training.loop"):
        monkeypatch.setattr(import_module(module), "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.mark.parametrize("items", [ITEMS, FILMED], ids=["in space", "filmed"])
def test_a_sum_with_the_network_is_learned_kept_in_one_file_and_the_same_by_its_seed(items, monkeypatch):
    def the_sum(trials):
        return next(trial for trial in trials if trial.spaces == ("lda", "gru"))

    monkeypatch.setattr(import_module("mretrieve.training.adaptation.adapt"), "best_trial", the_sum)
    first, second = adapt(items, minutes=ENOUGH), adapt(items, minutes=ENOUGH)
    assert first.chosen == "lda+gru"
    assert first.trials == second.trials
    assert first.encoder.fingerprint == second.encoder.fingerprint
    stored = read_encoder(encoder_bytes(first.encoder, first.card())).encoder
    clips = [item.clip for item in items[:2]]
    assert stored.encode(clips).tobytes() == first.encoder.encode(clips).tobytes()
    assert stored.encode_windows(clips[0], np.array([[5, 30]])).shape == (1, first.encoder.dimension)


def test_each_candidate_that_there_is_time_for_is_tried():
    tried = {trial.spaces for trial in adapt(FILMED, minutes=ENOUGH).trials}
    assert tried == {("lda",), ("nca",), ("gru",), ("lda", "gru"), ("nca", "gru")}


def test_trials_make_half_of_the_updates_and_the_last_training_all(monkeypatch):
    candidates = import_module("mretrieve.training.adaptation.candidates")
    train, updates = candidates.train, []

    def recorded(recipe, *clips, **options):
        updates.append(recipe.updates)
        return train(recipe, *clips, **options)

    monkeypatch.setattr(candidates, "train", recorded)
    chosen = adapt(FILMED, minutes=ENOUGH).chosen
    assert updates == [5, 5, 5] + [10] * ("gru" in chosen)


def test_only_lifted_clips_are_seen_as_the_camera_saw_them():
    clips = [item.clip for item in ITEMS[:2]]
    assert adaptation_recipe(clips).network.view == "heading"
    assert adaptation_recipe([*clips, FILMED[0].clip]).network.view == "heading"
    seen = adaptation_recipe([FILMED[0].clip, FILMED[1].clip]).network
    assert (seen.view, seen.stride) == ("filmed", 1)


def test_few_clips_are_learned_more_briefly(monkeypatch):
    monkeypatch.setitem(RECIPES, "gru", replace(RECIPES["gru"], updates=700))
    assert adaptation_recipe([ITEMS[0].clip] * 30).updates == 330
    assert adaptation_recipe([ITEMS[0].clip] * 2000).updates == 700


def test_what_a_camera_saw_is_turned_in_its_plane():
    still = Augment(shortest_part=1, fastest=1, yaw_deg=0, joint_offset_m=0, noise_m=0, missing_share=0)
    sampling = Sampling(per_class=2, others=2, longest=90)
    plain, turned = (
        BatchSource(FILMED, ClassObjective("supcon"), sampling, replace(still, yaw_deg=angle), as_filmed=True)
        .draw(np.random.default_rng(0), 0.0)
        .sequence.positions[..., 20, :]  # a wrist
        for angle in (0.0, 20.0)
    )
    assert not turned[..., 2].any()
    angle = np.arctan2(turned[..., 1], turned[..., 0]) - np.arctan2(plain[..., 1], plain[..., 0])
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    assert np.ptp(angle, axis=1).max() < 1e-3
    assert 0.1 < np.abs(angle[:, 0]).max() < 1.2
