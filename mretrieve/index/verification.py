"""Verification: every file of every version against its manifest, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import IndexStateError
from .garbage import orphans
from .labels import read_labels
from .layout import MOTIONS_FILE, labels_file, manifest_file, shard_folder, versions
from .manifest import EncoderRecord, LabelsRecord, Manifest, ShardRecord, read_manifest
from .shard import Shard
from .shard_writer import sha256_of_file
from .snapshot import Snapshot


@dataclass(frozen=True)
class Problem:
    """Something in an index that is not as it should be."""

    path: Path
    what: str  # one line, without the path
    harmless: bool = False  # an answer is not affected; the next ingest puts it right


def verify(index: Path) -> list[Problem]:
    """Read all files of all versions and compare them with what was written.

    Returns:
        What is wrong, file by file; empty where all is well.

    Raises:
        IndexStateError: there is no index.
    """
    known = versions(index)
    if not known:
        Snapshot.open(index)  # raises and says why
    return list(_problems(index, known))


def _problems(index: Path, known: list[int]) -> Iterator[Problem]:
    manifests: list[Manifest] = []
    for version in known:
        try:
            manifests.append(read_manifest(index, version))
        except IndexStateError as error:
            yield _problem(manifest_file(index, version), error)
    shards = {record.id: (record, manifest.encoders) for manifest in manifests for record in manifest.shards}
    labels = {manifest.labels.id: manifest.labels for manifest in manifests if manifest.labels is not None}
    for record, encoders in shards.values():
        yield from _shard_problems(index, record, encoders)
    for table in labels.values():
        yield from _labels_problems(index, table)
    if len(manifests) == len(known):
        for path in orphans(index):
            yield Problem(
                path, "no version names it; `mretrieve index` removes it an hour after it was made", harmless=True
            )


def _shard_problems(index: Path, record: ShardRecord, encoders: tuple[EncoderRecord, ...]) -> Iterator[Problem]:
    folder = shard_folder(index, record.id)
    wrong = list(_wrong_files(folder, record))
    yield from wrong
    if wrong:
        return
    try:
        shard = Shard(index, record)
        shard.motion(record.clip_count - 1)
        for encoder in encoders:
            shard.vectors(encoder.name, encoder.dimension)
        starts = shard.windows[0]
    except IndexStateError as error:
        yield _problem(folder, error)
        return
    if len(set(starts.tolist())) != record.clip_count:
        yield Problem(folder, "a clip has no window")
    yield from _motions_problems(folder / MOTIONS_FILE, record)


def _wrong_files(folder: Path, record: ShardRecord) -> Iterator[Problem]:
    for name, checksum in sorted(record.checksums.items()):
        if problem := _wrong_file(folder / name, record.sizes[name], checksum):
            yield problem
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name not in record.checksums:
                yield Problem(path, "does not belong to the shard; remove it", harmless=True)


def _wrong_file(path: Path, size: int, checksum: str) -> Problem | None:
    try:
        if (found := path.stat().st_size) != size:
            return Problem(path, f"has {found} bytes, not {size}")
        if sha256_of_file(path) != checksum:
            return Problem(path, "its content is not what was written (the checksum differs)")
    except OSError as error:
        return Problem(path, error.strerror or str(error))
    return None


def _motions_problems(path: Path, record: ShardRecord) -> Iterator[Problem]:
    """Whether an HDF5 library finds the arrays where the manifest says that they are."""
    import h5py

    shape = (record.frame_count, record.joint_count)
    expected = {"positions": ((*shape, 3), record.positions_offset), "observed": (shape, record.observed_offset)}
    with h5py.File(path, "r") as file:
        for name, (its_shape, offset) in expected.items():
            if name not in file or file[name].shape != its_shape or file[name].id.get_offset() != offset:
                yield Problem(path, f"{name} is not where the manifest says")


def _labels_problems(index: Path, record: LabelsRecord) -> Iterator[Problem]:
    path = labels_file(index, record.id)
    if problem := _wrong_file(path, record.size, record.checksum):
        yield problem
        return
    try:
        read_labels(index, record)
    except IndexStateError as error:
        yield _problem(path, error)


def _problem(path: Path, error: IndexStateError) -> Problem:
    return Problem(path, str(error).removeprefix(f"{path}: "))
