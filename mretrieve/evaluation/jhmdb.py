"""`jhmdb`: skip-pose vectors and statistics of views on the 2D poses of JHMDB, nothing of which is learned from labels.

The test clips of each official split are queries among its training clips (Shirakawa and Kozakaya, section 4). The
paper's figures are of classification by the nearest neighbour; retrieval mAP is printed next to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoders.encoder import ViewEncoder
from ..encoders.registry import load_view_encoder
from ..encoders.view_poses import masked_poses, windows_around
from ..kernels.warping import cosine_warping
from ..motion import LabelledClip
from ..motion.detection import DetectionErrors
from ..motion.view import LabelledView, View, mirror_view
from ..search.smoothing import blended
from .data_sets import cmu_expmap, cmu_subjects, hdm05
from .jhmdb_views import SPLITS, jhmdb_views
from .measurements import MeasurementOptions
from .metrics import retrieval_scores
from .tables import Table

#: HDM05's performer that no shipped weights are fitted on; left out here too, so that both see the same clips.
_LEFT_OUT = "tr"
_COMPONENTS = 64
#: Chosen among 0, .5 and .75, with poses 1 or 3 frames apart, on training clips only.
_WHITENING = 0.75

#: Vectors (T, D) of the frames of a view.
FrameVectors = Callable[[View], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Split:
    """An official split; the training views are the gallery, and may be trained on without their labels."""

    train: Sequence[LabelledView]
    test: Sequence[LabelledView]

    @classmethod
    def read(cls, data: Path, number: int) -> Split:
        """A split of `data`/jhmdb. QueryError if it is not there."""
        return cls(jhmdb_views(data, number, "train"), jhmdb_views(data, number, "test"))

    def scores(self, distances: NDArray[np.float64]) -> tuple[float, float]:
        """Accuracy of the nearest neighbour and retrieval mAP of distances (Q, G)."""
        labels = [np.array([item.label for item in items]) for items in (self.test, self.train)]
        relevant = labels[0][:, None] == labels[1]
        found = retrieval_scores(distances, relevant, np.ones_like(relevant))
        return found.top1, found.mean_average_precision


@dataclass(frozen=True)
class Variant:
    """A training of `skip-pose`.

    Attributes:
        title: its row in the paper's table.
        changes: of the recipe.
        on_views: whether it is trained on the poses of the split.
        on_clips: whether it is trained on what random cameras see of motion capture.
    """

    title: str
    changes: Mapping[str, Any]
    on_views: bool = True
    on_clips: bool = False

    @property
    def trained_on(self) -> str:
        """As the table says it."""
        return " + ".join(["JHMDB"] * self.on_views + ["projected 3D"] * self.on_clips)


#: JHMDB is annotated by hand, so what is filmed for it has no errors of a detector.
_EXACT = {"errors": DetectionErrors(0.0, 0, 0.0, 0.0, 0.0, 0.0)}

VARIANTS = (
    Variant("autoencoder", {"network.recurrent": False}),
    Variant("no past", {"network.past": False}),
    Variant("full", {}),
    Variant("full", _EXACT, on_clips=True),
    Variant("full", _EXACT, on_views=False, on_clips=True),
)
#: T = 4 is the recipe's own, with all variants; of these only what is trained on both.
OTHER_LENGTHS = (2, 6)
#: Frames over which the T poses of `skip-pose` are spread, for every T.
_SPAN = 12


def jhmdb(data: Path, options: MeasurementOptions) -> tuple[Table, ...]:
    """The protocol. QueryError if the folder lacks data."""
    splits = [Split.read(data, number) for number in SPLITS]
    clips = [item for item in hdm05(data) if item.group != _LEFT_OUT] + cmu_expmap(data) + cmu_subjects(data)
    return (warping_table(splits, clips, options), space_table(splits))


def warping_table(splits: Sequence[Split], clips: Sequence[LabelledClip], options: MeasurementOptions) -> Table:
    """The paper's table 1: vectors of frames compared by warping, by the mean along the path and by equation 7."""
    rows = []
    for length in (4, *OTHER_LENGTHS):
        for title, make in _BASELINES.items():
            if length == 4 or title == _PCA:
                scores = np.array([[warped_scores(split, make(split.train, length)) for split in splits]])
                rows.append(_warping_row(title, length, "" if title == "raw poses" else "JHMDB", scores))
        for variant in VARIANTS:
            if length == 4 or (variant.on_views and variant.on_clips):
                scores = _variant_scores(variant, length, splits, clips, options)
                rows.append(_warping_row(variant.title, length, variant.trained_on, scores))
    heading = ("vectors", "T", "trained on", "accuracy", "mAP", "accuracy, sum (eq. 7)", "mAP, sum (eq. 7)")
    return Table(f"Frames' vectors, warped: mean of {len(splits)} splits", heading, tuple(rows))


def space_table(splits: Sequence[Split]) -> Table:
    """One vector for each view, by the encoder that comes with mretrieve; mirrored queries, and smoothing."""
    encoder: ViewEncoder = load_view_encoder("view-statistics")
    rows = []
    for title, mirrored, smoothed in (
        ("view-statistics", False, False),
        ("as it is or mirrored", True, False),
        ("as it is or mirrored, smoothed", True, True),
    ):
        scores = np.array(
            [split.scores(space_distances(encoder, split, mirrored=mirrored, smoothed=smoothed)) for split in splits]
        )
        cells = [
            f"{mean:.3f} ({', '.join(f'{each:.3f}' for each in scores[:, n])})" for n, mean in enumerate(scores.mean(0))
        ]
        rows.append((title, *cells))
    return Table(
        "Vectors of views, fitted on projected 3D: mean (each split)", ("space", "accuracy", "mAP"), tuple(rows)
    )


def space_distances(encoder: ViewEncoder, split: Split, *, mirrored: bool, smoothed: bool) -> NDArray[np.float64]:
    """Distances (Q, G) by an encoder of views.

    Args:
        encoder: the encoder.
        split: the queries and the gallery.
        mirrored: of the query and its mirror image the nearer one counts.
        smoothed: vectors are blended with their nearest in the gallery, see `search.smoothing`.
    """
    gallery = stored = encoder.encode([item.view for item in split.train])
    if smoothed:
        stored = blended(encoder, gallery, gallery, own=np.arange(len(gallery)))
    views = [item.view for item in split.test]
    distances = []
    for variant in (views, [mirror_view(view) for view in views])[: 1 + mirrored]:
        vectors = encoder.encode(variant)
        if smoothed:
            vectors = blended(encoder, vectors, gallery)
        distances.append(-(encoder.as_queries(vectors) @ stored.T))
    return np.asarray(np.min(distances, axis=0), np.float64)


def raw_poses(train: Sequence[LabelledView], length: int) -> FrameVectors:
    """The masked poses of `length` frames, side by side."""
    return _joined_poses(length, 1)


def _joined_poses(length: int, apart: int) -> FrameVectors:
    return lambda view: windows_around(masked_poses(view), length, apart).reshape(view.frame_count, -1)


def principal_components(train: Sequence[LabelledView], length: int) -> FrameVectors:
    """The same on their first 64 principal components (section 4.1, the first baseline)."""
    return _components(raw_poses(train, length), train, 0.0)


def whitened_components(train: Sequence[LabelledView], length: int) -> FrameVectors:
    """A stronger baseline: poses as far apart as those of `skip-pose`, and components of nearly the same variance."""
    return _components(_joined_poses(length, _SPAN // length), train, _WHITENING)


def _components(raw: FrameVectors, train: Sequence[LabelledView], power: float) -> FrameVectors:
    """The first 64 principal components of `raw`, each over the `power` of its deviation."""
    poses = np.concatenate([raw(item.view) for item in train]).astype(np.float64)
    mean = poses.mean(axis=0)
    values, directions = np.linalg.eigh(np.cov((poses - mean).T, bias=True))
    basis = directions[:, ::-1][:, :_COMPONENTS] / np.maximum(values[::-1][:_COMPONENTS], 1e-9) ** (power / 2)
    return lambda view: np.asarray((raw(view) - mean) @ basis, np.float32)


_PCA = "PCA 64"
_BASELINES: Mapping[str, Callable[[Sequence[LabelledView], int], FrameVectors]] = {
    "raw poses": raw_poses,
    _PCA: principal_components,
    "PCA 64, whitened, poses apart": whitened_components,
}


def warped_scores(split: Split, vectors: FrameVectors) -> NDArray[np.float64]:
    """(4,) accuracy and mAP by the mean along the path, and by the sum of cosines along it."""
    gallery = [vectors(item.view) for item in split.train]
    found = [cosine_warping(vectors(item.view), gallery) for item in split.test]
    means = np.array([each.means for each in found])
    cosines = np.array([each.lengths - each.sums for each in found])
    return np.array([*split.scores(means), *split.scores(-cosines)])


def _variant_scores(
    variant: Variant, length: int, splits: Sequence[Split], clips: Sequence[LabelledClip], options: MeasurementOptions
) -> NDArray[np.float64]:
    """(seeds, splits, 4) of `warped_scores`; what sees no poses of a split is trained once for all of them."""
    filmed = clips if variant.on_clips else []
    changes = {**variant.changes, "network.frames": length, "network.apart": _SPAN // length}
    scores = np.empty((options.seeds, len(splits), 4))
    for seed in range(options.seeds):
        encoder: Any = None
        for number, split in enumerate(splits):
            options.progress(f"{variant.title} on {variant.trained_on}, T = {length}, split {number + 1}, seed {seed}")
            if encoder is None or variant.on_views:
                views = split.train if variant.on_views else []
                encoder = options.train("skip-pose", [*views, *filmed], seed, changes)
            scores[seed, number] = warped_scores(split, encoder.frame_vectors)
    return scores


def _warping_row(title: str, length: int, trained_on: str, scores: NDArray[np.float64]) -> tuple[str, ...]:
    """A row of means over splits and seeds, ± standard deviation over seeds; scores (seeds, splits, 4)."""
    by_seed = scores.mean(axis=1)
    cells = [f"{mean:.3f}" for mean in by_seed.mean(axis=0)]
    if len(by_seed) > 1:
        cells = [f"{cell} ± {spread:.3f}" for cell, spread in zip(cells, by_seed.std(axis=0, ddof=1), strict=True)]
    return (title, str(length), trained_on, *cells)
