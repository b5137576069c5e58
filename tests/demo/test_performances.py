"""A generated body moves like one: limbs keep their length and limits, feet stand still on the floor, left is left."""

import itertools

import numpy as np
import pytest

from mretrieve.demo import KINDS, STYLES, Body, MotionRecipe
from mretrieve.demo.synthesis import perform, perform_whole
from mretrieve.demo.take import perform_take
from mretrieve.motion import JOINTS, MIRROR, PARENTS
from mretrieve.motion.skeleton import joint

FEET = [joint("left_foot"), joint("right_foot")]
WALKS = ("walk", "walk_backward", "sidestep", "turn")


def bend_degrees(positions, first, middle, last):
    upper = positions[:, joint(middle)] - positions[:, joint(first)]
    lower = positions[:, joint(last)] - positions[:, joint(middle)]
    cosine = np.sum(upper * lower, axis=1) / np.linalg.norm(upper, axis=1) / np.linalg.norm(lower, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def every_kind_and_style():
    for n, (kind, style) in enumerate(itertools.product(KINDS, STYLES)):
        yield MotionRecipe(
            kind, style, 0.85 + 0.1 * (n % 4), seed=n, body=Body(1.55 + 0.1 * (n % 5), 0.95 + 0.03 * (n % 4))
        )


@pytest.fixture(scope="module")
def performances():
    return {recipe: perform(recipe, 60.0) for recipe in every_kind_and_style()}


def test_a_short_performance_lasts_a_few_seconds(performances):
    durations = {recipe: len(performance.root) / 60 for recipe, performance in performances.items()}
    assert {recipe: s for recipe, s in durations.items() if not 1.2 <= s <= 9.0} == {}


def test_bones_keep_their_length(performances):
    for performance in performances.values():
        positions = performance.positions()
        bones = np.linalg.norm(positions[:, 1:] - positions[:, list(PARENTS[1:])], axis=2)
        np.testing.assert_allclose(
            bones, np.linalg.norm(performance.body.offsets[1:], axis=1)[None].repeat(len(bones), 0)
        )


@pytest.mark.parametrize("side", ["left", "right"])
def test_knees_and_elbows_stay_within_150_degrees(performances, side):
    for recipe, performance in performances.items():
        positions = performance.positions()
        assert bend_degrees(positions, f"{side}_hip", f"{side}_knee", f"{side}_ankle").max() < 151, recipe
        assert bend_degrees(positions, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist").max() < 151, recipe


def test_no_part_of_the_body_is_below_the_floor(performances):
    for recipe, performance in performances.items():
        toes = performance.positions()[:, FEET] + performance.rotations[:, FEET] @ performance.body.offset(
            "left_toe_end"
        )
        assert performance.positions()[..., 1].min() > -0.001, recipe
        assert toes[..., 1].min() > -0.002, recipe


def test_joints_neither_jump_nor_jerk(performances):
    for recipe, performance in performances.items():
        velocity = np.diff(performance.positions(), axis=0) * 60
        assert np.linalg.norm(velocity, axis=2).max() < 19, recipe  # m/s, a hand that throws
        assert np.linalg.norm(np.diff(velocity, axis=0), axis=2).max() < 9, recipe  # m/s from frame to frame


@pytest.mark.parametrize("kind", WALKS)
def test_a_foot_on_the_floor_stands_still(kind):
    for style in STYLES:
        performance = perform(MotionRecipe(kind, style, seed=5), 60.0)
        balls = performance.positions()[:, FEET]
        floor = balls[..., 1].min()
        standing = (balls[1:, :, 1] < floor + 0.004) & (balls[:-1, :, 1] < floor + 0.004)
        speed = np.linalg.norm(np.diff(balls, axis=0)[..., ::2], axis=2) * 60
        assert np.percentile(speed[standing], 90) < 0.03, style  # m/s
        assert standing.any(axis=1).mean() > 0.9, style  # one foot at least carries the body


def test_a_runner_leaves_the_floor_and_a_walker_does_not():
    def airborne(kind):
        balls = perform(MotionRecipe(kind, seed=1), 60.0).positions()[:, FEET, 1]
        return (balls.min(axis=1) > 0.05).mean()

    assert airborne("walk") == 0
    assert airborne("run") > 0.1


def test_a_body_in_the_air_falls_freely():
    performance = perform_whole(MotionRecipe("jump", seed=1), 240.0)[0]
    flying = performance.positions()[:, FEET, 1].min(axis=1) > 0.2
    acceleration = np.diff(performance.root[:, 1], 2) * 240**2
    np.testing.assert_allclose(acceleration[flying[1:-1]], -9.81, atol=0.2)


@pytest.mark.parametrize(
    ("kind", "part"), [("wave", "wrist"), ("reach", "wrist"), ("throw", "wrist"), ("punch", "wrist"), ("kick", "ankle")]
)
@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_one_sided_kinds_use_the_side_that_is_asked_for(kind, part, side, other):
    positions = perform(MotionRecipe(kind, side=side, seed=3), 60.0).positions()
    from_pelvis = positions - positions[:, :1]

    def path_length(name):
        return np.linalg.norm(np.diff(from_pelvis[:, joint(name)], axis=0), axis=1).sum()

    assert path_length(f"{side}_{part}") > 1.3 * path_length(f"{other}_{part}")


def test_the_left_side_is_to_the_left_of_a_body_that_looks_ahead():
    performance = perform(MotionRecipe("walk", seed=2), 60.0)
    positions = performance.positions()
    ahead = positions[-1, 0] - positions[0, 0]
    left = np.cross([0.0, 1.0, 0.0], ahead)  # Y up, right-handed
    across = (positions[:, joint("left_shoulder")] - positions[:, joint("right_shoulder")]) @ left
    assert (across > 0).all()


def test_a_mirrored_side_is_the_mirror_image():
    right, left = (perform(MotionRecipe("throw", side=side, seed=4), 60.0).positions() for side in ("right", "left"))
    np.testing.assert_allclose(left, right[:, list(MIRROR)] * [-1, 1, 1], atol=1e-9)


def test_speed_amplitude_and_style_do_what_they_say():
    def duration(**changes):
        return len(perform(MotionRecipe("squat", seed=1, **changes), 60.0).root)

    def lowest(**changes):
        return perform(MotionRecipe("squat", seed=1, **changes), 60.0).root[:, 1].min()

    assert duration(speed=1.3) < duration(speed=1.0) < duration(style="tired")
    assert lowest(amplitude=1.2) < lowest(amplitude=0.8)


def test_the_rate_only_samples_the_motion():
    at_60, at_30 = (perform(MotionRecipe("wave", "proud", seed=8), fps).positions() for fps in (60.0, 30.0))
    shared = min(len(at_60[::2]), len(at_30))
    np.testing.assert_allclose(at_60[::2][:shared], at_30[:shared], atol=2e-3)


def test_seeds_vary_a_motion_and_the_same_seed_repeats_it():
    first, again, other = (perform(MotionRecipe("bow", seed=seed), 60.0).root for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.allclose(first, other)


def test_kinds_differ_more_than_performances_of_one_kind():
    """The nearest performance by posture and movement statistics is one of the same kind, in another style and body."""
    labels, features = [], []
    for kind in KINDS:
        for n, style in enumerate(("neutral", "energetic", "proud")):
            recipe = MotionRecipe(kind, style, seed=n, body=Body(1.6 + 0.1 * n))
            positions = perform(recipe, 30.0).positions() / recipe.body.height_m
            height = positions[..., 1]
            relative = positions - positions[:, :1] * [1, 0, 1]
            step = np.abs(np.diff(positions, axis=0)).mean(axis=(0, 2)) * 10
            spread = relative.std(axis=0).ravel() * 3
            features.append(np.concatenate([height.mean(axis=0), spread, step]))
            labels.append(kind)
    distances = np.linalg.norm(np.array(features)[:, None] - np.array(features), axis=2)
    np.fill_diagonal(distances, np.inf)
    right = [labels[n] == labels[nearest] for n, nearest in enumerate(distances.argmin(axis=1))]
    assert np.mean(right) > 0.8


def test_a_take_goes_on_where_each_act_ended():
    recipes = [MotionRecipe(kind, "proud", seed=n) for n, kind in enumerate(kind for kind in KINDS if kind != "crawl")]
    take, moments = perform_take(recipes, 60.0)
    velocity = np.diff(take.positions(), axis=0) * 60
    assert np.linalg.norm(np.diff(velocity, axis=0), axis=2).max() < 9
    assert [moment.recipe for moment in moments] == recipes
    assert all(before.end_s < after.start_s for before, after in itertools.pairwise(moments))
    assert moments[-1].end_s < len(take.root) / 60


def test_an_unknown_kind_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="did you mean walk"):
        perform(MotionRecipe("wolk"))


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="no style 'jazzy'"):
        MotionRecipe("walk", "jazzy")


def test_all_canonical_joints_are_performed():
    assert perform(MotionRecipe("walk")).positions().shape[1:] == (len(JOINTS), 3)
