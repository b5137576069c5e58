"""What a training run is told: network, loss, batches, optimiser. One default recipe for each encoder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ..encoders.learned import Lengths
from ..encoders.systems.deephums import DeepHumsSettings
from ..encoders.systems.gru import GruSettings
from ..encoders.systems.mmd_nca import MmdNcaSettings
from ..errors import MRetrieveError
from .trajectory import SimilarityThresholds

#: Losses of ours; the others are names of `baseline_losses`.
MMD_NCA, TRAJECTORY = "mmd-nca", "trajectory"


@dataclass(frozen=True)
class Augment:
    """How far drawn sequences are from the clips that they are drawn from."""

    shortest_part: float = 0.6  # a sequence keeps at least this part of its clip
    fastest: float = 1.65  # speed lies between 1 / fastest and fastest, evenly on a logarithmic scale
    yaw_deg: float = 10.0  # error of the heading, or of how straight a camera was held, standard deviation
    joint_offset_m: float = 0.02  # root mean square of each joint's fixed displacement, as another rig places it
    noise_m: float = 0.01  # of every sample, reached in a straight line over the run (the paper's curriculum)
    missing_share: float = 0.5  # part of the sequences that lack joints
    missing_joints: int = 4  # of the 17 that are not the pelvis: about 20 %
    mirror: bool = False  # half of the sequences mirrored; classes that name a side change it


@dataclass(frozen=True)
class Sampling:
    """What a batch is made of.

    `branches`: a category twice (anchors, positives) and `others` other ones, `per_class` sequences each (MMD-NCA,
    section 6). `classes`: 1 + `others` categories, `per_class` each. `speeds`: 1 + `others` clips whatever their
    labels, each at its own speed, twice as fast and half as fast (DeepHuMS, section 4.2).
    """

    kind: Literal["branches", "classes", "speeds"] = "branches"
    per_class: int = 25
    others: int = 5
    longest: int = 90  # frames of a sequence; longer clips are cut anew for each batch
    alike: SimilarityThresholds = field(default_factory=SimilarityThresholds)  # of `speeds`: which clips shall be near


@dataclass(frozen=True)
class Optimiser:
    """Steps, and how large they are."""

    kind: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1e-4
    schedule: Literal["exponential", "cosine"] = "exponential"  # exponential: x .96 every 50 updates; cosine: to 0
    momentum: float = 0.9
    largest_gradient: float = 25.0  # global norm
    weight_decay: float = 0.0
    averaging: float = 0.0  # how much of their running average remains at each update; 0: the last weights come out


@dataclass(frozen=True)
class Recipe:
    """A training run but for its data and its seed."""

    architecture: str  # a key of encoders.learned.NETWORKS
    network: Any  # settings of its network
    loss: str = MMD_NCA
    kernel: str = "rbf"  # of MMD-NCA: a key of kernels.KERNELS
    squared: bool = False  # MMD-NCA on squared discrepancies
    margin: float = 1.0  # of the trajectory loss
    class_weight: float = 0.0  # of a cross-entropy head beside the trajectory loss; 0: self-supervised
    sampling: Sampling = field(default_factory=Sampling)
    augment: Augment = field(default_factory=Augment)
    optimiser: Optimiser = field(default_factory=Optimiser)
    lengths: Lengths = field(default_factory=Lengths)
    updates: int = 5000
    validate_every: int = 100
    patience: int = 0  # milestones without a better retrieval of held-out clips that end the run; 0: none do

    @property
    def needs_labels(self) -> bool:
        """Whether clips without a label are of no use to it."""
        return self.loss != TRAJECTORY or self.class_weight > 0

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON holds it."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


#: Section 6 of the paper; what it leaves open was chosen on HDM05's performer mm (docs/encoders/mmd-nca.md), as was the
#: learning rate: with 1e-4 the run needs the paper's 5000 updates, with 2e-3 some hundred.
_MMD_NCA = Recipe(
    "mmd-nca",
    MmdNcaSettings(),
    squared=True,
    augment=Augment(shortest_part=1.0, fastest=2.2, noise_m=0.005, missing_share=0.45),
    optimiser=Optimiser("sgd", 2e-3, averaging=0.98),
    lengths=Lengths(longest=200, piece=150, hop=50),
    updates=800,
)
_DEEPHUMS = Recipe(
    "deephums",
    DeepHumsSettings(),
    loss=TRAJECTORY,
    margin=1.4,
    class_weight=1.0,
    sampling=Sampling("speeds", others=15, longest=150),
    augment=Augment(fastest=1.0, yaw_deg=5.0),
    optimiser=Optimiser("adam", 1e-3, "cosine", largest_gradient=5.0),
    lengths=Lengths(longest=600, piece=600, hop=300),
    updates=500,
)
#: Chosen on JHMDB's first split and on bandai1, so figures on those are seen: see docs/adaptation.md.
_GRU = Recipe(
    "gru",
    GruSettings(dropout=0.5),
    loss="supcon",
    sampling=Sampling("classes", per_class=5, others=13, longest=128),
    augment=Augment(shortest_part=0.5, fastest=2.0, yaw_deg=5.0, joint_offset_m=0.05, noise_m=0.02, missing_share=0.0),
    optimiser=Optimiser("adam", 2e-3, "cosine", largest_gradient=5.0),
    updates=700,
)
#: Without a class head nothing else tells where the joints are while they move (docs/encoders/deephums.md).
_DEEPHUMS_UNLABELLED = replace(
    _DEEPHUMS,
    class_weight=0.0,
    updates=1000,
    sampling=replace(_DEEPHUMS.sampling, alike=SimilarityThresholds(similar_posture_m=0.06, dissimilar_posture_m=0.10)),
)
RECIPES = {
    "mmd-nca": _MMD_NCA,
    "deephums": _DEEPHUMS,
    "deephums-unlabelled": _DEEPHUMS_UNLABELLED,
    "gru": _GRU,
}


def default_recipe(name: str) -> Recipe:
    """The recipe of an encoder; `deephums-unlabelled` is DeepHuMS without its class head. MRetrieveError: none such."""
    if name not in RECIPES:
        raise MRetrieveError(f"no trainable encoder {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def with_loss(recipe: Recipe, loss: str) -> Recipe:
    """The recipe with another loss, and batches such as that loss needs."""
    if loss == recipe.loss:
        return recipe
    sampling = recipe.sampling
    if sampling.kind == "speeds":  # of DeepHuMS: batches of clips, no classes
        sampling = replace(RECIPES["gru"].sampling, longest=sampling.longest)
    kind: Literal["branches", "classes", "speeds"] = (
        "branches" if loss == MMD_NCA else "speeds" if loss == TRAJECTORY else "classes"
    )
    return replace(recipe, loss=loss, class_weight=0.0, sampling=replace(sampling, kind=kind))
