"""What a gate says: whether a lesson is open, what is missing before it opens, and where a learner stands with a unit."""

from __future__ import annotations

import os
from collections.abc import Sequence

from course import clock, kernel_info
from course.errors import CourseError
from course.forms.practice_panels import dots
from course.mastery import record, rule, steps
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.syllabus import Unit
from course.widgets.panel import Panel


def is_open(where: Standing, unit: Unit) -> bool:
    """Whether the lesson `unit` may be begun: its gate is open, or all gates are."""
    return where.gate(unit).open or os.environ.get("ISOMETRY_GATES") == "open"


def in_a_sentence(where: Standing, unit: Unit) -> str:
    """That the gate of `unit` is closed, and what is missing, in one sentence."""
    state = where.gate(unit)
    count = len(state.skills)
    missing = [f"the checkpoint of {name}" for name in state.checkpoints]
    if count:
        missing.insert(0, "one skill" if count == 1 else f"{count} skills")
    named = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
    return f"The gate of {unit.id} is closed: {named} {'is' if len(missing) == 1 and count < 2 else 'are'} missing."


def welcome(unit: Unit, state: rule.Gate, warning: str) -> Panel:
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


def override_gate(unit: Unit) -> Panel:
    """Record that the learner continues without mastery, which opens the gate of `unit`."""
    if kernel_info.person_present():
        try:
            record.append(record.Event("continue", unit=unit.id))
        except CourseError as error:
            return Panel("try", "! Not recorded", (("because", str(error)),))
    return Panel("good", "✓ Recorded: you continue without mastery", note="Run the gate's cell again; it is open now.")


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
    return ("↻ " if state.reopened else "") + dots(state)
