"""All moments of a motion that a take repeats.

    python benchmarks/repetitions.py [--data DIR] [--seed N]

A take for each class and performer of hdm05: five times the motion, with pauses in between (evaluation.stitched), all
takes in one index, asked with all moments. Performers dg and tr; what counts as a repetition and what as chance
(localise.repetition_limit) was chosen with bd, bk and mm.

    the same       one clip, five times
    disturbed      the same, each time at 0.7 to 1.4 times its speed, on another body, with noise (moments.disturbed)
    renditions     five clips of the class by the performer; the query is a sixth where there is one

A repetition counts as found where a hit overlaps it by IoU .7 or more. A hit is false where it overlaps none so far;
"ends off" are those of them that overlap one by .4 or more.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mocap_sets import hdm05, mocap_folder
from moments import disturbed, indexed, overlap
from rich.console import Console
from rich.table import Table

from mretrieve import Index
from mretrieve.evaluation.stitched import stitched
from mretrieve.motion import CANONICAL_FPS, Clip, LabelledClip

PERFORMERS = ("dg", "tr")
TIMES = 5
WAYS = ("the same", "disturbed", "renditions")
#: More hits than the takes have moments.
EVERYTHING = 1000


@dataclass(frozen=True, eq=False)
class Repetitions:
    """A take, what is looked for in it and where that is."""

    query: Clip
    take: Clip
    spans: Sequence[tuple[int, int]]  # frames


@dataclass
class Count:
    """What was found."""

    repetitions: int = 0
    found: int = 0
    hits: int = 0
    ends_off: int = 0

    def add(self, other: Count) -> None:
        """Both together."""
        self.repetitions += other.repetitions
        self.found += other.found
        self.hits += other.hits
        self.ends_off += other.ends_off

    def row(self) -> tuple[str, ...]:
        """As the table has it."""
        false = self.hits - self.found
        return (
            str(self.repetitions),
            f"{100 * self.found / self.repetitions:.1f}",
            f"{100 * false / max(1, self.hits):.1f}",
            str(false),
            str(self.ends_off),
        )


def made(clips: Sequence[Clip], way: str, generator: np.random.Generator) -> Repetitions:
    """A take of one performer's clips of a class."""
    order = [clips[place] for place in generator.permutation(len(clips))]
    query = order.pop() if way == "renditions" and len(order) > 1 else order[0]
    if way == "the same":
        renditions = TIMES * [query]
    elif way == "disturbed":
        renditions = [disturbed(query, generator) for _ in range(TIMES)]
    else:
        renditions = [order[place % len(order)] for place in range(TIMES)]
    return Repetitions(query, *stitched(renditions, generator))


def counted(index: Index, name: str, item: Repetitions) -> Count:
    """What is found in one take."""
    hits = [hit for hit in index.search(item.query, EVERYTHING, all_moments=True) if hit.clip == name]
    overlaps = np.array(
        [
            [
                overlap((start / CANONICAL_FPS, end / CANONICAL_FPS), (hit.start_s, hit.end_s))
                for start, end in item.spans
            ]
            for hit in hits
        ]
    ).reshape(len(hits), len(item.spans))
    found = (overlaps >= 0.7).any(axis=0)
    near = (overlaps.max(axis=1) >= 0.4) & (overlaps.max(axis=1) < 0.7)
    return Count(len(item.spans), int(found.sum()), len(hits), int(near.sum()))


def by_class(items: Sequence[LabelledClip], way: str, seed: int) -> Mapping[str, Count]:
    """The counts of one way for each class."""
    clips = defaultdict(list)
    for item in items:
        if item.group in PERFORMERS:
            clips[item.label, item.group].append(item.clip)
    generator = np.random.default_rng(seed)
    takes = {"/".join(key): made(own, way, generator) for key, own in sorted(clips.items())}
    counts: dict[str, Count] = defaultdict(Count)
    with indexed({name: item.take for name, item in takes.items()}) as index:
        for name, take in takes.items():
            counts[name.split("/")[0]].add(counted(index, name, take))
    return counts


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real motion capture; else as the tests find it")
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    items = hdm05(mocap_folder(arguments.data))
    columns = ("repetitions", "found %", "false %", "false hits", "of them ends off")
    table = Table("the motion is", "class", *columns, title=f"All moments, performers {', '.join(PERFORMERS)}")
    for way in WAYS:
        counts, together = by_class(items, way, arguments.seed), Count()
        for count in counts.values():
            together.add(count)
        table.add_row(way, "all", *together.row())
        for label, count in counts.items():
            if count.found < count.repetitions or count.hits > count.found:
                table.add_row("", label, *count.row())
        table.add_section()
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
