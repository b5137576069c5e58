"""The labelled clips of the folder of real motion capture, read by the library's own readers."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve import Clip, Motion, canonicalise, read
from mretrieve.motion import Rig

METRES_PER_CMU_UNIT = 0.0254 / 0.45  # inches, divided by the `length 0.45` that every CMU skeleton declares


@dataclass(frozen=True, eq=False)
class Labelled:
    """A clip, what happens in it, and the group (performer, style, recording) within which it must not answer."""

    clip: Clip
    label: str
    group: str
    path: str


def mocap_folder(named: Path | None = None) -> Path:
    """The folder of real motion capture: as named, $MRETRIEVE_MOCAP, or shared/mocap beside this checkout."""
    folder = named or Path(os.environ.get("MRETRIEVE_MOCAP") or Path(__file__).parents[2] / "shared" / "mocap")
    if not (folder / "hdm05").is_dir():
        raise SystemExit(f"{folder}: no hdm05/ in it; set MRETRIEVE_MOCAP to the folder of real motion capture")
    return folder


def hdm05(mocap: Path) -> list[Labelled]:
    """288 clips of 11 classes; group = performer. Performer tr is for tests only."""
    return _listed(mocap / "hdm05", "labels.csv", "label", "subject")


def bandai1(mocap: Path) -> list[Labelled]:
    """174 clips of 13 contents; group = style. For tests only: its licence forbids training of shipped weights."""
    return _listed(mocap / "bandai1", "labels.csv", "label", "style")


def cmu_bvh(mocap: Path) -> list[Labelled]:
    """58 clips; label = the description's first known word; group = file."""
    return [
        Labelled(item.clip, _coarse(item.label), item.path, item.path)
        for item in _listed(mocap / "cmu" / "bvh", "index.csv", "description", "subject")
    ]


def cmu_asfamc(mocap: Path) -> list[Labelled]:
    """10 clips; group = the stem of the file in cmu/bvh that holds the same performance."""
    files = sorted((mocap / "cmu" / "asfamc").glob("*.amc"))
    return [Labelled(canonicalise(read(path)[0]), "", f"0{path.stem}", path.name) for path in files]


def cmu_expmap(mocap: Path) -> list[Labelled]:
    """51 clips of 8 classes; group = file."""
    layout = json.loads((mocap / "expmap_skeletons.json").read_text(encoding="utf-8"))["cmu"]
    folder = mocap / "cmu" / "expmap"
    items = []
    for row in _rows(folder / "labels.csv"):
        motion = read_exponential_map(folder / row["path"], layout, METRES_PER_CMU_UNIT)
        items.append(Labelled(canonicalise(motion), row["label"], row["path"], row["path"]))
    return items


def training_clips(mocap: Path) -> list[Labelled]:
    """What shipped weights may be fitted on: HDM05 without performer tr, and CMU."""
    return [item for item in hdm05(mocap) if item.group != "tr"] + cmu_expmap(mocap) + cmu_bvh(mocap)


def read_exponential_map(path: Path, layout: dict[str, object], metres_per_unit: float) -> Motion:
    """Exponential maps, one frame a row, laid out as `expmap_skeletons.json` says; row 0, a rest pose, goes."""
    rows = np.loadtxt(path, delimiter=",", usecols=range(int(str(layout["columns"]))), ndmin=2)[1:]
    joints = layout["joints"]
    assert isinstance(joints, list)
    parents = np.array([joint["parent"] for joint in joints], np.int32)
    offsets = np.array([joint["offset"] for joint in joints])
    turns = _matrices(rows[:, 3:].reshape(len(rows), -1, 3))
    positions = np.zeros((len(rows), len(joints), 3))
    for joint, parent in enumerate(parents):  # rows times matrices: the global rotation is applied from the right
        if parent < 0:
            positions[:, joint] = rows[:, :3]
        else:
            positions[:, joint] = positions[:, parent] + offsets[joint] @ turns[:, parent]
            turns[:, joint] = turns[:, joint] @ turns[:, parent]
    rig = Rig(tuple(joint["name"] for joint in joints), parents, offsets)
    fps = float(str(layout["fps"]))
    return Motion(rig, positions.astype(np.float32), fps, path, metres_per_unit=metres_per_unit)


def _matrices(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices (T, J, 3, 3) of rotation vectors (T, J, 3), for column vectors (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vectors / np.maximum(angle[..., 0], 1e-12), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _listed(folder: Path, table: str, label: str, group: str) -> list[Labelled]:
    return [
        Labelled(canonicalise(read(folder / row["path"])[0]), row[label], row[group], row["path"])
        for row in _rows(folder / table)
    ]


def _rows(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _coarse(description: str) -> str:
    words = ("walk", "run", "jump", "punch", "bend", "sword", "wash", "dance", "dribble")
    return next((word for word in words if word in description), description)
