"""From a motion file, or an array of joint positions, to a clip of each body in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MRetrieveError, QueryError, RigError
from ..formats import MotionFile, ReadingOptions, read_file
from ..motion import JOINT_COUNT, JOINTS, PARENTS, Clip, Motion, Rig, RigMap, canonicalise, find_rig_map, load_rig_map
from ..motion.rigs.rig_file import UnfitRigMapError
from .siblings import siblings_evidence


def file_and_body(name: str) -> tuple[Path, str] | None:
    """The file that a name means, and the body in it ("" if none is named); None if there is no such file."""
    path, _, body = name.rpartition("#")
    for file, part in ((name, ""), (path, body)):
        if file and is_file(file):
            return Path(file), part
    return None


def choose_body(motions: Sequence[Motion], path: Path, body: str) -> Motion:
    """The motion of the body with this name; if none is named, of the only one.

    Raises:
        QueryError: there are several bodies and none is named, or none has this name.
        FormatError: there are no bodies.
    """
    named = [motion for motion in motions if motion.body == body] if body else list(motions)
    if len(named) == 1:
        return named[0]
    if not motions:
        raise FormatError(f"{path}: holds no motion")
    names = ", ".join(f"{path}#{motion.body}" for motion in motions)
    count = "1 body" if len(motions) == 1 else f"{len(motions)} bodies"
    raise QueryError(f"{path} holds {count}{f', none named {body!r}' if body else ''}; choose one of {names}")


def is_file(name: str) -> bool:
    """Whether a file has this name; False for what cannot be a file's name."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # the name is too long or contains a NUL
        return False


@dataclass(frozen=True, eq=False)
class SourceClip:
    """One body of a motion file on the canonical skeleton.

    Attributes:
        motion: as the file has it.
        rig_map: the map that it was made canonical with.
        clip: the canonical clip.
        fragment: what follows the file in the clip's name: "#body" if the file holds several bodies, else "".
    """

    motion: Motion
    rig_map: RigMap
    clip: Clip
    fragment: str = ""


def read_bodies(file: MotionFile, options: ReadingOptions, *, mixed_rigs: bool = False) -> list[SourceClip]:
    """The bodies of a file in the file's order; for `mixed_rigs` see `make_canonical`.

    Raises:
        FormatError, RigError: the file cannot be read, or a rig cannot be brought to the canonical skeleton.
    """
    motions = read_file(file, options)
    return [
        make_canonical(motion, options, f"#{motion.body}" if len(motions) > 1 else "", mixed_rigs=mixed_rigs)
        for motion in motions
    ]


def make_canonical(
    motion: Motion, options: ReadingOptions, fragment: str = "", *, mixed_rigs: bool = False
) -> SourceClip:
    """A motion on the canonical skeleton, by the rig map of the options or else the one that is found.

    If the motion shows little of the axes of its file, other files of the same rig in its folder are looked at too.

    Args:
        motion: the motion of one body.
        options: with the user's rig map, if there is one.
        fragment: as in SourceClip.
        mixed_rigs: the motion is one of a folder of many rigs. A rig map that does not fit its rig is then passed over
            in favour of the one that is found; otherwise it is an error.

    Raises:
        RigError: the rig map does not fit, or the rig lacks what a body needs.
        FormatError: the motion has no frames, no samples or an impossible rate.
    """
    rig_map = _rig_map(motion, options, mixed_rigs)
    clip = canonicalise(motion, rig_map, partial(siblings_evidence, motion, rig_map, options))
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


def _rig_map(motion: Motion, options: ReadingOptions, mixed_rigs: bool) -> RigMap:
    unfit = None
    if options.rig_map is not None:
        try:
            return load_rig_map(options.rig_map, motion.rig)
        except UnfitRigMapError as error:
            if not mixed_rigs:
                raise
            unfit = error
    try:
        return find_rig_map(motion.rig, motion.positions, motion.source)
    except RigError as error:
        raise unfit or error from None


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
