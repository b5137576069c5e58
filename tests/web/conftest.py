"""The browser that opens pages, and the page of a real service and index in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from support.browsed_pages import PATIENCE_MS, SOFTWARE
from support.generated_library import Library
from support.running_service import running_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, closed with its module: while Playwright runs, nothing else in the process can use asyncio."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT: pages are not opened")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("NO CHROMIUM: pages are not opened")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=program, args=SOFTWARE)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def service(library: Library) -> Iterator[httpx.Client]:
    """A client of the service that the page comes from."""
    with running_service(library.index) as client:
        yield client


@pytest.fixture
def page(browser: Browser, service: httpx.Client) -> Iterator[Page]:
    """The page; afterwards, nothing has gone wrong on it that was not shown, and no request has left the machine."""
    sync_api = pytest.importorskip("playwright.sync_api")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    # Chromium reports refused requests by itself, whatever the page does about them
    refused = re.compile("Failed to load resource: the server responded with a status of 4")
    opened.on("console", lambda message: None if refused.match(message.text) else complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(str(service.base_url))
    sync_api.expect(opened.locator(".suggestions")).to_be_visible()
    yield opened
    own = (str(service.base_url), "data:", "blob:")
    assert complaints == []
    assert [url for url in requests if not url.startswith(own)] == []
    context.close()
