"""What a learner is offered who is stuck on a skill: a worked example and another way in, at places that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.authoring.complaint import Complaint
from course.authoring.rules.skills import MANIFEST, near
from course.authoring.tree import Unit

SENTENCE = 40
"""Characters that a way in has at least: shorter ones say “try again”."""
PLACES = {"example": "worked example", "way_in_at": "other way in"}


def the_stuck_are_helped(unit: Unit) -> Iterator[Complaint]:
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


def places_are_there(unit: Unit) -> Iterator[Complaint]:
    """The notebooks and headings that a skill names exist, as a learner finds them."""
    for skill in unit.entry.skills:
        for field, what in PLACES.items():
            place = getattr(skill, field)
            if place is None:
                continue
            where, notebook = f"{MANIFEST} ({skill.id})", unit.tree.handed_out(place.notebook)
            if notebook is None:
                yield Complaint(
                    where,
                    f"its {what} is in {place.notebook}, which no learner gets",
                    f"Name a lesson, such as {unit.id}.ipynb, or exercises/{unit.id}/{unit.id}.ipynb.",
                )
            elif place.heading not in (there := headings(notebook)):
                yield Complaint(where, f"{place.notebook} has no heading “{place.heading}”", near(place.heading, there))


def headings(notebook: NotebookNode) -> list[str]:
    """The headings of its Markdown cells, in order; what stands in a fence is code."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"^(```+|~~~+).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            found += re.findall(r"^ {0,3}#{1,6} +(.+?)(?: +#+)? *$", prose, flags=re.MULTILINE)
    return found
