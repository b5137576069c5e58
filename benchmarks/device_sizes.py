"""How much `gpu_check.py` measures: numbers of rows, motions and windows, and the seconds of each block."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mretrieve.training import recipe_names

K, BATCH = 100, 64
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Sizes:
    """How much there is of everything, and the seconds of each block.

    Attributes:
        rows: numbers of vectors that are searched.
        widths: their lengths.
        clusters: the clusters of the first number of rows, and those of the last.
        probed: clusters that a search looks at.
        trained_on: vectors per cluster that k-means sees.
        candidates: motions that are warped.
        regions: sequences in which the query is looked for.
        windows: batches that are encoded.
        recipes: what is trained.
        motions: files of a generated library, at most, and how many of them are searched for.
        seconds: of search (each number and length), clusters (each), warping, encoding, training (each recipe), and an
            index (search and queries each).
    """

    rows: tuple[int, ...] = (1_000_000, 10_000_000)
    widths: tuple[int, ...] = (196, 128)
    clusters: tuple[int, int] = (4096, 16384)
    probed: tuple[int, ...] = (16, 64)
    trained_on: int = 64
    candidates: int = 20_000
    regions: int = 4_000
    windows: tuple[int, ...] = (64, 2048)
    recipes: tuple[str, ...] = (*recipe_names(), "submotion")
    motions: tuple[int, int] = (200, 20)
    seconds: tuple[float, float, float, float, float, float] = (20, 30, 45, 32, 10, 15)


SMALL = Sizes(
    rows=(500, 1_000),
    clusters=(8, 16),
    probed=(2, 8),
    candidates=20,
    regions=4,
    windows=(4,),
    recipes=("gru",),
    motions=(5, 1),
    seconds=(0.02, 0.02, 0.02, 0.02, 0.02, 0.02),
)
