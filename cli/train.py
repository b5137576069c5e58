"""`mretrieve train`: one subcommand for each encoder that can be trained, made from its spec."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec as find_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mretrieve.encoders.catalogue import LOSS, encoder_specs, find_spec, loss_names
from mretrieve.encoders.spec import EncoderSpec, TrainingOption
from mretrieve.errors import MRetrieveError
from mretrieve.version import install_hint

from .interruption import stop_signals
from .training_progress import reading_progress, training_progress

if TYPE_CHECKING:
    from mretrieve.training.folder import Source

_PATH = click.Path(path_type=Path)
_AUTO, _AUTO_MINUTES = "auto", 3
_AUTO_ABOUT = "Try what your labels are good for, and keep the best encoder if it beats the default one."
_AUTO_DETAILS = "Prints the gain of each encoder that it tries; if none is better than the default, nothing is written."
_STOPPING = "Stopping; progress is saved. Press Ctrl-C again to quit immediately."


def _option(*names: str, **settings: Any) -> Callable[[], click.Option]:
    return partial(click.Option, names, **settings)


_DATA = (
    _option(
        "--labels",
        multiple=True,
        type=_PATH,
        metavar="FILE.csv",
        help="Labels of the clips: a CSV file with a `path` column, as for `mretrieve index`. Repeatable.",
    ),
    _option("--label-column", metavar="COLUMN", help="Column of the classes. [default: label]"),
    _option(
        "--group-column",
        metavar="COLUMN",
        help="Column of performers, styles or recordings; clips of one group do not count as answers to each other. "
        "[default: group, subject, performer, actor, style or take, if present; else each file is a group]",
    ),
    _option(
        "--holdout-classes",
        metavar="A,B",
        help="Classes to validate on instead of training on them; the weights that retrieve them best are kept.",
    ),
    _option("--name", help="Name of the encoder. [default: the file's name]"),
)
_RUN = (
    _option(
        "--updates", type=click.IntRange(min=1), metavar="N", help="Number of training steps. [default: the encoder's]"
    ),
    _option(
        "--minutes",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Time limit. [default: none]",
    ),
    _option(
        "--patience",
        type=click.IntRange(min=1),
        metavar="N",
        help="Stop after N validations without improvement; needs --holdout-classes.",
    ),
    _option("--resume", is_flag=True, help="Resume from the checkpoint; all other options must be unchanged."),
    _option(
        "--checkpoint-every",
        "checkpoint_every_s",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        default=20.0,
        show_default=True,
        help="How often to save the checkpoint.",
    ),
    _option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train."),
    _option("--tensorboard", type=_PATH, metavar="DIR", help="Log curves for TensorBoard there."),
)
_COMMON = (
    _option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed."),
    _option("--threads", type=click.IntRange(min=1), metavar="N", help="Number of threads. [default: one per core]"),
    _option("--asf", type=_PATH, metavar="FILE", help="Skeleton of all AMC files. [default: the one next to each]"),
    _option("--rig-map", type=_PATH, metavar="FILE", help="Joint names, as written by `mretrieve rig --save`."),
    _option("--licence", metavar="TEXT", help="Licence of the motion, for the encoder's card."),
)
_AUTO_RUN = (
    _option(
        "--minutes",
        type=click.FloatRange(min=0, min_open=True),
        default=_AUTO_MINUTES,
        show_default=True,
        metavar="N",
        help="Time for everything it tries.",
    ),
)


class _Encoders(click.Group):
    """Subcommands made from the registered specs; no code of an encoder is imported for `--help`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """`auto`, then every encoder that can be trained."""
        return [_AUTO, *(spec.name for spec in encoder_specs() if spec.training)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that trains an encoder."""
        if cmd_name == _AUTO:
            return _command(_AUTO, f"{_AUTO_ABOUT}\n\n{_AUTO_DETAILS}", _AUTO_ABOUT, (*_DATA, *_AUTO_RUN, *_COMMON), ())
        spec = find_spec(cmd_name)
        if spec is None or spec.training is None:
            return None
        return _command(spec.name, _details(spec), spec.about, (*_DATA, *_RUN, *_COMMON), spec.training.options)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, naming the encoders if there is no such one."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            ctx.fail(f"No trainable encoder {args[0]!r}; choose one of {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


@click.group(cls=_Encoders, subcommand_metavar="ENCODER FOLDER...")
def train() -> None:
    """Train an encoder on your own motion files, for `mretrieve index DIR --encoder FILE`.

    `mretrieve train ENCODER --help` shows the options of one encoder. Files that cannot be read are reported and
    skipped. Ctrl-C saves progress; --resume continues.
    """


def _command(
    name: str,
    details: str,
    about: str,
    common: Sequence[Callable[[], click.Option]],
    options: Sequence[TrainingOption],
) -> click.Command:
    folders = click.Argument(["folders"], metavar="FOLDER...", nargs=-1, required=True, type=_PATH)
    default = f"{name if (spec := find_spec(name)) and spec.kind == 'mapper' else 'encoder'}.safetensors"
    out = click.Option(["--out"], type=_PATH, metavar="FILE", default=default, show_default=True, help="File to write.")
    return click.Command(
        name,
        params=[folders, *map(_own_option, options), out, *(make() for make in common)],
        help=details,
        short_help=about,
        callback=partial(_train, name, options),
    )


def _details(spec: EncoderSpec) -> str:
    labels = "Needs --labels." if spec.needs_labels else "Works without labels."
    return f"{spec.about}\n\n{labels} A file that cannot be read is reported and skipped. Ctrl-C saves progress."


def _own_option(option: TrainingOption) -> click.Option:
    """The click option of an option of a spec."""
    if option.constant is not None:
        return click.Option([option.flag], is_flag=True, help=option.help)
    choices = loss_names() if option == LOSS else option.choices
    return click.Option(
        [option.flag],
        type=click.Choice(choices) if choices else option.type,
        metavar=option.metavar,
        required=option.required,
        help=option.help,
    )


def _train(
    encoder: str,
    options: Sequence[TrainingOption],
    folders: tuple[Path, ...],
    labels: tuple[Path, ...],
    holdout_classes: str | None,
    out: Path,
    tensorboard: Path | None = None,
    **values: Any,
) -> None:
    """Train, and print the result."""
    for module in ("torch", "safetensors", "pytorch_metric_learning"):
        if find_module(module) is None:
            raise MRetrieveError(f"training needs {module}; {install_hint('learned')}")
    from mretrieve.training.loop import InterruptedTrainingError
    from mretrieve.training.session import Listeners, TrainingRequest, train_to_file

    changes: dict[str, Any] = {name: values.pop(name) for name in ("updates", "patience") if name in values}
    for option in options:
        value = values.pop(option.flag.removeprefix("--").replace("-", "_"))
        changes[option.field] = (option.constant if value else None) if option.constant is not None else value
    request = TrainingRequest(
        encoder,
        _sources(folders, labels),
        labelled=bool(labels),
        out=out,
        command=_typed(),
        changes={path: value for path, value in changes.items() if value is not None},
        held_out_classes=tuple(name.strip() for name in (holdout_classes or "").split(",") if name.strip()),
        **values,
    )
    with stop_signals(_STOPPING) as stop:
        listeners = Listeners(
            _message, reading_progress, partial(training_progress, tensorboard), stopped=lambda: bool(stop)
        )
        try:
            lines = train_to_file(request, listeners)
        except InterruptedTrainingError as interrupted:
            click.echo(f"Interrupted: {interrupted}")
            sys.exit(128 + stop[0])
    for line in lines:
        click.echo(line)


def _message(line: str) -> None:
    click.echo(line, err=True)


def _typed() -> str:
    """What was typed; the same for a run that was interrupted and resumed."""
    return shlex.join(["mretrieve", *(word for word in sys.argv[1:] if word != "--resume")])


def _sources(folders: Sequence[Path], labels: Sequence[Path]) -> list[Source]:
    """The files of the folders with their rows of the label tables."""
    from mretrieve.sources.labels import UnmatchedLabelsError, read_labels
    from mretrieve.sources.scan import scan
    from mretrieve.training.folder import Source

    sources, unmatched = [], []
    for folder in folders:
        found = scan(folder, folder / ".mretrieve")
        for warning in found.warnings:
            _message(warning)
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
                    _message(warning)
        sources.append(Source(folder, paths, rows))
    if unmatched and len(unmatched) == len(folders):
        raise unmatched[0]
    return sources
