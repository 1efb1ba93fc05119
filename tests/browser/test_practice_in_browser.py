"""Practice with the keyboard alone, in a real JupyterLab: from the first question through the checkpoint to an open gate.

Pictures of what it looked like are kept in pytest's temporary folder, under `pictures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import practice_course
import pytest
from lab import Lab, Round, becomes, contrasts, focused, notebook, studying
from playwright.sync_api import Locator, expect
from practice_course import NEXT, UNIT

from course.mastery import record
from course.mastery.rule import ITEMS, STUCK_AFTER

pytestmark = pytest.mark.browser

PRACTICE, PROGRESS, CHECK = "practice()", f'progress("{UNIT}")', 'check("rounds.doubled", lambda x: 2 * x)'


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learner") / "my-work"


@pytest.fixture(scope="module")
def lab(chromium: Any, mine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lesson of the small course, its first cell run."""
    root = practice_course.make(tmp_path_factory.mktemp("practice") / "clone")
    notebook(root / "course" / "start.ipynb", "# A small course")
    names = "from course import check, practice, progress"
    notebook(root / "course" / f"{UNIT}.ipynb", "# Worked out", names, PRACTICE, CHECK, PROGRESS)
    notebook(root / "course" / f"{NEXT}.ipynb", "from course import gate, practice", f'gate("{NEXT}")', PRACTICE)
    written = root / "exercises" / UNIT
    written.mkdir(parents=True)
    notebook(written / f"{UNIT}.ipynb", "# Paper")
    with studying(root, mine, tmp_path_factory.mktemp("scratch")) as server:
        lab = Lab(chromium, server)
        lab.open(f"{UNIT}.ipynb")
        lab.run_cell(names)
        yield lab
        lab.close()


def output(lab: Lab, source: str) -> Locator:
    return lab.cell(source).locator(".jp-Cell-outputArea")


def run_and_enter(lab: Lab, source: str) -> Locator:
    """Run the cell with Ctrl+Enter, which stays there, and go into its output with Tab; the output."""
    lab.cell(source).locator(".cm-content").first.click()
    lab.page.keyboard.press("Control+Enter")
    out = output(lab, source)
    expect(out.get_by_role("button").first).to_be_visible(timeout=30_000)
    lab.page.keyboard.press("Escape")
    for _ in range(6):
        lab.page.keyboard.press("Tab")
        if out.evaluate("out => out.contains(document.activeElement)"):
            return out
    raise AssertionError(f"six times Tab, and the keyboard is at “{focused(lab.page)}”")


def both_themes(lab: Lab, pictures: Path, name: str, place: Locator) -> None:
    """Photograph the page, light and dark; in both, every text in `place` can be read."""
    for dark in (False, True):
        lab.theme(dark)
        lab.photograph(pictures, f"{name}-{'dark' if dark else 'light'}")
        prompt = re.compile(r"\[\d+\]:")  # JupyterLab's own number of the cell
        faint = {text: ratio for text, ratio in contrasts(place).items() if ratio < 4.5 and not prompt.match(text)}
        assert faint == {}
    lab.theme(dark=False)


# What a screen reader finds: roles and names, in order.
ASKED = """
- 'progressbar "Ten minutes of practice: questions answered"'
- status "Question": /01-rounds question .+ answer/
{}
- button "Check"
- button "Next" [disabled]
- button "Hint"
- button "I don't know"
- status "What came of it"
"""
FIELDS = {
    "text": '- textbox "Answer"',
    "radio": """- group "Answer":
  - radio /it .+/
  - radio /it .+/
  - radio /it .+/""",
}


def test_ten_minutes_of_practice_need_no_mouse(lab: Lab, pictures: Path) -> None:
    form = Round(run_and_enter(lab, PRACTICE), practice_course.exercises())
    kinds: set[str] = set()
    for number in range(9):
        assert form.count == f"{number} of 9"
        at = becomes(lambda: focused(lab.page), lambda at: at.startswith(("text", "radio")), lab.page)
        kinds.add(at.split()[0])
        expect(form.place).to_match_aria_snapshot(ASKED.format(FIELDS[at.split()[0]]))
        if number == 0:
            said = form.enter(form.wrong())
            assert said.startswith("✗ Not yet") and "because" in said and "A miss: the row starts anew." in said
            lab.page.keyboard.press("Enter")
            assert form.verdict == said and form.count == "1 of 9", "Enter once too often"
            both_themes(lab, pictures, "practice-wrong", form.place)
            lab.page.keyboard.press("Tab")
            lab.page.keyboard.press("Tab")
            assert focused(lab.page) == "submit Next"
        else:
            assert form.enter(form.right()).startswith("✓ Right")
        assert form.place.get_by_role("progressbar").get_attribute("aria-valuetext") == f"{number + 1} of 9"
        assert form.go_on() == (number < 8)
    assert kinds == {"text", "radio"}


def test_the_end_is_read_and_an_enter_too_many_does_not_begin_anew(lab: Lab, pictures: Path) -> None:
    out = output(lab, PRACTICE)
    end = out.get_by_role("group", name="Ten minutes of practice: 8 of 9 right at the first try")
    expect(end).to_be_focused()
    words = end.inner_text()
    assert "mastered" in words and "in a row" in words and "next review" in words
    expect(out).to_match_aria_snapshot("""
- 'progressbar "Ten minutes of practice: questions answered"'
- 'group "Ten minutes of practice: 8 of 9 right at the first try"'
- button "Another ten minutes"
""")
    both_themes(lab, pictures, "practice-end", out)
    lab.page.keyboard.press("Enter")
    expect(end).to_be_focused()
    expect(out.get_by_role("button")).to_have_count(1)
    while focused(lab.page) != "submit Another ten minutes":
        lab.page.keyboard.press("Tab")
        assert out.evaluate("out => out.contains(document.activeElement)")


def test_another_ten_minutes_ask_what_is_left_and_then_nothing_is_due(lab: Lab, pictures: Path) -> None:
    out = output(lab, PRACTICE)
    more = out.get_by_role("button", name="Another ten minutes")
    for _ in range(3):
        if not more.is_visible():
            break
        more.press("Enter")
        nothing = out.get_by_role("group", name="✓ Nothing is due")
        expect(out.get_by_role("button", name="Check").or_(nothing)).to_be_visible()
        if nothing.is_visible():
            break
        Round(out, practice_course.exercises()).through()
    expect(nothing).to_be_focused()
    both_themes(lab, pictures, "practice-nothing-due", out)
    link = out.get_by_role("link", name=f"the exercises of {UNIT}")
    expect(link).to_have_attribute("href", re.compile(f"/files/exercises/{UNIT}/{UNIT}.ipynb"))  # as Lab made it
    expect(lab.run_cell(CHECK).locator(".jp-Cell-outputArea")).to_contain_text("✓ Right")


def sit(lab: Lab, out: Locator) -> Round:
    """Press the button that begins the checkpoint, or goes on with it; its first question has the focus."""
    out.get_by_role("button", name=f"Sit the checkpoint of {UNIT}").last.press("Enter")
    form = Round(out, practice_course.exercises())
    expect(out.get_by_role("progressbar", name=f"Checkpoint of {UNIT}: questions answered")).to_be_visible()
    return form


def test_a_checkpoint_is_left_gone_on_with_and_not_passed(lab: Lab, pictures: Path) -> None:
    out = run_and_enter(lab, PROGRESS)
    expect(out).to_contain_text("3 of 3 skills mastered")
    form = sit(lab, out)
    expect(form.place).to_match_aria_snapshot("""
- button "Check"
- button "Next" [disabled]
- button "I don't know"
""")
    assert form.place.get_by_role("button", name="Hint").count() == 0
    for number in range(4):
        said = form.enter(form.wrong() if number < 3 else form.right())
        assert said.startswith("✗ Not yet" if number < 3 else "✓ Right") and f"item {number + 1} of {ITEMS}" in said
        if number == 0:
            both_themes(lab, pictures, "checkpoint-wrong", out)
        assert form.go_on()
    out = run_and_enter(lab, PROGRESS)  # as one who comes back later
    expect(out).to_contain_text(f"begun: 4 of {ITEMS} answered")
    form = sit(lab, out)
    assert form.count == f"4 of {ITEMS}"
    for number in range(4, ITEMS):
        assert form.enter(form.right()).startswith("✓ Right")
        assert form.go_on() == (number < ITEMS - 1)
    end = out.get_by_role("group", name=f"◐ Not passed yet: 7 of {ITEMS} right, 8 are needed · {UNIT}")
    expect(end).to_be_focused()
    expect(end).to_contain_text("missed in the checkpoint; one fresh one right")
    both_themes(lab, pictures, "checkpoint-not-passed", out)


def test_what_was_missed_is_reviewed_and_the_checkpoint_sat_again_and_passed(lab: Lab, pictures: Path) -> None:
    out = output(lab, PROGRESS)
    again = out.get_by_role("button", name=f"Sit the checkpoint of {UNIT}")
    while not again.count():
        out.get_by_role("button", name="Practise: ").last.press("Enter")
        form = Round(out, practice_course.exercises())
        before = out.get_by_role("button", name="Practise: ").count()
        assert "Reviewed for the checkpoint" in form.enter(form.right())
        becomes(
            lambda before=before: out.get_by_role("button", name="Practise: ").count(),
            lambda n, b=before: n < b,
            lab.page,
        )
    sit(lab, out).through()
    end = out.get_by_role("group", name=f"✓ Passed with {ITEMS} of {ITEMS} · {UNIT} is mastered")
    expect(end).to_be_focused()
    expect(end).to_contain_text(f"{NEXT}: And then?")
    both_themes(lab, pictures, "checkpoint-passed", out)


def test_the_next_gate_is_open_and_a_stuck_learner_finds_another_way_in(lab: Lab, mine: Path, pictures: Path) -> None:
    output(lab, PROGRESS).get_by_role("link", name="Next: the second").press("Enter")
    lab.in_front(f"{NEXT}.ipynb")
    lab.run_cell("from course import gate")
    expect(lab.run_cell("gate(").locator(".jp-Cell-outputArea")).to_contain_text("✓ Open · Next: the second")
    for x in range(STUCK_AFTER):
        record.append(record.Event("answer", "next", "next.root", "next.root", {"x": 1000 + x}), mine / "record.jsonl")
    out = run_and_enter(lab, PRACTICE)
    aside = out.get_by_role("status", name="Another way in")
    expect(aside).to_contain_text("Take a square, and look for its side.")
    both_themes(lab, pictures, "another-way-in", out)
    out.get_by_role("link", name=re.compile("Worked out")).press("Enter")
    lab.in_front(f"{UNIT}.ipynb")
    assert lab.asked <= {"localhost", "127.0.0.1", ""}
