"""Training of the learned encoders: losses, batches, one loop for all of them."""

from .loop import Progress, Trained, train
from .recipe import RECIPES, Recipe, default_recipe

__all__ = ["RECIPES", "Progress", "Recipe", "Trained", "default_recipe", "train"]
