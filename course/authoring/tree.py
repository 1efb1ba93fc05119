"""Where the parts of a course lie, and a unit with its parts read."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from autograder import bank as banks
from autograder import notebook as notebooks
from autograder.bank import Bank
from autograder.notebook import Question
from course import manifest

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
    def syllabus(self) -> manifest.Syllabus:
        return manifest.load(self.root / "course" / "syllabus.toml")

    @cached_property
    def units(self) -> list[Unit]:
        """The manifest's units, in its order."""
        return [Unit(self, entry) for entry in self.syllabus.units]

    def handed_out(self, name: str) -> NotebookNode | None:
        """The notebook that a learner finds in their folder as `name` (`course.study` hands it out); None if none."""
        return _read(self.root / name if name.startswith("exercises/") else self.root / "course" / name)

    def source_folders(self) -> list[Path]:
        """The folders of `solutions/` that hold a notebook: what is released."""
        return sorted({path.parent for path in (self.root / "solutions").glob("*/*.ipynb")})


@dataclass(frozen=True)
class Unit:
    """One unit of the manifest, and its files. A file that is missing or broken reads as None (see `rules.files`)."""

    tree: Tree
    entry: manifest.Unit

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
        return self.tree.root / "solutions" / self.id / "bank.py"

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
        notebook = _read(path)
        text = _text_half(path)
        shown = self.tree.show(path)
        if notebook is None or text is None or not text.is_file():
            return f"{shown} cell {cell + 1}"
        before, _, _ = text.read_text(encoding="utf-8").partition(notebook.cells[cell].source.strip())
        return f"{self.tree.show(text)}:{before.count(chr(10)) + 1}"

    def of_bank(self, exercise: str) -> str:
        """Where an exercise is declared, as `solutions/…/bank.py:line (name)`."""
        name = exercise.rpartition(".")[2]
        try:
            nodes = ast.parse(self.bank_path.read_text(encoding="utf-8")).body
        except (OSError, SyntaxError):
            nodes = []
        line = next((f":{n.lineno}" for n in nodes if isinstance(n, ast.FunctionDef) and n.name == name), "")
        return f"{self.tree.show(self.bank_path)}{line} ({name})"


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
