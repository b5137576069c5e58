"""The kinds of vector index, by name; `register_kind` adds one from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..storage.records import EncoderRecord
from ..storage.shard_writer import Trainer
from ..storage.snapshot import Snapshot
from .flat import FlatIndex
from .interface import VectorIndex


@dataclass(frozen=True)
class VectorKind:
    """A kind of vector index.

    Attributes:
        name: by which manifests call it.
        open: makes the index over one space of a snapshot, or over several side by side.
        train: makes what a shard stores for it; None if it needs nothing but the vectors.
    """

    name: str
    open: Callable[[Snapshot, Sequence[str]], VectorIndex]
    train: Trainer | None = None


FLAT = VectorKind(FlatIndex.kind, FlatIndex)
_KINDS = {FLAT.name: FLAT}


def register_kind(kind: VectorKind) -> None:
    """Add a kind, or replace the one of its name."""
    _KINDS[kind.name] = kind


def open_vectors(snapshot: Snapshot, spaces: Sequence[str]) -> VectorIndex:
    """The vector index over some spaces: of their kind, or flat if they differ or their kind is not registered.

    Raises:
        IndexStateError: the index has no such space.
    """
    names = {record.vector_kind for record in snapshot.encoders if record.name in spaces}
    kind = _KINDS.get(names.pop(), FLAT) if len(names) == 1 else FLAT
    return kind.open(snapshot, spaces)


def trainers(encoders: Sequence[EncoderRecord]) -> dict[str, Trainer]:
    """What trains the indexes that a shard has for some encoders' spaces, by space; see write_shard."""
    kinds = ((encoder.name, _KINDS.get(encoder.vector_kind, FLAT)) for encoder in encoders)
    return {space: kind.train for space, kind in kinds if kind.train is not None}
