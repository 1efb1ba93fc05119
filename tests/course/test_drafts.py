"""`course ask` prints cells that can be pasted as they are; `course new` begins a unit that lint can look at."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.judging import judge
from autograder.judging.bank import Bank
from autograder.judging.exercise import Exercise
from course import syllabus
from course.authoring import drafts, pairing, release, text_form
from course.authoring.commands import ask, new
from course.authoring.course_files import PROJECT, Tree
from course.authoring.lint import complaints

BANKS = [unit.bank for unit in Tree().units if unit.bank]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = shutil.copytree(Path(__file__).with_name("lint_course"), tmp_path / "small")
    make(folder)
    return folder


def make(root: Path) -> None:
    for pair in pairing.pairs(root):
        pairing.sync(pair, "text")
    release.regenerate(root)


def run(command: object, root: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, [*arguments, "--root", str(root)])  # type: ignore[arg-type]
    return result.exit_code, result.output


# --------------------------------------------------------------------------- course ask


@pytest.mark.parametrize("bank", BANKS, ids=[bank.unit for bank in BANKS])
def test_every_exercise_of_this_course_can_be_asked(bank: Bank) -> None:
    points = {exercise.id: exercise.points for exercise in bank.exercises.values()}
    for exercise in bank.exercises.values():
        text = drafts.question(PROJECT, exercise.id, seed=1)
        cells = text_form.notebook(text_form.header() + text, points.__getitem__).cells
        answer, check = cells[-2:]
        assert (answer.metadata.nbgrader.solution, check.metadata.nbgrader.locked) == (True, True)
        assert check.metadata.nbgrader.points == exercise.points
        ast.parse(re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "", answer.source, flags=re.DOTALL))
        if not exercise.is_code:
            assert is_right(exercise, answer.source, check.source), text


def is_right(exercise: Exercise, answer: str, check: str) -> bool:
    """Whether the solution's cell gives the right answer to the numbers of the check's cell."""
    value = ast.literal_eval(ast.parse(answer).body[-1].value)  # type: ignore[attr-defined]
    call = ast.parse(check).body[0].value  # type: ignore[attr-defined]
    return judge.judge(exercise, value, {k.arg: ast.literal_eval(k.value) for k in call.keywords}).right


def test_what_is_printed_can_be_pasted_as_it_is(root: Path) -> None:
    code, text = run(ask, root, "powers.growth", "--seed", "3")
    assert code == 0 and "growth_2 = " in text, "the notebook has the name `growth` already"
    path = root / "solutions" / "01-powers" / "01-powers.md"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    make(root)
    assert [str(complaint) for complaint in complaints(Tree(root))] == []
    assert len(text.strip().splitlines()) <= 10


def test_a_function_is_asked_with_its_signature_and_its_body_taken_out(root: Path) -> None:
    assert run(ask, root, "powers.running") == (
        0,
        "Write a function that returns, for each position of `factors`, the product of all factors so far.\n\n"
        "```{code-cell}\ndef running(factors):\n"
        '    """Write a function that returns, for each position of `factors`, the product of all factors so far."""\n'
        "    ### BEGIN SOLUTION\n    return np.cumprod(factors)\n    ### END SOLUTION\n```\n\n"
        '```{code-cell}\ncheck("powers.running", running)\n```\n',
    )


def test_an_unknown_exercise_is_one_sentence(root: Path) -> None:
    code, text = run(ask, root, "powers.grwth")
    assert (code, text) == (1, "Error: No bank has an exercise “powers.grwth”. Did you mean “powers.growth”?\n")


# --------------------------------------------------------------------------- course new

WORDS = ("--title", "Roots", "--question", 'What undoes a "power"?')


@pytest.mark.parametrize(
    ("unit", "order"), [("02-roots", ["01-powers", "02-roots"]), ("00-roots", ["00-roots", "01-powers"])]
)
def test_a_unit_begun_is_told_what_is_still_to_be_written(root: Path, unit: str, order: list[str]) -> None:
    code, text = run(new, root, unit, *WORDS)
    assert code == 0, text
    assert text.splitlines() == [
        "wrote course/syllabus.toml",
        f"wrote course/text/{unit}.md",
        f"wrote course/{unit}.ipynb",
        f"wrote solutions/{unit}/bank/__init__.py",
        f"wrote solutions/{unit}/bank/first.py",
        f"wrote solutions/{unit}/{unit}.md",
        f"wrote solutions/{unit}/{unit}.ipynb",
        f"Now `course lint {unit}` says what is still to be written.",
    ]
    made = syllabus.load(root / "course" / "syllabus.toml")
    assert [each.id for each in made.units] == order
    assert made.unit(unit).question == 'What undoes a "power"?'
    assert [pairing.sync(pair) for pair in pairing.pairs(root)] == [[]] * 4, "its halves are in step"
    release.regenerate(root)
    assert [str(complaint) for complaint in complaints(Tree(root), unit)] == [
        f"solutions/{unit}/bank: no exercise has the skill “roots.first” of course/syllabus.toml. "
        "Declare one with @exercise(skill=…), or take the skill out of the manifest."
    ]
    assert [str(complaint) for complaint in complaints(Tree(root), "01-powers", quick=True)] == []


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("roots", "“roots” is no name of a unit. Write two digits, a hyphen and one word: 03-memory."),
        ("02-powers", "The manifest has 01-powers. Give the new unit a number and a name of its own."),
        ("01-roots", "The manifest has 01-powers. Give the new unit a number and a name of its own."),
        ("03-taken", "solutions/03-taken is there already. Move it away, or choose another name."),
    ],
)
def test_a_unit_that_cannot_be_begun(root: Path, unit: str, said: str) -> None:
    (root / "solutions" / "03-taken").mkdir()
    before = sorted(root.rglob("*")), (root / "course" / "syllabus.toml").read_bytes()
    assert run(new, root, unit, *WORDS) == (1, f"Error: {said}\n")
    assert (sorted(root.rglob("*")), (root / "course" / "syllabus.toml").read_bytes()) == before
