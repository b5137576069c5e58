"""The folds of the protocols, made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.mocap_folders import FoldsOf

from mretrieve.evaluation import protocol


@pytest.fixture(scope="session")
def folds_of(generated_sets: Path) -> FoldsOf:
    """The folds of a protocol, by its name, on the generated sets; shared, so only read."""
    return cache(lambda name: protocol(name).folds(generated_sets))
