"""A rest pose before the motion is dropped at any rate and however lively the motion, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from support.performed_files import TEMPLATES, Floats, performed, read_bvh_of, t_pose
from support.walking_body import motion_of, walking
from support.walking_body import t_pose as walker_in_t_pose

from mretrieve.motion import Motion, Rig, canonicalise
from mretrieve.motion.motion import ROTATE_X

RATES = [1.0, 5.0, 12.0, 24.0, 30.0, 60.0, 120.0]
FAST_ENOUGH = RATES[2:]  # to see how somebody moves out of a pose
LIVELY = ["dance", "kick", "run", "jump", "throw", "squat", "punch"]
OTHER_REST_POSES = ["unreal", "numbered", "biped"]  # arms half or wholly lowered


def in_turn(templates: Iterable[str], rates: Iterable[float] = RATES) -> list[tuple[str, float]]:
    """Every rate once, with each template in turn."""
    return list(zip(cycle(templates), rates))


def rest_frames(motion: Motion) -> int:
    """The frames that are dropped, as the clip says in its note."""
    clip = canonicalise(motion)
    assert any(note.startswith("rest pose") for note in clip.notes) == (clip.start_s > 0)
    return round(clip.start_s * motion.fps)


def behind(pose: Floats, channels: Floats, count: int = 1) -> Floats:
    """`count` frames of a pose (1, C), with the root at the place where the motion begins, and then the motion."""
    placed = np.concatenate([channels[:1, :3], pose[:, 3:]], axis=1)
    return np.concatenate([np.repeat(placed, count, axis=0), channels])


def moved_out_of(pose: Floats, channels: Floats, fps: float, held_s: float, moving_s: float) -> Floats:
    """The pose held, a smooth movement into the first frame of the motion, and the motion."""
    way = np.clip((np.arange(int((held_s + moving_s) * fps)) / fps - held_s) / moving_s, 0, 1)[:, None]
    placed = np.concatenate([channels[:1, :3], pose[:, 3:]], axis=1)
    eased = way**3 * (10 - 15 * way + 6 * way**2)
    return np.concatenate([placed + eased * (channels[:1] - placed), channels])


@pytest.mark.parametrize(("template", "fps"), in_turn(TEMPLATES))
def test_a_zero_pose_goes_at_any_rate_before_any_motion(template: str, fps: float) -> None:
    dropped = {}
    for kind in LIVELY:
        rig, channels = performed(kind, fps, TEMPLATES[template])
        dropped[kind] = rest_frames(read_bvh_of(rig, behind(0 * channels[:1], channels), fps))
    assert dropped == dict.fromkeys(LIVELY, 1)


@pytest.mark.parametrize(("template", "fps"), in_turn(OTHER_REST_POSES))
def test_a_t_pose_goes_on_a_rig_whose_zero_pose_is_another(template: str, fps: float) -> None:
    pose = t_pose(TEMPLATES[template])
    assert np.abs(pose).max() > 0.8
    dropped = {}
    for kind in LIVELY:
        rig, channels = performed(kind, fps, TEMPLATES[template])
        dropped[kind] = rest_frames(read_bvh_of(rig, behind(pose, channels), fps))
    assert dropped == dict.fromkeys(LIVELY, 1)


@pytest.mark.parametrize(("template", "fps"), in_turn(OTHER_REST_POSES))
def test_an_exact_t_pose_goes_before_a_motion_that_is_nearly_one(template: str, fps: float) -> None:
    pose, rng = t_pose(TEMPLATES[template]), np.random.default_rng(3)
    rig, channels = performed("walk", fps, TEMPLATES[template])
    channels[:, 3:] = pose[:, 3:] + rng.normal(0, 0.02, channels[:, 3:].shape[1])
    channels[:, 3:] += rng.normal(0, 0.0005, channels[:, 3:].shape)
    assert rest_frames(read_bvh_of(rig, behind(pose, channels), fps)) == 1
    assert rest_frames(read_bvh_of(rig, channels, fps)) == 0


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
@pytest.mark.parametrize("fps", [1.0, 24.0, 120.0])
def test_a_t_pose_that_lies_goes_before_a_motion_that_stands(fps: float, quarter: int) -> None:
    angle = quarter * np.pi / 2
    cosine, sine = round(np.cos(angle)), round(np.sin(angle))
    turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    walked = walking(max(6, int(3 * fps)), max(fps, 4.3))
    assert rest_frames(motion_of(np.concatenate([walker_in_t_pose() @ turn.T, walked]), fps=fps)) == 1


@pytest.mark.parametrize(("template", "fps"), in_turn(TEMPLATES))
def test_nothing_goes_from_a_file_that_begins_with_motion(template: str, fps: float) -> None:
    kinds = [*LIVELY, "walk", "bow", "clap", "wave"]
    kept = {kind: rest_frames(read_bvh_of(*performed(kind, fps, TEMPLATES[template]), fps)) for kind in kinds}
    assert kept == dict.fromkeys(kinds, 0)


@pytest.mark.parametrize("kind", LIVELY)
def test_the_motion_that_is_left_is_the_motion_without_the_pose(kind: str) -> None:
    rig, channels = performed(kind, 12.0)
    clip = canonicalise(read_bvh_of(rig, behind(0 * channels[:1], channels), 12.0))
    alone = canonicalise(read_bvh_of(rig, channels, 12.0))
    assert clip.start_s == pytest.approx(1 / 12)
    np.testing.assert_allclose(clip.positions, alone.positions, atol=2e-3)


@pytest.mark.parametrize(("fps", "count"), [(12.0, 3), (30.0, 30), (120.0, 100)])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_rest_pose_of_several_frames_goes(template: str, fps: float, count: int) -> None:
    rig, channels = performed("dance", fps, TEMPLATES[template])
    for pose in (0 * channels[:1], t_pose(TEMPLATES[template])):
        assert rest_frames(read_bvh_of(rig, behind(pose, channels, count), fps)) == count


def test_a_root_that_is_turned_in_the_zero_pose_makes_no_difference() -> None:
    rig, channels = performed("dance", 12.0)
    pose = 0 * channels[:1]
    pose[0, 5] = 2.0
    assert rest_frames(read_bvh_of(rig, behind(pose, channels), 12.0)) == 1


def test_a_rest_pose_that_was_blended_into_the_motion_goes_for_nobody_is_so_fast() -> None:
    rig, channels = performed("walk", 120.0, TEMPLATES["unreal"])
    blended = behind(t_pose(TEMPLATES["unreal"]), channels, 4)
    blended[:4] = np.linspace(blended[0], channels[0], 5)[:4]
    assert rest_frames(read_bvh_of(rig, blended, 120.0)) == 1


@pytest.mark.parametrize(("template", "fps"), in_turn(TEMPLATES, FAST_ENOUGH))
@pytest.mark.parametrize("held_s", [0.0, 0.5])
def test_a_performer_who_stands_in_t_pose_and_moves_out_of_it_is_kept(template: str, fps: float, held_s: float) -> None:
    rng = np.random.default_rng(1)
    rig, channels = performed("walk", fps, TEMPLATES[template])
    performance = moved_out_of(t_pose(TEMPLATES[template]), channels, fps, held_s, moving_s=0.8)
    performance[:, 3:] += rng.normal(0, 0.004, performance[:, 3:].shape)
    assert rest_frames(read_bvh_of(rig, performance, fps)) == 0


EASES: dict[str, Callable[[Floats], Floats]] = {
    "at constant speed": lambda t: t,
    "from rest": lambda t: t**2,
    "from rest, with zero acceleration": lambda t: t**3 * (10 - 15 * t + 6 * t**2),
    "in half a swing": lambda t: np.sin(np.pi * t),
}


@pytest.mark.parametrize("ease", EASES)
@pytest.mark.parametrize("fps", FAST_ENOUGH)
@pytest.mark.parametrize("held_s", [0.0, 0.5])
def test_a_motion_that_was_made_and_starts_in_zero_pose_is_kept(ease: str, fps: float, held_s: float) -> None:
    for template in TEMPLATES.values():
        rig, channels = performed("dance", fps, template)
        t = np.clip(np.arange(int((1 + held_s) * fps)) / fps - held_s, 0, 1)
        made = EASES[ease](t)[:, None] * np.where(rig.channel_kinds < ROTATE_X, 0.0, channels[len(channels) // 2])
        made[:, :3] = channels[0, :3]
        assert rest_frames(read_bvh_of(rig, made, fps)) == 0, template.name


def test_a_statue_that_is_carried_about_is_kept() -> None:
    rig, channels = performed("walk", 30.0)
    channels = np.where(rig.channel_joints == 0, channels, 0.0)
    channels[0] = 0.0
    assert rest_frames(read_bvh_of(rig, channels, 30.0)) == 0


@pytest.mark.parametrize("fps", RATES)
def test_rotations_that_the_file_holds_as_matrices_count_as_well(fps: float) -> None:
    rig, channels = performed("kick", fps, TEMPLATES["numbered"])
    motion = read_bvh_of(rig, behind(0 * channels[:1], channels), fps)
    no_channels: Rig = replace(rig, channel_joints=np.zeros(0, np.int32), channel_kinds=np.zeros(0, np.int32))
    held = replace(motion, rig=no_channels, channels=None, local_poses=motion.poses())
    assert rest_frames(held) == 1


@pytest.mark.parametrize("fps", RATES)
def test_a_t_pose_goes_from_a_file_of_positions(fps: float) -> None:
    walked = walking(max(6, int(3 * fps)), max(fps, 4.3))
    assert rest_frames(motion_of(np.concatenate([walker_in_t_pose(), walked]), fps=fps)) == 1
    assert rest_frames(motion_of(walked, fps=fps)) == 0


def test_a_pose_held_for_long_is_part_of_the_motion() -> None:
    rig, channels = performed("dance", 30.0)
    assert rest_frames(read_bvh_of(rig, behind(0 * channels[:1], channels, 100), 30.0)) == 0
