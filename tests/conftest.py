"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def mocap() -> Path:
    """The folder of real motion capture: $MRETRIEVE_MOCAP, else shared/mocap beside this checkout."""
    named = os.environ.get("MRETRIEVE_MOCAP")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "mocap"
    if not (folder / "hdm05").is_dir():
        pytest.skip(f"NO REAL MOTION CAPTURE: {folder} is missing; set MRETRIEVE_MOCAP to the folder that holds hdm05/")
    return folder
