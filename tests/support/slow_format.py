"""A motion format whose files are read when a test allows it: what is being answered stays so until then."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mretrieve.formats import READERS, MotionFile, ReadingOptions, read_file, register_reader
from mretrieve.formats.reader import Reader
from mretrieve.motion import Motion
from mretrieve.motion.keypoints import Keypoints

HEAD = b"WAIT\n"


@contextmanager
def slow_format() -> Iterator[threading.Event]:
    """An event; files that begin with HEAD, which a BVH file follows, are not read before it is set."""
    allowed = threading.Event()

    def read(file: MotionFile, options: ReadingOptions) -> Sequence[Motion | Keypoints]:
        assert allowed.wait(60)
        return read_file(MotionFile(file.path, file.read_bytes().removeprefix(HEAD)), options)

    register_reader(Reader("slow", ("slow",), lambda head, _: head.startswith(HEAD), read))
    try:
        yield allowed
    finally:
        allowed.set()
        del READERS["slow"]
