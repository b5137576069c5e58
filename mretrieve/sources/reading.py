"""From a motion file to a clip of each body in it: read, find the rig map, make canonical."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import MRetrieveError, RigError
from ..formats import MotionFile, ReadingOptions, read_file
from ..motion import Clip, Motion, RigMap, canonicalise, find_rig_map, load_rig_map
from ..motion.rigs.rig_file import UnfitRigMapError


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
    return SourceClip(motion, rig_map, canonicalise(motion, rig_map), fragment)


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
