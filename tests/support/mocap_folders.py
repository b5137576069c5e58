"""Folders laid out as the public sets are, with generated motions in them."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from mretrieve.demo import MotionRecipe, make_library
from mretrieve.demo.library import PERFORMERS
from mretrieve.evaluation import Fold
from mretrieve.evaluation.data_sets import H36M_ACTIONS
from support.expmap_files import write_human36m

#: What the fixture `folds_of` is.
FoldsOf = Callable[[str], tuple[Fold, ...]]

#: Generated kinds that stand for the classes of HDM05 and of CMU, and for the actions of Human3.6M.
_HDM05 = {
    "pick_up": "depositFloorR", "wave": "elbowToKnee1RepsLelbowStart", "reach": "grabHighR",
    "hop": "hopBothLegs1hops", "run": "jogLeftCircle4StepsRstart", "kick": "kickLFront1Reps", "sit": "lieDownFloor",
    "clap": "rotateArmsBothBackward1Reps", "walk": "sneak2StepsLStart", "squat": "squat1Reps",
    "throw": "throwBasketball",
}  # fmt: skip
_CMU = {
    "throw": "basketball", "wave": "basketball_signal", "punch": "directing_traffic", "jump": "jumping",
    "run": "running", "kick": "soccer", "walk": "walking", "reach": "washwindow",
}  # fmt: skip
_H36M_KINDS = ("reach", "wave", "sit", "bow", "clap", "punch", "pick_up", "squat", "kick", "throw", "jump", "turn")
_SUBJECTS = ("bd", "bk", "dg", "mm", "tr")


def write_mocap(data: Path) -> None:
    """hdm05, bandai1, cmu/expmap and cmu/bvh under `data`: five performers, each every kind once."""
    library = data / "library"
    make_library(library, clips_per_kind=5)
    with (library / "labels.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "take"]
    subject = {performer.name: name for performer, name in zip(PERFORMERS[:5], _SUBJECTS, strict=True)}
    tables = {
        "hdm05/labels.csv": [
            {"path": row["path"], "label": _HDM05[row["label"]], "subject": subject[row["performer"]]}
            for row in rows
            if row["label"] in _HDM05
        ],
        "cmu/expmap/labels.csv": [
            {"path": row["path"], "label": _CMU[row["label"]]} for row in rows if row["label"] in _CMU
        ],
        "cmu/bvh/index.csv": [{"path": row["path"], "subject": row["performer"]} for row in rows[:40]],
        "bandai1/labels.csv": [{key: row[key] for key in ("path", "label", "style")} for row in rows],
    }
    for table, content in tables.items():
        shutil.copytree(library, (data / table).parent, dirs_exist_ok=True)
        with (data / table).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(content[0]))
            writer.writeheader()
            writer.writerows(content)
    shutil.rmtree(library)


def write_h36m_folder(folder: Path) -> None:
    """S1, S5 and S6 with the 15 actions once each, walking twice: slow, so that takes are longer than 5 seconds."""
    for number, subject in enumerate(("S1", "S5", "S6")):
        (folder / subject).mkdir(parents=True)
        for index, action in enumerate(H36M_ACTIONS):
            kind = "walk" if action.startswith("walking") else _H36M_KINDS[index % len(_H36M_KINDS)]
            for take in (1, 2) if action == "walking" else (1,):
                recipe = MotionRecipe(kind, speed=0.5, seed=100 * number + 10 * index + take)
                write_human36m(folder / subject / f"{action}_{take}.txt", recipe)
