"""What a practice form says, as panels: which question this is, that code is left to write, another way in."""

from __future__ import annotations

from course.mastery.rule import STUCK_AFTER, SkillState
from course.syllabus import Skill, Unit
from course.tutoring.session import Session
from course.widgets import links
from course.widgets.panel import Link, Panel


def asked(session: Session, kind: str, note: str = "") -> Panel:
    """The question, under what it is part of and the names of its skill and unit."""
    names = ([kind] if kind else []) + named(session)
    rows = (("question", session.question), ("answer", session.exercise.returns.asked()))
    return Panel("quiet", " · ".join(names), rows, note)


def named(session: Session) -> list[str]:
    """The title of a session's skill, and its unit; its id where the manifest has no such skill."""
    found = of_skill(session)
    return [session.skill] if found is None else [found[1].title, found[0].id]


def of_skill(session: Session) -> tuple[Unit, Skill] | None:
    """A session's unit and skill, where the manifest has them."""
    pairs = ((unit, skill) for unit in session.standing.syllabus.units for skill in unit.skills)
    return next((pair for pair in pairs if pair[1].id == session.skill), None)


def beside(session: Session) -> Panel | None:
    """What stands beside the question: another way in for a learner who is stuck, or the code that is left to write."""
    found, state = of_skill(session), session.state
    if found is None or session.source == "checkpoint":
        return None
    unit, skill = found
    if state.stuck and (skill.example or skill.way_in):
        return another_way_in(unit, skill)
    return to_write(unit, state) if only_code_is_left(state) else None


def dots(state: SkillState) -> str:
    """A skill's row as signs: one filled for each answer in a row, one empty for each that is missing."""
    return "●" * state.reached + "○" * (state.need - state.reached)


def only_code_is_left(state: SkillState) -> bool:
    """Whether a skill's short questions are done, and its code exercise is not."""
    return state.complete and bool(state.to_write)


def in_exercises(unit: Unit) -> Link:
    """Where the code of a unit is written."""
    return Link("write it in", f"the exercises of {unit.id}", links.to_exercises(unit))


def another_way_in(unit: Unit, skill: Skill) -> Panel:
    """For a learner who has tried often: where the skill is worked out, and another way to see it."""
    leads = []
    if skill.example:
        leads.append(Link("worked out", str(skill.example), links.to_place(skill.example)))
    if skill.way_in_at:
        leads.append(Link("to be seen", str(skill.way_in_at), links.to_place(skill.way_in_at)))
    return Panel(
        "quiet",
        "Another way in",
        (("try this", skill.way_in),),
        f"You have answered {STUCK_AFTER} or more of these and not mastered it yet. That is no verdict: reading on for "
        "five minutes now helps more than the next question. What you have so far stays.",
        tuple(leads),
    )


def to_write(unit: Unit, state: SkillState) -> Panel:
    """That the short questions are done, and which code exercise is left."""
    names = " and ".join(f"`{name}`" for name in sorted(state.to_write))
    return Panel(
        "partly",
        f"◐ {state.need} of {state.need} short ones; what is left is code",
        (("to pass", names),),
        "The skill is mastered when `check` has passed it there.",
        (in_exercises(unit),),
    )
