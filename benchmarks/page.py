"""The page of the service: size, first paint, time from a dropped file to moving bodies, and frames a second.

    python benchmarks/page.py

It needs the pages (`make web`), Playwright and Chromium. The library is generated, about 300 clips, and served
by a process of its own. As in viewer.py, the page without bodies is the same page whose drawing calls do nothing.
"""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import tempfile
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from serving import served
from viewer import BODIES, NO_DRAWING, REPEATS, frames_per_second

from mretrieve import build_index
from mretrieve.demo import make_library, write_query

_CLIPS_PER_KIND = 15
#: Drops a file, and gives the milliseconds until the second picture after its hits are on the page.
_DROP = """([name, text]) => new Promise(done => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  const before = document.querySelector('.tiles');
  const start = performance.now();
  const look = () => {
    const tiles = document.querySelector('.tiles');
    if (!tiles || tiles === before) return setTimeout(look, 2);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  };
  document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
  look();
})"""


def opened(browser: Browser, url: str, init_script: str = "") -> Page:
    """The page at 1280 x 720, when it shows the library."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.add_init_script(init_script)
    page.goto(url)
    page.wait_for_selector(".suggestions")
    return page


def measure(browser: Browser, url: str, query: Path) -> None:
    """Print the times of a page."""
    paints, drops = [], []
    for _ in range(REPEATS):
        page = opened(browser, url)
        painted = page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        paints.append(float(painted.json_value()))
        for _ in range(REPEATS):
            page.wait_for_timeout(500)
            drops.append(page.evaluate(_DROP, [query.name, query.read_text()]))
        page.close()
    print(f"first paint: {statistics.median(paints):.0f} ms")
    print(f"dropped file to moving bodies: {statistics.median(drops):.0f} ms, at best {min(drops):.0f} ms")
    for name, init_script in ((f"{BODIES} bodies", ""), ("without bodies", NO_DRAWING)):
        rates = []
        for _ in range(REPEATS):
            page = opened(browser, url, init_script)
            page.evaluate(_DROP, [query.name, query.read_text()])
            page.evaluate(f"location.hash += '&k={BODIES - 1}'")
            page.wait_for_function(f"() => document.querySelectorAll('.tile').length === {BODIES}")
            page.wait_for_timeout(1000)
            rates.append(frames_per_second(page))
        print(f"{name}: {statistics.median(rates):.1f} frames/s")


def main() -> None:
    """Print the figures."""
    text = (files("mretrieve") / "viewer" / "search.html").read_text(encoding="utf-8")
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    print(f"script: {len(script) / 1000:.0f} kB, {len(gzip.compress(script.encode())) / 1000:.0f} kB gzipped")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library = Path(folder) / "library"
        make_library(library, clips_per_kind=_CLIPS_PER_KIND)
        index = Path(folder) / "index"
        build_index(library, index, labels=[library / "labels.csv"])
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"],
        )
        with served(index, 2, Path(folder) / "log") as (url, _):
            measure(browser, url, write_query(Path(folder)))
        browser.close()


if __name__ == "__main__":
    main()
