"""What `mretrieve train` is asked for, and whether that can be done; checked before anything is read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..encoders import load_encoder
from ..encoders.catalogue import AUTO, find_spec, trainable_specs
from ..encoders.registry import ENCODER_SUFFIX
from ..errors import MRetrieveError
from ..formats import ReadingOptions
from .system import default_recipe
from .task import Recipe


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on which clips, and where the result goes.

    Attributes:
        encoder: name of a trainable encoder, or AUTO.
        folders: the folders with the motion files.
        out: the weights file to write; the card is written next to it.
        command: the command to type for the same training, without `--resume`.
        labels: CSV files with the labels of the clips.
        name: the name of the result; None for that of the file.
        changes: other values of the recipe's fields, by name.
        label_column: column of the classes; None for "label".
        group_column: column of the groups; None for the first usual one.
        held_out_classes: classes that are only validated on.
        minutes: time limit; None for none, and for AUTO_MINUTES of `auto`.
        seed: of everything that is drawn.
        threads: number of threads; None for one per core.
        device: "cpu" or "cuda".
        resume: continue from the checkpoint.
        checkpoint_every_s: how often the checkpoint is written.
        reading: how motion files are read; the rig map is used for the rigs that it fits.
        licence: licence of the motion, for the card.
    """

    encoder: str
    folders: Sequence[Path]
    out: Path
    command: str
    labels: Sequence[Path] = ()
    name: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    label_column: str | None = None
    group_column: str | None = None
    held_out_classes: tuple[str, ...] = ()
    minutes: float | None = None
    seed: int = 0
    threads: int | None = None
    device: str = "cpu"
    resume: bool = False
    checkpoint_every_s: float = 20.0
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    licence: str | None = None

    @property
    def checkpoint(self) -> Path:
        """The file that keeps the state of an unfinished training."""
        return self.out.with_name(f"{self.out.name}.checkpoint")


def check_request(request: TrainingRequest) -> None:
    """MRetrieveError if options contradict each other, or the result cannot be written."""
    spec = find_spec(request.encoder)
    if not request.labels:
        if request.encoder == AUTO or (spec is not None and spec.needs_labels):
            raise MRetrieveError(
                f"{request.encoder} learns from labels: add --labels FILE.csv, or train deephums, which needs none"
            )
        for option, value in (
            ("--label-column", request.label_column),
            ("--group-column", request.group_column),
            ("--holdout-classes", request.held_out_classes),
        ):
            if value:
                raise MRetrieveError(f"{option} is about labels: add --labels FILE.csv, or leave it out")
    if "patience" in request.changes and not request.held_out_classes:
        raise MRetrieveError("--patience watches held-out classes: name some with --holdout-classes")
    if request.device == "cuda" and not torch.cuda.is_available():
        raise MRetrieveError("--device cuda: torch finds no CUDA device; leave it out to train on the CPU")
    out = request.out
    if out.suffix != ENCODER_SUFFIX:
        raise MRetrieveError(f"{out}: the name must end in {ENCODER_SUFFIX}; add it")
    if out.is_dir():
        raise MRetrieveError(f"{out}: is a folder; name a file")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise MRetrieveError(f"{out.parent}: not a writable folder; create it, or name another one with --out")


def requested_recipe(request: TrainingRequest) -> Recipe:
    """The recipe of a request. MRetrieveError if its changes contradict each other."""
    training = trainable_specs()[request.encoder]
    base: Recipe = default_recipe(training.recipes[0])
    if not request.labels and training.unlabelled_recipe is not None:
        base = default_recipe(training.unlabelled_recipe)
    recipe = base.with_changes(request.changes)
    if recipe.needs_labels and not request.labels:
        raise MRetrieveError(f"the loss {request.changes['loss']} learns from labels: add --labels FILE.csv")
    if "over" in request.changes:
        load_encoder(request.changes["over"])  # reports its errors before anything is read
    return recipe
