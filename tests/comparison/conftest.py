"""Motions to compare: generated ones, which every machine can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.comparison import NamedClip
from mretrieve.demo import make_library
from mretrieve.sources.resolve import ClipResolver


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated library, not indexed."""
    folder = tmp_path_factory.mktemp("motions")
    make_library(folder, clips_per_kind=2)
    return folder


@pytest.fixture(scope="session")
def waves(folder: Path) -> tuple[NamedClip, NamedClip]:
    """Two people who wave."""
    first, second = sorted(folder.rglob("*_wave_*"))[:2]
    return NamedClip.of(ClipResolver().resolve(first)), NamedClip.of(ClipResolver().resolve(second))


@pytest.fixture(scope="session")
def walk(folder: Path) -> NamedClip:
    """Someone who walks for some seconds."""
    return NamedClip.of(ClipResolver().resolve(min(folder.rglob("*_walk_*"))))
