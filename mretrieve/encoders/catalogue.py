"""The encoders that come with mretrieve, and those that a program registers. Nothing of their code is imported here."""

from __future__ import annotations

from pathlib import Path

from .spec import AdaptationBudget, EncoderSpec, TrainingOption, TrainingSpec

WEIGHTS = Path(__file__).parent / "weights"
#: What trains several encoders on a user's labels and keeps the best one, and its time for all of them.
AUTO, AUTO_MINUTES = "auto", 3

#: Options of every network whose loss is taken over embeddings.
LOSS = TrainingOption("--loss", "loss", "Train with another loss. [default: the encoder's own]")
MIRROR = TrainingOption(
    "--mirror",
    "augment.mirror",
    "Also train on mirrored clips; `left` and `right` in class names are swapped.",
    constant=True,
)


def _without_labels(name: str, *options: TrainingOption) -> TrainingSpec:
    """The training of a system whose one recipe, named after it, needs no labels."""
    module = f"mretrieve.training.systems.{name.replace('-', '_')}"
    return TrainingSpec(module, recipes=(name,), unlabelled_recipe=name, options=options)


_SPECS = (
    EncoderSpec(
        "pose-statistics",
        "Statistics of poses over time; the default.",
        "mretrieve.encoders.statistics.pose_statistics:PoseStatistics",
        "fixed",
    ),
    EncoderSpec(
        "part-statistics",
        "Statistics of each body part, for queries that weigh parts.",
        "mretrieve.encoders.statistics.part_statistics:PartStatistics",
        "fixed",
        for_parts=True,
        former_names=("body-parts",),
    ),
    EncoderSpec(
        "view-statistics",
        "Statistics of poses in the image over time, for 2D views.",
        "mretrieve.encoders.statistics.view_statistics:ViewStatistics",
        "fixed",
        inputs="view",
    ),
    EncoderSpec(
        "mmd-nca",
        "Layer-normalised LSTM with attention, trained on labels (Coskun et al. 2018).",
        network="mretrieve.encoders.systems.mmd_nca:MmdNca",
        weights=WEIGHTS / "mmd_nca.safetensors",
        training=TrainingSpec(
            "mretrieve.training.systems.mmd_nca",
            recipes=("mmd-nca",),
            losses=("mmd-nca",),
            options=(
                LOSS,
                TrainingOption(
                    "--kernel",
                    "objective.kernel",
                    "Kernel of the mmd-nca loss. [default: rbf]",
                    choices=("rbf", "linear", "polynomial"),
                ),
                TrainingOption(
                    "--no-attention", "network.attention", "Average over time instead of attention.", constant=False
                ),
                TrainingOption(
                    "--no-layer-norm", "network.layer_norm", "Use a plain LSTM without layer norm.", constant=False
                ),
                MIRROR,
            ),
            adaptation=AdaptationBudget("MMD-NCA network", least_minutes=0.85, most_minutes=60.0),
        ),
    ),
    EncoderSpec(
        "deephums",
        "IndRNN trained on labels, or without any on how bodies move (Battan et al. 2020).",
        network="mretrieve.encoders.systems.deephums:DeepHums",
        weights=WEIGHTS / "deephums.safetensors",
        training=TrainingSpec(
            "mretrieve.training.systems.deephums",
            recipes=("deephums", "deephums-unlabelled"),
            unlabelled_recipe="deephums-unlabelled",
            losses=("trajectory",),
            options=(LOSS, MIRROR),
        ),
    ),
    EncoderSpec(
        "gru",
        "Small recurrent network that learns your labels in about a minute.",
        network="mretrieve.encoders.systems.gru:Gru",
        inputs="either",
        training=TrainingSpec(
            "mretrieve.training.systems.gru",
            recipes=("gru",),
            losses=("contrastive", "triplet", "triplet-gor", "triplet-anchors", "n-pair", "supcon", "nca"),
            options=(LOSS, MIRROR),
            adaptation=AdaptationBudget(
                "recurrent network (GRU, supervised contrast)", least_minutes=0.1, most_minutes=4.0
            ),
        ),
    ),
    EncoderSpec(
        "skip-pose",
        "Vectors of the frames of a view, learned without labels (Shirakawa and Kozakaya).",
        "mretrieve.encoders.systems.skip_pose:SkipPose",
        inputs="view",
        weights=WEIGHTS / "skip_pose.safetensors",
        training=_without_labels(
            "skip-pose",
            TrainingOption(
                "--frames", "network.frames", "Frames of a vector: 2, 4 or 6 in the paper. [default: 4]", type=int
            ),
            TrainingOption("--no-past", "network.past", "Decode the future only.", constant=False),
        ),
    ),
    EncoderSpec(
        "normalized-pose",
        "Poses and features of frames, free of body and camera, of clips and 2D views (Liu et al. 2021).",
        "mretrieve.encoders.systems.normalized_pose:NormalizedPose",
        inputs="either",
        weights=WEIGHTS / "normalized_pose.safetensors",
        training=_without_labels(
            "normalized-pose",
            TrainingOption("--no-cycle", "cycle", "Leave out the cycle reconstruction loss.", constant=0.0),
            TrainingOption("--no-consistency", "consistency", "Leave out the rotation consistency loss.", constant=0.0),
            TrainingOption("--no-contact", "contact", "Leave out the foot contact loss.", constant=0.0),
            TrainingOption(
                "--fixed-mining", "adaptive", "Mine triplets by time instead of pose similarity.", constant=False
            ),
        ),
    ),
    EncoderSpec(
        "submotion",
        "Mapping that finds whole clips by pieces of them, in the space of the encoder --over (Battan et al. 2020).",
        "mretrieve.encoders.systems.submotion:SubmotionMapper",
        "mapper",
        training=_without_labels(
            "submotion",
            TrainingOption(
                "--over",
                "over",
                "The encoder whose embedding space is the target.",
                metavar="NAME|FILE",
                required=True,
            ),
        ),
    ),
    EncoderSpec(
        "body-part-embedding",
        "Five networks, one a body part, that compare 2D views whatever the camera and the body (Park et al. 2021).",
        "mretrieve.encoders.systems.body_part_embedding:BodyPartEncoder",
        inputs="view",
        weights=WEIGHTS / "body_part_embedding.safetensors",
        training=_without_labels(
            "body-part-embedding",
            TrainingOption("--triplets", "loss.triplets", "Add triplets of motions, as in the paper.", constant=1.0),
            TrainingOption(
                "--reconstruction", "loss.reconstruction", "Add reconstruction, as in the paper.", constant=1.0
            ),
            TrainingOption(
                "--no-context", "network.context", "Limbs do not see the torso, as in the paper.", constant=False
            ),
        ),
    ),
    EncoderSpec(
        "linear-metric",
        "Linear metric on pose-statistics.",
        "mretrieve.encoders.statistics.linear_metric:LinearMetric",
    ),
    EncoderSpec(
        "adapted",
        "The default encoder with spaces that were learned from labels.",
        "mretrieve.encoders.adapted:AdaptedEncoder",
    ),
)
_BY_NAME = {spec.name: spec for spec in _SPECS}


def encoder_specs() -> tuple[EncoderSpec, ...]:
    """Every registered encoder, in the order of registration."""
    return tuple(_BY_NAME.values())


def register_encoder(spec: EncoderSpec) -> None:
    """Make an encoder known to loading, training, evaluation and the command line of this process.

    Raises:
        ValueError: another encoder has one of its names.
    """
    for name in (spec.name, *spec.former_names):
        if find_spec(name) is not None:
            raise ValueError(f"an encoder {name!r} is registered already")
    _BY_NAME[spec.name] = spec


def find_spec(name: str) -> EncoderSpec | None:
    """The encoder of a name, or of a former name; None if there is none."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((spec for spec in _BY_NAME.values() if name in spec.former_names), None)


def same_encoder(name: str, other: str) -> bool:
    """Whether two names are of one registered encoder."""
    spec = find_spec(name)
    return spec is not None and spec == find_spec(other)


def is_for_parts(name: str) -> bool:
    """Whether a registered encoder answers queries that weigh body parts, and only those."""
    spec = find_spec(name)
    return spec is not None and spec.for_parts


def trainable_specs() -> dict[str, TrainingSpec]:
    """How each encoder is trained that can be, by its name."""
    return {spec.name: spec.training for spec in encoder_specs() if spec.training is not None}


def recipe_names() -> tuple[str, ...]:
    """The names of all recipes of encoders; the first one of an encoder is named after it."""
    trained = [spec.training for spec in encoder_specs() if spec.training is not None and spec.kind == "trained"]
    return tuple(name for training in trained for name in training.recipes)


def loss_names() -> tuple[str, ...]:
    """The names of all losses that `--loss` chooses from."""
    return tuple(name for training in trainable_specs().values() for name in training.losses)
