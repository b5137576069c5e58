"""From a motion file, or an array of joint positions, to a clip of each body in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MRetrieveError, QueryError, RigError
from ..formats import MotionFile, ReadingOptions, read_file
from ..labelled_spans import LabelledSpan
from ..motion import JOINT_COUNT, JOINTS, PARENTS, Clip, Motion, Rig, RigMap, canonicalise, guess_rig_map, load_rig_map
from ..motion.canonical.keypoint_view import view_of_keypoints
from ..motion.keypoints import Keypoints
from ..motion.rigs.bodies import distinct_names, separate_bodies
from ..motion.rigs.human_signs import judge_body, judge_unmapped
from ..motion.rigs.rig_file import UnfitRigMapError
from ..motion.rigs.side_doubts import side_doubts
from ..motion.view import View
from .keypoint_bodies import body_rig, joint_set_map, lift_view
from .siblings import siblings_evidence

#: Of maps with a lower confidence more than a tenth are wrong, by benchmarks/reading_bodies.py.
_SURE = 0.7


@dataclass(frozen=True, eq=False)
class SourceClip:
    """One body of a file on the canonical skeleton.

    Attributes:
        motion: as the file has it; keypoints if it is two-dimensional.
        rig_map: the map that it was made canonical with; of keypoints that of their joint set.
        clip: the canonical clip, lifted from the view if there is one.
        fragment: what follows the file in the clip's name: "#body" if the file holds several bodies, else "".
        view: what the camera saw, frame by frame as the clip; None for motion in space.
    """

    motion: Motion | Keypoints
    rig_map: RigMap
    clip: Clip
    fragment: str = ""
    view: View | None = None

    @property
    def rig(self) -> Rig:
        """The joints of the file; those of a joint set have no parents."""
        return body_rig(self.motion)

    @property
    def labelled_spans(self) -> tuple[LabelledSpan, ...]:
        """The labels that the file holds for parts of the motion."""
        return self.motion.spans if isinstance(self.motion, Motion) else ()


class NotHumanError(RigError):
    """A body is an animal, a prop, a camera or the like: no rig map makes it a human."""


@dataclass(frozen=True, eq=False)
class Person:
    """A human body in a file.

    Attributes:
        motion: as the file has it; keypoints if it is two-dimensional.
        rig_map: the user's, or the one that is found; of keypoints that of their joint set.
        remarks: doubts whether it is a human body or the map is right, one line each.
    """

    motion: Motion | Keypoints
    rig_map: RigMap
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class People:
    """The people in a file, and the bodies that are left out: animals, props, cameras.

    Attributes:
        persons: in the file's order; the motion of the only person is that of the whole file, without a body's name.
        left_out: the name of each other body, and the reason.
    """

    persons: tuple[Person, ...]
    left_out: tuple[tuple[str, RigError], ...] = ()

    def fragment(self, person: Person) -> str:
        """What follows the file in the name of a person's clip."""
        return f"#{person.motion.body}" if len(self.persons) > 1 else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each body that is left out."""
        return tuple(
            f"left out: {body}: {str(error).removeprefix(f'{self.persons[0].motion.source}: ')}"
            for body, error in self.left_out
        )


def read_motions(file: MotionFile, options: ReadingOptions) -> list[Motion | Keypoints]:
    """All bodies of a file, people or not, in the file's order; several have different names. Keypoints are of people.

    Raises:
        FormatError: the file cannot be read.
    """
    motions: list[Motion | Keypoints] = []
    for motion in read_file(file, options):
        motions += separate_bodies(motion) if isinstance(motion, Motion) else [motion]
    if len(motions) < 2:
        return motions
    names = distinct_names([motion.body for motion in motions])
    return [
        motion if motion.body == name else replace(motion, body=name)
        for motion, name in zip(motions, names, strict=True)
    ]


def find_people(motions: Sequence[Motion | Keypoints], options: ReadingOptions, *, mixed_rigs: bool = False) -> People:
    """The people among the bodies of a file; for `mixed_rigs` see `make_canonical`.

    Raises:
        RigError: none of the bodies is a person; of several reasons the first.
    """
    persons: list[Person] = []
    left_out: list[tuple[str, RigError]] = []
    for motion in motions:
        try:
            persons.append(_person(motion, options, mixed_rigs))
        except RigError as error:
            left_out.append((motion.body, error))
    if left_out and not persons:
        raise left_out[0][1]
    if len(persons) == 1 and left_out:
        persons = [replace(persons[0], motion=replace(persons[0].motion, body=""))]
    return People(tuple(persons), tuple(left_out))


def read_people(file: MotionFile, options: ReadingOptions) -> list[Motion | Keypoints]:
    """The motions of the people in a file; the only body of a file counts as one until it is made canonical.

    Raises:
        FormatError, RigError: the file cannot be read, or holds several bodies of which none is a person.
    """
    motions = read_motions(file, options)
    if len(motions) < 2:
        return motions
    return [person.motion for person in find_people(motions, options).persons]


def read_bodies(file: MotionFile, options: ReadingOptions, *, mixed_rigs: bool = False) -> list[SourceClip]:
    """The people in a file in the file's order; for `mixed_rigs` see `make_canonical`.

    Raises:
        FormatError, RigError: the file cannot be read, or holds no body that can be brought to the canonical skeleton.
    """
    people = find_people(read_motions(file, options), options, mixed_rigs=mixed_rigs)
    return [_source_clip(person, options, people.fragment(person), people.notes) for person in people.persons]


def make_canonical(motion: Motion | Keypoints, options: ReadingOptions, *, mixed_rigs: bool = False) -> SourceClip:
    """A motion on the canonical skeleton, by the rig map of the options or else the one that is found.

    If the motion shows little of the axes of its file, other files of the same rig in its folder are looked at too.
    Keypoints become a view, and the clip is lifted from it.

    Args:
        motion: the motion of one body, or the keypoints of a person.
        options: with the user's rig map, if there is one.
        mixed_rigs: the motion is one of a folder of many rigs. A rig map that does not fit its rig is then passed over
            in favour of the one that is found; otherwise it is an error.

    Raises:
        RigError: the rig map does not fit, the body is not human, or the rig lacks what a body needs.
        FormatError: the motion has no frames, no samples or an impossible rate.
    """
    return _source_clip(_person(motion, options, mixed_rigs), options)


def _source_clip(
    person: Person, options: ReadingOptions, fragment: str = "", notes: tuple[str, ...] = ()
) -> SourceClip:
    motion, rig_map = person.motion, person.rig_map
    if isinstance(motion, Keypoints):
        view = view_of_keypoints(motion)
        return SourceClip(motion, rig_map, lift_view(view), fragment, view)
    clip = canonicalise(motion, rig_map, partial(siblings_evidence, motion, rig_map, options))
    remarks = (*person.remarks, *notes)
    if remarks:
        clip = replace(clip, notes=(*clip.notes, *remarks))
    return SourceClip(motion, rig_map, clip, fragment)


def refusal_reason(error: Exception) -> str:
    """Why a file of a folder is left out, in one line."""
    match error:
        case MRetrieveError():
            return str(error)
        case FileNotFoundError():
            return "vanished while the folder was read"
        case OSError():
            return f"cannot be read: {error.strerror or error}; check its permissions"
        case MemoryError():
            return "does not fit in memory; cut the recording into shorter files"
        case _:
            return f"unexpected error while reading it ({type(error).__name__}: {error}); please report it"


def _person(motion: Motion | Keypoints, options: ReadingOptions, mixed_rigs: bool) -> Person:
    """A body with its rig map. RigError: it has none, or is not human; a user's rig map is not doubted."""
    if isinstance(motion, Keypoints):
        return Person(motion, joint_set_map(motion))
    unfit = None
    if options.rig_map is not None:
        try:
            return Person(motion, load_rig_map(options.rig_map, motion.rig))
        except UnfitRigMapError as error:
            if not mixed_rigs:
                raise
            unfit = error
    rig_map = guess_rig_map(motion.rig, motion.positions)
    if rig_map.lacking:
        judgement = judge_unmapped(motion.rig, motion.positions)
    else:
        judgement = judge_body(motion.rig, motion.positions, rig_map)
    if judgement.is_refused:
        raise NotHumanError(f"{motion.source}: not a human body: {judgement}.")
    try:
        rig_map.require_body(motion.rig, motion.source)
    except RigError as error:
        raise unfit or error from None
    doubts = [f"body: perhaps not human: {judgement}"] if judgement.is_doubtful else []
    if rig_map.confidence < _SURE:
        how = f"found by {rig_map.origin} with confidence {rig_map.confidence:.2f}"
        doubts.append(f"rig map: {how}; check it with `mretrieve rig`")
    sides = side_doubts(motion.rig, motion.positions, rig_map)
    doubts += [f"sides: {doubt}; check it with `mretrieve rig`" for doubt in sides]
    return Person(motion, rig_map, tuple(doubts))


def clip_from_joints(positions: NDArray[np.floating], fps: float, joints: Sequence[str] | None = None) -> Clip:
    """The canonical clip of joint positions, in any unit and axes that a motion file may have.

    Args:
        positions: (T, J, 3), NaN for missing samples.
        fps: frames per second.
        joints: J names as any known rig has them; None for the 22 canonical joints (`mretrieve.motion.JOINTS`).

    Raises:
        TypeError: `positions` is not an array of numbers of this shape.
        QueryError: the positions are not those of a human body.
    """
    array = np.asarray(positions)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "fiu":
        raise TypeError(f"joint positions are numbers of shape (T, J, 3), not {array.dtype} of shape {array.shape}")
    names = tuple(JOINTS if joints is None else joints)
    if len(names) != array.shape[1]:
        hint = "give their names with joints=[...]" if joints is None else f"but {len(names)} names are given"
        raise TypeError(f"the positions have {array.shape[1]} joints, {hint}")
    parents = PARENTS if joints is None else (-1,) * len(names)
    rig = Rig(names, np.array(parents, np.int32), np.zeros((len(names), 3)))
    motion = Motion(rig, array.astype(np.float32), float(fps), Path("the array"))
    try:
        clip = canonicalise(motion)
    except (FormatError, RigError) as error:
        raise QueryError(str(error)) from None
    assert clip.positions.shape[1] == JOINT_COUNT
    return clip
