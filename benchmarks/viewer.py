"""The viewer of reports: sizes, time until something is seen, and frames a second when the processor draws.

    python benchmarks/viewer.py

It needs the viewer (`make web`), Playwright and Chromium. The motion is the demo library's. The page without bodies is
the same page whose drawing calls do nothing: what is left is the browser's own work for a page of this size.
"""

from __future__ import annotations

import gzip
import re
import shutil
import statistics
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))
from make_pictures import make_report
from playwright.sync_api import Browser, Page, sync_playwright

BODIES = 20
MEASURED_MS = 6000
REPEATS = 3
NO_DRAWING = "for (const name of ['drawElementsInstanced', 'drawElements', 'drawArrays']) "
NO_DRAWING += "WebGL2RenderingContext.prototype[name] = () => {};"
COUNT_FRAMES = """ms => new Promise(done => {
  const start = performance.now();
  let frames = 0;
  const tick = now => {
    frames++;
    if (now - start > ms) done(1000 * frames / (now - start)); else requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""


def opened(browser: Browser, report: Path, init_script: str = "") -> Page:
    """The report at 1280 x 720, after its first second."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.add_init_script(init_script)
    page.goto(report.as_uri())
    page.wait_for_timeout(1000)
    return page


def frames_per_second(page: Page) -> float:
    """Of what is playing."""
    rate = page.evaluate(COUNT_FRAMES, MEASURED_MS)
    page.close()
    return float(rate)


def main() -> None:
    """Print the figures."""
    viewer = (files("mretrieve") / "viewer" / "report.html").read_text(encoding="utf-8")
    (script,) = re.findall(r'<script type="module">(.*?)</script>', viewer, re.DOTALL)
    print(f"script: {len(script) / 1000:.0f} kB, {len(gzip.compress(script.encode())) / 1000:.0f} kB gzipped")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = make_report(Path(folder), hits=BODIES - 1)
        print(f"report of {BODIES - 1} hits: {report.stat().st_size / 1000:.0f} kB")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        )
        paints = []
        for _ in range(REPEATS):
            page = opened(browser, report)
            painted = page.wait_for_function(
                "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            )
            paints.append(float(painted.json_value()))
            page.close()
        print(f"first paint: {statistics.median(paints):.0f} ms")
        for name, init_script in ((f"{BODIES} bodies", ""), ("without bodies", NO_DRAWING)):
            rates = [frames_per_second(opened(browser, report, init_script)) for _ in range(REPEATS)]
            print(f"{name}: {statistics.median(rates):.1f} frames/s")
        browser.close()


if __name__ == "__main__":
    main()
