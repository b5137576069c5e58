"""The settings and spaces of an index after a run, and whether the run may add to it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mretrieve.encoders import DEFAULT_ENCODER, PART_ENCODER, WindowEncoder, load_encoder
from mretrieve.encoders.catalogue import is_for_parts, same_encoder
from mretrieve.encoders.encoder import encoder_names, mean_weights
from mretrieve.encoders.registry import ENCODER_SUFFIX
from mretrieve.encoders.weights_file import read_encoder
from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.formats import ReadingOptions
from mretrieve.storage.checked_files import read_weights, write_weights
from mretrieve.storage.layout import weights_file
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot
from mretrieve.version import __version__

from .report import RunSettings


def settings_for(last: RunSettings | None, encoder: str, reading: ReadingOptions, command: str) -> RunSettings:
    """The settings of a run: those given, else those of the last run.

    Args:
        last: the settings of the last run, which this one adds to; None if they are unknown, or if it makes all clips.
        encoder: names of the spaces, separated by commas.
        reading: how files are read, as far as the caller says.
        command: the command that brings the index up to date.

    Raises:
        IndexStateError: the index was made with another rig map, so that new clips could not be compared with its own.
        MRetrieveError: a file that they name cannot be used.
    """
    if last is None:
        return _settings(encoder, reading)
    before = last.reading
    settings = _settings(
        encoder,
        ReadingOptions(reading.asf or before.asf, reading.rig_map or before.rig_map, reading.fps or before.fps),
    )
    if last.rig_map_hash != settings.rig_map_hash:
        raise IndexStateError(
            f"the index was made with {last.rig_map or 'no rig map'}, not with {settings.rig_map} as it is now; read "
            f"every file again with `{command} --rebuild --rig-map {settings.rig_map}`"
        )
    return settings


def _settings(encoder: str, reading: ReadingOptions) -> RunSettings:
    for option, file in (("--asf", reading.asf), ("--rig-map", reading.rig_map)):
        if file is not None and not file.is_file():
            raise MRetrieveError(f"{file}: no such file; check {option}")
    rig_map_hash = None
    if reading.rig_map is not None:
        content = reading.rig_map.read_bytes()
        rig_map_hash = hashlib.sha256(content).hexdigest()
        try:
            json.loads(content)
        except ValueError as error:
            raise MRetrieveError(
                f"{reading.rig_map}: not a rig map ({error}); see `mretrieve rig FILE --save`"
            ) from None
    asf, rig_map = (None if path is None else str(path.absolute()) for path in (reading.asf, reading.rig_map))
    return RunSettings(__version__, encoder, asf, rig_map, rig_map_hash, reading.fps)


@dataclass(frozen=True)
class Space:
    """A space and its encoder.

    Attributes:
        record: the space as the manifest has it.
        source: for `load_encoder`: the name of a shipped encoder, or the weights file that the index keeps.
    """

    record: EncoderRecord
    source: str

    def load(self, index: Path, command: str) -> WindowEncoder:
        """Load the encoder. IndexStateError: it is not the one that made the vectors; `command` updates the index."""
        encoder = load_encoder(self.source)
        if (encoder.fingerprint, encoder.dimension) != (self.record.fingerprint, self.record.dimension):
            raise IndexStateError(
                f"{index}: its vectors were made by other weights of {self.record.name} than this mretrieve has, and "
                f"the two cannot be compared; read every file again with `{command} --rebuild`"
            )
        return encoder


def chosen_spaces(
    index: Path,
    base: Snapshot | None,
    encoder: str | Sequence[str] | None,
    weights: Sequence[float] | None,
    rebuild: bool,
) -> tuple[Space, ...]:
    """The spaces of the index after a run. The caller holds the WriterLock: weights files are copied into the index.

    Args:
        index: folder of the index.
        base: its newest version; None if it has none.
        encoder: names of shipped encoders, names of spaces that have a weights file in the index, and paths of weights
            files; None keeps the spaces of the index, or chooses the defaults for a new one.
        weights: weights of the spaces in a search; None keeps those of the index, or equal ones for other spaces.
        rebuild: whether all vectors are made again, so that encoders may have other weights than in the index.

    Raises:
        QueryError: an encoder is unknown, or the weights do not fit.
        MRetrieveError: a weights file cannot be used, or two encoders have one name.
        IndexStateError: the index cannot be written, or a weights file in it is damaged.
    """
    known = {record.name: record for record in base.encoders} if base is not None else {}
    if encoder is None and known and not rebuild:
        spaces = [_kept(index, record) for record in known.values()]
    else:
        names = encoder_names(encoder if encoder is not None else tuple(known) or (DEFAULT_ENCODER, PART_ENCODER))
        spaces = [_fresh(index, known, name) for name in names]
    return _weighted(spaces, known, weights)


def _weighted(
    spaces: Sequence[Space], known: Mapping[str, EncoderRecord], weights: Sequence[float] | None
) -> tuple[Space, ...]:
    """The spaces with their weights in a search: those given, else those that the index has for the same spaces."""
    names = [space.record.name for space in spaces]
    for name in names:
        if [other.lower() for other in names].count(name.lower()) > 1:
            raise MRetrieveError(f"two encoders are named {name}; rename one file: its space is named after it")
    if weights is None and set(names) == set(known):
        weights = [known[name].weight for name in names]
    if weights is None:  # equal ones; but part vectors answer queries for parts, and others only if they are alone
        weights = [0.0 if is_for_parts(name) and len(names) > 1 else 1.0 for name in names]
    weighted = zip(spaces, mean_weights(weights, names), strict=True)
    return tuple(replace(space, record=replace(space.record, weight=weight)) for space, weight in weighted)


def same_spaces(one: Sequence[EncoderRecord], other: Sequence[EncoderRecord]) -> bool:
    """Whether two lists of spaces have the same vectors; order and weights in a search may differ."""
    return {_vectors(record) for record in one} == {_vectors(record) for record in other}


def _vectors(record: EncoderRecord) -> tuple[str, str, int]:
    return record.name, record.fingerprint, record.dimension


def _kept(index: Path, record: EncoderRecord) -> Space:
    if record.file is None:
        return Space(record, record.name)
    read_weights(index, record.file)  # raises if the file is damaged
    return Space(record, str(weights_file(index, record.file.id)))


def _fresh(index: Path, known: Mapping[str, EncoderRecord], name: str) -> Space:
    """The space of an encoder by name: one with a weights file in the index, another file, or a shipped encoder."""
    record = known.get(name)
    if record is not None and record.file is not None:
        space = _kept(index, record)
    elif name.endswith(ENCODER_SUFFIX):
        path = Path(name)
        encoder = read_encoder(path).encoder  # raises before anything is written
        file = write_weights(index, path.read_bytes())
        record = EncoderRecord(_space_name(path, encoder), encoder.fingerprint, encoder.dimension, file=file)
        return Space(record, str(weights_file(index, file.id)))
    else:
        encoder = load_encoder(name)  # raises if it is unknown
        # an index of an earlier version keeps the name that its shards have
        space_name = next((own for own in known if same_encoder(own, name)), encoder.name)
        return Space(EncoderRecord(space_name, encoder.fingerprint, encoder.dimension), name)
    encoder = load_encoder(space.source)
    return replace(space, record=replace(space.record, fingerprint=encoder.fingerprint, dimension=encoder.dimension))


def _space_name(path: Path, encoder: WindowEncoder) -> str:
    """A file's name as the name of a space: letters, digits, '.', '_' and '-'."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("._-") or encoder.name
