"""A gate, closed and opened, in a course of two units; and *Validate* on the real exercises. In a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Form, Lab, Round, becomes, flat, notebook, studying
from playwright.sync_api import expect

from autograder.judging import bank
from course.mastery import record

pytestmark = pytest.mark.browser

UNIT = "02-jacobians"

MANIFEST = """
version = 1
title = "Small"

[[unit]]
id = "01-sample"
title = "The first"
question = "What is left?"
minutes = 5
requires = []
  [[unit.skill]]
  id = "sample.scale"
  title = "Scale after some layers"
  gates = true

[[unit]]
id = "02-next"
title = "The second"
question = "And then?"
minutes = 5
requires = ["01-sample"]
"""


@pytest.fixture(scope="module")
def small(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of two units, where the second requires the first."""
    folder: Path = tmp_path_factory.mktemp("small") / "clone"
    unit = folder / "solutions" / "01-sample"
    for made in (folder / "course", unit):
        made.mkdir(parents=True)
    (folder / "course" / "syllabus.toml").write_text(MANIFEST)
    shutil.copy(root / "tests" / "autograder" / "sample_bank.py", unit / "bank.py")
    notebook(folder / "course" / "start.ipynb", "# A small course\n\n[The second](02-next.ipynb)")
    notebook(folder / "course" / "01-sample.ipynb", "from course import practice", 'practice("sample.scale")')
    notebook(
        folder / "course" / "02-next.ipynb",
        "# The second lesson",
        'from course import gate\n\ngate("02-next")',
        'print("this is the second lesson")',
    )
    return folder


Study = Callable[[Path], Lab]


@pytest.fixture
def study(chromium: Any, tmp_path: Path) -> Iterator[Study]:
    """`study(course)`: a new learner opens it; the start page is in front."""
    running: list[Any] = []

    def begin(root: Path) -> Lab:
        context = studying(root, tmp_path / "my-work", tmp_path / "scratch")
        lab = Lab(chromium, context.__enter__())
        running.extend([lab, context])
        lab.page.goto(lab.server.page(""))
        lab.in_front("start.ipynb")
        return lab

    yield begin
    for one in running:
        one.close() if isinstance(one, Lab) else one.__exit__(None, None, None)


def test_a_closed_gate_stops_the_lesson_and_three_right_in_a_row_and_a_checkpoint_open_it(
    study: Study, small: Path, tmp_path: Path
) -> None:
    lab = study(small)
    lab.follow("The second", to="02-next.ipynb")
    lab.run_all()
    assert ["GateClosed" in error for error in lab.errors()] == [True]
    assert lab.cells()[2]["count"] is None, "Run All went past a closed gate"
    gate = lab.cell("gate(").locator(".jp-Cell-outputArea")
    expect(gate).to_contain_text("Not open yet · The second")
    expect(gate).to_contain_text("Scale after some layers: 0 of 3 in a row")
    lab.photograph(tmp_path, "gate-closed")

    gate.get_by_role("button", name="Practise: Scale after some layers").click()
    questions = bank.load(small / "solutions" / "01-sample" / "bank.py")
    Form(gate, questions, "sample.scale").master()
    expect(gate).to_contain_text("the mixed checkpoint of 10: ready: 10 fresh questions, 8 right are needed")
    lab.photograph(tmp_path, "gate-practised")
    gate.get_by_role("button", name="Sit the checkpoint of 01-sample").click()
    Round(gate, questions.of_skill("sample.scale")).through()
    expect(gate).to_contain_text("✓ Open now · The second")
    expect(gate.get_by_role("button")).to_have_count(0)
    lab.photograph(tmp_path, "gate-passed")
    lab.run_all()
    assert lab.errors() == []
    expect(lab.cell("gate(").locator(".jp-Cell-outputArea")).to_contain_text("✓ Open · The second")
    expect(lab.cell("print(").locator(".jp-Cell-outputArea")).to_contain_text("this is the second lesson")
    lab.photograph(tmp_path, "gate-open")


def test_a_learner_may_continue_anyway_and_it_is_recorded(study: Study, small: Path, tmp_path: Path) -> None:
    lab = study(small)
    lab.follow("The second", to="02-next.ipynb")
    lab.run_all()
    gate = lab.cell("gate(").locator(".jp-Cell-outputArea")
    gate.get_by_role("button", name="Continue anyway").click()
    expect(gate).to_contain_text("Recorded: you continue without mastery")
    lab.run_all()
    assert lab.errors() == []
    expect(lab.cell("gate(").locator(".jp-Cell-outputArea")).to_contain_text("You chose to continue without mastery")
    events = record.read(tmp_path / "my-work" / "record.jsonl").events
    assert [(event.kind, event.unit) for event in events] == [("continue", "02-next")]


def validated(lab: Lab, pictures: Path) -> str:
    """Press nbgrader's *Validate*; what its dialog says."""
    lab.page.get_by_role("button", name="Validate").locator("visible=true").first.click()
    dialog = lab.page.locator(".jp-Dialog-content")
    expect(dialog).to_be_visible(timeout=180_000)
    text = becomes(lambda: flat(dialog.inner_text()), lambda said: len(said) > 20, lab.page)
    lab.photograph(pictures, "validated")
    lab.page.keyboard.press("Escape")
    return str(text)


def test_validate_in_jupyterlab_tells_an_untouched_notebook_from_a_solved_one(
    study: Study, root: Path, tmp_path: Path
) -> None:
    lab = study(root)
    name = f"exercises/{UNIT}/{UNIT}.ipynb"
    lab.follow(name, to=name)
    said = validated(lab, tmp_path)
    assert "failed" in said, said
    shutil.copy(root / "solutions" / UNIT / f"{UNIT}.ipynb", tmp_path / "my-work" / name)
    lab.open(name)
    said = validated(lab, tmp_path)
    assert "Success" in said, said
    assert not (tmp_path / "my-work" / "record.jsonl").exists(), "Validate is no learner: it records nothing"
