"""Fixtures of the tests of the motion room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.walking_body import motion_of, walking

from mretrieve.motion import Motion


@pytest.fixture
def walk() -> Motion:
    """Three seconds of walking on a rig with SMPL's names, 30 fps."""
    return motion_of(walking())


@pytest.fixture
def read_real(mocap: Path) -> Callable[[str], Motion]:
    """Reads a file of the real motion capture by its path in there."""
    from mretrieve.formats import read

    return lambda name: read(mocap / name)[0]
