"""The page of `mretrieve map --html` in a browser, from disk and without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.browsed_pages import opened_offline, pictures, place_on_map, serious_findings
from support.generated_library import Library
from support.viewer import data_in, needs_viewer

from mretrieve.maps import library_map, map_library
from mretrieve.maps.page import map_page

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_viewer
PICTURES = Path(__file__).resolve().parents[2] / ".build" / "page"


@pytest.fixture(scope="module")
def file(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map of the library, as a plain installation computes it."""
    path = tmp_path_factory.mktemp("map") / "map.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library_map, "best_method", lambda: "pca")
        path.write_text(map_page(map_library(library.snapshot)), encoding="utf-8")
    return path


@pytest.fixture
def clips(file: Path) -> list[dict[str, Any]]:
    return data_in(file.read_text(encoding="utf-8"), "map")["clips"]


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The map, opened with the network off; afterwards, nothing has been printed or asked for."""
    with opened_offline(browser, file) as (opened, requests):
        expect(opened.locator(".scatter")).to_be_visible()
        yield opened
        assert requests == [file.as_uri()]


def test_the_clip_under_the_pointer_is_named_and_moves(page: Page, clips: list[dict[str, Any]]):
    leftmost = min(clips, key=lambda clip: clip["place"][0])
    page.mouse.move(*place_on_map(page, clips, leftmost))
    card = page.locator(".map-card")
    expect(card).to_contain_text(leftmost["clip"])
    page.wait_for_timeout(500)
    before = pictures(page, card.locator(".stage"))
    page.wait_for_timeout(500)
    assert pictures(page, card.locator(".stage")) != before


def test_clips_of_one_colour_are_hidden_and_shown_again(page: Page, clips: list[dict[str, Any]]):
    leftmost = min(clips, key=lambda clip: clip["place"][0])
    at = place_on_map(page, clips, leftmost)
    row = page.get_by_role("button", name=re.compile(f"^{leftmost['labels']['label']}"))
    for shown in (False, True):
        row.click()
        expect(row).to_have_attribute("aria-pressed", str(shown).lower())
        page.mouse.move(*at)
        named = page.locator(".map-card").get_by_text(leftmost["clip"])
        expect(named).to_be_visible() if shown else expect(named).not_to_be_visible()


def test_the_map_is_magnified_around_the_pointer_and_whole_again(page: Page, clips: list[dict[str, Any]]):
    leftmost = min(clips, key=lambda clip: clip["place"][0])
    x, y = place_on_map(page, clips, leftmost)
    card = page.locator(".map-card")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -800)
    page.mouse.move(x + 1, y)
    expect(card).to_contain_text(leftmost["clip"])
    page.mouse.wheel(0, -100)
    page.get_by_role("button", name="Whole map").click()
    page.mouse.move(x, y)
    expect(card).to_contain_text(leftmost["clip"])


@pytest.mark.parametrize(("scheme", "width"), [("light", 820), ("dark", 1280)])
def test_axe_finds_nothing_serious(page: Page, scheme: str, width: int, clips: list[dict[str, Any]]):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800 if width == 1280 else 1100})
    page.wait_for_timeout(200)
    page.mouse.move(*place_on_map(page, clips, clips[0]))
    expect(page.locator(".map-card")).to_be_visible()
    page.wait_for_timeout(500)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"map-file-{scheme}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_findings(page) == []
