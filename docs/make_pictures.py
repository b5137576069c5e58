"""Write the pictures of a report, a map and the page of the service in docs/pictures: python docs/make_pictures.py

It needs the pages (`make web`), Playwright, Chromium, Matplotlib and umap-learn. The motion is the demo library's.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
#: Pictures are taken at twice this size and reduced, which smooths edges.
_SIZE = {"width": 1280, "height": 720}
_WIDTH, _COLOURS = 1000, 224


def make_report(folder: Path, hits: int = 10) -> Path:
    """The report of the query of `make demo`, with the map of its library next to it."""
    commands = (
        ("demo", "."),
        ("index", "library", "--labels", "library/labels.csv"),
        ("query", "zoe_kick.bvh", "--mirror", "both", "-k", str(hits), "--html", "hits.html"),
        ("map", "--png", "map.png"),
    )
    for words in commands:
        subprocess.run([sys.executable, "-m", "mretrieve", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "hits.html"


def photograph(address: str, query: Path | None = None) -> bytes:
    """The grid of hits in the middle of the kick, as a PNG; `query` is a file to search for first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        )
        page = browser.new_page(viewport=_SIZE, device_scale_factor=2, reduced_motion="reduce")  # type: ignore[arg-type]
        page.goto(address)
        if query is not None:
            page.locator("header input[type=file]").set_input_files(query)
        scrubber = page.get_by_label("Time since the moment begins")
        scrubber.evaluate("input => { input.value = 0.62; input.dispatchEvent(new Event('input')) }")
        page.wait_for_timeout(2000)
        picture = page.screenshot()
        browser.close()
    return picture


def photograph_page(folder: Path) -> bytes:
    """The same hits on the page of the service."""
    command = [sys.executable, "-m", "mretrieve", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            return photograph(process.stdout.readline().split()[-1], folder / "zoe_kick.bvh")
        finally:
            process.terminate()


def save(picture: bytes, name: str) -> None:
    """Write a picture, smaller."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    height = round(_WIDTH * whole.height / whole.width)
    small = whole.resize((_WIDTH, height), Image.Resampling.LANCZOS).quantize(_COLOURS)
    small.save(PICTURES / name, optimize=True)


def main() -> None:
    """Write the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        report = make_report(Path(folder))
        save(report.with_name("map.png").read_bytes(), "map.png")
        save(photograph(report.as_uri()), "report.png")
        save(photograph_page(Path(folder)), "page.png")


if __name__ == "__main__":
    main()
