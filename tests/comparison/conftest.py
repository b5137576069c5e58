"""Motions to compare: generated ones, which every machine can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.comparison import NamedClip
from mretrieve.sources.resolve import ClipResolver


@pytest.fixture(scope="session")
def waves(generated: Path) -> tuple[NamedClip, NamedClip]:
    """Two people who wave."""
    first, second = sorted(generated.rglob("*_wave_*"))[:2]
    return NamedClip.of(ClipResolver().resolve(first)), NamedClip.of(ClipResolver().resolve(second))


@pytest.fixture(scope="session")
def walk(generated: Path) -> NamedClip:
    """Someone who walks for some seconds."""
    return NamedClip.of(ClipResolver().resolve(min(generated.rglob("*_walk_*"))))
