"""The files that come with a request, and the clips that its names mean: of these files, or of the index."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from ..errors import QueryError
from ..formats import MotionFile, ReadingOptions, recognise
from ..formats.video.reader import VIDEO
from ..sources.resolve import ClipResolver, ResolvedClip, Searchable
from ..storage.snapshot import Snapshot
from .limits import IncompleteError, Limits, TooLargeError, TooSlowError

_LONGEST_NAME = 200  # bytes; file systems allow 255


@dataclass(frozen=True)
class RequestFiles:
    """The files of a request, side by side in a folder of its own.

    Attributes:
        folder: where they are.
        names: their names, in the order of the request.
    """

    folder: Path
    names: tuple[str, ...] = ()

    @classmethod
    @contextmanager
    def saved(cls, files: Sequence[tuple[str, BinaryIO]]) -> Iterator[RequestFiles]:
        """The files (name and content) in a new folder that only this user can read; it is removed at the end.

        Raises:
            QueryError: a file has no usable name, or the name of another one.
        """
        with TemporaryDirectory(prefix="mretrieve-", ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary)
            names: list[str] = []
            for given, content in files:
                name = _plain_name(given)
                try:
                    with (folder / name).open("xb") as file:
                        shutil.copyfileobj(content, file)
                except FileExistsError:
                    raise QueryError(f"{name}: two files of the request have this name; give them others") from None
                except ValueError:  # closed with the request, which was given up
                    raise IncompleteError(f"{name}: the request has ended") from None
                names.append(name)
            yield cls(folder, tuple(names))

    def path(self, option: str, name: str | None) -> Path | None:
        """The file that an option names; None for none. QueryError: the request has no such file."""
        if name is None:
            return None
        if name not in self.names:
            raise QueryError(f"{option} {name!r}: the request has no file of this name; send it in a field `file`")
        return self.folder / name

    def without_folder(self, message: str) -> str:
        """A message that names the files as the request does."""
        return message.replace(f"{self.folder}{os.sep}", "").replace(str(self.folder), "the request")


class RequestClips(ClipResolver):
    """Finds clips by name among the files of a request, then in the index, and nowhere else."""

    def __init__(self, snapshot: Snapshot, files: RequestFiles, limits: Limits) -> None:
        super().__init__(snapshot)
        self._files = files
        self._limits = limits

    def resolve(
        self,
        query: Searchable,
        options: ReadingOptions | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> ResolvedClip:
        """As `ClipResolver.resolve`.

        Raises:
            TooLargeError: the motion is longer than the limit.
        """
        found = self._named(query, options) if isinstance(query, str) else super().resolve(query, options)
        found = found.between(start_s, end_s)
        duration_s = found.part.duration_s
        if duration_s > self._limits.motion_s:
            raise TooLargeError(
                f"{found.name or 'the motion'}: {duration_s:.0f} s are longer than the {self._limits.motion_s:g} s "
                "that are compared at once; name a part of it, as in CLIP@3.20-5.43"
            )
        return found

    def _named(self, name: str, options: ReadingOptions | None) -> ResolvedClip:
        by_length = sorted(self._files.names, key=len, reverse=True)
        file = next((each for each in by_length if name == each or name.startswith((f"{each}#", f"{each}@"))), None)
        if file is None:
            return self.resolve_indexed(name, options)
        if any(separator in name for separator in "/\\"):
            raise QueryError(f"{name}: a body of a file has no path; name it as in {file}#body")
        self._search_video(file, options)
        prefix = f"{self._files.folder}{os.sep}"
        found = super().resolve(prefix + name, options)
        return replace(found, name=found.name.removeprefix(prefix))

    def _search_video(self, file: str, options: ReadingOptions | None) -> None:
        """Find the people in a video, until the time is over; reading it then takes them from the cache."""
        if recognise(self._files.folder / file) is not VIDEO:
            return
        from ..formats.video.poses import find_poses

        end = time.monotonic() + self._limits.request_s

        def stop_in_time(done: int, expected: int) -> None:
            if time.monotonic() > end:
                raise TooSlowError(
                    f"{file}: {done} of about {expected or 'unknown'} frames searched for people in "
                    f"{self._limits.request_s:g} s; cut the video, or send its keypoints"
                )

        model = None if options is None else options.pose_model
        find_poses(MotionFile(self._files.folder / file), model, stop_in_time)


def _plain_name(given: str) -> str:
    """The last part of a path, as clients may send one. QueryError: nothing is left of it, or it is too long."""
    name = given.replace("\\", "/").rpartition("/")[2]
    if name in ("", ".", "..") or not name.isprintable() or len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise QueryError(f"{given!r:.80} cannot be the name of a file; send a short one without control characters")
    return name
