"""Readiness: one fresh question on each prerequisite, and what to look at first. It advises; nothing is gated.

What is asked, in which order, and what is made of the answers is plain data here; the form shows it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from course import syllabus
from course.tutoring.follower import Follower
from course.tutoring.questions import start
from course.tutoring.session import Session
from course.widgets.panel import Panel, marked

UNIT = "00-readiness"

NEEDED_IN = {
    "readiness.activations": 1,
    "readiness.graphs": 1,
    "readiness.sgd": 1,
    "readiness.backprop": 2,
    "readiness.autodiff": 2,
    "readiness.conditioning": 2,
    "readiness.convolution": 6,
    "readiness.dimensionality": 6,
    "readiness.regularization": 12,
}
"""The first unit that leans on each prerequisite."""

Came = Literal["right", "wrong", "unknown"]


@dataclass(frozen=True)
class PrerequisiteResult:
    """How one prerequisite's question was answered."""

    skill: str
    title: str
    """What a learner reads; the refresher's heading in the lesson is the same."""
    came: Came
    sentence: str = ""
    """What is known to be behind a wrong answer."""

    @property
    def anchor(self) -> str:
        """The refresher's heading as a link within the notebook."""
        return "#" + self.title.replace(" ", "-")


@dataclass(frozen=True)
class Advice:
    """What is solid, and what to look at, first things first."""

    solid: tuple[PrerequisiteResult, ...]
    look_at: tuple[PrerequisiteResult, ...]


def advice(outcomes: Sequence[PrerequisiteResult]) -> Advice:
    """Part what is solid from what is not; the latter in the order in which units need it."""
    missed = [o for o in outcomes if o.came != "right"]
    return Advice(
        tuple(o for o in outcomes if o.came == "right"),
        tuple(sorted(missed, key=lambda o: NEEDED_IN.get(o.skill, 99))),  # stable: else as it was asked
    )


def prerequisites() -> list[tuple[str, str]]:
    """(skill, title) of each prerequisite, in the order in which it is asked: the manifest's."""
    return [(skill.id, skill.title) for skill in syllabus.load().unit(UNIT).skills]


def begin(skills: Sequence[str], chance: Random | None = None) -> list[Session]:
    """A session for each skill, its first question dealt: any of the skill's exercises, with fresh numbers."""
    chance, follower = chance or Random(), Follower()
    sessions = [start(skill, follower) for skill in skills]
    for session in sessions:
        for _ in range(chance.randrange(len(session.exercises))):
            session.deal()  # each deal turns to the next exercise
    return sessions


def result_of(session: Session, title: str, known: bool = True) -> PrerequisiteResult:
    """What came of a session's question; `known` is False where the learner said "I don't know"."""
    if not known:
        return PrerequisiteResult(session.skill, title, "unknown")
    assert session.verdict is not None, "the question was not answered yet"
    if session.verdict.right:
        return PrerequisiteResult(session.skill, title, "right")
    return PrerequisiteResult(
        session.skill, title, "wrong", session.verdict.sentence if session.verdict.mistake else ""
    )


# --------------------------------------------------------------------------- what is read


def heading(given: Advice) -> str:
    """The summary in a few words."""
    count, of = len(given.solid), len(given.solid) + len(given.look_at)
    if not given.look_at:
        return f"✓ All {of} are solid"
    return f"◐ {count} of {of} are solid"


def note(given: Advice) -> str:
    """What to do now."""
    if not given.look_at:
        return "Go on with 01-composition; the refreshers below stay here if you want them."
    later = [o for o in given.look_at if NEEDED_IN.get(o.skill, 99) > 2]
    much = "These refreshers take" if len(given.look_at) > 1 else "That refresher takes"
    kind = "Nothing is closed to you, and one question is a hint, no verdict."
    if len(later) == len(given.look_at):
        return f"{kind} You have all that units 01 and 02 need; the rest can wait until its unit comes."
    return f"{kind} {much} two minutes each; those that a later unit needs can wait until then."


def line(one: PrerequisiteResult) -> str:
    """Why to look at a refresher: when it is needed, and what the answer told."""
    told = "You said you don't know it yet." if one.came == "unknown" else one.sentence
    return f"needed from unit {NEEDED_IN[one.skill]:02d} on. {told}".strip()


def summary(given: Advice) -> Panel:
    """The advice as a panel, for a page without links."""
    rows = [("solid", " · ".join(o.title for o in given.solid))]
    for place, one in enumerate(given.look_at):
        rows.append(("look at" if place == 0 else "then", f"{one.title}: {line(one)}"))
    return Panel("good" if not given.look_at else "partly", heading(given), tuple(rows), note(given))


def summary_html(given: Advice) -> str:
    """The advice as HTML: the panel, with a link to each refresher's heading in this notebook."""
    solid = " · ".join(o.title for o in given.solid)
    said = Panel("good" if not given.look_at else "partly", heading(given), (("solid", solid),), note(given))
    panel = said.html(role="")
    items = "".join(
        f'<li style="margin:.3em 0"><a href="{html.escape(o.anchor)}" target="_self" '
        f'style="color:var(--jp-content-link-color,#0072B2)">{html.escape(o.title)}</a>: {marked(line(o))}</li>'
        for o in given.look_at
    )
    if not items:
        return panel
    return (
        f'{panel}<nav aria-label="What to look at first" style="font-family:var(--jp-content-font-family,system-ui,'
        'sans-serif);font-size:14px;line-height:1.5;max-width:52em;margin:.6em 0">'
        f'<div style="font-weight:600">Look at, first things first</div>'
        f'<ol style="margin:.2em 0;padding-left:1.8em">{items}</ol></nav>'
    )


def static(sessions: Sequence[Session], titles: Sequence[str]) -> Panel:
    """All questions at once, for a page without widgets."""
    asked = [f"{title}: {' '.join(s.question.split())}" for s, title in zip(sessions, titles, strict=True)]
    rows = tuple((str(number), text) for number, text in enumerate(asked, start=1))
    how = "Open this notebook in JupyterLab and run the cell to answer; then you are told what to look at first."
    return Panel("quiet", f"{len(rows)} short questions, one on each prerequisite", rows, how)
