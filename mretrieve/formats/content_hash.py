"""What a motion file held: hashes of its bytes, taken from the disk or while a reader reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from .frame_files import frame_files

#: Of the files beside others that those may be read with: AMC with ASF, tables of OpenSim with its models.
SKELETON_SUFFIXES = (".asf", ".osim")
#: Characters of the hash of other files that belong to one.
_SHORT = 16


def content_hash(path: Path, skeletons: str) -> str:
    """SHA-256 of a file's bytes, followed by a colon and the hash of the skeletons that it may have, if any.

    Of a recording of a file a frame, that of all its files. Buffers of glTF that are files of their own are left out:
    only `ReadHash` has seen which they are.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for part in frame_files(path):
        with part.open("rb", buffering=0) as file:
            while block := file.read(1 << 16):
                digest.update(block)
    return with_skeletons(digest.hexdigest(), skeletons)


def skeletons_hash(beside: Iterable[Path], asf: Path | None) -> str:
    """A hash of the names and contents of the skeletons that a motion file may refer to.

    Args:
        beside: those in its folder, sorted by name.
        asf: stands for all ASF files; None for those beside.
    """
    files = beside if asf is None else [asf, *(file for file in beside if file.suffix.lower() != ".asf")]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode("utf-8", "surrogateescape"))
        try:
            digest.update(content_hash(file, "").encode())
        except OSError:
            digest.update(b"?")
    return digest.hexdigest()[:_SHORT]


def with_skeletons(own: str, skeletons: str) -> str:
    """The hash of a file with that of its skeletons, if it has any."""
    return f"{own}:{skeletons}" if skeletons else own


def own_hash(whole: str) -> str:
    """The part of a hash that `content_hash` finds without knowing what else belongs to the file."""
    return whole.partition(":")[0].partition("+")[0]


def is_same_content(recorded: str, read: str) -> bool:
    """Whether what was read is what is recorded, perhaps by a version that did not look at files beside it."""
    return recorded in (read, own_hash(read))


class ReadHash:
    """The hash of what a reader reads of one motion file, so that hash and motion are of the same bytes."""

    def __init__(self) -> None:
        self._own = hashlib.sha256()
        self._beside = hashlib.sha256()
        self._own_paths: set[Path] = set()
        self._paths_beside: set[Path] = set()

    def add(self, path: Path, content: bytes | bytearray, *, beside: bool = False) -> None:
        """Add a file that was read whole: the motion file or a frame of it, in order, or another one `beside` it."""
        paths, digest = (self._paths_beside, self._beside) if beside else (self._own_paths, self._own)
        if path not in paths:
            paths.add(path)
            digest.update(content)

    def value(self, skeletons: str) -> str:
        """As `content_hash`, with a plus and the hash of files beside it if there are any; "" if nothing was read."""
        if not self._own_paths:
            return ""
        own = self._own.hexdigest()
        if self._paths_beside:
            own += f"+{self._beside.hexdigest()[:_SHORT]}"
        return with_skeletons(own, skeletons)
