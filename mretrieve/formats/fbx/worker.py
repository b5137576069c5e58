"""The program that reads one FBX file with ufbx, in a process of its own and without the rest of mretrieve.

It reads the file from standard input and writes an .npz archive of arrays to standard output, which `reader` turns into
motions; a reason in one line goes to standard error. The bindings of ufbx crash if Python frees one of their objects
too early, so nothing is freed: every object is kept, and the garbage collector is off.
"""

from __future__ import annotations

import gc
import io
import json
import sys
from typing import Any

#: Address space of the process (bytes), if the system can limit it.
MEMORY_LIMIT = 4 << 30
#: Key frames that are converted; each takes some microseconds.
MOST_KEYS = 20_000_000


def main() -> int:
    """Read, convert, write; the exit status is 1 if the file cannot be read."""
    _limit_memory()
    gc.disable()
    import numpy as np
    import ufbx

    kept: list[Any] = []
    try:
        scene = ufbx.load_memory(
            sys.stdin.buffer.read(),
            ignore_geometry=True,
            ignore_embedded=True,
            load_external_files=False,
            inherit_mode_handling=ufbx.InheritModeHandling.HELPER_NODES,
        )
        arrays = _arrays(ufbx, scene, kept)
    except (ufbx.UfbxError, MemoryError, ValueError) as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        return 1
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    sys.stdout.buffer.write(archive.getbuffer())
    return 0


def _arrays(ufbx: Any, scene: Any, kept: list[Any]) -> dict[str, Any]:
    """The nodes, and a table of key frames for each take and property."""
    import numpy as np

    def keep(value: Any) -> Any:
        kept.append(value)
        return value

    settings = keep(scene.settings)
    nodes = [keep(node) for node in keep(scene.nodes)]
    number_of = {node.typed_id: number for number, node in enumerate(nodes)}
    placed = [keep(node.local_transform) for node in nodes]
    parents = [keep(node.parent) for node in nodes]
    takes: list[dict[str, Any]] = []
    tables: dict[str, Any] = {}
    key_count = 0
    for stack in map(keep, keep(scene.anim_stacks)):
        anim = keep(stack.anim)
        baked = keep(ufbx.bake_anim(scene, anim, resample_rate=settings.frames_per_second or 30.0))
        rows: dict[str, list[list[float]]] = {"translation": [], "rotation": [], "scale": []}
        for animated in map(keep, keep(baked.nodes)):
            node = number_of[animated.typed_id]
            for target, own in rows.items():
                keys = keep(getattr(animated, f"{target}_keys"))
                key_count += len(keys)
                if key_count > MOST_KEYS:
                    raise ValueError(f"more than {MOST_KEYS} key frames")
                own += [[node, key.time, *_vector(keep(key.value))] for key in map(keep, keys)]
        tables |= {f"{target}-{len(takes)}": np.array(own, np.float64) for target, own in rows.items() if own}
        takes.append({"name": stack.name, "start_s": anim.time_begin, "end_s": anim.time_end})
    return {
        "parents": np.array([-1 if parent is None else number_of[parent.typed_id] for parent in parents], np.int64),
        "translations": np.array([_vector(keep(each.translation)) for each in placed], np.float64),
        "rotations": np.array([_vector(keep(each.rotation)) for each in placed], np.float64),
        "scales": np.array([_vector(keep(each.scale)) for each in placed], np.float64),
        "is_joint": np.array([keep(node.bone) is not None for node in nodes], np.bool_),
        "has_shape": np.array(
            [keep(node.mesh) is not None or keep(node.camera) is not None for node in nodes], np.bool_
        ),
        "document": np.array(
            json.dumps(
                {
                    "names": [node.name for node in nodes],
                    "takes": takes,
                    "fps": settings.frames_per_second,
                    "up": int(keep(settings.axes).up),
                }
            )
        ),
        **tables,
    }


def _vector(value: Any) -> tuple[float, ...]:
    return (value.x, value.y, value.z, value.w) if hasattr(value, "w") else (value.x, value.y, value.z)


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
