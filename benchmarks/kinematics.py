"""Forward kinematics: mretrieve beside upc-pymotion, pybvh and plain NumPy.

    python benchmarks/kinematics.py [--rounds 25]

From the channels of a file (Euler angles) to the world positions of all joints and end sites, on the 101-joint rig of
the CMU takes. pymotion starts from quaternions that are made before the clock starts, so it has less to do; pybvh and
NumPy (one matrix product a joint over all frames) start from the angles too. All take turns in every round, in one
process with one thread; medians over the rounds of processor time. Errors are against float64, in the file's unit (cm).
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from mretrieve.motion import ROTATE_X, Rig  # noqa: E402
from mretrieve.motion.kinematics import local_rotations  # noqa: E402

Solve = Callable[[], NDArray[np.floating]]  # positions (T, J, 3)


def plain_positions(rig: Rig, channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (T, J, 3) by NumPy in float64: a rotation a joint, all frames at once."""
    local = local_rotations(rig, channels)
    world, positions = np.empty_like(local), np.empty((len(channels), len(rig.parents), 3))
    offsets = np.broadcast_to(rig.offsets, positions.shape).copy()
    for column in np.flatnonzero(rig.channel_kinds < ROTATE_X):
        offsets[:, rig.channel_joints[column], rig.channel_kinds[column]] = channels[:, column]
    for joint, parent in enumerate(rig.parents):
        if parent < 0:
            world[:, joint], positions[:, joint] = local[:, joint], offsets[:, joint]
        else:
            world[:, joint] = world[:, parent] @ local[:, joint]
            positions[:, joint] = positions[:, parent] + (world[:, parent] @ offsets[:, joint, :, None])[..., 0]
    return positions


def pymotion_solver(rig: Rig, channels: NDArray[np.float64]) -> Solve:
    """pymotion's fk; End Sites are joints that do not turn."""
    from pymotion.ops import skeleton
    from pymotion.rotations import quat

    quaternions = quat.from_matrix(local_rotations(rig, channels))
    parents = np.maximum(rig.parents, 0)
    root = np.stack(
        [channels[:, np.flatnonzero((rig.channel_joints == 0) & (rig.channel_kinds == axis))[0]] for axis in range(3)],
        1,
    )
    offsets = rig.offsets.copy()
    offsets[0] = 0
    return lambda: np.asarray(skeleton.fk(quaternions, root, offsets, parents)[0])


def pybvh_solver(path: Path) -> Solve:
    """pybvh's frames_to_node_positions, all frames of a file."""
    import pybvh

    take = pybvh.read_bvh_file(path)
    return lambda: np.asarray(take.node_positions())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25, help="how often each method takes its turn")
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    mocap = Path(os.environ.get("MRETRIEVE_MOCAP") or Path(__file__).parents[2] / "shared" / "mocap")
    if not mocap.is_dir():
        raise SystemExit(f"{mocap}: no such folder; set MRETRIEVE_MOCAP to the folder of real motion capture")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "pybvh", "upc-pymotion"))
    print("# Forward kinematics, medians of", rounds, "rounds;", packages)


if __name__ == "__main__":
    main()
