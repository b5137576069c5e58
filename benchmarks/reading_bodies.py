"""How bodies are read: maps, axes, hands, people and times of generated files whose truth is known.

    python benchmarks/reading_bodies.py [--seed 0] [--only maps,axes] [--share 0.1] [--examples 5]
    python benchmarks/reading_bodies.py --cases FOLDER

Files are generated from a seed (`tests/support/bodies`): develop on one, judge on another. Every file goes the way of
the index, from its bytes to canonical clips. A map is wrong if any joint of it is not within 25 mm of the one that is
meant in every frame, if a joint that the rig has is called missing, or if the back is out of order. Kinds of wrong
maps: "sides" are swapped, "missing" joints are there, "trunk" (pelvis, back, collars, neck, head), "limbs". Up is wrong
beyond 30 degrees; a clip is mirrored if it is the mirror image of what happened, and "not shown" if it is that and a
note says that the body does not show the hand of the axes: right-handed axes are usual. Such a file may be that of
another movement in right-handed axes, as `tests/motion/canonical/test_two_worlds.py` shows.

`--cases` reads a folder of files with the right values in `expected.json` instead.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter, defaultdict  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from itertools import zip_longest  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.bodies.companies import drawn_company, drawn_unusual_person, drawn_with_prop  # noqa: E402
from support.bodies.creatures import drawn_creature  # noqa: E402
from support.bodies.drawing import drawn_floor_work, drawn_raised_arms, drawn_rig, drawn_takes  # noqa: E402
from support.bodies.expected import case_faults  # noqa: E402
from support.bodies.times import FRAME_TIMES, drawn_first_frame, drawn_rate, drawn_zero_channels  # noqa: E402
from support.bodies.truth import GeneratedFile, fault_kind, map_faults, orientation, remarks  # noqa: E402

from mretrieve.errors import MRetrieveError  # noqa: E402
from mretrieve.formats import MotionFile, ReadingOptions  # noqa: E402
from mretrieve.sources.reading import SourceClip, read_bodies  # noqa: E402

Draw = Callable[[int, int], GeneratedFile]

#: Confidence levels at which the share of wrong maps is printed.
_LEVELS = (0.9, 0.8, 0.7, 0.6, 0.0)
_UP_DEGREES, _RESIDUAL_M = 30.0, 0.04
_WRONG = ("up wrong", "mirrored", "joints off", "refused")


@dataclass
class Tally:
    """Outcomes of one section, by the value of a tag, and the worst examples."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, group: str, outcome: str, name: str = "", faults: Iterable[str] = ()) -> None:
        """Count an outcome; faults make it an example, the worse the more."""
        self.counts[group][outcome] += 1
        faults = list(faults)
        if faults:
            more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
            shown = "; ".join(fault[:120] for fault in faults[:3])
            self.examples[group].append((-len(faults), f"{name}: {outcome}: {shown}{more}"))

    def show(self, title: str, outcomes: tuple[str, ...], examples: int) -> None:
        """Print the table, and as many examples: the worst of each row in turn."""
        width = max([len(title), *(len(group) for group in self.counts)])
        print(f"\n{title:{width}}" + "".join(f"{outcome:>14}" for outcome in ("files", *outcomes)))
        total: Counter[str] = sum(self.counts.values(), Counter())
        rows = sorted(self.counts.items()) + ([("all", total)] if len(self.counts) > 1 else [])
        for group, counts in rows:
            cells = "".join(f"{counts[outcome]:14}" for outcome in outcomes)
            print(f"{group:{width}}{counts.total():14}{cells}")
        worst = [sorted(self.examples[group]) for group in sorted(self.examples)]
        in_turn = [line for rank in zip_longest(*worst) for line in rank if line is not None]
        for _, line in in_turn[:examples]:
            print(f"  {line}")


def read(generated: GeneratedFile) -> list[SourceClip] | str:
    """The clips of a file, or the error that refuses it."""
    try:
        return read_bodies(MotionFile(Path("generated.bvh"), generated.text.encode()), ReadingOptions())
    except MRetrieveError as error:
        return str(error)


def maps(seed: int, count: int, examples: int) -> None:
    """Wrong maps at each stated confidence, and by kind of name."""
    levels, names, extras = Tally(), Tally(), Tally()
    for number in range(count):
        generated = drawn_rig(seed, number)
        bodies = read(generated)
        if isinstance(bodies, str):
            levels.add("refused", "refused")
            names.add(generated.tags["names"], "refused", generated.name, [bodies])
            continue
        first = bodies[0]
        faults = map_faults(first.rig_map, first.motion, generated.bodies[0])
        confidence = round(first.rig_map.confidence, 2)
        level = next(level for level in _LEVELS if confidence >= level)
        outcome = fault_kind(first.rig_map, first.motion, generated.bodies[0]) or "right"
        name = f"[{confidence:.2f}, {first.rig_map.origin}; {generated.tags['extras']}] {generated.name}"
        levels.add(f"from {level:.1f}", outcome, name, faults)
        names.add(generated.tags["names"], outcome)
        for extra in generated.tags["extras"].split(", "):
            extras.add(extra or "none", outcome)
    outcomes = ("right", "sides", "missing", "trunk", "limbs", "refused")
    levels.show("map, by confidence", outcomes, examples)
    for level, counts in sorted(levels.counts.items()):
        if level != "refused":
            print(f"  share wrong {level}: {1 - counts['right'] / counts.total():.1%}")
    names.show("map, by names", outcomes, examples)
    extras.show("map, by additional joints", outcomes, 0)


def takes(seed: int, count: int, examples: int) -> None:
    """One rig, several clips: whether they have one map."""
    tally = Tally()
    for number in range(count):
        found: dict[tuple[int | None, ...] | None, str] = {}
        names = ""
        for generated in drawn_takes(seed, number):
            bodies = read(generated)
            found[None if isinstance(bodies, str) else bodies[0].rig_map.joints] = generated.name
            names = generated.tags["names"]
        faults = [] if len(found) == 1 else [f"{len(found)} maps: {', '.join(found.values())}"]
        tally.add(names, "one map" if len(found) == 1 else "several", f"rig {number}", faults)
    tally.show("one rig, five clips", ("one map", "several"), examples)


def axes(seed: int, count: int, examples: int, draw: Draw = drawn_floor_work, title: str = "up axis") -> None:
    """Up axis and hand by convention, rest pose and movement."""
    tallies = {tag: Tally() for tag in ("up", "rest", "kind", "hand")}
    for number in range(count):
        generated = draw(seed, number)
        bodies = read(generated)
        faults: list[str] = []
        if isinstance(bodies, str):
            outcome, faults = "refused", [bodies]
        else:
            turned = orientation(bodies[0].clip, generated, generated.bodies[0])
            if turned.up_degrees > _UP_DEGREES:
                outcome, faults = "up wrong", [f"up is {turned.up_degrees:.0f} degrees off", *bodies[0].clip.notes]
            elif turned.mirrored:
                shown = not any("taken to be right-handed" in note for note in bodies[0].clip.notes)
                outcome, faults = "mirrored" if shown else "not shown", ["mirrored", *bodies[0].clip.notes]
            elif turned.residual_m > _RESIDUAL_M:
                outcome, faults = "joints off", [f"joints are {1000 * turned.residual_m:.0f} mm off"]
            else:
                outcome = "right"
        for tag, tally in tallies.items():
            tally.add(generated.tags[tag], outcome, generated.name, faults if tag == "kind" else ())
    for tag, tally in tallies.items():
        tally.show(f"{title}, by {tag}", ("right", "not shown", *_WRONG), examples if tag == "kind" else 0)
    counts: Counter[str] = sum(tallies["kind"].counts.values(), Counter())
    wrong = sum(counts[outcome] for outcome in _WRONG)
    up_right = counts.total() - counts["up wrong"] - counts["refused"]
    print(f"  up right: {up_right}; right: {counts['right']}, hand not shown: {counts['not shown']}, wrong: {wrong}")


def hands(seed: int, count: int, examples: int) -> None:
    """Raised arms and straight legs."""
    axes(seed, count, examples, drawn_raised_arms, "raised arms")


def creatures(seed: int, count: int, examples: int) -> None:
    """Animals and things: none is read as a person without a remark."""
    tallies = {tag: Tally() for tag in ("kind", "names")}
    for number in range(count):
        generated = drawn_creature(seed, number)
        bodies = read(generated)
        if isinstance(bodies, str):
            outcome, faults = "refused", []
        elif not bodies or any(remarks(body.clip) for body in bodies):
            outcome, faults = "remarked", []
        else:
            first = bodies[0].rig_map
            outcome, faults = "person", [f"{first.origin}, confidence {first.confidence:.2f}"]
        for tag, tally in tallies.items():
            tally.add(generated.tags[tag], outcome, generated.name, faults if tag == "kind" else ())
    for tag, tally in tallies.items():
        tally.show(f"no people, by {tag}", ("refused", "remarked", "person"), examples if tag == "kind" else 0)


def people(seed: int, count: int, examples: int) -> None:
    """Unusual people: none is refused."""
    tally = Tally()
    for number in range(count):
        generated = drawn_unusual_person(seed, number)
        bodies = read(generated)
        if isinstance(bodies, str):
            tally.add(generated.tags["kind"], "refused", generated.name, [bodies])
            continue
        if doubts := remarks(bodies[0].clip):
            tally.add(generated.tags["kind"], "remarked", generated.name, doubts)
            continue
        faults = map_faults(bodies[0].rig_map, bodies[0].motion, generated.bodies[0])
        tally.add(generated.tags["kind"], "map wrong" if faults else "right", generated.name, faults)
    tally.show("people", ("right", "map wrong", "remarked", "refused"), examples)


def companies(seed: int, count: int, examples: int) -> None:
    """Several people below one root, and people with props: each is found, and nothing else."""
    for title, draw in (("people below one root", drawn_company), ("a person and a prop", drawn_with_prop)):
        tally = Tally()
        for number in range(count):
            generated = draw(seed, number)
            bodies = read(generated)
            if isinstance(bodies, str):
                tally.add(generated.tags["way"], "refused", generated.name, [bodies])
                continue
            faults = []
            if len(bodies) != len(generated.bodies):
                faults.append(f"{len(bodies)} bodies, not {len(generated.bodies)}")
            for true, body in zip(generated.bodies, bodies, strict=False):
                faults += map_faults(body.rig_map, body.motion, true)
            outcome = "lost" if len(bodies) < len(generated.bodies) else "wrong" if faults else "right"
            tally.add(generated.tags["way"], outcome, generated.name, faults)
        tally.show(title, ("right", "lost", "wrong", "refused"), examples)


def times(seed: int, count: int, examples: int) -> None:
    """Rates, first frames, and position channels that are zero throughout."""
    rates = Tally()
    for number in range(len(FRAME_TIMES)):
        generated = drawn_rate(seed, number)
        bodies = read(generated)
        fps = 0.0 if isinstance(bodies, str) else bodies[0].motion.fps
        right = abs(fps / generated.fps - 1) < 2e-5
        rates.add("frame times", "right" if right else "wrong", generated.name, [] if right else [f"{fps:g} fps"])
    rates.show("rates", ("right", "wrong"), examples)
    firsts = Tally()
    for number in range(count):
        generated = drawn_first_frame(seed, number)
        bodies = read(generated)
        if isinstance(bodies, str):
            firsts.add(generated.tags["way"], "refused", generated.name, [bodies])
            continue
        dropped = round(bodies[0].clip.start_s * generated.fps)
        outcome = ("right", "kept", "dropped")[(dropped != generated.rest_frames) + (dropped > generated.rest_frames)]
        faults = [] if outcome == "right" else [f"{dropped} frames dropped, not {generated.rest_frames}"]
        firsts.add(generated.tags["way"], outcome, generated.name, faults)
    firsts.show("first frames", ("right", "kept", "dropped", "refused"), examples)
    zeros = Tally()
    for number in range(count // 2):
        generated = drawn_zero_channels(seed, number)
        bodies = read(generated)
        if isinstance(bodies, str):
            zeros.add(generated.tags["way"], "refused", generated.name, [bodies])
            continue
        off_m = orientation(bodies[0].clip, generated, generated.bodies[0]).residual_m
        right = off_m < 0.01
        faults = [] if right else [f"joints are {1000 * off_m:.0f} mm off"]
        zeros.add(generated.tags["way"], "right" if right else "folded", generated.name, faults)
    zeros.show("zero position channels", ("right", "folded", "refused"), examples)


#: Sections by name, and how many files each of them reads.
SECTIONS: dict[str, tuple[Callable[[int, int, int], None], int]] = {
    "maps": (maps, 2000),
    "takes": (takes, 100),
    "axes": (axes, 1000),
    "hands": (hands, 500),
    "creatures": (creatures, 200),
    "people": (people, 500),
    "companies": (companies, 100),
    "times": (times, 200),
}


def cases(folder: Path) -> None:
    """Read each case of a folder and compare it with its expected.json."""
    right = 0
    folders = sorted(path.parent for path in folder.glob("*/expected.json"))
    for case in folders:
        faults = case_faults(case)
        right += not faults
        print(f"{'wrong' if faults else 'right':6} {case.name}" + "".join(f"\n         {fault}" for fault in faults))
    print(f"\n{right} of {len(folders)} right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="files of another seed are other files")
    parser.add_argument("--only", default="", help=f"sections, separated by commas: {', '.join(SECTIONS)}")
    parser.add_argument("--share", type=float, default=1.0, help="read only this share of the files")
    parser.add_argument("--examples", type=int, default=0, help="print this many of the worst files of each table")
    parser.add_argument("--cases", type=Path, help="a folder of cases with expected.json")
    arguments = parser.parse_args()
    if arguments.cases:
        cases(arguments.cases)
        return
    for name in arguments.only.split(",") if arguments.only else SECTIONS:
        section, count = SECTIONS[name]
        started = time.process_time()
        section(arguments.seed, max(1, round(count * arguments.share)), arguments.examples)
        print(f"  ({name}: {time.process_time() - started:.0f} s of processor time)")


if __name__ == "__main__":
    main()
