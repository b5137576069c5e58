"""Whether the people of real files are read right: size, floor, left and right, and one map for each rig.

    python benchmarks/real_bodies.py --data FOLDER

Reads every file of the folder that can be read, as `mretrieve index` does, and measures the canonical clips by
`body_checks.py`. Printed are a table of the sets; what the names of public files say about sides and directions, and
takes of one performance in two files (`named_motions.py`); the faults, with those that are expected and the reason; and
the files that are refused. The exit status is 1 if a fault is not expected.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
import sys  # noqa: E402
from collections import Counter, defaultdict  # noqa: E402
from collections.abc import Iterable, Sequence  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from body_checks import HEIGHT_M, BodyMeasures, Fault, measure  # noqa: E402
from named_motions import expected_reason, named_results, twin_distances  # noqa: E402

from mretrieve.errors import MRetrieveError  # noqa: E402
from mretrieve.formats import MotionFile, ReadingOptions  # noqa: E402
from mretrieve.formats.registry import recognise  # noqa: E402
from mretrieve.motion import Clip, Rig  # noqa: E402
from mretrieve.motion.keypoints import Keypoints  # noqa: E402
from mretrieve.sources.reading import read_bodies, refusal_reason  # noqa: E402
from mretrieve.sources.scan import scan  # noqa: E402


@dataclass(frozen=True, eq=False)
class Person:
    """A person who was read.

    Attributes:
        path: the file from the root of the data, and "#body" if it holds several.
        rig: what all people of its rig have in common, by `rig_kind`.
        joints: the joint of the rig that is each canonical one.
        declared_height_m: by the unit that the file declares; NaN if it declares none.
    """

    path: str
    clip: Clip
    rig: tuple[object, ...]
    joints: tuple[int | None, ...]
    measures: BodyMeasures
    declared_height_m: float

    @property
    def set_name(self) -> str:
        """The first two folders of the path."""
        return "/".join(self.path.split("/")[:-1][:2]) or "."


@dataclass
class Readings:
    """All people of a folder, and the reason why each other file is refused.

    People of keypoints, whose clips are lifted from a picture, are counted in `lifted` and not measured.
    """

    people: list[Person] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    lifted: int = 0


def read_people(data: Path, paths: Iterable[str]) -> Readings:
    """The people of the files at these paths from the root of the data; what is no motion file is passed over."""
    readings = Readings()
    for path in paths:
        try:
            reader = recognise(data / path)
            if reader is None or reader.is_companion:
                continue
            bodies = read_bodies(MotionFile(data / path), ReadingOptions())
        except (MRetrieveError, OSError) as error:
            readings.refused[path] = refusal_reason(error).replace(f"{data}/", "")
            continue
        for body in bodies:
            if isinstance(body.motion, Keypoints):
                readings.lifted += 1
                continue
            measures, unit_m = measure(body.clip), body.motion.metres_per_unit
            declared_height_m = measures.height_m * unit_m / body.clip.metres_per_unit if unit_m else np.nan
            kind, joints = rig_kind(body.motion.rig), body.rig_map.joints
            readings.people.append(Person(path + body.fragment, body.clip, kind, joints, measures, declared_height_m))
    return readings


def rig_kind(rig: Rig) -> tuple[object, ...]:
    """The names and the tree of a rig's joints, and which of those with children are apart from their parents.

    In AMC files of CMU the hand is apart from the wrist, in exponential maps of the same tree it is not: two rigs.
    """
    inner = np.unique(rig.parents[rig.parents >= 0])
    lengths = np.linalg.norm(rig.offsets[inner], axis=1)
    return rig.joint_names, tuple(rig.parents.tolist()), tuple((lengths > 1e-6 * lengths.max(initial=0)).tolist())


def faults(people: Sequence[Person]) -> list[tuple[str, str, Fault]]:
    """(path, kind, fault) of every fault: of bodies, of maps, of what names say and of twins."""
    found = [(one.path, kind, fault) for one in people for kind, fault in one.measures.faults.items()]
    found += [
        (one.path, "declared size", Fault(f"{one.declared_height_m:.2f} m high in the unit of the file"))
        for one in people
        if one.declared_height_m < HEIGHT_M[0] or one.declared_height_m > HEIGHT_M[1]
    ]
    first = {one.rig: one for one in reversed(people)}
    found += [
        (one.path, "map", Fault(f"the map of its rig is another in {first[one.rig].path}"))
        for one in people
        if one.joints != first[one.rig].joints
    ]
    clips = {one.path: one.clip for one in people}
    for named, shown in named_results(clips):
        wrong = [path for path, value in shown.items() if not value > 0]
        found += [(path, "name", Fault(f"does not show that it {named.statement}")) for path in wrong]
    for path, other, plain, mirrored in twin_distances(clips):
        if plain >= mirrored:
            text = f"its mirror image is nearer to {other} ({plain:.2f}, {mirrored:.2f})"
            found.append((path, "twin", Fault(text)))
    return found


def print_sets(people: Sequence[Person]) -> None:
    """The table of the sets."""
    heads = ["set", "clips", "height, m", "in the file's unit", "bones, cm", "feet, cm", "floor, cm", "toes"]
    heads += ["knees", "elbows", "path", "rigs", "maps"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    sets: dict[str, list[Person]] = defaultdict(list)
    for one in people:
        sets[one.set_name].append(one)
    for name, members in sorted(sets.items()):
        measures = [one.measures for one in members]
        cells = [
            name,
            str(len(members)),
            lowest_to_highest([each.height_m for each in measures]),
            lowest_to_highest([one.declared_height_m for one in members]),
            median_and_largest([each.bone_change_m for each in measures]),
            median_and_largest([abs(each.foot_levels_m[0] - each.foot_levels_m[1]) for each in measures]),
            median_and_largest([each.floor_range_m for each in measures]),
            positive([each.toes for each in measures]),
            positive([each.knees for each in measures]),
            positive([-each.elbows for each in measures]),
            positive([each.path for each in measures]),
            str(len({one.rig for one in members})),
            str(len({(one.rig, one.joints) for one in members})),
        ]
        print(f"| {' | '.join(cells)} |")


def print_statements(people: Sequence[Person]) -> None:
    """How many clips show what their names say, and how many of those with a twin are nearer to it unmirrored."""
    clips = {one.path: one.clip for one in people}
    print("\n| files | by their names, a body | shown in |\n|---|---|---|")
    for named, shown in named_results(clips):
        print(f"| {named.files} | {named.statement} | {positive(list(shown.values()))} |")
    twins = twin_distances(clips)
    nearer = sum(plain < mirrored for _, _, plain, mirrored in twins)
    print(f"\nNearer to the file of the same performance than the mirror image is: {nearer} of {len(twins)}")


def lowest_to_highest(values: Sequence[float]) -> str:
    """Of the numbers that are known."""
    known = [value for value in values if not np.isnan(value)]
    return f"{min(known):.2f} to {max(known):.2f}" if known else "-"


def median_and_largest(metres: Sequence[float]) -> str:
    """In centimetres."""
    known = [100 * value for value in metres if not np.isnan(value)]
    return f"{np.median(known):.1f}, {max(known):.1f}" if known else "-"


def positive(values: Sequence[float]) -> str:
    """How many are positive, of the numbers that are known."""
    known = [value for value in values if not np.isnan(value)]
    return f"{sum(value > 0 for value in known)} of {len(known)}"


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of motion files, with its subfolders")
    data = parser.parse_args().data.resolve()
    readings = read_people(data, [file.path for file in scan(data, data / ".mretrieve").files])
    print_sets(readings.people)
    print_statements(readings.people)
    unexpected = 0
    print("\nFaults:")
    for path, kind, fault in faults(readings.people):
        reason = expected_reason(path, kind, fault.excess)
        unexpected += not reason
        print(f"  {path}: {kind}: {fault.text}" + (f" (expected: {reason})" if reason else ""))
    reasons = Counter(why.removeprefix(f"{path}: ") for path, why in readings.refused.items())
    print(f"\n{len(readings.people)} people; {readings.lifted} more of keypoints, which are not measured")
    print(f"{len(readings.refused)} files refused:")
    for why, count in reasons.most_common():
        print(f"  {count} x {why}")
    print(f"\n{unexpected} faults that are not expected")
    sys.exit(1 if unexpected else 0)


if __name__ == "__main__":
    main()
