"""What `part-statistics` is for, and what it costs: chimeras, whole bodies, windows a second.

    python benchmarks/part_statistics.py

A chimera has torso and arms of one HDM05 clip (A) on the legs and the path of another (B) of the same performer and
another action; A is brought to B's length. Answers are clips of other performers: by the arms they should be of A's
class, by the legs of B's. "whole body" is `pose-statistics`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from mocap_sets import bandai1, hdm05, mocap_folder

from mretrieve import Clip
from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.encoders.statistics.part_statistics import PartStatistics
from mretrieve.evaluation import cross_group, encoder_distances, retrieval_scores
from mretrieve.indexer.ingest import DEFAULT_WINDOWS, cut_windows
from mretrieve.motion import CANONICAL_FPS, LabelledClip
from mretrieve.motion.augmentation import change_speed
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.body_view import body_view
from mretrieve.motion.skeleton import PARTS

ASKED = ("arms", "legs", "torso", "upper", "left_arm", "right_arm", "left_leg", "right_leg")
LEGS = list(PARTS["left_leg"] + PARTS["right_leg"])


def chimera(above: Clip, below: Clip) -> Clip:
    """Torso and arms of one clip, at the other's length, on the legs, the path and the heading of the other."""
    above = change_speed(above, above.frame_count / below.frame_count)
    frames = min(above.frame_count, below.frame_count)
    upper, lower = (body_view(clip.positions[:frames], clip.observed[:frames]) for clip in (above, below))
    joints = upper.positions - upper.positions[:, :1] + lower.positions[:, :1]
    joints[:, LEGS] = lower.positions[:, LEGS]
    cosine, sine = np.cos(lower.heading)[:, None], np.sin(lower.heading)[:, None]
    x, y, z = np.moveaxis(joints, 2, 0)
    world = np.stack([cosine * x + sine * z, y, cosine * z - sine * x], axis=2) + lower.origin[:, None]
    return replace(below.cut(0, frames), positions=world.astype(np.float32))


def drawn_pairs(items: Sequence[LabelledClip], count: int, seed: int) -> list[tuple[int, int]]:
    """Clips of one performer and two actions."""
    generator = np.random.default_rng(seed)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        above, below = map(int, generator.integers(len(items), size=2))
        if items[above].group == items[below].group and items[above].label != items[below].label:
            pairs.append((above, below))
    return pairs


def print_chimeras(
    items: Sequence[LabelledClip], spaces: Sequence[tuple[str, WindowEncoder]], count: int, seed: int
) -> None:
    """Mean average precision and top-1 for the class of either half."""
    pairs = drawn_pairs(items, count, seed)
    queries = [chimera(items[above].clip, items[below].clip) for above, below in pairs]
    labels, groups = (np.array([getattr(item, name) for item in items]) for name in ("label", "group"))
    allowed = groups != groups[[above for above, _ in pairs]][:, None]
    click.echo(f"{count} chimeras, seed {seed}: mAP / top-1\n\n| asked by | class of the upper body | of the legs |")
    click.echo("|---|---|---|")
    for title, encoder in spaces:
        table = encoder_distances(encoder).between(queries, [item.clip for item in items])
        cells = []
        for half in (0, 1):
            relevant = (labels == labels[[pair[half] for pair in pairs]][:, None]) & allowed
            scores = retrieval_scores(table, relevant, allowed)
            cells.append(f"{scores.mean_average_precision:.3f} / {scores.top1:.3f}")
        click.echo(f"| {title} | {' | '.join(cells)} |")


def print_whole_bodies(
    sets: Sequence[tuple[str, Sequence[LabelledClip], str | None]], encoders: Sequence[WindowEncoder]
) -> None:
    """Mean average precision across groups; of the queries of one group where it is named."""
    click.echo(f"\nmAP across groups\n\n| set | {' | '.join(encoder.name for encoder in encoders)} |\n|---|---|---|")
    for title, items, performer in sets:
        relevant, allowed = cross_group([item.label for item in items], [item.group for item in items])
        rows = [performer in (None, item.group) for item in items]
        clips = [item.clip for item in items]
        cells = []
        for encoder in encoders:
            table = encoder_distances(encoder).between(clips, clips)
            cells.append(f"{retrieval_scores(table[rows], relevant[rows], allowed[rows]).mean_average_precision:.3f}")
        click.echo(f"| {title} | {' | '.join(cells)} |")


def print_costs(take: Clip, encoders: Sequence[WindowEncoder]) -> None:
    """Windows of a take encoded a second, best of seven; floats a window."""
    windows = cut_windows(take.frame_count, DEFAULT_WINDOWS)
    runs = [partial(encoder.encode_windows, take, windows) for encoder in encoders]
    best = [np.inf] * len(runs)
    for _ in range(7):  # in turn, so that what else the machine does meets all of them
        for number, encode in enumerate(runs):
            start = time.perf_counter()
            encode()
            best[number] = min(best[number], time.perf_counter() - start)
    click.echo(f"\n{len(windows)} windows of a take of {take.duration_s:.0f} s\n\n| encoder | windows/s | floats |")
    click.echo("|---|---|---|")
    for encoder, seconds in zip(encoders, best, strict=True):
        click.echo(f"| {encoder.name} | {len(windows) / seconds:,.0f} | {encoder.dimension} |")
    click.echo(f"\nboth take {sum(best) / best[0]:.2f} times as long as {encoders[0].name} alone")


def long_take(items: Sequence[LabelledClip], duration_s: float) -> Clip:
    """Clips one after the other."""
    positions = np.concatenate([item.clip.positions for item in items])[: round(duration_s * CANONICAL_FPS)]
    return Clip(positions, np.ones(positions.shape[:2], bool))


@click.command()
@click.option(
    "--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of motion capture."
)
@click.option("--queries", type=click.IntRange(min=1), default=200, show_default=True, help="How many chimeras.")
@click.option("--seed", type=int, default=0, show_default=True)
def main(mocap: Path | None, queries: int, seed: int) -> None:
    """Print the tables of part-statistics."""
    folder = mocap_folder(mocap)
    whole, parts = load_encoder("pose-statistics"), PartStatistics()
    items, others = hdm05(folder), bandai1(folder)
    spaces = [(name, parts.weighted(PartWeights.of(name))) for name in ASKED]
    print_chimeras(items, [*spaces, ("all parts alike", parts), ("whole body", whole)], queries, seed)
    sets = [("hdm05, performer tr", items, "tr"), ("hdm05, cross-performer", items, None), ("bandai1", others, None)]
    print_whole_bodies(sets, [whole, parts])
    print_costs(long_take(items, 300), [whole, parts])


if __name__ == "__main__":
    main()
