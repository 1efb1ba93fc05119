"""First drafts: the cells that ask an exercise, and the files of a new unit."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import Any

from autograder.judging import answer_key
from autograder.judging import bank as banks
from autograder.judging.bank import Bank
from autograder.judging.exercise import Exercise
from autograder.judging.values import to_builtins
from course.authoring import grading_metadata, markers, pairing, text_form
from course.authoring.complaint import near
from course.authoring.course_files import Tree
from course.errors import CourseError

# --------------------------------------------------------------------------- a question


def question(root: Path, exercise_id: str, seed: int = 0) -> str:
    """The cells that ask an exercise, as text for a text half; the numbers are those of `seed`.

    The answer is named after the exercise, with a number where its notebook has that name already. Raises
    `CourseError` for an exercise that no bank of the course at `root` declares.
    """
    bank, exercise = _find(root, exercise_id)
    name = _free_name(root / "solutions" / bank.unit / f"{bank.unit}.md", exercise.name)
    if exercise.is_code:
        # A function keeps its name, of which the question speaks.
        return _cells(exercise.prompt(), _function(exercise), f'check("{exercise.id}", {exercise.name})')
    arguments = answer_key.deal(exercise, seed).arguments
    answer = to_builtins(exercise.reference(*exercise.inputs(arguments)))
    given = "".join(f", {key}={_literal(value)}" for key, value in arguments.items())
    return _cells(
        exercise.prompt(arguments),
        f"{name} = {_literal(answer)}  {markers.MARK}",
        f'check("{exercise.id}", {name}{given})',
    )


def _find(root: Path, exercise_id: str) -> tuple[Bank, Exercise]:
    known: list[str] = []
    for path in (unit.bank_path for unit in Tree(root).units):
        bank = banks.load(path)
        if exercise_id in bank.exercises:
            return bank, bank.exercises[exercise_id]
        known += bank.exercises
    raise CourseError(f"No bank has an exercise “{exercise_id}”. {near(exercise_id, known)}")


def _free_name(text: Path, name: str) -> str:
    """`name`, or the first of `name_2`, `name_3`, … that no cell of a text half binds."""
    taken: set[str] = set()
    for cell in text_form.parsed(text.read_text(encoding="utf-8")).cells if text.is_file() else ():
        if cell.cell_type == "code":
            try:
                taken.update(grading_metadata.bound(ast.parse(markers.python(cell.source))))
            except SyntaxError:
                continue
    names = [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)


def _function(exercise: Exercise) -> str:
    """The reference as a cell with its body marked as the solution, below a docstring of one sentence."""
    lines = textwrap.dedent(inspect.getsource(exercise.reference)).splitlines()
    node = next(node for node in ast.parse("\n".join(lines)).body if isinstance(node, ast.FunctionDef))
    docstring, body = node.body[0], node.body[1]
    signature = lines[node.lineno - 1 : docstring.lineno - 1]
    answer = lines[min(body.lineno, (docstring.end_lineno or 0) + 1) - 1 : node.end_lineno]
    sentence = re.split(r"(?<=[.?!])\s", exercise.prompt())[0].replace("\\", "\\\\").replace('"""', "'''")
    return "\n".join(
        [
            *signature,
            f'    """{sentence}"""',
            f"    {markers.BEGIN}",
            *textwrap.indent(textwrap.dedent("\n".join(answer)).strip("\n"), "    ").splitlines(),
            f"    {markers.END}",
        ]
    )


def _cells(prompt: str, *sources: str) -> str:
    fenced = (f"```{{code-cell}}\n{source}\n```\n" for source in sources)
    return "\n".join([f"{prompt}\n", *fenced])


def _literal(value: Any) -> str:
    """A value as Python writes it, texts in double quotation marks."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_literal, value))
        return f"[{inside}]"
    return repr(value)


# --------------------------------------------------------------------------- a unit

LESSON = """# {title}

{question}

```{{code-cell}}
from course import common_mistakes, gate, practice, progress

gate("{unit}")
```

## What goes wrong

```{{code-cell}}
common_mistakes("{unit}")
```

```{{code-cell}}
progress("{unit}")
```
"""

EXERCISES = """# {title}: exercises

```{{code-cell}}
from course import check, hint, practice
```
"""

BANK = '''"""Unit {number}, “{title}”: its exercises, each a reference and the mistakes that learners make."""

MODULES = ["first"]
'''

SKILL = '''"""The skill `{name}.first`."""
'''

ENTRY = """[[unit]]
id = "{unit}"
title = {title}
question = {question}
minutes = 60
requires = []

  [[unit.skill]]
  id = "{name}.first"
  title = "What a learner can do afterwards"
  gates = false
"""


def unit(root: Path, unit_id: str, title: str, question: str) -> list[Path]:
    """Add a unit to the course at `root`: an entry of the manifest, two text halves, their notebooks, an empty bank.

    Returns the files written. Raises `CourseError`, and writes nothing, for a name that is no `NN-name` or is taken.
    """
    if not re.fullmatch(r"\d\d-[a-z]+", unit_id):
        raise CourseError(f"“{unit_id}” is no name of a unit. Write two digits, a hyphen and one word: 03-memory.")
    number, name = unit_id.split("-")
    for other in Tree(root).syllabus.units:
        if number == other.id.split("-")[0] or name == other.id.split("-", 1)[1]:
            raise CourseError(f"The manifest has {other.id}. Give the new unit a number and a name of its own.")
    folder = root / "solutions" / unit_id
    lesson = pairing.Pair(root / "course" / f"{unit_id}.ipynb", root / "course" / "text" / f"{unit_id}.md")
    exercises = pairing.Pair(folder / f"{unit_id}.ipynb", folder / f"{unit_id}.md")
    for path in (*lesson, folder):
        if path.exists():
            raise CourseError(f"{path.relative_to(root)} is there already. Move it away, or choose another name.")
    manifest = root / "course" / "syllabus.toml"
    words = {"unit": unit_id, "name": name, "number": number, "title": title, "question": question}
    entry = ENTRY.format(**words | {"title": _literal(title), "question": _literal(question)})
    text = _with_entry(manifest.read_text(encoding="utf-8"), unit_id, entry)
    bank = [folder / "bank" / "__init__.py", folder / "bank" / "first.py"]
    bank[0].parent.mkdir(parents=True)
    for path, template in zip(bank, (BANK, SKILL), strict=True):
        path.write_text(template.format(**words), encoding="utf-8")
    for pair, template in ((lesson, LESSON), (exercises, EXERCISES)):
        pair.text.parent.mkdir(parents=True, exist_ok=True)
        pair.text.write_text(text_form.header() + template.format(**words), encoding="utf-8")
        pairing.sync(pair)
    manifest.write_text(text, encoding="utf-8")
    return [manifest, *reversed(lesson), *bank, *reversed(exercises)]


def _with_entry(text: str, unit_id: str, entry: str) -> str:
    """The manifest with an entry more, before that of the first unit that comes after it."""
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        following = re.match(r'id = "(\d\d-[^"]+)"', line)
        if following and following[1] > unit_id:
            start = max(i for i in range(index) if lines[i].startswith("[[unit]]"))
            while start and lines[start - 1].startswith("#"):  # a remark that belongs to the unit
                start -= 1
            return "".join([*lines[:start], f"{entry}\n", *lines[start:]])
    return f"{text.rstrip()}\n\n{entry}"
