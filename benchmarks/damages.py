"""Damage the files of an index at random, and look at what becomes of it.

    python benchmarks/damages.py [--number N] [--seed N]

The index is of generated motions in several shards, in two spaces with vector indexes, with labels and an older
version. Each damage is one of: bytes flipped, a stretch of zeros, a file cut off, a file replaced by another of its
kind, by one of an older state of the index, or deleted. Then queries are asked. An answer that is not partial must be
that of the sound index; one that is partial must be that of the sound index without the missing shards; the only
other outcome is an error of one line. `verify` must name the file, and `repair` must bring back the answers of
before, as the motion files are there; a manifest cannot be made again, which must be said.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mretrieve import Index, build_index, open_index
from mretrieve.demo import make_library
from mretrieve.errors import MRetrieveError
from mretrieve.indexer import repair_index
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import MANIFESTS, REPORTS, SHARDS, VECTOR_INDEXES
from mretrieve.storage.verification import verify
from mretrieve.vectors import choice

#: Generated clips, in so many shards.
CLIPS, SHARD_COUNT = 12, 3

#: A damage is done by one of these: from the content of a file and that of another one of its kind.
KINDS: dict[str, Callable[[bytes, bytes, Random], bytes | None]] = {
    "flip": lambda content, other, chance: _flipped(content, chance),
    "zero": lambda content, other, chance: _zeroed(content, chance),
    "truncate": lambda content, other, chance: content[: chance.randrange(len(content))],
    "swap": lambda content, other, chance: other,
    "older": lambda content, other, chance: other,
    "delete": lambda content, other, chance: None,
}

#: Options of the queries: through vector indexes, exactly by parts of the body, with a condition.
ASKED: tuple[dict[str, Any], ...] = (
    {"k": 6, "mirror": "both"},
    {"k": 3, "parts": {"arms": 1.0}},
    {"k": 3, "where": "duration_s > 2"},
)
#: After so many seconds an operation counts as hanging.
LIMIT_S = 60.0


def _flipped(content: bytes, chance: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _zeroed(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content))
    length = min(len(content) - start, chance.choice((1, 16, 512, 4096, 1 << 20)))
    return content[:start] + bytes(length) + content[start + length :]


@dataclass(frozen=True)
class Library:
    """What is damaged.

    Attributes:
        folder: of the motion files.
        index: the sound index.
        older: an earlier state of it.
        queries: motion files.
        expected: the answers to each query with each of ASKED.
    """

    folder: Path
    index: Path
    older: Path
    queries: tuple[str, ...]
    expected: tuple[tuple[dict[str, Any], ...], ...]


def make(place: Path) -> Library:
    """The library and its index. From then on few windows are enough for a vector index."""
    choice.LEAST_WINDOWS = 2
    made = sorted((path for path in make_library(place / "made") if path.suffix == ".bvh"), key=_size)[:CLIPS]
    (place / "motions").mkdir()
    lines = ["path,label"]
    for path in made:
        path.rename(place / "motions" / path.name)
        lines.append(f"{path.name},{path.name.split('_')[1]}")
    (place / "labels.csv").write_text("\n".join(lines) + "\n")
    queries = (str(place / "motions" / made[0].name), str(place / "motions" / made[-1].name))
    index, size = place / "index", ShardSize(clips=CLIPS // SHARD_COUNT)
    build_index(place / "motions", index, labels=[place / "labels.csv"], jobs=1, shard_size=size)
    shutil.copytree(index, place / "older")
    build_index(place / "motions", index, jobs=1, vector_index="flat-codes", smooth=False, shard_size=size)
    with WriterLock(index):
        collect_garbage(index, keep_versions=2, grace_s=-10.0)
    library = Library(place / "motions", index, place / "older", queries, ())
    assert any(path.parts[0] == VECTOR_INDEXES for path in files_of(index))
    answers = tuple(_hits(answer) for answer in _asked(open_index(index), library))
    return Library(place / "motions", index, place / "older", queries, answers)


def _size(path: Path) -> int:
    return path.stat().st_size


def _asked(opened: Index, library: Library) -> list[Any]:
    return [opened.search(query, **options) for query in library.queries for options in ASKED]


def _hits(answer: Any) -> tuple[dict[str, Any], ...]:
    return tuple({**hit.to_dict(), "file": "", "rank": 0} for hit in answer)


def files_of(index: Path) -> list[Path]:
    """The files of an index that can be damaged, relative to it."""
    paths = (path.relative_to(index) for path in sorted(index.rglob("*")) if path.is_file())
    return [path for path in paths if path.parts[0] != REPORTS and len(path.parts) > 1]


def damaged(library: Library, copy: Path, chance: Random) -> tuple[Path, str] | None:
    """Damage a file of a copy of the index. The file and the kind of damage; None if the damage changes nothing."""
    names = files_of(copy)
    rooms = sorted({name.parts[0] for name in names})
    room = chance.choice([*rooms, SHARDS, SHARDS])  # as often as the others together, nearly
    name = chance.choice([each for each in names if each.parts[0] == room])
    kind = chance.choice(list(KINDS))
    content, other = (copy / name).read_bytes(), b""
    if kind == "swap":
        alike = [each for each in names if each != name and each.parts[0] == room and each.suffix == name.suffix]
        if not alike:
            return None
        other = (copy / chance.choice(alike)).read_bytes()
    elif kind == "older":
        alike = [each for each in files_of(library.older) if each.parts[0] == room and each.suffix == name.suffix]
        if not alike:
            return None
        other = (library.older / chance.choice(alike)).read_bytes()
    if not content or (kind == "delete" and room == MANIFESTS):  # a version exists if its manifest does
        return None
    changed = KINDS[kind](content, other, chance)
    if changed == content:
        return None
    (copy / name).unlink()  # the copy shares its files with the sound index
    if changed is not None:
        (copy / name).write_bytes(changed)
    return name, kind


def outcomes(library: Library, copy: Path, name: Path) -> list[str]:
    """What is wrong after a damage: none of it should be."""
    wrong: list[str] = []
    try:
        opened = open_index(copy)
        for answer, expected in zip(_asked(opened, library), library.expected, strict=True):
            if not answer.partial and _hits(answer) != expected:
                wrong.append("silently wrong")
            if answer.partial and not _is_part(opened, answer, expected):
                wrong.append("partial and wrong")
    except MRetrieveError as error:
        if "\n" in str(error) or len(str(error)) > 1000:
            wrong.append("an error of several lines")
    except Exception as error:
        wrong.append(f"traceback in a query: {type(error).__name__}: {error}")
    try:
        if copy / name not in {problem.path for problem in verify(copy)}:
            wrong.append("not named by verify")
    except MRetrieveError:
        wrong.append("verify gives up")
    except Exception as error:
        wrong.append(f"traceback in verify: {type(error).__name__}: {error}")
    return [*wrong, *_repaired(library, copy, name)]


def _is_part(opened: Index, answer: Any, expected: tuple[dict[str, Any], ...]) -> bool:
    """Whether an answer has those of the expected hits that are not of the missing shards, and no other of those."""
    snapshot = opened.snapshot
    missing = [number for number, record in enumerate(snapshot.shards) if record.id in answer.missing_shards]
    gone = {snapshot.rows.clips[row] for row in np.flatnonzero(np.isin(snapshot.rows.clip_shard, missing)).tolist()}
    left = [hit for hit in expected if hit["clip"] not in gone]
    found = list(_hits(answer))
    return not any(hit["clip"] in gone for hit in found) and found[: len(left)] == left


def _repaired(library: Library, copy: Path, name: Path) -> list[str]:
    try:
        repair = repair_index(copy)
        answers = tuple(_hits(answer) for answer in _asked(open_index(copy), library))
        if repair.lost or answers != library.expected:
            return ["not repaired"]
        if left := [problem for problem in verify(copy) if not problem.harmless]:
            return [f"still damaged after the repair: {left[0]}"]
    except MRetrieveError as error:
        if name.parts[0] == MANIFESTS:
            return []  # nothing to make it from, and the error says so
        return [f"repair gives up: {error}"]
    except Exception as error:
        return [f"traceback in repair: {type(error).__name__}: {error}"]
    return []


@click.command(help=__doc__)
@click.option("--number", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(number: int, seed: int) -> None:
    chance = Random(seed)
    done: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        place = Path(folder)
        library = make(place)
        for each in track(range(number), console=Console(stderr=True), description="damages"):
            copy, hit = place / f"copy{each}", None
            while hit is None:  # some change nothing
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(library.index, copy, copy_function=_linked)
                hit = damaged(library, copy, chance)
            name, kind = hit
            begun = time.perf_counter()
            wrong = outcomes(library, copy, name)
            if time.perf_counter() - begun > LIMIT_S:
                wrong.append("hangs")
            room = name.name if name.parts[0] == SHARDS else name.parts[0]
            done[room, kind] += 1
            failed[room, kind] += bool(wrong)
            for each_wrong in wrong:
                print(f"{name} ({kind}): {each_wrong}", file=sys.stderr)
            shutil.rmtree(copy)
    table = Table("what", *KINDS, "wrong")
    for room in sorted({room for room, _ in done}):
        counts = [str(done[room, kind]) for kind in KINDS]
        table.add_row(room, *counts, str(sum(failed[room, kind] for kind in KINDS)))
    Console().print(table)
    total, wrong_count = sum(done.values()), sum(failed.values())
    print(f"{total} damages, {wrong_count} of them with a wrong outcome, in {time.perf_counter() - started:.0f} s")
    sys.exit(1 if wrong_count else 0)


def _linked(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


if __name__ == "__main__":
    main()
