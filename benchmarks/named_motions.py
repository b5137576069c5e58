"""What the names of the public sets say about sides, directions and falls, and takes of one performance in two files.

A body that is mirrored and has left and right exchanged is a sound body: only what is known of the motion shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from math import inf

import numpy as np
from body_checks import front, pair, path_direction

from mretrieve import Clip
from mretrieve.alignment.moment_finder import MomentFinder
from mretrieve.motion import CANONICAL_FPS, mirror

#: In metres per second squared. Canonical bodies are up to a sixth larger or smaller than the real ones.
_GRAVITY, _FALL_TOLERANCE = 9.81, 0.4
_IN_AIR_M, _JUMP_FRAMES = 0.06, 6


@dataclass(frozen=True)
class NamedMotion:
    """What names of files state about a side, a direction or a fall.

    Attributes:
        files: pattern of paths from the root of the data.
        statement: what happens.
        shown: how clearly a clip shows it; negative if it shows the opposite.
    """

    files: str
    statement: str
    shown: Callable[[Clip], float]


def _raised(part: str, side: int) -> Callable[[Clip], float]:
    """Metres by which the highest place of the joint on one side (0 left, 1 right) is above that of the other."""

    def shown(clip: Clip) -> float:
        highest = pair(clip, part)[..., 1].max(axis=0)
        return float(highest[side] - highest[1 - side])

    return shown


def _lowered(part: str, side: int) -> Callable[[Clip], float]:
    """Metres by which the lowest place of the joint on one side is below that of the other."""

    def shown(clip: Clip) -> float:
        lowest = pair(clip, part)[..., 1].min(axis=0)
        return float(lowest[1 - side] - lowest[side])

    return shown


def _left_foot_starts(clip: Clip) -> float:
    """Seconds by which the left ankle leaves its place, by 20 cm, before the right one."""
    ankle = pair(clip, "ankle")
    gone = np.linalg.norm((ankle - ankle[:1])[..., [0, 2]], axis=-1) > 0.2
    left, right = np.where(gone.any(axis=0), gone.argmax(axis=0), len(gone))
    return float(right - left) / CANONICAL_FPS


def _turns(sign: float) -> Callable[[Clip], float]:
    """Radians by which the front turns to the left (1) or the right (-1) from the first frame to the last."""

    def shown(clip: Clip) -> float:
        facing = front(clip)
        angle = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
        return float(sign * (angle[-1] - angle[0]))

    return shown


def _goes(forwards: float, leftwards: float) -> Callable[[Clip], float]:
    """Cosine of the path of the hips and a direction of the body."""
    return lambda clip: float(np.dot(path_direction(clip), (forwards, leftwards)))


def _falls(clip: Clip) -> float:
    """How much closer than _FALL_TOLERANCE the fall of the middle of the body in its highest jump is to gravity.

    It shows rate, unit and up axis together: at half its rate a body falls at a quarter of gravity.
    """
    legs = np.concatenate([pair(clip, "ankle"), pair(clip, "foot")], axis=1)
    lowest, height = legs[..., 1].min(axis=1), clip.positions[..., 1].mean(axis=1)
    in_air = np.concatenate([[False], lowest > np.quantile(lowest, 0.1) + _IN_AIR_M, [False]])
    jumps = np.flatnonzero(np.diff(in_air)).reshape(-1, 2)
    jumps = jumps[np.diff(jumps)[:, 0] >= _JUMP_FRAMES]
    if not len(jumps):
        return np.nan
    start, end = max(jumps, key=lambda jump: height[slice(*jump)].max())
    fall = -2 * np.polyfit(np.arange(end - start) / CANONICAL_FPS, height[start:end], 2)[0]
    return float(_FALL_TOLERANCE - abs(fall / _GRAVITY - 1))


LEFT, RIGHT = 0, 1
NAMED_MOTIONS = (
    NamedMotion("hdm05/*_kickLFront*", "kicks with its left foot", _raised("ankle", LEFT)),
    NamedMotion("hdm05/*_grabHighR_*", "grabs high with its right hand", _raised("wrist", RIGHT)),
    NamedMotion("hdm05/*_depositFloorR_*", "reaches down with its right hand", _lowered("wrist", RIGHT)),
    NamedMotion("hdm05/*_elbowToKnee1RepsLelbow*", "lifts its right knee to its left elbow", _raised("knee", RIGHT)),
    NamedMotion("hdm05/*_jogLeftCircle*", "jogs round to the left", _turns(1)),
    NamedMotion("hdm05/*_sneak2StepsLStart_*", "starts with its left foot", _left_foot_starts),
    NamedMotion("bandai1/*_walk-left_*", "walks to its left", _goes(0, 1)),
    NamedMotion("bandai1/*_walk-right_*", "walks to its right", _goes(0, -1)),
    NamedMotion("bandai1/*_walk-back_*", "walks backwards", _goes(-1, 0)),
    NamedMotion("bandai1/*_walk_*", "walks forwards", _goes(1, 0)),
    NamedMotion("bandai1/*_run_*", "runs forwards", _goes(1, 0)),
    NamedMotion("cmu/bvh/006_10.bvh", "dribbles with left turns", _turns(1)),
    NamedMotion("cmu/bvh/006_1[12].bvh", "dribbles with right turns", _turns(-1)),
    NamedMotion("cmu/bvh/006_0[2345].bvh", "dribbles forwards", _goes(1, 0)),
    NamedMotion("cmu/bvh/006_0[67].bvh", "dribbles backwards", _goes(-1, 0)),
    NamedMotion("cmu/bvh/007_*.bvh", "walks forwards", _goes(1, 0)),
    NamedMotion("cmu/expmap/*/running/*", "runs forwards", _goes(1, 0)),
    NamedMotion("cmu/expmap/*/walking/*", "walks forwards", _goes(1, 0)),
    NamedMotion("hdm05/*_hopBothLegs*", "falls by gravity from a hop", _falls),
    NamedMotion("cmu/asfamc/02_04.amc", "falls by gravity from a jump", _falls),
    NamedMotion("cmu/bvh/002_04.bvh", "falls by gravity from a jump", _falls),
    NamedMotion("cmu/expmap/*/jumping/*", "falls by gravity from a jump", _falls),
    NamedMotion("cmu-extra/amc/backflip.amc", "falls by gravity from a jump", _falls),
)

#: The same performance in two files, each on its own rig.
TWINS = (
    *((f"cmu/asfamc/02_{number:02d}.amc", f"cmu/bvh/002_{number:02d}.bvh") for number in range(1, 11)),
    ("formats/fbx/07_01_cmu.fbx", "cmu/bvh/007_01.bvh"),
)


@dataclass(frozen=True)
class ExpectedFault:
    """Files whose people do not keep to the rules.

    Attributes:
        files: pattern of paths from the root of the data.
        kinds: of faults.
        reason: why the reading is right.
        most: the largest excess that the reason explains, as in `body_checks.Fault`.
    """

    files: str
    kinds: tuple[str, ...]
    reason: str
    most: float = inf


_WHEELCHAIR = "sits in a wheelchair"
EXPECTED_FAULTS = (
    ExpectedFault("*_crawl_*", ("standing",), "crawls"),  # of the demo library
    ExpectedFault("*_hop_*", ("feet",), "hops on one leg"),
    ExpectedFault("cmu/bvh/003_0[12].bvh", ("feet", "floor"), "walks on uneven terrain"),
    ExpectedFault("cmu-extra/bvh/01_03.bvh", ("feet", "floor"), "climbs about a playground"),
    ExpectedFault(
        "cmu-extra/amc/backflip.amc", ("name",), "AMC files have no rate, and the usual 120 Hz is about twice its own"
    ),
    ExpectedFault(
        "*_cmu.fbx",
        ("limbs",),
        "this conversion of CMU's skeletons leaves out the bone `wrist`, a third of the forearm",
        0.05,
    ),
    ExpectedFault("formats/bvh/cxk.bvh", ("feet", "floor"), "estimated from video, the hips at one height throughout"),
    ExpectedFault("formats/pose2d/3d_pose.npy", ("floor",), "estimated from video, the hips at one place throughout"),
    ExpectedFault("formats/c3d/Movement_trial.c3d", ("feet",), "descends stairs, 20 cm a step", 0.12),
    ExpectedFault(
        "formats/csv-tsv/example.csv", ("sides",), "stands with straight legs; knees are 3 cm behind their line"
    ),
    ExpectedFault(
        "formats/csv-tsv/sequence_ainhoa_trimmed.tsv", ("sides",), "stands with straight legs, known from markers"
    ),
    ExpectedFault(
        "formats/gltf/mannequiny.glb#run_root.001",
        ("feet",),
        "made by hand: one leg swings out and reaches lower",
        0.07,
    ),
    ExpectedFault("formats/gltf/mannequiny.glb#air_jump_root.001", ("sides",), "jumps in the air for six frames"),
    ExpectedFault(
        "formats/gltf/player.glb#*", ("limbs",), "a cartoon body, whose shanks are 2.2 times as long as its thighs", 0.7
    ),
    ExpectedFault("formats/gltf/player.glb#falling", ("feet",), "falls with one leg drawn up", 0.12),
    ExpectedFault("formats/gltf/player.glb#shooting", ("feet",), "shoots in the air with one leg drawn up", 0.4),
    ExpectedFault("formats/gltf/player.glb#jump", ("standing",), "jumps"),
    ExpectedFault("formats/gltf/player.glb#shooting_standing", ("standing",), "a low lunge"),
    ExpectedFault(
        "formats/gltf/robot.glb#*", ("limbs", "size"), "a robot, the lower parts of whose limbs are 2.4 times the upper"
    ),
    ExpectedFault("formats/gltf/robot.glb#Robot_Running", ("standing",), "a robot that runs on bent legs"),
    ExpectedFault(
        "formats/vrm/hips_spine_twisting.vrma", ("size", "floor"), "a stick figure whose bone `hips` is 1 m long"
    ),
    ExpectedFault("deepmimic/humanoid3d_crawl.txt", ("standing",), "crawls"),
    ExpectedFault(
        "formats/kinect-ntu/kinect_json_frames/frame_0.json", ("sides",), "the sensor bends straight knees forwards"
    ),
    ExpectedFault("kinect/irds.npz#12[89]", ("standing",), _WHEELCHAIR),
    ExpectedFault("kinect/irds.npz#1[3-8]?", ("standing",), _WHEELCHAIR),
    ExpectedFault("kinect/precog_csv/*", ("floor",), "the sensor puts a hidden foot up to 19 cm too low", 0.08),
)


def expected_reason(path: str, kind: str, excess: float) -> str:
    """Why a fault of a file, of a size as in `body_checks.Fault`, is expected; "" if it is not."""
    explained = (
        fault.reason
        for fault in EXPECTED_FAULTS
        if fnmatch(path, fault.files) and kind in fault.kinds and excess <= fault.most
    )
    return next(explained, "")


def twin_distances(clips: Mapping[str, Clip]) -> list[tuple[str, str, float, float]]:
    """(path, other path, distance, distance mirrored) of the TWINS among the clips.

    A distance is that of the poses of the one from the best moment of the other, as queries have it.
    """
    found = []
    for path, other in TWINS:
        if path in clips and other in clips:
            queries = clips[path], mirror(clips[path])
            plain, mirrored = (float(MomentFinder(query).best([clips[other]])[2][0]) for query in queries)
            found.append((path, other, plain, mirrored))
    return found


def named_results(clips: Mapping[str, Clip]) -> list[tuple[NamedMotion, dict[str, float]]]:
    """For each statement about any of the clips, how clearly each of them shows it."""
    results = [
        (named, {path: named.shown(clip) for path, clip in clips.items() if fnmatch(path, named.files)})
        for named in NAMED_MOTIONS
    ]
    return [(named, shown) for named, shown in results if shown]
