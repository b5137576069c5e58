"""The settings that an index was made with, and whether a run may add to it."""

from __future__ import annotations

import hashlib
import json

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.formats import ReadingOptions
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
    settings = _settings(encoder, ReadingOptions(reading.asf or before.asf, reading.rig_map or before.rig_map))
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
    return RunSettings(__version__, encoder, asf, rig_map, rig_map_hash)
