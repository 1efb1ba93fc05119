"""`gate` and `progress`: whether a lesson is open, and what is still missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from course import manifest, session
from course.errors import CourseError
from course.manifest import Syllabus, Unit
from course.mastery import record, rule
from course.panel import Panel


class GateClosed(CourseError):
    """The lesson's gate is closed. Raised so that *Run All* stops here."""


def gate(unit: str) -> Any:
    """Open the lesson `unit`, or say what is missing and stop.

    Open when every gated skill of the units it requires is mastered, or when the learner chose to continue
    anyway. `ISOMETRY_GATES=open` opens all gates (for those who run notebooks unattended).
    """
    syllabus = manifest.load()
    this = syllabus.unit(unit)
    replay = record.read()
    state = rule.gate(this, syllabus, replay.events)
    if state.open or os.environ.get("ISOMETRY_GATES") == "open":
        return _welcome(this, state, replay.warning)
    panel = closed_panel(this, state, syllabus, rule.skills(replay.events), replay.warning)
    if session.kernel() is None:
        print(panel.text())
    else:
        from IPython.display import display

        from course.form import practice_list

        missing = [(skill, syllabus.skill(skill).title) for _, skill in state.missing]
        display(practice_list(panel, missing, [("Continue anyway", lambda: walk_past(this))]))
    count = len(state.missing)
    what = "one skill is" if count == 1 else f"{count} skills are"
    raise GateClosed(f"The gate of {this.id} is closed: {what} to be mastered first. See the panel above.")


def _welcome(unit: Unit, state: rule.Gate, warning: str) -> Panel:
    how = "You chose to continue without mastery; that is in your record." if state.walked_past else ""
    return Panel("good", f"✓ Open · {unit.title}", (("question", unit.question),), warning or how)


def closed_panel(
    unit: Unit, state: rule.Gate, syllabus: Syllabus, states: dict[str, rule.SkillState], warning: str = ""
) -> Panel:
    """What is missing before `unit` opens, skill by skill."""
    rows = []
    for name, skill in state.missing:
        have = states.get(skill, rule.SkillState()).row
        rows.append((name, f"{syllabus.skill(skill).title}: {have} of {rule.IN_A_ROW} in a row"))
    note = "Practise below; when all are mastered, run this cell again. Each needs three fresh ones right in a row."
    return Panel("partly", f"◐ Not open yet · {unit.title}", tuple(rows), f"{note} {warning}".strip())


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
    replay = record.read()
    states = rule.skills(replay.events)
    if unit is None:
        return overview_panel(manifest.load(), replay.events, states, replay.warning)
    this = manifest.load().unit(unit)
    panel = progress_panel(this, states, replay.warning)
    missing = set(rule.unmastered(this, states))
    if not missing or session.kernel() is None:
        return panel
    from course.form import practice_list

    return practice_list(panel, [(skill.id, skill.title) for skill in this.gated if skill.id in missing])


def overview_panel(
    syllabus: Syllabus, events: Sequence[record.Event], states: dict[str, rule.SkillState], warning: str = ""
) -> Panel:
    """Every unit in a line: how many of its skills are mastered, and whether its gate is open."""
    rows = []
    for unit in syllabus.units:
        have = len(unit.gated) - len(rule.unmastered(unit, states))
        if not unit.gated:
            said = "advises, never blocks"
        elif have == len(unit.gated):
            said = f"✓ all {have} skills mastered"
        else:
            door = "open" if rule.gate(unit, syllabus, events).open else "after " + " and ".join(unit.requires)
            said = f"{have} of {len(unit.gated)} skills mastered · {door}"
        rows.append((unit.id.split("-")[0], f"{unit.title.split(':')[0]}: {said}"))
    return Panel("quiet", "Where you stand", tuple(rows), warning)


def _no_gate_panel(unit: Unit, states: dict[str, rule.SkillState], warning: str) -> Panel:
    """Where you stand with a unit that opens nothing."""
    rows = []
    for skill in unit.skills:
        state = states.get(skill.id, rule.SkillState())
        row = "●" * state.row + "○" * (rule.IN_A_ROW - state.row)
        rows.append(("✓ mastered" if state.mastered else row, skill.title))
    note = f"Nothing here is a gate: go on whenever you like. {warning}"
    return Panel("quiet", f"Where you stand · {unit.id}", tuple(rows), note.strip())


def progress_panel(unit: Unit, states: dict[str, rule.SkillState], warning: str = "") -> Panel:
    """The gate at the end of `unit`, skill by skill."""
    if not unit.gated:
        return _no_gate_panel(unit, states, warning)
    rows = []
    for skill in unit.skills:
        state = states.get(skill.id, rule.SkillState())
        row = "●" * min(state.row, rule.IN_A_ROW) + "○" * max(0, rule.IN_A_ROW - state.row)
        rows.append(
            ("✓ mastered" if state.mastered else row, skill.title + ("" if skill.gates else " (does not gate)"))
        )
    missing = len(rule.unmastered(unit, states))
    if missing:
        heading = f"◐ {len(unit.gated) - missing} of {len(unit.gated)} skills mastered · {unit.id}"
        return Panel("partly", heading, tuple(rows), f"Each needs three fresh ones right in a row. {warning}".strip())
    return Panel(
        "good", f"✓ All skills mastered · {unit.id}", tuple(rows), f"The next lesson is open. {warning}".strip()
    )
