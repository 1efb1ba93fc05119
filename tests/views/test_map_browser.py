"""The map in a browser, without Jupyter: where cards and lines lie, what is text, keys, and what is asked of the kernel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from course.map import overview
from course.map.page import MapView
from course.mastery.rule import Standing
from course.syllabus import Skill, Syllabus, Unit

pytestmark = pytest.mark.browser

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Fifteen units as a whole course might have them, with lines that pass one layer and more.
REQUIRES = {
    "00": "", "01": "", "02": "01", "03": "02", "04": "02", "05": "03 04", "06": "01", "07": "06 04", "08": "02",
    "09": "08 05", "10": "09", "11": "05 01", "12": "11", "13": "10 12 07", "14": "13 01",
}  # fmt: skip


def unit(name: str, *requires: str, title: str = "") -> Unit:
    skill = Skill(f"{name}.a", "A skill", True)
    return Unit(name, title or f"Unit {name}: more", "What is it?", 90, requires, skills=(skill,))


def view(*units: Unit, **wired: str) -> MapView:
    syllabus = Syllabus(1, "Small", units)
    shown = overview.overview(Standing(syllabus), NOW)
    lessons = {one.id: f"{one.id}-lesson.ipynb" for one in units}
    return MapView(map={**overview.wire(shown, lessons, {}), **wired})


WHOLE = tuple(unit(name, *needed.split()) for name, needed in REQUIRES.items())

# For each line, how often it is seen inside a card that it neither starts from nor leads to.
_CROSSED = """() => [...document.querySelectorAll("path[data-edge]")].map((path) => {
  const origin = path.ownerSVGElement.getBoundingClientRect();
  const ends = path.dataset.edge.split(" ");
  const boxes = [...document.querySelectorAll(".iso-unit")].filter((n) => !ends.includes(n.dataset.unit))
    .map((n) => n.getBoundingClientRect());
  let inside = 0;
  for (let k = 0; k <= 100; k += 1) {
    const { x, y } = path.getPointAtLength((path.getTotalLength() * k) / 100);
    const [px, py] = [x + origin.left, y + origin.top];
    inside += boxes.some((b) => px > b.left + 1 && px < b.right - 1 && py > b.top + 1 && py < b.bottom - 1);
  }
  return inside;
})"""


# Seven units in four layers, of which one line passes two.
SMALL = tuple(unit(n, *needed) for n, needed in {
    "00": (), "01": (), "02": ("01",), "03": ("02",), "04": ("02",), "05": ("01", "00"), "06": ("03", "00"),
}.items())  # fmt: skip


@pytest.mark.parametrize(("units", "runs"), [(WHOLE, "down"), (SMALL, "across")])
def test_lines_run_behind_no_card(opened: Any, units: tuple[Unit, ...], runs: str) -> None:
    page = opened(view(*units), viewport={"width": 1200, "height": 2000})
    expect(page.locator(".iso-graph")).to_have_attribute("data-runs", runs)
    crossed = page.evaluate(_CROSSED)
    edges = view(*units).map["edges"]
    assert len(crossed) == len(edges) and max(len(edge["path"]) for edge in edges) > 3
    assert crossed == [0] * len(crossed)
    assert page.faults == []


@pytest.mark.parametrize(("width", "runs"), [(2200, "across"), (1000, "down"), (360, "list")])
def test_the_map_fits_the_width_it_has(opened: Any, width: int, runs: str) -> None:
    units = SMALL if runs == "across" else WHOLE
    page = opened(view(*units), viewport={"width": width, "height": 1200})
    expect(page.locator(".iso-graph")).to_have_attribute("data-runs", runs)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    boxes = [card.bounding_box() for card in page.locator(".iso-unit").all()]
    assert len(boxes) == len(units)
    overlap = [
        (a, b)
        for k, a in enumerate(boxes)
        for b in boxes[:k]
        if min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"]) > 0.5
        and min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"]) > 0.5
    ]
    assert overlap == []
    assert (page.locator("path[data-edge]").count() == 0) == (runs == "list")


def test_it_follows_when_the_page_grows_narrow_and_wide_again(opened: Any) -> None:
    page = opened(view(*WHOLE), viewport={"width": 1000, "height": 900})
    page.set_viewport_size({"width": 360, "height": 900})
    expect(page.locator(".iso-graph")).to_have_attribute("data-runs", "list")
    page.set_viewport_size({"width": 1000, "height": 900})
    expect(page.locator(".iso-graph")).to_have_attribute("data-runs", "down")
    assert page.evaluate(_CROSSED) == [0] * len(view(*WHOLE).map["edges"])


def test_what_the_manifest_says_is_text(opened: Any) -> None:
    evil = '<img src=x onerror="window.hacked = true">'
    page = opened(view(unit("01", title=evil), unit("02", "01"), title=evil, warning=evil))
    expect(page.locator(".iso-map")).to_contain_text(evil)
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_a_locked_unit_is_a_button_and_an_open_one_a_link(opened: Any) -> None:
    page = opened(view(unit("01"), unit("02", "01")))
    expect(page.get_by_role("link", name="01 Unit 01, open")).to_have_attribute("href", "01-lesson.ipynb")
    page.get_by_role("button", name="02 Unit 02, locked: what is missing").click()
    assert [(sent["do"], sent["unit"]) for sent in page.evaluate("window.sent")] == [("why", "02")]


def test_the_arrows_move_to_the_unit_that_lies_there(opened: Any) -> None:
    page = opened(view(unit("01"), unit("02", "01"), unit("03", "01"), unit("04", "02")))
    page.get_by_role("link", name="01 Unit 01, open").focus()
    seen = []
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(page.evaluate("document.activeElement.innerText"))
    assert [text.split()[0] for text in seen] == ["02", "03", "02", "04", "04", "02", "01"]


def test_the_readers_place_is_kept_when_the_map_changes(opened: Any) -> None:
    page = opened(view(unit("01"), unit("02", "01")))
    practise = page.get_by_role("button", name="Practise 01 Unit 01")
    practise.focus()
    changed = view(unit("01"), unit("02", "01")).map
    changed["units"][0].update(word="in progress", state="in progress", sign="◐")
    page.evaluate("state => window.receive({ state, bytes: {} })", {"map": changed})
    expect(page.locator('[data-unit="01"]')).to_contain_text("◐ in progress")
    expect(practise).to_be_focused()
    changed["units"][0].update(practise=False)
    page.evaluate("state => window.receive({ state, bytes: {} })", {"map": changed})
    expect(page.get_by_role("link", name="01 Unit 01, in progress")).to_be_focused()


def test_a_kernel_that_does_not_answer_is_told_of_until_it_does(opened: Any) -> None:
    page = opened(view(unit("01")))
    page.clock.install()
    page.get_by_role("button", name="Refresh").click()
    silent = page.get_by_text("The kernel has not answered yet")
    page.clock.run_for(1000)
    expect(silent).to_be_hidden()
    page.clock.run_for(2000)
    expect(silent).to_be_visible()
    (sent,) = page.evaluate("window.sent")
    page.evaluate(
        "state => window.receive({ state, bytes: {} })", {"map": {**view(unit("01")).map, "seq": sent["seq"]}}
    )
    expect(silent).to_be_hidden()


def test_a_map_that_comes_into_sight_again_asks_how_things_stand(opened: Any) -> None:
    page = opened(view(unit("01")))
    here = "document.getElementById('here').style.display"
    page.evaluate(f"{here} = 'none'")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    assert page.evaluate("window.sent") == []
    page.evaluate(f"{here} = ''")
    page.wait_for_function("window.sent.length === 1")
    assert page.evaluate("window.sent[0].do") == "refresh"
