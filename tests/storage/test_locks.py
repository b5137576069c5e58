"""Locks that do not work, as on some network file systems, are noticed before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.layout import HOLDER


def test_a_lock_that_is_granted_twice_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fcntl = pytest.importorskip("fcntl")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", lambda *_: None)
        with pytest.raises(IndexStateError, match=r"lock: was locked twice at once: locks do not work here"):
            WriterLock(tmp_path / "index").__enter__()
    assert not (tmp_path / "index" / HOLDER).exists()
    with WriterLock(tmp_path / "index"):  # and the lock is not held
        pass


def test_the_probe_leaves_the_lock_held(tmp_path: Path):
    with WriterLock(tmp_path), pytest.raises(IndexStateError, match="is being written by"), WriterLock(tmp_path):
        pass
    with WriterLock(tmp_path):
        pass
