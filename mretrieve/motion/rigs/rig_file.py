"""Rig maps as files that people can read and edit: `mretrieve rig FILE --save`, `--rig-map`."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

from ...errors import RigError
from ..motion import Rig
from ..skeleton import JOINTS
from .rig_map import RigMap, unique_names

SCHEMA = "mretrieve.rig/1"


class UnfitRigMapError(RigError):
    """A saved rig map names joints that the rig does not have: it is the map of another rig."""


def save_rig_map(path: Path, rig_map: RigMap, rig: Rig) -> None:
    """Write a map as JSON: for each canonical joint the name of the rig's joint or null, and all names to choose from.

    A second joint of one name is written "name#2".
    """
    names = unique_names(rig.joint_names)
    joints = {
        canonical: None if index is None else names[index]
        for canonical, index in zip(JOINTS, rig_map.joints, strict=True)
    }
    record = {"schema": SCHEMA, "found_by": rig_map.origin, "joints": joints, "rig_joints": list(names)}
    try:
        if path.exists() and SCHEMA not in path.read_text(encoding="utf-8", errors="replace")[:200]:
            raise RigError(f"{path}: exists and is not a rig map; choose another name such as rig.json")
        path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise RigError(f"{path}: cannot be written: {error.strerror or error}; choose another name") from None


def load_rig_map(path: Path, rig: Rig) -> RigMap:
    """The map in a JSON file, for this rig; canonical joints that the file leaves out count as null.

    Raises:
        UnfitRigMapError: a name is not a joint of the rig; the message has the nearest that are.
        RigError: the file is not a rig map, a name is not a joint of the canonical skeleton, or a joint of the rig is
            named twice.
    """
    joints = _read(path)
    for canonical in joints:
        if canonical not in JOINTS:
            raise RigError(
                f"{path}: {canonical!r:.60} is not a joint of the canonical skeleton; {_nearest(canonical, JOINTS)}"
            )
    names = unique_names(rig.joint_names)
    index_of = {name: index for index, name in enumerate(names)}
    user_of: dict[str, str] = {}
    for canonical, name in joints.items():
        if name is None:
            continue
        if name not in index_of:
            raise UnfitRigMapError(
                f"{path}: {canonical} is {name!r:.60}, which the rig does not have; {_nearest(name, names)}"
            )
        if name in user_of:
            raise RigError(f"{path}: {name!r:.60} is both {user_of[name]} and {canonical}; write null for one of them.")
        user_of[name] = canonical
    chosen = (joints.get(canonical) for canonical in JOINTS)
    return RigMap(tuple(None if name is None else index_of[name] for name in chosen), "user", 1.0)


def _read(path: Path) -> dict[str, str | None]:
    remedy = f"`mretrieve rig FILE --save {path}` writes one."
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise RigError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except (ValueError, RecursionError) as error:
        raise RigError(f"{path}: not a rig map ({error}); {remedy}") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RigError(f"{path}: not a rig map (its schema is not {SCHEMA!r}); {remedy}")
    joints = record.get("joints")
    if not isinstance(joints, dict):
        raise RigError(f"{path}: not a rig map (it has no object `joints`); {remedy}")
    for canonical, name in joints.items():
        if name is not None and not isinstance(name, str):
            raise RigError(
                f"{path}: joints.{canonical:.60} is {name!r:.60}, not the name of a joint or null; correct it"
            )
    return joints


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.4)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {', '.join(known[:8])} ..."
