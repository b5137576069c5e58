"""`part-agreement`: the correlation, body flip, what is compared, and the tables of the protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.labelled_bodies import labelled_clips
from support.small_part_encoder import small_part_encoder

from mretrieve import MRetrieveError
from mretrieve.encoders.part_similarity import part_similarity
from mretrieve.evaluation import part_agreement as protocol
from mretrieve.evaluation.data_sets import cmu_expmap, cmu_subjects
from mretrieve.evaluation.measurements import MEASUREMENTS, MeasurementOptions
from mretrieve.evaluation.part_agreement import (
    agreement,
    embedded_2d,
    fixed_parts_3d,
    flipped,
    joints_2d,
    joints_3d,
    part_clips,
    part_tables,
)
from mretrieve.evaluation.part_variations import draw_pairs
from mretrieve.motion import PARTS

CLIPS = labelled_clips(frames=70)
PAIRS = draw_pairs(CLIPS, 30)
METHODS = {
    "3D joints": joints_3d,
    "3D part-statistics": fixed_parts_3d(),
    "2D joints": joints_2d,
    "2D network": embedded_2d(small_part_encoder()),
}


def test_similarities_that_fall_as_differences_grow_agree_entirely_and_the_opposite_not_at_all():
    difference = np.stack([pair.difference for pair in PAIRS])
    best, worst = agreement(PAIRS, -(difference**3)), agreement(PAIRS, difference)
    assert best.variations == pytest.approx(1) and best.every == pytest.approx(1)
    assert worst.variations == pytest.approx(-1)
    assert tuple(best.parts) == tuple(PARTS)


def test_telling_two_classes_apart_counts_in_all_pairs_only():
    generator = np.random.default_rng(0)
    blind = generator.normal(0, 0.01, (len(PAIRS), 5)) + np.array([[float(pair.one_clip)] for pair in PAIRS])
    agreed = agreement(PAIRS, blind)
    assert agreed.every > 0.4 and abs(agreed.variations) < 0.3


def test_body_flip_takes_all_parts_from_the_way_with_the_larger_mean():
    similarity = np.array([[[0.9, 0.1, 0.1, 0.1, 0.1], [0.5, 0.5, 0.5, 0.5, 0.5]]])
    assert flipped(similarity).tolist() == [[0.5] * 5]
    assert flipped(similarity[:, ::-1]).tolist() == [[0.5] * 5]


@pytest.mark.parametrize("method", METHODS)
def test_both_ways_of_a_pair_are_compared_in_every_part(method: str):
    similarity = METHODS[method](PAIRS[0])
    assert similarity.shape == (2, 5) and np.isfinite(similarity).all()
    assert not np.allclose(similarity[0], similarity[1])


def test_the_network_is_compared_by_algorithm_1():
    encoder, (first, second) = small_part_encoder(), PAIRS[0].views
    expected = part_similarity(first, second, encoder, flip=False).parts
    assert METHODS["2D network"](PAIRS[0])[0].tolist() == pytest.approx(list(expected.values()), abs=1e-6)


def test_in_3d_fixed_features_agree_with_the_differences_and_mirrored_pairs_need_the_flip():
    pairs = draw_pairs(CLIPS, 60)
    similarity = np.stack([METHODS["3D part-statistics"](pair) for pair in pairs])
    with_flip, without = agreement(pairs, flipped(similarity)), agreement(pairs, similarity[:, 0])
    assert with_flip.variations > 0.5 and with_flip.variations > without.variations


def test_replacing_a_limb_changes_the_similarity_of_no_other_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "PAIRS", 12)
    monkeypatch.setattr(protocol, "REPLACED", 10)
    agreed, replaced = part_tables(CLIPS, {"small": [small_part_encoder(), small_part_encoder(seed=1)]})
    assert [row[:2] for row in agreed.rows] == [
        (name, flip)
        for name in ("3D joint distance, DTW", "3D part-statistics", "2D joint distance, DTW", "2D small")
        for flip in ("yes", "no")
    ]
    assert all(len(row) == len(agreed.heading) for row in agreed.rows)
    assert "±" in agreed.rows[-1][2] and "±" not in agreed.rows[0][2]
    (row,) = replaced.rows
    assert float(row[1]) > 0 and row[2:] == ("0.000", "0.000")


def test_the_split_holds_out_two_performers_and_every_second_file_of_cmu(generated_sets: Path):
    clips = part_clips(generated_sets)
    assert {item.group for item in clips.choice} == {"mm"}
    assert not {"mm", "tr"} & {item.group for item in clips.train}
    cmu = sorted([*cmu_expmap(generated_sets), *cmu_subjects(generated_sets)], key=lambda item: item.path)
    train = [item.path for item in clips.train if item.group not in ("bd", "bk", "dg")]
    test = {item.path.partition("@")[0] for item in clips.test if item.group != "tr"}
    assert train == [item.path for item in cmu[::2]]
    assert test == {item.path for item in cmu[1::2]}


def test_the_protocol_trains_what_is_named_on_its_training_split(generated_sets: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "PAIRS", 6)
    monkeypatch.setattr(protocol, "REPLACED", 2)
    trained = []

    def train(name: str, clips, seed: int):
        trained.append((name, len(clips), seed))
        return small_part_encoder(seed=seed)

    options = MeasurementOptions(("body-part-embedding",), as_shipped=False, train=train, seeds=2)
    MEASUREMENTS["part-agreement"].measure(generated_sets, options)
    count = len(part_clips(generated_sets).train)
    assert trained == [("body-part-embedding", count, 0), ("body-part-embedding", count, 1)]


def test_an_encoder_of_clips_is_refused(generated_sets: Path):
    options = MeasurementOptions(("pose-statistics",), as_shipped=False, train=lambda *_: None)
    with pytest.raises(MRetrieveError, match="no encoder of 2D views"):
        MEASUREMENTS["part-agreement"].measure(generated_sets, options)
