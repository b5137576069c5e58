"""Which ASF skeleton belongs to an AMC motion."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from ..errors import FormatError


def find_skeleton(motion: Path) -> Path:
    """The .asf beside a motion: the one with the longest name that the motion's begins with, else the only one there.

    A beginning ends where a word of the name does: `02.asf` fits `02_01.amc`, `HDM_t.asf` does not fit `HDM_tr_1.amc`.
    Upper and lower case count only where they tell two files apart.

    FormatError: there is none, or there are several and none fits.
    """
    folder = str(motion.parent)
    for prefix in _beginnings(motion.stem):  # quick, however many files the folder holds
        for suffix in (".asf", ".ASF"):
            candidate = motion.parent / (prefix + suffix)
            if candidate.is_file():
                return candidate
    skeletons = sorted(path for path in motion.parent.iterdir() if path.suffix.lower() == ".asf")
    by_name = {path.stem.lower(): path for path in skeletons}
    for prefix in _beginnings(motion.stem.lower()):
        if prefix in by_name:
            return by_name[prefix]
    if len(skeletons) == 1:
        return skeletons[0]
    found = f"none of its {len(skeletons)} .asf files fits" if skeletons else "there is no .asf file"
    raise FormatError(
        f"{motion}: no skeleton found: in {folder} {found} (looked for {motion.stem}.asf, for a beginning of that name "
        "and for the only .asf); put the skeleton beside the motion or name it with --asf"
    )


def _beginnings(stem: str) -> list[str]:
    """The stem and its beginnings up to the end of each word, longest first; words are runs of letters or of digits."""
    ends = [
        end
        for end, (before, after) in enumerate(pairwise(stem), start=1)
        if not (before.isalpha() and after.isalpha()) and not (before.isdigit() and after.isdigit())
    ]
    return [stem, *(stem[:end] for end in reversed(ends))]
