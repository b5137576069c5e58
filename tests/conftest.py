"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from support.generated_library import Library


REPOSITORY = Path(__file__).resolve().parent.parent

# One thread for linear algebra, as the command `mretrieve` has it, set before NumPy is loaded: sums do not depend on
# the number of cores, and on a busy machine no thread burns its time waiting for another.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The same examples in every run, and no time limit for one of them: a busy machine is slow, not wrong.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def mocap() -> Path:
    """The folder of real motion capture: $MRETRIEVE_MOCAP, else shared/mocap beside this checkout."""
    named = os.environ.get("MRETRIEVE_MOCAP")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "mocap"
    if not (folder / "hdm05").is_dir():
        pytest.skip(f"NO REAL MOTION CAPTURE: {folder} is missing; set MRETRIEVE_MOCAP to the folder that holds hdm05/")
    return folder


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Two clips of every kind and the long takes, generated and indexed with their labels; shared, so only read."""
    from support.generated_library import Library

    from mretrieve import build_index, open_index
    from mretrieve.demo import make_library

    home = tmp_path_factory.mktemp("library")
    folder, index = home / "motions", home / ".mretrieve"
    make_library(folder, clips_per_kind=2)
    build_index(folder, index, labels=[folder / "labels.csv"], jobs=1)
    return Library(folder, index, open_index(index))
