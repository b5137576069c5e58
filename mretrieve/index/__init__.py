"""The index on disk: immutable shards, manifests that make versions of them, snapshots that read them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for readers and type checkers; at run time a name is imported when it is first used
    from .commits import commit
    from .garbage import collect_garbage
    from .layout import versions
    from .locate import find_index
    from .lock import WriterLock
    from .manifest import EncoderRecord, ShardRecord, WindowSettings
    from .shard_writer import ShardClip, write_shard
    from .snapshot import Snapshot
    from .verification import Problem, verify

__all__ = [
    "EncoderRecord",
    "Problem",
    "ShardClip",
    "ShardRecord",
    "Snapshot",
    "WindowSettings",
    "WriterLock",
    "collect_garbage",
    "commit",
    "find_index",
    "verify",
    "versions",
    "write_shard",
]

_MODULE = {
    "EncoderRecord": "manifest",
    "Problem": "verification",
    "ShardClip": "shard_writer",
    "ShardRecord": "manifest",
    "Snapshot": "snapshot",
    "WindowSettings": "manifest",
    "WriterLock": "lock",
    "collect_garbage": "garbage",
    "commit": "commits",
    "find_index": "locate",
    "verify": "verification",
    "versions": "layout",
    "write_shard": "shard_writer",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"mretrieve.index has no public name {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
