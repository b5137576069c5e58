"""The page of the service in a browser, on a real service and index: what an animator does with it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.browsed_pages import TALL, pictures, place_on_map, serious_findings, set_slider
from support.generated_library import Library
from support.parts_here import PartsHere
from support.running_service import post_form, running_service
from support.viewer import needs_viewer

from mretrieve import Index, build_index
from mretrieve.demo import write_query
from mretrieve.indexer.compaction import ShardSize
from mretrieve.service import live_index
from mretrieve.storage.snapshot import Snapshot

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
expect = sync_api.expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = needs_viewer
#: Pictures of the states of the page, for people to look at after a run.
PICTURES = Path(__file__).resolve().parents[2] / ".build" / "page"
BROKEN = "HIERARCHY\nROOT Hips\n{\n OFFSET 0 0\n"


@pytest.fixture(scope="module")
def kick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion file that is not in the library."""
    return write_query(tmp_path_factory.mktemp("query"))


def _drop(page: Page, name: str, text: str) -> None:
    data = page.evaluate_handle(
        "([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name)); return data }",
        [name, text],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": data})


def _search(page: Page, query: str) -> None:
    page.get_by_label("Clip or moment to search for").fill(query)
    page.keyboard.press("Enter")
    expect(page.locator(".tiles")).to_be_visible()


def _answered(page: Page, action: Any) -> dict[str, Any]:
    """The answer that the page gets by an action, after it has been shown."""
    with page.expect_response("**/api/v1/playback") as response:
        action()
    answer: dict[str, Any] = response.value.json()["answer"]
    expect(page.locator("body")).not_to_have_class(re.compile("busy"))
    return answer


def _shown_hits(page: Page) -> list[tuple[str, str]]:
    """Score and clip of each tile."""
    hits = page.locator(".tile:not(.query)")
    return [
        (tile.locator(".score").inner_text().split()[-1], tile.locator(".name").get_attribute("title") or "")
        for tile in hits.all()
    ]


def _of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"{hit['score']:.3f}", hit["clip"]) for hit in answer["results"]]


def _drag(page: Page, bar: Locator, start: float, end: float) -> None:
    box = bar.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    page.mouse.up()


def test_a_dropped_file_shows_ten_bodies_that_move_each_in_its_own_way(page: Page, service: httpx.Client, kick: Path):
    page.set_viewport_size(TALL)
    _drop(page, kick.name, kick.read_text())
    stages = page.locator(".stage")
    expect(stages).to_have_count(11)  # with the query
    asked = post_form(service, "/api/v1/query", {}, ("file", kick)).json()
    assert _shown_hits(page) == _of(asked)
    scrubber = page.get_by_label("Time since the moment begins")
    set_slider(scrubber, 0.2)
    page.wait_for_timeout(300)
    before = pictures(page, stages)
    set_slider(scrubber, 0.6)
    page.wait_for_timeout(300)
    after = pictures(page, stages)
    assert len(set(after)) == 11
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_hit_is_scrubbed_along_the_path_and_a_part_of_its_timeline_is_searched(
    page: Page, service: httpx.Client, library: Library
):
    clip = library.short_clip
    _search(page, clip)
    fields = {"query": clip, "exclude_self": True}
    shown = service.post("/api/v1/playback", json=fields).json()
    path = shown["playback"]["pairs"][1]["path"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Hit 2 ")).click()
    stages = page.locator("figure .stage")
    expect(stages).to_have_count(2)
    cursor = page.get_by_label("Time in the query")
    seen = []
    last = int(cursor.get_attribute("max") or 0)
    for frame in (0, last // 2, last):
        set_slider(cursor, frame)
        frames = [int(figure.get_attribute("data-frame") or -1) for figure in page.locator("figure").all()]
        assert frames in path
        page.wait_for_timeout(300)
        seen.append(pictures(page, stages))
    assert all(len({picture[side] for picture in seen}) == 3 for side in (0, 1))

    _drag(page, page.locator(".timeline .span-bar"), 0.25, 0.75)
    answer = _answered(page, page.get_by_role("button", name="Search for this part").click)
    start_s, end_s = answer["query"]["start_s"], answer["query"]["end_s"]
    whole_s = shown["answer"]["query"]["end_s"] - shown["answer"]["query"]["start_s"]
    assert end_s - start_s == pytest.approx(whole_s / 2, abs=0.1)
    part = service.post("/api/v1/query", json={**fields, "start_s": start_s, "end_s": end_s}).json()
    assert _shown_hits(page) == _of(part) != _of(shown["answer"])


def test_parts_labels_and_unwanted_clips_change_the_hits_as_the_options_of_a_query_do(
    page: Page, service: httpx.Client, library: Library
):
    clip = library.short_clip
    _search(page, clip)
    asked = {"query": clip, "exclude_self": True}

    def check(answer: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
        asked.update(changes)
        expected = service.post("/api/v1/query", json=asked).json()
        assert answer["results"] == expected["results"]
        assert _shown_hits(page) == _of(expected)
        return expected["results"]

    whole = service.post("/api/v1/query", json=asked).json()
    arm = page.get_by_role("button", name="left arm counts")
    weighed = check(
        _answered(page, arm.click), parts={part: part != "left_arm" for part in whole["results"][0]["parts"]}
    )
    assert weighed != whole["results"]
    expect(arm).to_have_attribute("aria-pressed", "false")

    walk = page.locator("label.value", has_text=re.compile("^walk"))
    counts = service.get("/api/v1/index").json()["contents"]["labels"]["label"]
    if not walk.first.is_visible():
        page.get_by_role("button", name=re.compile(r"^\d+ more$")).first.click()
    assert walk.first.locator(".count").inner_text() == str(counts["walk"])
    hits = check(_answered(page, walk.first.click), where="label IN ('walk')")
    assert {hit["label"] for hit in hits} == {"walk"}

    unwanted = hits[0]["clip"]
    page.locator(".tile:not(.query) > button").first.focus()
    hits = check(_answered(page, lambda: page.keyboard.press("x")), where=f"label IN ('walk') AND clip != '{unwanted}'")
    assert unwanted not in [hit["clip"] for hit in hits]

    # the address reproduces all of it
    address = page.url
    page.get_by_role("link", name="mretrieve").click()
    expect(page.get_by_text("Drop a motion file here")).to_be_visible()
    answer = _answered(page, lambda: page.goto(address))
    assert answer["results"] == hits
    expect(arm).to_have_attribute("aria-pressed", "false")

    best = hits[0]
    like = _answered(page, page.get_by_role("button", name="Similar to hit 1", exact=True).click)
    assert like["query"] == {"path": best["clip"], "start_s": best["start_s"], "end_s": best["end_s"]}


def test_clips_are_grouped_by_a_column_of_the_library(page: Page, service: httpx.Client, library: Library):
    _search(page, library.short_clip)
    group = page.get_by_label("Group by")
    assert set(group.locator("option").all_inner_texts()) >= {"no groups", "performer", "style"}
    asked = {"query": library.short_clip, "exclude_self": True, "group": "performer"}
    answer = _answered(page, lambda: group.select_option("performer"))
    shown = service.post("/api/v1/playback", json=asked).json()
    assert answer["results"] == shown["answer"]["results"]
    for note in shown["playback"]["notes"]:
        expect(page.get_by_label("Notes")).to_contain_text(note)
    others = page.get_by_label("Its group").locator("option").all_inner_texts()[1:]
    performers = service.get("/api/v1/index").json()["contents"]["labels"]["performer"]
    assert set(others) == set(performers)
    answer = _answered(page, lambda: page.get_by_label("Its group").select_option(others[-1]))
    asked["query_group"] = others[-1]
    assert answer["results"] == service.post("/api/v1/query", json=asked).json()["results"]
    page.reload()
    expect(page.get_by_label("Its group")).to_have_value(others[-1])


def test_the_map_shows_clips_that_move_and_searches_for_one_or_among_some(page: Page, service: httpx.Client):
    clips = service.get("/api/v1/map").json()["clips"]
    page.get_by_role("button", name="Map").click()

    leftmost = min(clips, key=lambda clip: clip["place"][0])
    page.mouse.move(*place_on_map(page, clips, leftmost))
    card = page.locator(".map-card")
    expect(card).to_contain_text(leftmost["clip"])
    page.wait_for_timeout(500)
    before = pictures(page, card.locator(".stage"))
    page.wait_for_timeout(500)
    assert pictures(page, card.locator(".stage")) != before
    page.mouse.click(*place_on_map(page, clips, leftmost))
    expect(page.get_by_role("heading", level=1)).to_contain_text(leftmost["clip"].rpartition("/")[2])

    page.get_by_role("button", name="Map").click()
    expect(page.locator(".scatter")).to_be_visible()
    box = page.locator(".scatter").bounding_box()
    assert box is not None
    half = box["x"] + box["width"] / 2
    corners = [(half, box["y"] + 2), (half, box["y"] + box["height"] - 2)]
    corners += [(box["x"] + 2, box["y"] + box["height"] - 2), (box["x"] + 2, box["y"] + 2)]
    inside = {clip["clip"] for clip in clips if place_on_map(page, clips, clip)[0] < half}
    page.keyboard.down("Shift")
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=3)
    answer = _answered(page, page.mouse.up)
    page.keyboard.up("Shift")
    assert {hit["clip"] for hit in answer["results"]} <= inside
    expect(page.get_by_text(f"Only the {len(inside)} clips")).to_be_visible()


def test_kept_moments_are_saved_as_bvh_in_one_archive(page: Page, service: httpx.Client, kick: Path):
    _drop(page, kick.name, kick.read_text())
    for rank in (1, 3):
        page.get_by_role("button", name=f"Keep hit {rank}", exact=True).click()
    page.get_by_role("button", name="Basket (2)").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as ZIP").click()
    archive = zipfile.ZipFile(io.BytesIO(saved.value.path().read_bytes()))
    hits = post_form(service, "/api/v1/query", {}, ("file", kick)).json()["results"]
    moments = [f"{hit['clip']}@{hit['start_s']:.2f}-{hit['end_s']:.2f}" for hit in (hits[0], hits[2])]
    assert [archive.read(name) for name in archive.namelist()] == [
        service.post("/api/v1/export", json={"moment": moment}).content for moment in moments
    ]
    page.reload()  # the browser keeps them
    expect(page.get_by_role("button", name="Basket (2)")).to_be_visible()


def test_what_cannot_be_searched_is_explained_in_the_words_of_the_service(
    page: Page, service: httpx.Client, tmp_path: Path
):
    broken = tmp_path / "broken.bvh"
    broken.write_text(BROKEN)
    refusal = post_form(service, "/api/v1/query", {}, ("file", broken)).json()["message"]
    _drop(page, broken.name, BROKEN)
    expect(page.get_by_role("alert")).to_contain_text(refusal)
    page.goto(f"{service.base_url}#q=kick.bvh&file=kick.bvh")
    expect(page.get_by_role("main")).to_contain_text("Drop that file")
    page.goto(
        f"{service.base_url}#q={json.loads(service.get('/api/v1/clips').text)['clips'][0]['clip']}&where=duration_s>999"
    )
    expect(page.get_by_role("alert")).to_contain_text("No clip of the library meets the conditions")


def test_an_answer_without_a_part_of_the_index_says_so(
    browser: Browser, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    build_index(library.folder, tmp_path / "index", jobs=1, shard_size=ShardSize(clips=9))

    def open_without_a_part(path: Path, *_: Any, **__: Any) -> Index:
        snapshot = Snapshot.open(path)
        here = PartsHere(snapshot)
        for worker in here.workers[0]:
            worker.dead = True
        return Index(snapshot, here.open_vectors)

    monkeypatch.setattr(live_index, "open_index", open_without_a_part)
    with running_service(tmp_path / "index") as client:
        page = browser.new_page()
        page.goto(str(client.base_url))
        answer = _answered(page, lambda: _search(page, library.short_clip))
        missing = len(answer["missing_shards"])
        assert answer["partial"] and missing
        expect(
            page.get_by_text(f"Partial: not all shards of the index were searched (missing: {missing})")
        ).to_be_visible()
        expect(page.locator(".tile")).to_have_count(11)
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / "partial.png")
        page.close()


def test_the_page_goes_on_when_the_service_answers_again(browser: Browser, library: Library):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    with running_service(library.index) as client:
        page.goto(str(client.base_url))
        expect(page.locator(".suggestions")).to_be_visible()
    page.get_by_label("Clip or moment to search for").fill(library.short_clip)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    with running_service(library.index, port=client.base_url.port or 0):
        expect(page.locator(".tile")).to_have_count(11)
    context.close()


def test_the_page_asks_for_the_token(browser: Browser, library: Library):
    with running_service(library.index, token="secret") as client:
        page = browser.new_page()
        page.goto(str(client.base_url))
        page.get_by_label("Token").fill("secret")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".suggestions")).to_be_visible()
        page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 820), ("dark", 1280)])
def test_axe_finds_nothing_serious_in_any_state(page: Page, kick: Path, scheme: str, width: int):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800 if width == 1280 else 1100})
    PICTURES.mkdir(parents=True, exist_ok=True)

    def check(state: str) -> None:
        page.wait_for_timeout(200)
        page.screenshot(path=PICTURES / f"{state}-{scheme}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
        assert serious_findings(page) == [], state

    expect(page.locator(".suggestions")).to_be_visible()
    check("empty")
    _drop(page, kick.name, kick.read_text())
    expect(page.locator(".tile")).to_have_count(11)
    set_slider(page.get_by_label("Time since the moment begins"), 0.62)
    page.get_by_role("button", name="Keep hit 1", exact=True).click()
    check("hits")
    page.keyboard.press("2")
    set_slider(page.get_by_label("Time in the query"), 20)
    check("pair")
    page.get_by_role("button", name="Basket (1)").click()
    check("basket")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Map").click()
    expect(page.locator(".scatter")).to_be_visible()
    check("map")
    page.get_by_role("button", name="Act it out").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    check("act")
    page.get_by_role("button", name="Pose it").click()
    page.get_by_role("button", name="Add a pose").click()
    check("pose")
    _drop(page, "broken.bvh", BROKEN)
    expect(page.get_by_role("alert")).to_be_visible()
    if width < 900:
        page.get_by_role("button", name="Options").click()
    check("refused")
    page.get_by_role("button", name="Map").click()
    expect(page.locator(".scatter")).to_be_visible()  # without a query on it
