"""The protocol `anthropometry`: how far poses change with the bones of the body (Liu et al. 2021, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encoders.body_sequence import body_sequence, normalised_positions
from ..encoders.registry import load_encoder
from ..encoders.systems.normalized_pose import NormalizedPose
from ..lifting.body import LENGTHS_M, joint_places
from ..motion import Clip, LabelledClip
from ..motion.augmentation import other_body, turn
from ..motion.body_view import heading_view
from ..motion.bones import USED_JOINTS
from ..motion.camera import CameraRange, film
from ..motion.detection import as_detected
from ..motion.skeleton import JOINT_COUNT
from ..motion.view import View
from .data_sets import view_split
from .direct_lifting import DirectLifting
from .lifting import bones_of
from .measurements import MeasurementOptions
from .tables import Table

#: Each pair of bones is 1 - this to 1 + this times as long.
LIMB_SCALE = 0.25
#: Updates of the two trainings that are compared, unless --updates says otherwise.
UPDATES = 200
#: Of cameras and bodies. Settings were chosen with another one.
SEED = 1
_JOINTS = list(USED_JOINTS)


@dataclass(frozen=True, eq=False)
class TwoBodies:
    """One motion on two bodies, filmed by one camera at azimuth 0.

    Attributes:
        clips: the motion on its own body and on another.
        views: what the camera sees of them.
    """

    clips: tuple[Clip, Clip]
    views: tuple[View, View]


@dataclass(frozen=True)
class BodyScores:
    """How poses from 2D change with the body, and how far they are from the truth.

    Attributes:
        change_mm: see `pose_change_mm`.
        errors_mm: (P,) MPJPE of each pair on its own body.
    """

    change_mm: float
    errors_mm: NDArray[np.float64]


#: Poses (T, 18, 3), metres, of the first or the second body.
Pose = Callable[[TwoBodies, int], NDArray[np.floating]]


def two_bodies(clips: Sequence[Clip], seed: int) -> list[TwoBodies]:
    """Each clip on its own and on a random body, filmed by a random camera."""
    generator = np.random.default_rng(seed)
    pairs = []
    for clip in clips:
        camera = CameraRange().draw(generator)
        turned = turn(clip, -camera.azimuth_deg)
        both = (turned, other_body(turned, generator, LIMB_SCALE, 0.0))
        level = type(camera)(0.0, camera.pitch_deg, camera.roll_deg, camera.distance_m)
        pairs.append(TwoBodies(both, (as_detected(film(both[0], level)), as_detected(film(both[1], level)))))
    return pairs


def pose_change_mm(pairs: Sequence[TwoBodies], pose: Pose) -> float:
    """Mean distance of a joint of the pose on the one body from that on the other, in millimetres."""
    distances = [np.linalg.norm(pose(pair, 0) - pose(pair, 1), axis=2).mean() for pair in pairs]
    return 1000 * float(np.mean(distances))


def joint_errors_mm(clips: Sequence[Clip], directions: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """MPJPE (C,) of directions (T, 17, 3) on the true bones, from the middle of the hips, in millimetres."""
    errors = []
    for clip, found in zip(clips, directions, strict=True):
        true, lengths = bones_of(clip.positions)
        errors.append(np.linalg.norm(joint_places(true, lengths) - joint_places(found, lengths), axis=2).mean())
    return 1000 * np.array(errors)


def anthropometry(data: Path, options: MeasurementOptions) -> list[Table]:
    """A table of changes and joint errors: clips that nothing was trained or chosen on.

    Raises:
        QueryError: the folder lacks data.
    """
    split = view_split(data)
    pairs = two_bodies([item.clip for item in split.unseen], SEED)
    performer = of_unseen_performer(split.unseen)
    rows = [
        ("true positions", f"{pose_change_mm(pairs, _true_positions):.1f}", "", ""),
        ("from 3D, normalised", f"{pose_change_mm(pairs, _exact):.1f}", "", ""),
    ]
    for name, scores in _scores(split.trained, options, pairs):
        errors = scores.errors_mm
        rows.append((name, f"{scores.change_mm:.1f}", f"{errors.mean():.1f}", f"{errors[performer].mean():.1f}"))
    heading = ("poses", "change, mm", "MPJPE, mm", "MPJPE, performer tr, mm")
    return [Table(f"bones .75 to 1.25 times as long, {len(pairs)} clips", heading, tuple(rows))]


def of_unseen_performer(items: Sequence[LabelledClip]) -> NDArray[np.bool_]:
    """Which of the unseen clips are of HDM05's performer tr; performers of the others are also trained on."""
    return np.array([item.path.endswith(".amc") for item in items])


def encoder_scores(encoder: NormalizedPose, pairs: Sequence[TwoBodies]) -> BodyScores:
    """The scores of an encoder's poses."""
    errors = joint_errors_mm([pair.clips[0] for pair in pairs], [encoder.directions(pair.views[0]) for pair in pairs])
    return BodyScores(pose_change_mm(pairs, lambda pair, body: encoder.normalised(pair.views[body])), errors)


def direct_scores(direct: DirectLifting, pairs: Sequence[TwoBodies]) -> BodyScores:
    """The scores of direct lifting."""
    errors = np.array([_placed_error_mm(pair.clips[0], direct.positions(pair.views[0])) for pair in pairs])
    return BodyScores(pose_change_mm(pairs, lambda pair, body: _facing(direct.positions(pair.views[body]))), errors)


def _scores(
    trained: Sequence[LabelledClip], options: MeasurementOptions, pairs: Sequence[TwoBodies]
) -> Iterator[tuple[str, BodyScores]]:
    """The encoders that come with mretrieve or are named; then two trainings from the same start, unless as shipped."""
    for name in options.encoders or ("normalized-pose",):
        if name.endswith(".safetensors") or options.as_shipped or not options.encoders:
            encoder = load_encoder(name)
            assert isinstance(encoder, NormalizedPose)
            yield f"from 2D, {Path(name).stem} as shipped", encoder_scores(encoder, pairs)
    for seed in range(0 if options.as_shipped else options.seeds):
        options.progress(f"seed {seed}: two trainings")
        encoder = options.train("normalized-pose", trained, seed, {"updates": UPDATES})
        yield f"from 2D, quaternions, seed {seed}", encoder_scores(encoder, pairs)
        direct = options.train("normalized-pose", trained, seed, {"updates": UPDATES, "direct": True})
        yield f"from 2D, direct lifting, seed {seed}", direct_scores(direct, pairs)


def _placed_error_mm(clip: Clip, positions: NDArray[np.floating]) -> float:
    """MPJPE of positions (T, 18, 3) of a body of standard size, brought to the size of the clip's body."""
    directions, lengths = bones_of(clip.positions)
    size = lengths.mean(axis=0).sum() / LENGTHS_M.sum()
    return 1000 * float(np.linalg.norm(joint_places(directions, lengths) - size * positions, axis=2).mean())


def _exact(pair: TwoBodies, body: int) -> NDArray[np.float32]:
    return normalised_positions(body_sequence(pair.clips[body]))


def _true_positions(pair: TwoBodies, body: int) -> NDArray[np.float32]:
    return heading_view(pair.clips[body].positions)[:, _JOINTS]


def _facing(positions: NDArray[np.floating]) -> NDArray[np.float32]:
    """Positions (T, 18, 3), each frame turned to face +Z."""
    whole = np.zeros((len(positions), JOINT_COUNT, 3), np.float32)
    whole[:, _JOINTS] = positions
    return heading_view(whole)[:, _JOINTS]
