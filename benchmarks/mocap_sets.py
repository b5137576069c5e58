"""The labelled clips of the folder of real motion capture, read by the library's own readers."""

from __future__ import annotations

import os
from pathlib import Path

from mretrieve import canonicalise, read
from mretrieve.evaluation.data_sets import bandai1, cmu_bvh, cmu_expmap, hdm05
from mretrieve.motion import LabelledClip

__all__ = ["LICENCE", "bandai1", "cmu_asfamc", "cmu_bvh", "cmu_expmap", "hdm05", "mocap_folder", "training_clips"]

#: Of HDM05 and CMU, and of weights that are trained on them.
LICENCE = (
    "CC BY-SA 3.0 (HDM05: Müller, Röder, Clausen, Eberhardt, Krüger, Weber, Universität Bonn 2007) and free for all "
    "uses (CMU Graphics Lab, mocap.cs.cmu.edu, created with funding from NSF EIA-0196217); the weights are CC BY-SA 3.0"
)


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
