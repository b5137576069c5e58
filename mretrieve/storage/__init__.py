"""The index on disk: immutable shards, manifests that combine them into versions, snapshots that read a version."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for readers and type checkers; at run time a name is imported when it is first used
    from .checked_files import read_weights, write_weights
    from .commits import commit
    from .discovery import find_index
    from .garbage import collect_garbage
    from .layout import WHOLE, versions, weights_file
    from .lock import WriterLock
    from .records import EncoderRecord, FileRecord, FolderRecord, ShardRecord, TrainedIndexRecord, WindowSettings
    from .shard_clip import ShardClip
    from .shard_writer import write_shard
    from .snapshot import Snapshot
    from .verification import Problem, check_content, verify

__all__ = [
    "WHOLE",
    "EncoderRecord",
    "FileRecord",
    "FolderRecord",
    "Problem",
    "ShardClip",
    "ShardRecord",
    "Snapshot",
    "TrainedIndexRecord",
    "WindowSettings",
    "WriterLock",
    "check_content",
    "collect_garbage",
    "commit",
    "find_index",
    "read_weights",
    "verify",
    "versions",
    "weights_file",
    "write_shard",
    "write_weights",
]

_MODULE = {
    "WHOLE": "layout",
    "EncoderRecord": "records",
    "FileRecord": "records",
    "FolderRecord": "records",
    "Problem": "verification",
    "ShardClip": "shard_clip",
    "ShardRecord": "records",
    "Snapshot": "snapshot",
    "TrainedIndexRecord": "records",
    "WindowSettings": "records",
    "WriterLock": "lock",
    "check_content": "verification",
    "collect_garbage": "garbage",
    "commit": "commits",
    "find_index": "discovery",
    "read_weights": "checked_files",
    "verify": "verification",
    "versions": "layout",
    "weights_file": "layout",
    "write_shard": "shard_writer",
    "write_weights": "checked_files",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"mretrieve.storage has no public name {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
