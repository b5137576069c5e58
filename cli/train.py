"""`mretrieve train`: an encoder from a user's own motion, and from their labels; or a mapping into one's space."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.errors import MRetrieveError
from mretrieve.version import install_hint

from .training_progress import reading_progress
from .training_run import AUTO_MINUTES, Resumable, TrainingRun, tell

if TYPE_CHECKING:
    from mretrieve.training import Recipe
    from mretrieve.training.folder import Source

_PATH = click.Path(path_type=Path)
_SUFFIX = ".safetensors"
_AUTO, _SUBMOTION = "auto", "submotion"
#: Those that learn nothing without labels.
_LABELLED = ("auto", "mmd-nca", "gru")
LOSSES = (
    "mmd-nca",
    "trajectory",
    "contrastive",
    "triplet",
    "triplet-gor",
    "triplet-anchors",
    "n-pair",
    "supcon",
    "nca",
)


@click.command()
@click.argument("encoder", metavar="ENCODER", type=click.Choice([_AUTO, "mmd-nca", "deephums", "gru", _SUBMOTION]))
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=_PATH)
@click.option("--over", metavar="NAME|FILE", help="Of submotion: the encoder that it maps into the space of.")
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
@click.option(
    "--out", type=_PATH, metavar="FILE", help=f"[default: encoder{_SUFFIX}, of submotion {_SUBMOTION}{_SUFFIX}]"
)
@click.option("--name", help="What the encoder calls itself. [default: the file's name]")
@click.option(
    "--updates", type=click.IntRange(min=1), metavar="N", help="How long. [default: the encoder's own number]"
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help=f"The longest that it may take; of auto, for all that it tries. [default: no limit; auto: {AUTO_MINUTES:g}]",
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
    over: str | None,
    labels: tuple[Path, ...],
    label_column: str | None,
    group_column: str | None,
    holdout_classes: str | None,
    out: Path | None,
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
    submotion finds whole clips by pieces of them: maps a piece to the vector that the encoder
              --over gives to the whole (Battan et al. 2020, section 4.5); needs no labels

    A file that cannot be read is reported and stops nothing. Ctrl-C keeps what is learned: --resume goes on from there.
    """
    changed = _Changes(loss, kernel, not no_attention, not no_layer_norm, mirror, updates, patience)
    _check_options(encoder, labels, changed, resume, device, curves, holdout_classes)
    _check_over(encoder, over, changed)
    out = out or Path(f"{_SUBMOTION if over else 'encoder'}{_SUFFIX}")
    _check_place(out)
    _prepare_torch(device, threads)
    from mretrieve.encoders import load_encoder
    from mretrieve.formats import ReadingOptions
    from mretrieve.training.card import data_card
    from mretrieve.training.folder import choose_columns, described, hold_out, read_clips

    if over is not None:
        load_encoder(over)  # says what is wrong with it before anything is read
    recipe = changed.recipe(encoder, bool(labels)) if encoder not in (_AUTO, _SUBMOTION) else None
    sources = _sources(folders, labels)
    columns = choose_columns(sources, label_column, group_column) if labels else None
    with reading_progress() as progress:
        read = read_clips(sources, columns, options=ReadingOptions(asf, rig_map), progress=progress)
    for line in (*read.refused, *described(read, columns)):
        tell(line)
    clips, held_out = hold_out(read.clips, [one.strip() for one in (holdout_classes or "").split(",") if one.strip()])
    if encoder == _AUTO or (recipe is not None and recipe.needs_labels):
        clips = [item for item in clips if item.label]
    data = data_card([folder.as_posix() for folder in folders], clips, held_out, licence)
    run = TrainingRun(clips, held_out, data, out, name or out.name.removesuffix(_SUFFIX), seed, minutes)
    how = Resumable(device, resume, checkpoint_every, curves)
    if over is not None:
        run.train_submotion(over, updates, patience, how)
    elif recipe is not None:
        run.train(recipe, how)
    else:
        run.adapt()


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
        from mretrieve.encoders.systems.mmd_nca import MmdNcaSettings
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


def _check_over(encoder: str, over: str | None, changed: _Changes) -> None:
    """Whether there is an encoder to map into exactly where one is needed, and it is one."""
    if encoder != _SUBMOTION:
        if over is not None:
            raise MRetrieveError(f"--over is for submotion, not for {encoder}: leave it out")
        return
    if over is None:
        raise MRetrieveError("submotion maps into the space of an encoder: name it, as in --over deephums")
    if changed != _Changes(None, None, True, True, False, changed.updates, changed.patience):
        raise MRetrieveError("submotion has its own loss: leave out --loss and --mirror")


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
        raise MRetrieveError(f"training needs {error.name}; {install_hint('learned')}") from None
    if device == "cuda" and not torch.cuda.is_available():
        raise MRetrieveError("--device cuda: this torch finds no CUDA device here; leave it out to train on the CPU")
    torch.set_num_threads(threads or os.cpu_count() or 1)  # a query is too small to share out, a training is not


def _sources(folders: Sequence[Path], labels: Sequence[Path]) -> list[Source]:
    """The files of the folders with their rows of the label tables."""
    from mretrieve.sources.labels import UnmatchedLabelsError, read_labels
    from mretrieve.sources.scan import scan
    from mretrieve.training.folder import Source

    sources, unmatched = [], []
    for folder in folders:
        found = scan(folder, folder / ".mretrieve")
        for warning in found.warnings:
            tell(warning)
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
                    tell(warning)
        sources.append(Source(folder, paths, rows))
    if unmatched and len(unmatched) == len(folders):
        raise unmatched[0]
    return sources
