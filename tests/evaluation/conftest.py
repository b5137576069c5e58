"""Generated sets, written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.mocap_folders import write_h36m_folder, write_mocap


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with hdm05, bandai1 and cmu in it."""
    folder = tmp_path_factory.mktemp("data")
    write_mocap(folder)
    return folder


@pytest.fixture(scope="session")
def human36m(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with S1, S5 and S6 in it."""
    folder = tmp_path_factory.mktemp("human36m")
    write_h36m_folder(folder)
    return folder
