"""What the rest of the engine knows of an encoder before any of its code is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class TrainingOption:
    """An option of `mretrieve train NAME` that sets one field of the recipe.

    Attributes:
        flag: the option as typed, such as "--kernel".
        field: the recipe's field, with dots: "network.attention".
        help: the option's line in `--help`.
        constant: the value that a flag sets; None if the option takes a value.
        type: type of the value.
        choices: the values that the option takes; empty for any.
        metavar: how `--help` names the value.
        required: whether training is refused without it.
    """

    flag: str
    field: str
    help: str
    constant: bool | float | None = None
    type: type[str] | type[int] | type[float] = str
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    required: bool = False


@dataclass(frozen=True)
class AdaptationBudget:
    """How `mretrieve train auto` tries a network on a user's labels.

    Attributes:
        title: the network in plain words.
        least_minutes: training time of one cross-validation fold below which it is not tried.
        most_minutes: its share of the time if other networks are tried as well.
    """

    title: str
    least_minutes: float
    most_minutes: float


@dataclass(frozen=True)
class TrainingSpec:
    """How a system is trained.

    Attributes:
        module: where its recipes and its task are, see `mretrieve.training.system.TrainingModule`.
        recipes: names of its recipes; the first is the default.
        unlabelled_recipe: name of the recipe for clips without labels; None if it needs labels.
        losses: names of the losses that its module adds to those that `--loss` chooses from.
        options: options of `mretrieve train NAME` besides those of every training.
        adaptation: how `mretrieve train auto` tries it; None if it does not.
    """

    module: str
    recipes: tuple[str, ...]
    unlabelled_recipe: str | None = None
    losses: tuple[str, ...] = ()
    options: tuple[TrainingOption, ...] = ()
    adaptation: AdaptationBudget | None = None


@dataclass(frozen=True)
class EncoderSpec:
    """One system: where its code is, what it encodes and how it is trained.

    Attributes:
        name: what users type, the architecture in weights files, and the default name of a space in an index.
        about: one line for `--help`, with the publication.
        code: "module:Class". The class of a "fixed" encoder is called without arguments; that of the other kinds has
            `from_content`, which makes it from the `StoredContent` of a weights file.
        kind: "fixed" if all parameters come with the package; "trained" if a weights file holds them; "mapper" if a
            weights file holds what maps vectors within the space of another encoder.
        network: "module:Class" of the network, an `EmbeddingNetwork`; only for `LearnedEncoder`.
        inputs: the motion it encodes: clips (3D), views (2D), or either.
        weights: the weights file that comes with a "trained" encoder; None if a user has to train it first.
        for_parts: whether it describes body parts one by one: it then answers queries that weigh parts, and counts
            nothing in other queries unless it is alone.
        former_names: its names in indexes of earlier versions.
        training: how it is trained; None if it cannot be trained on its own.
    """

    name: str
    about: str
    code: str = "mretrieve.encoders.learned:LearnedEncoder"
    kind: Literal["fixed", "trained", "mapper"] = "trained"
    network: str | None = None
    inputs: Literal["clip", "view", "either"] = "clip"
    weights: Path | None = None
    for_parts: bool = False
    former_names: tuple[str, ...] = ()
    training: TrainingSpec | None = None

    @property
    def ready(self) -> bool:
        """Whether it encodes without a training or a weights file of the user's."""
        return self.kind == "fixed" or (self.kind == "trained" and self.weights is not None)

    @property
    def needs_labels(self) -> bool:
        """Whether a training needs clips with labels."""
        return self.training is not None and self.training.unlabelled_recipe is None
