"""`mretrieve formats` agrees with what is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

from mretrieve.formats import READERS


def test_each_format_has_a_line(mretrieve: Run, tmp_path: Path) -> None:
    lines = {line.split("  ")[0]: line for line in mretrieve("formats", folder=tmp_path).stdout.splitlines()}
    assert lines.keys() == READERS.keys()
    assert lines["bvh"].split() == ["bvh", ".bvh", "read"]
    assert all(line.endswith(READERS[name].obstacle or " read") for name, line in lines.items())


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    mretrieve: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mretrieve.formats.reader.find_spec", lambda name: None)
    (line,) = [line for line in mretrieve("formats", folder=tmp_path).stdout.splitlines() if line.startswith("fbx ")]
    assert "needs ufbx; install it with: pip install 'mretrieve-mocap[formats]'" in line
