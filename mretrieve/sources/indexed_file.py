"""A file of an index: read only if it still holds what was indexed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import FormatError, IndexStateError
from ..formats import MotionFile, ReadingOptions
from ..formats.content_hash import SKELETON_SUFFIXES, ReadHash, content_hash, is_same_content, own_hash, skeletons_hash
from ..formats.frame_files import frame_files
from ..motion import Motion
from ..motion.keypoints import Keypoints
from .reading import read_people


@dataclass(frozen=True)
class IndexedFile:
    """A motion file as the index has it.

    Attributes:
        path: where it is.
        size_bytes: its size when it was indexed; of a recording that of all files.
        mtime_ns: when it had been modified; of a recording the latest.
        content_hash: of its content, see `mretrieve.formats.content_hash`.
    """

    path: Path
    size_bytes: int
    mtime_ns: int
    content_hash: str

    def read(self, options: ReadingOptions, asf: Path | None, command: str) -> list[Motion | Keypoints]:
        """The motions of the people in it.

        Args:
            options: how it is read.
            asf: the skeleton of all AMC files with which the folder was indexed; None for those next to each.
            command: what updates the index.

        Raises:
            IndexStateError: it does not hold what was indexed, or its skeleton does not.
            FormatError, RigError: it cannot be read.
        """
        _, on_skeletons, skeletons = self.content_hash.partition(":")
        if on_skeletons and options.asf == asf:  # another skeleton is the caller's choice
            found = skeletons_hash(_skeletons_beside(self.path), asf)
            if found != skeletons:
                raise IndexStateError(f"{self.path}: its skeleton has changed since it was indexed; run `{command}`")
        try:
            if content_hash(self.path, "") != own_hash(self.content_hash):
                raise self._changed(command)
        except OSError as error:
            raise MotionFile(self.path).unreadable(error) from None
        read_hash = ReadHash()
        people = read_people(MotionFile(self.path, read_hash=read_hash), options)
        if not is_same_content(self.content_hash, read_hash.value(skeletons) or self.content_hash):
            raise self._changed(command)
        return people

    def _changed(self, command: str) -> IndexStateError:
        status = [part.stat() for part in frame_files(self.path)]
        seen = sum(part.st_size for part in status), max(part.st_mtime_ns for part in status)
        check = " --check" if seen == (self.size_bytes, self.mtime_ns) else ""  # without it, the run would not notice
        return IndexStateError(
            f"{self.path}: has changed since it was indexed; update the index with `{command}{check}`"
        )


def _skeletons_beside(path: Path) -> Iterable[Path]:
    """The skeletons that the indexer takes into account: those in the folder, unless they are hidden."""
    try:
        return sorted(
            file
            for file in path.parent.iterdir()
            if file.suffix.lower() in SKELETON_SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
    except OSError as error:
        raise FormatError(f"{path.parent}: cannot be listed: {error.strerror or error}") from None
