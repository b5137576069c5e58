"""The protocol `jhmdb`, on small archives of its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.filmed_bodies import random_view
from support.moving_bodies import random_clip

from mretrieve import QueryError
from mretrieve.encoders.view_poses import masked_poses
from mretrieve.evaluation.jhmdb import (
    Split,
    principal_components,
    raw_poses,
    space_table,
    warped_scores,
    warping_table,
    whitened_components,
)
from mretrieve.evaluation.jhmdb_views import jhmdb_views
from mretrieve.evaluation.measurements import MEASUREMENTS, MeasurementOptions
from mretrieve.motion import LabelledClip
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import LabelledView, View

JOINTS = (
    "neck", "spine2", "head", "right_shoulder", "left_shoulder", "right_hip", "left_hip", "right_elbow", "left_elbow",
    "right_knee", "left_knee", "right_wrist", "left_wrist", "right_ankle", "left_ankle",
)  # fmt: skip
CLASSES = ("catch", "clap", "golf")


def poses(seed: int) -> np.ndarray:
    """What JHMDB would have of a view: 15 joints, y down."""
    return random_view(seed, 20).points[:, [joint(name) for name in JOINTS]] * np.float32([1, -1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archives in which the test clips are those of training, slightly changed."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "jhmdb").mkdir()
    for split in (1, 2, 3):
        for part, noise in (("train", 0.0), ("test", 0.01)):
            generator = np.random.default_rng(split)
            videos = [poses(seed) + noise * generator.standard_normal((20, 15, 2)) for seed in range(6)]
            np.savez(
                folder / "jhmdb" / f"split{split}_{part}.npz",
                pose=np.concatenate(videos).astype(np.float32),
                length=np.full(6, 20, np.int32),
                label=np.array([CLASSES[seed % 3] for seed in range(6)]),
            )
    return folder


@pytest.fixture(scope="module")
def split(data: Path) -> Split:
    return Split.read(data, 1)


class Trainings:
    """Stands for training: notes what is asked, and returns an encoder whose vectors are poses."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int, Mapping[str, Any]]] = []

    def __call__(
        self,
        name: str,
        clips: Sequence[LabelledClip | LabelledView],
        seed: int,
        changes: Mapping[str, Any] | None = None,
    ) -> Any:
        assert name == "skip-pose"
        views = sum(isinstance(item, LabelledView) for item in clips)
        self.asked.append((views, len(clips) - views, seed, changes or {}))
        return self

    def frame_vectors(self, view: View) -> np.ndarray:
        return masked_poses(view)


def test_views_have_y_up_and_the_joints_of_the_archive(data: Path):
    item = jhmdb_views(data, 1, "train")[1]
    assert item.label == "clap"
    assert item.view.frame_count == 20
    height = item.view.points[:, :, 1].mean(axis=0)
    assert height[joint("head")] > height[joint("left_ankle")]
    assert item.view.observed[:, joint("pelvis")].all()
    assert not item.view.observed[:, joint("left_foot")].any()


def test_a_missing_archive_is_named(tmp_path: Path):
    with pytest.raises(QueryError, match=r"split2_test\.npz"):
        jhmdb_views(tmp_path, 2, "test")


def test_queries_that_hardly_differ_from_the_gallery_are_classified(split: Split):
    for make in (raw_poses, principal_components, whitened_components):
        vectors = make(split.train, 4)
        accuracy, mean_average_precision, *_ = warped_scores(split, vectors)
        assert accuracy == 1.0
        assert mean_average_precision > 0.5


def test_every_variant_is_trained_on_what_its_row_says(data: Path):
    splits = [Split.read(data, number) for number in (1, 2, 3)]
    trainings = Trainings()
    clips = [LabelledClip(random_clip(seed, 30), "", "", f"{seed}") for seed in range(2)]
    table = warping_table(splits, clips, MeasurementOptions((), False, trainings, seeds=2))
    assert [row[:3] for row in table.rows if row[1] == "4"] == [
        ("raw poses", "4", ""),
        ("PCA 64", "4", "JHMDB"),
        ("PCA 64, whitened, poses apart", "4", "JHMDB"),
        ("autoencoder", "4", "JHMDB"),
        ("no past", "4", "JHMDB"),
        ("full", "4", "JHMDB"),
        ("full", "4", "JHMDB + projected 3D"),
        ("full", "4", "projected 3D"),
    ]
    assert {row[1] for row in table.rows} == {"2", "4", "6"}
    assert all("±" in row[3] for row in table.rows if row[0] == "full")
    assert {(views, filmed) for views, filmed, *_ in trainings.asked} == {(6, 0), (6, 2), (0, 2)}
    alone = [seed for views, _, seed, _ in trainings.asked if not views]
    assert alone == [0, 1]  # once for all splits
    assert {(changes["network.frames"], changes["network.apart"]) for *_, changes in trainings.asked} == {
        (2, 6), (4, 3), (6, 2),
    }  # fmt: skip


def test_whole_views_are_compared_as_they_are_mirrored_and_smoothed(split: Split):
    table = space_table([split, split])
    assert [row[0] for row in table.rows] == [
        "view-statistics", "as it is or mirrored", "as it is or mirrored, smoothed",
    ]  # fmt: skip
    assert all(cell.startswith("1.000") for cell in (row[1] for row in table.rows[:2]))


def test_the_protocol_is_known_by_name():
    assert MEASUREMENTS["jhmdb"].needs == ("jhmdb", "hdm05", "cmu")
