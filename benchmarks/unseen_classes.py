"""MMD-NCA, its ablations, other losses and fixed distances on unseen motion classes.

    python benchmarks/unseen_classes.py [--data DIR] [--protocol NAME]... [--method NAME]... [--updates N] [--seeds N]
                                        [--results DIR] [--curves]

The table of Coskun et al. (2018, table 1) with the same rows, and embeddings of other sizes (figure 3), on the data
that is here: hdm05-unseen, cmu-unseen, and three-sets, which puts the classes of both and of Bandai 1 together, 15 to
train and 13 to test, as many as can be had (the paper has 19 and 19). Its networks are thrown away: Bandai's licence
lets them be measured, not shipped.

All networks have the same architecture but for what an ablation takes away, the same batches, optimiser and number of
updates; only the loss differs. They are compared with time-warping distances that learn nothing or a metric of frames
(`warping_baselines`). The figures of each training are kept in --results and not computed again, and an interrupted
training is continued, so that the hours can be spread; the table has all figures that are there. --curves keeps
nothing, and prints how well learned and unseen classes are told apart in the course of a training.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import click
import numpy as np
from mocap_sets import mocap_folder
from rich.console import Console
from rich.table import Table
from torch import Tensor
from warping_baselines.deep import deep_distances
from warping_baselines.generalized import generalized_distances
from warping_baselines.mahalanobis import mahalanobis_distances

from mretrieve.encoders import WindowEncoder
from mretrieve.encoders.embedding_network import EmbeddingNetwork
from mretrieve.evaluation import EvaluationTask, Fold, baseline, evaluate, protocol
from mretrieve.evaluation.data_sets import bandai1
from mretrieve.evaluation.distances import Distances
from mretrieve.motion import LabelledClip
from mretrieve.training import default_recipe, train
from mretrieve.training.batches import Batch
from mretrieve.training.embedding import EmbeddingRecipe
from mretrieve.training.held_out import held_out_map
from mretrieve.training.objectives import ClassObjective
from mretrieve.training.systems.mmd_nca import MmdNcaObjective

#: Method -> false positive rates, %, at 90, 80, 70 % of the paper's table 1: CMU, Human3.6M. Its data are not ours.
PAPER = {
    "mmd-nca": "32.7 25.7 20.3",
    "embedding 16": "",
    "embedding 32": "",
    "embedding 64": "",
    "embedding 256": "",
    "without attention": "41.2 35.4 30.0",
    "without layer norm": "37.3 30.2 28.0",
    "linear kernel": "39.8 33.9 29.0",
    "polynomial kernel": "36.8 30.4 25.0",
    "triplet": "39.7 33.8 28.8",
    "triplet-gor": "40.3 34.0 27.8",
    "triplet-anchors": "",
    "n-pair": "40.1 32.4 26.2",
    "dtw": "48.0 42.9 37.6",
    "mddtw": "44.6 39.1 34.0",
    "ctw": "46.0 41.0 39.1",
    "gdtw": "45.6 40.0 35.2",
    "dctw": "40.6 38.8 27.0",
    "pose-statistics": "",
}
#: Rows that learn nothing from the classes for training.
BASELINES = ("dtw", "ctw", "gdtw", "pose-statistics")
#: Those that MDDTW learns from.
TRIPLETS = 2000
THREE_SETS = "three-sets"
#: Of Bandai 1's contents with 15 clips, within locomotion and within the others, every second in alphabetical order.
BANDAI_TRAIN = ("dash", "walk", "walk-left", "bow", "byebye")
BANDAI_TEST = ("run", "walk-back", "walk-right", "bye", "guide")
FIGURES = ("fpr90", "fpr80", "fpr70", "nmi", "f1", "average_precision")


@dataclass(frozen=True)
class InBranches(MmdNcaObjective):
    """Another loss over the batches of MMD-NCA."""

    other: str = "triplet"

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective."""
        return ClassObjective(self.other).loss(network, embeddings, batch)


def recipe_of(method: str, updates: int) -> EmbeddingRecipe:
    """The training of a row."""
    recipe: EmbeddingRecipe = replace(default_recipe("mmd-nca"), updates=updates, validate_every=updates)
    if method.startswith("embedding "):
        return recipe.with_changes({"network.embedding": int(method.split()[1])})
    changes: dict[str, dict[str, object]] = {
        "mmd-nca": {},
        "without attention": {"network.attention": False},
        "without layer norm": {"network.layer_norm": False},
        "linear kernel": {"objective.kernel": "linear"},
        "polynomial kernel": {"objective.kernel": "polynomial"},
    }
    return recipe.with_changes(changes.get(method, {"objective": InBranches(other=method)}))


def fold_of(name: str, data: Path) -> Fold:
    """The fold of a protocol, or of the three sets together, where answers come from the query's own set."""
    if name != THREE_SETS:
        return protocol(name).folds(data)[0]
    parts = [fold_of(each, data) for each in ("hdm05-unseen", "cmu-unseen")]
    bandai = bandai1(data)
    train_clips = [item for part in parts for item in part.train]
    # one action under two names in two sets would have to be told apart by its rig
    train_clips += [
        replace(item, label="walking" if item.label == "walk" else item.label)
        for item in bandai
        if item.label in BANDAI_TRAIN
    ]
    asked = [part.tasks[0].queries for part in parts]
    asked.append(tuple(item for item in bandai if item.label in BANDAI_TEST))
    which = np.repeat(np.arange(len(asked)), [len(queries) for queries in asked])
    task = EvaluationTask.of("within a set", [item for queries in asked for item in queries])
    own = which[:, None] == which
    return Fold(tuple(train_clips), (replace(task, allowed=task.allowed & own),))


def measured(name: str, method: str, data: Path, updates: int, seed: int, checkpoint: Path) -> dict[str, float]:
    """FIGURES of a row on a protocol, of one training, which an interrupted run continues."""
    fold = fold_of(name, data)
    figures = evaluate(fold.tasks[0], compared(method, fold.train, updates, seed, checkpoint)).figures
    checkpoint.unlink(missing_ok=True)
    return {key: figures[key].mean for key in FIGURES}


def compared(
    method: str, clips: Sequence[LabelledClip], updates: int, seed: int, checkpoint: Path
) -> WindowEncoder | Distances:
    """What a row compares, trained on these clips if it learns."""
    if method == "gdtw":
        return generalized_distances()
    if method in BASELINES:
        return baseline(method)
    if method == "mddtw":
        return mahalanobis_distances(clips, TRIPLETS, seed)
    if method == "dctw":
        return deep_distances(clips, updates, seed)
    recipe = recipe_of(method, updates)
    encoder: WindowEncoder = train(recipe, clips, seed=seed, checkpoint=checkpoint, resume=True).encoder
    return encoder


def file_of(results: Path, name: str, method: str, seed: int) -> Path:
    """The file that keeps a training's figures."""
    return results / f"{name}.{method.replace(' ', '_')}.{seed}.json"


def print_tables(results: Path, protocols: Sequence[str], seeds: int) -> None:
    """Means and deviations of the trainings in the folder of results."""
    for name in protocols:
        table = Table("method", "FPR-90", "FPR-80", "FPR-70", "NMI", "F1", "mAP", "seeds", "updates", "paper, CMU")
        table.title = f"{name}: mean ± deviation over seeds; false positive rates in %"
        for method, published in PAPER.items():
            files = [file_of(results, name, method, seed) for seed in range(seeds)]
            rows = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
            if not rows:
                continue
            cells = []
            for key in FIGURES:
                factor, digits = (100.0, 1) if key.startswith("fpr") else (1.0, 3)
                values = factor * np.array([row[key] for row in rows])
                spread = f" ± {values.std(ddof=1):.{digits}f}" if len(rows) > 1 else ""
                cells.append(f"{values.mean():.{digits}f}{spread}")
            updates = " ".join(sorted({str(row["updates"]) for row in rows}))
            table.add_row(method, *cells, str(len(rows)), updates, published)
        Console(width=150).print(table)


def print_curves(protocols: Sequence[str], methods: Sequence[str], data: Path, updates: int, seeds: int) -> None:
    """Loss, and mean average precision among clips of learned and of unseen classes, ten times in a training."""
    for name in protocols:
        fold = fold_of(name, data)
        for method in methods:
            if method not in BASELINES:
                for seed in range(seeds):
                    print_curve(name, fold, method, updates, seed)


def print_curve(name: str, fold: Fold, method: str, updates: int, seed: int) -> None:
    """A line a milestone, and how well the classes that were learned are told apart."""
    recipe = replace(recipe_of(method, updates), validate_every=max(updates // 10, 1))
    trained = train(recipe, fold.train, seed=seed, held_out=fold.tasks[0].queries)
    for milestone in trained.milestones:
        click.echo(
            f"{name} {method} seed {seed}: update {milestone.update}, loss {milestone.loss:.3f}, "
            f"mAP of unseen classes {milestone.score:.3f}"
        )
    click.echo(f"  learned classes, at the best of these: mAP {held_out_map(trained.encoder, fold.train):.3f}")


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
@click.option("--protocol", "protocols", multiple=True, default=("hdm05-unseen", "cmu-unseen", THREE_SETS))
@click.option("--method", "methods", multiple=True, default=tuple(PAPER))
@click.option("--updates", default=200, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path(".build/unseen_classes"), show_default=True)
@click.option("--curves", is_flag=True)
def main(
    data: Path | None,
    protocols: tuple[str, ...],
    methods: tuple[str, ...],
    updates: int,
    seeds: int,
    results: Path,
    curves: bool,
) -> None:
    """Measure the rows that are missing and print the tables, or the curves."""
    folder = mocap_folder(data)
    if curves:
        print_curves(protocols, methods, folder, updates, seeds)
        return
    results.mkdir(parents=True, exist_ok=True)
    for seed, method, name in product(range(seeds), methods, protocols):
        file = file_of(results, name, method, seed)
        if not file.exists() and (seed == 0 or method not in BASELINES):
            row = measured(name, method, folder, updates, seed, file.with_suffix(".checkpoint"))
            row["updates"] = 0 if method in BASELINES else updates
            file.write_text(json.dumps(row), encoding="utf-8")
            click.echo(f"{name} {method} seed {seed}: {row}", err=True)
    print_tables(results, protocols, seeds)


if __name__ == "__main__":
    main()
