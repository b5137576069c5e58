"""A library as a picture: each clip is a point, near the clips that move like it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder

#: So many clips, evenly spread over the library, span the picture; the others are placed by their distances to these.
_LANDMARKS = 600
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class LibraryMap:
    """The two directions in which the clips of a library differ most.

    This is classical scaling of the encoder's distances with landmarks (de Silva and Tenenbaum 2004): with every clip a
    landmark, the principal components of their vectors.

    Attributes:
        places: (N, 2), one row for each clip, in the order of the index.
    """

    places: NDArray[np.float32]
    _encoder: WindowEncoder
    _landmarks: NDArray[np.float32]
    _directions: NDArray[np.float64]
    _mean: NDArray[np.float64]

    @classmethod
    def of(cls, encoder: WindowEncoder, vectors: NDArray[np.float32]) -> LibraryMap:
        """The map of clips by their vectors (N, D), N at least 1."""
        chosen = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), _LANDMARKS)).round().astype(int))
        landmarks = np.asarray(vectors[chosen])
        distances = _squared_distances(encoder, landmarks, landmarks)
        mean = distances.mean(axis=0)
        centred = -0.5 * (distances - mean - mean[:, None] + mean.mean())
        values, directions = np.linalg.eigh(centred)
        largest = np.argsort(values)[::-1][:2]
        values, directions = values[largest], directions[:, largest]
        # a direction has no sign of its own: the same library gives the same picture
        directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), range(len(largest))])
        scales = np.divide(0.5, np.sqrt(np.maximum(values, 0)), out=np.zeros(len(values)), where=values > 1e-9)
        unplaced = cls(np.empty((0, 2), np.float32), encoder, landmarks, directions * scales, mean)
        places = [unplaced.place(vectors[start : start + _CHUNK]) for start in range(0, len(vectors), _CHUNK)]
        return cls(np.concatenate(places), encoder, landmarks, directions * scales, mean)

    def place(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where motions with such vectors (M, D) belong: (M, 2)."""
        distances = _squared_distances(self._encoder, vectors, self._landmarks)
        places = np.zeros((len(vectors), 2), np.float32)
        places[:, : self._directions.shape[1]] = (self._mean - distances) @ self._directions
        return places


def _squared_distances(
    encoder: WindowEncoder, vectors: NDArray[np.float32], landmarks: NDArray[np.float32]
) -> NDArray[np.float64]:
    distances = -(encoder.as_queries(vectors).astype(np.float64) @ landmarks.T.astype(np.float64))
    return np.maximum(distances, 0.0)
