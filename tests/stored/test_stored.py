"""Whatever people kept from an earlier version still works: the files of b475ebb in `files/`, read by today's code."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tarfile
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from fresh_kernel import run, troubles
from nbgrader.api import Gradebook

from autograder.gradebook.ledger import GradebookStore
from autograder.judging import answer_key, bank, secret
from autograder.judging.examiner import rejudge
from autograder.judging.protocol.transcript import Transcript
from autograder.submissions import assignment as assignments
from course import syllabus
from course.mastery import record, why
from course.mastery.rule import Standing

ROOT = Path(__file__).resolve().parents[2]
FILES = Path(__file__).parent / "files"
UNITS = ("01-composition", "02-jacobians", "04-normalization", "06-convolution")
LESSONS = ("00-readiness", *UNITS)


def named(unit: str) -> str:
    """A test's id. It is not the unit's own: what is kept costs the same, however many units come."""
    return f"kept-{unit}"


GIVEN = 1.5
"""What a person gave for one essay of each class."""


def unpacked(archive: str, into: Path) -> Path:
    with tarfile.open(FILES / archive) as packed:
        packed.extractall(into, filter="data")
    return into


# --------------------------------------------------------------------------- a record


@cache
def told_then() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FILES / "standing.json").read_text(encoding="utf-8"))
    return read


def test_a_record_replays_to_where_it_left_the_learner() -> None:
    events = record.read(FILES / "record.jsonl").events
    assert len(events) == 108 and {event.kind for event in events} == {"answer", "sitting", "continue", "stuck"}
    standing, at = Standing(syllabus.load()), datetime.fromisoformat(told_then()["at"])
    for event in events:
        standing.take(event)
    for name, then in told_then()["skills"].items():
        state = standing.skill(name)
        now = {"held": bool(state.held), "row": state.row, "due": bool(state.held and state.due(at))}
        assert now == then, name
    for unit in standing.syllabus.units:
        if unit.id in told_then()["units"]:
            now = {"state": str(standing.state(unit, at)), "passed": standing.units[unit.id].passed}
            assert now == told_then()["units"][unit.id], unit.id


def test_a_record_says_what_was_asked_then_in_the_words_of_then() -> None:
    events = record.read(FILES / "record.jsonl").events
    lines = [line.text for line in why.explain(syllabus.load(), events, syllabus.load().unit("01-composition"))]
    asked = [event.asked.split("\n")[0] for event in events if event.kind == "answer" and event.unit == "composition"]
    assert asked and all(any(question[:60] in line for line in lines) for question in asked[:3])


def test_the_commands_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "record.jsonl"
    shutil.copy(FILES / "record.jsonl", kept)
    monkeypatch.setenv("ISOMETRY_RECORD", str(kept))
    for arguments in (["progress"], ["why", "01-composition"]):
        done = subprocess.run([sys.executable, "-m", "course", *arguments], capture_output=True, text=True)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        assert "A forward pass by hand" in done.stdout or "Composition" in done.stdout, done.stdout
    assert kept.read_bytes() == (FILES / "record.jsonl").read_bytes()


# --------------------------------------------------------------------------- seeds


def variants() -> dict[str, list[tuple[int, dict[str, Any], Any]]]:
    read: dict[str, list[tuple[int, dict[str, Any], Any]]] = json.loads(
        (FILES / "variants.json").read_text(encoding="utf-8")
    )
    return read


def test_what_old_seeds_dealt_is_still_asked_and_has_the_answer_it_had() -> None:
    """A seed means its variant only under the bank's text of then; so the numbers it drew are kept, and these hold."""
    assert len(variants()) >= 140
    for name, dealt in variants().items():
        exercise = bank.find(name)
        assert exercise is not None, f"{name} is gone, and stands in records"
        for _, arguments, then in dealt:
            assert exercise.prompt(arguments), name
            now = answer_key.key_of(exercise, arguments).right
            same = now == then if isinstance(then, str) else np.allclose(now, np.asarray(then, float))
            assert same, (name, arguments, now, then)


def test_a_checkpoint_begun_then_asks_the_skills_it_asked() -> None:
    from random import Random

    from course.mastery import plan, rule

    events = record.read(FILES / "record.jsonl").events
    begun = [event for event in events if event.kind == "sitting"]
    assert begun
    for sitting in begun:
        asked = [e.skill for e in events if e.kind == "answer" and e.sitting == sitting.sitting]
        gated = [skill.id for skill in syllabus.load().unit(sitting.unit).gated]
        assert sitting.seed is not None
        assert plan.mixed(gated, rule.ITEMS, Random(sitting.seed))[: len(asked)] == asked


# --------------------------------------------------------------------------- a gradebook


@pytest.fixture(scope="module", params=UNITS, ids=named)
def graded_then(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    unit: str = request.param
    return unit, unpacked(f"class-{unit}.tar.xz", tmp_path_factory.mktemp("class"))


def autograder(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scores_in(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["student"]: float(row["score"]) for row in csv.DictReader(file)}


def essays(url: str, unit: str) -> dict[str, tuple[float, str]]:
    """What people gave: the score and the comment, by student."""
    with Gradebook(url) as gradebook:
        return {
            submission.student.id: (grade.manual_score, comment.manual_comment)
            for submission in gradebook.assignment_submissions(unit)
            for notebook in submission.notebooks
            for grade in notebook.grades
            for comment in notebook.comments
            if grade.manual_score is not None and comment.name == grade.cell.name
        }


@pytest.mark.parametrize("graded_then", UNITS[-1:], indirect=True, ids=named)  # what is read is the same in each
def test_a_gradebook_is_reported_explained_and_exported(graded_then: tuple[str, Path], tmp_path: Path) -> None:
    unit, into = graded_then
    then = scores_in(into / f"{unit}.csv")
    (read,) = essays(f"sqlite:///{into / 'gradebook.db'}", unit)
    autograder("report", unit, "--into", into)
    # Nothing was kept then with which points could be compared, so they are exported only by somebody's word.
    told = autograder("export", unit, "--to", "csv", "--out", tmp_path / "out.csv", "--into", into)
    assert told.count("grade again") == len(then)
    autograder("export", unit, "--to", "csv", "--out", tmp_path / "taken.csv", "--into", into, "--with-unread")
    exported = scores_in(tmp_path / "taken.csv")
    assert exported == {student: points + (GIVEN if student == read else 0) for student, points in then.items()}
    assert f"{exported[read]:g} of" in autograder("why", unit, read, "--into", into)


def test_answers_that_were_kept_are_judged_again_as_they_were_judged(graded_then: tuple[str, Path]) -> None:
    unit, into = graded_then
    assignment = assignments.find(unit, ROOT)
    items = assignment.graded_items(secret.secret(into / f"{unit}.secret"))
    ledger = GradebookStore(f"sqlite:///{into / 'gradebook.db'}")
    judged = 0
    for row in ledger.rows(unit):
        kept = ledger.kept(unit, row.student)
        assert kept is not None and kept.fingerprint is not None
        for cell, text in kept.answers.items():
            try:
                verdict = rejudge(items[cell], Transcript.from_text(text))
            except LookupError:
                continue  # a function that is asked other inputs by now: the notebook has to run again
            assert verdict.points >= kept.verdicts[cell].points - 1e-9, (row.student, cell, verdict)
            judged += 1
    assert judged >= 20


def test_submissions_are_graded_again_and_nobody_loses_a_point(graded_then: tuple[str, Path], tmp_path: Path) -> None:
    unit, before = graded_then
    into = tmp_path / "grading"
    shutil.copytree(before, into)
    then = scores_in(into / f"{unit}.csv")
    given = essays(f"sqlite:///{into / 'gradebook.db'}", unit)
    autograder("grade", unit, "--submissions", into / "submitted", "--into", into, "--jobs", "2")
    now = scores_in(into / f"{unit}.csv")
    assert now.keys() == then.keys()
    for student, points in then.items():
        assert now[student] >= points + (GIVEN if student in given else 0), student
    assert essays(f"sqlite:///{into / 'gradebook.db'}", unit) == given != {}


# --------------------------------------------------------------------------- notebooks in my-work/


@pytest.mark.parametrize("unit", LESSONS, ids=named)
def test_a_lesson_of_then_still_runs(unit: str, tmp_path: Path) -> None:
    lesson = nbformat.read(unpacked("lessons.tar.xz", tmp_path / "kept") / "course" / f"{unit}.ipynb", as_version=4)
    (tmp_path / "my-work").mkdir()
    ran = run(lesson, tmp_path / "my-work", ISOMETRY_GATES="open")
    assert troubles(ran) == []


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_exercises_handed_out_then_still_run(unit: str, tmp_path: Path) -> None:
    kept = unpacked("exercises.tar.xz", tmp_path / "kept") / "exercises" / unit
    (tmp_path / "my-work").mkdir()
    for path in kept.iterdir():
        shutil.copy(path, tmp_path / "my-work")
    ran = run(nbformat.read(kept / f"{unit}.ipynb", as_version=4), tmp_path / "my-work")
    assert troubles(ran) == []
    shown = json.dumps([cell.get("outputs", []) for cell in ran.cells], ensure_ascii=False)
    assert "Not attempted" in shown
