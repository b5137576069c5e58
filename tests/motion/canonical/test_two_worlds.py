"""Files that two different worlds give alike: no reader can tell them apart, so what is usual stands, with a note."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from support.walking_body import motion_of

from mretrieve.demo import Body
from mretrieve.motion import canonicalise
from mretrieve.motion.skeleton import joint

Floats = NDArray[np.float64]
#: Of a body that stands and faces +Z in a world with Y up.
ON_THE_BELLY = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
ON_THE_BACK = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
UPSIDE_DOWN = np.diag([1.0, -1.0, -1.0])
MIRRORED_X = np.diag([-1.0, 1.0, 1.0])


def straight_body(arms: Floats) -> Floats:
    """Positions (T, 22, 3) about the pelvis of a standing body with straight limbs and pointed feet, all in one plane.

    `arms` (T,) are their angles from hanging sideways and up, in radians.
    """
    body = np.repeat(Body().t_pose[None], len(arms), axis=0)
    body[..., 2] = 0.0
    for side, out in (("left", 1.0), ("right", -1.0)):
        hip, foot = joint(f"{side}_hip"), joint(f"{side}_foot")
        shoulder = body[:, joint(f"{side}_shoulder")]
        along = np.stack([out * np.sin(arms), -np.cos(arms), 0 * arms], axis=1)
        for part in ("elbow", "wrist"):
            reach = np.abs(body[0, joint(f"{side}_{part}"), 0] - shoulder[0, 0])
            body[:, joint(f"{side}_{part}")] = shoulder + reach * along
        for part in ("knee", "ankle"):
            body[:, joint(f"{side}_{part}"), 0] = body[:, hip, 0]
        body[:, foot] = body[:, joint(f"{side}_ankle")] - (0.0, 0.15, 0.0)
    return body


def in_world(body: Floats, turn: Floats, flesh_m: float = 0.1) -> Floats:
    """A body that is turned and put on the floor."""
    turned = body @ turn.T
    turned[..., 1] += flesh_m - turned[..., 1].min()
    return turned


def test_on_the_belly_in_left_handed_axes_is_on_the_back_in_right_handed_ones():
    """With straight knees and pointed feet; arms that sweep over the floor do so on the belly and on the back."""
    sweeping = straight_body(1.2 + 0.8 * np.sin(np.linspace(0, 6, 90)))
    left_handed = in_world(sweeping, ON_THE_BELLY) @ MIRRORED_X
    right_handed = in_world(sweeping, ON_THE_BACK)
    np.testing.assert_allclose(left_handed, right_handed, atol=1e-12)

    clip = canonicalise(motion_of(right_handed))
    assert any("taken to be right-handed, as is usual" in note for note in clip.notes)
    assert (clip.positions[:, joint("left_hip"), 0] < clip.positions[:, joint("right_hip"), 0]).all()


def test_a_handstand_without_any_movement_is_standing_with_raised_arms_in_a_file_of_the_opposite_up_axis():
    """If nothing sways and no floor is at zero, only what is usual is left. Hands that carry are stiller than feet."""
    held = straight_body(np.full(60, np.pi - 0.1))
    on_hands, on_feet = in_world(held, UPSIDE_DOWN), in_world(held, np.eye(3))
    y_up, minus_y_up = (world - world.mean(axis=1, keepdims=True) for world in (on_hands, on_feet @ UPSIDE_DOWN))
    np.testing.assert_allclose(y_up, minus_y_up, atol=1e-12)

    clip = canonicalise(motion_of(y_up))
    assert any("not certain" in note or "does not show it clearly" in note for note in clip.notes)
