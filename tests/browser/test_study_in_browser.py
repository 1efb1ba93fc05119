"""A learner's session, from the start page to a passed gate, in a real JupyterLab and a real browser.

Pictures of what it looked like are kept in pytest's temporary folder, under `pictures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Form, Lab, Round, becomes, master, picture, studying
from playwright.sync_api import expect

from autograder.judging import bank
from autograder.judging.bank import Bank
from autograder.judging.values import to_builtins
from course import syllabus
from course.mastery import record
from course.views.spectrum import SpectrumExplorer

pytestmark = pytest.mark.browser

UNIT = "02-jacobians"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def questions(root: Path) -> Bank:
    return bank.load(root / "solutions" / UNIT / "bank")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learner") / "my-work"


@pytest.fixture(scope="module")
def lab(
    chromium: Any, root: Path, mine: Path, tmp_path_factory: pytest.TempPathFactory, pictures: Path
) -> Iterator[Lab]:
    """The lesson of unit 02, opened from the start page and run from top to bottom."""
    for needed in syllabus.load(root / "course" / "syllabus.toml").unit(UNIT).requires:
        master(needed, root, mine / "record.jsonl")
    with studying(root, mine, tmp_path_factory.mktemp("study")) as server:
        lab = Lab(chromium, server)
        lab.page.goto(server.page(""))  # the address that `course study` prints leads to the start page
        lab.in_front("start.ipynb")
        lab.photograph(pictures, "start")
        lab.follow("Jacobians", to=f"{UNIT}.ipynb")
        lab.run_all()
        yield lab
        lab.close()


def test_the_lesson_runs_without_an_error_and_asks_the_network_for_nothing(lab: Lab) -> None:
    assert lab.errors() == []
    assert lab.asked <= {"localhost", "127.0.0.1", ""}


def test_every_picture_has_words_beside_it(lab: Lab) -> None:
    """Each drawing a screen reader meets has a name."""
    for source in ("whisper(phi=", "spectrum_explorer()"):
        view = lab.cell(source).locator("canvas").first
        expect(view).to_be_visible(timeout=30_000)
        assert len(view.get_attribute("aria-label") or "") > 40


def test_moving_a_slider_of_the_explorer_changes_the_picture(lab: Lab, pictures: Path) -> None:
    view = lab.cell("spectrum_explorer()").locator(".jp-OutputArea")
    canvas, words = view.locator("canvas").first, view.locator(".iso-words[aria-live]")
    expect(canvas).to_be_visible(timeout=30_000)
    expect(words).to_contain_text("Depth 32")
    before, said = picture(canvas), words.inner_text()
    slider = view.get_by_role("slider", name=re.compile("σ_w"))
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    becomes(lambda: picture(canvas), lambda now: now != before, lab.page)
    after = becomes(lambda: words.inner_text(), lambda now: now != said, lab.page)
    sigma_w = float(slider.input_value())
    assert sigma_w > 1.0
    # And it is the right picture: its words are those of a net with this σ_w.
    becomes(
        lambda: (words.inner_text(), SpectrumExplorer(sigma_w=float(slider.input_value())).words),
        lambda pair: pair[0] == pair[1],
        lab.page,
    )
    assert after != said
    lab.photograph(pictures, "explorer")


def test_keys_pressed_in_an_output_are_the_outputs(lab: Lab) -> None:
    """JupyterLab's own: → jumps to the next heading, ↓ to the next cell, X cuts the cell, wherever the focus is."""
    view = lab.cell("spectrum_explorer()").locator(".jp-OutputArea")
    before = [cell["source"] for cell in lab.cells()]
    slider = view.get_by_role("slider", name=re.compile("Depth"))
    slider.focus()
    slider.press("End")
    assert float(slider.input_value()) == 64
    slider.press("ArrowLeft")
    assert float(slider.input_value()) == 63
    for key in ("x", "d", "d", "ArrowDown", "Enter"):
        view.get_by_role("button").last.press(key)
        assert view.get_by_role("button").last.evaluate("button => button === document.activeElement")
    assert [cell["source"] for cell in lab.cells()] == before
    slider.press("Home")


def test_the_whisper_player_plays_steps_and_goes_back(lab: Lab, pictures: Path) -> None:
    view = lab.cell("whisper(phi=").locator(".iso-player")
    canvas, time = view.locator("canvas").first, view.locator("output")
    expect(canvas).to_be_visible(timeout=30_000)
    frame = view.get_by_role("slider", name=re.compile("Frame"))
    view.get_by_role("button", name="First").click()
    assert float(frame.input_value()) == 0
    start, read = picture(canvas), time.inner_text()

    view.get_by_role("button", name="Play").click()
    becomes(lambda: float(frame.input_value()), lambda now: now >= 2, lab.page)
    view.get_by_role("button", name="Pause").click()
    assert time.inner_text() != read and picture(canvas) != start
    lab.photograph(pictures, "player")

    view.get_by_role("button", name="First").click()
    view.focus()
    lab.page.keyboard.press("ArrowRight")
    assert float(frame.input_value()) == 1
    one = picture(canvas)
    lab.page.keyboard.press("ArrowRight")
    assert float(frame.input_value()) == 2 and picture(canvas) != one
    lab.page.keyboard.press("ArrowLeft")
    assert float(frame.input_value()) == 1 and picture(canvas) == one


def test_a_wrong_answer_is_told_its_mistake_and_a_right_one_counts(
    lab: Lab, questions: Bank, mine: Path, pictures: Path
) -> None:
    shown = lab.cell('practice("jacobians.scale")').locator(".jp-Cell-outputArea")
    form = Form(shown, questions, "jacobians.scale")
    exercise, given = form.asked()
    mistake = exercise.mistakes[0]
    verdict = form.answer(to_builtins(mistake.answer(**given)))
    assert verdict.startswith("✗ Not yet") and mistake.sentence.replace("`", "") in verdict
    assert str(form.right()) not in verdict
    lab.photograph(pictures, "practice-wrong-light")
    lab.theme(dark=True)
    lab.photograph(pictures, "practice-wrong-dark")
    lab.theme(dark=False)
    assert form.answer(form.right()).startswith("✓ Right")
    form.another()
    assert form.answer(form.right()).startswith("✓ Right")
    lab.photograph(pictures, "practice-right-light")
    events = [e for e in record.read(mine / "record.jsonl").events if e.skill == "jacobians.scale"]
    assert [(e.right, e.mistake, e.first) for e in events][:2] == [(False, mistake.name, True), (True, None, False)]


def test_the_unit_is_mastered_by_three_right_in_each_skill_its_code_and_the_checkpoint(
    lab: Lab, questions: Bank, root: Path, mine: Path, pictures: Path
) -> None:
    unit = syllabus.load(root / "course" / "syllabus.toml").unit(UNIT)
    for skill in unit.gated:
        for exercise in skill.code:  # passed in the exercise notebook, whose kernel is another one
            passed = record.Event("answer", "jacobians", skill.id, exercise, right=True, source="check")
            record.append(passed, mine / "record.jsonl")
    shown = lab.run_cell(f'progress("{UNIT}")').locator(".jp-Cell-outputArea")
    expect(shown).to_contain_text("0 of 6 skills mastered")
    for skill in unit.gated:
        shown.get_by_role("button", name=f"Practise: {skill.title}").click()
        becomes(
            lambda skill=skill: shown.inner_text(),
            lambda text, skill=skill: f"Practice · {skill.title}" in text,
            lab.page,
        )
        Form(shown, questions, skill.id).master()
    shown.get_by_role("button", name=f"Sit the checkpoint of {UNIT}").click()
    Round(shown, [exercise for exercise in questions.exercises.values() if not exercise.is_code]).through()
    expect(shown).to_contain_text(f"{UNIT} is mastered")
    shown = lab.run_cell(f'progress("{UNIT}")').locator(".jp-Cell-outputArea")
    expect(shown).to_contain_text(f"✓ Mastered · {UNIT}")
    lab.cell(f'progress("{UNIT}")')
    lab.photograph(pictures, "gate-passed-light")
    lab.theme(dark=True)
    lab.cell(f'progress("{UNIT}")')
    lab.photograph(pictures, "gate-passed-dark")
    lab.theme(dark=False)
    assert record.read(mine / "record.jsonl").torn == 0
