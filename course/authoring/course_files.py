"""Where the parts of a course lie, and a unit with its parts read."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from autograder.judging import bank as banks
from autograder.judging.bank import Bank
from autograder.submissions import notebook as notebooks
from autograder.submissions.notebook import Question
from course import syllabus
from course.authoring import text_form

PROJECT = Path(__file__).resolve().parents[2]
"""The course this package belongs to: what every command works on unless it is given another root."""


@dataclass(frozen=True)
class Tree:
    """A course on disk, by its root folder."""

    root: Path = PROJECT

    def show(self, path: Path) -> str:
        """`path` as a reader at the root would write it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    @cached_property
    def syllabus(self) -> syllabus.Syllabus:
        return syllabus.load(self.root / "course" / "syllabus.toml")

    @cached_property
    def units(self) -> list[UnitFiles]:
        """The manifest's units, in its order."""
        return [UnitFiles(self, entry) for entry in self.syllabus.units]

    def handed_out(self, name: str) -> NotebookNode | None:
        """The notebook that a learner finds in their folder as `name` (`course.jupyter.study` hands it out); None if none."""
        return _read(self.root / name if name.startswith("exercises/") else self.root / "course" / name)

    def source_folders(self) -> list[Path]:
        """The folders of `solutions/` that hold a notebook: what is released."""
        return sorted({path.parent for path in (self.root / "solutions").glob("*/*.ipynb")})


@dataclass(frozen=True)
class UnitFiles:
    """One unit of the manifest, and its files. A file that is missing or broken reads as None (see `rules.files`)."""

    tree: Tree
    entry: syllabus.Unit

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def lesson_path(self) -> Path:
        return self.tree.root / "course" / f"{self.id}.ipynb"

    @property
    def source_path(self) -> Path:
        return self.tree.root / "solutions" / self.id / f"{self.id}.ipynb"

    @property
    def release_path(self) -> Path:
        return self.tree.root / "exercises" / self.id / f"{self.id}.ipynb"

    @property
    def bank_path(self) -> Path:
        """The bank's folder or file; where there is none, where its file would be."""
        unit = self.tree.root / "solutions" / self.id
        return banks.located(unit) or unit / "bank.py"

    @cached_property
    def lesson(self) -> NotebookNode | None:
        return _read(self.lesson_path)

    @cached_property
    def source(self) -> NotebookNode | None:
        """The exercises with their solutions."""
        return _read(self.source_path)

    @cached_property
    def release(self) -> NotebookNode | None:
        return _read(self.release_path)

    @cached_property
    def bank(self) -> Bank | None:
        try:
            return banks.load(self.bank_path)
        except banks.BankError:
            return None

    @cached_property
    def questions(self) -> list[Question]:
        """What the exercise notebook checks."""
        return notebooks.questions(self.source) if self.source else []

    @property
    def has_exercises(self) -> bool:
        """Whether an exercise notebook belongs to it. A unit that gates nothing needs none, and may have one."""
        return bool(self.gated) or self.source_path.exists() or self.source_path.with_suffix(".md").exists()

    @property
    def gated(self) -> list[str]:
        return [skill.id for skill in self.entry.skills if skill.gates]

    def place(self, path: Path, cell: int) -> str:
        """Where cell number `cell` of a notebook stands: the line of its text half, which is what one edits."""
        text = _text_half(path)
        if text is not None:
            lines = text_form.lines(text.read_text(encoding="utf-8"))
            if cell < len(lines):
                return f"{self.tree.show(text)}:{lines[cell]}"
        return f"{self.tree.show(path)} cell {cell + 1}"

    def of_bank(self, exercise: str) -> str:
        """Where an exercise is declared, as `solutions/…/bank/shape.py:line (name)`."""
        name = exercise.rpartition(".")[2]
        return next((f"{place} ({name})" for own, place in self.functions_of_bank if own == name), "") or (
            f"{self.tree.show(self.bank_path)} ({name})"
        )

    @cached_property
    def functions_of_bank(self) -> list[tuple[str, str]]:
        """The name of each function that the bank defines, and its place as `file:line`."""
        found = []
        for path in sorted(self.bank_path.rglob("*.py")) if self.bank_path.is_dir() else [self.bank_path]:
            try:
                nodes = ast.parse(path.read_text(encoding="utf-8")).body
            except (OSError, SyntaxError):
                continue  # said by `rules.files`
            show = self.tree.show(path)
            found += [(node.name, f"{show}:{node.lineno}") for node in nodes if isinstance(node, ast.FunctionDef)]
        return found


def _read(path: Path) -> NotebookNode | None:
    try:
        return notebooks.read(path)
    except banks.BankError:
        return None


def _text_half(notebook: Path) -> Path | None:
    for candidate in (notebook.with_suffix(".md"), notebook.parent / "text" / f"{notebook.stem}.md"):
        if candidate.is_file():
            return candidate
    return None
