"""Training of the sub-motion mapping: it brings pieces nearer to their wholes, by the loop that trains encoders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.labelled_bodies import labelled_clips
from support.moving_bodies import random_clip
from support.small_encoders import small_encoder

from mretrieve import MRetrieveError
from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.encoders.encoder import fingerprint_of
from mretrieve.encoders.systems.gru import GruSettings
from mretrieve.encoders.systems.submotion import SubmotionMapper
from mretrieve.encoders.weights_file import encoder_bytes
from mretrieve.motion import LabelledClip
from mretrieve.training import Trained
from mretrieve.training.loop import InterruptedTrainingError, RunOptions, run_task
from mretrieve.training.pieces import asked_pieces
from mretrieve.training.systems.submotion import (
    RECIPES,
    SubmotionRecipe,
    SubmotionTask,
    make_task,
    pieces_found,
    submotion_report,
)

CLIPS = [LabelledClip(random_clip(seed, 150), "", f"{seed}", f"{seed}.bvh") for seed in range(8)]
HELD_OUT = labelled_clips(classes=2, first=10)
ENCODERS: dict[str, WindowEncoder] = {"pose-statistics": load_encoder(), "deephums": small_encoder("deephums")}
EVERY = pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)


def small(updates: int = 6, count: int = 4) -> SubmotionRecipe:
    recipe = RECIPES["submotion"]
    pieces = replace(recipe.pieces, count=count, longest=60)
    return replace(recipe, network=GruSettings(hidden=8, hops=1), pieces=pieces, updates=updates, validate_every=2)


class Unreported(SubmotionTask):
    """The task without its report, which takes longer than so small a training."""

    def report(self, result: SubmotionMapper) -> tuple[str, ...]:
        return ()


def train_submotion(
    encoder: WindowEncoder,
    clips: list[LabelledClip],
    recipe: SubmotionRecipe,
    *,
    seed: int = 0,
    held_out: Sequence[LabelledClip] = (),
    **options: Any,
) -> Trained[SubmotionMapper]:
    return run_task(lambda: Unreported(encoder, recipe, clips, held_out), seed, RunOptions(**options))


def content(trained: Trained[SubmotionMapper]) -> bytes:
    return encoder_bytes(trained.encoder, {})


@pytest.fixture
def few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is measured with 20 pieces, not 200."""
    monkeypatch.setattr("mretrieve.training.systems.submotion.asked_pieces", partial(asked_pieces, count=20))


def test_pieces_come_nearer_to_their_wholes_than_their_own_vectors_are():
    encoder = ENCODERS["pose-statistics"]
    recipe = replace(small(updates=60, count=16), network=GruSettings(hidden=24, hops=2, dropout=0.0))
    trained = train_submotion(encoder, CLIPS, replace(recipe, validate_every=15))
    losses = [one.loss for one in trained.milestones]
    assert losses[-1] < 0.8 * losses[0]
    clips = [item.clip for item in CLIPS]
    pieces = [clip.cut(start, start + 30) for clip in clips for start in (5, 50, 100)]
    wholes = np.repeat(encoder.encode(clips), 3, axis=0)
    mapped, itself = trained.encoder.map(encoder, pieces), encoder.encode(pieces)
    far = [-np.einsum("nd,nd->n", encoder.as_queries(vectors), wholes).mean() for vectors in (mapped, itself)]
    assert far[0] < 0.9 * far[1]


def test_alone_the_network_sees_nothing_of_the_vector_that_the_encoder_gives_to_the_piece():
    encoder = ENCODERS["pose-statistics"]
    pieces = [item.clip.cut(0, 30) for item in CLIPS[:2]]
    vectors = encoder.encode(pieces)
    for alone in (True, False):
        mapper = train_submotion(encoder, CLIPS, replace(small(3), alone=alone)).encoder
        mapped, other = mapper.map(encoder, pieces, vectors), mapper.map(encoder, pieces, vectors[::-1])
        assert np.array_equal(mapped, other) == alone
        assert not np.array_equal(mapped[0], mapped[1])


def test_the_encoder_stays_as_it_is():
    encoder = small_encoder("deephums")
    train_submotion(encoder, CLIPS, small(2))
    assert fingerprint_of(encoder, 1) == encoder.fingerprint == small_encoder("deephums").fingerprint


@EVERY
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(encoder: WindowEncoder):
    first, again, other = (content(train_submotion(encoder, CLIPS, small(3), seed=seed)) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.usefixtures("few_pieces")
def test_a_run_that_was_stopped_and_resumed_gives_the_bytes_of_one_that_was_not(tmp_path: Path):
    encoder, place = ENCODERS["deephums"], tmp_path / "checkpoint"
    whole = train_submotion(encoder, CLIPS, small(7), held_out=HELD_OUT)
    calls, kept = itertools.count(1), {"checkpoint": place, "resume": True}
    with pytest.raises(InterruptedTrainingError, match="3 of 7 updates"):
        train_submotion(encoder, CLIPS, small(7), held_out=HELD_OUT, **kept, stopped=lambda: next(calls) == 3)
    resumed = train_submotion(encoder, CLIPS, small(7), held_out=HELD_OUT, **kept)
    assert content(resumed) == content(whole)
    with pytest.raises(MRetrieveError, match="the checkpoint of another run"):  # other weights of the same encoder
        train_submotion(small_encoder("deephums", typical_distance=0.5), CLIPS, small(7), **kept)


@pytest.mark.usefixtures("few_pieces")
def test_pieces_of_held_out_clips_are_asked_among_all_clips():
    trained = train_submotion(ENCODERS["deephums"], CLIPS, small(4), held_out=HELD_OUT)
    assert [one.score is not None and 0 <= one.score <= 1 for one in trained.milestones] == [True, True]
    assert all(one.score is None for one in train_submotion(ENCODERS["deephums"], CLIPS, small(2)).milestones)


@pytest.mark.usefixtures("few_pieces")
def test_the_report_has_mapped_pieces_beside_the_encoder_itself_for_clips_seen_and_not_seen():
    encoder = ENCODERS["pose-statistics"]
    mapper = train_submotion(encoder, CLIPS, small(2)).encoder
    report = submotion_report(encoder, mapper, CLIPS, HELD_OUT)
    assert report[0] == f"Maps into the space of pose-statistics, fingerprint {encoder.fingerprint}."
    assert [line.split(":")[0] for line in report[1:]] == [
        "20 disturbed pieces of 8 clips trained on (2 s)",
        "- mapped",
        "- pose-statistics of the piece itself",
        f"20 disturbed pieces of {len(HELD_OUT)} clips not trained on (0.75 s)",
        "- mapped",
        "- pose-statistics of the piece itself",
    ]
    assert len(submotion_report(encoder, mapper, CLIPS, [])) == 4
    mapped, itself = pieces_found(encoder, mapper, [item.clip for item in CLIPS], range(8), length_s=1.0)
    assert mapped.length_s == 1.0 and itself.among_first > 5 / 8  # more than by chance


def test_one_clip_is_too_few():
    with pytest.raises(MRetrieveError, match="two clips or more"):
        make_task(replace(small(), over="pose-statistics"), CLIPS[:1], [])
