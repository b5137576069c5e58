"""How far apart the parts of the body are in renditions of one class and in unrelated motions.

    python benchmarks/part_scores.py [--data DIR]

Pairs of clips by two performers of HDM05 without performer tr, 250 of one class and 250 of two. What unrelated ones are
apart (root mean square) is what scores of parts are measured against, search.part_scores.UNRELATED_PART_M.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import click
import numpy as np
from mocap_sets import hdm05, mocap_folder
from rich.console import Console
from rich.table import Table

from mretrieve import Clip
from mretrieve.alignment.alignment import UNRELATED_PART_M, align
from mretrieve.motion import PARTS

CLIPS, PAIRS = 110, 250


def part_distances_m(one: Clip, other: Clip) -> list[float]:
    """Distance of each part as part scores take it, before it is divided."""
    alignment = align(one, other)
    squares = np.square(alignment.error_mm / 1000.0)
    steps = int((alignment.path[-1] - alignment.path[0] + 1).sum())
    return [float(np.sqrt(squares[:, list(joints)].mean() * len(squares) / steps)) for joints in PARTS.values()]


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path))
def main(data: Path | None) -> None:
    """Print the table."""
    generator = np.random.default_rng(0)
    items = [item for item in hdm05(mocap_folder(data)) if item.group != "tr"]
    items = [items[place] for place in generator.choice(len(items), CLIPS, replace=False)]
    pairs = [pair for pair in combinations(items, 2) if pair[0].group != pair[1].group]
    table = Table("pairs", "", *PARTS, title="distance of the parts, metres")
    for kind, same in (("one class", True), ("two classes", False)):
        mine = [pair for pair in pairs if (pair[0].label == pair[1].label) == same]
        drawn = [mine[place] for place in generator.permutation(len(mine))[:PAIRS]]
        distances = np.array([part_distances_m(one.clip, other.clip) for one, other in drawn])
        for percentile in (10, 50, 90):
            table.add_row(
                kind, f"{percentile} %", *(f"{value:.3f}" for value in np.percentile(distances, percentile, 0))
            )
        table.add_row(kind, "rms", *(f"{value:.3f}" for value in np.sqrt(np.square(distances).mean(axis=0))))
    table.add_row("used", "", *(f"{UNRELATED_PART_M[part]:.2f}" for part in PARTS))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
