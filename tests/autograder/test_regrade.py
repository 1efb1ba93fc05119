"""Grading again grades what has changed, and nothing else: a submission, its exercises, what it ran with, what people gave."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import fake_grading
import nbformat
import numpy as np
import pytest
from fake_grading import UNIT
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from test_gradebook import of_version_0_1

from autograder.gradebook.rows import Row
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.submissions import fingerprints

WORDS = {"ada": "right", "ben": "half", "cyd": "wrong", "dan": "garbled", "fay": "forgotten"}
EVERYBODY = sorted(WORDS)
RAN = {"ada", "ben", "cyd"}
"""Those whose answers are kept, and can be judged again."""


class Class:
    """A small class that has been graded once, and counts who is graded again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.course, self.into = folder, fake_grading.course(folder), folder / "into"
        self.handed_in = fake_grading.hand_in(folder / "handed-in", WORDS)
        self.bank = self.course / "solutions" / UNIT / "bank.py"
        self.settings = Settings(self.into, seconds=5)
        self.rows: list[Row] = []

    def again(self, **changes: Any) -> list[str]:
        """Grade the class once more; who was run, by name, and whose cells were judged again, as `ada:cell`."""
        log = self.folder / "log"
        log.write_text("")
        os.environ[fake_grading.LOG] = str(log)
        try:
            with ThreadPoolExecutor(2) as threads:
                self.rows = grade_class(
                    UNIT,
                    self.handed_in,
                    replace(self.settings, **changes),
                    root=self.course,
                    executor=threads,
                    grade=fake_grading.grade,
                    judge=fake_grading.judge,
                )
        finally:
            del os.environ[fake_grading.LOG]
        return sorted(log.read_text().split())

    def in_nbgrader(self, change: Callable[[Gradebook], None]) -> None:
        with Gradebook(f"sqlite:///{self.into / 'gradebook.db'}", "isometry") as gradebook:
            change(gradebook)
            gradebook.db.commit()

    def page(self, student: str) -> str:
        return (self.into / "feedback" / student / UNIT / f"{UNIT}.html").read_text()


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    made = Class(tmp_path_factory.mktemp("regrade"))
    assert made.again() == EVERYBODY
    return made


def test_nobody_is_graded_again_where_nothing_changed(graded: Class) -> None:
    before, table = graded.rows, (graded.into / f"{UNIT}.csv").stat().st_mtime_ns
    assert graded.again() == []
    assert graded.rows == before and (graded.into / f"{UNIT}.csv").stat().st_mtime_ns == table
    assert graded.again(again=True) == EVERYBODY and graded.rows == before


def test_who_hands_in_anew_is_graded_again_and_nobody_else(graded: Class) -> None:
    path = graded.handed_in / "ben.ipynb"
    path.write_text("right")
    assert graded.again() == ["ben"] and {row.student: row.score for row in graded.rows}["ben"] == 7.0
    path.write_text(WORDS["ben"])
    assert graded.again() == ["ben"] and graded.again() == []
    path.touch()
    assert graded.again() == [], "a date is no change"


def test_a_new_student_and_a_lost_page_are_what_is_left_to_do(graded: Class) -> None:
    (graded.handed_in / "eve.ipynb").write_text("half")
    (graded.into / "feedback" / "ada" / UNIT / f"{UNIT}.html").unlink()
    assert graded.again() == ["ada:", "eve"], "the page is made anew, and nothing run"
    (graded.handed_in / "eve.ipynb").unlink()
    assert graded.again() == [] and {row.student for row in graded.rows} == set(WORDS)


def test_what_people_gave_and_the_due_date_reach_the_page(graded: Class) -> None:
    def give(gradebook: Gradebook) -> None:
        gradebook.find_grade("why", UNIT, UNIT, "ada").manual_score = 2.0
        gradebook.find_submission(UNIT, "ben").extension = timedelta(hours=1)

    graded.in_nbgrader(give)
    assert graded.again() == ["ada:", "ben:"]
    assert "{'why': (2.0, None)}" in graded.page("ada") and "3600.0" in graded.page("ben")

    def due(gradebook: Gradebook) -> None:
        gradebook.find_assignment(UNIT).duedate = datetime(2026, 1, 1)

    graded.in_nbgrader(due)
    assert graded.again() == ["ada:", "ben:", "cyd:", "dan", "fay"] and graded.again() == []


def test_a_gradebook_of_version_0_1_is_judged_again_without_running(graded: Class) -> None:
    graded.again()
    before = graded.rows
    of_version_0_1(graded.into / "gradebook.db")
    assert graded.again() == [*(f"{student}:" for student in sorted(RAN)), "dan", "fay"], "another version: all, once"
    assert graded.again() == []
    assert [(row.score, row.scores, row.reason) for row in graded.rows] == [
        (row.score, row.scores, row.reason) for row in before
    ]
    assert [row.diagnostics for row in graded.rows] == [row.diagnostics for row in before]


def test_an_exercise_that_changed_is_judged_again_from_the_answers_that_are_kept(graded: Class) -> None:
    text, before = graded.bank.read_text(), graded.rows
    held = "def added(inputs, outputs):\n    return inputs + outputs"
    changed = text.replace(held, held.replace("inputs + outputs", "both(inputs, outputs)")) + "\n\ndef both(a, b):\n"
    # The one requirement looks at what was measured with a function of the bank: the bank's text stands for that.
    always = "relu-check"

    def told(*cells: str) -> list[str]:
        return sorted([*(f"{student}:{','.join(cells)}" for student in RAN), "dan", "fay"])

    try:
        assert held in text
        graded.bank.write_text(changed + "    return a + b\n")
        assert graded.again() == told(always), "the same answers in other words"
        graded.bank.write_text(changed + "    return a + b + 1\n")
        assert graded.again() == told("count-check", always), "a helper function changes an answer"
        assert graded.again() == []
        graded.bank.write_text(changed.replace("Factors compound", "They compound") + "    return a + b + 1\n")
        assert graded.again() == told("scale-check", always), "a sentence"
    finally:
        graded.bank.write_text(text)
    assert graded.again() == told("scale-check", "count-check", always)
    assert graded.rows == before and graded.again() == []


def test_other_points_reach_every_score_that_stands_on_them(graded: Class) -> None:
    text = graded.bank.read_text()
    try:
        graded.bank.write_text(text.replace('skill="tiny.count", points=1', 'skill="tiny.count", points=0.5'))
        graded.again()
        assert {row.student: row.scores["count-check"] for row in graded.rows if row.student in RAN} == {
            "ada": 0.5,
            "ben": 0.25,
            "cyd": 0.0,
        }
    finally:
        graded.bank.write_text(text)
    graded.again()


@pytest.mark.parametrize("change", ["seconds", "secret", "notebook", "beside"])
def test_what_it_ran_with_counts(graded: Class, change: str) -> None:
    changes: dict[str, Any] = {}
    source = graded.course / "solutions" / UNIT
    if change == "seconds":
        changes = {"seconds": 7}
    elif change == "secret":
        (graded.into / f"{UNIT}.secret").write_text("cd" * 32 + "\n")
    elif change == "notebook":
        notebook = nbformat.read(source / f"{UNIT}.ipynb", as_version=4)
        (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "scale-check"]
        cell.source += "\n# more"
        nbformat.write(notebook, source / f"{UNIT}.ipynb")
    else:
        (source / "data.csv").write_text("1,2\n")
    assert graded.again(**changes) == EVERYBODY and graded.again(**changes) == []
    if change == "seconds":
        assert graded.again() == EVERYBODY


def test_a_text_half_beside_the_notebook_is_no_change_of_the_run(graded: Class) -> None:
    """It is never handed out; only the files that are can change what a notebook does."""
    assert graded.again() == []
    (graded.course / "solutions" / UNIT / f"{UNIT}.md").write_text("text")
    assert graded.again() == []


# --------------------------------------------------------------------------- digests

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def told_apart(value: Any) -> Any:
    """A value with its types, so that 1, 1.0 and True differ, as they do for a digest."""
    if isinstance(value, dict):
        return {key: told_apart(item) for key, item in value.items()}
    if isinstance(value, list):
        return [told_apart(item) for item in value]
    return (type(value).__name__, repr(value))


@settings(max_examples=60)
@given(PLAIN, PLAIN)
def test_two_digests_are_the_same_exactly_where_the_values_are(one: Any, other: Any) -> None:
    assert (fingerprints.digest(one) == fingerprints.digest(other)) == (told_apart(one) == told_apart(other))


def test_arrays_differ_by_dtype_shape_and_any_entry() -> None:
    base = np.arange(6.0)
    others = [base.astype(np.float32), base.reshape(2, 3), base + np.eye(6)[3] * 1e-12, base.tolist()]
    digests = [fingerprints.digest(value) for value in (base, *others)]
    assert len(set(digests)) == len(digests) and fingerprints.digest(base.copy()) == digests[0]
    with pytest.raises(TypeError):
        fingerprints.digest(object())


def test_the_same_keys_are_the_same_text_and_come_back_from_it() -> None:
    made = fingerprints.Fingerprint(
        "s", "r", {"b": fingerprints.ItemFingerprint("1", "2"), "a": fingerprints.ItemFingerprint("3", "4")}, "g"
    )
    turned = replace(made, graded_items=dict(reversed(made.graded_items.items())))
    assert made.to_json() == turned.to_json() and fingerprints.Fingerprint.from_json(made.to_json()) == made


def test_a_folder_is_its_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    before = fingerprints.of_folder(tmp_path)
    shutil.copytree(tmp_path, tmp_path.with_name("copy"))
    assert fingerprints.of_folder(tmp_path.with_name("copy")) == before
    (tmp_path / "one").rename(tmp_path / "two")
    assert fingerprints.of_folder(tmp_path) != before
