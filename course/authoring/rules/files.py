"""A unit's files are there, agree with each other, and are committed clean."""

from __future__ import annotations

from collections.abc import Iterator

from autograder import bank as banks
from course.authoring import halves, release
from course.authoring.complaint import Complaint, from_error
from course.authoring.rules.calls import parse
from course.authoring.tree import Tree, Unit


def every_part_is_there(unit: Unit) -> Iterator[Complaint]:
    """A unit has a lesson and a bank that loads; where it gates anything, an exercise notebook and its release."""
    for path, notebook, how in (
        (unit.lesson_path, unit.lesson, "Write it, or write its text half and run `course sync`."),
        (unit.source_path, unit.source, "Write it, or write its text half and run `course sync`."),
        (unit.release_path, unit.release, "Run `make exercises`."),
    ):
        if notebook is None and (path == unit.lesson_path or unit.has_exercises):
            what = "it is no readable notebook" if path.exists() else f"the unit {unit.id} has no such notebook"
            yield Complaint(unit.tree.show(path), what, how)
    try:
        banks.load(unit.bank_path)
    except banks.BankError as error:
        yield from_error(unit.tree.show(unit.bank_path), error, "Declare its exercises there.")


def halves_agree(unit: Unit) -> Iterator[Complaint]:
    """Each notebook and its text half hold the same cells."""
    for pair in _pairs(unit):
        try:
            what = halves.difference(pair)
        except halves.HalvesError as error:
            yield from_error(unit.tree.show(pair.notebook), error)
            continue
        if what:
            yield Complaint(
                unit.tree.show(pair.text),
                f"the halves are out of step: {what}",
                f"Run `course sync {unit.id}` to take the text, with --from-notebook to take the notebook.",
            )


def notebooks_are_clean(unit: Unit) -> Iterator[Complaint]:
    """Committed notebooks hold no outputs and nothing else that a run leaves behind."""
    for path, notebook in (
        (unit.lesson_path, unit.lesson),
        (unit.source_path, unit.source),
        (unit.release_path, unit.release),
    ):
        left = halves.untidy(notebook) if notebook else []
        if left:
            how = "make exercises" if path == unit.release_path else f"course sync {unit.id}"
            yield _unclean(unit.tree.show(path), left, how)


def release_is_in_step(unit: Unit) -> Iterator[Complaint]:
    """`exercises/` is what nbgrader makes of `solutions/`."""
    if unit.source is None:
        return
    folder = unit.tree.show(unit.release_path.parent)
    try:
        for _, what in release.out_of_step(unit.tree.root, unit.id):
            what = f"the release is out of step with solutions/{unit.id}: {what}"
            yield Complaint(folder, what, "Run `make exercises`.")
    except release.ReleaseError as error:
        yield from_error(folder, error)


def release_is_python(unit: Unit) -> Iterator[Complaint]:
    """With its solutions taken out, every code cell still parses."""
    for index, cell in enumerate(unit.release.cells if unit.release else ()):
        if cell.cell_type == "code" and parse(cell.source) is None:
            yield Complaint(
                unit.place(unit.source_path, index),
                "released, this cell is no valid Python",
                "A function whose whole body is the solution needs a docstring above ### BEGIN SOLUTION.",
            )


def nothing_is_left_over(tree: Tree) -> Iterator[Complaint]:
    """Every notebook of the course belongs to a unit of the manifest (the start page needs none)."""
    known = {unit.id for unit in tree.units}
    for path in sorted((tree.root / "course").glob("[0-9]*.ipynb")):
        if path.stem not in known:
            yield _unlisted(tree.show(path), path.stem)
    for folder in tree.source_folders():
        if folder.name not in known:
            yield _unlisted(tree.show(folder), folder.name)
    sources = {folder.name for folder in tree.source_folders()}
    for path in sorted((tree.root / "exercises").glob("*/")):
        if path.name not in sources and not path.name.startswith("."):
            yield Complaint(tree.show(path), "it has no source in solutions/ any more", "Run `make exercises`.")


def other_halves_agree(tree: Tree) -> Iterator[Complaint]:
    """Notebooks outside the units, such as the start page, agree with their text and are clean."""
    known = {unit.id for unit in tree.units}
    for pair in halves.pairs(tree.root):
        if pair.name in known:
            continue
        what = halves.difference(pair)
        if what:
            what = f"the halves are out of step: {what}"
            yield Complaint(tree.show(pair.text), what, f"Run `course sync {pair.name}`.")
        elif left := halves.untidy(halves.read(pair.notebook)):
            yield _unclean(tree.show(pair.notebook), left, f"course sync {pair.name}")


def _unclean(where: str, left: list[str], command: str) -> Complaint:
    return Complaint(where, f"it is committed with {' and '.join(left)}", f"Run `{command}`, which mends that.")


def _unlisted(where: str, name: str) -> Complaint:
    return Complaint(where, f"course/syllabus.toml has no unit “{name}”", "Add it there, in its place, or remove this.")


def _pairs(unit: Unit) -> list[halves.Pair]:
    return [pair for pair in halves.pairs(unit.tree.root) if pair.name == unit.id]
