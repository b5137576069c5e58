"""The labelled clips of the folder of real motion capture, read by the library's own readers."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from mretrieve import canonicalise, read
from mretrieve.motion import LabelledClip


def mocap_folder(named: Path | None = None) -> Path:
    """The folder of real motion capture: as named, $MRETRIEVE_MOCAP, or shared/mocap beside this checkout."""
    folder = named or Path(os.environ.get("MRETRIEVE_MOCAP") or Path(__file__).parents[2] / "shared" / "mocap")
    if not (folder / "hdm05").is_dir():
        raise SystemExit(f"{folder}: no hdm05/ in it; set MRETRIEVE_MOCAP to the folder of real motion capture")
    return folder


def hdm05(mocap: Path) -> list[LabelledClip]:
    """288 clips of 11 classes; group = performer. Performer tr is for tests only."""
    return _listed(mocap / "hdm05", "labels.csv", "label", "subject")


def bandai1(mocap: Path) -> list[LabelledClip]:
    """174 clips of 13 contents; group = style. For tests only: its licence forbids training of shipped weights."""
    return _listed(mocap / "bandai1", "labels.csv", "label", "style")


def cmu_bvh(mocap: Path) -> list[LabelledClip]:
    """58 clips; label = the description's first known word; group = file."""
    return [
        LabelledClip(item.clip, _coarse(item.label), item.path, item.path)
        for item in _listed(mocap / "cmu" / "bvh", "index.csv", "description", "subject")
    ]


def cmu_asfamc(mocap: Path) -> list[LabelledClip]:
    """10 clips; group = the stem of the file in cmu/bvh that holds the same performance."""
    files = sorted((mocap / "cmu" / "asfamc").glob("*.amc"))
    return [LabelledClip(canonicalise(read(path)[0]), "", f"0{path.stem}", path.name) for path in files]


def cmu_expmap(mocap: Path) -> list[LabelledClip]:
    """51 clips of 8 classes; group = file."""
    return _listed(mocap / "cmu" / "expmap", "labels.csv", "label", "path")


def training_clips(mocap: Path) -> list[LabelledClip]:
    """What shipped weights may be fitted on: HDM05 without performer tr, and CMU."""
    return [item for item in hdm05(mocap) if item.group != "tr"] + cmu_expmap(mocap) + cmu_bvh(mocap)


def _listed(folder: Path, table: str, label: str, group: str) -> list[LabelledClip]:
    return [
        LabelledClip(canonicalise(read(folder / row["path"])[0]), row[label], row[group], row["path"])
        for row in _rows(folder / table)
    ]


def _rows(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _coarse(description: str) -> str:
    words = ("walk", "run", "jump", "punch", "bend", "sword", "wash", "dance", "dribble")
    return next((word for word in words if word in description), description)
