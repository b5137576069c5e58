"""The other files of a rig: what shows the axes of one file shows those of all in its folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ..errors import MRetrieveError
from ..formats import MotionFile, ReadingOptions, read_file
from ..formats.frame_files import by_recording, frame_files
from ..motion import Motion, RigMap
from ..motion.canonical.axes_evidence import AxesEvidence
from ..motion.canonical.conversion import measure_axes

#: How many files of a folder are looked at, evenly spread over the sorted names, and the largest of them in bytes.
_FILES, _LARGEST = 8, 16 << 20


def siblings_evidence(motion: Motion, rig_map: RigMap, options: ReadingOptions) -> list[AxesEvidence]:
    """Evidence for the axes from other files in the folder of a motion, of its format and with its rig's joint tree.

    The files that are looked at depend on the folder alone, so that all clips of a rig have the same ones. The frames
    of a recording in files of their own are one file. The list is empty if the motion is not of a file.
    """
    if not motion.source.is_file():
        return []
    folder = motion.source.parent
    rig = (motion.rig.joint_names, tuple(motion.rig.parents.tolist()))
    seen = _evidence_in(folder, folder.stat().st_mtime_ns, motion.source.suffix.lower(), rig, rig_map.joints, options)
    own = {path.name for path in frame_files(motion.source)}
    return [evidence for name, evidence in seen if name not in own]


@lru_cache(maxsize=64)
def _evidence_in(
    folder: Path,
    _modified_ns: int,  # so that a folder that has changed is looked at again
    suffix: str,
    rig: tuple[tuple[str, ...], tuple[int, ...]],
    joints: tuple[int | None, ...],
    options: ReadingOptions,
) -> tuple[tuple[str, AxesEvidence], ...]:
    rig_map, evidence = RigMap(joints, "siblings", 1.0), []
    paths = {path.name: path for path in sorted(folder.iterdir()) if path.suffix.lower() == suffix}
    for _, *frames in by_recording(paths).values():
        for name in frames:
            del paths[name]
    for path in _spread(list(paths.values())):
        try:
            if path.stat().st_size > _LARGEST:
                continue
            motions = [each for each in read_file(MotionFile(path), options) if isinstance(each, Motion)]
            same = [each for each in motions if (each.rig.joint_names, tuple(each.rig.parents.tolist())) == rig]
            evidence += [(path.name, measure_axes(each, rig_map)) for each in same[:1]]
        except (MRetrieveError, OSError):
            continue  # it is reported if it is indexed itself
    return tuple(evidence)


def _spread(paths: list[Path]) -> list[Path]:
    """Up to _FILES of the paths, from the first to the last."""
    if len(paths) <= _FILES:
        return paths
    return [paths[index * (len(paths) - 1) // (_FILES - 1)] for index in range(_FILES)]
