"""Pages in a browser: what is drawn on them, how they are worked, and what axe finds wrong with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, ViewportSize

#: Graphics by the processor: machines of CI have no graphics card.
SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
#: On a busy machine a picture may take long.
PATIENCE_MS = 60_000
#: A window in which ten hits are seen at once.
TALL: ViewportSize = {"width": 1280, "height": 1100}
_AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def opened_offline(browser: Browser, file: Path) -> Iterator[tuple[Page, list[str]]]:
    """A page opened from disk with the network off, and what it asks for; at the end, nothing has been printed."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(file.as_uri())
    yield opened, requests
    assert complaints == []
    context.close()


def pictures(page: Page, stages: Locator) -> list[bytes]:
    """What each stage shows; all of them must be in view."""
    whole = Image.open(io.BytesIO(page.screenshot()))
    boxes = [stage.bounding_box() for stage in stages.all()]
    assert boxes
    assert all(box and box["y"] >= 0 and box["y"] + box["height"] <= whole.height for box in boxes)
    sides = [(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]) for box in boxes if box]
    return [whole.crop(tuple(map(round, each))).tobytes() for each in sides]


def place_on_map(page: Page, clips: list[dict[str, Any]], clip: dict[str, Any]) -> tuple[float, float]:
    """Where a clip is drawn on the map of a page: the picture is filled but for its margins."""
    box = page.locator(".scatter").bounding_box()
    assert box is not None
    found = []
    for axis, size in ((0, box["width"]), (1, box["height"])):
        values = [each["place"][axis] for each in clips]
        part = (clip["place"][axis] - (min(values) + max(values)) / 2) / (max(values) - min(values))
        found.append(size / 2 + (1 if axis == 0 else -1) * part * (size - 56))
    return box["x"] + found[0], box["y"] + found[1]


def set_slider(slider: Locator, value: float) -> None:
    """Move a slider, as the arrow keys would."""
    slider.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')) }", value)


def serious_findings(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical: https://github.com/dequelabs/axe-core"""
    if not _AXE.is_file():
        pytest.skip("NO AXE: run make web")
    # by the debugger, which the page's own policy does not bind
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [
        {"rule": each["id"], "at": [(node["html"], node["any"][0]["message"]) for node in each["nodes"]]}
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
