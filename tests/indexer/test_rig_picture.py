"""`mretrieve rig --png`: one rig as a picture."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mretrieve.cli import main

WriteMotion = Callable[..., Path]


def _rig(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rig", *map(str, arguments)])


def test_the_picture_is_a_png_that_is_overwritten_only_by_force(write_motion: WriteMotion, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    png = tmp_path / "map.png"
    result = _rig(write_motion("歩く $x_{y$.bvh"), "--png", png)
    assert result.exit_code == 0, result.output
    assert result.stderr == f"Wrote {png}\n"
    content = png.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert 500 < height < width and len(content) > 20_000
    assert _rig(write_motion("b.bvh", seed=1), "--png", png).exit_code != 0
    assert png.read_bytes() == content
    assert _rig(write_motion("歩く $x_{y$.bvh"), "--png", png, "--force").exit_code == 0
    assert png.read_bytes() == content  # the same motion, the same bytes


def test_one_frame_can_be_drawn(write_motion: WriteMotion, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    assert _rig(write_motion("a.bvh", seconds=1 / 30), "--png", tmp_path / "map.png").exit_code == 0


def test_without_matplotlib_the_error_names_the_extra(
    write_motion: WriteMotion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.comparison.motion_pictures.find_spec", lambda name: None)
    result = _rig(write_motion("a.bvh"), "--png", tmp_path / "map.png")
    assert result.exit_code != 0
    assert "[plots]" in result.output
