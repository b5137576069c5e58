"""The check of real bodies finds each kind of wrong reading, and finds none in real motion capture."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.walking_body import motion_of, walking

from mretrieve import Clip, canonicalise
from mretrieve.motion import JOINTS, MIRROR, mirror
from mretrieve.motion.augmentation import change_speed
from mretrieve.motion.skeleton import joint

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from body_checks import measure  # noqa: E402
from named_motions import expected_reason, named_results, twin_distances  # noqa: E402
from real_bodies import faults, read_people  # noqa: E402

#: Every so many files of real motion capture are read.
EVERY = 6


@pytest.fixture(scope="module")
def walk() -> Clip:
    return canonicalise(motion_of(walking(180)))


def moved(change: Callable[[dict[str, np.ndarray]], None]) -> Callable[[Clip], Clip]:
    """A clip with some joints, (T, 3) by name, changed in place."""

    def apply(clip: Clip) -> Clip:
        positions = clip.positions.copy()
        change({name: positions[:, j] for j, name in enumerate(JOINTS)})
        return replace(clip, positions=positions)

    return apply


def sides_exchanged(clip: Clip) -> Clip:
    return replace(clip, positions=clip.positions[:, MIRROR])


def mirrored_in_place(clip: Clip) -> Clip:
    return replace(clip, positions=clip.positions * np.array([-1, 1, 1], np.float32))


def lying(clip: Clip) -> Clip:
    return replace(clip, positions=clip.positions[..., [0, 2, 1]] * np.array([1, 1, -1], np.float32))


def upside_down(clip: Clip) -> Clip:
    return replace(clip, positions=clip.positions * np.array([1, -1, -1], np.float32))


def scaled(factor: float) -> Callable[[Clip], Clip]:
    return lambda clip: replace(clip, positions=clip.positions * np.float32(factor))


@moved
def finger_taken_for_wrist(at: dict[str, np.ndarray]) -> None:
    at["left_wrist"] += 0.75 * (at["left_wrist"] - at["left_elbow"])


@moved
def left_leg_raised(at: dict[str, np.ndarray]) -> None:
    for part in ("knee", "ankle", "foot"):
        at[f"left_{part}"][:, 1] += 0.1


@moved
def sinking(at: dict[str, np.ndarray]) -> None:
    for joint_positions in at.values():
        joint_positions[:, 1] -= np.linspace(0, 0.2, len(joint_positions))


def test_a_walk_that_is_read_right_has_no_fault(walk: Clip):
    measures = measure(walk)
    assert measures.faults == {}
    assert min(measures.toes, measures.knees, measures.path) > 0.9
    assert 1.5 < measures.height_m < 1.8


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("sides", sides_exchanged),
        ("sides", mirrored_in_place),
        ("standing", lying),
        ("standing", upside_down),
        ("size", scaled(0.7)),
        ("size", scaled(1.4)),
        ("limbs", finger_taken_for_wrist),
        ("feet", left_leg_raised),
        ("floor", sinking),
    ],
)
def test_each_kind_of_wrong_reading_is_found(walk: Clip, kind: str, change: Callable[[Clip], Clip]):
    assert kind in measure(change(walk)).faults


def test_straight_legs_whose_joints_are_estimated_are_not_judged_by_their_knees(walk: Clip):
    """A depth sensor puts knees before or behind the line of a straight leg, and its bones change their lengths."""
    standing = replace(walk, positions=np.repeat(walk.positions[:1], len(walk.positions), axis=0))

    def stretched(change_m: float) -> Clip:
        @moved
        def straightened(at: dict[str, np.ndarray]) -> None:
            for side in ("left", "right"):
                hip, ankle = at[f"{side}_hip"], at[f"{side}_ankle"]
                hip[:, 2] = ankle[:, 2]
                at[f"{side}_knee"][:] = (hip + ankle) / 2 - (0, 0, 0.05)
                at[f"{side}_knee"][::2, 1] += change_m

        return straightened(standing)

    assert "knees" in measure(stretched(0.0)).faults["sides"].text
    assert measure(stretched(0.03)).bone_change_m > 0.02
    assert "sides" not in measure(stretched(0.03)).faults
    assert "toes" in measure(sides_exchanged(stretched(0.03))).faults["sides"].text


def test_exchanged_sides_reverse_toes_and_knees(walk: Clip):
    right, wrong = measure(walk), measure(sides_exchanged(walk))
    np.testing.assert_allclose((wrong.toes, wrong.knees), (-right.toes, -right.knees), atol=1e-6)


def test_a_mirror_image_is_a_sound_body_that_only_its_name_or_its_twin_gives_away(walk: Clip):
    kicking = moved(lambda at: np.add(at["left_ankle"], (0, 0.5, 0.3), out=at["left_ankle"]))(walk)
    assert measure(mirror(walk)).faults == {}
    for clip, is_shown in ((kicking, True), (mirror(kicking), False)):
        ((named, shown),) = named_results({"hdm05/HDM_tr_kickLFront1Reps_001_120.amc": clip})
        assert named.statement == "kicks with its left foot"
        assert [value > 0 for value in shown.values()] == [is_shown]
    twins = {"cmu/asfamc/02_01.amc": mirror(kicking), "cmu/bvh/002_01.bvh": kicking}
    ((_, _, plain, mirrored),) = twin_distances(twins)
    assert mirrored < plain


def test_a_wrong_rate_is_given_away_by_the_fall_from_a_jump(walk: Clip):
    since_take_off_s = np.arange(-60, 120) / 30
    height = np.maximum(3 * since_take_off_s - 9.81 / 2 * since_take_off_s**2, 0).astype(np.float32)
    standing = np.repeat(walk.positions[:1], len(height), axis=0)
    jumping = replace(walk, positions=standing + height[:, None, None] * np.array([0, 1, 0], np.float32))
    for clip, is_shown in ((jumping, True), (change_speed(jumping, 0.5), False), (change_speed(jumping, 2.0), False)):
        ((_, shown),) = named_results({"cmu/bvh/002_04.bvh": clip})
        assert [value > 0 for value in shown.values()] == [is_shown]


def test_joints_that_the_rig_lacks_say_nothing_of_the_sides(walk: Clip):
    observed = walk.observed.copy()
    observed[:, [joint("left_foot"), joint("left_knee")]] = False
    measures = measure(replace(walk, observed=observed))
    assert np.isnan((measures.toes, measures.knees)).all()
    assert measures.faults == {}


def test_another_map_for_a_clip_of_the_same_rig_is_a_fault(generated: Path):
    first, second = read_people(generated, files_in(generated, ".bvh")[:2]).people
    second = replace(second, rig=first.rig, joints=first.joints)
    assert not [fault for fault in faults([first, second]) if fault[1] == "map"]
    other = replace(second, joints=(*first.joints[:-1], first.joints[-2]))
    ((path, _, fault),) = [fault for fault in faults([first, other]) if fault[1] == "map"]
    assert path == second.path
    assert first.path in fault.text


def test_the_program_prints_every_set_and_fails_if_a_fault_is_not_expected(generated: Path, tmp_path: Path):
    done = run(generated)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 faults that are not expected\n")
    longest = max((generated / path for path in files_in(generated, ".bvh")), key=lambda path: path.stat().st_size)
    sunk = longest.read_text().splitlines()
    first = next(number for number, line in enumerate(sunk) if line.startswith("Frame Time")) + 1
    for number, line in enumerate(sunk[first:]):
        x, y, rest = line.split(" ", 2)
        sunk[first + number] = f"{x} {float(y) * (1 - 0.5 * number / len(sunk))} {rest}"
    (tmp_path / "sunk.bvh").write_text("\n".join(sunk) + "\n")
    done = run(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "sunk.bvh: floor: " in done.stdout


def test_real_bodies_have_no_fault_that_is_not_expected(mocap: Path):
    expmap = [path for path in files_in(mocap, ".txt") if path.startswith("cmu/expmap/")]
    readings = read_people(mocap, [*files_in(mocap, ".amc", ".bvh")[::EVERY], *expmap[::EVERY]])
    assert len(readings.people) > 90
    found = faults(readings.people)
    unexpected = [each for each in found if not expected_reason(each[0], each[1], each[2].excess)]
    assert unexpected == []
    assert sum(one.measures.knees > 0.25 for one in readings.people) == len(readings.people)


def files_in(folder: Path, *suffixes: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in suffixes)


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "real_bodies.py"), "--data", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True)
