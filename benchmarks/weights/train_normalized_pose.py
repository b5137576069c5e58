"""Train `normalized-pose` and write its weights with their card.

    python benchmarks/weights/train_normalized_pose.py [--mocap DIR] [--output FILE] [--updates N] [--seed N]
                                                       [--part-minutes N] [--resume]

Trained on the clips that the lifting network is trained on, and from its weights. The weights of the last update are
kept. How good they are: `mretrieve evaluate dense-correspondence` and `anthropometry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from train_lifting import FOLDERS, LICENCE, training_clips
from training_in_parts import Training, training_command

from mretrieve.encoders.catalogue import WEIGHTS
from mretrieve.encoders.systems.normalized_pose import ARCHITECTURE, NormalizedPose
from mretrieve.evaluation.anthropometry import SEED, encoder_scores, of_unseen_performer, two_bodies
from mretrieve.evaluation.data_sets import view_split
from mretrieve.motion import LabelledClip
from mretrieve.training.card import data_card
from mretrieve.training.systems.normalized_pose import RECIPES, NormalizedPoseTask

_RECIPE = RECIPES[ARCHITECTURE]
_WEIGHTS = WEIGHTS / "normalized_pose.safetensors"


def report(encoder: NormalizedPose, unseen: Sequence[LabelledClip]) -> tuple[str, ...]:
    """Lines for the card: the figures of the protocol `anthropometry`."""
    scores = encoder_scores(encoder, two_bodies([item.clip for item in unseen], SEED))
    performer = of_unseen_performer(unseen)
    return (
        f"{len(unseen)} clips that nothing was trained or chosen on, each filmed by one random camera on two bodies:",
        f"- joints (MPJPE): {scores.errors_mm.mean():.1f} mm off, "
        f"{scores.errors_mm[performer].mean():.1f} mm for the unseen performer",
        f"- change of the normalised pose with the bones of the body: {scores.change_mm:.1f} mm",
    )


def prepared(mocap: Path, updates: int) -> Training:
    """The training, and the card of its result."""
    clips = training_clips(mocap)
    return Training(
        make_task=lambda: NormalizedPoseTask(replace(_RECIPE, updates=updates), clips),
        data=data_card(FOLDERS, clips, (), LICENCE),
        report=lambda encoder: report(encoder, view_split(mocap).unseen),
    )


if __name__ == "__main__":
    training_command(__doc__, "train_normalized_pose.py", _WEIGHTS, _RECIPE.updates, prepared)()
