"""The spectrum explorer: from a slider's event to the painted answer, in a real JupyterLab and a real browser.

The view itself marks each redraw (`isometry:redraw`): it begins with the input event and ends when the browser has
painted the answer to that very event, so the kernel, the wire and the drawing are all in it.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

NOTEBOOK = """{"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "execution_count": null, "outputs": [],
 "source": "from course.views import spectrum_explorer\\nspectrum_explorer()"}],
 "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
 "nbformat": 4, "nbformat_minor": 5}"""

# Told by the browser: asking it in every frame would make it paint every frame, which is what is measured.
LISTEN = """() => {
  window.isometryRedrawn = new Promise((told, failed) => {
    setTimeout(() => failed(new Error("no redraw within 20 s")), 20000);
    const observer = new PerformanceObserver((list) => {
      if (!list.getEntriesByName("isometry:redraw").length) return;
      observer.disconnect();
      told(true);
    });
    observer.observe({ type: "measure" });
  });
}"""


def measure(runs: int) -> dict[str, float]:
    from conftest import CHROMIUM_FLAGS
    from lab import Lab, studying
    from playwright.sync_api import expect, sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("The explorer is measured in Chromium, which is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        mine, scratch = Path(folder) / "my-work", Path(folder) / "study"
        scratch.mkdir()
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        with studying(ROOT, mine, scratch) as server:
            (mine / "explorer.ipynb").write_text(NOTEBOOK)
            lab = Lab(browser, server)
            lab.open("explorer.ipynb")
            view = lab.run_cell("spectrum_explorer()")
            expect(view.locator("canvas").first).to_be_visible(timeout=60_000)
            figures = {
                "explorer.redraw_ms": _redraws(lab, view, "σ_w", 10 * runs),
                "explorer.redraw_depth_ms": _redraws(lab, view, "Depth", 10 * runs),
            }
            lab.close()
        browser.close()
    return figures


def _redraws(lab: Any, view: Any, slider: str, times: int) -> float:
    """The median over `times` key presses on the slider called `slider`, after the first two."""
    page = lab.page
    handle = view.get_by_role("slider", name=re.compile(slider))
    handle.focus()
    for press in range(times + 2):
        page.evaluate(LISTEN)
        handle.press("ArrowRight" if (press // 20) % 2 == 0 else "ArrowLeft")
        page.evaluate("window.isometryRedrawn")
    entries = page.evaluate("performance.getEntriesByName('isometry:redraw').map((e) => e.duration)")
    return float(statistics.median(entries[-times:]))
