"""The program that reads one USD file with usd-core, in a process of its own and without the rest of mretrieve.

    worker.py SUFFIX [PATH]

It opens the file at PATH if its suffix is a known one, else a copy of standard input, and writes what `scene_worker`
describes.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Address space of the process (bytes), if the system can limit it.
MEMORY_LIMIT = 4 << 30
#: Key frames of all joints together.
MOST_KEYS = 20_000_000
_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")
_UP = {"X": 0, "Y": 2, "Z": 4}


class UnreadableError(Exception):
    """The reason why a file is not read."""


def main() -> int:
    """Read, convert, write; the exit status is 1 if the file cannot be read."""
    _limit_memory()
    os.environ["PXR_WORK_THREAD_LIMIT"] = "1"
    import numpy as np
    from pxr import Tf

    content = sys.stdin.buffer.read()
    suffix, place = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            if place is None or place.suffix.lower() not in _SUFFIXES:
                place = Path(folder) / f"stage{suffix}"
                place.write_bytes(content)
            arrays = _arrays(place)
    except (Tf.ErrorException, UnreadableError, MemoryError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or "no reason given"
        print(f"{type(error).__name__}: {reason}"[:300], file=sys.stderr)
        return 1
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    sys.stdout.buffer.write(archive.getbuffer())
    sys.stdout.flush()
    os._exit(0)  # the library's destructors have nothing left to do, and can crash


def _arrays(place: Path) -> dict[str, Any]:
    """Nodes and key frames: of each skeleton a node for its prim, and its joints below it."""
    import numpy as np
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.Open(str(place))
    if stage is None:
        raise UnreadableError("the stage cannot be opened")
    fps = stage.GetTimeCodesPerSecond() or 24.0
    prims = list(stage.Traverse(Usd.TraverseInstanceProxies()))
    skeletons = [UsdSkel.Skeleton(prim) for prim in prims if prim.IsA(UsdSkel.Skeleton)]
    animations = [UsdSkel.Animation(prim) for prim in prims if prim.IsA(UsdSkel.Animation)]
    names: list[str] = []
    parents: list[int] = []
    rests: list[tuple[Any, ...]] = []
    first_nodes: list[int] = []
    tokens: list[dict[str, int]] = []
    for skeleton in skeletons:
        joints = [str(token) for token in skeleton.GetJointsAttr().Get() or ()]
        if not joints or len(set(joints)) < len(joints):
            raise UnreadableError("a skeleton without joints, or with two of one name")
        own = {joint: len(names) + 1 + number for number, joint in enumerate(joints)}
        first_nodes.append(len(names))
        tokens.append(own)
        names.append(skeleton.GetPrim().GetName())
        parents.append(-1)
        rests.append(_parts(UsdGeom.Xformable(skeleton).ComputeLocalToWorldTransform(Usd.TimeCode.EarliestTime())))
        names += [joint.rpartition("/")[2] for joint in joints]
        parents += [_parent(joint, own, first_nodes[-1]) for joint in joints]
        rests += [_parts(matrix) for matrix in _rest_transforms(skeleton, joints, own)]
    takes: list[dict[str, str]] = []
    tables: dict[str, Any] = {}
    for name, pairs in _takes(skeletons, animations, tokens):
        rows: dict[str, list[Any]] = {"translation": [], "rotation": [], "scale": []}
        for number, animation in pairs:
            _add_keys(rows, animation, tokens[number], fps)
            _add_root_keys(rows, skeletons[number], first_nodes[number], fps)
        if any(rows.values()):
            tables |= {f"{target}-{len(takes)}": np.concatenate(own) for target, own in rows.items() if own}
            takes.append({"name": name})
    is_joint = np.ones(len(names), np.bool_)
    is_joint[first_nodes] = False
    document = {
        "names": names,
        "takes": takes,
        "fps": _rate(tables, fps),
        "up": _UP[str(UsdGeom.GetStageUpAxis(stage))],
    }
    return {
        "parents": np.array(parents, np.int64),
        "translations": np.array([rest[0] for rest in rests], np.float64).reshape(-1, 3),
        "rotations": np.array([rest[1] for rest in rests], np.float64).reshape(-1, 4),
        "scales": np.array([rest[2] for rest in rests], np.float64).reshape(-1, 3),
        "is_joint": is_joint,
        "has_shape": np.zeros(len(names), np.bool_),
        "document": np.array(json.dumps(document)),
        **tables,
    }


def _parent(joint: str, own: dict[str, int], above: int) -> int:
    """The node of the nearest joint above, `above` for none."""
    path = joint.rpartition("/")[0]
    while path and path not in own:
        path = path.rpartition("/")[0]
    return own.get(path, above)


def _parts(matrix: Any) -> tuple[Any, ...]:
    """Translation, rotation x, y, z, w and scale of a transform."""
    from pxr import Gf

    transform = Gf.Transform(matrix)
    rotation = transform.GetRotation().GetQuat()
    return (
        tuple(transform.GetTranslation()),
        (*rotation.GetImaginary(), rotation.GetReal()),
        tuple(transform.GetScale()),
    )


def _rest_transforms(skeleton: Any, joints: list[str], own: dict[str, int]) -> list[Any]:
    """Transforms of the joints at rest in their parents: the file's, or those of the bind pose."""
    from pxr import Gf

    rests = skeleton.GetRestTransformsAttr().Get()
    if rests is not None and len(rests) == len(joints):
        return list(rests)
    binds = skeleton.GetBindTransformsAttr().Get()
    if binds is None or len(binds) != len(joints):
        return [Gf.Matrix4d(1.0)] * len(joints)
    first = min(own.values())
    above = [_parent(joint, own, -1) for joint in joints]
    return [
        bind if parent < 0 else bind * binds[parent - first].GetInverse()
        for bind, parent in zip(binds, above, strict=True)
    ]


def _takes(
    skeletons: list[Any], animations: list[Any], tokens: list[dict[str, int]]
) -> Iterator[tuple[str, list[tuple[int, Any]]]]:
    """The animations that skeletons are bound to, then each other one on the skeleton that it fits best."""
    from pxr import UsdSkel

    bound: list[tuple[int, Any]] = []
    for number, skeleton in enumerate(skeletons):
        source = UsdSkel.BindingAPI(skeleton.GetPrim()).GetInheritedAnimationSource()
        if source and source.IsA(UsdSkel.Animation):
            bound.append((number, UsdSkel.Animation(source)))
    if bound:
        yield bound[0][1].GetPrim().GetName(), bound
    taken = {animation.GetPath() for _, animation in bound}
    for animation in animations:
        if animation.GetPath() not in taken:
            joints: set[str] = {str(token) for token in animation.GetJointsAttr().Get() or ()}
            fits = [len(joints.intersection(own)) for own in tokens]
            most = max(fits, default=0)
            if most:
                yield animation.GetPrim().GetName(), [(fits.index(most), animation)]


def _add_keys(rows: dict[str, list[Any]], animation: Any, own: dict[str, int], fps: float) -> None:
    """Rows of node, seconds and values for the joints of an animation that the skeleton has."""
    import numpy as np

    joints = [str(token) for token in animation.GetJointsAttr().Get() or ()]
    nodes = np.array([own.get(joint, -1) for joint in joints])
    known = np.flatnonzero(nodes >= 0)
    attributes = {
        "translation": animation.GetTranslationsAttr(),
        "rotation": animation.GetRotationsAttr(),
        "scale": animation.GetScalesAttr(),
    }
    all_times = sorted({time for attribute in attributes.values() for time in attribute.GetTimeSamples()})
    if len(all_times) < 2:
        return
    for target, attribute in attributes.items():
        times = attribute.GetTimeSamples()
        if not times and attribute.Get() is not None:
            times = all_times[:1]
        _require_few(rows, len(times) * len(joints))
        values = []
        for time in times:
            value = attribute.Get(time)
            if value is None or len(value) != len(joints):
                raise UnreadableError(f"{target}s that are not one for each of {len(joints)} joints")
            if target == "rotation":
                values.append([(*each.GetImaginary(), each.GetReal()) for each in value])
            else:
                values.append([tuple(each) for each in value])
        if values and len(known):
            _append(rows[target], nodes[known], np.array(times) / fps, np.array(values, np.float64)[:, known])


def _add_root_keys(rows: dict[str, list[Any]], skeleton: Any, node: int, fps: float) -> None:
    """Rows for the prim of a skeleton, if it or what it is in moves."""
    import numpy as np
    from pxr import UsdGeom

    times: set[float] = set()
    prim = skeleton.GetPrim()
    while prim and not prim.IsPseudoRoot():
        if prim.IsA(UsdGeom.Xformable):
            times |= set(UsdGeom.Xformable(prim).GetTimeSamples())
        prim = prim.GetParent()
    _require_few(rows, len(times))
    ordered = sorted(times)
    if len(ordered) > 1:
        parts = [_parts(UsdGeom.Xformable(skeleton).ComputeLocalToWorldTransform(time)) for time in ordered]
        for number, target in enumerate(("translation", "rotation", "scale")):
            values = np.array([part[number] for part in parts], np.float64)[:, None]
            _append(rows[target], np.array([node]), np.array(ordered) / fps, values)


def _append(rows: list[Any], nodes: Any, times_s: Any, values: Any) -> None:
    """Add rows of values (T, K, C) of K nodes, those of a node one after another."""
    import numpy as np

    table = np.empty((len(nodes), len(times_s), 2 + values.shape[2]))
    table[..., 0], table[..., 1] = nodes[:, None], times_s
    table[..., 2:] = values.transpose(1, 0, 2)
    rows.append(table.reshape(-1, table.shape[2]))


def _require_few(rows: dict[str, list[Any]], more: int) -> None:
    if more + sum(len(table) for own in rows.values() for table in own) > MOST_KEYS:
        raise UnreadableError(f"more than {MOST_KEYS} key frames")


def _rate(tables: dict[str, Any], fps: float) -> float:
    """Time codes a second if the key frames lie on time codes and that is a rate of motion capture, else 0."""
    import numpy as np

    times = [table[:, 1] * fps for table in tables.values()]
    is_even = all(np.abs(codes - np.round(codes)).max() < 1e-3 for codes in times)
    return fps if is_even and 10 <= fps <= 480 else 0.0


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    sys.exit(main())
