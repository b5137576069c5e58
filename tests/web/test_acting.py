"""A query that is acted in front of the camera: Chromium's fake camera plays a real video of a woman who walks."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.browsed_pages import PATIENCE_MS, SOFTWARE
from support.generated_library import Library
from support.pose_models import write_walk
from support.running_service import running_service
from support.viewer import needs_viewer

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_viewer
PICTURES = Path(__file__).resolve().parents[2] / ".build" / "page"
#: Keeps the last file that the page sends.
_KEEP_FILE = """
const send = window.fetch;
window.fetch = async (address, request) => {
  if (request?.body instanceof FormData) window.sent = await request.body.get("file").text();
  return send(address, request);
};
"""
#: Places of joints among MediaPipe's 33.
_HEELS, _TOES = [29, 30], [31, 32]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees."""
    pytest.importorskip("av")
    walk = write_walk(tmp_path_factory.mktemp("camera") / "walk.mjpeg")
    if walk is None:
        pytest.skip("the wheel of sports2d is not in .build/wheels; make test downloads it")
    return walk


@pytest.fixture
def page(camera: Path, library: Library) -> Iterator[Page]:
    """The page in a browser with this camera, no request of which has left the machine."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("NO CHROMIUM: pages are not opened")
    expect.set_options(timeout=PATIENCE_MS)
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with running_service(library.index, token="secret") as client, sync_api.sync_playwright() as running:
        started = running.chromium.launch(
            executable_path=program, args=[*SOFTWARE, *fake, f"--use-file-for-fake-video-capture={camera}"]
        )
        opened = started.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.add_init_script(_KEEP_FILE)
        errors: list[str] = []
        requests: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        opened.on("request", lambda request: requests.append(request.url))
        opened.goto(str(client.base_url))
        opened.get_by_label("Token").fill("secret")
        opened.get_by_role("button", name="Go on").click()
        expect(opened.locator(".suggestions")).to_be_visible()
        yield opened
        own = (str(client.base_url), "data:", "blob:")
        refused = re.compile("Failed to load resource: the server responded with a status of 401")
        assert [error for error in errors if not refused.match(error)] == []
        assert [url for url in requests if not url.startswith(own)] == []
        started.close()


def test_a_walk_in_front_of_the_camera_finds_walks_and_is_not_mirrored(page: Page):
    PICTURES.mkdir(parents=True, exist_ok=True)
    # takes hold all kinds of motion; options that are set stay for what is acted
    page.goto(f"{page.url}#hit=act&where=label != 'take'")
    page.get_by_role("button", name="Start the camera").click()
    record = page.get_by_role("button", name="Record")
    expect(record).to_be_enabled()
    page.wait_for_timeout(3000)  # the network of the first picture is prepared
    mirrored = page.locator(".picture video").evaluate("video => new DOMMatrix(getComputedStyle(video).transform).a")
    assert mirrored == -1
    page.get_by_label("Length").select_option("2")
    with page.expect_response("**/api/v1/playback") as response:
        record.click()
        expect(page.locator(".picture .count")).to_have_text("2")
        page.screenshot(path=PICTURES / "acting.png")
    answer: dict[str, Any] = response.value.json()["answer"]
    labels = [hit["label"] for hit in answer["results"]]
    assert labels[0].startswith("walk")
    assert sum(label.startswith("walk") for label in labels) >= 3
    expect(page.locator(".tile")).to_have_count(11)

    seen = [frame["landmarks"] for frame in json.loads(page.evaluate("window.sent"))["frames"] if frame]
    joints = np.array(seen)
    assert len(joints) >= 20
    toes, heels = joints[:, _TOES, 0].mean(1), joints[:, _HEELS, 0].mean(1)
    assert (toes < heels).mean() > 0.8  # she faces the left of the picture
