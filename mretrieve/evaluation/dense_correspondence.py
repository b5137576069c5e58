"""The protocol `dense-correspondence`: which frames that two cameras film are of the same moment.

Liu et al., "Normalized Human Pose Features for Human Action Video Alignment" (ICCV 2021), section 4.3, with takes of
CMU in place of Human3.6M.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encoders.body_sequence import BONE_LENGTHS_M, body_sequence, normalised_positions
from ..encoders.catalogue import recipe_names
from ..encoders.moving_poses import FOUND_JOINTS, moving_poses
from ..encoders.registry import load_encoder
from ..encoders.systems.normalized_pose import NormalizedPose
from ..errors import QueryError
from ..kernels.warping import dtw_path
from ..lifting import lift
from ..lifting.body import joint_places
from ..lifting.input_frames import metres_per_unit
from ..motion import Clip, LabelledClip
from ..motion.bones import USED_JOINTS
from ..motion.camera import Camera, CameraRange, film
from ..motion.detection import DETECTED, as_detected
from ..motion.quaternion_pose import REST_DIRECTIONS
from ..motion.skeleton import joint
from ..motion.view import View
from .data_sets import view_split
from .measurements import MeasurementOptions
from .tables import Table

#: A frame that is found within this many frames of the true one, at 30 a second, is a hit.
TOLERANCE_FRAMES = 5
#: Azimuth between the two cameras.
LEAST_APART_DEG, MOST_APART_DEG = 30.0, 80.0
#: Takes that are shorter have hardly any frames outside the tolerance.
SHORTEST_FRAMES = 90
#: Share of frames that are dropped, and how many are never dropped in a row.
_DROPPED, _NEVER_DROPPED = 0.5, 5
#: Of cameras and dropped frames. Settings were chosen with another one.
SEED = 1
_HEADING = ("frames are compared by", "clips", "nearest frame: hits", "along DTW: hits", "median", "mean")
_PELVIS = joint("pelvis")
_HIPS = [joint("left_hip"), joint("right_hip")]


@dataclass(frozen=True, eq=False)
class FilmedPair:
    """One take, filmed twice. Every frame is described before some are dropped, because networks look at time.

    Attributes:
        clip: the take.
        cameras: the two cameras.
        views: what they see.
        kept: numbers of the frames that are kept of each, increasing.
    """

    clip: Clip
    cameras: tuple[Camera, Camera]
    views: tuple[View, View]
    kept: tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class CorrespondenceScores:
    """How well the frames of the second film of a pair are found in the first.

    Attributes:
        nearest_hits: share of frames whose nearest frame, of all, is a hit.
        path_hits: share of frames that are hits along the warping path.
        errors: distance in frames from the true one along the path, one a frame.
    """

    nearest_hits: float
    path_hits: float
    errors: NDArray[np.float64]


#: Features (T, F) of each film of a pair, compared by Euclidean distance.
Describe = Callable[[FilmedPair], tuple[NDArray[np.floating], NDArray[np.floating]]]


def dense_correspondence(data: Path, options: MeasurementOptions) -> list[Table]:
    """Tables of hits: takes of CMU that no network was trained on; then those that nothing was chosen on either.

    Raises:
        QueryError: the folder lacks data.
    """
    split = view_split(data)
    chosen, unseen = (long_takes(items) for items in (split.chosen, split.unseen))
    pairs = filmed_pairs([*unseen, *chosen], SEED)
    scores = {}
    for name, describe in descriptions(_encoders(split.trained, options)).items():
        options.progress(f"{name}: {len(pairs)} pairs of films")
        scores[name] = [pair_scores(pair, *describe(pair)) for pair in pairs]
    return [
        Table(title, _HEADING, tuple(_row(name, each[:count]) for name, each in scores.items()))
        for title, count in (
            ("takes that nothing was trained on", len(pairs)),
            ("takes that nothing was trained or chosen on", len(unseen)),
        )
    ]


def filmed_pairs(clips: Sequence[Clip], seed: int) -> list[FilmedPair]:
    """Each clip, filmed by two random cameras 30 to 80 degrees apart, and the frames that are kept of each film."""
    generator = np.random.default_rng(seed)
    pairs = []
    for clip in clips:
        first = CameraRange().draw(generator)
        apart = generator.choice([-1, 1]) * generator.uniform(LEAST_APART_DEG, MOST_APART_DEG)
        second = replace(CameraRange().draw(generator), azimuth_deg=(first.azimuth_deg + float(apart)) % 360)
        views = tuple(as_detected(film(clip, camera)) for camera in (first, second))
        kept = tuple(kept_frames(clip.frame_count, generator) for _ in range(2))
        pairs.append(FilmedPair(clip, (first, second), (views[0], views[1]), (kept[0], kept[1])))
    return pairs


def kept_frames(count: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Numbers of the frames that are left if each is dropped with probability 1/2, but never five in a row."""
    dropped = generator.random(count) < _DROPPED
    run = 0
    for frame in range(count):
        run = run + 1 if dropped[frame] else 0
        if run == _NEVER_DROPPED:
            dropped[frame], run = False, 0
    return np.flatnonzero(~dropped)


def pair_scores(pair: FilmedPair, first: NDArray[np.floating], second: NDArray[np.floating]) -> CorrespondenceScores:
    """The scores of features (T, F) of both films.

    The true frame of one is that to which warping leads by the numbers of the frames alone, as in the paper, because
    the very same frame may have been dropped.
    """
    source, target = pair.kept
    true = _warped(target[:, None].astype(np.float32), source[:, None].astype(np.float32), source)
    in_source = np.ascontiguousarray(first[source], np.float32)
    in_target = np.ascontiguousarray(second[target], np.float32)
    squares = (in_target**2).sum(axis=1)[:, None] + (in_source**2).sum(axis=1) - 2 * in_target @ in_source.T
    nearest = source[squares.argmin(axis=1)]
    errors = np.abs(_warped(in_target, in_source, source) - true)
    return CorrespondenceScores(
        float((np.abs(nearest - true) <= TOLERANCE_FRAMES).mean()),
        float((errors <= TOLERANCE_FRAMES).mean()),
        errors,
    )


def descriptions(encoders: Sequence[tuple[str, NormalizedPose]]) -> dict[str, Describe]:
    """What frames are compared by, by name."""
    rows: dict[str, Describe] = {
        "2D, raw": _both(raw_points),
        "2D, raw, with velocities": _both(lambda view: moving_poses(raw_points(view))),
        "2D, lifted, Procrustes": _both(lambda view: upright(lift(view).positions[:, USED_JOINTS])),
        "2D, lifted, normalised": _both(lambda view: _found(normalised_positions(body_sequence(lift(view))))),
        "2D, lifted, normalised, with velocities": _both(
            lambda view: moving_poses(_found(normalised_positions(body_sequence(lift(view)))))
        ),
    }
    for name, encoder in encoders:
        rows[f"2D, normalised ({name})"] = _both(partial(_normalised, encoder))
        rows[f"2D, normalised, with velocities ({name})"] = _both(partial(_moving, encoder))
        rows[f"2D, 64-d features ({name})"] = _both(encoder.frame_features)
        rows[f"2D against 3D, with velocities ({name})"] = partial(_view_in_clip, encoder)
    rows["3D, in the camera's frame"] = _in_cameras
    rows["3D, normalised"] = _of_clip(lambda clip: normalised_positions(body_sequence(clip)))
    for name, encoder in encoders:
        rows[f"3D, 64-d features ({name})"] = _of_clip(encoder.frame_features)
    return rows


def raw_points(view: View) -> NDArray[np.float32]:
    """The detected joints (T, 12, 2) of a view, from the middle of the hips, metres of a standard body."""
    points = view.points * np.float32(metres_per_unit(view))
    return np.asarray(points[:, list(DETECTED)] - points[:, [_PELVIS]])


def in_camera(clip: Clip, camera: Camera) -> NDArray[np.float32]:
    """The joints of a clip from the middle of the hips, turned into the frame of a camera: (T, 54)."""
    joints = clip.positions[:, USED_JOINTS] - clip.positions[:, _HIPS].mean(axis=1, keepdims=True)
    return _flat(joints @ camera.axes.T)


def upright(poses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Poses (T, J, 3), each turned about its centre until it is nearest to the T-pose (Procrustes)."""
    centred = poses - poses.mean(axis=1, keepdims=True)
    reference = joint_places(REST_DIRECTIONS[None], BONE_LENGTHS_M)[0]
    reference -= reference.mean(axis=0)
    left, _, right = np.linalg.svd(np.einsum("tji,jk->tik", centred, reference))
    sign = np.sign(np.linalg.det(left) * np.linalg.det(right))
    left[:, :, -1] *= sign[:, None]
    return np.asarray(np.einsum("tji,tik->tjk", centred, left @ right), np.float32)


def _encoders(trained: Sequence[LabelledClip], options: MeasurementOptions) -> list[tuple[str, NormalizedPose]]:
    """The encoders that are measured, by name: as shipped, of a file, or trained with each seed."""
    encoders = []
    for name in options.encoders or ("normalized-pose",):
        if options.as_shipped or not options.encoders or name not in recipe_names():
            encoders.append((Path(name).stem, load_encoder(name)))
        else:
            encoders += [(f"seed {seed}", options.train(name, trained, seed)) for seed in range(options.seeds)]
    return [(name, _checked(encoder)) for name, encoder in encoders]


def _checked(encoder: object) -> NormalizedPose:
    if not isinstance(encoder, NormalizedPose):
        raise QueryError("only normalized-pose describes frames of views and clips alike; name it or a file of it")
    return encoder


def _warped(target: NDArray[np.float32], source: NDArray[np.float32], numbers: NDArray[np.intp]) -> NDArray[np.float64]:
    """For each frame of the target the mean of the numbers of the source's frames on the warping path."""
    path, _ = dtw_path(target, source)
    starts = np.flatnonzero(np.diff(path[:, 0], prepend=-1))
    sums = np.add.reduceat(numbers[path[:, 1]].astype(np.float64), starts)
    return np.asarray(sums / np.diff([*starts, len(path)]))


def long_takes(items: Sequence[LabelledClip]) -> list[Clip]:
    """The takes of CMU among the clips that have SHORTEST_FRAMES or more."""
    return [item.clip for item in items if not item.path.endswith(".amc") and item.clip.frame_count >= SHORTEST_FRAMES]


def _both(describe: Callable[[View], NDArray[np.floating]]) -> Describe:
    return lambda pair: (_flat(describe(pair.views[0])), _flat(describe(pair.views[1])))


def _of_clip(describe: Callable[[Clip], NDArray[np.floating]]) -> Describe:
    def described(pair: FilmedPair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features = _flat(describe(pair.clip))
        return features, features

    return described


def _view_in_clip(encoder: NormalizedPose, pair: FilmedPair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return _flat(_moving(encoder, pair.clip)), _flat(_moving(encoder, pair.views[1]))


def _normalised(encoder: NormalizedPose, motion: Clip | View) -> NDArray[np.float32]:
    return _found(encoder.normalised(motion))


def _moving(encoder: NormalizedPose, motion: Clip | View) -> NDArray[np.float32]:
    return moving_poses(_normalised(encoder, motion))


def _found(poses: NDArray[np.float32]) -> NDArray[np.float32]:
    return poses[:, list(FOUND_JOINTS)]


def _in_cameras(pair: FilmedPair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return in_camera(pair.clip, pair.cameras[0]), in_camera(pair.clip, pair.cameras[1])


def _flat(poses: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(poses.reshape(len(poses), -1), np.float32)


def _row(name: str, scores: Sequence[CorrespondenceScores]) -> tuple[str, ...]:
    """Hits are means over clips, errors are of all frames."""
    errors = np.concatenate([score.errors for score in scores])
    return (
        name,
        str(len(scores)),
        f"{np.mean([score.nearest_hits for score in scores]):.3f}",
        f"{np.mean([score.path_hits for score in scores]):.3f}",
        f"{np.median(errors):.2f}",
        f"{errors.mean():.2f}",
    )
