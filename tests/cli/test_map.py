"""`mretrieve map`: the library as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run


def test_the_library_is_drawn_in_the_colours_of_a_column(mretrieve: Run, home: Path, tmp_path: Path):
    image = pytest.importorskip("PIL.Image", reason="NO MATPLOTLIB: pictures are not tested")
    drawn = []
    for words in ((), ("--by", "style")):
        run = mretrieve("map", "--png", tmp_path / "map.png", "--force", *words, folder=home)
        assert (run.returncode, run.stderr) == (0, f"Wrote {tmp_path / 'map.png'}\n")
        drawn.append(image.open(tmp_path / "map.png").tobytes())
    assert drawn[0] != drawn[1]


def test_a_column_that_no_label_has_is_refused_with_those_that_there_are(mretrieve: Run, home: Path, tmp_path: Path):
    run = mretrieve("map", "--png", tmp_path / "map.png", "--by", "mood", folder=home)
    assert run.returncode == 2
    assert "--by mood: the labels have label, performer" in run.stderr
