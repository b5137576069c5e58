"""A small index that commands change again and again, and how it is judged: what `crash.py` and `crowd.py` share.

Every content of a motion file gets its digest once, from an index that nobody disturbs: that of the motion and the
vectors that an index stores of it. Whatever happens later, a clip whose file had this content must have this digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mretrieve import Index, build_index
from mretrieve.demo import make_library
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import choice

#: Shards of so many clips, so that there are several.
SHARD = ShardSize(clips=3)


@dataclass(frozen=True)
class Pool:
    """Contents of motion files.

    Attributes:
        contents: of the files.
        digests: of what an index stores of a file, by the hash of its content that the index has.
        hashes: that hash, for each of the contents.
    """

    contents: tuple[bytes, ...]
    digests: Mapping[str, str]
    hashes: tuple[str, ...]


def make_pool(place: Path, count: int) -> Pool:
    """Different contents, the smallest of generated ones. From then on few windows are enough for a vector index."""
    choice.LEAST_WINDOWS = 2
    made = sorted(
        (path for path in make_library(place / "made") if path.suffix == ".bvh"), key=lambda path: path.stat().st_size
    )
    folder = place / "pool"
    folder.mkdir()
    for number, path in enumerate(made[:count]):
        path.rename(folder / name_of(number))
    update(folder, place / "pool-index")
    snapshot = Snapshot.open(place / "pool-index")
    hashes = snapshot.clips["content_hash"].to_pylist()
    digests = {hashed: digest(snapshot, row) for row, hashed in enumerate(hashes)}
    return Pool(tuple((folder / name_of(number)).read_bytes() for number in range(count)), digests, tuple(hashes))


def name_of(number: int) -> str:
    """The name of a file, in the order of numbers."""
    return f"m{number:02d}.bvh"


def update(folder: Path, index: Path) -> int:
    """`mretrieve index --prune`, with vector indexes. The version after it."""
    return build_index(folder, index, jobs=1, prune=True, shard_size=SHARD, vector_index="flat-codes").version


def digest(snapshot: Snapshot, row: int) -> str:
    """Of the motion and the vectors of a clip."""
    stored = snapshot.stored(row)
    hashed = hashlib.sha256(stored.positions.tobytes() + stored.observed.tobytes() + stored.windows.tobytes())
    for _, vectors in sorted(stored.vectors.items()):
        hashed.update(np.ascontiguousarray(vectors).tobytes())
    return hashed.hexdigest()


def held(snapshot: Snapshot) -> dict[str, str]:
    """The hash of the content of each clip that an index holds."""
    return dict(zip(*(snapshot.clips[name].to_pylist() for name in ("clip", "content_hash")), strict=True))


def wrongly_stored(snapshot: Snapshot, pool: Pool) -> list[str]:
    """The clips that are not what their content gives."""
    clips = held(snapshot)
    return [
        clip for row, (clip, hashed) in enumerate(clips.items()) if pool.digests.get(hashed) != digest(snapshot, row)
    ]


def wrongly_answered(index: Index, clip: str) -> str:
    """What is wrong with the answer to a query by a clip: it must find only its clips, itself or its like first."""
    clips = held(index.snapshot)
    answer = index.search(clip, k=len(clips))
    found = [hit.clip for hit in answer]
    if answer.partial or answer.index_version != index.snapshot.version or not {clip} <= set(found) <= set(clips):
        return f"version {answer.index_version} answers {clip} with {found}, partial: {answer.partial}"
    return "" if clips[found[0]] == clips[clip] else f"{clip} is not the best answer to itself, but {found[0]}"
