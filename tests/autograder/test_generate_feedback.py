"""Feedback that nbgrader generates itself, as formgrader's button does: our page, and nothing in it that loads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.handlers import template_path
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.submissions.assignment import commands_on_path

UNIT, LEARNER = "01-small", "ada"
GRADED = {
    "schema_version": 3, "grade": True, "grade_id": "scale", "locked": True, "points": 2, "solution": False,
    "task": False, "cell_type": "code", "checksum": "",
}  # fmt: skip


def as_formgrader_has_it(root: Path, course: Path) -> Config:
    """The course's settings, and over them those of formgrader's own pages."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.db_url = f"sqlite:///{course}/gradebook.db"
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [template_path]
    return config


def autograded(course: CourseDirectory) -> None:
    """One learner's notebook, as autograding leaves it, and its score in the gradebook."""
    check = v4.new_code_cell("check(scale)", metadata={"nbgrader": GRADED}, id="check")
    harm = "<b>bold</b><script src='http://elsewhere.test/x.js'></script><img src='http://elsewhere.test/x.png'>"
    check.outputs = [v4.new_output("execute_result", {"text/html": harm, "text/plain": "2.0"})]
    cells = [v4.new_markdown_cell(r"The scale is $\sigma_w$.", id="told"), check]
    folder = Path(course.format_path(course.autograded_directory, LEARNER, UNIT))
    folder.mkdir(parents=True)
    nbformat.write(v4.new_notebook(cells=cells), folder / f"{UNIT}.ipynb")
    with Gradebook(course.db_url) as book:
        book.add_assignment(UNIT)
        book.add_notebook(UNIT, UNIT)
        book.add_grade_cell("scale", UNIT, UNIT, max_score=2, cell_type="code")
        book.add_student(LEARNER)
        book.add_submission(UNIT, LEARNER)
        book.find_grade("scale", UNIT, UNIT, LEARNER).auto_score = 2
        book.db.commit()


def test_formgraders_feedback_is_our_page_and_loads_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])  # as it was, afterwards
    commands_on_path()
    config = as_formgrader_has_it(root, tmp_path)
    course = CourseDirectory(config=config)
    autograded(course)
    done = NbGraderAPI(course, config=config).generate_feedback(UNIT, LEARNER)
    assert done["success"], done
    folder = Path(course.format_path(course.feedback_directory, LEARNER, UNIT))
    page = (folder / f"{UNIT}.html").read_text(encoding="utf-8")
    assert "2 of 2 points" in page and "<b>bold</b>" in page
    assert re.search(r"<math [^>]*><mrow><msub><mi>σ</mi><mi>w</mi></msub></mrow></math>", page)
    assert not re.search(r"<(script|link|iframe)|mathjax|elsewhere|@import|url\(", page, re.IGNORECASE)
    assert all(source.startswith("data:") for source in re.findall(r'\ssrc="([^"]*)"', page))


def test_reading_nbgraders_settings_imports_nothing_of_the_grader(root: Path) -> None:
    program = (
        "import sys; from traitlets.config.loader import PyFileConfigLoader as Loader\n"
        "Loader('nbgrader_config.py', path='.').load_config()\n"
        "print([name for name in sys.modules if name.startswith(('autograder', 'nbconvert', 'numpy'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
