"""A unit's files are there, agree with each other, and are committed clean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.judging import bank as banks
from course.authoring import pairing, release
from course.authoring.complaint import Complaint, from_error
from course.authoring.course_files import Tree, UnitFiles
from course.authoring.rules.calls import parse


def every_part_is_there(unit: UnitFiles) -> Iterator[Complaint]:
    """A unit has a lesson and a bank that loads; where it gates anything, an exercise notebook and its release."""
    for path, notebook in (
        (unit.lesson_path, unit.lesson),
        (unit.source_path, unit.source),
        (unit.release_path, unit.release),
    ):
        if notebook is None and (path == unit.lesson_path or unit.has_exercises):
            what = "it is no readable notebook" if path.exists() else f"the unit {unit.id} has no such notebook"
            yield Complaint(unit.tree.show(path), what, _made_by(unit, path))
    try:
        banks.load(unit.bank_path)
    except banks.BankError as error:
        how = "Mend it and run lint again." if unit.bank_path.exists() else "Declare its exercises there."
        yield from_error(unit.tree.show(unit.bank_path), error, how)


def names_of_a_bank_are_used_once(unit: UnitFiles) -> Iterator[Complaint]:
    """No function of a bank's file silently takes the place of another of the same name."""
    first: dict[tuple[str, str], str] = {}
    for name, place in unit.functions_of_bank:
        file, _, _ = place.rpartition(":")
        earlier = first.setdefault((file, name), place)
        if name != "_" and earlier != place:
            yield Complaint(
                f"{place} ({name})",
                f"a function of this name is defined on line {earlier.rpartition(':')[2]}, too, "
                "and this one takes its place",
                "Rename one of them.",
            )


def _made_by(unit: UnitFiles, path: Path) -> str:
    """How a notebook that is missing comes to be."""
    if path == unit.release_path:
        return "Run `make exercises`."
    pair = next((pair for pair in _pairs(unit) if pair.notebook == path), None)
    if pair is not None and pair.text.exists():
        return f"Run `course sync {unit.id}`, which writes it from {unit.tree.show(pair.text)}."
    return "Write it, or write its text half and run `course sync`."


def halves_agree(unit: UnitFiles) -> Iterator[Complaint]:
    """Each notebook and its text half hold the same cells."""
    for pair in _pairs(unit):
        try:
            what = pairing.difference(pair)
        except pairing.TextError as error:
            for line, problem, how in error.problems:
                yield Complaint(f"{unit.tree.show(pair.text)}:{line}", problem, how)
            continue
        except pairing.HalvesError as error:
            yield from_error(unit.tree.show(pair.notebook), error)
            continue
        if what:
            yield Complaint(
                unit.tree.show(pair.text),
                f"the halves are out of step: {what}",
                f"Run `course sync {unit.id}` to take the text, with --from-notebook to take the notebook.",
            )


def notebooks_are_clean(unit: UnitFiles) -> Iterator[Complaint]:
    """Committed notebooks hold no outputs and nothing else that a run leaves behind."""
    for path, notebook in (
        (unit.lesson_path, unit.lesson),
        (unit.source_path, unit.source),
        (unit.release_path, unit.release),
    ):
        left = pairing.untidy(notebook) if notebook else []
        if left:
            how = "make exercises" if path == unit.release_path else f"course sync {unit.id}"
            yield _unclean(unit.tree.show(path), left, how)


def release_is_in_step(unit: UnitFiles) -> Iterator[Complaint]:
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


def release_is_python(unit: UnitFiles) -> Iterator[Complaint]:
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
    for pair in pairing.pairs(tree.root):
        if pair.name in known:
            continue
        what = pairing.difference(pair)
        if what:
            what = f"the halves are out of step: {what}"
            yield Complaint(tree.show(pair.text), what, f"Run `course sync {pair.name}`.")
        elif left := pairing.untidy(pairing.read(pair.notebook)):
            yield _unclean(tree.show(pair.notebook), left, f"course sync {pair.name}")


def _unclean(where: str, left: list[str], command: str) -> Complaint:
    return Complaint(where, f"it is committed with {' and '.join(left)}", f"Run `{command}`, which mends that.")


def _unlisted(where: str, name: str) -> Complaint:
    return Complaint(where, f"course/syllabus.toml has no unit “{name}”", "Add it there, in its place, or remove this.")


def _pairs(unit: UnitFiles) -> list[pairing.Pair]:
    return [pair for pair in pairing.pairs(unit.tree.root) if pair.name == unit.id]
