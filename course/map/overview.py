"""The map, without a browser: where each unit lies, what its state is called, and all of it in words.

Pure functions of a syllabus, a standing and a time; `course.map.page` shows what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from course.errors import CourseError
from course.mastery import steps
from course.mastery.rule import MapState, Standing
from course.mastery.steps import Step
from course.syllabus import Syllabus, Unit
from course.widgets.panel import Panel

SIGNS = {
    MapState.LOCKED: "⊘",
    MapState.OPEN: "○",
    MapState.STARTED: "◐",
    MapState.MASTERED: "✓",
    MapState.DUE: "↻",
}

Place = tuple[int, int]
"""(layer, row): layers from what needs nothing on, rows within one."""


# --------------------------------------------------------------------------- where units lie


@dataclass(frozen=True)
class Edge:
    """That `target` requires `source`: the places its line passes, both ends included, one in each layer."""

    source: str
    target: str
    path: tuple[Place, ...]


@dataclass(frozen=True)
class Layout:
    """The syllabus as a graph in layers."""

    places: dict[str, Place]
    edges: tuple[Edge, ...]


def layers(syllabus: Syllabus) -> dict[str, int]:
    """Each unit's layer: the longest chain of requirements before it. `CourseError` where they go round in a circle."""
    requires = {unit.id: unit.requires for unit in syllabus.units}
    found: dict[str, int] = {}

    def layer(name: str, above: tuple[str, ...]) -> int:
        if name in above:
            raise CourseError(f"syllabus.toml: {' requires '.join([*above[above.index(name) :], name])}, a circle.")
        if name not in found:
            found[name] = max((1 + layer(other, (*above, name)) for other in requires[name]), default=0)
        return found[name]

    for name in requires:
        layer(name, ())
    return found


def direct(syllabus: Syllabus) -> dict[str, tuple[str, ...]]:
    """What each unit requires, without what follows from the rest: of 01 → 02 → 03 and 01 → 03, not the last."""
    requires = {unit.id: unit.requires for unit in syllabus.units}

    def ancestors(name: str) -> set[str]:
        return set(requires[name]).union(*(ancestors(other) for other in requires[name]))

    return {
        name: tuple(one for one in dict.fromkeys(needed) if not any(one in ancestors(o) for o in needed))
        for name, needed in requires.items()
    }


Cell = tuple[str, str, int]
"""What takes up a place: (unit, "", layer), or (source, target, layer) where a line passes."""


def layout(syllabus: Syllabus) -> Layout:
    """Where units and the lines between them lie.

    A line that passes a layer keeps a row free in it, so that it runs behind no unit. Rows are ordered by the middle of
    what they come from (Sugiyama's barycentre), and otherwise as the manifest is.
    """
    depth, needed = layers(syllabus), direct(syllabus)
    columns: list[list[Cell]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, layer in depth.items():
        columns[layer].append((name, "", layer))
    chains: list[list[Cell]] = []
    for unit in syllabus.units:
        for source in needed[unit.id]:
            passed = [(source, unit.id, layer) for layer in range(depth[source] + 1, depth[unit.id])]
            for cell in passed:
                columns[cell[2]].append(cell)
            chains.append([(source, "", depth[source]), *passed, (unit.id, "", depth[unit.id])])
    before: dict[Cell, list[Cell]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            before.setdefault(other, []).append(one)
    rows: dict[Cell, int] = {}

    def middle(cell: Cell) -> Fraction:
        sources = [rows[source] for source in before.get(cell, ())]
        return Fraction(sum(sources), len(sources)) if sources else Fraction(0)

    for column in columns:
        ordered = sorted(column, key=middle)  # which keeps the manifest's order where these tie
        rows.update({cell: row for row, cell in enumerate(ordered)})
    places = {name: (layer, rows[name, "", layer]) for name, layer in depth.items()}
    edges = tuple(Edge(chain[0][0], chain[-1][0], tuple((cell[2], rows[cell]) for cell in chain)) for chain in chains)
    return Layout(places, edges)


# --------------------------------------------------------------------------- what is said of them


@dataclass(frozen=True, kw_only=True)
class Node:
    """One unit on the map."""

    unit: Unit
    state: MapState
    sign: str
    word: str
    """The state, as a learner reads it."""
    share: float
    """How much is done, from 0 to 1."""
    done: str
    """The same, counted in skills."""
    due: int
    """How many of its skills are due for review."""
    note: str = ""
    """What else there is to say: what it opens after, that its gate was walked past."""
    practise: Step | None = None
    """What its button practises; None where there is nothing to."""
    checkpoint: bool = False
    """Whether its checkpoint may be sat."""

    @property
    def number(self) -> str:
        return self.unit.id.split("-")[0]

    @property
    def name(self) -> str:
        """Its title's first words."""
        return self.unit.title.split(":")[0]

    @property
    def label(self) -> str:
        """Number and name."""
        return f"{self.number} {self.name}"

    @property
    def text(self) -> str:
        """The unit in a line."""
        due = reviews_due(self.due) if self.due else ""
        parts = [f"{self.sign} {self.word}", self.done, due, f"{self.unit.minutes} minutes", self.note]
        return f"{self.name}: " + " · ".join(part for part in parts if part)


def reviews_due(count: int) -> str:
    """The number of reviews that are due, in words."""
    return f"{count} {'review' if count == 1 else 'reviews'} due"


def node(standing: Standing, unit: Unit, now: datetime) -> Node:
    """`unit` as the map shows it."""
    state, gate = standing.state(unit, now), standing.gate(unit)
    sign, word, note = SIGNS[state], state.value, "" if unit.gated else "advises, never blocks"
    if state is MapState.LOCKED:
        note = "opens after " + " and ".join(name.split("-")[0] for name in unit.requires)
    elif gate.walked_past:
        note = "continued without mastery"
    if unit.gated:
        have, of = len(unit.gated) - len(standing.unmastered(unit)), len(unit.gated)
        done = f"{have} of {of} {'skill' if of == 1 else 'skills'}"
        if have == of:
            done += ", checkpoint passed" if standing.units[unit.id].passed else ", checkpoint next"
    else:
        have, of = sum(standing.skill(s.id).begun for s in unit.skills), len(unit.skills)
        done = f"{have} of {of} answered" if of else ""
        if of and have == of:
            sign, word = SIGNS[MapState.MASTERED], "done"
    return Node(
        unit=unit,
        state=state,
        sign=sign,
        word=word,
        share=standing.share(unit),
        done=done,
        due=len(standing.due(unit, now)),
        note=note,
        practise=None if state is MapState.LOCKED else next(iter(practicable(standing, unit, now)), None),
        checkpoint=standing.may_sit(unit) and gate.open,
    )


def practicable(standing: Standing, unit: Unit, now: datetime) -> list[Step]:
    """What can be practised in `unit` now: what is due, then what is missing."""
    return [step for step in steps.to_do(standing, unit, now) if step.kind == "practise" and step.ready]


@dataclass(frozen=True)
class Overview:
    """The whole map, in words and numbers."""

    syllabus: Syllabus
    nodes: tuple[Node, ...]
    layout: Layout
    warning: str = ""

    @property
    def due(self) -> int:
        """How many reviews are due."""
        return sum(one.due for one in self.nodes)

    @property
    def hours(self) -> str:
        """What is done and what there is, in hours of the syllabus."""
        done = sum(one.share * one.unit.minutes for one in self.nodes) / 60
        return f"{done:.1f} of {sum(one.unit.minutes for one in self.nodes) / 60:.1f} hours"

    @property
    def summary(self) -> str:
        """Hours and reviews in one line."""
        return f"{self.hours} done · {reviews_due(self.due) if self.due else 'no review due'} today"

    def panel(self) -> Panel:
        """The map for whoever has no widgets: a line a unit."""
        rows = tuple((one.number, one.text) for one in self.nodes)
        note = f"Practise what is due: `practice()`. {self.warning}" if self.due else self.warning
        return Panel("quiet", f"{self.syllabus.title}: {self.summary}", rows, note.strip())


def overview(standing: Standing, now: datetime, warning: str = "") -> Overview:
    """The map of a learner who stands at `standing`."""
    syllabus = standing.syllabus
    nodes = tuple(node(standing, unit, now) for unit in syllabus.units)
    return Overview(syllabus, nodes, layout(syllabus), warning)


def wire(shown: Overview, lesson: dict[str, str], exercises: dict[str, str]) -> dict[str, Any]:
    """The map as its browser half takes it. lesson, exercises: where a unit's notebooks are, where they are."""

    def one(this: Node) -> dict[str, Any]:
        layer, row = shown.layout.places[this.unit.id]
        return {
            "id": this.unit.id,
            "label": this.label,
            "question": this.unit.question,
            "layer": layer,
            "row": row,
            "state": "mastered" if this.word == "done" else this.state.value,
            "locked": this.state is MapState.LOCKED,
            "sign": this.sign,
            "word": this.word,
            "share": this.share,
            "done": this.done,
            "due": reviews_due(this.due) if this.due else "",
            "minutes": this.unit.minutes,
            "note": this.note,
            "practise": this.practise is not None,
            "checkpoint": this.checkpoint,
            "lesson": lesson.get(this.unit.id, ""),
            "exercises": exercises.get(this.unit.id, ""),
        }

    return {
        "title": shown.syllabus.title,
        "summary": shown.summary,
        "due": shown.due,
        "warning": shown.warning,
        "units": [one(this) for this in shown.nodes],
        "edges": [{"from": e.source, "to": e.target, "path": e.path} for e in shown.layout.edges],
    }
