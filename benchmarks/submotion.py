"""Does a piece of a take find its take by the sub-motion mapping? (DeepHuMS, section 4.5)

    python benchmarks/submotion.py [deephums] [pose-statistics] [--mocap DIR] [--updates N] [--alone]

200 pieces out of the 109 takes of cmu/bvh and cmu/expmap, each at .7 to 1.4 times its speed, on bones .85 to 1.15 times
as long, turned, with 10 mm of noise (standard deviation) in every coordinate. One vector a take; no windows. Asked by
the mapped vector and, in the same run, by the vector that the encoder gives to the piece itself. `seen`: the takes, not
these pieces of them, were trained on, as in the paper: HDM05 without performer tr and all takes; the weights that come
with mretrieve, where there are some. `not seen`: trained on HDM05 without performer tr and half of the takes, asked for
200 pieces of the other half, still among all takes; then the halves change places, and the mean of both is shown. At
the end what the space itself allows: whole takes, disturbed alike and asked as they are.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from mocap_sets import cmu_bvh, cmu_expmap, hdm05, mocap_folder

from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.encoders.registry import shipped_mapper
from mretrieve.encoders.systems.submotion import SubmotionMapper
from mretrieve.motion import CANONICAL_FPS, Clip
from mretrieve.training import default_recipe, train
from mretrieve.training.pieces import ParentsFound, disturbed, parent_ranks, parents_found
from mretrieve.training.systems.submotion import pieces_found

LENGTHS_S = (2.0, 1.0)


@click.command(help=__doc__)
@click.argument("encoders", nargs=-1)
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--updates", type=click.IntRange(min=1), help="Of what is trained here; else the recipe's own.")
@click.option(
    "--alone", is_flag=True, help="The paper's network, which does not see the encoder's vector of the piece."
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
def main(encoders: tuple[str, ...], mocap: Path | None, updates: int | None, alone: bool, threads: int) -> None:
    """Print the table."""
    torch.set_num_threads(threads)
    folder = mocap_folder(mocap)
    takes = cmu_bvh(folder) + cmu_expmap(folder)
    clips = [take.clip for take in takes]
    order = np.random.default_rng(0).permutation(len(takes))
    halves = [sorted(half.tolist()) for half in np.array_split(order, 2)]
    others = [item for item in hdm05(folder) if item.group != "tr"]
    default = default_recipe("submotion")
    default = replace(default, updates=updates or default.updates, alone=alone)
    click.echo("| encoder | takes | piece | mapped: first / first 5 | itself: first / first 5 | mapped in |")
    click.echo("|---|---|---|---|---|---|")
    for name in encoders or ("deephums", "pose-statistics"):
        encoder, recipe = load_encoder(name), replace(default, over=name)
        shipped = None if alone else shipped_mapper(encoder.fingerprint)
        mapper = shipped or train(recipe, others + takes).encoder
        print_rows(encoder, "seen", clips, [(mapper, range(len(clips)))])
        folds = []
        for learned, asked in (halves, halves[::-1]):
            trained = train(recipe, others + [takes[number] for number in learned])
            folds.append((trained.encoder, asked))
        print_rows(encoder, "not seen", clips, folds)
        generator = np.random.default_rng(0)
        stored, parents = encoder.encode(clips), np.arange(len(clips))
        whole = encoder.encode([disturbed(clip, generator) for clip in clips])
        found = parents_found("itself", parent_ranks(encoder, whole, stored, parents), len(clips), 0.0)
        click.echo(f"| {name} | all | whole | | {shares([found])} | |")


def print_rows(
    encoder: WindowEncoder, takes: str, clips: Sequence[Clip], folds: Sequence[tuple[SubmotionMapper, Sequence[int]]]
) -> None:
    """A row for each length of pieces: the mean over mappers, each with the clips that its pieces are taken from."""
    for length_s in LENGTHS_S:
        found = [pieces_found(encoder, mapper, clips, parents, length_s) for mapper, parents in folds]
        mapped, itself = zip(*found, strict=True)
        took_ms = 1e3 * mapping_time(encoder, folds[0][0], clips[0].cut(0, round(CANONICAL_FPS * length_s)))
        row = [encoder.name, takes, f"{length_s:g} s", shares(mapped), shares(itself), f"{took_ms:.1f} ms"]
        click.echo(f"| {' | '.join(row)} |")


def shares(found: Sequence[ParentsFound]) -> str:
    """As a cell: means."""
    return f"{np.mean([one.first for one in found]):.3f} / {np.mean([one.among_first for one in found]):.3f}"


def mapping_time(encoder: WindowEncoder, mapper: SubmotionMapper, piece: Clip) -> float:
    """Seconds of one query of which the encoder's own vector is known: the median of 20."""
    own, times = encoder.encode([piece]), []
    for _ in range(20):
        started = time.perf_counter()
        mapper.map(encoder, [piece], own)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


if __name__ == "__main__":
    main()
