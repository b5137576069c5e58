"""Motion files that change while they are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mretrieve.formats import READERS, MotionFile, ReadingOptions, read_file, register_reader
from mretrieve.formats.reader import Reader
from mretrieve.motion import Motion
from mretrieve.motion.keypoints import Keypoints

HEAD = b"LIVE\n"


def replace_quietly(path: Path, content: bytes) -> None:
    """Give a file other content of the same size, and its times back."""
    status = path.stat()
    assert status.st_size == len(content)
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def changing_format(before: Callable[[Path], None], after: Callable[[Path], None]) -> Iterator[None]:
    """Files that begin with HEAD, which a BVH file follows: `before` and `after` are called around their reading."""

    def read(file: MotionFile, options: ReadingOptions) -> Sequence[Motion | Keypoints]:
        before(file.path)
        content = file.read_bytes()
        after(file.path)
        return read_file(MotionFile(file.path, content.removeprefix(HEAD)), options)

    register_reader(Reader("changing", ("live",), lambda head, _: head.startswith(HEAD), read))
    try:
        yield
    finally:
        del READERS["changing"]
