"""Without names a body is found by its shape, whatever the order, the axes, the unit and the side its names claim."""

import numpy as np
import pytest
from support.walking_body import motion_of, walking, without

from mretrieve.motion import JOINTS, MIRROR, Motion, canonicalise, find_rig_map
from mretrieve.motion.rigs.body_search import search_body

REAL = [
    "hdm05/HDM_bd_depositFloorR_001_120.amc", "hdm05/HDM_mm_lieDownFloor_015_120.amc",
    "hdm05/HDM_tr_squat1Reps_052_120.amc",
    "cmu/asfamc/02_01.amc", "cmu/asfamc/02_05.amc", "cmu/bvh/002_01.bvh", "cmu/bvh/005_06.bvh", "cmu/bvh/007_03.bvh",
    "bandai1/dataset-1_bow_active_001.bvh", "bandai1/dataset-1_dash_active_001.bvh",
    "bandai1/dataset-1_bye_normal_001.bvh",
]  # fmt: skip

NAMELESS = tuple(f"j{number:03d}" for number in range(22))


def nameless(motion: Motion, seed: int) -> tuple[Motion, np.ndarray]:
    """The motion with numbered joints in another legal order, Z up and in metres of a giant; where each joint went."""
    generator = np.random.default_rng(seed)
    parents = motion.rig.parents
    order: list[int] = []
    free = np.flatnonzero(parents < 0).tolist()
    while free:
        order.append(free.pop(generator.integers(len(free))))
        free += np.flatnonzero(parents == order[-1]).tolist()
    went = np.argsort(order)
    positions = motion.positions[:, order][..., [0, 2, 1]] * np.float32([0.3, -0.3, 0.3])
    names = tuple(f"j{number:03d}" for number in range(len(order)))
    return motion_of(positions, names, [went[p] if p >= 0 else -1 for p in parents[order]], motion.fps), went


def test_a_body_without_names_is_found_joint_by_joint(walk):
    match = search_body(NAMELESS, walk.rig.parents, walk.positions)
    assert match.joints == tuple(range(22))


@pytest.mark.parametrize("seed", range(5))
def test_order_axes_and_unit_change_nothing(walk, seed):
    other, went = nameless(walk, seed)
    found = find_rig_map(other.rig, other.positions)
    assert found.origin == "shape"
    assert found.joints == tuple(went)


def test_left_and_right_come_from_the_body_and_not_from_the_tree(walk):
    swapped = motion_of(walk.positions[:, list(MIRROR)], tuple(f"bone{j}" for j in range(22)))
    found = find_rig_map(swapped.rig, swapped.positions)
    assert found.joints == MIRROR


@pytest.mark.parametrize(
    "lacking",
    [
        ("left_collar", "right_collar"),
        ("spine1", "spine2", "spine3"),
        ("left_foot", "right_foot"),
        ("spine1", "spine3", "left_collar", "right_collar", "left_foot", "right_foot"),
    ],
    ids=lambda names: " ".join(names),
)
def test_a_body_that_lacks_joints_is_found_as_far_as_it_goes(lacking):
    positions, names, parents = without(walking(), lacking)
    match = search_body(NAMELESS[: len(names)], np.array(parents, np.int32), positions)
    limbs = [j for j, name in enumerate(JOINTS) if not name.startswith("spine")]
    expected = [names.index(JOINTS[j]) if JOINTS[j] in names else None for j in limbs]
    assert [match.joints[j] for j in limbs] == expected


def test_fingers_twists_zero_length_bones_and_handles_on_the_floor_are_no_limbs(walk):
    positions, parents = list(np.moveaxis(walk.positions, 1, 0)), walk.rig.parents.tolist()

    def add(parent, point):
        parents.append(parent)
        positions.append(np.asarray(point, np.float32))
        return len(parents) - 1

    for wrist, elbow in ((20, 18), (21, 19)):
        along = 0.4 * (positions[wrist] - positions[elbow])
        for spread in (-0.03, 0.0, 0.03):
            knuckle = add(wrist, positions[wrist] + along + [0, 0, spread])
            add(knuckle, positions[knuckle] + 0.3 * along)
        add(elbow, positions[elbow] + along)  # a twist bone beside the forearm
        add(wrist, positions[wrist])  # a bone of zero length
    jaw = add(15, positions[15] + [0, -0.03, 0.06])
    add(jaw, positions[jaw] + [0, 0, 0.04])
    floor = len(parents)
    parents[0] = floor
    parents.append(-1)
    positions.append(np.zeros_like(positions[0]))
    order = [floor, *range(floor)]
    renumbered = [-1 if parents[j] < 0 else order.index(parents[j]) for j in order]
    motion = motion_of(np.stack([positions[j] for j in order], axis=1), tuple(f"j{j}" for j in order), renumbered)
    found = find_rig_map(motion.rig, motion.positions)
    assert found.joints == tuple(range(1, 23))


def test_what_is_no_body_is_not_found():
    thirty = tuple(f"j{number}" for number in range(30))
    chain = np.cumsum(np.ones((10, 30, 3)), axis=1)
    assert not search_body(thirty, np.arange(-1, 29, dtype=np.int32), chain).confidence
    star = np.concatenate([np.zeros((10, 1, 3)), np.random.default_rng(0).normal(size=(10, 20, 3))], axis=1)
    assert not search_body(thirty[:21], np.array([-1] + [0] * 20, np.int32), star).confidence
    assert not search_body(thirty[:22], np.array([-1] * 22, np.int32), walking()).confidence


def test_samples_that_are_missing_now_and_then_do_not_hide_a_body(walk):
    positions = walk.positions.copy()
    positions[::2, 20] = np.nan
    match = search_body(NAMELESS, walk.rig.parents, positions)
    assert match.joints == tuple(range(22))


@pytest.mark.parametrize("name", REAL)
def test_the_shape_of_a_real_rig_says_what_its_names_say(read_real, name):
    motion = read_real(name)
    by_name = find_rig_map(motion.rig, motion.positions)
    assert by_name.origin == "names and shape"
    other, went = nameless(motion, 0)
    by_shape = find_rig_map(other.rig, other.positions)
    assert by_shape.origin == "shape"
    metres = canonicalise(motion).metres_per_unit
    for canonical, named, shaped in zip(JOINTS, by_name.joints, by_shape.joints, strict=True):
        assert (named is None) == (shaped is None), canonical
        if named is not None:
            there = motion.positions[:, np.flatnonzero(went == shaped)[0]]
            apart = np.linalg.norm(motion.positions[:, named] - there, axis=1).max() * metres
            assert apart < 0.03, canonical
