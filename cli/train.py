"""`mretrieve train`: an encoder from a user's own motion, and from their labels."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.errors import MRetrieveError

from .interruption import stop_signals
from .training_progress import reading_progress, tensorboard, training_progress

if TYPE_CHECKING:
    from mretrieve.encoders.weights_file import StoredEncoder
    from mretrieve.motion import LabelledClip
    from mretrieve.training import Progress, Recipe
    from mretrieve.training.card import Card, DataCard, Retrieval
    from mretrieve.training.folder import Source

_PATH = click.Path(path_type=Path)
_SUFFIX = ".safetensors"
_AUTO = "auto"
#: Those that learn nothing without labels.
_LABELLED = ("auto", "mmd-nca", "gru")
LOSSES = ("mmd-nca", "trajectory", "contrastive", "triplet", "triplet-gor", "n-pair", "supcon", "nca")
_AUTO_MINUTES = 3.0


@click.command()
@click.argument("encoder", metavar="ENCODER", type=click.Choice([_AUTO, "mmd-nca", "deephums", "gru"]))
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--labels",
    multiple=True,
    type=_PATH,
    metavar="FILE.csv",
    help="What the clips are: a CSV with a `path` column and others, as for `mretrieve index`. deephums does without.",
)
@click.option("--label-column", metavar="C", help="The column of the classes. [default: label]")
@click.option(
    "--group-column",
    metavar="C",
    help="The column of performers, styles or recordings, within which clips are no independent answers. [default: "
    "group, subject, performer, actor, style or take, where there is one; else each file is a group]",
)
@click.option(
    "--holdout-classes",
    metavar="A,B",
    help="Classes that are not trained on: how well they are retrieved is measured, and the best weights are kept.",
)
@click.option("--out", type=_PATH, metavar="FILE", default=f"encoder{_SUFFIX}", show_default=True)
@click.option("--name", help="What the encoder calls itself. [default: the file's name]")
@click.option(
    "--updates", type=click.IntRange(min=1), metavar="N", help="How long. [default: the encoder's own number]"
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help=f"The longest that it may take; of auto, for all that it tries. [default: no limit; auto: {_AUTO_MINUTES:g}]",
)
@click.option(
    "--patience",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop when N measurements of the held-out classes brought nothing better.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run was; with the same words otherwise.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="[default: one for each core]")
@click.option("--loss", type=click.Choice(LOSSES), help="Another loss than the encoder's own.")
@click.option(
    "--kernel", type=click.Choice(["rbf", "linear", "polynomial"]), help="Of the loss mmd-nca. [default: rbf]"
)
@click.option("--no-attention", is_flag=True, help="mmd-nca with the mean over time instead.")
@click.option("--no-layer-norm", is_flag=True, help="mmd-nca with a plain LSTM.")
@click.option(
    "--mirror", is_flag=True, help="Learn from mirror images too; `left` and `right` in classes change places."
)
@click.option("--asf", type=_PATH, help="The skeleton of all AMC files; else it is looked for beside each.")
@click.option("--rig-map", type=_PATH, help="Which joint is which, as `mretrieve rig --save` wrote.")
@click.option("--licence", metavar="TEXT", help="Licence of the motion, for the card.")
@click.option("--tensorboard", "curves", type=_PATH, metavar="DIR", help="Write curves for TensorBoard there.")
@click.option(
    "--checkpoint-every", type=click.FloatRange(min=0), metavar="S", default=20.0, show_default=True, help="In seconds."
)
def train(
    encoder: str,
    folders: tuple[Path, ...],
    labels: tuple[Path, ...],
    label_column: str | None,
    group_column: str | None,
    holdout_classes: str | None,
    out: Path,
    name: str | None,
    updates: int | None,
    minutes: float | None,
    patience: int | None,
    resume: bool,
    seed: int,
    device: str,
    threads: int | None,
    loss: str | None,
    kernel: str | None,
    no_attention: bool,
    no_layer_norm: bool,
    mirror: bool,
    asf: Path | None,
    rig_map: Path | None,
    licence: str | None,
    curves: Path | None,
    checkpoint_every: float,
) -> None:
    """Train an encoder on the motion files in FOLDER... for `mretrieve index DIR --encoder FILE`.

    \b
    auto      tries what your labels are good for, within --minutes, and says what each way gained;
              writes nothing where the encoder that you have is as good (exit status 0)
    gru       a small network that learns your labels in a minute
    mmd-nca   Coskun et al. 2018, from labels
    deephums  Battan et al. 2020, from labels, or without any from how bodies move

    A file that cannot be read is reported and stops nothing. Ctrl-C keeps what is learned: --resume goes on from there.
    """
    changed = _Changes(loss, kernel, not no_attention, not no_layer_norm, mirror, updates, patience)
    _check_options(encoder, labels, changed, resume, device, curves, holdout_classes)
    _check_place(out)
    _prepare_torch(device, threads)
    from mretrieve.training.card import data_card
    from mretrieve.training.folder import choose_columns, described, hold_out, read_clips

    recipe = None if encoder == _AUTO else changed.recipe(encoder, bool(labels))
    sources = _sources(folders, labels)
    columns = choose_columns(sources, label_column, group_column) if labels else None
    with reading_progress() as progress:
        read = read_clips(sources, columns, asf=asf, rig_map=rig_map, progress=progress)
    for line in (*read.refused, *described(read, columns)):
        _tell(line)
    clips, held_out = hold_out(read.clips, [one.strip() for one in (holdout_classes or "").split(",") if one.strip()])
    if recipe is None or recipe.needs_labels:
        clips = [item for item in clips if item.label]
    data = data_card([folder.as_posix() for folder in folders], clips, held_out, licence)
    run = _Run(clips, held_out, data, out, name or out.name.removesuffix(_SUFFIX), seed, minutes)
    if recipe is None:
        run.adapt()
    else:
        run.train(recipe, device, resume, checkpoint_every, curves)


@dataclass(frozen=True)
class _Changes:
    """What the user wants other than a recipe has it."""

    loss: str | None
    kernel: str | None
    attention: bool
    layer_norm: bool
    mirror: bool
    updates: int | None
    patience: int | None

    def recipe(self, encoder: str, labelled: bool) -> Recipe:
        from mretrieve.encoders.mmd_nca import MmdNcaSettings
        from mretrieve.training import default_recipe
        from mretrieve.training.objectives import objective_of
        from mretrieve.training.recipe import with_loss

        recipe = default_recipe(encoder if labelled or encoder != "deephums" else "deephums-unlabelled")
        recipe = with_loss(recipe, self.loss or recipe.loss)
        if isinstance(recipe.network, MmdNcaSettings):
            network = replace(recipe.network, attention=self.attention, layer_norm=self.layer_norm)
            recipe = replace(recipe, network=network)
        recipe = replace(
            recipe,
            kernel=self.kernel or recipe.kernel,
            augment=replace(recipe.augment, mirror=self.mirror or recipe.augment.mirror),
            updates=self.updates or recipe.updates,
            patience=self.patience or recipe.patience,
        )
        objective_of(recipe)  # says what is missing before anything is read
        return recipe


@dataclass(frozen=True, eq=False)
class _Run:
    """A training: from clips to a file."""

    clips: Sequence[LabelledClip]
    held_out: Sequence[LabelledClip]
    data: DataCard
    out: Path
    name: str
    seed: int
    minutes: float | None

    def train(self, recipe: Recipe, device: str, resume: bool, checkpoint_every_s: float, curves: Path | None) -> None:
        """By the training loop."""
        from mretrieve.training import train
        from mretrieve.training.card import training_card
        from mretrieve.training.loop import InterruptedTrainingError

        checkpoint = self.out.with_name(f"{self.out.name}.checkpoint")
        if checkpoint.exists() and not resume:
            _tell(f"{checkpoint}: an interrupted run can be taken up with --resume; this one starts afresh")
        if resume and not checkpoint.exists():
            _tell(f"{checkpoint}: not there; the run starts from its beginning")
        answer = "Stopping: what is learned is kept. Once more to stop at once."
        with stop_signals(answer) as stop, training_progress() as bar, tensorboard(curves) as written:

            def progress(now: Progress) -> None:
                bar(now)
                written(now)

            try:
                trained = train(
                    recipe,
                    self.clips,
                    seed=self.seed,
                    held_out=self.held_out,
                    device=device,
                    minutes=self.minutes,
                    checkpoint=checkpoint,
                    checkpoint_every_s=checkpoint_every_s,
                    resume=resume,
                    progress=progress,
                    stopped=lambda: bool(stop),
                )
            except InterruptedTrainingError as interrupted:
                click.echo(f"Interrupted: {interrupted}. To go on: {_command()} --resume")
                sys.exit(128 + stop[0])
        trained.encoder.name = self.name
        measured = self._measured(trained.encoder)
        card = training_card(trained, self.data, _command(), device, measured)
        about = f"{recipe.architecture}, {trained.updates} updates in {trained.wall_s / 60:.1f} minutes"
        self._save(trained.encoder, card, measured, about)
        checkpoint.unlink(missing_ok=True)

    def adapt(self) -> None:
        """By trying what the labels are good for."""
        from mretrieve.training.adaptation import adapt
        from mretrieve.training.card import adaptation_card

        started = time.monotonic()
        found = adapt(self.clips, minutes=self.minutes or _AUTO_MINUTES, seed=self.seed, progress=_tell)
        click.echo(found.explanation)
        if found.is_default:
            click.echo(f"{self.out} is not written: index without --encoder, as ever.")
            return
        encoder: StoredEncoder = found.encoder  # type: ignore[assignment]  # what is learned can be stored
        encoder.name = self.name
        measured = self._measured(encoder)
        report = found.explanation.splitlines()
        card = adaptation_card(encoder, report, found.card(), self.data, _command(), self.seed, measured)
        self._save(encoder, card, measured, f"{found.chosen} in {(time.monotonic() - started) / 60:.1f} minutes")

    def _measured(self, encoder: StoredEncoder) -> list[Retrieval]:
        """Retrieval of the held-out clips, by the encoder and by the default one."""
        from mretrieve.encoders import load_encoder
        from mretrieve.training.card import retrieval

        found = (retrieval(one.name, one, self.held_out) for one in (encoder, load_encoder()))
        return [one for one in found if one is not None]

    def _save(self, encoder: StoredEncoder, card: Card, measured: Sequence[Retrieval], about: str) -> None:
        from mretrieve.training.card import CARD_SUFFIX, save_encoder

        save_encoder(self.out, encoder, card)
        click.echo(f"{self.out}: {about}, {len(self.clips)} clips; its card: {self.out.with_suffix(CARD_SUFFIX)}")
        if measured:
            said = "; ".join(
                f"{one.encoder} mAP {one.mean_average_precision:.3f}, top-1 {one.top1:.3f}" for one in measured
            )
            click.echo(f"Held out ({', '.join(self.data.held_out)}; {measured[0].queries} queries): {said}")
            if measured[0].mean_average_precision < measured[1].mean_average_precision:
                click.echo(f"On classes that it did not see, {measured[1].encoder} is the better one.")
        path = self.out if self.out.is_absolute() else f"./{self.out.as_posix()}"
        click.echo(f"To use it: mretrieve index FOLDER --encoder {shlex.quote(str(path))}")


def _check_options(
    encoder: str,
    labels: Sequence[Path],
    changed: _Changes,
    resume: bool,
    device: str,
    curves: Path | None,
    holdout_classes: str | None,
) -> None:
    """Whether the options go together."""
    if not labels and encoder in _LABELLED:
        raise MRetrieveError(
            f"{encoder} learns from labels: add --labels FILE.csv, or train deephums, which does without"
        )
    if not labels and (holdout_classes or changed.loss not in (None, "trajectory")):
        raise MRetrieveError("--holdout-classes, and --loss but for trajectory, ask for classes: add --labels FILE.csv")
    if encoder == _AUTO and (changed != _Changes(None, None, True, True, False, None, None) or resume or curves):
        raise MRetrieveError(
            "auto chooses by itself: leave out --updates, --loss, --mirror and what else changes one run"
        )
    if encoder == _AUTO and device != "cpu":
        raise MRetrieveError("auto runs on the CPU: leave out --device")
    if encoder != "mmd-nca" and not (changed.attention and changed.layer_norm):
        raise MRetrieveError(f"--no-attention and --no-layer-norm are for mmd-nca, not for {encoder}")
    if changed.kernel is not None and (changed.loss or encoder) != "mmd-nca":
        raise MRetrieveError("--kernel is for the loss mmd-nca: leave it out, or add --loss mmd-nca")
    if changed.patience and not holdout_classes:
        raise MRetrieveError("--patience watches classes that are held out: name some with --holdout-classes")


def _check_place(out: Path) -> None:
    """Where the file goes, before hours of work."""
    if out.suffix != _SUFFIX:
        raise MRetrieveError(f"{out}: the name must end in {_SUFFIX}; add it")
    if out.is_dir():
        raise MRetrieveError(f"{out}: is a folder; name a file")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise MRetrieveError(f"{out.parent}: no folder that can be written to; make it, or name another with --out")


def _prepare_torch(device: str, threads: int | None) -> None:
    try:
        import safetensors  # noqa: F401
        import torch
    except ModuleNotFoundError as error:
        raise MRetrieveError(f"training needs {error.name}; type: pip install 'mretrieve[learned]'") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise MRetrieveError("--device cuda: this torch finds no CUDA device here; leave it out to train on the CPU")
    torch.set_num_threads(threads or os.cpu_count() or 1)  # a query is too small to share out, a training is not


def _sources(folders: Sequence[Path], labels: Sequence[Path]) -> list[Source]:
    """The files of the folders with their rows of the label tables."""
    from mretrieve.indexer.labels import UnmatchedLabelsError, read_labels
    from mretrieve.indexer.scan import scan
    from mretrieve.training.folder import Source

    sources, unmatched = [], []
    for folder in folders:
        found = scan(folder, folder / ".mretrieve")
        for warning in found.warnings:
            _tell(warning)
        paths = tuple(file.path for file in found.files)
        rows: dict[str, dict[str, str]] = {}
        if labels:
            try:
                read = read_labels(labels, folder, paths)
            except UnmatchedLabelsError as error:
                unmatched.append(error)
            else:
                rows = {row.pop("path"): {key: row[key] or "" for key in row} for row in read.table.to_pylist()}
                for warning in read.warnings if len(folders) == 1 else ():  # another folder may have those files
                    _tell(warning)
        sources.append(Source(folder, paths, rows))
    if unmatched and len(unmatched) == len(folders):
        raise unmatched[0]
    return sources


def _command() -> str:
    """What was typed; the same for a run that was interrupted and taken up."""
    return shlex.join(["mretrieve", *(word for word in sys.argv[1:] if word != "--resume")])


def _tell(line: str) -> None:
    click.echo(line, err=True)
