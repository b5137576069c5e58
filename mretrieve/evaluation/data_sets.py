"""The public motion-capture sets that protocols are defined on, read from a user's folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import QueryError
from ..formats import MotionFile, ReadingOptions
from ..motion import CANONICAL_FPS, LabelledClip
from ..sources.label_files import find_column, read_label_file
from ..sources.reading import read_bodies

#: 3 seconds, the length of a window; a second between two; longer than 5 seconds a take is cut for a test.
WINDOW_FRAMES = round(3 * CANONICAL_FPS)
GAP_FRAMES = round(1 * CANONICAL_FPS)
LONG_FRAMES = round(5 * CANONICAL_FPS)

#: The 15 actions of Human3.6M by the name of their files.
H36M_ACTIONS = (
    "directions", "discussion", "eating", "greeting", "phoning", "posing", "purchases", "sitting", "sittingdown",
    "smoking", "takingphoto", "waiting", "walking", "walkingdog", "walkingtogether",
)  # fmt: skip


def hdm05(data: Path) -> list[LabelledClip]:
    """HDM05 cut clips under `data`/hdm05; label = motion class, group = performer (bd, bk, dg, mm, tr)."""
    return listed(data, "hdm05/labels.csv", "label", "subject")


def bandai1(data: Path) -> list[LabelledClip]:
    """Bandai Namco Research Motiondataset-1 under `data`/bandai1; label = content, group = style."""
    return listed(data, "bandai1/labels.csv", "label", "style")


def cmu_expmap(data: Path) -> list[LabelledClip]:
    """CMU takes as exponential maps under `data`/cmu/expmap; label = action, group = file."""
    return listed(data, "cmu/expmap/labels.csv", "label", "path")


def cmu_subjects(data: Path) -> list[LabelledClip]:
    """CMU takes as BVH under `data`/cmu/bvh; label = who performs, group = file."""
    return listed(data, "cmu/bvh/index.csv", "subject", "path")


def cmu_bvh(data: Path) -> list[LabelledClip]:
    """CMU takes as BVH under `data`/cmu/bvh; label = the description's first known word, group = file."""
    items = listed(data, "cmu/bvh/index.csv", "description", "path")
    return [replace(item, label=_coarse(item.label)) for item in items]


def h36m(data: Path) -> list[LabelledClip]:
    """Human3.6M as the motion-prediction literature has it: S1/walking_1.txt, 99 exponential-map columns.

    The folders S1 ... S11 are in `data`, `data`/h36m or `data`/h3.6m/dataset. Label = action, group = subject.
    """
    for folder in (data / "h36m", data / "h3.6m" / "dataset", data):
        files = sorted(folder.glob("S*/*.txt"))
        named = [(path, re.fullmatch(r"([a-z]+)_\d+\.txt", path.name)) for path in files]
        items = [(path, match[1]) for path, match in named if match and match[1] in H36M_ACTIONS]
        if items:
            return [
                _item(folder, path.relative_to(folder).as_posix(), action, path.parent.name) for path, action in items
            ]
    raise QueryError(
        f"{data}: no S1/walking_1.txt or the like in it; give the folder that holds Human3.6M's S1, S5, ..."
    )


@dataclass(frozen=True, eq=False)
class ViewSplit:
    """HDM05 and CMU as networks that look at views divide them; no performer of HDM05 is in two parts.

    Attributes:
        trained: clips that shipped weights may be trained on: performers bd, bk and dg, every second take of CMU.
        chosen: clips that settings were chosen on: performer mm, half of the other takes of CMU.
        unseen: clips that nothing was trained or chosen on: performer tr, the rest of CMU.
    """

    trained: list[LabelledClip]
    chosen: list[LabelledClip]
    unseen: list[LabelledClip]


def view_split(data: Path) -> ViewSplit:
    """The clips under `data`/hdm05, `data`/cmu/bvh and `data`/cmu/expmap, divided."""
    parts: dict[str, list[LabelledClip]] = {"trained": [], "chosen": [], "unseen": []}
    for item in hdm05(data):
        parts[{"mm": "chosen", "tr": "unseen"}.get(item.group, "trained")].append(item)
    for number, item in enumerate([*cmu_bvh(data), *cmu_expmap(data)]):
        parts[("trained", "chosen", "trained", "unseen")[number % 4]].append(item)
    return ViewSplit(**parts)


def _coarse(description: str) -> str:
    words = ("walk", "run", "jump", "punch", "bend", "sword", "wash", "dance", "dribble")
    return next((word for word in words if word in description), description)


def windows(item: LabelledClip, longer_than: int = WINDOW_FRAMES) -> list[LabelledClip]:
    """The item's 3-second windows, a second apart, or the item itself if it has at most `longer_than` frames.

    The path of a window is that of its file, "@" and its first second.
    """
    if item.clip.frame_count <= max(longer_than, WINDOW_FRAMES):
        return [item]
    starts = range(0, item.clip.frame_count - WINDOW_FRAMES + 1, WINDOW_FRAMES + GAP_FRAMES)
    return [
        replace(item, clip=item.clip.cut(start, start + WINDOW_FRAMES), path=f"{item.path}@{start / CANONICAL_FPS:g}")
        for start in starts
    ]


def listed(data: Path, table: str, label: str, group: str) -> list[LabelledClip]:
    """The clips that a CSV table under `data` lists by `path`, with its columns for their label and their group.

    Raises:
        QueryError: there is no such table, or it has no such column.
    """
    file = data / table
    if not file.is_file():
        raise QueryError(f"{data}: no {table} in it; give the folder that holds {table.split('/')[0]}/")
    read = read_label_file(file)
    label_column, group_column = (find_column(name, ("path", *read.columns)) for name in (label, group))
    if label_column is None or group_column is None:
        missing = label if label_column is None else group
        raise QueryError(f"{file}:1: no column {missing!r}; it has path, {', '.join(read.columns)}")
    rows = ({"path": row.path, **row.labels} for row in read.rows)
    return [_item(file.parent, row["path"], row[label_column], row[group_column]) for row in rows]


def _item(folder: Path, path: str, label: str, group: str) -> LabelledClip:
    return LabelledClip(read_bodies(MotionFile(folder / path), ReadingOptions())[0].clip, label, group, path)
