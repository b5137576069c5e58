"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from support.generated_library import Demo, Library


REPOSITORY = Path(__file__).resolve().parent.parent

# One thread for linear algebra, as the command `mretrieve` has it, set before NumPy is loaded: sums do not depend on
# the number of cores, and on a busy machine no thread burns its time waiting for another.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The same examples in every run, so that more of them find no more in the next, and no time limit for one of them: a
# busy machine is slow, not wrong. `pytest --hypothesis-profile default` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=30)
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
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated library: two clips of every kind and the long takes, with their labels; shared, so only read."""
    from mretrieve.demo import make_library

    folder = tmp_path_factory.mktemp("generated") / "motions"
    make_library(folder, clips_per_kind=2)
    return folder


@pytest.fixture(scope="session")
def library(generated: Path) -> Library:
    """The generated library with its index; shared, so only read."""
    from support.generated_library import Library

    from mretrieve import build_index, open_index

    index = generated.parent / ".mretrieve"
    build_index(generated, index, labels=[generated / "labels.csv"], jobs=1)
    return Library(generated, index, open_index(index))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The whole generated library and the query; shared, so only read."""
    from support.generated_library import Demo

    from mretrieve.demo import make_library, write_query

    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder, make_library(folder / "library"), write_query(folder))


@pytest.fixture(scope="session")
def generated_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hdm05, bandai1, cmu and h36m, laid out as the public sets are, of generated motions; shared, so only read."""
    from support.mocap_folders import write_h36m_folder, write_mocap

    folder = tmp_path_factory.mktemp("sets")
    write_mocap(folder)
    write_h36m_folder(folder / "h36m")
    return folder
