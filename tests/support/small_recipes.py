"""Recipes so small that a training takes a second."""

from __future__ import annotations

from dataclasses import replace


def make_recipes_small() -> None:
    """Give every default recipe a tiny network, tiny batches and few updates, in this process."""
    import mretrieve.training.recipe as recipes
    import mretrieve.training.submotion as submotion
    from mretrieve.encoders.systems.deephums import DeepHumsSettings
    from mretrieve.encoders.systems.gru import GruSettings
    from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings

    networks = {
        "mmd-nca": MmdNcaSettings(hidden=8, fully_connected=16, embedding=8),
        "deephums": DeepHumsSettings(layers=2, hidden=16, embedding=16),
        "gru": GruSettings(hidden=8, embedding=8),
    }
    for name, recipe in recipes.RECIPES.items():
        small = networks[recipe.architecture]
        sampling = replace(recipe.sampling, per_class=3, others=3, longest=20)
        recipes.RECIPES[name] = replace(recipe, network=small, sampling=sampling, updates=6, validate_every=3)
    whole = submotion._SUBMOTION
    submotion._SUBMOTION = replace(
        whole, network=GruSettings(hidden=8, hops=1), pieces=replace(whole.pieces, count=4), updates=6, validate_every=3
    )
