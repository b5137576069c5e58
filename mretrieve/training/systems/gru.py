"""The training of `gru`, the small network that learns a user's own labels in about a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ...encoders.systems.gru import GruSettings
from ...motion import Clip
from ...motion.lifted_clip import LiftedClip
from ..batches import Augment, Sampling
from ..embedding import EmbeddingRecipe, EmbeddingTask
from ..objectives import BASELINE_LOSSES, ClassObjective
from ..task import Optimiser

#: Frames of a view, every one of which is looked at.
_LONGEST_FILMED = 60
#: Number of updates for few clips; one more for each clip, up to those of the recipe.
_FEWEST_UPDATES = 300

#: Chosen on JHMDB's first split and on bandai1, so figures on those are seen: see docs/research/adaptation.md.
RECIPES = {
    "gru": EmbeddingRecipe(
        architecture="gru",
        network=GruSettings(dropout=0.5),
        objective=ClassObjective("supcon"),
        sampling=Sampling(per_class=5, others=13, longest=128),
        augment=Augment(
            shortest_part=0.5, fastest=2.0, yaw_deg=5.0, joint_offset_m=0.05, noise_m=0.02, missing_share=0.0
        ),
        optimiser=Optimiser("adam", 2e-3, "cosine", largest_gradient=5.0),
        updates=700,
    )
}
LOSSES = {name: partial(ClassObjective, name) for name in BASELINE_LOSSES}
make_task = EmbeddingTask


def adaptation_recipe(clips: Sequence[Clip]) -> EmbeddingRecipe:
    """See TrainingModule: fewer updates for few clips; lifted clips are seen as the camera saw them."""
    recipe = RECIPES["gru"]
    recipe = replace(recipe, updates=min(recipe.updates, _FEWEST_UPDATES + len(clips)))
    if not all(isinstance(clip, LiftedClip) for clip in clips):
        return recipe
    return recipe.with_changes(
        {
            "network.view": "filmed",
            "network.stride": 1,
            "sampling.longest": min(recipe.sampling.longest, _LONGEST_FILMED),
        }
    )
