"""What becomes of every file of a folder: read, refused for a reason, or no motion file.

    python benchmarks/every_file.py --data FOLDER [--list]

Prints a table of the formats, then the refused files by reason. `--list` prints a line for every file as well. The
frames of a recording in a file each count as files of their format.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy is imported, which reads them once

import argparse  # noqa: E402
from collections import defaultdict  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

from mretrieve.errors import MRetrieveError  # noqa: E402
from mretrieve.formats import MotionFile, ReadingOptions  # noqa: E402
from mretrieve.formats.frame_files import by_recording  # noqa: E402
from mretrieve.formats.registry import recognise  # noqa: E402
from mretrieve.sources.reading import read_bodies, refusal_reason  # noqa: E402

NO_MOTION, COMPANION = "no motion file", "goes with others"


@dataclass(frozen=True)
class Outcome:
    """What becomes of a file.

    Attributes:
        path: from the root of the data.
        kind: its format, or NO_MOTION.
        clips: the people in it; 0 if it is refused, no motion file or the skeleton of others.
        reason: why it has no clips.
        frames_elsewhere: whether it is a frame of a recording that another file stands for.
    """

    path: str
    kind: str
    clips: int = 0
    reason: str = ""
    frames_elsewhere: bool = False


def outcomes(data: Path) -> Iterator[Outcome]:
    """What becomes of every file below a folder, in the order of their paths."""
    paths = sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file())
    first_frames = {name: first for first, names in by_recording(paths).items() for name in names}
    of_first: dict[str, Outcome] = {}
    for path in paths:
        first = first_frames.get(path, path)
        if first not in of_first:
            of_first[first] = _outcome(data, first)
        found = of_first[first]
        yield found if path == first else Outcome(path, found.kind, found.clips, found.reason, frames_elsewhere=True)


def _outcome(data: Path, path: str) -> Outcome:
    kind = NO_MOTION
    try:
        reader = recognise(data / path)
        if reader is None:
            return Outcome(path, NO_MOTION, reason=NO_MOTION)
        kind = reader.name
        if reader.is_companion:
            return Outcome(path, kind, reason=COMPANION)
        return Outcome(path, kind, len(read_bodies(MotionFile(data / path), ReadingOptions())))
    except (MRetrieveError, OSError) as error:
        return Outcome(path, kind, reason=refusal_reason(error).replace(f"{data}/", "").removeprefix(f"{path}: "))


def print_formats(found: list[Outcome]) -> None:
    """The table of the formats."""
    print("| format | files | read | clips | refused |\n|---|---|---|---|---|")
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    for kind, own in sorted(by_kind.items()):
        read = sum(one.clips > 0 for one in own)
        clips = sum(one.clips for one in own if not one.frames_elsewhere)
        refused = sum(one.reason not in ("", NO_MOTION, COMPANION) for one in own)
        print(f"| {kind} | {len(own)} | {read} | {clips} | {refused} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder, with its subfolders")
    parser.add_argument("--list", action="store_true", help="print a line for every file too")
    arguments = parser.parse_args()
    found = list(outcomes(arguments.data.resolve()))
    print_formats(found)
    reasons: dict[str, list[str]] = defaultdict(list)
    for one in found:
        if one.reason:
            reasons[one.reason].append(one.path)
    print("\nWithout clips:")
    for reason, paths in sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0])):
        print(f"  {len(paths)} x {reason}: {', '.join(paths[:3])}{', ...' if len(paths) > 3 else ''}")
    if arguments.list:
        print()
        for one in found:
            print(f"{one.path}: {one.kind}: {one.reason or f'{one.clips} clips'}")


if __name__ == "__main__":
    main()
