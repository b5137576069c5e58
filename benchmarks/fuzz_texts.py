"""The texts of `fuzz.py`: conditions, label files, rig maps, keypoint files, saved answers and names of moments."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
from support.moving_bodies import random_clip
from support.mutations import mutate
from support.structured_mutations import mutate_structure
from support.written_keypoints import (
    COCO,
    alphapose_document,
    coco_document,
    mmpose_document,
    one_body,
    pixels,
    seen_from,
)

from mretrieve.errors import MRetrieveError
from mretrieve.formats import MotionFile, ReadingOptions
from mretrieve.motion import JOINTS
from mretrieve.motion.motion import Rig
from mretrieve.motion.rigs.rig_file import SCHEMA, load_rig_map
from mretrieve.search.where import matching_rows
from mretrieve.sources.labels import read_labels
from mretrieve.sources.moments import find_hit, parse_moment
from mretrieve.sources.reading import read_bodies

_TABLE = pa.table(
    {
        "clip": ["a.bvh", "b.bvh", "sub/c.bvh", "d.amc"],
        "label": ["walk", "run", None, "o'hara"],
        "duration_s": [1.0, 2.5, 4.0, 8.0],
        "checked": [True, False, True, None],
        "mtime_ns": [2**62, 5, 6, 7],
        "notes": [["a"], [], None, ["b"]],
        "nothing": pa.nulls(4, pa.string()),
    }
)
_WORDS = (
    *("clip", "label", "duration_s", "checked", "mtime_ns", "notes", "nothing", '"two words"', "LABEL", "x" * 300, "é"),
    *("=", "!=", "<>", "<", "<=", ">", ">=", "(", ")", ",", "and", "or", "not", "in", "like", "between", "is", "null"),
    *("'walk'", "'o''hara'", "''", "'%a_%'", "'\\'", "'(a+)+$'", "'[a-z]*'", "'*'", "'" + "%a" * 50 + "'", "'\0'"),
    *(
        "1",
        "-1",
        "1e400",
        "-1e999",
        "9" * 400,
        "0x10",
        ".5",
        "1.",
        "nan",
        "true",
        "false",
        "--",
        ";",
        "'",
        '"',
        "\0",
        "\n",
    ),
)
_SEEDS = (
    "label = 'walk' and duration_s > 2",
    "not (label in ('walk', 'run') or label is null)",
    "clip like 'sub/%' and duration_s between 1 and 5 or checked = true",
)
_LABELS = (
    b"path,label,style\na.bvh,walk,old\nsub/c.bvh,run,\n",
    b'path;label\n"a.bvh";"a;b"\n./b.bvh;\xe4\n',
    "path\tlabel\r\nb.bvh\twälk\r\n".encode("utf-16"),
)
_RIG = Rig(("Hips", "Spine", "Leg", "Leg"), np.array([-1, 0, 0, 0], np.int32), np.zeros((4, 3)))


def _conditions(chance: Random, seed: int) -> str:
    if chance.random() < 0.5:
        return " ".join(chance.choice(_WORDS) for _ in range(chance.choice([1, 3, 5, 9, 40])))
    if chance.random() < 0.1:
        return chance.choice(["(", "not ", "label = 'a' or ", "duration_s in (1, "]) * chance.choice([50, 101, 5000])
    return mutate(chance.choice(_SEEDS).encode(), seed).decode(errors="surrogateescape")


def _where(chance: Random, seed: int, place: Path) -> object:
    return matching_rows(_conditions(chance, seed), _TABLE)


def _label_file(chance: Random, seed: int, place: Path) -> object:
    file = _written(place, "labels.csv", mutate(chance.choice(_LABELS), seed))
    return read_labels([file], {"": place}, {"a.bvh", "b.bvh", "sub/c.bvh"})


def _rig_map(chance: Random, seed: int, place: Path) -> object:
    joints = {name: chance.choice(["Hips", "Leg#2", "Leg", None, "Nothing"]) for name in chance.sample(JOINTS, 5)}
    document = json.dumps({"schema": SCHEMA, "joints": joints, "rig_joints": list(_RIG.joint_names)})
    return load_rig_map(_written(place, "rig.json", mutate_structure(document.encode(), seed)), _RIG)


@cache
def _keypoint_documents() -> tuple[bytes, ...]:
    frames = one_body(pixels(seen_from(random_clip(3, 12)), "coco-17"))
    openpose = {"people": [{"pose_keypoints_2d": np.zeros(75).tolist()}]}
    documents = [coco_document(frames, COCO, track_ids=True), alphapose_document(frames), mmpose_document(frames, COCO)]
    return tuple(json.dumps(document).encode() for document in (*documents, openpose))


def _keypoints(chance: Random, seed: int, place: Path) -> object:
    content = mutate_structure(chance.choice(_keypoint_documents()), seed)[: 1 << 20]
    return read_bodies(MotionFile(_written(place, "keypoints.json", content)), ReadingOptions(fps=30.0))


def _answer(chance: Random, seed: int, place: Path) -> object:
    hits = [{"rank": rank, "clip": "a.bvh", "start_s": 0.5, "end_s": 1.5} for rank in (1, 2, 3)]
    document = {"schema": "mretrieve.query/3", "index": {"path": "/tmp/index"}, "results": hits}
    return find_hit(mutate_structure(json.dumps(document).encode(), seed), chance.choice([1, 2, 3, 10**9]), place)


def _moment(chance: Random, seed: int, place: Path) -> object:
    name = mutate(chance.choice([b"walk/07_01.bvh@3.20-5.43", b"a.bvh@-1", b"b.bvh@2-", b"a@b@1-2"]), seed)
    return parse_moment(name.decode(errors="surrogateescape"), lambda clip: clip.startswith(("walk", "a")))


def _written(place: Path, name: str, content: bytes) -> Path:
    path = place / name
    path.write_bytes(content)
    return path


#: What is done with a text of each kind.
TEXTS: dict[str, Callable[[Random, int, Path], object]] = {
    "where": _where,
    "labels": _label_file,
    "rig map": _rig_map,
    "keypoints": _keypoints,
    "answer": _answer,
    "moment": _moment,
}


def attempt_text(place: Path, seed: int) -> str:
    """Make a text of one of the kinds, in turn, and read it."""
    kind = list(TEXTS)[seed % len(TEXTS)]
    try:
        TEXTS[kind](Random(seed), seed, place)
    except MRetrieveError as error:
        if "\n" in str(error) or len(str(error)) > 2000:  # other control characters are shown as escapes
            return f"MESSAGE of {len(str(error))} characters: {str(error)[:300]!r}"
        return f"{kind}: refused"
    return f"{kind}: read"
