"""The way through the course: each unit opens when what it requires is mastered, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest
from answering import master, sit

from autograder.judging import bank
from course import check, gate, kernel_info, progress, syllabus
from course.mastery import record
from course.notebook.gates import GateClosed
from course.syllabus import Unit


@pytest.fixture(autouse=True)
def _someone_with_an_empty_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ISOMETRY_GATES", raising=False)
    monkeypatch.delenv("ISOMETRY_COURSE", raising=False)
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)


def complete(unit: Unit) -> None:
    """Do all that the gate after `unit` asks for: practise each skill, write its code, sit the checkpoint."""
    master(*(skill.id for skill in unit.gated))
    for name in (name for skill in unit.gated for name in skill.code):
        exercise = bank.find(name)
        assert exercise is not None
        assert check(name, exercise.reference) == exercise.points
    if unit.gated:
        assert sit(unit.id).passed


def test_the_units_can_be_taken_in_order_through_their_gates(capsys: pytest.CaptureFixture[str]) -> None:
    done: set[str] = set()
    for unit in syllabus.load().units:
        if not set(unit.requires) <= done:
            raise AssertionError(f"{unit.id} stands before {set(unit.requires) - done}, which it requires")
        assert "Open" in gate(unit.id).heading
        complete(unit)
        done.add(unit.id)
    gated = [unit for unit in syllabus.load().units if unit.gated]
    assert progress().text().count("✓ mastered") == len(gated)
    assert record.read().warning == ""


def test_a_unit_is_closed_until_each_unit_it_requires_is_mastered(capsys: pytest.CaptureFixture[str]) -> None:
    for unit in syllabus.load().units:
        if any(syllabus.load().unit(name).gated for name in unit.requires):
            with pytest.raises(GateClosed):
                gate(unit.id)


def test_prerequisites_are_a_graph_without_a_circle() -> None:
    whole = syllabus.load()

    def before(unit: Unit, path: tuple[str, ...]) -> None:
        assert unit.id not in path, f"a circle: {' → '.join([*path, unit.id])}"
        for name in unit.requires:
            before(whole.unit(name), (*path, unit.id))

    for unit in whole.units:
        before(unit, ())


def test_what_stands_in_the_clone_is_what_the_manifest_lists(root: Path) -> None:
    assert [p.stem for p in sorted(root.glob("course/[0-9]*.ipynb"))] == [unit.id for unit in syllabus.load().units]
