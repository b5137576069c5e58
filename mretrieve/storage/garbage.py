"""Garbage collection: remove files that no kept version names, late enough that no reader loses what it has open.

Only files that mretrieve made are removed, and nothing through a link: see `ownership.own_entries`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from ..errors import IndexStateError
from .files import discard, os_errors_as_index_errors, sync_folder
from .layout import (
    ENCODERS,
    INVENTORIES,
    LABELS,
    MANIFESTS,
    MAPS,
    NAMES,
    SHARDS,
    VECTOR_INDEXES,
    manifest_file,
    map_file,
    shard_folder,
    versions,
)
from .manifest import read_manifest
from .map_files import map_ids
from .ownership import entries, own_entries, shard_files


def collect_garbage(index: Path, keep_versions: int, grace_s: float) -> list[Path]:
    """Remove old versions and the files that only they named. The caller holds the WriterLock.

    A version is kept while it is among the newest `keep_versions`, or was the newest within the last `grace_s` seconds:
    a reader may have opened it then. Files that no kept version names, such as what an interrupted run left, go once
    they are older than `grace_s`.

    Returns:
        The removed paths. What could not be removed is left for the next time.

    Raises:
        IndexStateError: the index cannot be read.
        ValueError: `keep_versions` is less than 1.
    """
    if keep_versions < 1:
        raise ValueError(f"keep_versions is {keep_versions}; the newest version must stay")
    before = time.time() - grace_s
    with os_errors_as_index_errors(index):
        known = versions(index)
        own = own_entries(index, MANIFESTS)
        candidates = list(pairwise(known))[: max(0, len(known) - keep_versions)]
        dropped = [
            path
            for version, successor in candidates
            if (path := manifest_file(index, version)) in own and _older(manifest_file(index, successor), before)
        ]
        removed = _removed(dropped)
        if removed:
            sync_folder(index / MANIFESTS)  # before what they name: a manifest must never name what is not there
        if (named := _named(index)) is not None:
            orphans = [path for path in _named_things(index) if path not in named]
            removed += _removed(path for path in orphans if _older(path, before))
        removed += _removed(path for path in _temporary(index) if _older(path, before))
    return removed


def orphans(index: Path) -> list[Path]:
    """Shards, labels, weights, vector indexes, maps and left-overs that no version names.

    Raises:
        IndexStateError: a manifest is damaged, so that the files it names are unknown.
    """
    named = {path for version in versions(index) for path in _paths_of(index, version)}
    return [*(path for path in _named_things(index) if path not in named), *_temporary(index)]


def _named(index: Path) -> set[Path] | None:
    """The paths that the versions name; None if a manifest is damaged: then nothing may be removed."""
    try:
        return {path for version in versions(index) for path in _paths_of(index, version)}
    except IndexStateError:
        return None


def _paths_of(index: Path, version: int) -> Iterator[Path]:
    manifest = read_manifest(index, version)
    yield from (shard_folder(index, record.id) for record in manifest.shards)
    yield from (path for path, _ in manifest.files(index))
    yield from (map_file(index, map_id) for map_id in map_ids(manifest))


def _named_things(index: Path) -> list[Path]:
    """All shards, and all files that are named by their content."""
    return [
        path
        for room in (SHARDS, LABELS, ENCODERS, VECTOR_INDEXES, INVENTORIES, MAPS)
        for path in own_entries(index, room)
        if _has_content(path)
    ]


def _temporary(index: Path) -> list[Path]:
    """Unfinished files, and those that were moved aside."""
    return [path for room in NAMES for path in own_entries(index, room, temporary=True) if _has_content(path)]


def _has_content(path: Path) -> bool:
    """Whether a path is still mretrieve's: not the folder of a removed shard with only foreign files left."""
    return bool(shard_files(path)) or not entries(path)


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime <= before
    except FileNotFoundError:
        return False


def _removed(paths: Iterable[Path]) -> list[Path]:
    gone = []
    for path in paths:
        for part in (*shard_files(path), path):
            discard(part)
        if not path.exists():
            gone.append(path)
    return gone
