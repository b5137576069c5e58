"""An index as files at an address, in an object store or on another disk: `push` writes it, `pull` fetches it.

It is not searched there: vectors are mapped, which needs local files. But the files of a version never change and are
named by their content, so only those that the other side lacks are copied. The manifest is written last, so a version
is there completely or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import IndexStateError
from .checked_files import corrupt_file_error
from .commits import WriterLock
from .files import make_folder, move_aside, os_errors_as_index_errors, publish_file
from .garbage import collect_garbage
from .layout import (
    MANIFESTS,
    NAMES,
    manifest_file,
    shard_folder,
    versions,
)
from .manifest import DAMAGE, Manifest, parsed_manifest, read_manifest
from .ownership import no_version
from .records import ShardRecord
from .shard_writer import publish_shard

#: Bytes that are copied at a time.
_CHUNK = 8 << 20


@dataclass(frozen=True)
class Copied:
    """What `push` or `pull` did.

    Attributes:
        version: number of the version that both sides now have.
        files: number of files that were copied, the manifest not counted.
        size_bytes: their size.
    """

    version: int
    files: int = 0
    size_bytes: int = 0

    def and_file(self, size_bytes: int) -> Copied:
        """With a file more."""
        return replace(self, files=self.files + 1, size_bytes=self.size_bytes + size_bytes)


def push(index: Path, address: str) -> Copied:
    """Copy the newest version of an index to an address. What is there stays; only one program may push at a time.

    Args:
        index: its folder.
        address: `s3://bucket/folder`, `gs://bucket/folder` or another that pyarrow.fs knows, or a folder.

    Raises:
        IndexStateError: there is no index, a file of it is damaged, the address cannot be written, or it has a newer
            version or another index.
    """
    known, store = versions(index), _Store(address)
    if not known:
        raise no_version(index)
    manifest, newest = read_manifest(index, known[-1]), store.newest()
    copied = Copied(manifest.version)
    if newest is not None:
        if newest > known[-1] or (newest in known and _manifest_here(index, newest) != store.manifest(newest)):
            raise IndexStateError(
                f"{address}: has version {newest} of another index, or a newer one of this; push to another address"
            )
        if newest == known[-1]:
            return copied
    sizes = store.sizes()
    for path, size, checksum in _files(manifest):
        if sizes.get(path.as_posix()) != size:
            damaged = corrupt_file_error(index / path, "its checksum is wrong")
            store.write(path, _checked(_read(index / path), checksum, damaged))
            copied = copied.and_file(size)
    store.write(manifest_file(Path(), manifest.version), iter([_manifest_here(index, manifest.version)]))
    return copied


def pull(address: str, index: Path, *, keep_versions: int, grace_s: float) -> Copied:
    """Bring an index up to date with the newest version at an address. Readers of it go on, as during `commit`.

    Args:
        address: that `push` wrote to.
        index: folder of the index; a new one gets all of it.
        keep_versions: as in `collect_garbage`.
        grace_s: likewise.

    Raises:
        IndexStateError: there is no index at the address, a file of it is missing or damaged, or the folder has a newer
            version or another index. The folder keeps the version that it had.
    """
    store = _Store(address)
    newest = store.newest()
    if newest is None:
        raise IndexStateError(f"{address}: has no index; `mretrieve push` writes one there")
    with WriterLock(index), os_errors_as_index_errors(index):
        known = versions(index)
        if known and (known[-1] > newest or _manifest_here(index, known[-1]) != store.manifest(known[-1])):
            raise IndexStateError(
                f"{index}: has version {known[-1]}, which did not come from {address}; pull into a new folder"
            )
        if newest in known:
            return Copied(newest)
        content = store.manifest(newest)
        copied = _fetched(store, parsed_manifest(content, newest, manifest_file(Path(), newest)), index)
        make_folder(index / MANIFESTS)
        publish_file(manifest_file(index, newest), [content])
        collect_garbage(index, keep_versions, grace_s)
    return copied


def _manifest_here(index: Path, version: int) -> bytes:
    return b"".join(_read(manifest_file(index, version)))


def _fetched(store: _Store, manifest: Manifest, index: Path) -> Copied:
    """Fetch the files of a version that an index lacks, or has in another size."""
    copied = Copied(manifest.version)
    for shard in manifest.shards:
        files = list(_shard_files(shard))
        if any(_size(index / path) != size for path, size, _ in files):
            contents = {path.name: store.fetched(path, checksum) for path, _, checksum in files}
            publish_shard(shard_folder(index, shard.id), shard, contents)
            for _, size, _ in files:
                copied = copied.and_file(size)
    for path, size, checksum in _other_files(manifest):
        place = index / path
        if _size(place) != size:
            make_folder(place.parent)
            if place.exists():
                move_aside(place)
            publish_file(place, store.fetched(path, checksum))
            copied = copied.and_file(size)
    return copied


#: A file of a version: its path in the index, size in bytes, and SHA-256.
_File = tuple[Path, int, str]


def _files(manifest: Manifest) -> Iterator[_File]:
    for shard in manifest.shards:
        yield from _shard_files(shard)
    yield from _other_files(manifest)


def _shard_files(shard: ShardRecord) -> Iterator[_File]:
    folder = shard_folder(Path(), shard.id)
    yield from ((folder / name, size, shard.checksums[name]) for name, size in sorted(shard.sizes.items()))


def _other_files(manifest: Manifest) -> Iterator[_File]:
    yield from ((path, record.size, record.checksum) for path, record in manifest.files(Path()))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _read(path: Path) -> Iterator[bytes]:
    """The content of a local file, in chunks."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise corrupt_file_error(path, error.strerror or str(error)) from None


def _checked(chunks: Iterator[bytes], checksum: str, damaged: IndexStateError) -> Iterator[bytes]:
    """The chunks of a file; after the last one raises `damaged` if they are not what was written."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != checksum:
        raise damaged


class _Store:
    """Files at an address, by their paths in the index. All methods raise IndexStateError if it cannot be used."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._folders: set[str] = set()
        with self._errors():
            from pyarrow.fs import FileSystem

            place = address if re.match(r"[a-z][a-z0-9+.-]+://", address) else str(Path(address).absolute())
            self._files, root = FileSystem.from_uri(place)
            self._root = root.rstrip("/")

    def newest(self) -> int | None:
        """The newest version whose manifest is complete: a `push` may be writing another, or have been interrupted."""
        names = [path.name for path in map(Path, self.sizes(MANIFESTS)) if NAMES[MANIFESTS].fullmatch(path.name)]
        for version in sorted((int(Path(name).stem) for name in names), reverse=True):
            with suppress(*DAMAGE):
                return parsed_manifest(self.manifest(version), version, manifest_file(Path(), version)).version
        return None

    def manifest(self, version: int) -> bytes:
        """The content of a manifest; b"" if there is none of the version."""
        path = manifest_file(Path(), version)
        return b"".join(self.read(path)) if path.as_posix() in self.sizes(MANIFESTS) else b""

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Size in bytes of every file in a folder, by its path in the index."""
        with self._errors():
            from pyarrow.fs import FileSelector

            place = f"{self._root}/{folder}" if folder else self._root
            listed = self._files.get_file_info(FileSelector(place, allow_not_found=True, recursive=True))
        return {info.path[len(self._root) + 1 :]: info.size for info in listed if info.is_file}

    def read(self, path: Path) -> Iterator[bytes]:
        """The content of a file, in chunks."""
        with self._errors(), self._files.open_input_stream(self._place(path)) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def fetched(self, path: Path, checksum: str) -> Iterator[bytes]:
        """As `read`, of a file that is to have this SHA-256."""
        damaged = IndexStateError(
            f"{self._address}/{path.as_posix()}: is damaged (its checksum is wrong); delete it there and run "
            "`mretrieve push` again"
        )
        return _checked(self.read(path), checksum, damaged)

    def write(self, path: Path, chunks: Iterator[bytes]) -> None:
        """Create or replace a file. If its content turns out to be damaged, it is removed."""
        place = self._place(path)
        folder = place.rpartition("/")[0]
        with self._errors():
            if folder not in self._folders:
                self._files.create_dir(folder, recursive=True)
                self._folders.add(folder)
            try:
                with self._files.open_output_stream(place) as stream:
                    for chunk in chunks:
                        stream.write(chunk)
            except IndexStateError:
                self._files.delete_file(place)
                raise

    def _place(self, path: Path) -> str:
        return f"{self._root}/{path.as_posix()}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0]
            raise IndexStateError(
                f"{self._address}: cannot be used ({reason}); check the address and your credentials"
            ) from error
