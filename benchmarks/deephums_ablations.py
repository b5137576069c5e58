"""DeepHuMS against recognition, and the effect of incomplete and sped-up sequences in its training.

    python benchmarks/deephums_ablations.py [--data DIR] [--method NAME]... [--updates N] [--seeds N] [--results DIR]

The rows that Battan et al. (2019) print in table 1 and figures 10 and 13, on the protocol `robustness`: the network as
it is, one that is trained by cross-entropy alone (retrieval against recognition), one that never saw missing joints,
and one that never saw other speeds. The figures of each training are kept in --results and not computed again, and
an interrupted training is continued. Three minutes a row and seed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import click
import numpy as np
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
FIGURES = ("average_precision", "top1", "dtw_error_mm")


def measured(method: str, data: Path, updates: int, seed: int, checkpoint: Path) -> dict[str, list[float]]:
    """FIGURES of each condition of `robustness`, of one training, which an interrupted run continues."""
    recipe = default_recipe("deephums").with_changes({**CHANGES[method], "updates": updates})
    folds = protocol("robustness").folds(data)

    def fit(clips: Sequence[LabelledClip], _: int) -> WindowEncoder:
        encoder: WindowEncoder = train(recipe, clips, seed=seed, checkpoint=checkpoint, resume=True).encoder
        return encoder

    reports = evaluate_protocol(folds, Method(method, fit=fit))
    checkpoint.unlink(missing_ok=True)
    return {report.task: [report.figures[key].mean for key in FIGURES] for report in reports}


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--method", "methods", multiple=True, default=tuple(CHANGES), type=click.Choice(list(CHANGES)))
@click.option("--updates", default=500, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path(".build/deephums"), show_default=True)
def main(data: Path | None, methods: tuple[str, ...], updates: int, seeds: int, results: Path) -> None:
    """Measure the rows that are missing and print the table."""
    results.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict[str, list[float]]]] = {method: [] for method in methods}
    for seed, method in product(range(seeds), methods):
        file = results / f"{method.replace(' ', '_')}.{updates}.{seed}.json"
        if not file.exists():
            row = measured(method, mocap_folder(data), updates, seed, file.with_suffix(".checkpoint"))
            file.write_text(json.dumps(row), encoding="utf-8")
        rows[method].append(json.loads(file.read_text(encoding="utf-8")))
    title = f"mAP / top-1 / DTW error of the first answer, of the protocol robustness; {seeds} seeds, {updates} updates"
    table = Table("queries", *methods, title=title)
    for condition in rows[methods[0]][0]:
        cells = []
        for method in methods:
            values = np.array([row[condition] for row in rows[method]])
            spread = f" ± {values[:, 0].std(ddof=1):.3f}" if seeds > 1 else ""
            precision, top1, error_mm = values.mean(axis=0)
            cells.append(f"{precision:.3f}{spread} / {top1:.3f} / {error_mm:.1f} mm")
        table.add_row(condition, *cells)
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
