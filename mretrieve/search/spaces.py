"""Which spaces of an index answer: their encoders, loaded when first asked for, and one search over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..encoders import DEFAULT_ENCODER, PART_ENCODER, PartEncoder, WindowEncoder, load_encoder
from ..encoders.catalogue import is_for_parts, same_encoder
from ..encoders.encoder import FusedEncoder, encoder_names, mean_weights
from ..encoders.registry import load_mapper, shipped_mapper
from ..errors import IndexStateError, QueryError
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..storage.records import EncoderRecord
from ..storage.snapshot import Snapshot
from ..vectors import VectorIndex, open_vectors
from .groups import CentredIndex, ClipGroups
from .smoothing import SmoothedIndex

if TYPE_CHECKING:
    from ..encoders.systems.submotion import SubmotionMapper

#: Selections of spaces that are kept open.
_MOST_OPEN = 32


#: Opens the vector index over some spaces of a snapshot.
VectorsOpener = Callable[[Snapshot, Sequence[str]], VectorIndex]


@dataclass(frozen=True)
class SpaceSelection:
    """The spaces to be searched, and the weights of their distances, which sum to 1."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    mapper: Path | None = None


class OpenSpace:
    """One space of an index, or several searched together, ready for queries."""

    def __init__(
        self,
        snapshot: Snapshot,
        names: Sequence[str],
        encoder: WindowEncoder,
        vectors: Callable[[], VectorIndex],
        mapper: SubmotionMapper | None = None,
    ) -> None:
        self.name = ",".join(names)
        self.encoder = encoder
        self._mapper = mapper
        self._snapshot = snapshot
        self._names = tuple(names)
        self._open_vectors = vectors
        self._centred: dict[str, CentredIndex] = {}

    def smoothed(self, encoded: NDArray[np.float32], without_clips: tuple[int, ...]) -> NDArray[np.float32]:
        """Encoded queries (Q, D), drawn towards their neighbours if the index is smoothed.

        `without_clips` are clip rows (the query's own) that they must not be drawn towards.
        """
        return encoded if self._smoothed is None else self._smoothed.query(encoded, without_clips)

    def takes_of(self, pieces: Sequence[Clip], encoded: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Vectors (Q, D) of the takes that pieces may have been cut out of; None without a mapping network.

        `encoded` are the pieces' own vectors (Q, D).
        """
        return None if self._mapper is None else self._mapper.map(self.encoder, pieces, encoded)

    def centred(self, column: str) -> CentredIndex:
        """The search among its rows as seen from the groups by a column. QueryError: there are none."""
        if column not in self._centred:
            groups = ClipGroups.by(self._snapshot, column)
            self._centred[column] = CentredIndex(self._snapshot, self._names, self.encoder, groups, self.index)
        return self._centred[column]

    @property
    def index(self) -> VectorIndex:
        """The search among its rows."""
        return self._smoothed or self._vectors

    @cached_property
    def _vectors(self) -> VectorIndex:
        return self._open_vectors()

    @cached_property
    def _smoothed(self) -> SmoothedIndex | None:
        if not self._snapshot.smooth:
            return None
        return SmoothedIndex(self._snapshot, self._names, self.encoder, self._vectors)


class Spaces:
    """The spaces of a snapshot, by what is asked of them."""

    def __init__(self, snapshot: Snapshot, vectors: VectorsOpener = open_vectors) -> None:
        """
        Args:
            snapshot: the index.
            vectors: opens the search among the vectors of some spaces.

        Raises:
            IndexStateError: the only space that answers cannot be searched; of several, each is loaded when asked.
        """
        self.snapshot = snapshot
        self._records = {record.name: record for record in snapshot.encoders}
        self._encoders: dict[str, WindowEncoder] = {}
        self._open: dict[SpaceSelection, OpenSpace] = {}
        self._open_vectors = vectors
        self._vectors: dict[tuple[str, ...], VectorIndex] = {}
        if sum(record.weight > 0 for record in self._records.values()) == 1:
            self.asked(None, None)

    def asked(
        self,
        encoder: str | Sequence[str] | None,
        weights: Sequence[float] | None,
        parts: PartWeights | None = None,
        mapper: Path | None = None,
    ) -> OpenSpace:
        """The spaces of some encoders, searched together.

        Args:
            encoder: names of spaces, or the weights files that they were made with, "a,b" or a list; None for all.
            weights: of the encoders' distances, in their order; None for those that the index was given.
            parts: how much each body part counts; where they differ and no encoder is named, the vectors of the parts
                answer.
            mapper: a file of `mretrieve train submotion`; None for the one that comes with a learned encoder.

        Raises:
            QueryError: the index has no such space, or the weights do not fit.
            IndexStateError: the encoder is another than the one that made the index's vectors.
            MRetrieveError: a library that an encoder needs is not installed.
        """
        if parts is not None and not parts.even and encoder is None:
            return self._of_parts(parts)
        asked = self._understood(encoder, weights, mapper)
        opened = self._open.get(asked)
        if opened is None:
            encoders = [self._encoder(self._records[name]) for name in asked.names]
            fused = encoders[0] if len(encoders) == 1 else FusedEncoder(list(zip(encoders, asked.weights, strict=True)))
            space = self._space(asked.names, fused, self._mapper(asked, fused))
            for oldest in list(self._open)[: len(self._open) + 1 - _MOST_OPEN]:
                self._open.pop(oldest, None)  # weights and mappers of many clients
            return self._open.setdefault(asked, space)
        return opened

    def _space(self, names: Sequence[str], encoder: WindowEncoder, mapper: SubmotionMapper | None = None) -> OpenSpace:
        return OpenSpace(self.snapshot, names, encoder, lambda: self._vector_index(tuple(names)), mapper)

    def _vector_index(self, names: tuple[str, ...]) -> VectorIndex:
        """The search among the vectors of some spaces, kept for all queries, whatever they weigh."""
        if names not in self._vectors:
            self._vectors.setdefault(names, self._open_vectors(self.snapshot, names))
        return self._vectors[names]

    @staticmethod
    def _mapper(asked: SpaceSelection, encoder: WindowEncoder) -> SubmotionMapper | None:
        if asked.mapper is not None:
            mapper = load_mapper(asked.mapper)
            mapper.check(encoder)
            return mapper
        # The default encoder does without: its mapper would load torch, which takes longer than the query.
        return shipped_mapper(encoder.fingerprint) if encoder.name != DEFAULT_ENCODER else None

    def _of_parts(self, parts: PartWeights) -> OpenSpace:
        for name in sorted(self._records, key=lambda name: not is_for_parts(name)):  # the others may load torch
            encoder = self._encoder(self._records[name])
            if isinstance(encoder, PartEncoder):
                return self._space([name], encoder.weighted(parts))
        raise QueryError(
            f"{self.snapshot.index}: has no vectors of body parts, which part weights ask for; add them with "
            f"`{self._adding(PART_ENCODER)}`"
        )

    def _adding(self, encoder: str) -> str:
        """The command that adds a space."""
        wanted = ",".join([*(name for name in self._records if name != Path(encoder).stem), encoder])
        return f"{self.snapshot.index_command} --encoder {wanted}"

    def _understood(
        self, encoder: str | Sequence[str] | None, weights: Sequence[float] | None, mapper: Path | None
    ) -> SpaceSelection:
        names = tuple(self._records) if encoder is None else tuple(map(self._name, encoder_names(encoder)))
        if len(set(names)) < len(names):
            raise QueryError(f"encoder {','.join(names)}: a space is there twice; name each once")
        if weights is None:
            recorded = [self._records[name].weight for name in names]
            weights = recorded if any(recorded) else [1.0] * len(names)
        shares = mean_weights(weights, names)
        used = [(name, share) for name, share in zip(names, shares, strict=True) if share]
        return SpaceSelection(tuple(name for name, _ in used), tuple(share for _, share in used), mapper)

    def _name(self, named: str) -> str:
        """The space that is meant by its name or its weights file."""
        if named in self._records:
            return named
        for name in self._records:
            if same_encoder(name, named):  # an index of an earlier version may have it by its former name
                return name
        if Path(named).is_file():
            with Path(named).open("rb") as file:
                size, checksum = Path(named).stat().st_size, sha256(file.read()).hexdigest()
            for record in self._records.values():
                if record.file is not None and (record.file.size, record.file.checksum) == (size, checksum):
                    return record.name
        raise QueryError(
            f"{self.snapshot.index}: has no space of encoder {named}, only of {', '.join(self._records)}; add it with "
            f"`{self._adding(named)}`"
        )

    def _encoder(self, record: EncoderRecord) -> WindowEncoder:
        if record.name not in self._encoders:
            content = self.snapshot.weights(record)
            if content is None:
                encoder = load_encoder(record.name)
            else:
                from ..encoders.weights_file import read_encoder

                encoder = read_encoder(content).encoder
            if encoder.fingerprint != record.fingerprint:
                place = self.snapshot
                raise IndexStateError(
                    f"{place.index}: its vectors were made by {record.name} {record.fingerprint[:12]}, this mretrieve "
                    f"has {encoder.fingerprint[:12]}, and the two cannot be compared; run "
                    f"`{place.index_command} --rebuild`"
                )
            self._encoders[record.name] = encoder
        return self._encoders[record.name]
