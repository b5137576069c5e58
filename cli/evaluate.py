"""`mretrieve evaluate`: encoders and baselines on the named protocols."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mretrieve.encoders.catalogue import find_spec as find_encoder
from mretrieve.encoders.catalogue import recipe_names
from mretrieve.errors import MRetrieveError
from mretrieve.version import install_hint

if TYPE_CHECKING:
    from rich.console import Console

    from mretrieve.encoders import WindowEncoder
    from mretrieve.evaluation import EvaluationReport, Method, Protocol
    from mretrieve.evaluation.measurements import Measurement, MeasurementOptions
    from mretrieve.evaluation.tables import Table
    from mretrieve.motion import LabelledClip
    from mretrieve.motion.view import LabelledView
    from mretrieve.training import TrainingProgress

_PATH = click.Path(path_type=Path)
#: Width of tables if the output is not a terminal.
_WIDE = 240
#: How often a line about a training is printed.
_LINE_EVERY_S = 10.0


def _trained() -> str:
    """The names that are trained, for the help text."""
    *names, last = recipe_names()
    return f"{', '.join(names)} or {last}"


@click.command()
@click.argument("name", metavar="PROTOCOL", required=False)
@click.option("--list", "listed", is_flag=True, help="Print the protocols and what each compares.")
@click.option("--data", type=_PATH, metavar="DIR", help="Folder that holds hdm05/, cmu/, bandai1/ or Human3.6M's S1/.")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME|FILE",
    help=f"Encoder to evaluate: a weights file or pose-statistics as it is; {_trained()} is trained on the protocol's "
    "training split. Repeatable. [default: pose-statistics]",
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Choice(["dtw", "ctw", "pose-statistics"]),
    help="Distance that learns nothing. Repeatable.",
)
@click.option(
    "--seeds", default=3, show_default=True, type=click.IntRange(min=1), metavar="N", help="Number of trainings."
)
@click.option(
    "--updates", type=click.IntRange(min=1), metavar="N", help="Number of training steps. [default: the recipe's]"
)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), metavar="M", help="Time limit of a training.")
@click.option("--device", default="cpu", show_default=True, help="Where to train: cpu or cuda.")
@click.option("--as-shipped", is_flag=True, help="Evaluate the weights that come with mretrieve instead of training.")
@click.option(
    "--queries",
    default=200,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of queries of view-queries.",
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="Number of answers of P@k.")
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
@click.option("--out", type=_PATH, metavar="DIR", help="Write report.json, report.md and pictures there.")
def evaluate(
    name: str | None,
    listed: bool,
    data: Path | None,
    encoders: tuple[str, ...],
    baselines: tuple[str, ...],
    seeds: int,
    updates: int | None,
    minutes: float | None,
    device: str,
    as_shipped: bool,
    queries: int,
    k: int,
    output: str,
    out: Path | None,
) -> None:
    """Measure retrieval on a named protocol with a pinned split.

    Without PROTOCOL, or with --list: the protocols.
    """
    from mretrieve.evaluation import PROTOCOLS, Method, baseline, evaluate_protocol
    from mretrieve.evaluation.measurements import MEASUREMENTS, Measurement, MeasurementOptions, named_protocol
    from mretrieve.evaluation.tables import as_json

    if listed or name is None:
        width = max(map(len, (*PROTOCOLS, *MEASUREMENTS)))
        listing: list[Protocol | Measurement] = [*PROTOCOLS.values(), *MEASUREMENTS.values()]
        for each in listing:
            click.echo(f"{each.name:<{width}}  {each.about}  (needs {', '.join(each.needs)})")
        return
    chosen = named_protocol(name)
    if data is None:
        raise click.UsageError(f"{name} needs --data DIR, the folder that holds {', '.join(chosen.needs)}")
    _check_installed(["sklearn", "matplotlib"] if out else ["sklearn"])
    _check_data(data)
    if out is not None:
        _make(out)
    if isinstance(chosen, Measurement):
        from mretrieve.indexer import build_index

        run = _Training("", updates, minutes, device)
        options = MeasurementOptions(encoders, as_shipped, run.named, seeds, _message, queries, build_index)
        _measure(chosen, data, options, output, out)
        return
    named = encoders or (() if baselines else ("pose-statistics",))
    methods = [_encoder_method(each, as_shipped, _Training(each, updates, minutes, device)) for each in named]
    methods += [Method(each, baseline(each)) for each in baselines]
    folds = chosen.folds(data)
    reports = [
        report for method in methods for report in evaluate_protocol(folds, method, seeds=seeds, k=k, progress=_message)
    ]
    if output == "json":
        click.echo(as_json(chosen, reports))
    else:
        _print_tables(reports)
    if out is not None:
        _write(out, chosen, reports)


@dataclass(frozen=True)
class _Training:
    """How an encoder is trained."""

    name: str
    updates: int | None
    minutes: float | None
    device: str

    def fit(
        self, clips: Sequence[LabelledClip | LabelledView], seed: int, changes: Mapping[str, Any] | None = None
    ) -> WindowEncoder:
        """An encoder trained on clips, or on views; `changes` are other values of the recipe's fields."""
        import torch

        from mretrieve.training import default_recipe, train

        torch.set_num_threads(os.cpu_count() or 1)  # a query is too small to share out, a training is not
        recipe = default_recipe(self.name).with_changes(changes or {})
        recipe = replace(recipe, updates=self.updates or recipe.updates)
        last = time.monotonic()

        def progress(now: TrainingProgress) -> None:
            nonlocal last
            if time.monotonic() - last > _LINE_EVERY_S:
                last = time.monotonic()
                _message(f"  update {now.update} of {now.updates}, loss {now.loss:.4g}, {now.left_s:.0f} s left")

        trained = train(recipe, clips, seed=seed, minutes=self.minutes, device=self.device, progress=progress)
        encoder: WindowEncoder = trained.encoder
        return encoder

    def named(
        self,
        name: str,
        clips: Sequence[LabelledClip | LabelledView],
        seed: int,
        changes: Mapping[str, Any] | None = None,
    ) -> Any:
        """An encoder of that name, trained on clips: see measurements.Train."""
        return replace(self, name=name).fit(clips, seed, changes)


def _encoder_method(name: str, as_shipped: bool, training: _Training) -> Method:
    """A method of --encoder: trained if it names a recipe, else as it is."""
    from mretrieve.encoders import DEFAULT_ENCODER, load_encoder
    from mretrieve.encoders.registry import ENCODER_SUFFIX
    from mretrieve.evaluation import Method, encoder_distances

    fixed = name == DEFAULT_ENCODER or name.endswith(ENCODER_SUFFIX)
    spec = find_encoder(name)
    of_views = spec is not None and spec.inputs == "view"  # load_encoder refuses it
    if not (fixed or as_shipped or of_views) and name in recipe_names():
        return Method(name, fit=training.fit)
    shown = Path(name).name.removesuffix(ENCODER_SUFFIX) if fixed else f"{name}, as shipped"
    return Method(shown, encoder_distances(load_encoder(name)))


def _check_installed(modules: Sequence[str]) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MRetrieveError(f"evaluate needs {missing[0]}; {install_hint('learned')}")


def _check_data(folder: Path) -> None:
    if not folder.is_dir():
        raise MRetrieveError(f"{folder}: no such folder; give the one that holds the motion-capture sets")


def _make(folder: Path) -> None:
    """The folder of --out, before hours of work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MRetrieveError(f"{folder}: cannot be made: {error.strerror or error}; name another folder") from None


def _message(line: str) -> None:
    click.echo(line, err=True)


def _measure(chosen: Measurement, data: Path, options: MeasurementOptions, output: str, out: Path | None) -> None:
    """Print and write the tables of a measurement."""
    from mretrieve.evaluation.tables import tables_json, tables_markdown

    tables = chosen.measure(data, options)
    if output == "json":
        click.echo(tables_json(chosen.name, tables))
    else:
        console = _console()
        for table in tables:
            _print_table(console, table)
    if out is not None:
        (out / "report.json").write_text(tables_json(chosen.name, tables) + "\n", encoding="utf-8")
        (out / "report.md").write_text(tables_markdown(chosen.name, tables), encoding="utf-8")
        _message(f"report.json and report.md are in {out}")


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)


def _print_tables(reports: Sequence[EvaluationReport]) -> None:
    from mretrieve.evaluation.tables import counts, notes, tables

    console = _console()
    console.print(counts(reports), markup=False)
    for table in tables(reports):
        _print_table(console, table)
    for note in notes(reports):
        console.print(note, markup=False)


def _print_table(console: Console, table: Table) -> None:
    from rich.table import Table as Shown

    shown = Shown(title=table.title, title_justify="left", title_style="bold")
    for number, title in enumerate(table.heading):
        shown.add_column(title, justify="left" if number < 2 else "right")
    for row in table.rows:
        shown.add_row(*(cell.replace(" [", "\n\\[") for cell in row))  # an interval under its mean; no markup
    console.print(shown)


def _write(folder: Path, chosen: Protocol, reports: Sequence[EvaluationReport]) -> None:
    from mretrieve.evaluation.pictures import draw_map, draw_precision_recall
    from mretrieve.evaluation.tables import as_json, markdown

    try:
        (folder / "report.json").write_text(as_json(chosen, reports) + "\n", encoding="utf-8")
        (folder / "report.md").write_text(markdown(chosen, reports), encoding="utf-8")
        draw_precision_recall(folder / "precision_recall.png", reports)
        draw_map(folder / "tsne.png", reports)
    except OSError as error:
        raise MRetrieveError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from None
    _message(f"report.json, report.md, precision_recall.png and tsne.png are in {folder}")
