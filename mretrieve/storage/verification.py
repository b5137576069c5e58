"""Verification: compare every file of every version with its manifest, byte for byte, and its meaning with the rest."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

from ..errors import IndexStateError
from .checked_files import corrupt_file_error, described_wrong_blocks, mapped_file, sha256_of_file
from .garbage import orphans
from .inventory import read_clips, read_rows, rows_content
from .labels import read_labels
from .layout import LABELS, MAPS, clips_inventory, labels_file, manifest_file, rows_inventory, shard_folder, versions
from .manifest import Manifest, read_manifest
from .map_files import is_sealed_map
from .meaning import shard_contradictions, version_contradictions
from .ownership import is_index, no_version, own_entries
from .records import FileRecord, ShardRecord
from .shard import Shard
from .snapshot import Snapshot
from .spans import read_spans

#: Blocks that every update of an index compares with their sums; they have 16 KiB.
_SAMPLED_BLOCKS = 512


@dataclass(frozen=True)
class Problem:
    """A file of an index that is not as it was written.

    Attributes:
        path: of the file.
        what: the problem in one line, without the path.
        harmless: whether answers are unaffected; the next `mretrieve index` repairs it.
        versions: the versions that need the file; () if it belongs to none.
        is_old: whether the newest version does not need it, only versions that are merely kept.
    """

    path: Path
    what: str
    harmless: bool = False
    versions: tuple[int, ...] = ()
    is_old: bool = False

    def __str__(self) -> str:
        remark = " (harmless)" if self.harmless else ""
        if self.is_old:
            remark += f" (only in version {', '.join(map(str, self.versions))}, which is kept and not the newest)"
        return f"{self.path}: {self.what}{remark}"


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
        for problem in _wrong_files(snapshot.index, snapshot.shards[number]):
            if not problem.harmless:
                raise corrupt_file_error(problem.path, problem.what)


def check_sample(snapshot: Snapshot, seed: int | None = None) -> None:
    """Compare some blocks of a version with their sums, others each time, and the sizes of all files.

    Raises:
        DamagedShardError: a block is not what was written.
    """
    snapshot.check_sound()
    snapshot.check_blocks(_SAMPLED_BLOCKS, Random(secrets.randbits(64) if seed is None else seed))


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
            is_old = version != known[-1]
            yield replace(_problem(manifest_file(index, version), error), versions=(version,), is_old=is_old)
    for problem, naming in _problems_of_files(index, manifests):
        yield replace(problem, versions=naming, is_old=bool(naming) and known[-1] not in naming)
    for manifest in manifests:
        for problem in (*_wrong_inventory(index, manifest), *_wrong_version(index, manifest)):
            yield replace(problem, versions=(manifest.version,), is_old=manifest.version != known[-1])
    for path in own_entries(index, MAPS):
        if not path.is_file() or not is_sealed_map(path.read_bytes()):
            yield Problem(path, "is not what was written; it is not used, and computed again", harmless=True)
    if len(manifests) == len(known):
        for path in orphans(index):
            yield Problem(path, "no version names it; a later `mretrieve index` removes it", harmless=True)


def _problems_of_files(index: Path, manifests: list[Manifest]) -> Iterator[tuple[Problem, tuple[int, ...]]]:
    """What is wrong with shards, labels, weights and vector indexes, and the versions that need each."""
    shards: dict[str, tuple[ShardRecord, Manifest]] = {}
    files: dict[Path, FileRecord] = {}
    naming: dict[str | Path, tuple[int, ...]] = {}
    spans = {labels_file(index, manifest.spans.id) for manifest in manifests if manifest.spans is not None}
    for manifest in manifests:
        inventory = set() if manifest.inventory is None else {manifest.inventory.rows.id, manifest.inventory.clips.id}
        named = {path: record for path, record in manifest.files(index) if record.id not in inventory}
        shards |= {record.id: (record, manifest) for record in manifest.shards}
        files |= named
        names: list[str | Path] = [*(record.id for record in manifest.shards), *named]
        for name in names:
            naming[name] = (*naming.get(name, ()), manifest.version)
    for name, (record, manifest) in shards.items():
        wrong = list(_wrong_files(index, record))
        if not wrong:
            folder = shard_folder(index, record.id)
            wrong = [Problem(folder / file, what) for file, what in shard_contradictions(index, record, manifest)]
        for problem in wrong:
            yield problem, naming[name]
    for path, file in files.items():
        wrong_file = _wrong_file(path, file.size, file.checksum, file)
        if wrong_file is None and path.parent.name == LABELS:
            wrong_file = _refused(path, partial(read_spans if path in spans else read_labels, index, file))
        if wrong_file is not None:
            yield wrong_file, naming[path]


def _wrong_inventory(index: Path, manifest: Manifest) -> Iterator[Problem]:
    """Differences between the inventory of a version and what its shards and labels give."""
    if manifest.inventory is None:
        return
    files = (
        (rows_inventory(index, manifest.inventory.rows.id), manifest.inventory.rows),
        (clips_inventory(index, manifest.inventory.clips.id), manifest.inventory.clips),
    )
    inventory = manifest.inventory
    reads = (lambda: read_rows(index, inventory, manifest.shards), lambda: read_clips(index, inventory))
    problems = [
        _wrong_file(path, file.size, file.checksum, file) or _refused(path, read)
        for (path, file), read in zip(files, reads, strict=True)
    ]
    if any(problems):
        yield from (replace(problem, harmless=True) for problem in problems if problem)
        return
    try:
        listed, computed = Snapshot(index, manifest), Snapshot(index, replace(manifest, inventory=None))
        same = rows_content(listed.rows) == rows_content(computed.rows) and listed.clips.equals(computed.clips)
    except (IndexStateError, ValueError, LookupError, TypeError):
        return  # a shard or the table of labels is damaged or contradicts itself, which is reported separately
    if not same and not computed.damage:
        yield Problem(files[0][0], "does not list the clips of the version")


def _wrong_version(index: Path, manifest: Manifest) -> Iterator[Problem]:
    path = manifest_file(index, manifest.version)
    yield from (Problem(path, what) for what in version_contradictions(index, manifest))


def _wrong_files(index: Path, record: ShardRecord) -> Iterator[Problem]:
    shard, folder = Shard(index, record), shard_folder(index, record.id)
    for name, checksum in sorted(record.checksums.items()):
        problem = _wrong_file(folder / name, record.sizes[name], checksum)
        if problem is not None:
            blocks = shard.wrong_blocks(name) if name in record.mapped else ""
            yield replace(problem, what=blocks) if blocks else problem
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name not in record.checksums:
                yield Problem(path, "does not belong to the shard; remove it", harmless=True)


def _wrong_file(path: Path, size: int, checksum: str, record: FileRecord | None = None) -> Problem | None:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Problem(path, "is not an ordinary file")
        if (actual := status.st_size) != size:
            return Problem(path, f"has {actual} bytes, not {size}")
        if sha256_of_file(path) != checksum:
            blocks = described_wrong_blocks(mapped_file(path, size), record) if record is not None else ""
            return Problem(path, blocks or "its content is not what was written (the checksum differs)")
    except OSError as error:
        return Problem(path, error.strerror or str(error))
    return None


def _refused(path: Path, read: Callable[[], object]) -> Problem | None:
    """What is wrong with a file that has the right sums, if it cannot be read."""
    try:
        read()
    except IndexStateError as error:
        return _problem(path, error)
    return None


def _problem(path: Path, error: IndexStateError) -> Problem:
    return Problem(path, str(error).removeprefix(f"{path}: "))
