"""What an index was made with, and whether a run may add to it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.storage import Snapshot
from mretrieve.version import __version__

from .report import RunSettings


def new_settings(encoder: str, asf: Path | None, rig_map: Path | None) -> RunSettings:
    """The settings of a run in the spaces of `encoder`. MRetrieveError: a file that they name is not there, or none."""
    for option, file in (("--asf", asf), ("--rig-map", rig_map)):
        if file is not None and not file.is_file():
            raise MRetrieveError(f"{file}: no such file; check {option}")
    if rig_map is not None:
        try:
            json.loads(rig_map.read_bytes())
        except ValueError as error:
            raise MRetrieveError(f"{rig_map}: is no rig map ({error}); see `mretrieve rig FILE --save`") from None
    return RunSettings(
        mretrieve=__version__,
        encoder=encoder,
        asf=None if asf is None else str(asf.absolute()),
        rig_map=None if rig_map is None else str(rig_map.absolute()),
        rig_map_hash=None if rig_map is None else hashlib.sha256(rig_map.read_bytes()).hexdigest(),
    )


def settings_for(
    base: Snapshot,
    repository: Path,
    last: RunSettings | None,
    encoder: str,
    asf: Path | None,
    rig_map: Path | None,
) -> RunSettings:
    """The settings of a run that adds to an index: what the caller says, else what the index was made with.

    Args:
        last: the settings of the run before, where they are known.

    Raises:
        IndexStateError: the index is of another folder, or was made with another rig map, so that what this run adds
            could not be compared with what is there.
    """
    again = f"`mretrieve index {repository} --index {base.index} --rebuild`"
    if base.repository.is_dir() and repository.is_dir() and not base.repository.samefile(repository):
        raise IndexStateError(
            f"{base.index}: is the index of {base.repository}, not of {repository}; name another place with "
            f"--index, or {again} to replace it"
        )
    if last is not None:
        asf = asf or (Path(last.asf) if last.asf else None)
        rig_map = rig_map or (Path(last.rig_map) if last.rig_map else None)
    settings = new_settings(encoder, asf, rig_map)
    if last is not None and last.rig_map_hash != settings.rig_map_hash:
        raise IndexStateError(
            f"{base.index}: was made with {last.rig_map or 'no rig map'}, not with {settings.rig_map} as it is now; "
            f"read every file again with {again[:-1]} --rig-map {settings.rig_map}`"
        )
    return settings
