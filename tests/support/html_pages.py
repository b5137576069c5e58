"""Pages of the project as a browser sees them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest


class Elements(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def opened_in_browser(path: Path) -> tuple[str, list[str]]:
    """The page as Chromium shows it, and the lines of its console; skips the test without Chromium."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("NO CHROMIUM: the page is not opened")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    run = subprocess.run([browser, *options, path.as_uri()], capture_output=True, text=True, timeout=600)
    return run.stdout, re.findall(r"^.*:CONSOLE.*$", run.stderr, re.MULTILINE)
