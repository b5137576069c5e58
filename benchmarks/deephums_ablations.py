"""DeepHuMS against recognition, and what its incomplete and sped-up sequences in training are for.

    python benchmarks/deephums_ablations.py [--data DIR] [--method NAME]... [--seeds N] [--results DIR]

The rows that Battan et al. (2019) print in table 1 and figures 10 and 13, on the protocol `robustness`: the network as
it is, one that is trained by cross-entropy alone (retrieval against recognition), one that never saw missing joints,
and one that never saw other speeds. A row is kept in --results and not computed again. Three minutes a row and seed.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from mocap_sets import mocap_folder
from rich.console import Console
from rich.table import Table

from mretrieve.encoders import WindowEncoder
from mretrieve.evaluation import Method, evaluate_protocol, protocol
from mretrieve.motion import LabelledClip
from mretrieve.training import default_recipe, train

CHANGES: dict[str, dict[str, object]] = {
    "as it is": {},
    "cross-entropy alone": {"objective.contrastive_weight": 0.0},
    "without missing joints": {"augment.missing_share": 0.0},
    "without other speeds": {"objective.speeds": (1.0,)},
}


def measured(method: str, data: Path, seeds: int) -> dict[str, list[float]]:
    """Mean average precision and top-1, each with its deviation, of each condition of `robustness`."""
    recipe = default_recipe("deephums").with_changes(CHANGES[method])

    def fit(clips: list[LabelledClip], seed: int) -> WindowEncoder:
        return train(recipe, clips, seed=seed).encoder

    chosen = protocol("robustness")
    folds = chosen.folds(data)
    reports = evaluate_protocol(folds, Method(method, fit=fit), seeds=seeds)
    rows = {}
    for task, report in zip(folds[0].tasks, reports, strict=True):
        figures = [report.figures[key] for key in ("average_precision", "top1")]
        rows[task.name] = [value for figure in figures for value in (figure.mean, figure.deviation)]
    return rows


def _file(results: Path, method: str, seeds: int) -> Path:
    return results / f"{method.replace(' ', '_')}.{seeds}.json"


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--method", "methods", multiple=True, default=tuple(CHANGES), type=click.Choice(list(CHANGES)))
@click.option("--seeds", default=3, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path(".build/deephums"), show_default=True)
def main(data: Path | None, methods: tuple[str, ...], seeds: int, results: Path) -> None:
    """Measure what is not there yet and print the table of all that is."""
    results.mkdir(parents=True, exist_ok=True)
    for method in methods:
        file = _file(results, method, seeds)
        if not file.exists():
            file.write_text(json.dumps(measured(method, mocap_folder(data), seeds)), encoding="utf-8")
    table = Table("queries", *methods, title=f"mAP / top-1 of the protocol robustness, {seeds} seeds")
    kept = {
        method: json.loads((results / f"{method.replace(' ', '_')}.{seeds}.json").read_text()) for method in methods
    }
    for condition in kept[methods[0]]:
        cells = []
        for method in methods:
            mean, deviation, top1, _ = kept[method][condition]
            cells.append(f"{mean:.3f} ± {deviation:.3f} / {top1:.3f}")
        table.add_row(condition, *cells)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
