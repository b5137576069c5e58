"""The adaptation table: what `mretrieve train auto` makes of labels, and what that does to classes without any.

    python benchmarks/adaptation.py [--part NAME]... [--mocap DIR] [--results DIR] [--processor-time]

Prints mAP / top-1, false positive rates at 90, 80, 70 % of the true ones, of the default and of what was learned:

- jhmdb-1 to -3: 2D poses, lifted; the GRU looks at the poses themselves. Learns the training clips of an official
  split, its test clips ask among them; 3 minutes.
- hdm05: learns four performers; performer tr asks among them; 2 minutes.
- random-bandai1, random-hdm05: the same clips with their labels shuffled, nothing may be learned; 2 minutes.
- bandai1-0 to -4: learns 3 of 15 styles; 5 other styles ask and answer each other (another style's clips only);
  2 minutes.
- bandai1-some-0 to -4: the same without the labels of 4 of the contents that every style has; their queries apart.

All the time is for `adapt` as a whole, cross-validation included. Each part's figures are kept in --results as they
come, and not computed again; the table is printed of all that is there. What is learned here is thrown away: bandai1
and jhmdb are for evaluation only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
from mocap_sets import bandai1, hdm05, mocap_folder

from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.evaluation import false_positive_rates, retrieval_scores
from mretrieve.formats import read_keypoints
from mretrieve.lifting import lift
from mretrieve.motion import LabelledClip
from mretrieve.motion.canonical.keypoint_view import view_of_keypoints
from mretrieve.motion.lifted_clip import LiftedClip
from mretrieve.training.adaptation import adapt

PARTS = (
    *(f"jhmdb-{split}" for split in (1, 2, 3)),
    "hdm05",
    "random-bandai1",
    "random-hdm05",
    *(f"bandai1-{split}" for split in range(5)),
    *(f"bandai1-some-{split}" for split in range(5)),
)
LEFT_OUT = 4  # contents without labels


@dataclass(frozen=True)
class Scores:
    """Of one encoder on one question."""

    mean_average_precision: float
    top1: float
    false_positive_rates: tuple[float, ...]

    def __str__(self) -> str:
        rates = "/".join(f"{100 * rate:.0f}" for rate in self.false_positive_rates)
        return f"{self.mean_average_precision:.3f} / {self.top1:.3f}, {rates}"


@dataclass(frozen=True)
class Row:
    """A question to the default and to what was learned."""

    title: str
    default: Scores
    adapted: Scores


@dataclass(frozen=True)
class Question:
    """Queries and what they ask among: clips of other groups."""

    title: str
    queries: Sequence[LabelledClip]
    gallery: Sequence[LabelledClip]


@dataclass(frozen=True)
class Part:
    """What is learned within some minutes, and what is asked then."""

    learned: Sequence[LabelledClip]
    minutes: float
    questions: Sequence[Question]


def jhmdb(mocap: Path, split: int, part: str) -> list[LabelledClip]:
    """The clips of a split's `train` or `test` part, lifted, with their views; each is its own group."""
    file = mocap / "jhmdb" / f"split{split}_{part}.npz"
    with np.load(file, allow_pickle=False) as arrays:
        labels = arrays["label"]
    items = []
    for label, person in zip(labels, read_keypoints(file, fps=30), strict=True):
        view = view_of_keypoints(person)
        clip = lift(view)
        name = f"{part}{person.body}"
        items.append(LabelledClip(LiftedClip(clip.positions, clip.observed, view=view), str(label), name, name))
    return items


def part_named(name: str, mocap: Path) -> Part:
    """One of PARTS."""
    set_name, *rest = name.split("-")
    if set_name == "jhmdb":
        training, test = (jhmdb(mocap, int(rest[0]), part) for part in ("train", "test"))
        return Part(training, 3.0, [Question("jhmdb", test, training)])
    if set_name == "bandai1":
        return bandai1_part(bandai1(mocap), int(rest[-1]), LEFT_OUT if rest[0] == "some" else 0)
    if rest == ["bandai1"]:
        return Part(shuffled(bandai1(mocap)), 2.0, [])
    items = hdm05(mocap)
    training = [item for item in items if item.group != "tr"]
    if set_name == "random":
        return Part(shuffled(training), 2.0, [])
    return Part(training, 2.0, [Question("hdm05", [item for item in items if item.group == "tr"], training)])


def bandai1_part(items: Sequence[LabelledClip], split: int, left_out_count: int) -> Part:
    """Three styles to learn, less the labels of some contents; five others ask each other."""
    styles = sorted({item.group for item in items})
    everywhere = sorted({item.label for item in items if len({o.group for o in items if o.label == item.label}) > 3})
    generator = np.random.default_rng(split)
    order = [str(style) for style in generator.permutation(styles)]
    left_out = {str(label) for label in generator.permutation(everywhere)[:left_out_count]}
    unseen = [item for item in items if item.group in order[:5]]
    shown = [item for item in items if item.group in order[5:8] and item.label not in left_out]
    if not left_out:
        return Part(shown, 2.0, [Question("bandai1", unseen, unseen)])
    questions = [
        Question(f"bandai1, {title}", [item for item in unseen if (item.label in left_out) == is_left_out], unseen)
        for title, is_left_out in (("contents with labels", False), ("contents without", True))
    ]
    return Part(shown, 2.0, questions)


def shuffled(items: Sequence[LabelledClip]) -> list[LabelledClip]:
    """The same clips, their labels dealt anew."""
    labels = np.random.default_rng(0).permutation([item.label for item in items])
    return [replace(item, label=str(label)) for item, label in zip(items, labels, strict=True)]


def scores(encoder: WindowEncoder, question: Question) -> Scores:
    """Of the queries among the gallery's clips of other groups."""
    sides = (question.queries, question.gallery)
    asking, stored = (encoder.encode([item.clip for item in items]) for items in sides)
    distances = -(encoder.as_queries(asking) @ stored.T)
    labels, groups = (
        [np.array([getattr(item, key) for item in items]) for items in sides] for key in ("label", "group")
    )
    relevant, allowed = labels[0][:, None] == labels[1], groups[0][:, None] != groups[1]
    found = retrieval_scores(distances, relevant, allowed)
    rates = false_positive_rates(distances, relevant, allowed)
    return Scores(found.mean_average_precision, found.top1, tuple(float(rate) for rate in rates))


@dataclass(frozen=True)
class Result:
    """A part, measured."""

    chosen: str
    explanation: str
    wall_minutes: float
    processor_minutes: float  # of all threads together
    rows: Sequence[Row]

    @classmethod
    def from_json(cls, text: str) -> Result:
        """What `json.dumps(asdict(result))` wrote."""
        content = json.loads(text)
        rows = [Row(row["title"], Scores(**row["default"]), Scores(**row["adapted"])) for row in content.pop("rows")]
        return cls(rows=rows, **content)


def measured(part: Part) -> Result:
    """Learn and ask, now."""
    wall, processor = time.perf_counter(), time.process_time()
    adaptation = adapt(part.learned, minutes=part.minutes, progress=lambda line: click.echo(f"  {line}", err=True))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    rows = [
        Row(question.title, scores(load_encoder(), question), scores(adaptation.encoder, question))
        for question in part.questions
    ]
    return Result(adaptation.chosen, adaptation.explanation, wall / 60, processor / 60, rows)


def print_table(results: Path) -> None:
    """Of all parts that are there, and the means over their splits."""
    click.echo("| part | minutes of processor | chosen | default: mAP / top-1, FPR at 90/80/70 % TPR | adapted |")
    click.echo("|---|---|---|---|---|")
    rows: dict[str, list[Row]] = {}
    for name in PARTS:
        file = results / f"{name}.json"
        if not file.exists():
            continue
        result = Result.from_json(file.read_text(encoding="utf-8"))
        begin = f"| {name} | {result.processor_minutes:.1f} | {result.chosen} |"
        if not result.rows:
            click.echo(f"{begin} | |")
        for row in result.rows:
            _, _, which = row.title.partition(", ")
            click.echo(f"{begin.replace(name, f'{name}, {which}' if which else name)} {row.default} | {row.adapted} |")
            rows.setdefault(row.title, []).append(row)
    click.echo("\n| mean of the splits | splits | default: mAP / top-1 | adapted | lowest change of mAP |")
    click.echo("|---|---|---|---|---|")
    for title, found in rows.items():
        both = []
        for side in ("default", "adapted"):
            values = [(getattr(row, side).mean_average_precision, getattr(row, side).top1) for row in found]
            both.append("{:.3f} / {:.3f}".format(*np.mean(values, axis=0)))
        lowest = min(row.adapted.mean_average_precision - row.default.mean_average_precision for row in found)
        click.echo(f"| {title} | {len(found)} | {both[0]} | {both[1]} | {lowest:+.3f} |")


@click.command(help=__doc__)
@click.option(
    "--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of motion capture."
)
@click.option("--part", "parts", multiple=True, default=PARTS, type=click.Choice(PARTS), help="All of them, else.")
@click.option("--results", type=click.Path(path_type=Path), default=Path(".build/adaptation"), show_default=True)
@click.option("--processor-time", is_flag=True, help="Count minutes of this process, where others use the machine too.")
def main(mocap: Path | None, parts: tuple[str, ...], results: Path, processor_time: bool) -> None:
    """Measure what is not there yet and print the table."""
    results.mkdir(parents=True, exist_ok=True)
    if processor_time:
        time.monotonic = time.process_time  # the clock that `adapt` and the training loop look at
    for name in parts:
        file = results / f"{name}.json"
        if not file.exists():
            result = measured(part_named(name, mocap_folder(mocap)))
            file.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
            click.echo(f"{name}\n{result.explanation}\n{[str(row.adapted) for row in result.rows]}\n", err=True)
    print_table(results)


if __name__ == "__main__":
    main()
