"""The training loop: what it promises about seeds, interruptions, time, held-out clips, and that it learns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from support.labelled_bodies import labelled_clips, small
from torch import Tensor

from mretrieve import MRetrieveError
from mretrieve.encoders.weights_file import encoder_bytes
from mretrieve.motion import LabelledClip
from mretrieve.training import Recipe, Trained, TrainingProgress, default_recipe, loop, train
from mretrieve.training.checkpoint import Milestone
from mretrieve.training.held_out import clips_hash, held_out_map, held_out_scores
from mretrieve.training.loop import InterruptedTrainingError, _Run

CLIPS = labelled_clips()
HELD_OUT = labelled_clips(classes=2, first=10)
ALL = pytest.mark.parametrize("name", ["mmd-nca", "deephums", "deephums-unlabelled", "gru"])


def content(trained: Trained) -> bytes:
    return encoder_bytes(trained.encoder, {})


# -- seeds and interruptions -------------------------------------------------------------------------------------------


@ALL
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(name: str):
    first, again, other = (content(train(small(name), CLIPS, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(
    ("name", "held_out"), [("mmd-nca", HELD_OUT), ("deephums", []), ("deephums-unlabelled", HELD_OUT), ("gru", [])]
)
def test_a_run_that_was_stopped_and_resumed_gives_the_bytes_of_one_that_was_not(
    name: str, held_out: list[LabelledClip], tmp_path: Path
):
    recipe, place = small(name, updates=7), tmp_path / "checkpoint"
    whole = train(recipe, CLIPS, held_out=held_out, seed=3)
    for updates in (3, 5):  # stopped twice, at a milestone or not
        calls = itertools.count(1)
        with pytest.raises(InterruptedTrainingError, match="of 7 updates"):
            train(
                recipe,
                CLIPS,
                held_out=held_out,
                seed=3,
                checkpoint=place,
                resume=True,
                stopped=lambda calls=calls, updates=updates: next(calls) == updates - 2,
            )
    resumed = train(recipe, CLIPS, held_out=held_out, seed=3, checkpoint=place, resume=True)
    assert content(resumed) == content(whole)
    strip = [[(one.update, one.loss, one.score) for one in run.milestones] for run in (whole, resumed)]
    assert strip[0] == strip[1]
    assert resumed.updates == whole.updates == 7


def test_a_finished_run_that_is_resumed_gives_the_same_again_at_once(tmp_path: Path):
    place, made = tmp_path / "checkpoint", []
    whole = train(small("gru"), CLIPS, checkpoint=place)
    again = train(small("gru"), CLIPS, checkpoint=place, resume=True, progress=made.append)
    assert content(whole) == content(again) and not made


def test_without_resume_a_checkpoint_counts_for_nothing(tmp_path: Path):
    place, made = tmp_path / "checkpoint", []
    train(small("gru"), CLIPS, checkpoint=place)
    train(small("gru"), CLIPS, checkpoint=place, progress=made.append)
    assert len(made) == 6


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("seed", "seed 1 instead of 0;"),
        ("recipe", "updates 9 instead of 6;"),
        ("clips", "clips, labels;"),
        ("held out", "clips, labels;"),
        ("labels", "labels;"),
        ("motions", "motions or starting weights;"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(what: str, says: str, tmp_path: Path):
    place = tmp_path / "checkpoint"
    clips = {
        "clips": CLIPS[1:],
        "labels": [replace(CLIPS[0], label=CLIPS[-1].label), *CLIPS[1:]],
        "motions": [replace(CLIPS[0], clip=replace(CLIPS[0].clip, positions=CLIPS[0].clip.positions * 2)), *CLIPS[1:]],
    }
    train(small("gru"), CLIPS, checkpoint=place)
    with pytest.raises(MRetrieveError, match=f"is the checkpoint of another run: {says}"):
        train(
            replace(small("gru"), updates=9) if what == "recipe" else small("gru"),
            clips.get(what, CLIPS),
            seed=int(what == "seed"),
            held_out=HELD_OUT if what == "held out" else [],
            checkpoint=place,
            resume=True,
        )


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: content[:-9] + bytes(9)])
def test_from_the_checkpoint_before_a_damaged_one_the_run_gives_the_same(
    damage: Callable[[bytes], bytes], tmp_path: Path
):
    place, warnings = tmp_path / "checkpoint", list[str]()
    whole = train(small("gru"), CLIPS, checkpoint=place, checkpoint_every_s=0.0)
    place.write_bytes(damage(place.read_bytes()))
    resumed = train(small("gru"), CLIPS, checkpoint=place, resume=True, warn=warnings.append)
    assert content(resumed) == content(whole) and len(warnings) == 1


def test_the_checkpoint_is_written_as_often_as_asked(tmp_path: Path):
    place = tmp_path / "checkpoint"
    there: list[bool] = []

    def look(_: TrainingProgress) -> None:
        there.append(place.exists())
        place.unlink(missing_ok=True)

    train(small("gru"), CLIPS, checkpoint=place, checkpoint_every_s=0.0, progress=look)
    assert there == [True] * 6
    place.unlink()
    there.clear()
    train(small("gru"), CLIPS, checkpoint=place, checkpoint_every_s=1e6, progress=look)
    assert there == [False] * 6


# -- how long ----------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_a_number_ends_the_run():
    absurd = [replace(one, clip=replace(one.clip, positions=one.clip.positions * np.float32(np.nan))) for one in CLIPS]
    with pytest.raises(MRetrieveError, match="training diverged: the loss of update 1 is nan; lower the learning rate"):
        train(small("gru"), absurd)


def _diverging(make: Callable[..., Any], what: str, update: int) -> Callable[..., Any]:
    """`make_task` for tasks of which the loss, or only its gradient, is not a number at one update."""

    def made(*arguments: Any) -> Any:
        task, calls = make(*arguments), itertools.count(1)
        loss_of = task.loss

        def loss(batch: Any, device: torch.device) -> Tensor:
            value = loss_of(batch, device)
            if next(calls) != update:
                return value
            zero = 0 * next(task.network.parameters()).sum()
            return value + (zero + np.nan if what == "loss" else torch.sqrt(zero))

        task.loss = loss
        return task

    return made


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_a_number_ends_the_run_and_the_state_before_it_is_kept(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place, whole = tmp_path / "checkpoint", train(small("gru"), CLIPS)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "make_task", _diverging(loop.make_task, what, update=4))
        with pytest.raises(MRetrieveError, match=f"the {what} of update 4 is nan; .* 3 updates is kept in {place}$"):
            train(small("gru"), CLIPS, checkpoint=place, checkpoint_every_s=1e6)
    told: list[TrainingProgress] = []
    resumed = train(small("gru"), CLIPS, checkpoint=place, resume=True, progress=told.append)
    assert told[0].update == 4 and content(resumed) == content(whole)


def test_a_time_limit_ends_the_run_with_an_encoder():
    trained = train(small("gru", updates=100_000), CLIPS, minutes=0.5 / 60)
    assert 0 < trained.updates < 100_000
    assert trained.milestones[-1].update == trained.updates
    assert np.isfinite(trained.encoder.encode([CLIPS[0].clip])).all()


def test_the_listener_hears_of_every_update_and_of_the_milestones():
    told: list[TrainingProgress] = []
    train(small("gru", updates=5), CLIPS, held_out=HELD_OUT, progress=told.append)
    assert [one.update for one in told] == [1, 2, 3, 4, 5]
    assert [one.milestone for one in told] == [False, True, False, True, True]
    assert told[0].score is None and all(0 < (one.score or 0) <= 1 for one in told[1:])
    assert told[-1].left_s == 0 and told[0].left_s > 0


# -- held-out clips ----------------------------------------------------------------------------------------------------


def test_the_weights_that_were_best_on_held_out_clips_are_returned():
    recipe = replace(small("gru", updates=12), optimiser=replace(small("gru").optimiser, learning_rate=0.3))
    trained = train(recipe, CLIPS, held_out=HELD_OUT)
    scores = [one.score for one in trained.milestones]
    assert scores[-1] is not None and max(scores) > scores[-1], "the last weights are the best: the test tests nothing"
    assert held_out_map(trained.encoder, HELD_OUT) == pytest.approx(max(scores), abs=1e-6)


def test_patience_ends_a_run_that_finds_nothing_better():
    recipe = replace(small("gru", updates=40), patience=2)
    still = replace(recipe, optimiser=replace(recipe.optimiser, learning_rate=0.0))
    trained = train(still, CLIPS, held_out=HELD_OUT)
    assert trained.updates == 6  # the first milestone and two more, of two updates each
    assert train(replace(still, updates=10, patience=0), CLIPS, held_out=HELD_OUT).updates == 10
    assert train(replace(still, updates=10), CLIPS).updates == 10


@pytest.mark.parametrize(("scores", "ends"), [([0.5, 0.6, 0.5, 0.5], False), ([0.6, 0.5, 0.5, 0.6], True)])
def test_patience_lasts_for_as_many_milestones_as_it_says(scores: list[float], ends: bool):
    milestones = [Milestone(number, 0.1, score, 1.0) for number, score in enumerate(scores)]
    run = SimpleNamespace(milestones=milestones, recipe=SimpleNamespace(patience=3))
    assert _Run._patience_exhausted.fget(run) is ends


def test_held_out_clips_are_asked_across_groups_and_across_clips_where_there_is_one_group():
    trained = train(small("gru"), CLIPS)
    assert held_out_scores(trained.encoder, HELD_OUT).query_count == len(HELD_OUT)
    alone = [replace(item, group="one") for item in HELD_OUT]
    assert held_out_scores(trained.encoder, alone).query_count == len(HELD_OUT)
    apart = [replace(item, group=item.label) for item in HELD_OUT]  # no class has clips of two groups
    assert held_out_scores(trained.encoder, apart).query_count == 0 and held_out_map(trained.encoder, apart) == 0


# -- learning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mmd-nca", "deephums", "deephums-unlabelled", "gru"])
def test_the_loss_of_an_easy_set_goes_down(name: str):
    recipe = small(name, updates=40)
    recipe = replace(recipe, validate_every=10, optimiser=replace(recipe.optimiser, kind="adam", learning_rate=0.01))
    trained = train(recipe, CLIPS)
    losses = [one.loss for one in trained.milestones]
    assert losses[-1] < losses[0] - 0.05 * abs(losses[0])


@pytest.mark.parametrize("loss", ["contrastive", "triplet", "triplet-gor", "n-pair", "supcon", "nca"])
def test_every_baseline_loss_trains(loss: str):
    trained = train(small("gru", updates=2).with_changes({"loss": loss}), CLIPS)
    assert np.isfinite(trained.milestones[-1].loss)


@pytest.mark.parametrize("kernel", ["rbf", "linear", "polynomial"])
def test_every_kernel_trains(kernel: str):
    recipe = small("mmd-nca", updates=2).with_changes({"objective.kernel": kernel})
    assert np.isfinite(train(recipe, CLIPS).milestones[-1].loss)


def test_distances_of_unrelated_clips_are_about_one():
    encoder = train(small("gru"), CLIPS).encoder
    vectors = encoder.encode([item.clip for item in CLIPS])
    distances = -(encoder.as_queries(vectors) @ vectors.T)
    assert distances[~np.eye(len(CLIPS), dtype=bool)].mean() == pytest.approx(1, abs=0.01)


def test_the_class_head_has_a_place_for_every_class_and_is_gone_without_labels():
    assert train(small("deephums", updates=1), CLIPS).encoder.network.settings.classes == 4
    assert train(small("deephums-unlabelled", updates=1), CLIPS).encoder.network.settings.classes == 0


# -- what fits nothing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mmd-nca", "gru"])
def test_clips_without_labels_are_refused_where_the_loss_needs_them(name: str):
    with pytest.raises(MRetrieveError, match="two classes or more"):
        train(small(name), [replace(item, label="") for item in CLIPS])


def test_clips_without_labels_change_nothing_where_the_loss_needs_them():
    unlabelled = [replace(item, label="") for item in HELD_OUT]
    assert content(train(small("gru"), [*CLIPS, *unlabelled])) == content(train(small("gru"), CLIPS))


def test_labels_change_nothing_in_a_run_without_labels():
    bare = [replace(item, label="") for item in CLIPS]
    recipe = small("deephums-unlabelled")
    assert content(train(recipe, CLIPS)) == content(train(recipe, bare))


def test_an_unknown_loss_is_refused():
    with pytest.raises(MRetrieveError, match="no loss 'tripplet'"):
        train(small("gru").with_changes({"loss": "tripplet"}), CLIPS)


def test_an_unknown_recipe_is_answered_with_those_that_there_are():
    known = "mmd-nca, deephums, deephums-unlabelled, gru"
    with pytest.raises(MRetrieveError, match=f"no trainable encoder 'lstm'; there are {known}"):
        default_recipe("lstm")


def test_a_recipe_is_json():
    for name in ("mmd-nca", "deephums", "gru"):
        recipe: Recipe = default_recipe(name)
        assert recipe.to_json()["architecture"] == name


def test_the_hash_of_clips_sees_motion_labels_groups_and_order():
    known = {clips_hash(CLIPS)}
    moved = replace(CLIPS[0], clip=replace(CLIPS[0].clip, positions=CLIPS[0].clip.positions + np.float32(1e-3)))
    for first in (moved, replace(CLIPS[0], label="x"), replace(CLIPS[0], group="x"), replace(CLIPS[0], path="x")):
        known.add(clips_hash([first, *CLIPS[1:]]))
    known.add(clips_hash(CLIPS[::-1]))
    assert len(known) == 6


def test_training_leaves_the_callers_clips_alone():
    before = clips_hash(CLIPS)
    train(replace(small("gru"), augment=replace(small("gru").augment, mirror=True)), CLIPS)
    assert clips_hash(CLIPS) == before
    assert torch.is_grad_enabled()
