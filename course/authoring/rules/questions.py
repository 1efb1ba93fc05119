"""What the exercise notebook asks is what the bank declares: ids, arguments, points, answers that part, lists of options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.judging import answer_key
from autograder.judging.exercise import BankError, Exercise
from autograder.judging.values import show
from course.authoring.complaint import Complaint, from_error, near
from course.authoring.course_files import UnitFiles
from course.authoring.rules import cells
from course.authoring.rules.calls import Call, calls
from course.authoring.rules.mistakes import always_the_same

WORDS = {
    "thousandth": 1e-3,
    "hundredth": 0.01,
    "tenth": 0.1,
    "quarter": 0.25,
    "half": 0.5,
    "twice": 2.0,
    "hundred": 1e2,
}
WORDS |= {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0}
WORDS |= {"nine": 9.0, "ten": 10.0}
"""Numbers that read better as words."""


def names_exist(unit: UnitFiles) -> Iterator[Complaint]:
    """Every `check` and `hint`, in the lesson and in the exercises, names an exercise of the bank."""
    if unit.bank is None:
        return
    for path, notebook in ((unit.lesson_path, unit.lesson), (unit.source_path, unit.source)):
        for call in calls(notebook, "check", "hint") if notebook else ():
            where = unit.place(path, call.cell)
            if call.text is None:
                how = f'Write {call.name}("unit.exercise", …) with the id in quotation marks.'
                yield Complaint(where, f"{call.name} is called without an exercise's id", how)
            elif call.text not in unit.bank.exercises:
                how = near(call.text, unit.bank.exercises)
                yield Complaint(where, f"{call.name} asks for “{call.text}”, which the bank does not have", how)


def arguments_match(unit: UnitFiles) -> Iterator[Complaint]:
    """A check of a value gives the reference's parameters as literals; a check of a function gives none."""
    for path, notebook in ((unit.lesson_path, unit.lesson), (unit.source_path, unit.source)):
        for call, exercise in _checks(unit, notebook):
            where = unit.place(path, call.cell)
            wanted = [] if exercise.is_code else list(exercise.parameters)
            given = [keyword.arg or "**" for keyword in call.node.keywords]
            if len(call.node.args) != 2:
                example = ", ".join(["answer", *(f"{name}=…" for name in wanted)])
                what = f"check of “{exercise.id}” takes the id and the answer"
                yield Complaint(where, what, f'Write check("{exercise.id}", {example}).')
            elif sorted(given) != sorted(wanted):
                yield Complaint(
                    where,
                    f"check of “{exercise.id}” gives {_list(given)}, and the bank's reference takes {_list(wanted)}",
                    "A function is judged on drawn inputs: give none."
                    if exercise.is_code
                    else "Give each of them, as printed in the question.",
                )
            elif not all(_is_literal(keyword.value) for keyword in call.node.keywords):
                yield Complaint(
                    where,
                    f"check of “{exercise.id}” gives an argument that is no literal",
                    "Write the numbers themselves: the judge reads them without running the notebook.",
                )


def printed_numbers_part_answers(unit: UnitFiles) -> Iterator[Complaint]:
    """With the numbers printed in a notebook, the reference and all mistakes differ by more than the tolerance."""
    for path, notebook in ((unit.lesson_path, unit.lesson), (unit.source_path, unit.source)):
        for call, exercise in _checks(unit, notebook):
            arguments = _arguments(call)
            if exercise.is_code or arguments is None or set(arguments) != set(exercise.parameters):
                continue
            where = unit.place(path, call.cell)
            try:
                pairs = answer_key.confusable(exercise, arguments)
            except BankError as error:
                yield from_error(where, error)
                continue
            said = always_the_same(exercise) if pairs and exercise.draw else []
            for one, other in pairs:
                if (one, other) in said:
                    continue
                numbers = ", ".join(f"{name}={show(value)}" for name, value in arguments.items())
                yield Complaint(
                    where,
                    f"with {numbers}, “{one}” and “{other}” give the same answer to “{exercise.id}”",
                    "Print numbers on which they differ.",
                )


def numbers_are_printed(unit: UnitFiles) -> Iterator[Complaint]:
    """The numbers an answer is judged on stand in its section of the notebook, above it."""
    book = unit.source.cells if unit.source else []
    for question in unit.questions:
        starts = [i for i in range(question.cell) if book[i].cell_type == "markdown" and book[i].source.startswith("#")]
        above = "\n".join(cells.released(cell) for cell in book[max(starts, default=0) : question.cell])
        printed = _figures_in(above)
        for name, value in question.arguments.items():
            missing = [number for number in _numbers(value) if abs(number) not in printed]
            if missing:
                yield Complaint(
                    unit.place(unit.source_path, question.cell),
                    f"the answer to “{question.exercise}” is judged with {name}={show(value)}, "
                    f"and its section does not print {show(missing[0])}",
                    "Print it in the question, or mend the check.",
                )


def _checks(unit: UnitFiles, notebook: NotebookNode | None) -> Iterator[tuple[Call, Exercise]]:
    if unit.bank is None or notebook is None:
        return
    for call in calls(notebook, "check"):
        if call.text in unit.bank.exercises:
            yield call, unit.bank.exercises[call.text]


def _arguments(call: Call) -> dict[str, object] | None:
    if not all(_is_literal(keyword.value) and keyword.arg for keyword in call.node.keywords):
        return None
    return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.node.keywords}


def _figures_in(text: str) -> set[float]:
    """The sizes of all numbers written in a text: figures, powers of ten in LaTeX, and the plainest words."""
    text = text.replace("{,}", "").replace("\u2009", "")
    found = {float(number.rstrip(".")) for number in re.findall(r"\d+\.?\d*(?:[eE][+-]?\d+)?", text)}
    found |= {float(number.replace(",", "")) for number in re.findall(r"\d{1,3}(?:,\d{3})+", text)}
    found |= {10.0 ** int(power) for power in re.findall(r"10\^\{?(-?\d+)", text)}
    return found | {WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS}


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _list(names: list[str]) -> str:
    return ", ".join(names) if names else "no arguments"
