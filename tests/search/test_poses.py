"""Queries of one pose."""

from __future__ import annotations

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve import Clip
from mretrieve.motion.skeleton import MIRROR, joint


def _pose(library: Library, name: str, at_s: float, degrees: float = 130.0) -> Clip:
    """The pose of a clip at a time, somewhere else and turned about the vertical axis."""
    positions, observed = library.snapshot.motion(library.snapshot.clip_row(name))
    frame = round(30 * at_s)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return Clip((positions[frame : frame + 1] @ turn.T + [4.0, 0.0, -7.0]).astype(np.float32), observed[:1])


@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8])
def test_the_exact_pose_comes_first_wherever_the_body_stands_and_moves(library: Library, part: float):
    frames = library.snapshot.clips["frame_count"].to_pylist()
    for name, count in zip(library.opened.clips[::5], frames[::5], strict=True):
        at_s = int(part * count) / 30
        best = library.opened.search(_pose(library, name, at_s), k=3)[0]
        assert (best.clip, best.score) == (name, pytest.approx(1.0, abs=1e-3))
        assert (best.start_s, best.end_s) == pytest.approx((at_s, at_s + 1 / 30), abs=0.01)


def test_a_moment_of_one_frame_is_a_pose(library: Library):
    hit = library.opened.search(f"{library.long_take}@7.50-7.53", k=1)[0]
    assert hit.clip == library.long_take
    assert (hit.start_s, hit.score) == (pytest.approx(7.5, abs=0.01), pytest.approx(1.0, abs=1e-3))


def test_options_mean_for_a_pose_what_they_mean_for_a_motion(library: Library):
    pose = _pose(library, library.long_take, 7.5)
    mirrored = Clip((pose.positions * [-1, 1, 1])[:, list(MIRROR)].astype(np.float32), pose.observed)
    search = library.opened.search
    assert search(mirrored, k=1)[0].clip == search(mirrored, k=1, mirror="none")[0].clip
    best = search(mirrored, k=1, mirror="both")[0]
    assert (best.clip, best.mirror, best.score) == (library.long_take, "whole", pytest.approx(1.0, abs=1e-3))

    raised = pose.positions.copy()
    raised[:, [joint("left_elbow"), joint("left_wrist")]] += [0.0, 0.5, 0.3]
    assert search(Clip(raised, pose.observed), k=1)[0].score < 0.9
    best = search(Clip(raised, pose.observed), k=1, parts={"left_arm": 0.0})[0]
    assert (best.clip, best.score) == (library.long_take, pytest.approx(1.0, abs=1e-3))

    name = library.long_take
    without = search(f"{name}@7.50-7.53", k=5, exclude_self=True)
    assert name not in [hit.clip for hit in without]
    assert [hit.clip for hit in search(pose, k=5, where=f"clip != '{name}'")] == [hit.clip for hit in without]
    several = [hit for hit in search(pose, k=20, all_moments=True) if hit.clip == name]
    starts = sorted(hit.start_s for hit in several)
    assert len(several) > 1
    assert min(np.diff(starts)) >= 1 - 1e-6
