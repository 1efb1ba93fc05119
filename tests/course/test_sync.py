"""A notebook and its text half hold the same cells; `course sync` says where they do not, and mends it."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbgrader.utils import is_grade

from course.authoring import markers, pairing, text_form
from course.authoring.commands import sync
from course.authoring.course_files import PROJECT
from course.authoring.pairing import HalvesError, Pair

PAIRS = pairing.pairs(PROJECT)
EXERCISES = [pair for pair in PAIRS if pair.is_exercises]


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.notebook.relative_to(PROJECT).as_posix() for pair in PAIRS])
def test_the_halves_of_this_course_agree(pair: Pair) -> None:
    assert pairing.difference(pair) is None, f"{pair.text.name}: run `course sync {pair.name}`"
    assert pairing.untidy(pairing.read(pair.notebook)) == []


def test_every_notebook_of_this_course_is_one_of_a_pair() -> None:
    folders = ("course", "solutions/*", "tests/benchmarks")
    committed = {path for folder in folders for path in PROJECT.glob(f"{folder}/*.ipynb")}
    assert committed
    assert {pair.notebook for pair in PAIRS} == committed


@pytest.mark.parametrize("pair", EXERCISES, ids=[pair.name for pair in EXERCISES])
def test_an_exercise_notebook_follows_from_its_text_alone(pair: Pair, tmp_path: Path) -> None:
    """Metadata and ids are derived, so a notebook that was lost comes back to the byte."""
    folder = tmp_path / "solutions" / pair.name
    shutil.copytree(pair.notebook.parent, folder, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    again = Pair(folder / pair.notebook.name, folder / pair.text.name)
    assert pairing.sync(again) == [again.notebook]
    assert again.notebook.read_bytes() == pair.notebook.read_bytes()


@pytest.mark.parametrize("pair", EXERCISES, ids=[pair.name for pair in EXERCISES])
def test_the_text_of_exercises_holds_nothing_that_is_derived(pair: Pair) -> None:
    """Blocks stand where people grade, and nowhere else; a value's question has ten lines at most."""
    text = pair.text.read_text(encoding="utf-8")
    assert "\n---\nnbgrader:" not in text
    by_hand = [cell for cell in pairing.read(pair.notebook).cells if is_grade(cell) and cell.cell_type == "markdown"]
    assert text.count("nbgrader") == len(by_hand)
    assert "replace the dots" not in text and text.count("### BEGIN SOLUTION") < text.count("# SOLUTION\n")


def test_the_text_is_written_back_from_the_notebook(tmp_path: Path) -> None:
    for pair in EXERCISES:
        assert text_form.text(pairing.tidied(pairing.read(pair.notebook)), pairing.points(pair)) == pair.text.read_text(
            encoding="utf-8"
        )


# --------------------------------------------------------------------------- marks

SHORT = st.sampled_from(
    [
        "rows = 4 * 8  # SOLUTION",
        "rows = (\n    4\n    * 8\n)  # SOLUTION",
        "rows = 4 * 8  # thirty-two  # SOLUTION",
        "rows = '# SOLUTION'",
        'rows = """\n# SOLUTION\n"""  # SOLUTION',
        "%time\nrows = 5   # SOLUTION",
        "rows = 5",
        "print(rows)  # no solution here",
        "rows = ...  # replace the dots with your answer\n### BEGIN SOLUTION\nrows = 5\n### END SOLUTION",
        "rows = ...  # replace the dots with your answer\n### BEGIN SOLUTION\nrows = 5  \n### END SOLUTION",
        "rows = ...  # replace the dots with your answer\n### BEGIN SOLUTION\nhalf = 5\nrows = 5\n### END SOLUTION",
        "rows = ...  # replace the dots with your answer\n### BEGIN SOLUTION\nrows += 5\n### END SOLUTION",
        "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION",
        "",
    ]
)


@given(parts=st.lists(SHORT, max_size=4))
def test_marks_lead_both_ways(parts: list[str]) -> None:
    """What is made of a text is its fixed point, and no cell of a notebook is changed by becoming text."""
    source = "\n".join(parts)
    long = markers.expanded(source)
    assert markers.expanded(markers.shortened(long)) == long
    assert markers.expanded(long) == long
    assert compiles(markers.python(long)) == compiles(markers.python(source))


def compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def test_a_marked_answer_becomes_the_lines_of_nbgrader() -> None:
    assert markers.expanded("rows, cols = 1, 2\narea = (\n    rows * cols\n)  # SOLUTION\nprint(area)") == (
        "rows, cols = 1, 2\narea = ...  # replace the dots with your answer\n### BEGIN SOLUTION\narea = (\n"
        "    rows * cols\n)\n### END SOLUTION\nprint(area)"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("rows, cols = 1, 2  # SOLUTION", "stands behind “rows, cols = 1, 2”, which does not assign one name. Write"),
        ("rows += 1  # SOLUTION", "stands behind “rows += 1”, which does not assign one name"),
        ("half = 1; rows = 2  # SOLUTION", "which does not assign one name"),
        ("def f(x):\n    return x  # SOLUTION", "stands behind “return x”, which does not assign one name"),
        ("rows = 1 +  # SOLUTION", "this cell is no valid Python, so its # SOLUTION cannot be read. Mend it."),
        ("rows = 1  # Solution", "“# Solution” is not how a solution is marked, so the answer would be released"),
        ("rows = 1  #SOLUTION", "“#SOLUTION” is not how a solution is marked"),
        ("rows = 1  # solution:", "“# solution:” is not how a solution is marked"),
    ],
)
def test_a_mark_that_cannot_be_followed(source: str, said: str) -> None:
    with pytest.raises(markers.CellError) as error:
        markers.expanded(source)
    assert said in str(error.value)


# --------------------------------------------------------------------------- a course of one unit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course whose texts have notebooks."""
    folder = shutil.copytree(Path(__file__).with_name("lint_course"), tmp_path / "small")
    for pair in pairing.pairs(folder):
        pairing.sync(pair)
    return folder


@pytest.fixture
def lesson(root: Path) -> Pair:
    return Pair(root / "course" / "01-powers.ipynb", root / "course" / "text" / "01-powers.md")


@pytest.fixture
def exercises(root: Path) -> Pair:
    folder = root / "solutions" / "01-powers"
    return Pair(folder / "01-powers.ipynb", folder / "01-powers.md")


def reword(path: Path, old: str, new: str, seconds_later: float = 60) -> None:
    """Edit a file, saved that many seconds after everything else."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    then = path.stat().st_mtime + seconds_later
    os.utime(path, (then, then))


def test_lessons_pair_across_folders_and_exercises_within_theirs(root: Path, lesson: Pair) -> None:
    unit = root / "solutions" / "01-powers"
    (unit / "README.md").write_text("A note to authors, and no text half.\n")
    assert pairing.pairs(root) == [lesson, Pair(unit / "01-powers.ipynb", unit / "01-powers.md")]


def test_the_text_wins(lesson: Pair) -> None:
    reword(lesson.text, "Predict: where", "Guess: where")
    assert "Guess: where" in str(pairing.difference(lesson))
    assert pairing.sync(lesson) == [lesson.notebook]
    assert pairing.difference(lesson) is None
    assert "Guess: where" in lesson.notebook.read_text(encoding="utf-8")


def test_the_notebook_wins_when_asked(lesson: Pair) -> None:
    reword(lesson.notebook, "Predict: where", "Guess: where")
    assert pairing.sync(lesson, "notebook") == [lesson.text]
    assert pairing.difference(lesson) is None
    assert "Guess: where" in lesson.text.read_text(encoding="utf-8")


def test_a_notebook_saved_later_is_never_overwritten_unasked(lesson: Pair) -> None:
    reword(lesson.notebook, "Predict: where", "Guess: where")
    with pytest.raises(HalvesError, match=r"was saved later: cell 3 differs.*--from-text or --from-notebook"):
        pairing.sync(lesson)
    assert "Guess: where" in lesson.notebook.read_text(encoding="utf-8")
    assert pairing.sync(lesson, "text") == [lesson.notebook]
    assert "Predict: where" in lesson.notebook.read_text(encoding="utf-8")


def test_a_second_sync_changes_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    assert [pairing.sync(pair) for pair in pairing.pairs(root)] == [[], []]
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


def test_a_notebook_from_the_same_text_is_the_same_to_the_byte(lesson: Pair) -> None:
    first = lesson.notebook.read_bytes()
    lesson.notebook.unlink()
    pairing.sync(lesson)
    assert lesson.notebook.read_bytes() == first


def test_cells_that_did_not_change_keep_their_ids(lesson: Pair) -> None:
    book = nbformat.read(lesson.notebook, as_version=4)
    for number, cell in enumerate(book.cells):
        cell["id"] = f"own-{number}"
    nbformat.write(book, lesson.notebook)
    assert pairing.difference(lesson) is None, "ids are no part of the comparison"
    reword(lesson.text, "Predict: where", "Guess: where")
    pairing.sync(lesson)
    ids = [cell.id for cell in nbformat.read(lesson.notebook, as_version=4).cells]
    assert [id for number, id in enumerate(ids) if id == f"own-{number}"] == [id for n, id in enumerate(ids) if n != 2]
    assert ids[2] != "own-2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda book: book.cells.pop(), "the notebook has"),
        (lambda book: book.cells[1].metadata.update(tags=["hide"]), "cell 2 differs: the notebook has metadata"),
        (
            lambda book: book.cells.insert(1, nbformat.v4.new_markdown_cell("Hm.")),
            "cell 2 differs: the notebook has a m",
        ),
    ],
)
def test_every_kind_of_difference_is_found(lesson: Pair, change: Callable[[NotebookNode], object], said: str) -> None:
    book = nbformat.read(lesson.notebook, as_version=4)
    change(book)
    nbformat.write(book, lesson.notebook)
    assert said in str(pairing.difference(lesson))


def test_outputs_are_taken_out(lesson: Pair) -> None:
    book = nbformat.read(lesson.notebook, as_version=4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.outputs, code.execution_count = [nbformat.v4.new_output("stream", text="Open")], 1
    code.metadata["execution"] = {"iopub.status.idle": "2026-01-01T00:00:00Z"}
    book.metadata["widgets"] = {}
    nbformat.write(book, lesson.notebook)
    assert pairing.untidy(book) == ["outputs", "execution counts", "saved widget state"]
    assert pairing.sync(lesson) == [lesson.notebook]
    clean = nbformat.read(lesson.notebook, as_version=4)
    assert pairing.untidy(clean) == []
    assert "execution" not in lesson.notebook.read_text(encoding="utf-8").replace("execution_count", "")


def test_the_command_says_what_is_out_of_step_and_writes_nothing(root: Path, lesson: Pair) -> None:
    reword(lesson.text, "Predict: where", "Guess: where")
    before = lesson.notebook.read_bytes()
    result = CliRunner().invoke(sync, ["--check", "--root", str(root)])
    assert result.exit_code == 1
    assert result.output == (
        "course/text/01-powers.md: cell 3 differs: the notebook has “Predict: where is 1.5 after four steps?”, "
        "the text “Guess: where is 1.5 after four steps?”. Run `course sync`.\n"
    )
    assert lesson.notebook.read_bytes() == before


def test_the_command_writes(root: Path, lesson: Pair) -> None:
    reword(lesson.text, "Predict: where", "Guess: where")
    result = CliRunner().invoke(sync, ["01-powers", "--root", str(root)])
    assert (result.exit_code, result.output) == (0, "wrote course/01-powers.ipynb\n✓ halves in step\n")


def test_the_command_knows_its_notebooks(root: Path) -> None:
    result = CliRunner().invoke(sync, ["02-roots", "--root", str(root)])
    assert result.exit_code == 1
    assert result.output == "Error: No notebook is called “02-roots”. There are: 01-powers.\n"


# --------------------------------------------------------------------------- what is derived, and what cannot be

FUNCTION = "    ### END SOLUTION\n"
CHECK = 'check("powers.growth", growth, base=1.5, times=4)'


def run_sync(root: Path, *options: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(sync, [*options, "--root", str(root)])
    return result.exit_code, result.output.splitlines()


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            FUNCTION,
            "",
            33,
            "its solution has no end: ### BEGIN SOLUTION stands without ### END SOLUTION. Write ### END",
        ),
        ("    ### BEGIN SOLUTION\n", "", 33, "### END SOLUTION stands without its beginning. Write ### BEGIN SOLUTION"),
        (
            "### BEGIN SOL",
            "## BEGIN SOL",
            33,
            "“## BEGIN SOLUTION” is not how a solution begins, so the answer would be",
        ),
        ("### BEGIN SOL", "### Begin Sol", 33, "“### Begin SolUTION” is not how a solution begins"),
        (
            "### END SOLUTION\n",
            "### BEGIN SOLUTION\n    ### END SOLUTION\n",
            33,
            "a second ### BEGIN SOLUTION stands before the first one's end. Write ### END SOLUTION between them.",
        ),
        ("  # SOLUTION", "  # solution", 23, "“# solution” is not how a solution is marked, so the answer would be"),
        (
            CHECK,
            CHECK.replace('growth"', 'grwth"'),
            27,
            "check asks for “powers.grwth”, which the bank does not have. Did",
        ),
        (CHECK, 'check("powers.growth")', 27, "its check takes the exercise's id and the answer. Write check("),
        (
            CHECK,
            CHECK.replace('"powers.growth"', "growth"),
            27,
            "its check asks for “growth”, which is no exercise's id.",
        ),
        (CHECK, f"{CHECK[:-1]}", 27, "this cell is no valid Python ('(' was never closed). Mend it."),
        (
            "SOLUTION\n```\n\n```{code-cell}\n" + CHECK,
            f"SOLUTION\n{CHECK}",
            23,
            "a solution and its check stand in one cell, which a learner would have to edit and must not. Put the check",
        ),
        (
            "running)\n```\n",
            'running)\n```\n\n```{code-cell}\ncheck("powers.running", running)\n```\n',
            48,
            "a second cell has",
        ),
        (
            "Where does it end?",
            "### BEGIN SOLUTION\nAt 5.\n### END SOLUTION",
            20,
            "a solution is marked in prose, where",
        ),
        (CHECK, f"---\nnbgrader:\n  grade: true\n---\n{CHECK}", 31, "nbgrader cannot read its block (Outdated schema"),
        (
            CHECK,
            f"---\nnbgrader:\n  grade: true\n  schema_version: 3\n---\n{CHECK}",
            32,
            "nbgrader cannot read its block ('locked' is a required property). Write the block whole, or leave it out",
        ),
        (
            "growth = 1.5**4  # SOLUTION",
            "### BEGIN SOLUTION\nprint(5)\n### END SOLUTION",
            23,
            "a solution stands in a cell that defines no name, so nothing can be checked. Assign the answer to a name",
        ),
    ],
)
def test_a_cell_of_which_nothing_can_be_made(
    root: Path, exercises: Pair, old: str, new: str, line: int, said: str
) -> None:
    before = exercises.notebook.read_bytes()
    reword(exercises.text, old, new)
    code, output = run_sync(root)
    where = f"solutions/01-powers/01-powers.md:{line}: "
    assert code == 1 and output[0].startswith(where) and said in output[0], output
    assert exercises.notebook.read_bytes() == before, "nothing is half-written"
    assert run_sync(root, "--check") == (1, output)


def test_every_such_cell_is_named_at_once(root: Path, exercises: Pair) -> None:
    reword(exercises.text, FUNCTION, "")
    reword(exercises.text, "# SOLUTION", "# Solution")
    code, output = run_sync(root)
    assert code == 1 and [line.split(": ")[0] for line in output] == [
        f"solutions/01-powers/01-powers.md:{number}" for number in (23, 33)
    ]


def test_a_bank_that_does_not_load_is_named(root: Path, exercises: Pair) -> None:
    bank = root / "solutions" / "01-powers" / "bank.py"
    bank.write_text("import nothing_of_this_name\n")
    reword(exercises.text, "Where does it end?", "Where does it stop?")
    code, output = run_sync(root)
    assert (
        code == 1 and "01-powers.md:27: its points are the bank's. The bank of 01-powers cannot be loaded:" in output[0]
    )


def test_a_block_of_its_own_wins(root: Path, exercises: Pair) -> None:
    plain = {"grade": False, "grade_id": "own", "locked": False, "schema_version": 3, "solution": False, "task": False}
    lines = "\n".join(f"  {key}: {json.dumps(value)}" for key, value in plain.items()).replace('"', "")
    reword(exercises.text, CHECK, f"---\nnbgrader:\n{lines}\n---\n{CHECK}")
    pairing.sync(exercises)
    [cell] = [cell for cell in pairing.read(exercises.notebook).cells if cell.source == CHECK]
    assert dict(cell.metadata.nbgrader) == plain
    before = exercises.text.read_text(encoding="utf-8")
    pairing.write_text(exercises)
    assert exercises.text.read_text(encoding="utf-8") == before, "what is not derived stays in the text"


@pytest.mark.parametrize(
    ("source", "metadata"),
    [
        ('NAMES = {"a": "one", "b": "two"}', ("names", True)),
        ('LONG_NAMES = {"a": "one"}', ("long-names", True)),
        ('names = {"a": "one"}', None),
        ("SIZES = {'a': 1}", None),
        ('NAMES = {"a": "one"}\nprint(NAMES)', None),
        ("def helper(x):\n    return x", None),
    ],
)
def test_a_list_to_choose_from_is_locked(
    root: Path, exercises: Pair, source: str, metadata: tuple[str, bool] | None
) -> None:
    reword(exercises.text, "Where does it end?", f"Where?\n\n```{{code-cell}}\n{source}\n```\n\nHm.")
    pairing.sync(exercises)
    [cell] = [cell for cell in pairing.read(exercises.notebook).cells if cell.source == source]
    found = cell.metadata.get("nbgrader")
    assert (found and (found.grade_id, found.locked)) == metadata
    assert found is None or not (found.grade or found.solution)


def test_a_cell_added_in_jupyterlab_is_given_what_it_needs(exercises: Pair) -> None:
    book = pairing.read(exercises.notebook)
    book.cells += [
        nbformat.v4.new_code_cell("third = 1.5**3  # SOLUTION"),
        nbformat.v4.new_code_cell('check("powers.growth", third, base=1.5, times=3)'),
    ]
    nbformat.write(book, exercises.notebook)
    assert pairing.sync(exercises, "notebook") == [exercises.text, exercises.notebook]
    answer, check = pairing.read(exercises.notebook).cells[-2:]
    assert "### BEGIN SOLUTION\nthird = 1.5**3\n### END SOLUTION" in answer.source
    assert (answer.id, check.id, check.metadata.nbgrader.points) == ("third", "check-third", 1)
    assert exercises.text.read_text(encoding="utf-8").endswith(
        "```{code-cell}\nthird = 1.5**3  # SOLUTION\n```\n\n"
        '```{code-cell}\ncheck("powers.growth", third, base=1.5, times=3)\n```\n'
    )


# --------------------------------------------------------------------------- the header


@pytest.mark.parametrize("which", ["lesson", "exercises"])
def test_a_text_without_its_header_is_told_and_given_one(
    root: Path, which: str, request: pytest.FixtureRequest
) -> None:
    pair: Pair = request.getfixturevalue(which)
    whole = pair.text.read_text(encoding="utf-8")
    pair.text.write_text(whole.split("---\n\n", 1)[1], encoding="utf-8")
    pair.notebook.unlink()
    where = pair.text.relative_to(root)
    said = f"{where}: the text has no header that makes it a notebook. Run `course sync`."
    assert run_sync(root, "--check")[1][0] == said
    code, output = run_sync(root)
    assert (code, output[:2]) == (0, [f"wrote {where}", f"wrote {pair.notebook.relative_to(root)}"])
    assert pair.text.read_text(encoding="utf-8") == whole


def test_a_header_of_something_else_is_told(root: Path, lesson: Pair) -> None:
    whole = lesson.text.read_text(encoding="utf-8")
    lesson.text.write_text("---\ntitle: Powers\n---\n\n# Powers\n", encoding="utf-8")
    code, output = run_sync(root)
    assert code == 1
    assert output[0] == "Error: The header of text/01-powers.md does not make it a notebook. Put this in its place:"
    assert "\n".join(output[1:]).strip() == whole[: whole.index("---\n\n") + 3]


def test_notes_beside_a_notebook_are_no_text_half(root: Path) -> None:
    (root / "solutions" / "01-powers" / "notes.md").write_text("Ideas.\n")
    (root / "course" / "text" / "README.md").write_text("Ideas.\n")
    assert [pair.name for pair in pairing.pairs(root)] == ["01-powers", "01-powers"]
