"""The losses of `normalized-pose`, each left out in turn, and direct lifting: some seeds, equally many updates.

    python benchmarks/normalized_pose_losses.py [--data DIR] [--method NAME]... [--seeds N] [--updates N]
                                                [--results DIR] [--part-minutes N]

Trained on the clips of the shipped weights; measured on those of the protocols `anthropometry` and
`dense-correspondence` that nothing was trained or chosen on. A training is kept in --results and not made again.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from mocap_sets import mocap_folder
from rich.console import Console
from rich.table import Table

from mretrieve.encoders.systems.normalized_pose import ARCHITECTURE, NormalizedPose
from mretrieve.evaluation import anthropometry, dense_correspondence
from mretrieve.evaluation.data_sets import view_split
from mretrieve.motion import LabelledClip
from mretrieve.training.systems.normalized_pose import RECIPES, NormalizedPoseTask

sys.path.append(str(Path(__file__).parent / "weights"))
from train_lifting import training_clips
from training_in_parts import checkpoint_of, train_in_parts

CHANGES: dict[str, dict[str, object]] = {
    "all losses": {},
    "no cycle": {"cycle": 0.0},
    "no consistency": {"consistency": 0.0},
    "neither": {"cycle": 0.0, "consistency": 0.0},
    "no contact": {"contact": 0.0},
    "fixed mining": {"adaptive": False},
    "direct lifting": {"direct": True},
}
#: Columns of the table, and decimals of their figures.
COLUMNS = {
    "change, mm": 1,
    "MPJPE, mm": 1,
    "MPJPE of tr, mm": 1,
    "poses: hits": 3,
    "with velocities: hits": 3,
    "64-d features: hits": 3,
}
#: The vectors that the hits of the last columns are found by.
_COMPARED = ("2D, normalised (E_Q)", "2D, normalised, with velocities (E_Q)", "2D, 64-d features (E_Q)")


def figures(made: object, unseen: list[LabelledClip]) -> list[float]:
    """The figures of COLUMNS, the first three for direct lifting."""
    pairs = anthropometry.two_bodies([item.clip for item in unseen], anthropometry.SEED)
    direct = not isinstance(made, NormalizedPose)
    scores = anthropometry.direct_scores(made, pairs) if direct else anthropometry.encoder_scores(made, pairs)
    performer = anthropometry.of_unseen_performer(unseen)
    found = [scores.change_mm, float(scores.errors_mm.mean()), float(scores.errors_mm[performer].mean())]
    if direct:
        return found
    films = dense_correspondence.filmed_pairs(dense_correspondence.long_takes(unseen), dense_correspondence.SEED)
    describe = dense_correspondence.descriptions([("E_Q", made)])
    for name in _COMPARED:
        hits = [dense_correspondence.pair_scores(film, *describe[name](film)).path_hits for film in films]
        found.append(float(np.mean(hits)))
    return found


def cell(values: list[float], decimals: int) -> str:
    """Mean and deviation."""
    mean = f"{np.mean(values):.{decimals}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{decimals}f}"


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--method", "methods", multiple=True, default=tuple(CHANGES), type=click.Choice(list(CHANGES)))
@click.option("--seeds", default=3, show_default=True)
@click.option("--updates", default=300, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path(".build/normalized_pose"), show_default=True)
@click.option(
    "--part-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop a training then; the next call continues."
)
def main(
    data: Path | None, methods: tuple[str, ...], seeds: int, updates: int, results: Path, part_minutes: float | None
) -> None:
    """Make the trainings that are missing and print the table of all."""
    results.mkdir(parents=True, exist_ok=True)
    folder = mocap_folder(data)
    clips, unseen = training_clips(folder), view_split(folder).unseen
    table = Table("losses", *COLUMNS, title=f"{seeds} seeds, {updates} updates, {len(unseen)} clips")
    for method in methods:
        rows = []
        for seed in range(seeds):
            file = results / f"{method.replace(' ', '_')}.{seed}.{updates}.json"
            if not file.exists():
                recipe = replace(RECIPES[ARCHITECTURE], updates=updates, **CHANGES[method])
                task = partial(NormalizedPoseTask, recipe, clips)
                made = train_in_parts(task, file, seed, 1, part_minutes, resume=True).encoder
                file.write_text(json.dumps(figures(made, unseen)), encoding="utf-8")
                checkpoint_of(file).unlink(missing_ok=True)
            rows.append(json.loads(file.read_text()))
        columns = zip(zip(*rows, strict=True), COLUMNS.values(), strict=False)
        table.add_row(method, *(cell(list(values), decimals) for values, decimals in columns))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
