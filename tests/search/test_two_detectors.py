"""Two detectors looked at the same videos: what one found finds what the other found."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import pytest

from mretrieve import build_index, open_index

DETECTORS = ("mediapipe", "movenet")
#: Push-ups, all filmed from the side.
VIDEOS = ("correct1", "correct10", "correct100", "wrong1", "wrong10", "wrong100")


@pytest.mark.parametrize(("asking", "indexed"), [DETECTORS, DETECTORS[::-1]])
def test_each_video_is_found_first_among_those_of_the_other_detector(
    mocap: Path, tmp_path: Path, asking: str, indexed: str
):
    samples = mocap / "formats" / "pose2d"
    (tmp_path / "videos").mkdir()
    for video in VIDEOS:
        copy(samples / f"{indexed}_{video}.json", tmp_path / "videos" / f"{video}.json")
    build_index(tmp_path / "videos", tmp_path / "index", jobs=1)
    index = open_index(tmp_path / "index")
    answers = {video: index.search(samples / f"{asking}_{video}.json", k=2) for video in VIDEOS}
    assert {video: Path(hits[0].clip).stem for video, hits in answers.items()} == {video: video for video in VIDEOS}
    assert all(hits[0].score > hits[1].score + 0.1 for hits in answers.values())
