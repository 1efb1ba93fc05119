"""`gate` and `progress`: whether a lesson is open, and what is still missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from course import clock, session
from course.errors import CourseError
from course.manifest import Unit
from course.mastery import record, rule, steps
from course.mastery.rule import Standing, State
from course.mastery.steps import Step
from course.panel import Panel
from course.practising import standing


class GateClosed(CourseError):
    """The lesson's gate is closed. Raised so that *Run All* stops here."""


def gate(unit: str) -> Any:
    """Open the lesson `unit`, or say what is missing and stop.

    Open when every unit it requires is mastered, or when the learner chose to continue anyway, where the manifest
    allows that. `ISOMETRY_GATES=open` opens all gates (for those who run notebooks unattended).
    """
    where, warning = standing()
    this = where.syllabus.unit(unit)
    state = where.gate(this)
    if is_open(where, this):
        return _welcome(this, state, warning)
    panel = closed_panel(where, this, warning)
    if session.kernel() is None:
        print(panel.text())
    else:
        from IPython.display import display

        from course.form import step_list

        hard = where.syllabus.hard_gates
        extra = [] if hard else [("Continue anyway", lambda: walk_past(this))]
        display(step_list(panel, steps.before(where, this), extra, lambda later: missing_before(later, this, warning)))
    raise GateClosed(f"{in_a_sentence(where, this)} See the panel above.")


def is_open(where: Standing, unit: Unit) -> bool:
    """Whether the lesson `unit` may be begun: its gate is open, or all gates are."""
    return where.gate(unit).open or os.environ.get("ISOMETRY_GATES") == "open"


def in_a_sentence(where: Standing, unit: Unit) -> str:
    """That the gate of `unit` is closed, and what is missing, in one sentence."""
    state = where.gate(unit)
    count, missing = len(state.skills), []
    if count:
        missing.append("one skill is" if count == 1 else f"{count} skills are")
    if state.checkpoints:
        missing.append("the checkpoint of " + " and ".join(state.checkpoints) + (" too" if count else " is"))
    return f"The gate of {unit.id} is closed: {', and '.join(missing)} to be mastered first."


def _welcome(unit: Unit, state: rule.Gate, warning: str) -> Panel:
    how = "You chose to continue without mastery; that is in your record." if state.walked_past else ""
    return Panel("good", f"✓ Open · {unit.title}", (("question", unit.question),), warning or how)


def closed_panel(where: Standing, unit: Unit, warning: str = "") -> Panel:
    """What is missing before `unit` opens, step by step."""
    rows = step_rows(steps.before(where, unit))
    note = (
        "When all of it is done, run this cell again. A skill needs fresh questions right in a row, at the first try and "
        "without a hint."
    )
    return Panel("partly", f"◐ Not open yet · {unit.title}", rows, f"{note} {warning}".strip())


def missing_before(where: Standing, unit: Unit, warning: str = "") -> tuple[Panel, list[Step]]:
    """What is missing before `unit` opens, and the steps to it; once nothing is, that it is open."""
    if where.gate(unit).complete:
        return Panel("good", f"✓ Open now · {unit.title}", (("question", unit.question),), "Run this cell again."), []
    return closed_panel(where, unit, warning), steps.before(where, unit)


def step_rows(left: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    """Steps as a panel's rows, each unit named once."""
    named: set[str] = set()
    rows = []
    for step in left:
        rows.append(("" if step.unit in named else step.unit, step.text))
        named.add(step.unit)
    return tuple((label or "·", text) for label, text in rows)


def walk_past(unit: Unit) -> Panel:
    """Record that the learner continues without mastery, which opens the gate of `unit`."""
    if session.person_present():
        try:
            record.append(record.Event("continue", unit=unit.id))
        except CourseError as error:
            return Panel("try", "! Not recorded", (("because", str(error)),))
    return Panel("good", "✓ Recorded: you continue without mastery", note="Run the gate's cell again; it is open now.")


def progress(unit: str | None = None) -> Any:
    """Where you stand with each skill of `unit`, with a button to practise what is missing; without one, in all units."""
    where, warning = standing()
    if unit is None:
        return overview_panel(where, warning)
    this = where.syllabus.unit(unit)

    def look(where: Standing) -> tuple[Panel, list[Step]]:
        return progress_panel(where, this, warning), steps.to_do(where, this, clock.now())

    panel, left = look(where)
    if not left or session.kernel() is None:
        return panel
    from course.form import step_list

    return step_list(panel, left, look=look)


def reviews(where: Standing, unit: Unit, skill: str) -> list[Step]:
    """The step of a skill whose review is due."""
    if not where.skill(skill).held:
        return steps.of_skill(where, unit, skill)
    title = next(s.title for s in unit.skills if s.id == skill)
    return [Step("practise", unit.id, skill, title, "review due")]


def overview_panel(where: Standing, warning: str = "", now: datetime | None = None) -> Panel:
    """Every unit in a line: how many of its skills are mastered, and whether it is open, mastered or due."""
    now = now or clock.now()
    rows = [
        (unit.id.split("-")[0], f"{unit.title.split(':')[0]}: {unit_line(where, unit, now)}")
        for unit in where.syllabus.units
    ]
    due = sum(len(where.due(unit, now)) for unit in where.syllabus.units)
    said = f"{due} {'review is' if due == 1 else 'reviews are'} due today: `practice()`." if due else ""
    return Panel("quiet", "Where you stand", tuple(rows), f"{said} {warning}".strip())


def unit_line(where: Standing, unit: Unit, now: datetime) -> str:
    """Where a learner stands with `unit`, in a few words."""
    if not unit.gated:
        return "advises, never blocks"
    state, have = where.state(unit, now), len(unit.gated) - len(where.unmastered(unit))
    of = f"{have} of {len(unit.gated)} skills mastered"
    walked = " · continued without mastery" if where.gate(unit).walked_past else ""
    if state is State.LOCKED:
        return f"{of} · opens after {' and '.join(unit.requires)}"
    if state is State.MASTERED:
        return f"✓ mastered: {have} skills and the checkpoint"
    if state is State.DUE:
        due = len(where.due(unit, now))
        mastered = "✓ mastered" if where.mastered(unit) else of
        return f"{mastered} · {due} {'review' if due == 1 else 'reviews'} due{walked}"
    point = " · the checkpoint is next" if have == len(unit.gated) else ""
    return f"{of} · {state.value}{point}{walked}"


def progress_panel(where: Standing, unit: Unit, warning: str = "") -> Panel:
    """`unit`, skill by skill, and its checkpoint."""
    rows = [(standing_of(where, skill.id), skill.title + ("" if skill.gates or not unit.gated else " (does not gate)"))
            for skill in unit.skills]  # fmt: skip
    if not unit.gated:
        note = f"Nothing here is a gate: go on whenever you like. {warning}"
        return Panel("quiet", f"Where you stand · {unit.id}", tuple(rows), note.strip())
    left = steps.of_unit(where, unit)
    for step in left:
        if step.kind == "checkpoint":
            rows.append(("checkpoint", step.standing))
        elif step.target in where.units[unit.id].to_review:
            rows.append(("to review", step.text))
        elif step.kind == "write":
            rows.append(("to write", f"`{step.target}`, in the unit's exercises"))
    have = len(unit.gated) - len(where.unmastered(unit))
    if left:
        heading = f"◐ {have} of {len(unit.gated)} skills mastered · {unit.id}"
        note = f"Each needs fresh ones right in a row, at the first try. {warning}"
        return Panel("partly", heading, tuple(rows), note.strip())
    rows.append(("checkpoint", "✓ passed"))
    opened = [other.id for other in where.syllabus.units if unit.id in other.requires]
    note = f"It opens {' and '.join(opened)}. {warning}" if opened else warning
    return Panel("good", f"✓ Mastered · {unit.id}", tuple(rows), note.strip())


def standing_of(where: Standing, name: str) -> str:
    """A skill's row as signs, or that it is mastered, or open again."""
    state = where.skill(name)
    if state.held:
        return "✓ due" if state.due(clock.now()) else "✓ mastered"
    row = min(state.row, state.need)
    return ("↻ " if state.reopened else "") + "●" * row + "○" * (state.need - row)
