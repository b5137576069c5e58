"""The commands in the code blocks of the documentation, and a folder with files that are named as there."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from support.encoder_files import write_encoder
from support.moving_bodies import random_clip
from support.written_keypoints import COCO, mmpose_document, pixels, seen_from, write_json, write_openpose

#: Options that name a file that a command writes.
WRITING = {"--to", "--out", "--html", "--png", "--gif", "--save"}


def sections(page: Path) -> list[str]:
    """The text of a page, cut before each heading of the second level."""
    return re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def code_blocks(text: str, language: str = "") -> list[str]:
    """The code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Typed:
    """One command of a line: its words, the file that its output goes to, and whether it reads the one before it."""

    words: list[str]
    output: str | None = None
    is_piped: bool = False


def typed_lines(text: str) -> list[list[Typed]]:
    """The lines in code blocks that begin with mretrieve, curl or cd, each as the commands of a pipe."""
    lines = []
    for line in "".join(code_blocks(text)).splitlines():
        line = line.removeprefix("$ ")
        if line.startswith(("mretrieve ", "curl ", "cd ")):
            lines.append(_pipe(shlex.split(re.sub(r"\s+# .*", "", line))))
    return lines


def _pipe(words: list[str]) -> list[Typed]:
    commands: list[Typed] = []
    while words:
        end = words.index("|") if "|" in words else len(words)
        part, words = words[:end], words[end + 1 :]
        output = part[part.index(">") + 1] if ">" in part else None
        commands.append(Typed(part[: part.index(">")] if output else part, output, bool(commands)))
    return commands


def make_named_files(folder: Path, library: Path, query: Path) -> None:
    """Write the files that guide and reference name: clips, keypoints, labels, weights and folders of motion."""
    shutil.copytree(library, folder / "mocap")
    take, kick = (next((library / "mixamo").glob(f"*_{kind}_*.bvh")) for kind in ("take", "kick"))
    (folder / "mocap" / "walk").mkdir()
    shutil.copy(take, folder / "mocap" / "walk" / "07_01.bvh")
    (folder / "delivery").mkdir()
    shutil.copy(kick, folder / "delivery" / "take_01.bvh")
    with (library / "labels.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows, ["walk/07_01.bvh", "walk", *[""] * (len(header) - 2)]])
    for name in ("zoe_kick", "clip", "mine", "odd", "a", "q"):
        shutil.copy(query, folder / f"{name}.bvh")
    for name in ("teacher", "b"):
        shutil.copy(kick, folder / f"{name}.bvh")
    amc = next((library / "cmu").glob("*_kick_*.amc"))
    shutil.copy(amc, folder / "take.amc")
    shutil.copy(
        next(path for path in amc.parent.glob("*.asf") if amc.name.startswith(path.stem)), folder / "skeleton.asf"
    )
    (folder / "duet.bvh").write_text(_duet(kick.read_text(encoding="utf-8")), encoding="utf-8")
    frames = pixels(seen_from(random_clip(3, 120)), "coco-17")
    two = [[joints, joints + np.array([300.0, 0.0, 0.0])] for joints in frames]
    write_json(folder / "duet.json", mmpose_document(two, COCO))
    write_json(folder / "dance.json", mmpose_document([[joints] for joints in frames], COCO))
    for name in ("openpose_output", "poses"):
        (folder / name).mkdir()
        write_openpose(folder / name, [[joints] for joints in pixels(seen_from(random_clip(3, 60)), "body-25")])
    write_encoder(folder / "mine.safetensors")


def _duet(bvh: str) -> str:
    """The same body twice in one BVH file, as Hips and Hips2."""
    hierarchy, motion = bvh.split("MOTION")
    _, root = hierarchy.split("ROOT ", 1)
    _, rest = root.split(maxsplit=1)
    frames = motion.strip().splitlines()
    doubled = [*frames[:2], *(f"{line} {line}" for line in frames[2:])]
    return "\n".join(["HIERARCHY", f"ROOT Hips\n{rest}", f"ROOT Hips2\n{rest}", "MOTION", *doubled, ""])
