"""Reprojection: how well a clip, seen from the best of many directions, explains what a camera saw.

The pose distance of queries in two dimensions. Depths that were estimated from the view play no part in it: it compares
the view with projections of the clips' own joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..kernels.reprojection import ReprojectionPaths, centred_frames, reprojection_paths, unit_frames
from ..kernels.warping import dtw_path
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.camera import Camera, camera_axes
from ..motion.detection import DETECTED
from ..motion.lifted_clip import LiftedClip
from ..motion.skeleton import JOINT_COUNT
from ..motion.view import View
from .alignment import part_scores
from .likeness import Likeness
from .moment_finder import (
    SPEEDS,
    Moments,
    SearchedRegions,
    all_moments,
    fixed_speed_moments,
    fixed_speeds,
    steadier,
    warped_moments,
)
from .view_pairs import FEWEST_JOINTS, ViewPair, frames_seen, paths_as_filmed, shared_joints

#: The directions that every clip is seen from. Cameras are seldom below the hips, and rarely look straight down.
AZIMUTHS_DEG, PITCHES_DEG = tuple(range(0, 360, 15)), (0.0, 20.0, 40.0, 60.0)
#: The nearest clips are seen again by cameras that are not held straight.
ROLLS_DEG = (-30.0, -15.0, 15.0, 30.0)
#: Azimuths of these cameras around the best one that is held straight.
TILTED_AZIMUTHS_DEG = tuple(range(-60, 61, 15))
#: Most cameras are held straight: with so much roll a distance counts twice.
DOUBLING_ROLL_DEG = 60.0
#: The nearest clips are seen again from directions so far around the best of those.
FINE_OFFSETS_DEG, FINE_ROLLS_DEG = (-10.0, -5.0, 0.0, 5.0, 10.0), (-7.5, 0.0, 7.5)
#: Of all clips every fourth frame is compared, of the nearest every second one; of long views fewer.
COARSE_STEP, FINE_STEP = 4, 2
LONGEST_FRAMES = 60
#: The distance per frame of both that is 1 on the embedding's scale. Set so that scores mean what they mean for queries
#: in space: half of other performers' clips with a score of .4 belong to the query's class (performers bd, bk and dg of
#: hdm05, 3 joints lost).
UNRELATED = 0.34
#: Longer motions are thinned for the alignment that joints are compared along.
LONGEST_PATH = 2000
#: Up to this distance two vectors are those of one view, which is in the index as a lifted clip.
SAME_VECTOR = 1e-4

_Number = TypeVar("_Number", np.float64, np.int64)


@dataclass(frozen=True, eq=False)
class Sightings:
    """Where and from which direction a view fits best in each of C clips.

    Attributes:
        distances: (C,) about 1 for unrelated motions.
        starts: (C,) first frame of each clip that the view shows.
        ends: (C,) the frame after the last.
        azimuths_deg: (C,) of the camera; see `motion.camera.Camera`.
        pitches_deg: (C,) likewise.
        rolls_deg: (C,) likewise.
        as_filmed: (C,) whether the points that a clip was lifted from fit better than its lifted joints from any
            direction. The azimuth is then that of the clip's own camera.
    """

    distances: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    azimuths_deg: NDArray[np.float64]
    pitches_deg: NDArray[np.float64]
    rolls_deg: NDArray[np.float64]
    as_filmed: NDArray[np.bool_]

    @cached_property
    def axes(self) -> NDArray[np.float32]:
        """(C, 2, 3) to the right and up in the image of each clip's camera."""
        return camera_axes(np.stack([self.azimuths_deg, self.pitches_deg, self.rolls_deg], axis=1))[:, :2]

    def camera(self, index: int) -> Camera:
        """The camera of a clip."""
        return Camera(float(self.azimuths_deg[index]), float(self.pitches_deg[index]), float(self.rolls_deg[index]))


class Reprojection:
    """The comparer of queries in two dimensions; see `moment_finder.PoseComparer`.

    Clips are compared by the joints that detectors look for, if the view shows them in at least half of its frames and
    they count. What a clip lacks of them is compared as it was filled in.

    A clip that was lifted is also compared as its own camera saw it: depths that were estimated for it would only hide
    how alike two views of one motion are.
    """

    def __init__(self, view: View, part_weights: PartWeights | None = None, refined: int = 40) -> None:
        """
        Args:
            view: the query.
            part_weights: how much each body part counts.
            refined: how many of the nearest clips are seen again from directions around the best; half of them also
                by cameras that are not held straight.

        Raises:
            QueryError: the view shows too little of the body.
        """
        self._view, self._refined = view, refined
        weights = (part_weights or PartWeights()).of_joints()
        counted = [number for number in DETECTED if view.seen_joints[number] and weights[number] > 0]
        if len(counted) < FEWEST_JOINTS:
            raise QueryError(
                f"the view shows {len(counted)} joints that count in half of the frames; {FEWEST_JOINTS} are "
                "needed; choose another part of the query, or weigh more body parts"
            )
        self._joints = np.array(counted)
        self._weights = weights[self._joints]

    @property
    def copy_limit(self) -> float:
        """No distance: other performances of a motion can look as near in two dimensions as the same one."""
        return -np.inf

    @cached_property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        frames = unit_frames(self._view.points[:, self._joints], self._weights)
        return float(_distances_of(0.5 * frames.var(axis=0).sum(keepdims=True))[0, 0])

    def combined(self, embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """The distance (N,) of the reprojection, unless the vectors are equal: then the clip was lifted from this view.

        The distance of the lifted clip's vector only finds candidates: no share of it made the ranking better.
        """
        return np.where(embedding <= SAME_VECTOR, np.minimum(embedding, poses), poses)

    def distances(self, clips: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The distance (C,) of each clip as a whole."""
        return self.sightings(clips, threads=threads).distances

    def likeness(self, clip: Clip) -> Likeness:
        """The camera that shows a clip as the view does, and the distances of joints in its image.

        Distances are those on the clip's body, and multiplied by sqrt(3/2): nothing is seen of the third direction, in
        which they are taken to be as large as in the other two.
        """
        found = self.sightings([clip])
        pair = self._pair(clip, found, 0)
        joints, weights = pair.joints, pair.weights
        query, (shown,) = pair.query_frames, frames_seen([pair])
        sizes = np.sqrt(np.square(centred_frames(pair.seen, weights, 2, "the clip")).sum(axis=(1, 2)))
        step = -(-max(len(query), len(shown)) // LONGEST_PATH)
        path, _ = dtw_path(query[::step], shown[::step])
        offsets = (query[::step][path[:, 0]] - shown[::step][path[:, 1]]).reshape(len(path), -1, 2)
        lengths = np.sqrt(np.square(offsets).sum(axis=2) / weights)
        errors_m = np.full((len(path), JOINT_COUNT), np.nan, np.float32)
        errors_m[:, joints] = np.sqrt(1.5) * sizes[::step][path[:, 1], None] * lengths
        mean_m = np.average(errors_m[:, joints].mean(axis=0, dtype=np.float64), weights=weights)
        return Likeness(found.camera(0), 1000.0 * float(mean_m), part_scores(errors_m, path))

    def among(self, regions: Sequence[Clip]) -> SearchedRegions:
        """The regions, to look for the view in them."""
        return _SearchedViews(self, regions)

    def best(self, regions: Sequence[Clip], threads: int = 1) -> Moments:
        """The best moment of each region (N,), frames counted from the region's first.

        A warping path can shrink to a single pose. Where it is shorter than the view at its fastest, the best alignment
        at a fixed speed takes its place.
        """
        found = self.sightings(regions, anywhere=True, threads=threads)
        nearest = _nearest(found.distances, self._refined)
        filmed = found.as_filmed[nearest]
        for rows in (nearest[~filmed], *nearest[filmed, None]):  # what a camera saw lacks joints of its own
            if not len(rows):
                continue
            pairs = [self._pair(regions[row], found, row) for row in rows.tolist()]
            query, motions = pairs[0].query_frames, frames_seen(pairs)
            fixed = fixed_speed_moments(query, motions, _distances_of)
            starts, ends, _ = steadier(warped_moments(query, motions, _distances_of), fixed)
            shrunk = SPEEDS[-1] * (ends - starts) < len(query)
            found.starts[rows], found.ends[rows] = np.where(shrunk, fixed[:2], (starts, ends))
            found.distances[rows] = np.where(shrunk, fixed[2], found.distances[rows])
        return found.starts, found.ends, found.distances

    def all_matches(self, region: Clip, limit: float | None = None) -> Moments:
        """The moments of a region, best first, as the camera of the best one shows them."""
        pair = self._pair(region, self.sightings([region], anywhere=True), 0)
        (fixed,) = fixed_speeds(pair.query_frames, frames_seen([pair]), _distances_of)
        return all_moments(fixed, self.still_pose_distance, limit)

    def sightings(self, clips: Sequence[Clip], *, anywhere: bool = False, threads: int = 1) -> Sightings:
        """Where and from which direction the view fits best in each clip: in the whole of it, or anywhere."""
        step = self._step(COARSE_STEP)
        distances, starts, ends, best = _best_of_views(*self._compared(clips, _LEVEL, step, anywhere, threads))
        directions = _LEVEL[best]
        nearest = _nearest(distances, self._refined)
        tilted = nearest[: -(-self._refined // 2)]
        views = _TILTED + directions[tilted, None] * [1.0, 0.0, 0.0]
        found, _, _, best = _best_of_views(*self._compared([clips[row] for row in tilted], views, step, anywhere))
        better = found < distances[tilted]
        directions[tilted] = np.where(better[:, None], _chosen(views, best), directions[tilted])
        views = _AROUND + directions[nearest, None]
        fine = self._compared([clips[row] for row in nearest], views, self._step(FINE_STEP), anywhere)
        distances[nearest], starts[nearest], ends[nearest], best = _best_of_views(*fine)
        directions[nearest] = _chosen(views, best)
        lengths = np.array([clip.frame_count for clip in clips], np.int64)
        as_filmed = np.zeros(len(clips), bool)
        step = self._step(FINE_STEP)
        for rows, paths in paths_as_filmed(self._view, self._joints, self._weights, clips, step, anywhere):
            filmed = self._path_distances(paths, step)[:, 0]
            nearer = filmed < distances[rows]
            rows = rows[nearer]
            distances[rows], as_filmed[rows], directions[rows, ::2] = filmed[nearer], True, 0.0
            starts[rows], ends[rows] = paths.starts[nearer, 0] * step, paths.ends[nearer, 0] * step
        azimuths, pitches, rolls = directions.T
        return Sightings(distances, starts, np.minimum(ends, lengths), azimuths % 360, pitches, rolls, as_filmed)

    def _pair(self, clip: Clip, sightings: Sightings, row: int) -> ViewPair:
        """The view, and a clip as it was sighted: from the best direction, or as its own camera saw it."""
        if sightings.as_filmed[row] and isinstance(clip, LiftedClip):
            shared = shared_joints(self._joints, clip)
            joints, weights, seen = self._joints[shared], self._weights[shared], clip.view.points
            return ViewPair(joints, weights, self._view.points[:, joints], seen[:, joints])
        seen = clip.positions[:, self._joints] @ sightings.axes[row].T
        return ViewPair(self._joints, self._weights, self._view.points[:, self._joints], seen)

    def _compared(
        self, clips: Sequence[Clip], views: NDArray[np.float64], step: int, anywhere: bool, threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Distances, first frames and ends (C, V) of clips seen from directions (V, 3): azimuth, pitch, roll.

        With directions (C, V, 3) each clip is seen from its own.
        """
        paths = self._paths(clips, views, step, anywhere, threads)
        unlikely = 1.0 + np.abs(views[..., 2]) / DOUBLING_ROLL_DEG
        distances = self._path_distances(paths, step) * unlikely
        return distances, paths.starts.astype(np.int64) * step, paths.ends.astype(np.int64) * step

    def _step(self, shortest: int) -> int:
        """Every which frame is compared."""
        return max(shortest, -(-self._view.frame_count * shortest // (LONGEST_FRAMES * COARSE_STEP)))

    def _paths(
        self, clips: Sequence[Clip], views: NDArray[np.float64], step: int, anywhere: bool, threads: int
    ) -> ReprojectionPaths:
        return reprojection_paths(
            self._view.points[::step, self._joints],
            camera_axes(views)[..., :2, :],
            [clip.positions[::step, self._joints] for clip in clips],
            weights=self._weights,
            anywhere=anywhere,
            threads=threads,
        )

    def _path_distances(self, paths: ReprojectionPaths, step: int) -> NDArray[np.float64]:
        """Distances (C, V): the mean over the frames of both."""
        frames = -(-self._view.frame_count // step) + paths.ends - paths.starts
        return np.asarray(paths.costs.astype(np.float64) / frames / UNRELATED)


def _directions(*choices: Sequence[float]) -> NDArray[np.float64]:
    """(V, 3) every combination of azimuths, pitches and rolls."""
    return np.stack([axis.ravel() for axis in np.meshgrid(*choices, indexing="ij")], axis=1).astype(np.float64)


_LEVEL = _directions(AZIMUTHS_DEG, PITCHES_DEG, (0.0,))
_TILTED = _directions(TILTED_AZIMUTHS_DEG, PITCHES_DEG[:3], ROLLS_DEG)
_AROUND = _directions(FINE_OFFSETS_DEG, FINE_OFFSETS_DEG, FINE_ROLLS_DEG)


def _best_of_views(
    distances: NDArray[np.float64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of the columns (C, V) those (C,) of the view with the smallest distance, and its number (C,)."""
    best = distances.argmin(axis=1)
    return _chosen(distances, best), _chosen(starts, best), _chosen(ends, best), best


def _chosen(values: NDArray[_Number], numbers: NDArray[np.int64]) -> NDArray[_Number]:
    """Of each row (C, V, ...) the value of one number (C,)."""
    return values[np.arange(len(values)), numbers]


def _nearest(distances: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The rows of the smallest distances; of equal ones the first."""
    return np.argsort(distances, kind="stable")[:count]


def _distances_of(means: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distances (N,) from squared distances (N,) per step in the view or in the clip.

    Between two frames that are d apart, a pair of steps, this is d / 2 as `_path_distances` has it.
    """
    return np.asarray(np.sqrt(np.maximum(means, 0.0) / 2.0) / UNRELATED, np.float64)


@dataclass(frozen=True, eq=False)
class _SearchedViews:
    """The regions of a `Reprojection`; see `SearchedRegions`."""

    comparer: Reprojection
    regions: Sequence[Clip]

    def best(self, numbers: Sequence[int], threads: int = 1) -> Moments:
        return self.comparer.best([self.regions[number] for number in numbers], threads)

    def all_matches(self, number: int, limit: float | None = None) -> Moments:
        return self.comparer.all_matches(self.regions[number], limit)
