"""Takes the README's picture from a real session: `python tests/browser/picture_for_readme.py`."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

from conftest import CHROMIUM_FLAGS  # noqa: E402
from lab import Form, Lab, becomes, studying  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from autograder.judging import bank  # noqa: E402
from autograder.judging.values import to_builtins  # noqa: E402

UNIT, SKILL = "02-jacobians", "jacobians.scale"


def main(target: Path) -> None:
    """Open the lesson, move a slider of the explorer, make a mistake in practice, and photograph both."""
    folder = Path(tempfile.mkdtemp())
    with sync_playwright() as playwright, studying(ROOT, folder / "my-work", folder / "scratch") as server:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        lab = Lab(browser, server)
        lab.page.set_viewport_size({"width": 1120, "height": 1150})
        lab.open(f"{UNIT}.ipynb")
        lab.command("application:toggle-left-area")
        lab.run_cell("import jax")
        view = lab.run_cell("spectrum_explorer()").locator(".jp-OutputArea")
        slider = view.get_by_role("slider", name=re.compile("σ_w"))
        while float(slider.input_value()) < 1.4:
            slider.press("ArrowRight")
        becomes(lambda: view.inner_text(), lambda text: "1.40" in text, lab.page)
        # The practice form right under it, as a learner may well put it: a cell of their own.
        lab.cell("spectrum_explorer()").locator(".jp-InputPrompt").click()
        lab.command("notebook:insert-cell-below")
        lab.page.keyboard.press("Enter")
        lab.page.keyboard.insert_text(f"practice('{SKILL}')")
        shown = lab.run_cell(f"practice('{SKILL}')").locator(".jp-OutputArea")
        form = Form(shown, bank.load(ROOT / "solutions" / UNIT / "bank"), SKILL)
        while form.asked()[0].name != "gradient_scale":
            form.place.get_by_role("button", name="I don't know").click()
            form.another()
        exercise, given = form.asked()
        form.answer(to_builtins(exercise.mistakes[0].answer(**given)))
        lab.cell("spectrum_explorer()")
        lab.page.mouse.move(560, 600)
        lab.page.mouse.wheel(0, 232)  # the cell to the top edge
        lab.page.wait_for_timeout(1000)
        lab.page.screenshot(path=target)
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "course" / "images" / "lesson.png")
