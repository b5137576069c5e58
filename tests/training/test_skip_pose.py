"""Training of `skip-pose` by the loop: from views, from filmed clips, or both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.filmed_bodies import random_view
from support.moving_bodies import random_clip

from mretrieve import MRetrieveError
from mretrieve.encoders.systems.skip_pose import SkipPose, SkipPoseSettings
from mretrieve.encoders.weights_file import encoder_bytes
from mretrieve.motion import LabelledClip
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import LabelledView
from mretrieve.training import Trained, train
from mretrieve.training.loop import InterruptedTrainingError
from mretrieve.training.systems.skip_pose import RECIPES, SkipPoseRecipe, SkipPoseTask

VIEWS = [LabelledView(random_view(seed), "", f"{seed}", f"{seed}") for seed in range(6)]
CLIPS = [LabelledClip(random_clip(seed, 60), "", f"{seed}", f"{seed}") for seed in range(10, 14)]
CPU = torch.device("cpu")


def small(**changes: Any) -> SkipPoseRecipe:
    network = SkipPoseSettings(hidden=8)
    sizes = {"batch": 16, "views_per_clip": 2, "updates": 8, "validate_every": 4}
    return replace(RECIPES["skip-pose"], network=network).with_changes({**sizes, **changes})


def content(trained: Trained[SkipPose]) -> bytes:
    return encoder_bytes(trained.encoder, {})


def test_the_loss_falls():
    first, *_, last = train(small(updates=60, validate_every=10, **{"optimiser.learning_rate": 0.01}), VIEWS).milestones
    assert last.loss < 0.8 * first.loss


@pytest.mark.parametrize("items", [VIEWS, CLIPS, [*VIEWS, *CLIPS]], ids=["views", "clips", "both"])
def test_the_same_seed_gives_the_same_weights(items: list[LabelledView | LabelledClip]):
    assert content(train(small(), items, seed=3)) == content(train(small(), items, seed=3))
    assert content(train(small(), items, seed=3)) != content(train(small(), items, seed=4))


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path: Path):
    checkpoint = tmp_path / "run.checkpoint"
    made = 0

    def stopped() -> bool:
        nonlocal made
        made += 1
        return made == 5

    with pytest.raises(InterruptedTrainingError):
        train(small(), VIEWS, checkpoint=checkpoint, stopped=stopped)
    assert content(train(small(), VIEWS, checkpoint=checkpoint, resume=True)) == content(train(small(), VIEWS))


def test_labels_do_not_count():
    labelled = [replace(item, label=f"{number % 2}") for number, item in enumerate(VIEWS)]
    assert content(train(small(), labelled)) == content(train(small(), VIEWS))


def test_half_of_a_batch_is_filmed_if_there_are_views_as_well():
    lengths = {len(item.view.observed) for item in VIEWS}
    assert lengths == {40}
    task = SkipPoseTask(small(mirror=False), clips=[CLIPS[0].clip], views=[VIEWS[0].view])
    poses, seen = task.draw(np.random.default_rng(0), 0.0)
    assert poses.shape == (16, 12, 14, 2)
    assert seen[:8].all()  # what is given as a view has no errors of a detector
    assert not seen[8:].all()


def test_what_is_not_observed_costs_nothing():
    view = VIEWS[0].view
    observed = view.observed.copy()
    observed[:, joint("left_wrist")] = False
    hidden = replace(view, observed=observed)
    task = SkipPoseTask(small(mirror=False), views=[hidden])
    poses, seen = task.draw(np.random.default_rng(0), 0.0)
    moved = poses.clone()
    moved[~seen.expand_as(poses)] += 5.0
    assert torch.equal(task.loss((poses, seen), CPU), task.loss((moved, seen), CPU))


def test_the_past_is_part_of_the_loss_only_if_it_is_decoded():
    both, future = (SkipPoseTask(small(**{"network.past": past}), views=[VIEWS[0].view]) for past in (True, False))
    poses, seen = both.draw(np.random.default_rng(0), 0.0)
    other_past = poses.clone()
    other_past[:, :4] += 1.0
    assert not torch.equal(both.loss((poses, seen), CPU), both.loss((other_past, seen), CPU))
    assert torch.equal(future.loss((poses, seen), CPU), future.loss((other_past, seen), CPU))


def test_motions_shorter_than_three_times_t_poses_are_refused():
    SkipPoseTask(small(), views=[random_view(0, 34)])
    with pytest.raises(MRetrieveError, match="34 frames"):
        SkipPoseTask(small(), views=[random_view(0, 33)])


def test_a_system_of_clips_refuses_views():
    with pytest.raises(MRetrieveError, match="views"):
        train(replace(small(), architecture="deephums"), VIEWS)


def test_vectors_of_what_was_trained_on_have_mean_0_and_no_variance_above_1():
    encoder = train(small(batch=64, mirror=False, **{"network.apart": 1}), VIEWS).encoder
    vectors = np.concatenate([encoder.frame_vectors(item.view) for item in VIEWS])
    assert np.abs(vectors.mean(axis=0)).max() < 0.5  # the ends of views are not read in training
    assert 0.5 < np.linalg.eigvalsh(np.cov(vectors.T)).max() < 2.0


@pytest.mark.parametrize("views_per_clip", [1, 2])
def test_cameras_that_differ_are_not_needed(views_per_clip: int):
    encoder = train(small(views_per_clip=views_per_clip), CLIPS).encoder
    vectors = np.concatenate([encoder.frame_vectors(item.view) for item in VIEWS])
    assert np.isfinite(vectors).all()
    assert np.ptp(vectors, axis=0).min() > 0.01
