"""From a user's clips to a weights file with its card: what `mretrieve train` does besides parsing and printing."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..encoders import WindowEncoder, load_encoder
from ..encoders.catalogue import find_spec, trainable_specs
from ..encoders.encoder import Stored, StoredEncoder
from ..encoders.registry import ENCODER_SUFFIX
from ..errors import MRetrieveError
from ..formats import ReadingOptions
from ..motion import LabelledClip
from .adaptation import adapt
from .card import (
    CARD_SUFFIX,
    Card,
    DataCard,
    Retrieval,
    adaptation_card,
    data_card,
    retrieval,
    save_encoder,
    training_card,
)
from .folder import Source, choose_columns, described, hold_out, read_clips
from .loop import InterruptedTrainingError, Trained, TrainingProgress, train
from .recipe import Recipe
from .system import default_recipe

AUTO = "auto"
#: Time for everything that `auto` tries.
AUTO_MINUTES = 3.0
#: A run that made a smaller part of its updates than this is not called an encoder yet.
_ENOUGH = 0.5


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on which clips, and where the result goes.

    Attributes:
        encoder: name of a trainable encoder, or AUTO.
        sources: the folders to read, with their labels.
        labelled: whether there is a label table.
        out: the weights file to write; the card is written next to it.
        command: the command to type for the same training, without `--resume`.
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
        asf: skeleton of all AMC files; None if each has its own.
        rig_map: which joint is which, for rigs that it fits.
        licence: licence of the motion, for the card.
    """

    encoder: str
    sources: Sequence[Source]
    labelled: bool
    out: Path
    command: str
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
    asf: Path | None = None
    rig_map: Path | None = None
    licence: str | None = None

    @property
    def checkpoint(self) -> Path:
        """The file that keeps the state of an unfinished training."""
        return self.out.with_name(f"{self.out.name}.checkpoint")


@dataclass(frozen=True)
class Listeners:
    """What a session calls while it works; silence by default.

    Attributes:
        message: called with a line about the work.
        reading: opens a listener of the files read and their total number.
        training: opens a listener of the training's progress.
        stopped: called after each update; the training is interrupted if it returns True.
    """

    message: Callable[[str], None] = lambda _: None
    reading: Callable[[], AbstractContextManager[Callable[[int, int], None]]] = lambda: nullcontext(lambda *_: None)
    training: Callable[[], AbstractContextManager[Callable[[TrainingProgress], None]]] = lambda: nullcontext(
        lambda _: None
    )
    stopped: Callable[[], bool] = lambda: False


def train_to_file(request: TrainingRequest, listeners: Listeners | None = None) -> list[str]:
    """Read clips, train, and write the weights file with its card.

    Returns:
        Lines about the result.

    Raises:
        InterruptedTrainingError: the training was stopped; its checkpoint is written.
        MRetrieveError: options contradict each other, nothing can be read, or a file cannot be written.
    """
    listeners = listeners or Listeners()
    _check(request)
    torch.set_num_threads(request.threads or os.cpu_count() or 1)  # the command line starts with one, for queries
    if request.encoder == AUTO:
        return _Session(request, listeners, *_read(request, listeners, needs_labels=True)).adapt()
    recipe = _recipe(request)
    return _Session(request, listeners, *_read(request, listeners, recipe.needs_labels)).train(recipe)


def _recipe(request: TrainingRequest) -> Recipe:
    """The recipe of a request. MRetrieveError if its changes contradict each other."""
    training = trainable_specs()[request.encoder]
    base: Recipe = default_recipe(training.recipes[0])
    if not request.labelled and training.unlabelled_recipe is not None:
        base = default_recipe(training.unlabelled_recipe)
    recipe = base.with_changes(request.changes)
    if recipe.needs_labels and not request.labelled:
        raise MRetrieveError(f"the loss {request.changes['loss']} learns from labels: add --labels FILE.csv")
    if "over" in request.changes:
        load_encoder(request.changes["over"])  # reports its errors before anything is read
    return recipe


def _check(request: TrainingRequest) -> None:
    """MRetrieveError if options contradict each other, or the result cannot be written."""
    spec = find_spec(request.encoder)
    if not request.labelled:
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


def _read(
    request: TrainingRequest, listeners: Listeners, needs_labels: bool
) -> tuple[list[LabelledClip], list[LabelledClip], DataCard]:
    """The clips to train on, the held-out ones, and the card of both."""
    columns = None
    if request.labelled:
        columns = choose_columns(request.sources, request.label_column, request.group_column)
    with listeners.reading() as progress:
        found = read_clips(
            request.sources, columns, options=ReadingOptions(request.asf, request.rig_map), progress=progress
        )
    for line in (*found.refused, *described(found, columns)):
        listeners.message(line)
    clips, held_out = hold_out(found.clips, request.held_out_classes)
    if needs_labels:
        clips = [item for item in clips if item.label]
    folders = [source.folder.as_posix() for source in request.sources]
    return clips, held_out, data_card(folders, clips, held_out, request.licence)


@dataclass(frozen=True, eq=False)
class _Session:
    """A training whose clips are read."""

    request: TrainingRequest
    listeners: Listeners
    clips: Sequence[LabelledClip]
    held_out: Sequence[LabelledClip]
    data: DataCard

    def train(self, recipe: Recipe) -> list[str]:
        """Train by the loop; lines about the result."""
        request = self.request
        trained = self._run(recipe)
        encoder, spec = trained.encoder, find_spec(request.encoder)
        is_encoder = spec is not None and spec.kind == "trained"
        measured = self._retrieval(encoder) if is_encoder else []
        card = training_card(trained, self.data, request.command, request.device, measured)
        title = request.encoder
        if "over" in request.changes:
            title += f" over {request.changes['over']}"
        about = f"{title}, {trained.updates} updates in {trained.wall_s / 60:.1f} minutes"
        lines = [self._save(encoder, card, about), *trained.report, *self._retrieval_lines(measured)]
        ended_early = request.minutes is not None and trained.wall_s >= 60 * request.minutes
        if ended_early and trained.updates < _ENOUGH * recipe.updates:
            return [
                *lines,
                f"Stopped by --minutes after {trained.updates} of {recipe.updates} updates: this is not a usable "
                f"encoder yet. To continue, with more --minutes: {request.command} --resume",
            ]
        request.checkpoint.unlink(missing_ok=True)
        return [*lines, self._use()] if is_encoder else lines

    def adapt(self) -> list[str]:
        """Try what the labels are good for; lines about the result."""
        request = self.request
        started = time.monotonic()
        adaptation = adapt(
            self.clips,
            minutes=request.minutes or AUTO_MINUTES,
            seed=request.seed,
            progress=self.listeners.message,
        )
        if adaptation.is_default:
            return [adaptation.explanation, f"{request.out} is not written: index without --encoder, as before."]
        encoder: StoredEncoder = adaptation.encoder  # type: ignore[assignment]  # an AdaptedEncoder
        encoder.name = self._name
        measured = self._retrieval(encoder)
        report = adaptation.explanation.splitlines()
        card = adaptation_card(encoder, report, adaptation.card(), self.data, request.command, request.seed, measured)
        about = f"{adaptation.chosen} in {(time.monotonic() - started) / 60:.1f} minutes"
        saved = self._save(encoder, card, about)
        return [adaptation.explanation, saved, *self._retrieval_lines(measured), self._use()]

    def _run(self, recipe: Recipe) -> Trained[Any]:
        """The training loop, with a checkpoint."""
        request, checkpoint = self.request, self.request.checkpoint
        if checkpoint.exists() and not request.resume:
            self.listeners.message(f"{checkpoint}: --resume would continue this training; starting again without it")
        if request.resume and not checkpoint.exists():
            self.listeners.message(f"{checkpoint}: does not exist; the training starts from the beginning")
        with self.listeners.training() as progress:
            try:
                trained = train(
                    recipe,
                    self.clips,
                    seed=request.seed,
                    held_out=self.held_out,
                    device=request.device,
                    minutes=request.minutes,
                    checkpoint=checkpoint,
                    checkpoint_every_s=request.checkpoint_every_s,
                    resume=request.resume,
                    progress=progress,
                    stopped=self.listeners.stopped,
                )
            except InterruptedTrainingError as error:
                raise InterruptedTrainingError(
                    f"{error}, which is not a usable encoder yet. Progress is saved; to continue: "
                    f"{request.command} --resume"
                ) from None
        trained.encoder.name = self._name
        return trained

    @property
    def _name(self) -> str:
        return self.request.name or self.request.out.name.removesuffix(ENCODER_SUFFIX)

    def _retrieval(self, encoder: WindowEncoder) -> list[Retrieval]:
        """Retrieval of the held-out clips, by the encoder and by the default one."""
        both = (retrieval(each.name, each, self.held_out) for each in (encoder, load_encoder()))
        return [each for each in both if each is not None]

    def _retrieval_lines(self, measured: Sequence[Retrieval]) -> list[str]:
        if not measured:
            return []
        figures = "; ".join(
            f"{each.encoder} mAP {each.mean_average_precision:.3f}, top-1 {each.top1:.3f}" for each in measured
        )
        lines = [f"Held out ({', '.join(self.data.held_out)}; {measured[0].queries} queries): {figures}"]
        if measured[0].mean_average_precision < measured[1].mean_average_precision:
            lines.append(f"On classes that it was not trained on, {measured[1].encoder} is more accurate.")
        return lines

    def _save(self, encoder: Stored, card: Card, about: str) -> str:
        out = self.request.out
        save_encoder(out, encoder, card)
        return f"{out}: {about}, {len(self.clips)} clips; its card: {out.with_suffix(CARD_SUFFIX)}"

    def _use(self) -> str:
        out = self.request.out
        path = out if out.is_absolute() else f"./{out.as_posix()}"
        return f"To use it: mretrieve index FOLDER --encoder {shlex.quote(str(path))}"
