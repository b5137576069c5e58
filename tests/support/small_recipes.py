"""Recipes so small that a training takes a second."""

from __future__ import annotations

from dataclasses import replace


def make_recipes_small() -> None:
    """Give every default recipe a tiny network, tiny batches and few updates, in this process."""
    from mretrieve.encoders.systems.body_part_embedding import BodyPartSettings
    from mretrieve.encoders.systems.deephums import DeepHumsSettings
    from mretrieve.encoders.systems.gru import GruSettings
    from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings
    from mretrieve.training.body_parts.network import DecodingSettings
    from mretrieve.training.systems import body_part_embedding, deephums, gru, mmd_nca, normalized_pose, submotion

    for module, network in (
        (mmd_nca, MmdNcaSettings(hidden=8, fully_connected=16, embedding=8)),
        (deephums, DeepHumsSettings(layers=2, hidden=16, embedding=16)),
        (gru, GruSettings(hidden=8, embedding=8)),
    ):
        for name, recipe in module.RECIPES.items():
            sampling = replace(recipe.sampling, per_class=3, others=3, longest=20)
            module.RECIPES[name] = replace(recipe, network=network, sampling=sampling, updates=6, validate_every=3)
    name, poses = next(iter(normalized_pose.RECIPES.items()))
    tiny = {"width": 16, "dilations": (1, 2), "hidden": 16, "batch": 2, "longest": 20}
    normalized_pose.RECIPES[name] = replace(poses, **tiny, updates=6, validate_every=3)
    whole = submotion.RECIPES["submotion"]
    small = {"network": GruSettings(hidden=8, hops=1), "pieces": replace(whole.pieces, count=4)}
    submotion.RECIPES["submotion"] = replace(whole, **small, updates=6, validate_every=3)
    parts = {"network": BodyPartSettings(torso=16, limb=12), "decoding": DecodingSettings(8, 6, 8, hidden=8)}
    name, recipe = next(iter(body_part_embedding.RECIPES.items()))
    body_part_embedding.RECIPES[name] = replace(recipe, **parts, sets=4, updates=6, validate_every=3)
