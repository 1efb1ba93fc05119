"""`nbgrader autograde`, as this course configures it, is this engine; stock, from elsewhere, forges nothing that lasts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from stocks_class import CLONE, UNIT, Class
from traitlets.config.loader import PyFileConfigLoader

from autograder.plugins.autograde import AutogradeExporter

pytestmark = pytest.mark.slow

UNCONFINED = '''"""Loaded by every Python that finds it: on this machine nothing can be confined."""

import sys

if sys.argv[0] == "-m" or "autograder" in " ".join(sys.orig_argv):
    from autograder.kernels import doctor

    doctor.examine = lambda: tuple(doctor.Finding(name, False, "there is none") for name in doctor.WHAT)
'''


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Class:
    made = Class(tmp_path_factory.mktemp("autograde") / "course")
    made.grade()
    return made


@pytest.fixture
def graded(once: Class) -> Iterator[Class]:
    """The class as it was graded."""
    kept = once.course.with_name("kept")
    shutil.copytree(once.into, kept)
    try:
        yield once
    finally:
        shutil.rmtree(once.into)
        kept.rename(once.into)


def page(of: Class, student: str) -> str:
    return (of.into / "feedback" / student / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")


def test_the_forger_earns_nothing_from_nbgraders_own_command(graded: Class) -> None:
    assert graded.in_nbgrader() == {"forger": 0.0, "honest": 7.0}
    said = graded.run("autograde", UNIT, "--student", "forger", "--force")
    assert "forger: 0 of 10 points, graded." in said and "honest" not in said
    assert graded.in_nbgrader() == {"forger": 0.0, "honest": 7.0} and graded.table()["forger"] == "0"
    said = graded.run("autograde", UNIT)
    assert "2 unchanged, and not graded again" in said


def test_what_stock_nbgrader_forged_from_elsewhere_is_told_and_taken_back(graded: Class, tmp_path: Path) -> None:
    ours = (graded.into / "autograded" / "forger" / UNIT / f"{UNIT}.ipynb").read_bytes()
    graded.stock_autograde("forger")
    assert graded.in_nbgrader()["forger"] == 3.0, "stock believes it"
    assert graded.exported(tmp_path / "forged.csv", "--with-unread") == {"forger": "0", "honest": "7"}
    assert "forger was changed in the gradebook" in graded.run("generate_feedback", UNIT, "--force", code=1)
    said = graded.grade()
    assert "forger was changed in the gradebook after grading: tiny.weights has 1 point, and 0 due" in " ".join(
        said.split()
    )
    assert graded.in_nbgrader() == {"forger": 0.0, "honest": 7.0} and graded.table()["forger"] == "0"
    assert "0 of 10 points" in page(graded, "forger")
    again = json.loads((graded.into / "autograded" / "forger" / UNIT / f"{UNIT}.ipynb").read_bytes())
    assert again == json.loads(ours)
    graded.run("generate_feedback", UNIT, "--force")
    assert "0 of 10 points" in page(graded, "forger") and "7 of 10 points" in page(graded, "honest")
    assert "2, not graded again" in graded.grade()


def test_who_was_never_graded_is_graded_and_who_is_broken_is_told(graded: Class) -> None:
    graded.hand_in("broken", "{")
    graded.hand_in("new", (graded.submitted / "honest" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    said = graded.run("autograde", UNIT)
    assert "new: 7 of 10 points, graded." in said and "new: to be read by a person: why" in said
    assert "broken: 0 of 10 points, failed. The file is not a notebook" in said
    assert graded.in_nbgrader() == {"broken": 0.0, "forger": 0.0, "honest": 7.0, "new": 7.0}


def test_an_essay_that_was_scored_stays_scored_until_its_text_is_another(graded: Class, tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{graded.path}", "isometry") as book:
        grade = book.find_grade("why", UNIT, UNIT, "honest")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    said = graded.run("autograde", UNIT, "--student", "honest", "--force")
    assert "honest: 9.5 of 10 points, graded." in said and "to be read" not in said
    graded.grade()
    assert graded.exported(tmp_path / "read.csv") == {"forger": "0", "honest": "9.5"}
    assert "9.5 of 10 points" in page(graded, "honest") and "to be read" not in page(graded, "honest")
    path = graded.submitted / "honest" / UNIT / f"{UNIT}.ipynb"
    before = path.read_text(encoding="utf-8")
    try:
        data = json.loads(before)
        graded.cell(data, "count")["source"] += "\n# the same"
        graded.hand_in("honest", data)
        assert "to be read" not in graded.run("autograde", UNIT), "another cell than the essay"
        graded.cell(data, "why")["source"] = "Because I say so."
        graded.hand_in("honest", data)
        assert "honest: to be read by a person: why" in graded.run("autograde", UNIT)
        assert graded.exported(tmp_path / "unread.csv")["honest"] == "" and graded.in_nbgrader()["honest"] == 9.5
    finally:
        path.write_text(before, encoding="utf-8")


# --------------------------------------------------------------------------- refused


def state(of: Class) -> dict[str, bytes]:
    return {str(path.relative_to(of.into)): path.read_bytes() for path in sorted(of.into.rglob("*")) if path.is_file()}


def test_where_nothing_can_be_confined_it_is_refused_in_a_sentence_and_nothing_is_touched(
    graded: Class, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(UNCONFINED)
    before = state(graded)
    said = graded.run("autograde", UNIT, "--force", code=1, more={"PYTHONPATH": f"{tmp_path}:{CLONE}"})
    assert "Nothing was graded: Notebooks cannot be confined on this machine (there is none)." in said
    assert "Traceback" not in said and state(graded) == before


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--no-execute", "A notebook that is not run earns nothing here. Leave out --no-execute."),
        ("--CourseDirectory.autograded_directory=other", "c.CourseDirectory.autograded_directory to "),
        ("--CourseDirectory.feedback_directory=pages", "c.CourseDirectory.feedback_directory to grading/feedback"),
    ],
)
def test_what_it_cannot_do_is_refused_in_a_sentence(graded: Class, option: str, said: str) -> None:
    before = state(graded)
    told = graded.run("autograde", UNIT, "--force", option, code=1)
    assert said in told and "Traceback" not in told and state(graded) == before


def test_it_belongs_into_one_place() -> None:
    with pytest.raises(TypeError, match=r"c\.Autograde\.exporter_class"):
        AutogradeExporter()


# --------------------------------------------------------------------------- formgrader


def test_formgraders_interface_gets_a_log_and_the_error(graded: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOMETRY_COURSE", str(graded.course))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(graded.course)).load_config()
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    done = api.autograde(UNIT, "forger")
    assert done["success"] and "forger: 0 of 10 points" in done["log"]
    assert api.get_submission(UNIT, "forger")["score"] == 0 and api.get_submission(UNIT, "forger")["autograded"]
    config.Execute.enabled = False
    failed = NbGraderAPI(CourseDirectory(config=config), config=config).autograde(UNIT, "forger")
    assert not failed["success"] and failed["error"].strip().endswith("Leave out --no-execute.")
    assert "not run earns nothing" in failed["log"]
