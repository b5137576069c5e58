"""How the registered encoders are trained: their recipes, losses and tasks, found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from ..encoders.catalogue import find_spec, loss_names, recipe_names, trainable_specs
from ..encoders.spec import TrainingSpec
from ..errors import MRetrieveError
from ..motion import Clip, LabelledClip
from .objectives import Objective
from .task import Recipe, Task


class TrainingModule(Protocol):
    """What the module named by a `TrainingSpec` defines.

    Attributes:
        RECIPES: the recipes that the spec lists, by name.
        LOSSES: the losses that the spec lists: by name, what makes their objective with default settings.
    """

    RECIPES: dict[str, Any]
    LOSSES: Mapping[str, Callable[[], Objective]]

    def make_task(self, recipe: Any, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]) -> Task[Any]:
        """The task of training a recipe on clips."""
        ...

    def adaptation_recipe(self, clips: Sequence[Clip]) -> Any:
        """The recipe for a user's own labelled clips; only if the spec has an `AdaptationBudget`."""
        ...


def training_module(name: str) -> TrainingModule:
    """The training module of an encoder. MRetrieveError if there is no such encoder, or it cannot be trained."""
    spec = find_spec(name)
    if spec is None or spec.training is None:
        raise MRetrieveError(f"no trainable encoder {name!r}; there are {', '.join(trainable_specs())}")
    return _imported(spec.training)


def default_recipe(name: str) -> Any:
    """The recipe of that name, a `Recipe` of its system's class. MRetrieveError if there is none."""
    for training in trainable_specs().values():
        if name in training.recipes:
            return _imported(training).RECIPES[name]
    raise MRetrieveError(f"no trainable encoder {name!r}; there are {', '.join(recipe_names())}")


def make_objective(loss: str) -> Objective:
    """The objective of a loss with its default settings. MRetrieveError if the loss is unknown."""
    for training in trainable_specs().values():
        if loss in training.losses:
            return _imported(training).LOSSES[loss]()
    raise MRetrieveError(f"no loss {loss!r}; choose one of {', '.join(loss_names())}")


def make_task(recipe: Recipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]) -> Task[Any]:
    """The task of training a recipe on clips. MRetrieveError if there are too few classes or clips."""
    return training_module(recipe.architecture).make_task(recipe, clips, held_out)


def _imported(training: TrainingSpec) -> TrainingModule:
    return cast(TrainingModule, import_module(training.module))
