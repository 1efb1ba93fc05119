"""Views: from a reader's input to the painted answer, in a real JupyterLab and a real browser.

The spectrum explorer and the layer stack ask the kernel; they mark each redraw themselves (`isometry:redraw`): it begins
with the input event and ends when the browser has painted the answer to that very event, so the kernel, the wire and
the drawing are all in it. Players draw in the browser alone: theirs is measured around the key that steps them.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

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
# For a view that does not mark its redraws: the task after the frame that follows the key.
MARK = """slider => slider.closest(".iso-view").addEventListener("keydown", (event) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => performance.measure("isometry:redraw", { start: event.timeStamp, end: performance.now() });
  port2.postMessage(null);
}), { capture: true })"""


def measure(runs: int) -> dict[str, float]:
    from conftest import CHROMIUM_FLAGS
    from lab import Lab, notebook, studying
    from playwright.sync_api import sync_playwright
    from views_notebook import PLAYERS, READY, STACK

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Views are measured in Chromium, which is not installed: apt-get install chromium")
    times, figures = 10 * runs, {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        mine, scratch = Path(folder) / "my-work", Path(folder) / "study"
        scratch.mkdir()
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        with studying(ROOT, mine, scratch) as server:
            lab = Lab(browser, server)
            notebook(mine / "explorer.ipynb", "from course.views import spectrum_explorer\nspectrum_explorer()")
            lab.open("explorer.ipynb")
            view = lab.run_cell("spectrum_explorer()").locator(".iso-view")
            for name, slider in {"redraw_ms": "σ_w", "redraw_depth_ms": "Depth"}.items():
                handle = view.get_by_role("slider", name=re.compile(slider))
                figures[f"explorer.{name}"] = _median(lab, handle, _to_and_fro("ArrowRight", "ArrowLeft"), times)

            notebook(mine / "views.ipynb", READY, *PLAYERS.values(), STACK)
            lab.open("views.ipynb")
            lab.run_all()
            handle = lab.cell(STACK).get_by_role("spinbutton", name=re.compile("Input")).first
            figures["stack.redraw_ms"] = _median(lab, handle, _to_and_fro("ArrowUp", "ArrowDown"), times)
            for name, source in PLAYERS.items():
                handle = lab.cell(source).get_by_role("slider", name=re.compile("Frame"))
                handle.evaluate(MARK)
                steps = int(handle.get_attribute("max") or 1)
                handle.press("Home")
                taken = _median(lab, handle, _to_and_fro("ArrowRight", "ArrowLeft", min(20, steps)), times)
                figures[f"player.{name.replace(' ', '_')}.redraw_ms"] = taken
            lab.close()
        browser.close()
    return figures


def _to_and_fro(there: str, back: str, steps: int = 20) -> Callable[[int], str]:
    """Which key is pressed the n-th time: `steps` times one, then as often the other, so that no end is met."""
    return lambda press: there if (press // steps) % 2 == 0 else back


def _median(lab: Any, handle: Any, key: Callable[[int], str], times: int) -> float:
    """The median redraw in milliseconds over `times` key presses on `handle`, after the first two."""
    page = lab.page
    handle.focus()
    for press in range(times + 2):
        page.evaluate(LISTEN)
        handle.press(key(press))
        page.evaluate("window.isometryRedrawn")
    entries = page.evaluate("performance.getEntriesByName('isometry:redraw').map((e) => e.duration)")
    return float(statistics.median(entries[-times:]))
