"""Garbage: what no kept version names. It is removed late, so that no reader loses what it has open."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from ..errors import IndexStateError
from .files import TEMPORARY, discard, explained, sync_folder
from .layout import (
    ENCODERS,
    LABELS,
    MANIFESTS,
    SHARDS,
    labels_file,
    manifest_file,
    shard_folder,
    versions,
    weights_file,
)
from .manifest import read_manifest


def collect_garbage(index: Path, keep_versions: int, grace_s: float) -> list[Path]:
    """Remove old versions and the files that only they named. The caller holds the WriterLock.

    A version is kept while it is among the newest `keep_versions`, or was the newest within the last `grace_s` seconds:
    a reader may have opened it then. Files that no kept version names, such as what an interrupted run left, go once
    they are older than `grace_s`.

    Returns:
        What was removed. What could not be removed is left for the next time.

    Raises:
        IndexStateError: the index cannot be read.
        ValueError: `keep_versions` is less than 1.
    """
    if keep_versions < 1:
        raise ValueError(f"keep_versions is {keep_versions}; the newest version must stay")
    before = time.time() - grace_s
    with explained(index):
        known = versions(index)
        candidates = list(pairwise(known))[: max(0, len(known) - keep_versions)]
        dropped = [
            manifest_file(index, version)
            for version, successor in candidates
            if _older(manifest_file(index, successor), before)
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
    """Shards, labels, weights and left-overs that no version names.

    Raises:
        IndexStateError: a manifest is damaged, so that nobody knows.
    """
    named = {path for version in versions(index) for path in _paths_of(index, version)}
    return [*(path for path in _named_things(index) if path not in named), *_temporary(index)]


def _named(index: Path) -> set[Path] | None:
    """What the versions name; None where one is damaged, as then nobody knows, and nothing must go."""
    try:
        return {path for version in versions(index) for path in _paths_of(index, version)}
    except IndexStateError:
        return None


def _paths_of(index: Path, version: int) -> Iterator[Path]:
    manifest = read_manifest(index, version)
    yield from (shard_folder(index, record.id) for record in manifest.shards)
    if manifest.labels is not None:
        yield labels_file(index, manifest.labels.id)
    yield from (weights_file(index, file.id) for file in manifest.weights_files)


def _named_things(index: Path) -> list[Path]:
    """All shards, tables of labels and weights files."""
    folders = (SHARDS, LABELS, ENCODERS)
    return [path for folder in folders for path in _listed(index / folder) if path.name[:1] != TEMPORARY]


def _temporary(index: Path) -> list[Path]:
    """What was being made or was moved aside."""
    folders = (MANIFESTS, SHARDS, LABELS, ENCODERS)
    return [path for folder in folders for path in _listed(index / folder) if path.name[:1] == TEMPORARY]


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime <= before
    except FileNotFoundError:
        return False


def _removed(paths: Iterable[Path]) -> list[Path]:
    gone = []
    for path in paths:
        discard(path)
        if not path.exists():
            gone.append(path)
    return gone
