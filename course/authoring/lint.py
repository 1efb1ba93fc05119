"""The content linter: every rule asked of every unit, the quick ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from course.authoring import rules
from course.authoring.complaint import Complaint
from course.authoring.course_files import Tree, UnitFiles

Progress = Callable[[str], None]


def complaints(
    tree: Tree, unit: str | None = None, *, quick: bool = False, doing: Progress = lambda _: None
) -> Iterator[Complaint]:
    """Everything that is wrong with the course, or with one unit of it; nothing where nothing is.

    `quick` leaves out what runs notebooks. `doing` hears what is being looked at. Raises `CourseError` for a unit
    that the manifest does not have.
    """
    units = [UnitFiles(tree, tree.syllabus.unit(unit))] if unit else tree.units
    if unit is None:
        doing("the course as a whole")
        for tree_rule in rules.TREE:
            yield from tree_rule(tree)
    for each in units:
        for rule in (*rules.STATIC, *rules.JUDGED):
            doing(f"{each.id}: {rule.__name__.replace('_', ' ')}")
            yield from rule(each)
        if not quick:
            doing(f"{each.id}: running its solutions and its release")
            yield from _together(rules.RUN, each)


def _together(run: Iterable[rules.UnitRule], unit: UnitFiles) -> Iterator[Complaint]:
    """Rules that mostly wait for a kernel, side by side; their complaints in the rules' order."""
    with ThreadPoolExecutor() as pool:
        for found in pool.map(lambda rule: list(rule(unit)), run):
            yield from found
