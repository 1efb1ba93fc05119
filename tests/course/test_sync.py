"""A notebook and its text half hold the same cells; `course sync` says where they do not, and mends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat import NotebookNode

from course.authoring import halves
from course.authoring.commands import sync
from course.authoring.halves import HalvesError, Pair
from course.authoring.tree import PROJECT

PAIRS = halves.pairs(PROJECT)


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.notebook.relative_to(PROJECT).as_posix() for pair in PAIRS])
def test_the_halves_of_this_course_agree(pair: Pair) -> None:
    assert halves.difference(pair) is None, f"{pair.text.name}: run `course sync {pair.name}`"
    assert halves.untidy(halves.read(pair.notebook)) == []


def test_every_notebook_of_this_course_is_one_of_a_pair() -> None:
    folders = ("course", "solutions/*", "tests/benchmarks")
    committed = {path for folder in folders for path in PROJECT.glob(f"{folder}/*.ipynb")}
    assert committed
    assert {pair.notebook for pair in PAIRS} == committed


# --------------------------------------------------------------------------- a course of one unit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course whose texts have notebooks."""
    folder = shutil.copytree(Path(__file__).with_name("lint_course"), tmp_path / "small")
    for pair in halves.pairs(folder):
        halves.sync(pair)
    return folder


@pytest.fixture
def lesson(root: Path) -> Pair:
    return Pair(root / "course" / "01-powers.ipynb", root / "course" / "text" / "01-powers.md")


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
    assert halves.pairs(root) == [lesson, Pair(unit / "01-powers.ipynb", unit / "01-powers.md")]


def test_the_text_wins(lesson: Pair) -> None:
    reword(lesson.text, "Predict: where", "Guess: where")
    assert "Guess: where" in str(halves.difference(lesson))
    assert halves.sync(lesson) == [lesson.notebook]
    assert halves.difference(lesson) is None
    assert "Guess: where" in lesson.notebook.read_text(encoding="utf-8")


def test_the_notebook_wins_when_asked(lesson: Pair) -> None:
    reword(lesson.notebook, "Predict: where", "Guess: where")
    assert halves.sync(lesson, "notebook") == [lesson.text]
    assert halves.difference(lesson) is None
    assert "Guess: where" in lesson.text.read_text(encoding="utf-8")


def test_a_notebook_saved_later_is_never_overwritten_unasked(lesson: Pair) -> None:
    reword(lesson.notebook, "Predict: where", "Guess: where")
    with pytest.raises(HalvesError, match=r"was saved later: cell 3 differs.*--from-text or --from-notebook"):
        halves.sync(lesson)
    assert "Guess: where" in lesson.notebook.read_text(encoding="utf-8")
    assert halves.sync(lesson, "text") == [lesson.notebook]
    assert "Predict: where" in lesson.notebook.read_text(encoding="utf-8")


def test_a_second_sync_changes_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    assert [halves.sync(pair) for pair in halves.pairs(root)] == [[], []]
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


def test_a_notebook_from_the_same_text_is_the_same_to_the_byte(lesson: Pair) -> None:
    first = lesson.notebook.read_bytes()
    lesson.notebook.unlink()
    halves.sync(lesson)
    assert lesson.notebook.read_bytes() == first


def test_cells_that_did_not_change_keep_their_ids(lesson: Pair) -> None:
    book = nbformat.read(lesson.notebook, as_version=4)
    for number, cell in enumerate(book.cells):
        cell["id"] = f"own-{number}"
    nbformat.write(book, lesson.notebook)
    assert halves.difference(lesson) is None, "ids are no part of the comparison"
    reword(lesson.text, "Predict: where", "Guess: where")
    halves.sync(lesson)
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
    assert said in str(halves.difference(lesson))


def test_outputs_are_taken_out(lesson: Pair) -> None:
    book = nbformat.read(lesson.notebook, as_version=4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.outputs, code.execution_count = [nbformat.v4.new_output("stream", text="Open")], 1
    code.metadata["execution"] = {"iopub.status.idle": "2026-01-01T00:00:00Z"}
    book.metadata["widgets"] = {}
    nbformat.write(book, lesson.notebook)
    assert halves.untidy(book) == ["outputs", "execution counts", "saved widget state"]
    assert halves.sync(lesson) == [lesson.notebook]
    clean = nbformat.read(lesson.notebook, as_version=4)
    assert halves.untidy(clean) == []
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
