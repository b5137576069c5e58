"""A small generated library and its index, shared by the tests that only read it."""

from __future__ import annotations

import pytest
from generated_library import Library

from mretrieve.demo import make_library
from mretrieve.indexer import build_index
from mretrieve.search import open_index


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Two clips of every kind and the long takes, indexed with their labels."""
    home = tmp_path_factory.mktemp("library")
    folder, index = home / "motions", home / ".mretrieve"
    make_library(folder, clips_per_kind=2)
    build_index(folder, index, labels=[folder / "labels.csv"], jobs=1)
    return Library(folder, index, open_index(index))
