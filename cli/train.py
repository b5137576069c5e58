"""`mretrieve train`: one subcommand for each encoder that can be trained, made from its spec."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec as find_module
from pathlib import Path
from typing import Any

import click

from mretrieve.encoders.catalogue import AUTO, AUTO_MINUTES, LOSS, encoder_specs, find_spec, loss_names
from mretrieve.encoders.spec import EncoderSpec, TrainingOption
from mretrieve.errors import MRetrieveError
from mretrieve.version import install_hint

from .progress import Listener, graceful_stop, reading_progress, training_progress

_PATH = click.Path(path_type=Path)
_AUTO_ABOUT = "Try what your labels are good for, and keep the best encoder if it beats the default one."
_AUTO_DETAILS = "Prints the gain of each encoder that it tries; if none is better than the default, nothing is written."
_STOPPING = "Stopping; progress is saved. Press Ctrl-C again to quit immediately."


_DATA = (
    click.Option(
        ["--labels"],
        multiple=True,
        type=_PATH,
        metavar="FILE.csv",
        help="Labels of the clips or of spans: a file as for `mretrieve index`. Repeatable.",
    ),
    click.Option(["--label-column"], metavar="COLUMN", help="Column of the classes. [default: label]"),
    click.Option(
        ["--group-column"],
        metavar="COLUMN",
        help="Column of performers, styles or recordings; clips of one group do not count as answers to each other. "
        "[default: group, subject, performer, actor, style or take, if present; else each file is a group]",
    ),
    click.Option(
        ["--holdout-classes"],
        metavar="A,B",
        help="Classes to validate on instead of training on them; the weights that retrieve them best are kept.",
    ),
    click.Option(["--name"], help="Name of the encoder. [default: the file's name]"),
)
_RUN = (
    click.Option(
        ["--updates"],
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of training steps. [default: the encoder's]",
    ),
    click.Option(
        ["--minutes"],
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Time limit. [default: none]",
    ),
    click.Option(
        ["--patience"],
        type=click.IntRange(min=1),
        metavar="N",
        help="Stop after N validations without improvement; needs --holdout-classes.",
    ),
    click.Option(["--resume"], is_flag=True, help="Resume from the checkpoint; all other options must be unchanged."),
    click.Option(
        ["--checkpoint-every", "checkpoint_every_s"],
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        default=20.0,
        show_default=True,
        help="How often to save the checkpoint.",
    ),
    click.Option(
        ["--device"],
        type=click.Choice(["cpu", "cuda"]),
        default="cpu",
        show_default=True,
        help="Where to train.",
    ),
    click.Option(["--tensorboard"], type=_PATH, metavar="DIR", help="Log curves for TensorBoard there."),
)
_COMMON = (
    click.Option(["--seed"], type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Random seed."),
    click.Option(
        ["--threads"],
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of threads. [default: one per core]",
    ),
    click.Option(
        ["--asf"],
        type=_PATH,
        metavar="FILE",
        help="Skeleton of all AMC files. [default: the one next to each]",
    ),
    click.Option(
        ["--rig-map"],
        type=_PATH,
        metavar="FILE",
        help="Joint names, as written by `mretrieve rig --save`.",
    ),
    click.Option(["--licence"], metavar="TEXT", help="Licence of the motion, for the encoder's card."),
)
_AUTO_RUN = (
    click.Option(
        ["--minutes"],
        type=click.FloatRange(min=0, min_open=True),
        default=AUTO_MINUTES,
        show_default=True,
        metavar="N",
        help="Time for everything it tries.",
    ),
)


class _Encoders(click.Group):
    """Subcommands made from the registered specs; no code of an encoder is imported for `--help`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """`auto`, then every encoder that can be trained."""
        return [AUTO, *(spec.name for spec in encoder_specs() if spec.training)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that trains an encoder."""
        if cmd_name == AUTO:
            return _command(AUTO, f"{_AUTO_ABOUT}\n\n{_AUTO_DETAILS}", _AUTO_ABOUT, (*_DATA, *_AUTO_RUN, *_COMMON), ())
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
    common: Sequence[click.Option],
    options: Sequence[TrainingOption],
) -> click.Command:
    folders = click.Argument(["folders"], metavar="FOLDER...", nargs=-1, required=True, type=_PATH)
    default = f"{name if (spec := find_spec(name)) and spec.kind == 'mapper' else 'encoder'}.safetensors"
    out = click.Option(["--out"], type=_PATH, metavar="FILE", default=default, show_default=True, help="File to write.")
    return click.Command(
        name,
        params=[folders, *map(_own_option, options), out, *common],
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
    holdout_classes: str | None,
    out: Path,
    asf: Path | None,
    rig_map: Path | None,
    tensorboard: Path | None = None,
    **values: Any,
) -> None:
    """Train, and print the result."""
    for module in ("torch", "safetensors", "pytorch_metric_learning"):
        if find_module(module) is None:
            raise MRetrieveError(f"training needs {module}; {install_hint('learned')}")
    from mretrieve.formats import ReadingOptions
    from mretrieve.training.loop import InterruptedTrainingError
    from mretrieve.training.request import TrainingRequest
    from mretrieve.training.session import Listeners, train_to_file

    changes: dict[str, Any] = {name: values.pop(name) for name in ("updates", "patience") if name in values}
    for option in options:
        value = values.pop(option.flag.removeprefix("--").replace("-", "_"))
        changes[option.field] = (option.constant if value else None) if option.constant is not None else value
    request = TrainingRequest(
        encoder,
        folders,
        out,
        command=_typed(),
        changes={path: value for path, value in changes.items() if value is not None},
        reading=ReadingOptions(asf, rig_map),
        held_out_classes=tuple(name.strip() for name in (holdout_classes or "").split(",") if name.strip()),
        **values,
    )
    stops: list[int] = []

    @contextmanager
    def training() -> Iterator[tuple[Listener, Callable[[], bool]]]:
        with graceful_stop(_STOPPING) as signals, training_progress(tensorboard) as progress:
            try:
                yield progress, lambda: bool(signals)
            finally:
                stops.extend(signals)

    try:
        lines = train_to_file(request, Listeners(_message, reading_progress, training))
    except InterruptedTrainingError as interrupted:
        click.echo(f"Interrupted: {interrupted}")
        sys.exit(128 + stops[0])
    for line in lines:
        click.echo(line)


def _message(line: str) -> None:
    click.echo(line, err=True)


def _typed() -> str:
    """What was typed; the same for a run that was interrupted and resumed."""
    return shlex.join(["mretrieve", *(word for word in sys.argv[1:] if word != "--resume")])
