"""What the documents tell an author to paste is accepted by lint as it stands."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from course.authoring import rules, text_form
from course.authoring.course_files import PROJECT, Tree, UnitFiles

UNIT = "02-jacobians"
EXERCISE = "jacobians.gradient_scale"


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "solutions/README.md"])
def test_a_mistake_pasted_from_a_document_passes_lint(document: str, tmp_path: Path) -> None:
    text = (PROJECT / document).read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(@gradient_scale\.mistake\(.*?)```", text, re.DOTALL)
    for folder in (f"solutions/{UNIT}", "course"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    [file] = [
        path
        for path in (tmp_path / "solutions" / UNIT).rglob("*.py")
        if "def gradient_scale(" in path.read_text(encoding="utf-8")
    ]
    file.write_text(f"{file.read_text(encoding='utf-8')}\n\n{example}", encoding="utf-8")
    tree = Tree(tmp_path)
    unit = UnitFiles(tree, tree.syllabus.unit(UNIT))
    assert unit.bank is not None
    exercise = unit.bank.exercises[EXERCISE]
    name = re.findall(r"def (\w+)\(", example)[0]
    before = [mistake.name for mistake in exercise.mistakes]
    assert before[-1] == name and before.count(name) == 1, "it is one that the bank does not have"
    unit.__dict__["bank"] = dataclasses.replace(unit.bank, exercises={EXERCISE: exercise})
    asked = (rules.files.names_of_a_bank_are_used_once, rules.words.sentences_are_one_sentence, *rules.JUDGED)
    found = [str(complaint) for rule in asked for complaint in rule(unit)]
    assert [complaint for complaint in found if "gradient_scale" in complaint] == []


def test_the_question_of_the_authors_readme_is_one() -> None:
    text = (PROJECT / "course" / "authoring" / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"````md\n(.*?)````", text, re.DOTALL)
    prose, answer, check = text_form.notebook(text_form.header() + example, lambda exercise: 1.0).cells
    assert prose.cell_type == "markdown"
    assert answer.metadata.nbgrader.solution and "### BEGIN SOLUTION" in answer.source
    assert (check.metadata.nbgrader.grade_id, check.metadata.nbgrader.points) == ("check-fourth", 1)
    assert len(example.strip().splitlines()) <= 10
