"""Verification: compare every file of every version with its manifest, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import IndexStateError
from .checked_files import corrupt_file_error, sha256_of_file
from .garbage import orphans
from .inventory import rows_content
from .layout import (
    CLIPS_FILE,
    MOTIONS_FILE,
    WINDOWS_FILE,
    clips_inventory,
    labels_file,
    manifest_file,
    rows_inventory,
    shard_folder,
    vector_index_file,
    vectors_file,
    versions,
    weights_file,
)
from .manifest import Manifest, read_manifest
from .ownership import is_index, no_version
from .records import EncoderRecord, ShardRecord
from .shard import Shard
from .snapshot import Snapshot


@dataclass(frozen=True)
class Problem:
    """A file of an index that is not as it was written.

    Attributes:
        path: of the file.
        what: the problem in one line, without the path.
        harmless: whether answers are unaffected; the next `mretrieve index` repairs it.
    """

    path: Path
    what: str
    harmless: bool = False


def verify(index: Path) -> list[Problem]:
    """Read all files of all versions and compare them with what was written.

    Returns:
        The problems, file by file; empty if there are none.

    Raises:
        IndexStateError: the folder is not an index.
    """
    known = versions(index)
    if not known or not is_index(index):
        raise no_version(index)
    return list(_problems(index, known))


def check_content(snapshot: Snapshot, shards: Iterable[int] | None = None) -> None:
    """Read all files of some shards of a version, by number; None for all.

    Raises:
        IndexStateError: a file is not what was written.
    """
    for number in range(len(snapshot.shards)) if shards is None else shards:
        record = snapshot.shards[number]
        for problem in _wrong_files(shard_folder(snapshot.index, record.id), record):
            if not problem.harmless:
                raise corrupt_file_error(problem.path, problem.what)


def is_intact(snapshot: Snapshot, shard: int) -> bool:
    """Whether all files of a shard, by number, are what was written."""
    try:
        check_content(snapshot, [shard])
    except IndexStateError:
        return False
    return True


def _problems(index: Path, known: list[int]) -> Iterator[Problem]:
    manifests: list[Manifest] = []
    for version in known:
        try:
            manifests.append(read_manifest(index, version))
        except IndexStateError as error:
            yield _problem(manifest_file(index, version), error)
    shards = {record.id: (record, manifest.encoders) for manifest in manifests for record in manifest.shards}
    labels = {labels_file(index, manifest.labels.id): manifest.labels for manifest in manifests if manifest.labels}
    weights = {weights_file(index, file.id): file for manifest in manifests for file in manifest.weights_files}
    for shard, encoders in shards.values():
        yield from _shard_problems(index, shard, encoders)
    searches = {record.file.id: record.file for manifest in manifests for record in manifest.vector_indexes}
    vector_indexes = {vector_index_file(index, file.id): file for file in searches.values()}
    for path, record in {**labels, **weights, **vector_indexes}.items():
        if problem := _wrong_file(path, record.size, record.checksum):
            yield problem
    for manifest in manifests:
        yield from _wrong_inventory(index, manifest)
    if len(manifests) == len(known):
        for path in orphans(index):
            yield Problem(path, "no version names it; a later `mretrieve index` removes it", harmless=True)


def _wrong_inventory(index: Path, manifest: Manifest) -> Iterator[Problem]:
    """Differences between the inventory of a version and what its shards and labels give."""
    if manifest.inventory is None:
        return
    files = (
        (rows_inventory(index, manifest.inventory.rows.id), manifest.inventory.rows),
        (clips_inventory(index, manifest.inventory.clips.id), manifest.inventory.clips),
    )
    problems = [_wrong_file(path, file.size, file.checksum) for path, file in files]
    if any(problems):
        yield from (replace(problem, harmless=True) for problem in problems if problem)
        return
    try:
        listed, computed = Snapshot(index, manifest), Snapshot(index, replace(manifest, inventory=None))
        same = rows_content(listed.rows) == rows_content(computed.rows) and listed.clips.equals(computed.clips)
    except IndexStateError:
        return  # a shard or the table of labels is damaged, which is reported separately
    if not same:
        yield Problem(files[0][0], "does not list the clips of the version")


def _shard_problems(index: Path, record: ShardRecord, encoders: tuple[EncoderRecord, ...]) -> Iterator[Problem]:
    folder = shard_folder(index, record.id)
    wrong = list(_wrong_files(folder, record))
    yield from wrong or _wrong_counts(index, record, encoders)


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
        if (actual := path.stat().st_size) != size:
            return Problem(path, f"has {actual} bytes, not {size}")
        if sha256_of_file(path) != checksum:
            return Problem(path, "its content is not what was written (the checksum differs)")
    except OSError as error:
        return Problem(path, error.strerror or str(error))
    return None


def _wrong_counts(index: Path, record: ShardRecord, encoders: tuple[EncoderRecord, ...]) -> Iterator[Problem]:
    """Differences between the manifest and the files as other programs read them."""
    import h5py

    shard, folder = Shard(index, record), shard_folder(index, record.id)
    for name, table, count in (
        (CLIPS_FILE, shard.clips, record.clip_count),
        (WINDOWS_FILE, shard.windows[0], record.window_count),
    ):
        if len(table) != count:
            yield Problem(folder / name, f"has {len(table)} rows, but the manifest says {count}")
    for encoder in encoders:
        try:
            shard.vectors(encoder.name, encoder.dimension)
        except IndexStateError as error:
            yield _problem(folder / vectors_file(encoder.name), error)
    shape = (record.frame_count, record.joint_count)
    expected = {"positions": ((*shape, 3), record.positions_offset), "observed": (shape, record.observed_offset)}
    with h5py.File(folder / MOTIONS_FILE, "r") as file:
        for name, (expected_shape, offset) in expected.items():
            stored = file.get(name)
            fits = isinstance(stored, h5py.Dataset) and stored.shape == expected_shape
            if not fits or stored.id.get_offset() != offset:
                yield Problem(folder / MOTIONS_FILE, f"{name} is not where the manifest says")


def _problem(path: Path, error: IndexStateError) -> Problem:
    return Problem(path, str(error).removeprefix(f"{path}: "))
