"""The cells of the exercise notebook: what is graded checks one thing, what is taken out is checked, and nothing else is."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from autograder.judging.exercise import Choice
from autograder.submissions.notebook import Question
from course.authoring import markers
from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.grading_metadata import bound, list_of_options
from course.authoring.rules.calls import code_cells, parse


def check_cells_are_the_banks(unit: UnitFiles) -> Iterator[Complaint]:
    """Where a check's cell brings an `nbgrader` block of its own, it is locked, and worth the points of the bank."""
    for question in unit.questions if unit.bank and unit.source else ():
        exercise = unit.bank.exercises.get(question.exercise) if unit.bank else None
        if exercise is None or question.grade_id is None or unit.source is None:
            continue
        where = unit.place(unit.source_path, question.cell)
        if question.points != exercise.points:
            yield Complaint(
                where,
                f"the cell “{question.grade_id}” gives {question.points or 0:g} points, "
                f"and the bank {exercise.points:g} for “{exercise.id}”",
                "The bank decides: leave the cell's nbgrader block out, or write the bank's points into it.",
            )
        if not unit.source.cells[question.cell].metadata.nbgrader.locked:
            yield Complaint(
                where,
                f"the cell “{question.grade_id}” is graded and not locked, so a learner may edit the check",
                "Leave its nbgrader block out.",
            )


def graded_cells_check_one_thing(unit: UnitFiles) -> Iterator[Complaint]:
    """A cell graded by running holds one check, as its last expression: nbgrader gives full marks to silence."""
    asked: dict[int, list[Question]] = {}
    for question in unit.questions:
        asked.setdefault(question.cell, []).append(question)
    for index, cell in code_cells(unit.source) if unit.source else ():
        if is_solution(cell):
            continue
        where, count = unit.place(unit.source_path, index), len(asked.get(index, []))
        if is_grade(cell) and (count != 1 or not _ends_with_check(cell.source)):
            yield Complaint(
                where,
                f"the graded cell “{cell.metadata.nbgrader.get('grade_id')}” does not end with one check of one name",
                "nbgrader would give full marks to silence: let its last line be a bare check(…).",
            )
        elif count and not is_grade(cell):
            yield Complaint(
                where,
                f"the check of “{asked[index][0].exercise}” is in a cell that is not graded",
                "Give each check a cell of its own, without an nbgrader block: `course sync` makes it graded.",
            )


def answers_and_checks_meet(unit: UnitFiles) -> Iterator[Complaint]:
    """What a graded check asks for is taken out of a cell above it, and what is taken out is checked."""
    if unit.source is None:
        return
    taken_out: dict[str, int] = {}
    for index, cell in code_cells(unit.source):
        if is_solution(cell) and not is_grade(cell):
            taken_out |= dict.fromkeys(bound(parse(cell.source) or ast.Module([], [])), index)
    asked = {question.name: question for question in unit.questions if question.grade_id}
    for name, question in asked.items():
        if name is not None and taken_out.get(name, question.cell) >= question.cell:
            yield Complaint(
                unit.place(unit.source_path, question.cell),
                f"the answer `{name}` stands in no solution cell above its check",
                f"Mark it with {markers.MARK}, or put it between {markers.BEGIN} and {markers.END}.",
            )
    for index in dict.fromkeys(taken_out.values()):
        names = [name for name, cell in taken_out.items() if cell == index]
        if not set(names) & asked.keys():
            yield Complaint(
                unit.place(unit.source_path, index),
                f"a learner is asked for {' and '.join(f'`{name}`' for name in names)}, and nothing checks it",
                f'Add a cell with check("unit.exercise", {names[0]}, …) below.',
            )


def answers_in_prose_end(unit: UnitFiles) -> Iterator[Complaint]:
    """No question stands in a cell that people grade: it would be taken out with the answer, and reach nobody."""
    for index, cell in enumerate(unit.source.cells if unit.source else ()):
        if cell.cell_type != "markdown" or not is_solution(cell):
            continue
        question = re.search(r"^(#{1,6} .+|\*\*\d+\.\*\*.*)$", cell.source, re.MULTILINE)
        if question:
            yield Complaint(
                unit.place(unit.source_path, index),
                f"“{question[1][:48].strip()}” stands in the cell of the answer “{cell.metadata.nbgrader.grade_id}”, "
                "which is taken out as a whole",
                "Write a line with +++ above it: a new cell begins there.",
            )


def points_add_up(unit: UnitFiles) -> Iterator[Complaint]:
    """The table of points above an answer that people grade adds up to what the answer is worth."""
    cells = unit.source.cells if unit.source else []
    for index, cell in enumerate(cells):
        if cell.cell_type != "markdown" or not is_grade(cell) or index == 0:
            continue
        rows = [
            float(points) for points in re.findall(r"^\| *(\d+(?:\.\d+)?) *\|", cells[index - 1].source, re.MULTILINE)
        ]
        worth = float(cell.metadata.nbgrader.get("points", 0))
        if sum(rows) != worth:
            where, grade_id = unit.place(unit.source_path, index), cell.metadata.nbgrader.grade_id
            if rows:
                what = f"the points of its table add up to {sum(rows):g}, and “{grade_id}” is worth {worth:g}"
                yield Complaint(where, what, "Mend the table, or the points of the cell.")
            else:
                yield Complaint(
                    where,
                    f"people grade “{grade_id}”, and the cell above it has no table that says what for",
                    "Write one: | points | what is looked for |, a row for each.",
                )


def lists_are_the_banks(unit: UnitFiles) -> Iterator[Complaint]:
    """A list to choose from, `NAME = {…}`, offers in order the options of a choice that the notebook asks."""
    if unit.bank is None or unit.source is None:
        return
    asked = [unit.bank.exercises[q.exercise] for q in unit.questions if q.exercise in unit.bank.exercises]
    choices = {exercise.answer.options: exercise.id for exercise in asked if isinstance(exercise.answer, Choice)}
    for index, cell in code_cells(unit.source):
        if not is_locked(cell) or is_grade(cell) or is_solution(cell):
            continue
        name, options = list_of_options(parse(cell.source) or ast.Module([], [])) or ("", ())
        if name and options not in choices:
            texts = {"\n".join(own): exercise for own, exercise in choices.items()}
            near = difflib.get_close_matches("\n".join(options), texts, n=1, cutoff=0.3)
            whose = f"of “{texts[near[0]]}”" if near else "of a choice that is asked here"
            yield Complaint(
                unit.place(unit.source_path, index),
                f"{name} does not list, in order, the options {whose}",
                "Copy them from the bank, in its words and its order; what is no list of options has a small name.",
            )


def released(cell: NotebookNode) -> str:
    """What a learner sees of a cell: all but the solution, and nothing of an answer that stands in prose."""
    return "" if cell.cell_type == "markdown" and is_solution(cell) else markers.released(cell.source)


def _ends_with_check(source: str) -> bool:
    tree = parse(source)
    last = tree.body[-1] if tree and tree.body else None
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return False
    return isinstance(last.value.func, ast.Name) and last.value.func.id == "check" and not source.rstrip().endswith(";")
