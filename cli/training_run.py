"""What `mretrieve train` does once clips are read: a training, the file that it makes, and what is said of it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .interruption import stop_signals
from .training_progress import HELD_OUT_MAP, tensorboard, training_progress

if TYPE_CHECKING:
    from mretrieve.encoders.encoder import Stored, StoredEncoder
    from mretrieve.motion import LabelledClip
    from mretrieve.training import Progress, Recipe, Trained
    from mretrieve.training.card import Card, DataCard, Retrieval
    from mretrieve.training.loop import RunOptions

Made = TypeVar("Made", bound="Stored")
#: The longest that `auto` tries, where the user does not say.
AUTO_MINUTES = 3.0


@dataclass(frozen=True)
class Resumable:
    """How a run of the training loop is made."""

    device: str
    resume: bool
    checkpoint_every_s: float
    curves: Path | None  # folder for TensorBoard


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A training: from clips to a file."""

    clips: Sequence[LabelledClip]
    held_out: Sequence[LabelledClip]
    data: DataCard
    out: Path
    name: str
    seed: int
    minutes: float | None

    def train(self, recipe: Recipe, how: Resumable) -> None:
        """An encoder, by the training loop."""
        from mretrieve.training import train
        from mretrieve.training.card import training_card

        trained = self._by_the_loop(
            how,
            HELD_OUT_MAP,
            lambda options: train(recipe, self.clips, seed=self.seed, held_out=self.held_out, **vars(options)),
        )
        measured = self._measured(trained.encoder)
        card = training_card(trained, self.data, _command(), how.device, measured)
        self._save(trained.encoder, card, _about(recipe.architecture, trained))
        self._tell_retrieval(measured)
        self._tell_use()
        self._checkpoint.unlink(missing_ok=True)

    def train_submotion(self, over: str, updates: int | None, patience: int | None, how: Resumable) -> None:
        """A mapping into the space of the encoder `over`, by the same loop."""
        from mretrieve.encoders import load_encoder
        from mretrieve.training.card import training_card
        from mretrieve.training.submotion import submotion_recipe, submotion_report, train_submotion

        encoder, recipe = load_encoder(over), submotion_recipe()
        recipe = replace(recipe, updates=updates or recipe.updates, patience=patience or recipe.patience)
        trained = self._by_the_loop(
            how,
            "held-out clips found by pieces",
            lambda options: train_submotion(
                encoder, self.clips, recipe, seed=self.seed, held_out=self.held_out, options=options
            ),
        )
        report = submotion_report(encoder, trained.encoder, self.clips, self.held_out)
        card = training_card(trained, self.data, _command(), how.device)
        self._save(trained.encoder, replace(card, report=report), _about(f"{recipe.architecture} over {over}", trained))
        for line in report:
            click.echo(line)
        self._checkpoint.unlink(missing_ok=True)

    def adapt(self) -> None:
        """By trying what the labels are good for."""
        from mretrieve.training.adaptation import adapt
        from mretrieve.training.card import adaptation_card

        started = time.monotonic()
        found = adapt(self.clips, minutes=self.minutes or AUTO_MINUTES, seed=self.seed, progress=tell)
        click.echo(found.explanation)
        if found.is_default:
            click.echo(f"{self.out} is not written: index without --encoder, as ever.")
            return
        encoder: StoredEncoder = found.encoder  # type: ignore[assignment]  # what is learned can be stored
        encoder.name = self.name
        measured = self._measured(encoder)
        report = found.explanation.splitlines()
        card = adaptation_card(encoder, report, found.card(), self.data, _command(), self.seed, measured)
        self._save(encoder, card, f"{found.chosen} in {(time.monotonic() - started) / 60:.1f} minutes")
        self._tell_retrieval(measured)
        self._tell_use()

    @property
    def _checkpoint(self) -> Path:
        return self.out.with_name(f"{self.out.name}.checkpoint")

    def _by_the_loop(self, how: Resumable, score: str, train: Callable[[RunOptions], Trained[Made]]) -> Trained[Made]:
        """A run that shows how far it is, called `score` what it measures, and that Ctrl-C interrupts."""
        from mretrieve.training.loop import InterruptedTrainingError, RunOptions

        checkpoint = self._checkpoint
        if checkpoint.exists() and not how.resume:
            tell(f"{checkpoint}: an interrupted run can be taken up with --resume; this one starts afresh")
        if how.resume and not checkpoint.exists():
            tell(f"{checkpoint}: not there; the run starts from its beginning")
        answer = "Stopping: what is learned is kept. Once more to stop at once."
        with stop_signals(answer) as stop, training_progress(score) as bar, tensorboard(how.curves, score) as written:

            def progress(now: Progress) -> None:
                bar(now)
                written(now)

            options = RunOptions(
                device=how.device,
                minutes=self.minutes,
                checkpoint=checkpoint,
                checkpoint_every_s=how.checkpoint_every_s,
                resume=how.resume,
                progress=progress,
                stopped=lambda: bool(stop),
            )
            try:
                trained = train(options)
            except InterruptedTrainingError as interrupted:
                click.echo(f"Interrupted: {interrupted}. To go on: {_command()} --resume")
                sys.exit(128 + stop[0])
        trained.encoder.name = self.name
        return trained

    def _measured(self, encoder: StoredEncoder) -> list[Retrieval]:
        """Retrieval of the held-out clips, by the encoder and by the default one."""
        from mretrieve.encoders import load_encoder
        from mretrieve.training.card import retrieval

        found = (retrieval(one.name, one, self.held_out) for one in (encoder, load_encoder()))
        return [one for one in found if one is not None]

    def _save(self, made: Stored, card: Card, about: str) -> None:
        from mretrieve.training.card import CARD_SUFFIX, save_encoder

        save_encoder(self.out, made, card)
        click.echo(f"{self.out}: {about}, {len(self.clips)} clips; its card: {self.out.with_suffix(CARD_SUFFIX)}")

    def _tell_retrieval(self, measured: Sequence[Retrieval]) -> None:
        if not measured:
            return
        said = "; ".join(
            f"{one.encoder} mAP {one.mean_average_precision:.3f}, top-1 {one.top1:.3f}" for one in measured
        )
        click.echo(f"Held out ({', '.join(self.data.held_out)}; {measured[0].queries} queries): {said}")
        if measured[0].mean_average_precision < measured[1].mean_average_precision:
            click.echo(f"On classes that it did not see, {measured[1].encoder} is the better one.")

    def _tell_use(self) -> None:
        path = self.out if self.out.is_absolute() else f"./{self.out.as_posix()}"
        click.echo(f"To use it: mretrieve index FOLDER --encoder {shlex.quote(str(path))}")


def tell(line: str) -> None:
    """A line to standard error."""
    click.echo(line, err=True)


def _about(what: str, trained: Trained[Any]) -> str:
    return f"{what}, {trained.updates} updates in {trained.wall_s / 60:.1f} minutes"


def _command() -> str:
    """What was typed; the same for a run that was interrupted and taken up."""
    return shlex.join(["mretrieve", *(word for word in sys.argv[1:] if word != "--resume")])
