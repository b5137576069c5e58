"""Everything that can be done with an index, in little memory and little time, with errors of one line only."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mretrieve.errors import MRetrieveError
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import Problem, verify

from .small_index import assert_holds

_LIMIT_S, _LIMIT_KIB = 60, 300 << 10


@contextmanager
def bounded() -> Iterator[None]:
    """Fail after a minute, and if the process needed more than 300 MiB more memory than ever before."""

    def hangs(*_: object) -> None:
        raise AssertionError(f"hangs: not done after {_LIMIT_S} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    handler = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(_LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _LIMIT_KIB


def refusal(index: Path, clips: Sequence[ShardClip]) -> str:
    """Open an index and read everything in it: what it is refused with, "" if it holds these clips or answers others.

    AssertionError: the message has several lines.
    """
    with bounded():
        try:
            assert_holds(Snapshot.open(index), clips)
        except MRetrieveError as error:
            assert "\n" not in str(error) and 20 < len(str(error)) < 1000
            return str(error)
        except AssertionError as error:
            if "hangs" in str(error):
                raise
        return ""


def harm(index: Path) -> list[Problem]:
    """What `verify` says that is not harmless."""
    with bounded():
        problems = [problem for problem in verify(index) if not problem.harmless]
    assert not any("\n" in str(problem) for problem in problems)
    return problems
