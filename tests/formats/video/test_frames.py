"""The frames of a video: at an even rate, by their own times, upright, with the places where the scene changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from support.small_videos import HEIGHT, WIDTH, corner, grey, write_video

from mretrieve import FormatError
from mretrieve.formats import MotionFile
from mretrieve.formats.video.frames import open_video


def read(path: Path) -> tuple[float, list[int], list[np.ndarray], list[bool]]:
    """Rate, numbers, pictures and beginnings of shots."""
    with open_video(MotionFile(path)) as video:
        frames = list(video.frames)
    return video.fps, [f.number for f in frames], [f.image for f in frames], [f.begins_shot for f in frames]


def test_a_video_of_30_frames_a_second_is_read_frame_by_frame(tmp_path: Path):
    levels = np.linspace(0.2, 0.8, 12)
    fps, numbers, pictures, _ = read(write_video(tmp_path / "a.mp4", [grey(level) for level in levels]))
    assert fps == 30
    assert numbers == list(range(12))
    assert np.allclose([picture.mean() / 255 for picture in pictures], levels, atol=0.05)


@pytest.mark.parametrize(
    ("rate", "read_at", "count"), [(60, 30, 10), (120, 30, 5), (50, 25, 10), (25, 25, 20), (24, 24, 20)]
)
def test_faster_videos_are_thinned_to_about_30_frames_a_second(tmp_path: Path, rate: int, read_at: float, count: int):
    fps, numbers, _, _ = read(write_video(tmp_path / "a.mp4", [grey(0.5)] * 20, fps=rate))
    assert fps == pytest.approx(read_at)
    assert numbers == list(range(count))


def test_a_frame_is_placed_by_its_own_time(tmp_path: Path):
    times = [0, 1 / 30, 2 / 30, 8 / 30, 9 / 30, 10 / 30]  # a phone that skipped five frames in the dark
    path = write_video(tmp_path / "a.mp4", [grey(0.5)] * 6, times_s=times)
    fps, numbers, _, _ = read(path)
    assert [round(number / fps * 30) for number in numbers] == pytest.approx([0, 1, 2, 8, 9, 10], abs=1)


@pytest.mark.parametrize(("rotation", "place"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))])
def test_a_video_is_turned_as_its_file_says(tmp_path: Path, rotation: int, place: tuple[int, int]):
    _, _, pictures, _ = read(write_video(tmp_path / "a.mp4", [corner(0, 0)] * 3, rotation=rotation))
    picture = pictures[0]
    assert picture.shape[:2] == ((HEIGHT, WIDTH) if rotation % 180 == 0 else (WIDTH, HEIGHT))
    rows, columns = (size // 2 for size in picture.shape[:2])
    quarters = picture[: 2 * rows, : 2 * columns, 0].reshape(2, rows, 2, columns).mean(axis=(1, 3))
    assert np.unravel_index(quarters.argmax(), (2, 2)) == place


def test_a_cut_begins_a_shot_and_a_slow_change_does_not(tmp_path: Path):
    pictures = [grey(level) for level in [*np.linspace(0.1, 0.3, 6), *np.linspace(0.9, 0.7, 6)]]
    _, _, _, shots = read(write_video(tmp_path / "a.mp4", pictures))
    assert np.flatnonzero(shots).tolist() == [6]


def test_content_in_memory_is_read_as_a_file_is(tmp_path: Path):
    path = write_video(tmp_path / "a.mp4", [grey(0.5)] * 4)
    with open_video(MotionFile(Path("-"), path.read_bytes())) as video:
        assert [frame.number for frame in video.frames] == [0, 1, 2, 3]


def test_a_file_that_is_no_video_is_refused_in_one_line(tmp_path: Path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42 but no more")
    with pytest.raises(FormatError, match=r"a\.mp4: cannot be decoded: .*; convert it"):
        read(path)


def test_a_video_that_was_cut_off_before_its_table_is_refused(tmp_path: Path):
    path = write_video(tmp_path / "a.mp4", [grey(0.5)] * 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FormatError, match="it is damaged"):
        read(path)


def test_a_file_with_sound_only_is_refused(tmp_path: Path):
    import av

    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(FormatError, match="has no pictures"):
        read(path)
