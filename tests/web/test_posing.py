"""Queries that are posed on the page: one pose, and the movement from one to another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from support.generated_library import Library
from support.viewer import needs_viewer

from mretrieve.motion.skeleton import PARENTS, joint

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

pytestmark = needs_viewer


def _drag(page: Page, handle: str, x: float, y: float) -> None:
    box = page.get_by_role("button", name=handle, exact=True).bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + x, middle[1] + y, steps=4)
    page.mouse.up()
    page.wait_for_timeout(200)


def _search(page: Page) -> tuple[dict[str, Any], np.ndarray]:
    """The answer to what is posed, and the joints (T, 22, 3) that were sent."""
    with page.expect_response("**/api/v1/playback") as response:
        page.get_by_role("button", name=re.compile("^Search for this")).click()
    expect(page.locator(".tile")).to_have_count(11)
    request: Request = response.value.request
    return response.value.json()["answer"], np.array(request.post_data_json["positions"])


def _bones(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(joints[:, 1:] - joints[:, PARENTS[1:]], axis=2)


def test_the_pose_of_a_clip_finds_its_very_moment(page: Page, library: Library):
    page.get_by_role("button", name="Pose it").click()
    page.get_by_label("From a clip").fill("nothing.bvh@1")
    page.get_by_role("button", name="Take its pose").click()
    expect(page.get_by_text("nothing.bvh")).to_be_visible()
    page.get_by_label("From a clip").fill(f"{library.long_take}@7.5")
    page.get_by_role("button", name="Take its pose").click()
    page.wait_for_timeout(300)
    answer, joints = _search(page)
    assert joints.shape == (1, 22, 3)
    best = answer["results"][0]
    assert best["clip"] == library.long_take
    assert best["start_s"] <= 7.51
    assert best["end_s"] >= 7.49
    assert best["score"] > 0.99


def test_joints_are_dragged_and_two_poses_are_a_movement_that_a_link_reproduces(page: Page, service: httpx.Client):
    page.get_by_role("button", name="Pose it").click()
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Add a pose").click()
    page.get_by_label("Time of pose 2 in seconds").fill("0.5")
    page.keyboard.press("Tab")
    _drag(page, "Move the left hand", 60, -250)
    _drag(page, "Move the hips", 0, 60)
    page.get_by_role("button", name="Move the right knee", exact=True).press("ArrowLeft")
    answer, joints = _search(page)
    assert len(joints) == 16
    first, last = joints[0], joints[-1]
    hand, feet = joint("left_wrist"), [joint("left_ankle"), joint("right_ankle")]
    assert last[hand, 1] - first[hand, 1] > 0.3  # raised
    assert first[0, 1] - last[0, 1] > 0.1  # the hips are lower
    np.testing.assert_allclose(last[feet], first[feet], atol=0.01)  # and the feet are where they were
    np.testing.assert_allclose(_bones(joints), np.broadcast_to(_bones(joints[:1]), (16, 21)), atol=2e-3)

    asked = {"positions": joints.tolist(), "canonical": True}
    assert answer["results"] == service.post("/api/v1/query", json=asked).json()["results"]
    address = page.url
    page.get_by_role("link", name="mretrieve").click()
    with page.expect_response("**/api/v1/playback") as response:
        page.goto(address)
    assert response.value.json()["answer"]["results"] == answer["results"]
    expect(page.locator(".tile")).to_have_count(11)
    page.get_by_role("button", name="Pose it").click()
    expect(page.get_by_role("button", name="Pose 2", exact=True)).to_be_visible()
