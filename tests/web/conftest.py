"""The browser that opens pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.browsed_pages import PATIENCE_MS, SOFTWARE

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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
