"""`course lint` is content with a sound course, and says in one useful line what is wrong with each broken one."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from course.authoring import pairing, release
from course.authoring.commands import lint
from course.authoring.course_files import Tree
from course.authoring.lint import complaints
from course.authoring.rules.code import names_from_outside
from course.authoring.rules.figures import silent_figures
from course.authoring.rules.stuck import headings
from course.results import recording


@dataclass(frozen=True)
class SmallCourse:
    """A copy of the course in `lint_course/`, for a test to break."""

    root: Path
    lesson = Path("course/text/01-powers.md")
    exercises = Path("solutions/01-powers/01-powers.md")
    bank = Path("solutions/01-powers/bank.py")
    wrong = Path("solutions/01-powers/wrong_programs.py")
    manifest = Path("course/syllabus.toml")

    def edit(self, path: Path, old: str, new: str) -> None:
        """Replace `old`, which must stand in the file once, so that a test changes what it means to."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def append(self, path: Path, more: str) -> None:
        self.edit(path, text := (self.root / path).read_text(encoding="utf-8"), text + more)

    def make(self) -> None:
        """Bring notebooks and release in step with the texts, as an author does after an edit."""
        for pair in pairing.pairs(self.root):
            with suppress(pairing.TextError):  # lint says it, too
                pairing.sync(pair, "text")
        release.regenerate(self.root)

    def lint(self, *, quick: bool = True) -> str:
        """Every complaint, a line each."""
        return "\n".join(map(str, complaints(Tree(self.root), quick=quick)))


@pytest.fixture
def course(tmp_path: Path) -> SmallCourse:
    folder = shutil.copytree(Path(__file__).with_name("lint_course"), tmp_path / "small")
    small = SmallCourse(folder)
    small.make()
    return small


# --------------------------------------------------------------------------- sound


def test_a_sound_course_has_nothing_to_complain_of(course: SmallCourse) -> None:
    result = CliRunner().invoke(lint, ["--root", str(course.root)])
    assert result.exit_code == 0, result.output
    assert "nothing to complain of" in result.output


def test_a_broken_course_ends_with_exit_code_1_and_one_line_a_complaint(course: SmallCourse) -> None:
    course.edit(course.bank, "return base * times\n", "return base**times\n")
    result = CliRunner().invoke(lint, ["01-powers", "--quick", "--root", str(course.root)])
    assert result.exit_code == 1
    complaint, summary = result.output.strip().splitlines()
    assert complaint.startswith("solutions/01-powers/bank.py:14 (growth): the mistake “linear” equals the reference")
    assert summary.startswith("✗ 01-powers: 1 complaint (")


def test_the_summary_counts_complaints_file_by_file(course: SmallCourse) -> None:
    course.edit(course.bank, "return base * times\n", "return base**times\n")
    course.edit(course.bank, "return np.cumsum(factors)", "return np.cumprod(factors)")
    course.edit(course.lesson, "Predict: where", "Guess: where")
    result = CliRunner().invoke(lint, ["--quick", "--root", str(course.root)])
    table = [line.split() for line in result.output.splitlines()[3:-1] if line.strip()]
    assert table == [["complaints", "file"], ["2", "solutions/01-powers/bank.py"], ["1", "course/text/01-powers.md"]]
    assert result.output.splitlines()[-1].startswith("✗ the course: 3 complaints (")


def test_an_unknown_unit_is_one_sentence(course: SmallCourse) -> None:
    result = CliRunner().invoke(lint, ["01-power", "--root", str(course.root)])
    assert result.exit_code == 1
    assert result.output == "Error: There is no unit “01-power”. Did you mean “01-powers”?\n"


# --------------------------------------------------------------------------- the bank


def test_a_mistake_equal_to_the_reference(course: SmallCourse) -> None:
    course.edit(course.bank, "return base * times\n", "return base**times\n")
    assert course.lint() == (
        "solutions/01-powers/bank.py:14 (growth): the mistake “linear” equals the reference on every variant drawn. "
        "Make it compute what a learner who holds it would answer, draw variants on which it differs, or drop it."
    )


def test_a_mistake_equal_to_the_reference_in_code(course: SmallCourse) -> None:
    course.edit(course.bank, "return np.cumsum(factors)", "return jnp.cumprod(factors)")
    course.edit(course.bank, "import numpy as np\n", "import jax.numpy as jnp\nimport numpy as np\n")
    assert "(running): the mistake “sums” equals the reference on every variant drawn." in course.lint()


def test_two_mistakes_that_answer_alike(course: SmallCourse) -> None:
    course.edit(course.bank, "return base ** (times + 1)", "return base * times")
    assert (
        "the mistakes “linear” and “one_more” give the same answer on every variant drawn. Merge them" in course.lint()
    )


def test_a_skill_without_variants(course: SmallCourse) -> None:
    course.edit(course.bank, "@growth.variant\n", "")
    assert course.lint() == (
        "solutions/01-powers/bank.py:14 (growth): the skill “powers.growth” is practised with it, "
        "and it has no variants. Declare how to draw one with @growth.variant."
    )


def test_code_without_inputs_to_judge_it_on(course: SmallCourse) -> None:
    course.edit(course.bank, "@running.variant\n", "")
    assert "(running): a function is asked for, and no inputs are declared to judge it on." in course.lint()


def test_a_gated_skill_with_few_variants(course: SmallCourse) -> None:
    course.edit(course.bank, "rng.integers(3, 20)", "rng.integers(3, 5)")
    assert (
        "the gated skill “powers.growth” has 10 distinct variants, and 40 are the least. Let `variant`" in course.lint()
    )


def test_an_exercise_with_two_mistakes(course: SmallCourse) -> None:
    course.edit(course.bank, '@growth.mistake("You took one step too many.")\n', "")
    assert "(growth): it names 2 mistakes, and 3 are the least. Declare what learners get wrong" in course.lint()


FATE = '''

@exercise(
    skill="powers.growth",
    points=1,
    answer=Choice(("it grows", "it stays", "it shrinks", "nobody knows")),
    hints=["Take one step.", "Take another one."],
)
def fate(base):
    """A number is multiplied by {base} for ever. What becomes of it?"""
    return "it grows" if base > 1 else "it shrinks"


@fate.variant
def _(rng):
    return {"base": rng.uniform(0.5, 2)}


@fate.mistake("Compare the factor with one, not with a half.")
def the_other(base):
    return "it shrinks" if base > 1 else "it grows"


@fate.mistake("It is multiplied by something that is not one.")
def still(base):
    return "it stays"


@fate.mistake("The factor is known, and it never changes.")
def unknown(base):
    return "nobody knows"
'''
"""A sound choice, for the bank's end."""


def test_a_sound_choice(course: SmallCourse) -> None:
    course.append(course.bank, FATE)
    assert course.lint() == ""


def test_a_choice_that_is_easily_guessed(course: SmallCourse) -> None:
    course.append(course.bank, FATE.replace(', "nobody knows"))', "))").replace('return "nobody knows"', 'return ""'))
    assert "(fate): a choice of 3 options is too easily guessed, and 4 are the least. Offer four" in course.lint()


def test_a_choice_of_which_the_same_option_is_always_right(course: SmallCourse) -> None:
    course.append(course.bank, FATE.replace("uniform(0.5, 2)", "uniform(1.5, 2)"))
    assert (
        "(fate): whatever is drawn, the right option is “it grows”. Let fate.variant draw what makes another one right"
    ) in course.lint()


def test_a_gated_skill_without_a_short_question(course: SmallCourse) -> None:
    course.edit(course.manifest, "gates = false", "gates = true")
    course.append(course.lesson, '\n```{code-cell}\npractice("powers.running")\n```\n')
    assert (
        "the gated skill “powers.running” has no short question, so nobody could master it. Declare one"
        in course.lint()
    )


def test_a_mistake_that_answers_with_the_wrong_kind_of_thing(course: SmallCourse) -> None:
    course.edit(course.bank, "return base * times\n", 'return "many"\n')
    assert "What “linear” returns is text; a number to 3 significant figures was asked for." in course.lint()


def test_code_that_leans_on_its_bank(course: SmallCourse) -> None:
    course.edit(course.bank, "return np.cumsum(factors)", "return add_up(factors)")
    course.append(course.bank, "\n\ndef add_up(factors):\n    return np.cumsum(factors)\n")
    assert "(running): “sums” uses `add_up` from outside itself. Write it with its parameters and jax" in course.lint()


def test_what_counts_as_from_outside() -> None:
    def alone(x, power=2):
        def step(y):
            return y**power

        return sum(step(y) for y in x)

    def leaning(x: Path):
        return json.dumps([pytest.approx(y) for y in x])

    assert names_from_outside(alone) == []
    assert names_from_outside(leaning) == ["Path", "json", "pytest"]


def test_a_number_that_meets_one_answer_by_chance_tells_nothing(course: SmallCourse) -> None:
    course.edit(
        course.bank, "Write out the first three steps.", "Where are you after 3 steps of 0.8, above 0.512 or below?"
    )
    assert course.lint() == ""


def test_a_choice_whose_question_names_the_right_option_alone(course: SmallCourse) -> None:
    course.append(course.bank, FATE.replace("for ever. What", "for ever; often it shrinks. What"))
    assert "(fate): the question tells the answer (it shrinks). Say what to look at" in course.lint()


@pytest.mark.parametrize("quoted", ["np.cumprod(factors)", "lax.cumprod(jnp.asarray(factors))"])
def test_a_sentence_that_tells_the_code(course: SmallCourse, quoted: str) -> None:
    course.edit(course.bank, "multiply them.", f"multiply them: `{quoted}`.")
    said = course.lint()
    assert f"(running): the sentence of “sums” tells the answer (`{quoted}`). Say what to look at" in said


def test_a_sentence_that_quotes_other_code_tells_nothing(course: SmallCourse) -> None:
    course.edit(
        course.bank, "multiply them.", "multiply `factors` up, as `np.prod(factors)` does for the last of them."
    )
    assert course.lint() == ""


def test_a_hint_that_tells_the_formula(course: SmallCourse) -> None:
    course.edit(course.bank, "Write out the first three steps.", "It is `base ** times`.")
    assert "(growth): hint 1 tells the answer (`base ** times`). Say what to look at" in course.lint()


def test_a_question_that_holds_its_answer(course: SmallCourse) -> None:
    course.edit(course.bank, "return base**times", "return base")
    assert "(growth): the question tells the answer (" in course.lint()


def test_two_functions_of_one_name(course: SmallCourse) -> None:
    course.append(course.bank, "\n\ndef total(factors):\n    return factors\n")
    assert course.lint().startswith(
        "solutions/01-powers/bank.py:70 (total): a function of this name is defined on line 66, too, and this one takes "
        "its place. Rename one of them."
    )


@pytest.mark.parametrize("words", ["There is one step more", "One step more than that", "Reversed, it would be right"])
def test_a_sentence_that_hands_the_answer_over(course: SmallCourse, words: str) -> None:
    course.edit(course.bank, "You took one step too many.", f"{words}.")
    assert "(growth): the sentence of “one_more” hands the answer over (“" in course.lint()


def test_a_wrong_program_that_passes(course: SmallCourse) -> None:
    course.edit(course.wrong, "np.cumprod(factors) / factors[0]", "np.cumprod(factors)")
    assert (
        "(running): the wrong program “without_the_first” (leaves the first factor out) gets full points. Draw inputs, or "
        "add an edge, on which its fault shows."
    ) in course.lint()


def test_a_wrong_program_that_is_right_by_chance(course: SmallCourse) -> None:
    course.edit(
        course.wrong, "np.cumprod(factors) / factors[0]", "np.cumprod(factors) * (1 if len(factors) > 5 else 2)"
    )
    assert "points, since its fault shows on some inputs only. Draw variants" in course.lint()
    course.edit(course.wrong, '"leaves the first factor out"', '"doubles short ones", partly=True')
    assert course.lint() == ""


def test_an_edge_only_costs_points(course: SmallCourse) -> None:
    course.edit(
        course.wrong, "np.cumprod(factors) / factors[0]", "np.cumprod(factors) if len(factors) == 1 else factors * 0"
    )
    course.append(
        course.bank, '\n\n@running.edge\ndef _(rng):\n    return {"factors": rng.uniform(0.5, 2.0, size=1)}\n'
    )
    assert course.lint() == "", "right at the edge alone earns nothing"
    course.edit(course.wrong, "if len(factors) == 1 else factors * 0", "if len(factors) > 1 else factors * 0")
    assert "gets 1.6 of 2 points, since its fault shows on some inputs only" in course.lint()


def test_code_without_a_wrong_program_and_a_wrong_program_without_code(course: SmallCourse) -> None:
    course.edit(course.wrong, '"running"', '"walking"')
    said = course.lint()
    assert (
        '(running): no wrong program is declared that has to fail. Write one in wrong_programs.py: @wrong("running"'
        in said
    )
    assert "wrong_programs.py: “walking” is no code exercise of this unit. Rename it" in said


def test_a_requirement_that_no_mistake_breaks(course: SmallCourse) -> None:
    course.edit(course.bank, "variants=4)", "variants=4, must=(named,))")
    course.edit(
        course.bank,
        "import numpy as np\n",
        "import numpy as np\nfrom autograder.exercise import Requirement\n"
        'named = Requirement("is named", "Name it.", lambda inputs: (), lambda inputs: True)\n',
    )
    assert (
        "(running): no mistake breaks its requirement “is named”. Declare one: "
        '@running.mistake("…", breaks="is named").'
    ) in course.lint()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "multiplied by {base}",
            "multiplied by {bse}",
            "its question prints {bse}, which is none of the reference's parameters. Did you mean {base}?",
        ),
        (
            "multiplied by {base}",
            "multiplied by {bse}",
            "its question does not print `base`, which is drawn. Write {base} where its value belongs.",
        ),
        (
            "multiplied by {base}",
            "multiplied by {base!}",
            "its question holds a brace that is no {name} of a drawn number. Write {name} with nothing else between",
        ),
        ("Where does it end?", "Where does $x$ end?", "the question holds LaTeX ($). Write it in plain text"),
        ("Where does it end?", r"Where does \\\\alpha end?", "the question holds LaTeX (\\alpha). Write it in plain"),
        ("what the last one left.", "what b^{2} left.", "hint 2 holds LaTeX (^{). Write it in plain text"),
        (
            '    hints=["Write out the first three steps.", "Each step multiplies what the last one left."],\n',
            '    hints=["Write out the first three steps."],\n',
            "it has 1 hint, and two or three are asked for. Write hints=[…] from a nudge to nearly the way",
        ),
        (
            '"Write out the first three steps.", ',
            '"Write it out.", "Write out three steps.", "Multiply.", ',
            "it has 4 hints, and two or three are asked for.",
        ),
        (
            "You took one step too many.",
            "You took a step too many. Count again. Then multiply.",
            "the sentence of “one_more” is more than one. Keep the one that helps; the rest is a hint.",
        ),
        ("step too many.", "step too many", "the sentence of “one_more” has no end. Close it with a full stop"),
        (
            "step too many.",
            f"step too many{', and one more' * 11}.",
            "the sentence of “one_more” has 181 characters, and 170 are the most. Say what to look at, and no more.",
        ),
    ],
)
def test_words_that_do_not_help(course: SmallCourse, old: str, new: str, said: str) -> None:
    course.edit(course.bank, old, new)
    assert f"(growth): {said}" in course.lint()


# --------------------------------------------------------------------------- the exercise notebook


def test_a_solution_that_no_longer_passes(course: SmallCourse) -> None:
    course.edit(course.exercises, "growth = 1.5**4", "growth = 1.5 * 4")
    course.make()
    assert course.lint() == "", "only running it can tell"
    assert course.lint(quick=False) == (
        "solutions/01-powers/01-powers.md:27: the solution scores 0 of 1 in “check-growth”. "
        "Mend the solution, or the exercise that judges it."
    )


def test_a_solution_that_raises(course: SmallCourse) -> None:
    course.edit(course.exercises, "growth = 1.5**4", "growth = 1.5**fore")
    course.make()
    assert "01-powers.md:23: the solution raises NameError: name 'fore' is not defined. Mend" in course.lint(
        quick=False
    )


def test_an_exercise_released_solved(course: SmallCourse) -> None:
    course.edit(
        course.exercises,
        "    ### BEGIN SOLUTION\n    return np.cumprod(factors)",
        "    return np.cumprod(factors)\n    ### BEGIN SOLUTION",
    )
    course.make()
    assert course.lint(quick=False) == (
        "solutions/01-powers/01-powers.md:44: the untouched release scores 2 of 2 in “check-running”: it is released "
        "solved. Put the answer between ### BEGIN SOLUTION and ### END SOLUTION, in a cell marked as solution, and run "
        "`make exercises`."
    )


def test_numbers_that_the_question_does_not_print(course: SmallCourse) -> None:
    course.edit(course.exercises, "growth, base=1.5, times=4", "growth, base=1.5, times=5")
    course.make()
    assert (
        "md:27: the answer to “powers.growth” is judged with times=5, and its section does not print 5. Print it"
    ) in course.lint()


CHECK = 'check("powers.growth", growth, base=1.5, times=4)'


def block(**changed: object) -> str:
    """The nbgrader block that would be derived for the check of growth, with something changed, above the check."""
    derived = {"grade": True, "grade_id": "check-growth", "locked": True, "points": 1, "schema_version": 3}
    derived |= {"solution": False, "task": False}
    lines = [f"  {key}: {json.dumps(value)}" for key, value in (derived | changed).items()]
    return "\n".join(["---", "nbgrader:", *lines, "---", CHECK])


def test_points_that_are_not_the_banks(course: SmallCourse) -> None:
    course.edit(course.exercises, CHECK, block(points=3))
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:37: the cell “check-growth” gives 3 points, and the bank 1 for "
        "“powers.growth”. The bank decides: leave the cell's nbgrader block out, or write the bank's points into it."
    )


def test_a_check_that_a_learner_may_edit(course: SmallCourse) -> None:
    course.edit(course.exercises, CHECK, block(locked=False))
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:37: the cell “check-growth” is graded and not locked, so a learner may edit "
        "the check. Leave its nbgrader block out."
    )


def test_a_block_that_says_what_is_derived(course: SmallCourse) -> None:
    course.edit(course.exercises, CHECK, block())
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:37: its nbgrader block says what is derived from the cell. "
        "Leave the block out."
    )


def test_a_block_that_says_something_else_stays(course: SmallCourse) -> None:
    course.edit(course.exercises, CHECK, block(grade_id="growth-of-old"))
    course.make()
    assert course.lint() == ""


def test_an_answer_that_takes_four_lines(course: SmallCourse) -> None:
    course.edit(
        course.exercises,
        "growth = 1.5**4  # SOLUTION",
        "growth = ...  # replace the dots with your answer\n### BEGIN SOLUTION\ngrowth = 1.5**4\n### END SOLUTION",
    )
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:23: an answer takes four lines that one can say. "
        "Write: growth = 1.5**4 # SOLUTION"
    )


def test_numbers_on_which_a_mistake_is_right(course: SmallCourse) -> None:
    course.edit(course.exercises, "growth, base=1.5, times=4", "growth, base=2, times=2")
    course.make()
    assert "with base=2, times=2, “growth” and “linear” give the same answer to “powers.growth”. Print" in course.lint()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            'check("powers.grwth", growth, base=1.5, times=4)',
            "check asks for “powers.grwth”, which the bank does not have. Did you mean “powers.growth”?",
        ),
        (
            'check("powers.growth", growth, base=1.5)',
            "check of “powers.growth” gives base, and the bank's reference takes base, times. Give each of them",
        ),
        (
            'check("powers.growth", growth, base=1.5, times=2 * 2)',
            "check of “powers.growth” gives an argument that is no literal. Write the numbers themselves",
        ),
        (
            'check("powers.growth", base=1.5, times=4)',
            'its check takes the exercise\'s id and the answer. Write check("unit.exercise", answer, …).',
        ),
        (
            'points = check("powers.growth", growth, base=1.5, times=4)',
            "the graded cell “check-growth” does not end with one check of one name. nbgrader would give full marks",
        ),
        (
            'check("powers.growth", 1.5**4, base=1.5, times=4)',
            "its check is given “1.5 ** 4”, which is no name. Give the answer a name in the cell above, and check that",
        ),
        (
            'check("powers.growth", growth, base=1.5, times=4)\ngrowth > 5',
            "the graded cell “check-growth” does not end with one check of one name.",
        ),
    ],
)
def test_a_check_that_is_not_the_banks_question(course: SmallCourse, call: str, said: str) -> None:
    course.edit(course.exercises, 'check("powers.growth", growth, base=1.5, times=4)', call)
    course.make()
    complaint = next(line for line in course.lint().splitlines() if said in line)
    assert complaint.startswith("solutions/01-powers/01-powers.md:27: ")


@pytest.mark.parametrize("written", [f"{CHECK}\n{CHECK}", block(grade=False, locked=False)])
def test_a_check_that_is_not_graded(course: SmallCourse, written: str) -> None:
    course.edit(course.exercises, CHECK, written)
    course.make()
    assert (
        "the check of “powers.growth” is in a cell that is not graded. Give each check a cell of its own, without an "
        "nbgrader block: `course sync` makes it graded."
    ) in course.lint()


@pytest.mark.parametrize("answer", ["growth = 1.5**4", "growth = 1.5**4  # solved"])
def test_an_answer_that_is_not_taken_out(course: SmallCourse, answer: str) -> None:
    course.edit(course.exercises, "growth = 1.5**4  # SOLUTION", answer)
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:27: the answer `growth` stands in no solution cell above its check. Mark it "
        "with # SOLUTION, or put it between ### BEGIN SOLUTION and ### END SOLUTION."
    )


def test_an_answer_that_nothing_checks(course: SmallCourse) -> None:
    course.append(course.exercises, "\n```{code-cell}\nspare = 5  # SOLUTION\n```\n")
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:48: a learner is asked for `spare`, and nothing checks it. "
        'Add a cell with check("unit.exercise", spare, …) below.'
    )


def test_a_function_released_without_a_body(course: SmallCourse) -> None:
    course.edit(
        course.exercises,
        '    """The product of the factors so far, at each position; the same shape as `factors`."""\n',
        "",
    )
    course.make()
    assert (
        "01-powers.md:33: released, this cell is no valid Python. A function whose whole body is the solution"
        in course.lint()
    )


ARGUMENT = """
Now argue.

| points | what is looked for |
|---:|---|
| 2 | a reason |
| 1 | a limit |

+++ {"nbgrader": {"grade": true, "grade_id": "argument", "locked": false, "points": 3, "schema_version": 3, \
"solution": true, "task": false}}

Because it compounds.

+++

The end.
""".replace("\\\n", "")
"""A question that people grade."""


def test_a_sound_question_that_people_grade(course: SmallCourse) -> None:
    course.append(course.exercises, ARGUMENT)
    course.make()
    assert course.lint() == ""


@pytest.mark.parametrize("question", ["## The end", "**7.** How many steps?"])
def test_a_question_in_the_cell_of_an_answer(course: SmallCourse, question: str) -> None:
    course.append(course.exercises, ARGUMENT.replace("+++\n\nThe end.", question))
    course.make()
    assert course.lint() == (
        f"solutions/01-powers/01-powers.md:56: “{question}” stands in the cell of the answer “argument”, which is taken "
        "out as a whole. Write a line with +++ above it: a new cell begins there."
    )


def test_numbers_in_the_cell_of_an_answer_are_not_printed(course: SmallCourse) -> None:
    course.edit(
        course.exercises, "A number starts at 1 and is multiplied by 1.5, 4 times. Where does it end?", ARGUMENT
    )
    course.edit(course.exercises, "The end.\n", "")
    course.edit(course.exercises, "Because it compounds.\n\n+++\n", "It is multiplied by 1.5, 4 times.\n")
    course.make()
    assert "is judged with base=1.5, and its section does not print 1.5. Print it" in course.lint()


def test_points_that_do_not_add_up(course: SmallCourse) -> None:
    course.append(course.exercises, ARGUMENT.replace("| 2 | a reason |", "| 4 | a reason |"))
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:56: the points of its table add up to 5, and “argument” is worth 3. "
        "Mend the table, or the points of the cell."
    )


def test_an_answer_that_people_grade_without_a_table(course: SmallCourse) -> None:
    course.append(course.exercises, ARGUMENT.replace("| 2 | a reason |\n| 1 | a limit |\n", ""))
    course.make()
    assert "people grade “argument”, and the cell above it has no table that says what for. Write one" in course.lint()


FATES = """
```{code-cell}
FATES = {"a": "it grows", "b": "it stays", "c": "it shrinks", "d": "nobody knows"}
```

A number is multiplied by 1.5 for ever. What becomes of it?

```{code-cell}
fate = FATES["a"]  # SOLUTION
```

```{code-cell}
check("powers.fate", fate, base=1.5)
```
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("it stays", "it is still"),
        ('"b": "it stays", ', ""),
        ('"it grows", "b": "it stays"', '"it stays", "b": "it grows"'),
    ],
)
def test_a_list_that_is_not_the_banks(course: SmallCourse, old: str, new: str) -> None:
    course.append(course.bank, FATE)
    course.append(course.exercises, FATES)
    course.make()
    assert course.lint() == ""
    course.edit(course.exercises, old, new)
    course.make()
    assert (
        "solutions/01-powers/01-powers.md:48: FATES does not list, in order, the options of “powers.fate”. Copy them "
        "from the bank"
    ) in course.lint()


RUNG = """
### Second time: you finish

A number starts at 1 and is multiplied by 2.5, 6 times. Where does it end?

```{code-cell}
second = 2.5**6  # SOLUTION
```

```{code-cell}
check("powers.growth", second, base=2.5, times=6)
```

Once more, 7 times.

```{code-cell}
third = 2.5**7  # SOLUTION
```

```{code-cell}
check("powers.growth", third, base=2.5, times=7)
```
"""


def test_a_rung_that_tells_what_it_asked(course: SmallCourse) -> None:
    course.append(course.exercises, RUNG)
    course.make()
    assert course.lint() == ""
    course.edit(course.exercises, "Once more, 7 times.", "That was 244.1. Once more, 7 times.")
    course.make()
    assert course.lint() == (
        "solutions/01-powers/01-powers.md:59: it tells 244.141, which “powers.growth” asks for above. Let the question "
        "before it stand alone: give later steps other numbers, or say less."
    )


def test_the_list_of_what_can_be_practised_is_whole(course: SmallCourse) -> None:
    course.append(course.exercises, '\nFor more, `practice("powers.growth")`.\n')
    course.edit(course.manifest, "gates = false", 'gates = true\n  code = ["powers.running"]')
    course.make()
    assert (
        "01-powers.md:47: it tells what can be practised, and does not name “powers.running”. Add `.running` to the"
        in course.lint()
    )


# --------------------------------------------------------------------------- the manifest and the lesson


def test_an_unknown_skill_in_the_bank(course: SmallCourse) -> None:
    course.edit(course.bank, 'skill="powers.running"', 'skill="powers.runing"')
    said = course.lint()
    assert (
        "solutions/01-powers/bank.py:45 (running): its skill “powers.runing” is none that course/syllabus.toml gives "
        "to 01-powers. Did you mean “powers.running”?"
    ) in said
    assert "no exercise has the skill “powers.running” of course/syllabus.toml. Declare one" in said


def test_an_unknown_skill_in_the_lesson(course: SmallCourse) -> None:
    course.edit(course.lesson, 'practice("powers.growth")', 'practice("powers.growing")')
    course.make()
    said = course.lint()
    assert (
        "course/text/01-powers.md:36: practice asks for “powers.growing”, which is no skill of 01-powers. Did you"
        in said
    )
    assert "the lesson has no practice for its gated skill “powers.growth”. Add a cell with practice(" in said


def test_a_gated_skill_that_no_exercise_checks(course: SmallCourse) -> None:
    course.edit(
        course.exercises, 'check("powers.growth", growth, base=1.5, times=4)', 'check("powers.running", growth)'
    )
    course.make()
    assert "nothing there checks the skill “powers.growth”. Add a check of powers.growth." in course.lint()


def test_a_lesson_without_its_gate(course: SmallCourse) -> None:
    course.edit(course.lesson, '\ngate("01-powers")\n', "")
    course.make()
    assert course.lint() == (
        "course/text/01-powers.md:17: the first code cell does not open the lesson: it has no gate of this unit. "
        'Let it call gate("01-powers").'
    )


def test_a_lesson_with_another_units_gate(course: SmallCourse) -> None:
    course.edit(course.lesson, 'gate("01-powers")', 'gate("02-roots")')
    course.make()
    assert "the first code cell does not open the lesson: it says gate(“02-roots”). Let it call" in course.lint()


def test_a_lesson_that_does_not_end_with_its_progress(course: SmallCourse) -> None:
    course.edit(course.lesson, 'progress("01-powers")', "2 + 2")
    course.make()
    assert "the last code cell does not close the lesson: it has no progress of this unit. Let it call" in course.lint()


def test_a_lesson_without_its_common_mistakes(course: SmallCourse) -> None:
    course.edit(course.lesson, 'common_mistakes("01-powers")', "2 + 2")
    course.make()
    assert "course/01-powers.ipynb: the lesson does not list its common mistakes. Add a cell with" in course.lint()


# --------------------------------------------------------------------------- who is stuck


def test_a_gated_skill_without_a_worked_example(course: SmallCourse) -> None:
    course.edit(course.manifest, '  example = "01-powers.ipynb#Powers"\n', "")
    assert course.lint() == (
        "course/syllabus.toml (powers.growth): who is stuck on this skill is sent to no worked example. "
        'Name it: example = "01-powers.ipynb#" and one of its headings.'
    )


@pytest.mark.parametrize("way_in", ["", "Try again.", "Fold a sheet of paper in two, again and again, and"])
def test_a_gated_skill_without_a_sentence_that_helps(course: SmallCourse, way_in: str) -> None:
    course.edit(course.manifest, "Fold a sheet of paper in two, again and again, and count its layers.", way_in)
    assert course.lint() == (
        "course/syllabus.toml (powers.growth): who is stuck on this skill gets no other way in. "
        'Write it: way_in = "…", a sentence or two on a view to play with, a picture or a smaller case.'
    )


def test_another_way_in_that_leads_nowhere(course: SmallCourse) -> None:
    course.edit(course.manifest, '  way_in_at = "01-powers.ipynb#Powers"\n', "")
    assert "who is stuck on this skill is sent to no other way in. Name it: way_in_at = " in course.lint()


def test_a_place_whose_heading_is_gone(course: SmallCourse) -> None:
    course.edit(course.lesson, "# Powers\n", "# Powers of a number\n")
    course.make()
    assert (
        course.lint().splitlines()
        == [
            "course/syllabus.toml (powers.growth): 01-powers.ipynb has no heading “Powers”. There are: Powers of a number."
        ]
        * 2
    )


def test_a_place_in_a_notebook_that_is_not_handed_out(course: SmallCourse) -> None:
    course.edit(course.manifest, 'example = "01-powers.ipynb', 'example = "solutions/01-powers/01-powers.ipynb')
    assert course.lint() == (
        "course/syllabus.toml (powers.growth): its worked example is in solutions/01-powers/01-powers.ipynb, which no "
        "learner gets. Name a lesson, such as 01-powers.ipynb, or exercises/01-powers/01-powers.ipynb."
    )


def test_a_way_in_that_speaks_of_what_is_not_there(course: SmallCourse) -> None:
    course.edit(course.manifest, "Fold a sheet", "Play `plot(axes)` or `shwn(figure, alt)`; fold a sheet")
    assert course.lint() == (
        "course/syllabus.toml (powers.growth): its way in speaks of `shwn`, which no code of 01-powers.ipynb has. "
        "Did you mean “shown”?"
    )


def test_a_place_in_a_lesson_still_to_be_written(course: SmallCourse) -> None:
    (course.root / "course" / "01-powers.ipynb").unlink()
    said = course.lint()
    assert "its worked example is in 01-powers.ipynb, which is not there yet. Write it first." in said
    assert (
        "course/01-powers.ipynb: the unit 01-powers has no such notebook. Run `course sync 01-powers`, which writes it "
        "from course/text/01-powers.md."
    ) in said


def test_a_place_in_the_exercises(course: SmallCourse) -> None:
    name = "exercises/01-powers/01-powers.ipynb"
    course.edit(course.manifest, 'example = "01-powers.ipynb#Powers"', f'example = "{name}#Powers: exercises"')
    assert course.lint() == ""


def test_what_counts_as_a_heading() -> None:
    text = "# One #\n\nA #hash.\n\n   ### Two of them\n\n```python\n# a comment\n```\n\n####### Seven are too many"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell("# code")])
    assert headings(book) == ["One", "Two of them"]


# --------------------------------------------------------------------------- skills that are about writing code


def gating_code(course: SmallCourse, code: str) -> None:
    """The small course with `powers.growth` asking for code, too."""
    course.edit(course.manifest, "gates = true\n", f"gates = true\n  code = {code}\n")


def test_code_that_the_bank_does_not_have(course: SmallCourse) -> None:
    gating_code(course, '["powers.runing"]')
    assert course.lint() == (
        "course/syllabus.toml (powers.growth): its code exercise “powers.runing” is none of its bank, so nobody could "
        "master it. There are: none."
    )


def test_code_of_another_skill(course: SmallCourse) -> None:
    gating_code(course, '["powers.running"]')
    assert "its code exercise “powers.running” belongs to “powers.running”, so nobody could master it." in course.lint()


def test_code_that_is_no_code(course: SmallCourse) -> None:
    gating_code(course, '["powers.growth"]')
    assert "its code exercise “powers.growth” asks for no function, so nobody could master it." in course.lint()


def test_code_that_the_exercises_do_not_ask_for(course: SmallCourse) -> None:
    course.edit(course.manifest, "gates = false", 'gates = false\n  code = ["powers.running"]')
    assert course.lint() == ""
    course.edit(
        course.exercises, 'check("powers.running", running)', 'check("powers.growth", running, base=2, times=3)'
    )
    course.make()
    assert (
        "solutions/01-powers/01-powers.ipynb: nothing there checks “powers.running”, which gates “powers.running”. Add a "
        'graded cell with check("powers.running", …).'
    ) in course.lint()


# --------------------------------------------------------------------------- figures


def test_a_figure_without_alt_text(course: SmallCourse) -> None:
    course.edit(
        course.lesson,
        'shown(figure, alt="Powers of 1.5: the curve bends upwards and reaches 5 after four steps.")',
        "plt.show()",
    )
    course.make()
    assert course.lint() == (
        "course/text/01-powers.md:26: `plt.show()` shows a figure without alt text. Hand the figure to "
        "shown(figure, alt=…) of course.views, with a sentence that says what it shows."
    )


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("from sklearn.datasets import load_digits\nx, y = load_digits(return_X_y=True)", "load_digits"),
        ("from course.nets import data\npixels, labels = data.raw_digits()", "raw_digits"),
        ("from sklearn import model_selection as m\nparts = m.train_test_split(x, y)", "train_test_split"),
    ],
)
def test_digits_that_are_not_split_by_writer(course: SmallCourse, code: str, named: str) -> None:
    course.append(course.lesson, f'\n```{{code-cell}}\n{code}\n```\n\n```{{code-cell}}\nprogress("01-powers")\n```\n')
    course.make()
    said = course.lint()
    assert f"“{named}” may put one writer's digits on both sides of the split. Take digits(…) or rotations(…)" in said
    assert said.count("\n") == 0, "one line, for the one cell"


@pytest.mark.parametrize(
    ("code", "complains"),
    [
        ("fit = train_mlp(seeds(1), data, hidden=())", "`seeds(1)`"),
        ("fit = train_images(classify.seeds(n=3, first=2), data, net)", "`classify.seeds(n=3, first=2)`"),
        ("share = several_seeds(read, 4, five)", "`several_seeds(read, 4, five)`"),
        ("data = rotations(count=2)", "`rotations(count=2)`"),
        ("run = train(jax.random.key(0), settings(rows, names), *digits())", "`train(jax.random.key(0), …)`"),
        ("rows = [(kind, 1.4, 0.1, seed) for kind in KINDS for seed in (0, 1, 2)]", "`for seed in (0, 1, 2)`"),
        ("for seed in range(3):\n    watch(setups([(kind, 1.4, 0.1, seed)]), data)", "`for seed in range(3)`"),
        ("rows = [(kind, seed) for seed in range(5)]\nfor seed in SEEDS:\n    pass", None),
        ("fit = train_mlp(seeds(5), data)\nshare = several_seeds(read, 5, five)", None),
        ("data = digits()\nleaky = random_split()\nn = 1\nfit = train_mlp(seeds(n), data)", None),
    ],
)
def test_a_comparison_on_few_seeds(course: SmallCourse, code: str, complains: str | None) -> None:
    course.append(course.lesson, f'\n```{{code-cell}}\n{code}\n```\n\n```{{code-cell}}\nprogress("01-powers")\n```\n')
    course.make()
    said = course.lint()
    if complains is None:
        assert said == ""
    else:
        assert f"{complains} says how it goes once, not how it usually goes. Give it 5 seeds or more" in said


def cell(code: str, folded: bool = False) -> str:
    return "\n```{code-cell}\n" + "---\njupyter:\n  source_hidden: true\n---\n" * folded + code + "\n```\n"


def with_cells(course: SmallCourse, *cells: str) -> str:
    """What lint says of the lesson with these at its end, before its progress."""
    course.append(course.lesson, "".join([*cells, cell('progress("01-powers")')]))
    course.make()
    return course.lint()


def test_imports_that_take_a_screen(course: SmallCourse) -> None:
    assert with_cells(course, cell("import jax\nimport numpy as np\nfrom os import (\n    path,\n    sep,\n)")) == (
        "course/text/01-powers.md:48: with this line the lesson's imports take more than 8 lines. Take tools from `lesson`, "
        "and what it calls of course.nets from one module (from course.nets import unit01 as nets)."
    )


def test_five_lines_of_imports_more_are_too_few_to_complain_of(course: SmallCourse) -> None:
    assert with_cells(course, cell("import jax\nimport numpy as np\nfrom os import (\n    path,\n)")) == ""


def test_an_import_that_leaves_the_reader_guessing(course: SmallCourse) -> None:
    said = with_cells(course, cell("from course.nets.layers import *"))
    assert (
        "`from course.nets.layers import *` leaves a reader to guess where names come from. Import the module" in said
    )


LONG = """figure, axes = lesson.subplots()
for name, curve in curves.items():
    axes.plot(
        x,
        curve,
        label=name,
    )
axes.set(title="A")
lesson.shown(figure, alt="A line.")"""


def test_nine_lines_that_draw_in_the_open(course: SmallCourse) -> None:
    assert "9 lines draw here, and 8 may in a cell whose code is seen. Draw with one call of" in with_cells(
        course, cell(LONG)
    )


def test_eight_lines_that_draw_or_nine_folded(course: SmallCourse) -> None:
    eight = LONG.replace('axes.set(title="A")\n', "losses = [1, 2]\nprint(losses)\n")
    assert with_cells(course, cell(LONG, folded=True), cell(eight)) == ""


@pytest.mark.parametrize("hidden", ["print(losses)", "picked = guess_loss.value"])
def test_a_claim_computed_in_a_folded_cell(course: SmallCourse, hidden: str) -> None:
    said = with_cells(course, cell(f'{hidden}\nlesson.plot(x, curves, alt="A line.")', folded=True))
    assert "stands in a folded cell, where nobody sees what is computed. Let an open cell before it" in said


ASK, ANSWER = cell('guess_loss = predict("up", "down")\nguess_loss'), cell('print("You predicted:", guess_loss.value)')
FIGURE = 'lesson.plot(x, curves, alt="It goes up.")'


@pytest.mark.parametrize(
    ("cells", "complains"),
    [
        ((ASK, cell(FIGURE), ANSWER), "the alt text is seen before “guess_loss” is answered, and tells the answer"),
        ((ASK, cell('print(guess_loss.value)\nshown(figure, "Up.")')), "the alt text is seen before “guess_loss”"),
        (
            (ASK, "\nRun it.\n", cell(FIGURE, folded=True), ANSWER),
            "the alt text is seen before “guess_loss” is answered",
        ),
        ((ASK, ANSWER, cell(FIGURE)), "the alt text is seen below a prediction, and tells the answer. Fold the cell"),
        ((ASK, ANSWER, cell(FIGURE, folded=True)), None),
        ((ASK, ANSWER, "\n**Takeaway:** up.\n", cell(FIGURE)), None),
        ((ASK, cell("kernel_slide()"), "\n**Explain.** Up.\n", cell(FIGURE)), None),
    ],
)
def test_alt_text_that_tells_what_was_to_be_predicted(
    course: SmallCourse, cells: tuple[str, ...], complains: str | None
) -> None:
    said = with_cells(course, *cells)
    assert said == "" if complains is None else complains in said


RUN = "from course.nets.scale import SCALE\n\n\ndef run():\n    return {'scale': SCALE}\n"


def test_a_recorded_run_whose_code_has_changed(course: SmallCourse) -> None:
    results, net = course.root / "course" / "results", course.root / "course" / "nets" / "scale.py"
    for path, text in ((net, "SCALE = 1.0\n"), (results / "scales.py", RUN)):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    assert (
        "course/results/scales.json: the run “scales” has no recorded figures. Run it anew: make results"
        in course.lint()
    )
    record = {"sources": recording.hash_of_sources("scales", results), "figures": {"scale": 1.0}}
    record |= {"versions": {}, "seconds": 1.0, "cores": 2}
    (results / "scales.json").write_text(json.dumps(record), encoding="utf-8")
    assert course.lint() == ""
    net.write_text("SCALE = 2.0\n", encoding="utf-8")
    assert course.lint() == (
        "course/results/scales.json: the recorded figures of “scales” are not those of its code, which has changed. "
        "Run it anew: make results ARGS=scales"
    )


def test_an_image_without_alt_text(course: SmallCourse) -> None:
    course.edit(course.lesson, "![A curve that bends upwards]", "![]")
    course.make()
    assert (
        "course/text/01-powers.md:33: the image powers.svg has no alt text. Write between the brackets" in course.lint()
    )


@pytest.mark.parametrize(
    "code",
    [
        "plt.plot([1, 2])",
        "figure, axes = plt.subplots()\naxes.plot([1, 2])",
        "figure, axes = plt.subplots()\nfigure",
        "figure.show()",
        "whisper(depth=20).figure()",
        "still = explorer.figure()\nstill",
        "def draw():\n    figure, axes = plt.subplots()\n    return figure\n\ndraw()",
        "shown(plt.figure())",
        'shown(plt.figure(), alt="")',
        'shown(plt.figure(), "  ")',
        "from IPython.display import Image\nImage('net.png')",
        "figure = Figure()\nfigure",
        "%matplotlib inline\nplt.imshow(weights)",
        "figure, axes = lesson.subplots()\naxes.plot([1, 2])",
        'lesson.plot(x, curves, title="A", xlabel="x", ylabel="y")',
        'lesson.heatmaps(matrices, alt=" ")',
    ],
)
def test_code_that_shows_a_figure_without_alt_text(code: str) -> None:
    assert len(list(silent_figures(notebook(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'figure, axes = plt.subplots()\naxes.plot([1, 2])\nshown(figure, alt="A line.")',
        'figure, axes = plt.subplots()\nshown(figure, f"A line to {end}.")',
        'def draw():\n    figure, axes = plt.subplots()\n    return figure\n\nshown(draw(), alt="A line.")',
        'def draw():\n    figure, axes = plt.subplots()\n    return shown(figure, alt="A line.")\n\ndraw()',
        "def draw():\n    figure, axes = plt.subplots()\n    return figure",
        "shown(whisper(depth=20).figure())",
        "still = explorer.figure()\nshown(still)",
        "whisper(depth=20)",
        'plt.rc("font", size=12)\nplt.style.use("dark_background")',
        'from IPython.display import Image\nImage("net.png", alt="A net.")',
        "spread = losses.std()\nspread",
        'lesson.plot(x, curves, alt="A line.")',
        'figure, axes = lesson.subplots()\nlesson.shown(figure, alt="A line.")',
    ],
)
def test_code_that_shows_a_figure_with_alt_text_or_none(code: str) -> None:
    assert list(silent_figures(notebook(code))) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("![A net](net.png)", 0),
        ("![ ](net.png)", 1),
        ('<img src="net.png">', 1),
        ('<img src="net.png" alt="A net">', 0),
        ("```{figure} net.png\n:width: 50%\n\nA net.\n```", 1),
        ("```{figure} net.png\n:alt: A net.\n```", 0),
        ("Write `![](net.png)`.", 0),
    ],
)
def test_images_in_prose(text: str, count: int) -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert len(list(silent_figures(book))) == count


def notebook(code: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])


# --------------------------------------------------------------------------- files


def test_halves_out_of_step(course: SmallCourse) -> None:
    course.edit(course.lesson, "Predict: where is 1.5 after four steps?", "Predict: where is 1.5 after five steps?")
    assert course.lint() == (
        "course/text/01-powers.md: the halves are out of step: cell 3 differs: the notebook has “Predict: where is 1.5 "
        "after four steps?”, the text “Predict: where is 1.5 after five steps?”. Run `course sync 01-powers` to take "
        "the text, with --from-notebook to take the notebook."
    )


def test_a_release_out_of_step(course: SmallCourse) -> None:
    course.edit(course.exercises, "Where does it end?", "Where does it stop?")
    for pair in pairing.pairs(course.root):
        pairing.sync(pair, "text")
    assert course.lint() == (
        "exercises/01-powers: the release is out of step with solutions/01-powers: 01-powers.ipynb differs in cell 3. "
        "Run `make exercises`."
    )


def test_a_notebook_committed_with_outputs(course: SmallCourse) -> None:
    path = course.root / "course" / "01-powers.ipynb"
    book = nbformat.read(path, as_version=4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.outputs, code.execution_count = [nbformat.v4.new_output("stream", text="Open")], 1
    nbformat.write(book, path)
    assert course.lint() == (
        "course/01-powers.ipynb: it is committed with outputs and execution counts. "
        "Run `course sync 01-powers`, which mends that."
    )


def test_a_unit_that_the_manifest_does_not_name(course: SmallCourse) -> None:
    course.edit(course.manifest, 'id = "01-powers"', 'id = "02-powers"')
    said = course.lint()
    assert "solutions/01-powers: course/syllabus.toml has no unit “01-powers”. Add it there" in said
    assert "course/02-powers.ipynb: the unit 02-powers has no such notebook. Write it" in said


def without_exercises(course: SmallCourse) -> None:
    """The small course as a unit of short questions alone."""
    shutil.rmtree(course.root / "exercises" / "01-powers")
    for path in (course.root / "solutions" / "01-powers").glob("01-powers.*"):
        path.unlink()


def test_a_unit_that_gates_nothing_needs_no_exercise_notebook(course: SmallCourse) -> None:
    without_exercises(course)
    course.edit(course.manifest, "gates = true", "gates = false")
    assert course.lint(quick=False) == ""


def test_a_unit_that_gates_something_needs_one(course: SmallCourse) -> None:
    without_exercises(course)
    assert course.lint().splitlines() == [
        "solutions/01-powers/01-powers.ipynb: the unit 01-powers has no such notebook. Write it, or write its text half "
        "and run `course sync`.",
        "exercises/01-powers/01-powers.ipynb: the unit 01-powers has no such notebook. Run `make exercises`.",
    ]


def test_where_it_gates_nothing_and_has_exercises_they_are_looked_at(course: SmallCourse) -> None:
    course.edit(course.manifest, "gates = true", "gates = false")
    shutil.rmtree(course.root / "exercises" / "01-powers")
    assert "exercises/01-powers/01-powers.ipynb: the unit 01-powers has no such notebook. Run" in course.lint()


def test_a_bank_that_does_not_load(course: SmallCourse) -> None:
    course.append(course.bank, "\nraise ValueError('half written')\n")
    assert (
        "solutions/01-powers/bank.py: The bank of 01-powers cannot be loaded: ValueError: half written. "
        "Mend it and run lint again."
    ) in course.lint()


def test_a_unit_without_a_bank(course: SmallCourse) -> None:
    (course.root / course.bank).unlink()
    assert "bank.py: There is no bank at 01-powers/bank.py. Declare its exercises there." in course.lint()


def test_a_release_left_behind(course: SmallCourse) -> None:
    (course.root / "exercises" / "00-old").mkdir()
    assert course.lint() == "exercises/00-old: it has no source in solutions/ any more. Run `make exercises`."


# --------------------------------------------------------------------------- core questions


SECOND = '''

@exercise(skill="powers.growth", points=1, answer=Number(figures=3), hints=["Divide.", "Divide once a step."])
def shrinking(base, times):
    """A number starts at 1 and is divided by {base}, {times} times. Where does it end?"""
    return base**-times


@shrinking.variant
def _(rng):
    return {"base": rng.choice([1.25, 1.5, 2.5]), "times": rng.integers(3, 20)}


@shrinking.mistake("You multiplied; the steps divide.")
def grown(base, times):
    return base**times


@shrinking.mistake("You took one step too many.")
def one_too_many(base, times):
    return base ** -(times + 1)


@shrinking.mistake("You divided once, by the number of steps.")
def once(base, times):
    return 1 / (base * times)
'''


NAMED = '  core = ["powers.growth"]\n'


def with_two_kinds(course: SmallCourse, core: str) -> str:
    course.append(course.bank, SECOND)
    course.edit(course.manifest, NAMED, f"  core = {core}\n" if core else "")
    return course.lint()


def test_a_skill_with_two_short_questions_that_names_no_core(course: SmallCourse) -> None:
    assert with_two_kinds(course, "") == (
        "course/syllabus.toml (powers.growth): it has 2 short questions, and does not say which of them have the skill "
        'itself in them. Name one or more of them, as in core = ["powers.growth"].'
    )


@pytest.mark.parametrize(
    ("core", "said"),
    [
        ('["powers.growth"]', ""),
        ('["powers.growht"]', "its core question “powers.growht” is none of its bank. Did you mean “powers.growth”?"),
        ('["powers.running"]', "its core question “powers.running” belongs to “powers.running”."),
    ],
)
def test_a_core_question_that_is_none(course: SmallCourse, core: str, said: str) -> None:
    found = with_two_kinds(course, core)
    assert said in found and bool(said) == bool(found)


def test_a_core_question_that_asks_for_a_function(course: SmallCourse) -> None:
    course.edit(course.manifest, "gates = false", 'gates = false\n  core = ["powers.running"]')
    assert "its core question “powers.running” asks for a function, which is no short question." in course.lint()


def test_a_core_of_few_variants(course: SmallCourse) -> None:
    course.append(course.bank, SECOND.replace("rng.choice([1.25, 1.5, 2.5])", "1.5"))
    course.edit(course.manifest, NAMED, '  core = ["powers.shrinking"]\n')
    assert "the core of the gated skill “powers.growth” has 16 distinct variants, and 40 are the least" in course.lint()
