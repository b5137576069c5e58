"""`mretrieve show`: a motion as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

QUERY = "zoe_kick.bvh"


def test_a_moment_is_drawn_as_a_picture_and_as_a_moving_one(mretrieve: Run, home: Path, tmp_path: Path):
    image = pytest.importorskip("PIL.Image", reason="NO MATPLOTLIB: pictures are not tested")
    png, gif = tmp_path / "kick.png", tmp_path / "kick.gif"
    run = mretrieve("show", f"{QUERY}@0.2-0.7", "--png", png, "--gif", gif, folder=home)
    assert (run.returncode, run.stderr) == (0, f"Wrote {png}\nWrote {gif}\n")
    assert image.open(png).width > 1000
    with image.open(gif) as moving:
        assert moving.n_frames == 10
        frames = []
        for number in (0, 5):
            moving.seek(number)
            frames.append(moving.convert("RGB").tobytes())
        assert frames[0] != frames[1]
        assert moving.info["duration"] == 50


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([QUERY], "Give --png, --gif or --mp4"),
        ([QUERY, "--mp4", "kick.mp4"], "needs the program ffmpeg on the PATH"),
        (["nowhere.bvh", "--png", "kick.png"], "nowhere.bvh: no such file"),
        ([QUERY, "--png", "no/folder.png"], "there is no folder"),
    ],
)
def test_an_error_says_what_to_do(mretrieve: Run, home: Path, words: list[str], says: str):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    run = mretrieve("show", *words, folder=home, environment={"PATH": ""})
    assert run.returncode == 2
    assert says in run.stderr
    assert not list(home.glob("kick*"))
