"""The kinds of vector index by name, and the index over the spaces of a snapshot; `register_kind` adds a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import IndexStateError, QueryError
from ..storage.records import VectorIndexRecord
from ..storage.snapshot import Snapshot
from .choice import AUTOMATIC
from .codes import FLAT_CODES
from .faiss_kinds import FAST_SCAN, HNSW, IVF_FAST_SCAN, IVF_FLAT, RABITQ
from .flat import FlatIndex
from .grouped import Group, GroupedIndex
from .interface import VectorIndex
from .parts import Part
from .trained import VectorKind

if TYPE_CHECKING:
    import torch

_KINDS = {kind.name: kind for kind in (FLAT_CODES, FAST_SCAN, IVF_FAST_SCAN, IVF_FLAT, HNSW, RABITQ)}


def register_kind(kind: VectorKind) -> None:
    """Add a trained kind, or replace the one of its name."""
    _KINDS[kind.name] = kind


def kind_names() -> tuple[str, ...]:
    """All kinds, `flat` first."""
    return FlatIndex.kind, *_KINDS


def trained_kind(name: str) -> VectorKind:
    """The trained kind of a name. QueryError if there is none."""
    check_kind(name)
    return _KINDS[name]


def check_kind(name: str) -> None:
    """QueryError if a name is neither that of a kind nor `auto`."""
    if name not in (AUTOMATIC, *kind_names()):
        raise QueryError(f"no kind of vector index is called {name}, only {', '.join(kind_names())}")


def open_vectors(
    snapshot: Snapshot, spaces: Sequence[str], devices: Sequence[torch.device] = (), part: Part | None = None
) -> VectorIndex:
    """The vector index over some spaces: exact on `devices` if there are any; else through the trained indexes of a
    single space, and exact over several. `part` limits it to a part of the index, which is not on devices.

    Trained indexes that cannot be used here, because their kind is not registered or its library is not installed or of
    another version, or whose file is damaged, are left out: their rows are searched exactly.

    Raises:
        IndexStateError: the index has no such space, or vectors are damaged.
    """
    if devices:
        from .on_device import DeviceIndex

        return DeviceIndex(snapshot, spaces, devices)
    without = {} if part is None else part.elsewhere(snapshot, spaces)
    groups = [
        open_group(snapshot, record)
        for record in snapshot.vector_indexes
        if [record.space] == list(spaces) and (part is None or record.file.id in part.indexes)
    ]
    usable = [group for group in groups if group is not None]
    return GroupedIndex(snapshot, usable, without) if usable else FlatIndex(snapshot, spaces, without)


def open_group(snapshot: Snapshot, record: VectorIndexRecord) -> Group | None:
    """A trained index and its vectors; None if it cannot be used here, or its file is damaged."""
    try:
        content = snapshot.vector_index(record)
    except IndexStateError:
        return None
    try:
        return Group(snapshot, record, _KINDS[record.kind].open(content, record.settings))
    except (ImportError, LookupError, AttributeError, RuntimeError, ValueError, TypeError, MemoryError):
        return None
