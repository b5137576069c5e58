"""A report in a browser, from disk and without a network: bodies move, in step, and everyone can use it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from support.browsed_pages import TALL, opened_offline, pictures, serious_findings, set_slider
from support.generated_library import Library
from support.viewer import needs_viewer, playback_in

from mretrieve.cli import main

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_viewer


@pytest.fixture(scope="module")
def report(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a kick and its ten hits."""
    path = tmp_path_factory.mktemp("report") / "hits.html"
    words = ["query", library.short_clip, "--index", str(library.index), "--mirror", "both", "--html", str(path)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The report, opened with the network off; afterwards, nothing has been printed, asked for or refused."""
    with opened_offline(browser, report) as (opened, requests):
        yield opened
        assert [url for url in requests if not url.startswith(report.as_uri())] == []


def _pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()


def test_ten_hits_fit_in_three_megabytes(report: Path):
    text = report.read_text(encoding="utf-8")
    assert len(playback_in(text)["pairs"]) == 10
    assert len(text.encode()) < 3_000_000


def test_all_hits_move_and_each_in_its_own_way(page: Page):
    stages = page.locator(".stage")
    page.set_viewport_size(TALL)
    expect(stages).to_have_count(11)  # with the query
    _pause(page)
    scrubber = page.get_by_label("Time since the moment begins")
    set_slider(scrubber, 0.2)
    page.wait_for_timeout(300)
    before = pictures(page, stages)
    set_slider(scrubber, 0.6)
    expect(page.locator("output.time")).to_have_text("0.60 s")
    page.wait_for_timeout(300)
    after = pictures(page, stages)
    assert len(set(after[1:])) == 10
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_bodies_play_by_themselves(page: Page):
    time = page.locator("output.time")
    before = time.inner_text()
    assert re.fullmatch(r"\d\.\d\d s", before)
    expect(time).not_to_have_text(before)


def test_of_bodies_at_rest_the_one_under_the_pointer_plays(page: Page):
    stages = page.locator(".stage")
    page.set_viewport_size(TALL)
    _pause(page)
    set_slider(page.get_by_label("Time since the moment begins"), 0.2)
    page.wait_for_timeout(300)
    before = pictures(page, stages)
    page.get_by_role("button", name=re.compile(r"^Hit 3 ")).hover()
    page.wait_for_timeout(500)
    during = pictures(page, stages)
    assert [at for at, (one, other) in enumerate(zip(before, during, strict=True)) if one != other] == [3]
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    assert pictures(page, stages) == before


def test_a_hit_opens_next_to_the_query_and_both_are_scrubbed_along_the_path(page: Page, report: Path):
    (pair,) = [pair for pair in playback_in(report.read_text(encoding="utf-8"))["pairs"] if pair["rank"] == 3]
    page.get_by_role("button", name=re.compile(r"^Hit 3 ")).click()
    stages = page.locator("figure .stage")
    expect(stages).to_have_count(2)
    _pause(page)
    cursor = page.get_by_label("Time in the query")
    seen = []
    last = int(cursor.get_attribute("max") or 0)
    for frame in (0, last // 2, last):
        set_slider(cursor, frame)
        shown = [int(figure.get_attribute("data-frame") or -1) for figure in page.locator("figure").all()]
        assert shown[0] == frame
        assert shown in pair["path"]
        page.wait_for_timeout(300)
        seen.append(pictures(page, stages))
    for side in (0, 1):
        assert len({picture[side] for picture in seen}) == 3

    page.get_by_label("Overlaid").check(force=True)
    expect(page.locator("figure .stage:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("li.tile")).to_have_count(11)
    expect(page.locator("li.tile button:focus")).to_contain_text("Hit 3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, scheme: str):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.reload()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()  # nothing moves unasked
    assert serious_findings(page) == []
    page.keyboard.press("1")
    expect(page.locator("figure .stage")).to_have_count(2)
    assert serious_findings(page) == []


def test_a_report_without_hits_and_one_of_another_version_say_so(browser: Browser, report: Path, tmp_path: Path):
    text = report.read_text(encoding="utf-8")
    data = playback_in(text)
    before, rest = text.split('<script type="application/json" id="playback">')
    after = rest.partition("</script>")[2]
    for changed, title in (({"pairs": []}, "No moment was found"), ({"schema": "x/9"}, "cannot be shown")):
        path = tmp_path / "report.html"
        content = json.dumps(data | changed).replace("<", "\\u003c")
        path.write_text(f'{before}<script type="application/json" id="playback">{content}</script>{after}')
        opened = browser.new_page()
        opened.goto(path.as_uri())
        expect(opened.get_by_role("main")).to_contain_text(title)
        opened.close()
