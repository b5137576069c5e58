"""Training of the learned encoders: one loop, with recipes and losses of its own for each system."""

from ..encoders.catalogue import recipe_names
from .loop import Trained, TrainingProgress, train
from .system import default_recipe
from .task import Recipe

__all__ = ["Recipe", "Trained", "TrainingProgress", "default_recipe", "recipe_names", "train"]
