"""From a user's clips to a weights file with its card: what `mretrieve train` does besides parsing and printing."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ..encoders import WindowEncoder, load_encoder
from ..encoders.catalogue import AUTO, AUTO_MINUTES, find_spec
from ..encoders.encoder import Stored, StoredEncoder
from ..encoders.registry import ENCODER_SUFFIX
from ..motion import LabelledClip
from .adaptation import adapt
from .card import CARD_SUFFIX, Card, DataCard, Retrieval, data_card, make_card, retrieval, save_encoder, training_card
from .checkpoint import discard_checkpoints, previous_checkpoint
from .folder import choose_columns, described, find_sources, hold_out, read_clips
from .loop import InterruptedTrainingError, Trained, TrainingProgress, train
from .request import TrainingRequest, check_request, requested_recipe
from .task import Recipe

#: A run that made a smaller part of its updates than this is not called an encoder yet.
_ENOUGH = 0.5


@dataclass(frozen=True)
class Listeners:
    """What a session calls while it works; silence by default.

    Attributes:
        message: called with a line about the work.
        reading: opens a listener of the files read and their total number.
        training: opens a listener of the training's progress, and a function that says whether to interrupt it.
    """

    message: Callable[[str], None] = lambda _: None
    reading: Callable[[], AbstractContextManager[Callable[[int, int], None]]] = lambda: nullcontext(lambda *_: None)
    training: Callable[[], AbstractContextManager[tuple[Callable[[TrainingProgress], None], Callable[[], bool]]]] = (
        lambda: nullcontext((lambda _: None, lambda: False))
    )


def train_to_file(request: TrainingRequest, listeners: Listeners | None = None) -> list[str]:
    """Read clips, train, and write the weights file with its card.

    Returns:
        Lines about the result.

    Raises:
        InterruptedTrainingError: the training was stopped; its checkpoint is written.
        MRetrieveError: options contradict each other, nothing can be read, or a file cannot be written.
    """
    listeners = listeners or Listeners()
    check_request(request)
    torch.set_num_threads(request.threads or os.cpu_count() or 1)  # the command line starts with one, for queries
    if request.encoder == AUTO:
        return _Session(request, listeners, *_read(request, listeners, needs_labels=True)).adapt()
    recipe = requested_recipe(request)
    return _Session(request, listeners, *_read(request, listeners, recipe.needs_labels)).train(recipe)


def _read(
    request: TrainingRequest, listeners: Listeners, needs_labels: bool
) -> tuple[list[LabelledClip], list[LabelledClip], DataCard]:
    """The clips to train on, the held-out ones, and the card of both."""
    sources = find_sources(request.folders, request.labels, listeners.message)
    columns = choose_columns(sources, request.label_column, request.group_column) if request.labels else None
    with listeners.reading() as progress:
        found = read_clips(sources, columns, options=request.reading, progress=progress)
    for line in (*found.refused, *described(found, columns)):
        listeners.message(line)
    clips, held_out = hold_out(found.clips, request.held_out_classes)
    if needs_labels:
        clips = [item for item in clips if item.label]
    folders = [folder.as_posix() for folder in request.folders]
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
        is_encoder = spec is not None and spec.kind == "trained" and spec.inputs != "view"
        measured = self._retrieval(encoder) if is_encoder else ()
        card = training_card(trained, self.data, request.command, device=request.device, held_out=measured)
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
        discard_checkpoints(request.checkpoint)
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
        card = make_card(
            encoder,
            self.data,
            request.command,
            request.seed,
            recipe=adaptation.card(),
            report=tuple(adaptation.explanation.splitlines()),
            held_out=measured,
        )
        about = f"{adaptation.chosen} in {(time.monotonic() - started) / 60:.1f} minutes"
        saved = self._save(encoder, card, about)
        return [adaptation.explanation, saved, *self._retrieval_lines(measured), self._use()]

    def _run(self, recipe: Recipe) -> Trained[Any]:
        """The training loop, with a checkpoint."""
        request, checkpoint = self.request, self.request.checkpoint
        exists = checkpoint.exists() or previous_checkpoint(checkpoint).exists()
        if exists and not request.resume:
            self.listeners.message(f"{checkpoint}: --resume would continue this training; starting again without it")
        if request.resume and not exists:
            self.listeners.message(f"{checkpoint}: does not exist; the training starts from the beginning")
        with self.listeners.training() as (progress, stopped):
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
                    warn=self.listeners.message,
                    stopped=stopped,
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

    def _retrieval(self, encoder: WindowEncoder) -> tuple[Retrieval, ...]:
        """Retrieval of the held-out clips, by the encoder and by the default one."""
        both = (retrieval(each.name, each, self.held_out) for each in (encoder, load_encoder()))
        return tuple(each for each in both if each is not None)

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
