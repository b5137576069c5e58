"""The card of a trained encoder: its data, its training and its accuracy; in its file, and next to it as Markdown.

Nothing in a card depends on when or how fast it was made: the same run gives the same file, byte for byte.
"""

from __future__ import annotations

import json
import math
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..atomic_file import atomic_write
from ..encoders.encoder import Stored, WindowEncoder
from ..encoders.weights_file import encoder_bytes
from ..errors import MRetrieveError
from ..motion import LabelledClip
from ..version import __version__
from .held_out import clips_hash, held_out_scores
from .loop import Trained

CARD_SUFFIX = ".card.md"
_UNSAID = "not stated"
_ENCODER = "A motion encoder of mretrieve (`{}`), for `mretrieve index DIR --encoder FILE`."
#: The first sentence on the card of what is no encoder, by architecture.
_OTHERS = {
    "submotion": "A mapping of pieces of motions into the space of an encoder of mretrieve (`{}`).",
    "body-part-embedding": "An encoder of 2D views of mretrieve (`{}`), loaded by "
    "`mretrieve.encoders.registry.load_view_encoder`.",
    "lifting": "The network of mretrieve that lifts motion in two dimensions to three (`{}`).",
}


@dataclass(frozen=True)
class DataCard:
    """The data of a training.

    Attributes:
        folders: where it was read from.
        clips: number of clips trained on.
        unlabelled: number of these without a label.
        seconds: their duration.
        classes: number of clips of each class.
        groups: number of groups.
        held_out: number of clips of each class that was held out.
        licence: licence of the motion.
        sha256: hash of all clips with their labels and groups.
    """

    folders: tuple[str, ...]
    clips: int
    unlabelled: int
    seconds: float
    classes: Mapping[str, int]
    groups: int
    held_out: Mapping[str, int]
    licence: str
    sha256: str


@dataclass(frozen=True)
class Retrieval:
    """How well held-out clips find others of their class among each other, in other groups.

    Attributes:
        encoder: name of the encoder.
        mean_average_precision: of all queries.
        top1: share of queries whose first answer is of their class.
        queries: number of queries.
    """

    encoder: str
    mean_average_precision: float
    top1: float
    queries: int


@dataclass(frozen=True)
class Card:
    """What a user of the file may want to know.

    Attributes:
        encoder: its name.
        architecture: name of its `EncoderSpec`.
        fingerprint: SHA-256 of weights and preprocessing.
        data: the data it was trained on.
        command: the command that made it.
        seed: seed of everything that was drawn.
        versions: versions of the software.
        threads: number of threads.
        device: device that it was trained on.
        recipe: the recipe, or the results of `auto`.
        updates: number of training steps; None for `auto`.
        final_loss: mean over the updates of the last milestone.
        milestones: (update, mean loss, score on held-out clips) of each validation.
        held_out: retrieval of held-out clips, by it and by the default encoder.
        report: more lines about it.
    """

    encoder: str
    architecture: str
    fingerprint: str
    data: DataCard
    command: str
    seed: int
    versions: Mapping[str, str]
    threads: int
    device: str = "cpu"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    updates: int | None = None
    final_loss: float | None = None
    milestones: tuple[tuple[int, float, float | None], ...] = ()
    held_out: tuple[Retrieval, ...] = ()
    report: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON holds them."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)), parse_constant=lambda _: None)  # no NaN
        return content

    def to_markdown(self) -> str:
        """The card as Markdown."""
        data = self.data
        parts = [
            f"# {self.encoder}",
            _OTHERS.get(self.architecture, _ENCODER).format(self.architecture),
            "## Data",
            f"{data.clips} clips ({data.seconds / 60:.1f} minutes, {data.groups} groups, {data.unlabelled} without a "
            f"label) of {', '.join(data.folders)}.\n\nLicence of the data: {data.licence}.",
        ]
        if data.classes:
            parts.append(f"Classes: {_counts(data.classes)}.")
        if data.held_out:
            parts.append(f"Held out: {_counts(data.held_out)}.")
        if self.held_out:
            rows = [
                f"| {one.encoder} | {one.mean_average_precision:.3f} | {one.top1:.3f} | {one.queries} |"
                for one in self.held_out
            ]
            heading = ["| encoder | mAP | top-1 | queries |", "|---|---|---|---|"]
            parts += ["## Retrieval among the clips held out", "\n".join([*heading, *rows])]
        parts += ["## Report", *self.report] if self.report else []
        facts = {
            "command": f"`{self.command}`",
            "seed": self.seed,
            "updates": self.updates,
            "final loss": None if self.final_loss is None else f"{self.final_loss:.4g}",
            "device": f"{self.device}, {self.threads} threads",
            "versions": ", ".join(f"{name} {version}" for name, version in self.versions.items()),
            "fingerprint": f"`{self.fingerprint}`",
            "data, SHA-256": f"`{data.sha256}`",
        }
        parts += ["## Making", "\n".join(f"- {name}: {fact}" for name, fact in facts.items() if fact is not None)]
        if self.recipe:
            parts.append(f"```json\n{json.dumps(self.to_json()['recipe'], indent=1, sort_keys=True)}\n```")
        return "\n\n".join(parts) + "\n"


def data_card(
    folders: Sequence[str], clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip], licence: str | None
) -> DataCard:
    """The data of a run."""
    return DataCard(
        folders=tuple(folders),
        clips=len(clips),
        unlabelled=sum(not item.label for item in clips),
        seconds=sum(item.clip.duration_s for item in clips),
        classes=_by_class(clips),
        groups=len({item.group for item in clips}),
        held_out=_by_class(held_out),
        licence=licence or _UNSAID,
        sha256=clips_hash([*clips, *held_out]),
    )


def retrieval(name: str, encoder: WindowEncoder, held_out: Sequence[LabelledClip]) -> Retrieval | None:
    """How well an encoder retrieves held-out clips; None if no clip has an answer."""
    scores = held_out_scores(encoder, held_out) if held_out else None
    if scores is None or not scores.query_count:
        return None
    return Retrieval(name, scores.mean_average_precision, scores.top1, scores.query_count)


def make_card(encoder: Stored, data: DataCard, command: str, seed: int, **others: Any) -> Card:
    """The card of an encoder or a mapper; `others` are further fields of Card."""
    return Card(
        encoder=encoder.name,
        architecture=encoder.architecture,
        fingerprint=encoder.fingerprint,
        data=data,
        command=command,
        seed=seed,
        versions=versions(),
        threads=torch.get_num_threads(),
        **others,
    )


def training_card(trained: Trained[Any], data: DataCard, command: str, **others: Any) -> Card:
    """The card of a run of the training loop."""
    last = trained.milestones[-1].loss if trained.milestones else math.nan
    return make_card(
        trained.encoder,
        data,
        command,
        trained.seed,
        recipe=trained.recipe.to_json(),
        updates=trained.updates,
        final_loss=last if math.isfinite(last) else None,
        milestones=tuple((milestone.update, milestone.loss, milestone.score) for milestone in trained.milestones),
        **{"report": trained.report, **others},
    )


def versions() -> dict[str, str]:
    """Versions of the software that made the encoder."""
    return {
        "mretrieve": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "Python": platform.python_version(),
    }


def save_encoder(path: Path, encoder: Stored, card: Card) -> None:
    """Write the file of an encoder or a mapper, and its card next to it.

    Readers see the old files or the complete new ones, even after a power failure.

    Raises:
        MRetrieveError: they cannot be written.
    """
    for file, content in (
        (path, encoder_bytes(encoder, card.to_json())),
        (path.with_suffix(CARD_SUFFIX), card.to_markdown().encode()),
    ):
        try:
            with atomic_write(file) as beside:
                beside.write_bytes(content)
        except OSError as error:
            raise MRetrieveError(
                f"{file}: cannot be written: {error.strerror or error}; free some space or name another file"
            ) from None


def _by_class(clips: Sequence[LabelledClip]) -> dict[str, int]:
    return dict(sorted(Counter(item.label for item in clips if item.label).items()))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())
