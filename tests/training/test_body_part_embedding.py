"""The training of body part embeddings: what the loop promises, the losses it is made of, and that it learns."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.labelled_bodies import labelled_clips
from support.moving_bodies import random_clip

from mretrieve import MRetrieveError
from mretrieve.encoders.systems.body_part_embedding import PART_JOINTS, BodyPartSettings
from mretrieve.encoders.weights_file import encoder_bytes
from mretrieve.motion import PARTS, LabelledClip
from mretrieve.training import Trained, default_recipe, train
from mretrieve.training.body_parts.losses import LossSettings, distance, variation_difference
from mretrieve.training.body_parts.network import DecodingSettings, DisentanglingNetwork
from mretrieve.training.loop import InterruptedTrainingError
from mretrieve.training.systems.body_part_embedding import BodyPartRecipe, BodyPartTask

CLIPS = [LabelledClip(random_clip(seed, 100), "", f"{seed}", f"{seed}.bvh") for seed in range(5)]
HELD_OUT = labelled_clips(classes=2, first=10)


def small(**changes: Any) -> BodyPartRecipe:
    recipe: BodyPartRecipe = default_recipe("body-part-embedding")
    recipe = replace(
        recipe,
        network=BodyPartSettings(torso=16, limb=12),
        decoding=DecodingSettings(8, 6, 8, hidden=8),
        sets=2,
        updates=6,
        validate_every=2,
    )
    return recipe.with_changes(changes)


def content(trained: Trained[Any]) -> bytes:
    return encoder_bytes(trained.encoder, {})


# -- the loop ----------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    first, again, other = (content(train(small(), CLIPS, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other


def test_a_run_that_was_stopped_and_resumed_gives_the_bytes_of_one_that_was_not(tmp_path: Path):
    whole = train(small(updates=7), CLIPS, held_out=HELD_OUT, seed=3)
    calls = itertools.count(1)
    options: dict[str, Any] = {"held_out": HELD_OUT, "seed": 3, "checkpoint": tmp_path / "checkpoint", "resume": True}
    with pytest.raises(InterruptedTrainingError, match="of 7 updates"):
        train(small(updates=7), CLIPS, stopped=lambda: next(calls) == 3, **options)
    assert content(train(small(updates=7), CLIPS, **options)) == content(whole)


def test_one_clip_is_refused():
    with pytest.raises(MRetrieveError, match="two clips or more"):
        train(small(), CLIPS[:1])


def test_only_the_motion_encoders_are_kept():
    encoder = train(small(), CLIPS).encoder
    assert {name.partition(".")[0].partition("_")[0] for name in encoder.to_tensors()} == {
        "motion", *(part.partition("_")[0] for part in PARTS),
    }  # fmt: skip


def test_the_card_tells_how_many_held_out_triplets_are_in_order():
    trained = train(small(), CLIPS, held_out=HELD_OUT)
    (line,) = trained.report
    assert line.startswith("held-out triplets in order: ")
    assert 0 < float(line.rpartition(" ")[2]) <= 1
    assert train(small(), CLIPS).report == ()


def test_it_learns_to_tell_motions_apart_whatever_the_camera_and_the_skeleton():
    recipe = small(updates=60, sets=16, validate_every=30)
    losses: list[float] = []
    trained = train(recipe, CLIPS, held_out=HELD_OUT, progress=lambda now: losses.append(now.loss))
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])
    assert float(trained.report[0].rpartition(" ")[2]) > 0.6


# -- the loss ----------------------------------------------------------------------------------------------------------


def task_and_batch(**changes: Any) -> tuple[BodyPartTask, Any]:
    torch.manual_seed(0)
    task = BodyPartTask(small(**changes), CLIPS, ())
    task.network.eval()  # so that batch norm treats each sample alone
    return task, task.draw(np.random.default_rng(0), 0.0)


#: The terms that the recipe leaves out by default.
PAPER = {"loss.triplets": 1.0, "loss.reconstruction": 1.0}


def test_the_loss_is_equation_6_of_the_terms_as_they_are_printed():
    task, batch = task_and_batch(**PAPER)
    network: DisentanglingNetwork = task.network  # type: ignore[assignment]
    settings, cpu = task.recipe.loss, torch.device("cpu")
    coordinates = task._coordinates(batch, cpu)

    def hinge(first: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
        return (distance(first, positive) - distance(first, negative) + settings.margin).clamp(min=0).mean()

    def at(m: int, s: int, c: int) -> dict[str, torch.Tensor]:
        return {part: values[:, m, s, c] for part, values in coordinates.items()}

    similarity, errors, velocities = torch.zeros(()), torch.zeros(()), []
    camera = {(m, s, c): network.camera(at(m, s, c)) for m, s, c in np.ndindex(3, 2, 2)}
    similarity = hinge(camera[0, 1, 1], camera[1, 0, 1], camera[0, 1, 0])
    for part in PART_JOINTS:
        motion = {(m, s, c): network.embedding.embed(at(m, s, c), part) for m, s, c in np.ndindex(3, 2, 2)}
        skeleton = {(m, s, c): network.skeleton(coordinates[part][:, m, s, c], part) for m, s, c in np.ndindex(3, 2, 2)}
        variation = torch.from_numpy(batch.variation[part])
        inputs = ((0, 0, 0), (1, 1, 1), (2, 0, 0), (0, 1, 1), (2, 1, 1))
        views = torch.stack([motion[each] for each in inputs], dim=1).flatten(0, 1)
        shown = 3 * torch.arange(len(batch.points))[:, None] + torch.tensor([m for m, _, _ in inputs])
        beta = settings.torso_beta if part == "torso" else settings.beta
        similarity = (
            similarity
            + hinge(motion[0, 1, 1], motion[0, 0, 0], motion[1, 1, 1])
            + hinge(motion[2, 1, 1], motion[2, 0, 0], motion[1, 1, 1])
            + variation_difference(views, shown, variation, beta)
            + hinge(skeleton[0, 1, 1], skeleton[1, 1, 0], skeleton[0, 0, 1])
        )
        # the 12 ways: embeddings come from m s c, m' s' c' and m'' s c only (section III-A2)
        motions, others = (motion[0, 0, 0], motion[1, 1, 1], motion[2, 0, 0]), ((0, 0, 0), (1, 1, 1))
        for m, s, c in np.ndindex(3, 2, 2):
            made = network.decode(motions[m][:, None], skeleton[others[s]][:, None], camera[others[c]][:, None], part)[
                :, 0, 0, 0
            ]
            true = coordinates[part][:, m, s, c]
            errors = errors + ((made - true) ** 2).mean() / 12
            if part != "torso":
                velocities.append(((made - true)[:, -2:].diff(dim=2) ** 2).mean())
    expected = errors + similarity + 0.5 * torch.stack(velocities).mean()
    torch.testing.assert_close(task.loss(batch, cpu), expected)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"loss.alpha": 0.0}, "the variation loss"),
        ({"loss.triplets": 0.0}, "the triplets"),
        ({"loss.reconstruction": 0.0}, "the reconstruction loss"),
    ],
)
def test_an_ablation_takes_a_term_out_of_the_loss(changes: dict[str, float], gone: str):
    whole, without = task_and_batch(**PAPER), task_and_batch(**PAPER | changes)
    cpu = torch.device("cpu")
    assert without[0].loss(without[1], cpu).item() < whole[0].loss(whole[1], cpu).item()


def test_without_reconstruction_nothing_is_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(DisentanglingNetwork, "decode")
    task, batch = task_and_batch()
    task.loss(batch, torch.device("cpu")).backward()


def test_the_other_weights_are_those_of_the_paper():
    settings = LossSettings()
    assert (settings.alpha, settings.similarity, settings.foot_velocity) == (1, 1, 0.5)
