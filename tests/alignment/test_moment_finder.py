"""A motion is found to the frame where it happens, and as often as it happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve import canonicalise, read
from mretrieve.alignment.moment_finder import MomentFinder, Moments
from mretrieve.kernels.warping import fixed_speed_costs
from mretrieve.motion import JOINT_COUNT, Clip
from mretrieve.motion.augmentation import change_speed, lose_joints, other_body
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.skeleton import PARTS

START, END = 210, 280


@pytest.fixture(scope="module")
def take(library: Library) -> Clip:
    """A generated take of many actions."""
    snapshot = library.snapshot
    return Clip(*snapshot.motion(snapshot.clip_row(library.long_take)))


@dataclass(frozen=True)
class Found:
    """One moment, for tests that look at single ones."""

    start_frame: int
    end_frame: int
    distance: float


def each(moments: Moments) -> list[Found]:
    return [Found(*moment) for moment in zip(*(column.tolist() for column in moments), strict=True)]


def best(query: Clip, region: Clip, part_weights: PartWeights | None = None) -> Found:
    (moment,) = each(MomentFinder(query, part_weights).best([region]))
    return moment


def overlap(moment: Found, start: int, end: int) -> float:
    shared = min(moment.end_frame, end) - max(moment.start_frame, start)
    return max(0, shared) / (max(moment.end_frame, end) - min(moment.start_frame, start))


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.0, 1.4, 2.0])
def test_a_piece_is_found_at_any_speed_and_on_another_body(take: Clip, factor: float):
    piece = other_body(change_speed(take.cut(START, END), factor), np.random.default_rng(1), 0.15, 0.0)
    found = best(piece, take)
    assert abs(found.start_frame - START) <= 3 and abs(found.end_frame - END) <= 3
    assert piece.frame_count / (found.end_frame - found.start_frame) == pytest.approx(1 / factor, rel=0.06)
    assert found.distance < 0.2


def test_a_piece_that_is_there_has_no_distance_and_is_found_exactly(take: Clip):
    found = best(take.cut(START, END), take)
    assert (found.start_frame, found.end_frame) == (START, END)
    assert found.distance == pytest.approx(0, abs=0.01)


def test_a_pause_in_the_middle_is_forgiven(take: Clip):
    frames = np.concatenate([np.arange(START, 245), np.full(20, 245), np.arange(245, END)])
    query = replace(take, positions=take.positions[frames], observed=take.observed[frames])
    found = best(query, take)
    assert overlap(found, START, END) > 0.9
    assert found.distance < 0.2


def test_a_region_is_answered_for_itself(take: Clip):
    finder = MomentFinder(change_speed(take.cut(START, END), 1.2))
    regions = [take.cut(0, 200), lose_joints(take.cut(150, 350), np.array(PARTS["left_leg"])), take.cut(190, 300)]
    together = each(finder.best(regions))
    assert together == [each(finder.best([region]))[0] for region in regions]
    assert together == each(finder.best(regions[::-1], threads=2))[::-1]
    assert overlap(together[1], START - 150, END - 150) > 0.9 and overlap(together[2], START - 190, END - 190) > 0.9
    assert together[0].distance > 2 * max(together[1].distance, together[2].distance)
    searched = finder.among(regions)
    for number, region in enumerate(regions):
        assert each(searched.all_matches(number, np.inf)) == each(finder.all_matches(region, np.inf))
    assert each(searched.best([2, 0])) == [together[2], together[0]]


@pytest.mark.parametrize(("query_frames", "region_frames"), [(1, 1), (1, 40), (40, 1), (60, 20)])
def test_what_is_shorter_than_the_query_at_its_fastest_is_a_moment_as_a_whole(
    take: Clip, query_frames: int, region_frames: int
):
    finder = MomentFinder(take.cut(START, START + query_frames))
    region = take.cut(START, START + region_frames)
    (found,) = each(finder.best([region]))
    assert 0 <= found.start_frame < found.end_frame <= region_frames and np.isfinite(found.distance)
    assert each(finder.all_matches(region, limit=np.inf))
    if region_frames < query_frames:
        (whole,) = each(finder.all_matches(region, limit=np.inf))
        assert (whole.start_frame, whole.end_frame) == (0, region_frames)


def test_a_query_of_many_seconds_is_found_as_well(take: Clip):
    found = best(change_speed(take.cut(100, 600), 0.8), take)
    assert overlap(found, 100, 600) > 0.97


def test_joints_that_one_side_lacks_are_left_out(take: Clip):
    lost = np.array([4, 7, 10, 20])
    garbage = take.positions.copy()
    garbage[:, lost] = np.random.default_rng(0).normal(0, 5, (take.frame_count, len(lost), 3))
    region = replace(lose_joints(take, lost), positions=garbage)
    found = best(take.cut(START, END), region)
    assert (found.start_frame, found.end_frame) == (START, END)
    found = best(region.cut(START, END), take)
    assert (found.start_frame, found.end_frame) == (START, END)


def test_arms_alone_see_neither_legs_nor_path(take: Clip):
    generator = np.random.default_rng(0)
    legs = [*PARTS["left_leg"], *PARTS["right_leg"]]
    positions = take.positions.copy()
    positions[:, legs] = generator.normal(0, 1, (take.frame_count, len(legs), 3))
    walk = np.zeros((take.frame_count, 1, 3), np.float32)
    walk[:, 0, 2] = np.linspace(0, 50, take.frame_count)
    other = replace(take, positions=(positions + walk).astype(np.float32))
    query, arms = take.cut(START, END), PartWeights.of("arms")
    found, same = best(query, other, arms), best(query, take, arms)
    assert (found.start_frame, found.end_frame) == (same.start_frame, same.end_frame) == (START, END)
    assert found.distance == pytest.approx(same.distance, abs=1e-3)
    assert best(query, other).distance > 0.5


def test_only_ratios_of_weights_count(take: Clip):
    query = change_speed(take.cut(START, END), 0.8)
    one, ten = (best(query, take, PartWeights.of(f"arms={w},torso={w / 2}")) for w in (1, 10))
    assert ten.distance == pytest.approx(one.distance, rel=1e-4)
    assert best(query, take, PartWeights.of("body=3")) == best(query, take)


def test_a_repeated_motion_is_found_each_time_and_nothing_else(take: Clip):
    piece = take.cut(START, END).positions
    parts, starts = [], []
    for pause in (30, 45, 25, 60):
        parts += [np.repeat(piece[:1], pause, axis=0), piece, np.repeat(piece[-1:], 20, axis=0)]
        starts.append(sum(map(len, parts)) - 20 - len(piece))
    positions = np.concatenate(parts)
    region = Clip(positions, np.ones(positions.shape[:2], bool))
    found = each(MomentFinder(take.cut(START, END)).all_matches(region))
    assert sorted((one.start_frame, one.end_frame) for one in found) == [(s, s + len(piece)) for s in starts]
    assert [one.distance for one in found] == sorted(one.distance for one in found)


def test_fixed_speed_costs_are_means_along_a_line():
    generator = np.random.default_rng(0)
    query, other, motion = (generator.normal(size=(count, 5)).astype(np.float32) for count in (7, 3, 20))
    frames, speeds = np.array([0, 1, 2, 4, 5, 6, 8]), np.array([0.5, 1.0, 1.9, 4.0])
    costs, ends = (found[3:] for found in fixed_speed_costs(query, frames, [other, motion], speeds))
    for start in range(20):
        lines = [np.rint(start + np.rint(frames * speed)).astype(int) for speed in speeds]
        fitting = [line for line in lines if line[-1] < 20]
        means = [((query - motion[line]) ** 2).sum(axis=1).mean() for line in fitting]
        if not fitting:
            assert costs[start] == np.inf
            continue
        assert costs[start] == pytest.approx(min(means), rel=1e-5)
        assert ends[start] == fitting[int(np.argmin(means))][-1] + 1


@pytest.mark.parametrize("number", ["01", "05", "07"])
def test_a_performance_is_found_in_the_same_one_on_another_rig(mocap: Path, number: str):
    """60 frames a second on a game character's rig against 120 on the one it was captured with."""
    take, twin = (
        canonicalise(read(mocap / "cmu" / name)[0]) for name in (f"bvh/002_{number}.bvh", f"asfamc/02_{number}.amc")
    )
    assert take.positions.shape[1] == JOINT_COUNT
    start, end = 20, min(80, twin.frame_count)
    found = best(twin.cut(start, end), take)
    assert overlap(found, start, end) > 0.9
    assert (end - start) / (found.end_frame - found.start_frame) == pytest.approx(1, abs=0.06)
