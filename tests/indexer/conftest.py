"""A few generated BVH files, and a repository to put them in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

#: (name, parent, offset in centimetres) of a standing adult facing +Z.
BODY = [
    ("Hips", "", (0, 95, 0)),
    ("LeftUpLeg", "Hips", (10, -5, 0)),
    ("LeftLeg", "LeftUpLeg", (0, -42, 0)),
    ("LeftFoot", "LeftLeg", (0, -42, 0)),
    ("LeftToe", "LeftFoot", (0, -5, 14)),
    ("RightUpLeg", "Hips", (-10, -5, 0)),
    ("RightLeg", "RightUpLeg", (0, -42, 0)),
    ("RightFoot", "RightLeg", (0, -42, 0)),
    ("RightToe", "RightFoot", (0, -5, 14)),
    ("Spine", "Hips", (0, 12, 0)),
    ("Spine1", "Spine", (0, 12, 0)),
    ("Spine2", "Spine1", (0, 12, 0)),
    ("Neck", "Spine2", (0, 18, 0)),
    ("Head", "Neck", (0, 10, 0)),
    ("LeftShoulder", "Spine2", (4, 12, 0)),
    ("LeftArm", "LeftShoulder", (14, 0, 0)),
    ("LeftForeArm", "LeftArm", (28, 0, 0)),
    ("LeftHand", "LeftForeArm", (25, 0, 0)),
    ("RightShoulder", "Spine2", (-4, 12, 0)),
    ("RightArm", "RightShoulder", (-14, 0, 0)),
    ("RightForeArm", "RightArm", (-28, 0, 0)),
    ("RightHand", "RightForeArm", (-25, 0, 0)),
]


def _bvh_text(seconds: float = 1.0, seed: int = 0, fps: float = 30.0) -> str:
    """A body that swings its limbs at its own pace; another seed is another motion."""
    lines = ["HIERARCHY"]

    def add(name: str, offset: tuple[float, float, float], depth: int) -> None:
        indent = "  " * depth
        lines.append(f"{indent}{'JOINT' if depth else 'ROOT'} {name}")
        lines.append(f"{indent}{{\n{indent}  OFFSET {offset[0]} {offset[1]} {offset[2]}")
        channels = "3 Zrotation Xrotation Yrotation"
        lines.append(f"{indent}  CHANNELS {channels if depth else '6 Xposition Yposition Zposition ' + channels[2:]}")
        children = [joint for joint in BODY if joint[1] == name]
        for child, _, child_offset in children:
            add(child, child_offset, depth + 1)
        if not children:
            lines.append(f"{indent}  End Site\n{indent}  {{\n{indent}    OFFSET 0 5 0\n{indent}  }}")
        lines.append(f"{indent}}}")

    add("Hips", (0, 95, 0), 0)
    random = np.random.default_rng(seed)
    frames = round(seconds * fps)
    time = np.arange(frames)[:, None] / fps
    pace, phase, reach = random.uniform(0.3, 2, 66), random.uniform(0, 6, 66), random.uniform(0, 30, 66)
    angles = reach * np.sin(2 * np.pi * pace * time + phase)
    path = np.hstack([time * 40, np.full((frames, 1), 95.0), time * 60])
    rows = np.hstack([path, angles])
    lines.append(f"MOTION\nFrames: {frames}\nFrame Time: {1 / fps:.8f}")
    lines += [" ".join(f"{value:.4f}" for value in row) for row in rows]
    return "\n".join(lines) + "\n"


WriteMotion = Callable[..., Path]


@pytest.fixture(scope="session")
def bvh_text() -> Callable[..., str]:
    """The text of a generated BVH file: bvh_text(seconds=2, seed=1)."""
    return _bvh_text


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty folder for motion files; the index of a test goes beside it."""
    folder = tmp_path / "motions"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where a test's index is made."""
    return tmp_path / "index"


@pytest.fixture
def write_motion(repository: Path) -> WriteMotion:
    """Writes a BVH file into the repository: write_motion("walks/a.bvh", seconds=2, seed=1)."""

    def write(name: str, seconds: float = 1.0, seed: int = 0, fps: float = 30.0) -> Path:
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_bvh_text(seconds, seed, fps))
        return path

    return write


@pytest.fixture
def some_motions(write_motion: WriteMotion) -> list[str]:
    """Three short clips in the repository."""
    names = ["a.bvh", "sub/a.bvh", "sub/b.bvh"]
    for seed, name in enumerate(names):
        write_motion(name, seed=seed)
    return names
