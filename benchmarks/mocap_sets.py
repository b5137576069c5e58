"""The labelled clips of the folder of real motion capture, read by the library's own readers."""

from __future__ import annotations

import os
from pathlib import Path

from mretrieve import canonicalise, read
from mretrieve.evaluation.data_sets import bandai1, cmu_bvh, cmu_expmap, hdm05
from mretrieve.motion import LabelledClip

__all__ = ["bandai1", "cmu_asfamc", "cmu_bvh", "cmu_expmap", "hdm05", "mocap_folder", "training_clips"]


def mocap_folder(named: Path | None = None) -> Path:
    """The folder of real motion capture: as named, $MRETRIEVE_MOCAP, or shared/mocap beside this checkout."""
    folder = named or Path(os.environ.get("MRETRIEVE_MOCAP") or Path(__file__).parents[2] / "shared" / "mocap")
    if not (folder / "hdm05").is_dir():
        raise SystemExit(f"{folder}: no hdm05/ in it; set MRETRIEVE_MOCAP to the folder of real motion capture")
    return folder


def cmu_asfamc(mocap: Path) -> list[LabelledClip]:
    """10 clips; group = the stem of the file in cmu/bvh that holds the same performance."""
    files = sorted((mocap / "cmu" / "asfamc").glob("*.amc"))
    return [LabelledClip(canonicalise(read(path)[0]), "", f"0{path.stem}", path.name) for path in files]


def training_clips(mocap: Path) -> list[LabelledClip]:
    """What shipped weights may be fitted on: HDM05 without performer tr, and CMU. Bandai 1 never is."""
    return [item for item in hdm05(mocap) if item.group != "tr"] + cmu_expmap(mocap) + cmu_bvh(mocap)
