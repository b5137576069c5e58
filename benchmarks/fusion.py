"""Do the learned encoders add anything to the default one on motion that nobody trained on?

    python benchmarks/fusion.py [--data DIR]

Shipped encoders alone and beside `pose-statistics` at several weights, on Bandai 1 across styles (a rig, performers and
actions that no weights have seen). The default stays what it is unless a fusion wins by more than the noise: one
standard error over styles is .016 there.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from mocap_sets import bandai1, mocap_folder
from rich.console import Console
from rich.table import Table

from mretrieve.encoders import load_encoder
from mretrieve.encoders.encoder import FusedEncoder
from mretrieve.evaluation import cross_group, retrieval_scores

LEARNED = ("mmd-nca", "deephums")
WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)  # of the learned encoder, the rest is the default's


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(data: Path | None) -> None:
    """Print the table."""
    items = bandai1(mocap_folder(data))
    clips = [item.clip for item in items]
    relevant, allowed = cross_group([item.label for item in items], [item.group for item in items])
    table = Table("encoder", *(f"weight {weight:g}" for weight in WEIGHTS), title="bandai1, cross-style: mAP / top-1")
    default = load_encoder()
    for name in LEARNED:
        learned, cells = load_encoder(name), []
        for weight in WEIGHTS:
            encoder = FusedEncoder([(default, 1 - weight), (learned, weight)])
            vectors = encoder.encode(clips)
            distances = -(encoder.as_queries(vectors).astype(np.float64) @ vectors.T.astype(np.float64))
            scores = retrieval_scores(distances, relevant, allowed)
            cells.append(f"{scores.mean_average_precision:.3f} / {scores.top1:.3f}")
        table.add_row(name, *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
