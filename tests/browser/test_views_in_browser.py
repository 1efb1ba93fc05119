"""The views of units 01, 04 and 06 in a real JupyterLab: used with the mouse, with the keyboard alone, in light and dark.

Pictures of each view in both themes are kept in pytest's temporary folder, under `views`. (Unit 02's views are used in
their lesson, in `test_study_in_browser.py`.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Lab, becomes, contrasts, notebook, picture, studying
from playwright.sync_api import Locator, expect
from views_notebook import EXPLORER, NAME, PLAYERS, READY, STACK

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("views")


@pytest.fixture(scope="module")
def lab(chromium: Any, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A notebook of the learner's own, with a view in each cell, run from top to bottom."""
    mine = tmp_path_factory.mktemp("learner") / "my-work"
    with studying(root, mine, tmp_path_factory.mktemp("study")) as server:
        notebook(mine / NAME, READY, *PLAYERS.values(), EXPLORER, STACK)
        lab = Lab(chromium, server)
        lab.open(NAME)
        lab.run_all()
        assert lab.errors() == []
        yield lab
        lab.close()


def opened(lab: Lab, source: str) -> Locator:
    """The view of the cell `source`, in sight."""
    view = lab.cell(source).locator(".iso-view")
    expect(view).to_be_visible(timeout=30_000)
    return view


def reached(lab: Lab, source: str) -> Locator:
    """The view of the cell `source`, with the focus brought from its cell into it by nothing but Tab."""
    view = opened(lab, source)
    lab.cell(source).focus()
    for _ in range(12):
        if view.evaluate("view => view.contains(document.activeElement)"):
            return view
        lab.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead from the cell {source} into its view")


def tab_to(lab: Lab, control: Locator, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until `control` has the focus."""
    for _ in range(12):
        if control.evaluate("control => control === document.activeElement"):
            return
        lab.page.keyboard.press(key)
    raise AssertionError(f"Tab does not lead to {control}")


# --------------------------------------------------------------------------- players


@pytest.mark.parametrize("name", PLAYERS)
def test_a_player_is_used_with_the_mouse(lab: Lab, name: str) -> None:
    view = opened(lab, PLAYERS[name])
    canvas, time, words = view.locator("canvas"), view.locator("output"), view.locator(".iso-words")
    frame, speed = view.get_by_role("slider", name=re.compile("Frame")), view.get_by_role("combobox", name="Speed")
    button = lambda name: view.get_by_role("button", name=name)
    button("First frame").click()
    start, said, read = picture(canvas), words.inner_text(), time.inner_text()

    button("Step forward").click()
    one = picture(canvas)
    assert frame.input_value() == "1"
    assert one != start and words.inner_text() != said and time.inner_text() != read

    width, height = frame.evaluate("slider => [slider.clientWidth, slider.clientHeight]")
    frame.click(position={"x": width - 1, "y": height / 2})
    assert frame.input_value() == frame.get_attribute("max")
    end = picture(canvas)
    assert end not in (start, one)

    button("Zoom in").click()
    zoomed = picture(canvas)
    box = canvas.bounding_box()
    assert zoomed != end and box is not None
    lab.page.mouse.move(box["x"] + box["width"] / 6, box["y"] + box["height"] / 2)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] / 6 + 40, box["y"] + box["height"] / 2 + 20)
    lab.page.mouse.up()
    assert picture(canvas) not in (zoomed, end), "what is zoomed can be dragged"
    button("Reset zoom").click()
    assert picture(canvas) == end

    speed.select_option("4")
    button("Play").click()  # at the end: from the beginning
    becomes(lambda: int(frame.input_value()), lambda now: now >= 2, lab.page)
    button("First frame").click()
    speed.select_option("1")
    assert frame.input_value() == "0" and picture(canvas) == start


@pytest.mark.parametrize("name", PLAYERS)
def test_a_player_is_used_with_the_keyboard_alone(lab: Lab, name: str) -> None:
    cells = [cell["source"] for cell in lab.cells()]
    view = reached(lab, PLAYERS[name])
    canvas, frame, words = view.locator("canvas"), view.get_by_role("slider"), view.locator(".iso-words")
    last = frame.get_attribute("max")
    press = lab.page.keyboard.press
    press("Home")
    start, said = picture(canvas), words.inner_text()
    press("ArrowRight")
    one = picture(canvas)
    assert frame.input_value() == "1" and one != start and words.inner_text() != said
    press("End")
    end = picture(canvas)
    assert frame.input_value() == last and end != one
    press("ArrowLeft")
    assert frame.input_value() == str(int(last or 0) - 1)
    press("+")
    press("+")
    zoomed = picture(canvas)
    press("Shift+ArrowRight")
    assert picture(canvas) != zoomed
    press("0")
    press("Home")
    assert picture(canvas) == start

    press("]")
    press("]")
    expect(view.get_by_role("combobox", name="Speed")).to_have_value("4")
    press(" ")
    becomes(lambda: int(frame.input_value()), lambda now: now >= 1, lab.page)
    press("Home")
    press("[")
    press("[")

    tab_to(lab, view.get_by_role("button", name="Step forward"))
    press("Enter")
    assert frame.input_value() == "1" and picture(canvas) == one
    assert [cell["source"] for cell in lab.cells()] == cells, "no key reached the notebook"


# --------------------------------------------------------------------------- views that ask the kernel


def answered(lab: Lab, view: Locator, before: tuple[str, str]) -> tuple[str, str]:
    """Picture and words of the explorer, once the answer to what was just set is painted."""
    now = lambda: (picture(view.locator("canvas")), view.locator(".iso-words").first.inner_text())
    pair: tuple[str, str] = becomes(now, lambda pair: pair[0] != before[0] and pair[1] != before[1], lab.page)
    return pair


def test_the_explorer_with_norms_is_used_with_the_mouse(lab: Lab) -> None:
    view = opened(lab, EXPLORER)
    now = (picture(view.locator("canvas")), view.locator(".iso-words").first.inner_text())
    for norm in ("batch", "rms", "none"):
        view.get_by_role("combobox", name="Norm").select_option(norm)
        now = answered(lab, view, now)
    scale = view.get_by_role("slider", name=re.compile("σ_w"))
    width, height = scale.evaluate("slider => [slider.clientWidth, slider.clientHeight]")
    scale.click(position={"x": width * 0.8, "y": height / 2})
    assert float(scale.input_value()) > 2
    now = answered(lab, view, now)
    view.get_by_role("combobox", name="Norm").select_option("layer")
    now = answered(lab, view, now)
    view.get_by_role("checkbox", name=re.compile("Residual")).click()
    now = answered(lab, view, now)
    view.get_by_role("checkbox", name=re.compile("Residual")).click()
    now = answered(lab, view, now)
    view.get_by_role("button", name="Another net").click()
    answered(lab, view, now)


def test_the_explorer_with_norms_is_used_with_the_keyboard_alone(lab: Lab) -> None:
    view = reached(lab, EXPLORER)
    now = (picture(view.locator("canvas")), view.locator(".iso-words").first.inner_text())
    press = lab.page.keyboard.press
    for control, key in (
        (view.get_by_role("slider", name=re.compile("Depth")), "ArrowLeft"),
        (view.get_by_role("combobox", name="Activation"), "Home"),
        (view.get_by_role("combobox", name="Norm"), "ArrowDown"),
        (view.get_by_role("checkbox", name=re.compile("Residual")), " "),
        (view.get_by_role("button", name="Another net"), "Enter"),
    ):
        tab_to(lab, control)
        press(key)
        now = answered(lab, view, now)


def test_the_layer_stack_is_edited_with_the_mouse(lab: Lab) -> None:
    view = opened(lab, STACK)
    words = view.locator(".iso-words")
    expect(words).to_contain_text("61,706 parameters")
    view.get_by_role("button", name="Remove layer 12").click()
    expect(words).to_contain_text("60,856 parameters")
    view.get_by_role("combobox", name="Kind of the new layer").select_option("dense")
    view.get_by_role("button", name="Add a layer", exact=True).click()
    expect(words).to_contain_text("61,706 parameters")
    view.get_by_role("combobox", name="Load a stack").select_option("AlexNet")
    expect(words).to_contain_text("61,100,840 parameters")
    view.get_by_role("combobox", name="Load a stack").select_option("LeNet-5")
    expect(words).to_contain_text("61,706 parameters")


def test_the_layer_stack_is_edited_with_the_keyboard_alone(lab: Lab) -> None:
    cells = [cell["source"] for cell in lab.cells()]
    view = reached(lab, STACK)
    words, press = view.locator(".iso-words"), lab.page.keyboard.press
    tab_to(lab, view.get_by_label("channels of layer 1", exact=True))
    press("ArrowUp")
    expect(words).to_contain_text(f"{61_706 + 26 + 25 * 16:,} parameters")
    press("ArrowDown")
    expect(words).to_contain_text("61,706 parameters")
    tab_to(lab, view.get_by_role("button", name="Move layer 1 down"))
    press("Enter")
    expect(view.get_by_label("Kind of layer 1", exact=True)).to_have_value("tanh")
    expect(view.get_by_role("button", name="Move layer 2 down")).to_be_focused()
    tab_to(lab, view.get_by_role("button", name="Move layer 2 up"), "Shift+Tab")
    press(" ")
    expect(view.get_by_label("Kind of layer 1", exact=True)).to_have_value("conv")
    assert [cell["source"] for cell in lab.cells()] == cells, "no key reached the notebook"


# --------------------------------------------------------------------------- light and dark


def test_contrast_is_measured_as_wcag_defines_it(chromium: Any) -> None:
    page = chromium.new_page()
    page.set_content(
        "<div style='background: white; color: black'><p>ink</p><p style='color: #767676'>soft</p>"
        "<div style='background: rgb(0 0 0 / 50%)'><p style='color: rgb(255 255 255 / 50%)'>veiled</p></div></div>"
    )
    found = contrasts(page.locator("div").first)
    page.close()
    # Veiled: half black on white is 128 of 255, half white on that 191; their luminances are 0.216 and 0.521.
    assert found == pytest.approx({"ink": 21, "soft": 4.54, "veiled": (0.5210 + 0.05) / (0.2159 + 0.05)}, rel=0.02)


@pytest.mark.parametrize("name", [*PLAYERS, "explorer", "layer stack"])
def test_a_view_is_legible_in_light_and_in_dark(lab: Lab, name: str, pictures: Path) -> None:
    source = {**PLAYERS, "explorer": EXPLORER, "layer stack": STACK}[name]
    lab.page.set_viewport_size({"width": 1280, "height": 1150})  # the tallest in one picture
    view = opened(lab, source)
    if name in PLAYERS:
        view.get_by_role("button", name="Last frame").click()
        view = opened(lab, source)
    drawings = [picture(canvas) for canvas in view.locator("canvas").all()]
    said = view.inner_text()
    lab.page.mouse.move(5, 5)
    try:
        for theme in ("light", "dark"):
            lab.theme(dark=theme == "dark")
            if theme == "dark":
                for canvas, drawn in zip(view.locator("canvas").all(), drawings, strict=True):
                    becomes(lambda canvas=canvas: picture(canvas), lambda now, drawn=drawn: now != drawn, lab.page)
            lab.photograph(pictures, f"{name.replace(' ', '-')}-{theme}")
            assert view.inner_text() == said
            faint = {words: ratio for words, ratio in contrasts(view).items() if ratio < 4.5}
            assert not faint, "WCAG asks for a contrast of 4.5 to 1"
            for canvas in view.locator("canvas").all():
                assert len(canvas.get_attribute("aria-label") or "") > 40
    finally:
        lab.theme(dark=False)
