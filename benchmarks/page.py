"""The page of the service: size, first paint, time from a dropped file to moving bodies, and frames a second.

    python benchmarks/page.py

It needs the pages (`make web`), Playwright and Chromium. The library is generated, about 300 clips, and served
by a process of its own. As in viewer.py, the page without bodies is the same page whose drawing calls do nothing.
Of 20 bodies, those are drawn that can be seen without scrolling.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import statistics
import tempfile
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from serving import served
from viewer import BODIES, NO_DRAWING, REPEATS, frames_per_second

from mretrieve import build_index
from mretrieve.demo import make_library, write_query

_CLIPS_PER_KIND = 15
_DROPS = 8
#: Ways in which a processor draws: SwiftShader draws the whole page, or the canvas only, as Chromium chooses by itself.
_BROWSERS = {
    "SwiftShader draws the page": ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    "as Chromium starts": [],
}
#: A canvas as large as the window, in which nothing is drawn.
_EMPTY = """<style>body { margin: 0 }</style><canvas width="1280" height="720"></canvas><script>
const gl = document.querySelector('canvas').getContext('webgl2', {antialias: false});
const clear = now => { gl.clearColor(now % 1, 0, 0, 0.5); gl.clear(gl.COLOR_BUFFER_BIT); requestAnimationFrame(clear) };
requestAnimationFrame(clear);
</script>"""
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


def launched(playwright: Playwright, arguments: list[str]) -> Browser:
    """Chromium without a window and without a graphics card."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", *arguments])


def measure_times(browser: Browser, url: str, query: Path) -> None:
    """Print how long the page and the hits of a dropped file take."""
    paints, firsts, drops = [], [], []
    for _ in range(REPEATS):
        page = opened(browser, url)
        painted = page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
        paints.append(float(painted.json_value()))
        for number in range(_DROPS):
            page.wait_for_timeout(500)
            taken = page.evaluate(_DROP, [query.name, query.read_text()])
            (drops if number else firsts).append(taken)
        page.close()
    print(f"first paint: {statistics.median(paints):.0f} ms")
    print(f"first file dropped on a page to moving bodies: {statistics.median(firsts):.0f} ms")
    print(f"later ones: {statistics.median(drops):.0f} ms, at best {min(drops):.0f} ms ({len(drops)} of them)")


def measure_rates(browser: Browser, url: str, query: Path) -> None:
    """Print how many pictures a second there are with and without bodies, and of an empty canvas."""
    for name, init_script in ((f"{BODIES} bodies", ""), ("without bodies", NO_DRAWING)):
        rates = []
        for _ in range(REPEATS):
            page = opened(browser, url, init_script)
            page.evaluate(_DROP, [query.name, query.read_text()])
            page.evaluate(f"location.hash += '&k={BODIES - 1}'")
            page.wait_for_function(f"() => document.querySelectorAll('.tile').length === {BODIES}")
            page.wait_for_timeout(1000)
            rates.append(frames_per_second(page))
        print(f"{name}: {statistics.median(rates):.1f} frames/s, at best {max(rates):.1f}")
    rates = []
    for _ in range(REPEATS):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_content(_EMPTY)
        rates.append(frames_per_second(page))
    print(f"a canvas that is only cleared: {statistics.median(rates):.1f} frames/s, at best {max(rates):.1f}")


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
        query = write_query(Path(folder))
        with served(index, 2, Path(folder) / "log") as (url, _):
            for name, arguments in _BROWSERS.items():
                browser = launched(playwright, arguments)
                print(f"-- {name}, load {os.getloadavg()[0]:.1f}")
                measure_times(browser, url, query)
                measure_rates(browser, url, query)
                browser.close()


if __name__ == "__main__":
    main()
