"""What is said of a round: how far it is, what came of it, and what comes next."""

from __future__ import annotations

import html
from datetime import datetime

from course.forms.practice_panels import in_exercises, only_code_is_left
from course.mastery import plan, steps
from course.mastery.rule import PASS, MapState, Standing
from course.mastery.steps import Step
from course.syllabus import Unit
from course.tutoring.rounds import AnswerResult, Round
from course.widgets import links
from course.widgets.panel import Link, Panel

NAMES = {"session": "Ten minutes of practice", "checkpoint": "Checkpoint", "diagnosis": "Readiness"}


def name(round: Round) -> str:
    """What a round is called, such as “Checkpoint of 02-jacobians”."""
    return NAMES[round.kind] + (f" of {round.unit}" if round.unit else "")


def bar(name: str, done: int, of: int) -> str:
    """A progress bar as HTML, with its name and the count as text beside it."""
    count = f"{done} of {of}"
    return (
        '<div style="display:flex;flex-wrap:wrap;align-items:center;gap:.2em .8em;font-size:13px;line-height:1.5;'
        'color:var(--jp-ui-font-color1,inherit);max-width:52em">'
        f'<span style="flex:0 0 auto">{html.escape(name)}</span>'
        f'<progress aria-label="{html.escape(name)}: questions answered" aria-valuetext="{count}" value="{done}" '
        f'max="{of}" style="flex:1 1 10em;min-width:6em;height:.7em;accent-color:var(--jp-brand-color1,#0072B2)">'
        f'</progress><span class="isometry-count" style="flex:0 0 auto">{count}</span></div>'
    )


# --------------------------------------------------------------------------- a session's end


def session_end(round: Round) -> Panel:
    """What was answered, which skills grew, and what is due next."""
    standing, now = round.standing, round.now()
    asked = round.position
    heading = f"{name(round)}: {round.right} of {asked} right at the first try"
    rows = [*_grown(round), *coming(standing, now)]
    waiting = {one.skill for one in round.outcomes if only_code_is_left(standing.skill(one.skill))}
    units = [unit for unit in standing.syllabus.units if any(skill.id in waiting for skill in unit.skills)]
    leads = tuple(in_exercises(unit) for unit in units)
    return Panel("quiet", heading, tuple(rows), round.warning, leads)


def _grown(round: Round) -> list[tuple[str, str]]:
    """Each skill that was asked, under its unit: how often, how often right, and where that brought it."""
    rows = []
    for unit in round.standing.syllabus.units:
        label = unit.id
        for skill in unit.skills:
            if came := [one for one in round.outcomes if one.skill == skill.id]:
                right = sum(one.right for one in came)
                rows.append((label, f"{skill.title}: {right} of {len(came)} right; {_brought(came)}"))
                label = "·"
    return rows


def _brought(came: list[AnswerResult]) -> str:
    """Return the last effect that answers on this skill had, as the rule words it."""
    return next((one.did for one in reversed(came) if not one.held), came[-1].did)


def coming(standing: Standing, now: datetime) -> list[tuple[str, str]]:
    """What is due next, and when: checkpoints that may be sat, and the next review."""
    rows = [("next", f"{step.title} of {step.unit}: {step.standing}") for step in _checkpoints(standing)]
    due = plan.due(standing, now)
    if due:
        rows.append(("due now", _titles(standing, due)))
    cards = [(state.card.due, skill) for skill, state in standing.skills.items() if state.card and state.held]
    later = sorted(pair for pair in cards if pair[0] > now)
    if later:
        same = [skill for day, skill in later if day.date() == later[0][0].date()]
        rows.append(("next review", f"{when(later[0][0], now)}: {_titles(standing, same)}"))
    elif not due:
        rows.append(("next review", "none is planned yet; the first comes after a skill is mastered"))
    return rows


def when(day: datetime, now: datetime) -> str:
    """A day as a date and from now, in UTC, as the rule counts."""
    days = (day.date() - now.date()).days
    away = "today" if days <= 0 else "tomorrow" if days == 1 else f"in {days} days"
    return f"{day:%Y-%m-%d}, {away}"


def _titles(standing: Standing, skills: list[str]) -> str:
    """The skills' titles, two of them in full."""
    titles = [standing.syllabus.skill(skill).title for skill in skills]
    more = f" · and {len(titles) - 2} more" if len(titles) > 2 else ""
    return " · ".join(titles[:2]) + more


def _checkpoints(standing: Standing) -> list[Step]:
    left = [step for unit in standing.syllabus.units for step in steps.of_unit(standing, unit)]
    return [step for step in left if step.kind == "checkpoint" and step.ready]


# --------------------------------------------------------------------------- nothing to ask


def nothing_due(standing: Standing, now: datetime, warning: str = "") -> tuple[Panel, list[Step]]:
    """That nothing is due, when the next review comes, and which lessons are open; and what else is left to do."""
    units = [unit for unit in standing.syllabus.units if standing.state(unit, now) in (MapState.OPEN, MapState.STARTED)]
    left = [step for unit in units for step in steps.of_unit(standing, unit)]
    rows = coming(standing, now)
    leads = tuple(Link("open lesson", unit.title, links.to_lesson(unit)) for unit in units if unit.gated)
    if not leads and all(standing.mastered(unit) for unit in standing.syllabus.units):
        rows.append(("", "Every unit is mastered."))
    return Panel("good", "✓ Nothing is due", tuple(rows), warning, leads), left


# --------------------------------------------------------------------------- a checkpoint's end


def passed(standing: Standing, unit: Unit, right: int, of: int, now: datetime) -> Panel:
    """That a checkpoint was passed, and which units that opens."""
    later = [other for other in standing.syllabus.units if unit.id in other.requires]
    opened = [other for other in later if standing.gate(other).complete]
    rows = [("opens", f"{other.id}: {other.question}") for other in opened]
    rows += [
        ("nearer", f"{other.id}; it requires {' and '.join(other.requires)}") for other in later if other not in opened
    ]
    leads = tuple(Link("lesson", other.title, links.to_lesson(other)) for other in opened)
    heading = f"✓ Passed with {right} of {of} · {unit.id} is mastered"
    return Panel("good", heading, (*rows, *coming(standing, now)), "What you mastered comes back for review.", leads)


def not_passed(standing: Standing, unit: Unit, right: int, of: int) -> tuple[Panel, list[Step]]:
    """That a checkpoint was not passed, and what to review before it may be sat again; or that it was, since."""
    if standing.units[unit.id].passed:
        return Panel("good", f"✓ Passed, the next time · {unit.id} is mastered"), []
    left = steps.of_unit(standing, unit)
    rows = tuple(("first" if step.kind == "practise" else "then", step.text) for step in left)
    return Panel(
        "partly",
        f"◐ Not passed yet: {right} of {of} right, {PASS} are needed · {unit.id}",
        rows,
        "Your skills stay mastered. Answer one fresh question right on each skill you missed; then sit it again, with "
        "fresh questions.",
    ), left
