"""How similar two views are, part by part: algorithm 1 of Park et al. 2021, and its body flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..kernels.warping import dtw_path
from ..motion.camera import Camera, film
from ..motion.clip import Clip
from ..motion.detection import as_detected
from ..motion.view import View, mirror_view
from .registry import load_view_encoder
from .systems.body_part_embedding import ARCHITECTURE, BodyPartEncoder, PartEmbeddings

#: The cameras that film a clip to be compared with a view: every 30 degrees, level and from above.
CAMERAS = tuple(Camera(azimuth_deg=azimuth, pitch_deg=pitch) for pitch in (0, 20) for azimuth in range(0, 360, 30))


@dataclass(frozen=True, eq=False)
class PartSimilarity:
    """How similar two motions are.

    Attributes:
        parts: mean cosine similarity along the part's own warping path, from -1 to 1, of each part that both views
            show, in the order of `skeleton.PARTS`.
        paths: the warping path (L, 2) of each of these parts: windows of the first view and of the second.
        flipped: whether the second view was mirrored.
        camera: the camera that saw the second motion, if it is a clip that was filmed.
    """

    parts: Mapping[str, float]
    paths: Mapping[str, NDArray[np.int32]]
    flipped: bool = False
    camera: Camera | None = None

    @property
    def total(self) -> float:
        """The mean over the parts."""
        return float(np.mean(list(self.parts.values())))


def part_similarity(
    view: View, other: View, encoder: BodyPartEncoder | None = None, *, flip: bool = True, hop: int | None = None
) -> PartSimilarity:
    """How similar two views are (algorithm 1).

    Args:
        view: at least one frame.
        other: at least one frame.
        encoder: the trained encoders; those that come with mretrieve if None.
        flip: compare with the other view's mirror image too, and return the more similar of the two (section V-B1,
            "body flip"). All parts are of the same one.
        hop: frames between two windows, r in the paper; see `BodyPartEncoder.embed`.

    Raises:
        QueryError: a view has no frames, or there is no part that both show.
    """
    encoder = encoder or load_view_encoder(ARCHITECTURE)
    others = [other, mirror_view(other)] if flip else [other]
    ours, *theirs = encoder.embed([view, *others], hop)
    return _best([similarity_of(ours, each, flipped=bool(number)) for number, each in enumerate(theirs)])


def filmed_similarity(
    view: View,
    clip: Clip,
    encoder: BodyPartEncoder | None = None,
    *,
    cameras: Sequence[Camera] = CAMERAS,
    flip: bool = True,
    hop: int | None = None,
) -> PartSimilarity:
    """How similar a view is to a clip, from the camera from which they are most similar; see `part_similarity`."""
    encoder = encoder or load_view_encoder(ARCHITECTURE)
    films = [as_detected(film(clip, camera)) for camera in cameras]
    ours, *theirs = encoder.embed([view, *films, *(map(mirror_view, films) if flip else ())], hop)
    return _best(
        [
            similarity_of(ours, each, flipped=number >= len(films), camera=cameras[number % len(films)])
            for number, each in enumerate(theirs)
        ]
    )


def similarity_of(
    ours: PartEmbeddings, theirs: PartEmbeddings, *, flipped: bool = False, camera: Camera | None = None
) -> PartSimilarity:
    """Algorithm 1 after the embedding. QueryError if there is no part that both show.

    The cost of a step is the squared distance of two embeddings of norm 1: twice one minus their cosine similarity.
    """
    parts, paths = {}, {}
    for part, vectors in ours.vectors.items():
        if part in theirs.vectors:
            path, cost = dtw_path(vectors, theirs.vectors[part])
            parts[part], paths[part] = 1.0 - 0.5 * cost / len(path), path
    if not parts:
        raise QueryError("the two views have no body part in common; each shows a part if its joints are detected")
    return PartSimilarity(parts, paths, flipped, camera)


def _best(compared: Sequence[PartSimilarity]) -> PartSimilarity:
    return max(compared, key=lambda similarity: similarity.total)
