"""What a learner is offered who is stuck on a skill: a worked example and another way in, at places that are there."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.authoring.complaint import Complaint, near
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import code_cells, parse
from course.authoring.rules.skills import MANIFEST

SENTENCE = 40
"""Characters that a way in has at least: shorter ones say “try again”."""
PLACES = {"example": "worked example", "way_in_at": "other way in"}


def the_stuck_are_helped(unit: UnitFiles) -> Iterator[Complaint]:
    """A gated skill names its worked example, and another way in with its place."""
    for skill in unit.entry.gated:
        where = f"{MANIFEST} ({skill.id})"
        for field, what in PLACES.items():
            if getattr(skill, field) is None:
                yield Complaint(
                    where,
                    f"who is stuck on this skill is sent to no {what}",
                    f'Name it: {field} = "{unit.id}.ipynb#" and one of its headings.',
                )
        if len(skill.way_in) < SENTENCE or skill.way_in[-1] not in ".?!":
            yield Complaint(
                where,
                "who is stuck on this skill gets no other way in",
                'Write it: way_in = "…", a sentence or two on a view to play with, a picture or a smaller case.',
            )


def places_are_there(unit: UnitFiles) -> Iterator[Complaint]:
    """The notebooks and headings that a skill names exist, as a learner finds them."""
    for skill in unit.entry.skills:
        for field, what in PLACES.items():
            place = getattr(skill, field)
            if place is None:
                continue
            where, notebook = f"{MANIFEST} ({skill.id})", unit.tree.handed_out(place.notebook)
            if notebook is None and place.notebook in (f"{unit.id}.ipynb", f"exercises/{unit.id}/{unit.id}.ipynb"):
                yield Complaint(where, f"its {what} is in {place.notebook}, which is not there yet", "Write it first.")
            elif notebook is None:
                yield Complaint(
                    where,
                    f"its {what} is in {place.notebook}, which no learner gets",
                    f"Name a lesson, such as {unit.id}.ipynb, or exercises/{unit.id}/{unit.id}.ipynb.",
                )
            elif place.heading not in (there := headings(notebook)):
                yield Complaint(where, f"{place.notebook} has no heading “{place.heading}”", near(place.heading, there))


def names_are_there(unit: UnitFiles) -> Iterator[Complaint]:
    """What a way in quotes as code, such as a view to play with, stands in the code of the notebook it leads to."""
    for skill in unit.entry.skills:
        notebook = unit.tree.handed_out(skill.way_in_at.notebook) if skill.way_in_at else None
        if notebook is None or skill.way_in_at is None:
            continue
        nodes = [node for _, cell in code_cells(notebook) for node in _nodes(parse(cell.source))]
        known = {name for node in nodes for name in _names(node)}
        for quoted in re.findall(r"`([^`]+)`", skill.way_in):
            used = {node.id for node in _nodes(parse(quoted)) if isinstance(node, ast.Name)}
            for name in sorted(used - known - set(dir(builtins))):
                yield Complaint(
                    f"{MANIFEST} ({skill.id})",
                    f"its way in speaks of `{name}`, which no code of {skill.way_in_at.notebook} has",
                    near(name, known) if difflib.get_close_matches(name, known, n=1) else "Name what stands there.",
                )


def _nodes(tree: ast.Module | None) -> list[ast.AST]:
    return list(ast.walk(tree)) if tree else []


def _names(node: ast.AST) -> list[str]:
    """The names that a node of a syntax tree uses, defines or imports; of an attribute, its last part."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.keyword(arg=str(name)):
            return [name]
        case ast.alias(name=module, asname=other):
            return [(other or module).split(".")[0]]
    return []


def headings(notebook: NotebookNode) -> list[str]:
    """The headings of its Markdown cells, in order; what stands in a fence is code."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^(```+|~~~+).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            found += re.findall(r"^ {0,3}#{1,6} +(.+?)(?: +#+)? *$", prose, flags=re.MULTILINE)
    return found
