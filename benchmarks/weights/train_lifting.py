"""Train the network that lifts views to clips, and write its weights with their card.

    python benchmarks/weights/train_lifting.py [--mocap DIR] [--output FILE] [--updates N] [--seed N]
                                               [--part-minutes N] [--resume]

Trained on HDM05's performers bd, bk and dg (CC BY-SA 3.0) and on half of the takes of CMU motion capture (free for all
uses). The weights of the last update are kept. How far lifted clips are from the truth: benchmarks/lifting.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mretrieve import read
from mretrieve.evaluation.data_sets import view_split
from mretrieve.evaluation.lifting import lifting_errors
from mretrieve.lifting import lift_with_camera
from mretrieve.lifting.network import LiftingNetwork
from mretrieve.lifting.weights_file import WEIGHTS
from mretrieve.motion import LabelledClip, canonicalise
from mretrieve.training.card import data_card
from mretrieve.training.systems.lifting import RECIPE, LiftingTask

sys.path.append(str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parent))
from lifting import CONDITIONS, SEED
from mocap_sets import LICENCE, cmu_asfamc
from training_in_parts import Training, training_command

FOLDERS = (
    "hdm05 (performers bd, bk, dg)",
    "cmu/bvh and cmu/expmap (every second take)",
    "cmu/asfamc (the same takes)",
    "cmu-extra (amc, bvh)",
)
#: Takes of cmu-extra whose performer may be that of clips that are not trained on.
_NEAR_COPIES = {"35_01"}


def training_clips(mocap: Path) -> list[LabelledClip]:
    """What is trained on, without labels: `trained` of the split, its takes again on another rig, and more of CMU."""
    trained = view_split(mocap).trained
    takes = {Path(item.path).stem for item in trained}
    again = [item for item in cmu_asfamc(mocap) if item.group in takes]
    files = sorted(path for kind in ("amc/*.amc", "bvh/*.bvh") for path in (mocap / "cmu-extra").glob(kind))
    more = [LabelledClip(canonicalise(read(path)[0]), "", path.stem, path.name) for path in files]
    more = [item for item in more if item.group not in _NEAR_COPIES]
    return [replace(item, label="") for item in (*trained, *again, *more)]


def report(network: LiftingNetwork, unseen: Sequence[LabelledClip]) -> tuple[str, ...]:
    """Lines for the card: how far lifted clips of performer tr are from the truth."""
    clips = [item.clip for item in unseen if item.group == "tr"]
    lines = [f"{len(clips)} clips of HDM05's performer tr, each filmed by one random camera (pitch -10 to 30 degrees):"]
    for name, (cameras, errors) in CONDITIONS.items():
        row = lifting_errors(clips, lambda view: lift_with_camera(view, network), cameras, errors, SEED)
        lines.append(
            f"- {name}: bones {row.bone_deg:.1f} degrees, joints {row.joint_mm:.0f} mm, heading {row.heading_deg:.1f} "
            f"degrees, pitch of the camera {row.pitch_deg:.1f} degrees off"
        )
    return tuple(lines)


def prepared(mocap: Path, updates: int) -> Training:
    """The training, and the card of its result."""
    clips = training_clips(mocap)
    return Training(
        make_task=lambda: LiftingTask(replace(RECIPE, updates=updates), clips),
        data=data_card(FOLDERS, clips, (), LICENCE),
        report=lambda network: report(network, view_split(mocap).unseen),
    )


if __name__ == "__main__":
    training_command(__doc__, "train_lifting.py", WEIGHTS, RECIPE.updates, prepared)()
