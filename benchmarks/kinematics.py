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
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from mocap_sets import mocap_folder  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

import mretrieve  # noqa: E402
from mretrieve.motion import ROTATE_X, Rig  # noqa: E402
from mretrieve.motion.motion import joint_positions  # noqa: E402

Solve = Callable[[], NDArray[np.floating]]  # positions (T, J, 3)


def plain_positions(rig: Rig, channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (T, J, 3) by NumPy in float64: a rotation a joint, all frames at once."""
    local = rig.poses(channels).rotations
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
    """pymotion's fk from quaternions; End Sites are joints that do not turn."""
    from pymotion.ops import skeleton
    from pymotion.rotations import quat

    quaternions = quat.from_matrix(rig.poses(channels).rotations)
    root = plain_positions(rig, channels)[:, 0]
    offsets = np.where(rig.parents[:, None] < 0, 0.0, rig.offsets)
    parents = np.maximum(rig.parents, 0)
    return lambda: np.asarray(skeleton.fk(quaternions, root, offsets, parents)[0])


def pybvh_solver(path: Path) -> Solve:
    """pybvh's positions of all nodes, from the angles that it read."""
    import pybvh

    take = pybvh.read_bvh_file(path)
    return lambda: np.asarray(pybvh.frames_to_node_positions(take))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25, help="how often each method takes its turn")
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    mocap = mocap_folder()
    path = max(mocap.glob("cmu/bvh/*.bvh"), key=lambda path: path.stat().st_size)
    started = time.perf_counter()
    (motion,) = mretrieve.read(path)
    first_call = time.perf_counter() - started
    rig, channels = motion.rig, motion.channels
    assert channels is not None
    methods: dict[str, Solve] = {
        "mretrieve": lambda: joint_positions(rig, channels),
        "upc-pymotion fk (quaternions ready)": pymotion_solver(rig, channels),
        "pybvh frames_to_node_positions": pybvh_solver(path),
        "NumPy, a product a joint": lambda: plain_positions(rig, channels),
    }
    exact = plain_positions(rig, channels)
    errors = {name: float(np.abs(solve() - exact).max()) for name, solve in methods.items()}
    taken: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(rounds):
        for name, solve in methods.items():
            started = time.process_time()
            solve()
            taken[name].append(time.process_time() - started)

    frames = len(channels)
    rates = {name: frames / float(np.median(seconds)) for name, seconds in taken.items()}
    fastest_peer = max(rate for name, rate in rates.items() if name != "mretrieve")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "pybvh", "upc-pymotion"))
    turning = len(np.unique(rig.channel_joints))
    print(f"# Forward kinematics, medians of {rounds} rounds; {packages}")
    print(f"{path.name}: {frames} frames, {len(rig.parents)} joints and end sites, of which {turning} turn")
    print(f"first-call compilation, or loading compiled code, excluded: {first_call:.2f} s with reading")
    print(f"\n{'method':38} {'frames/s':>10} {'times the fastest peer':>24} {'largest error, cm':>18}")
    for name, rate in rates.items():
        print(f"{name:38} {rate:10,.0f} {rate / fastest_peer:24.1f} {errors[name]:18.1e}")


if __name__ == "__main__":
    main()
