"""The readiness questions as a form: a round that tells nothing before its end, and there what to look at first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from autograder.judging.verdict import Verdict
from course.forms.opening import OPENER
from course.forms.practice import ShownQuestion
from course.forms.round import RoundForm
from course.tutoring import readiness
from course.tutoring.readiness import PrerequisiteResult
from course.tutoring.rounds import Round
from course.tutoring.session import Session
from course.widgets.panel import Panel
from course.widgets.region import Region


class ReadinessForm(RoundForm):
    """One question a session. Enter submits and moves on; the cursor stays in the field.

    Parameters
    ----------
    sessions:
        What is asked, in order; each with its question dealt.
    titles:
        The prerequisites' names, in the same order.
    afresh:
        Makes new sessions for the same titles, when the learner wants to be asked again.
    """

    more_of_it = ("Ask me again", "One question each, with fresh numbers")

    def __init__(
        self,
        sessions: Sequence[Session],
        titles: Sequence[str],
        afresh: Callable[[Sequence[str]], list[Session]] = readiness.begin,
    ) -> None:
        self.sessions, self.titles = list(sessions), list(titles)
        self.outcomes: list[PrerequisiteResult] = []
        skills = [session.skill for session in sessions]
        super().__init__(self._round(self.sessions), OPENER, again=lambda: self._round(afresh(skills)))
        # As in a diagnosis: no hints, no second question on the same thing.
        self.bar.children = (self.submit, self.unknown)
        self.unknown.tooltip = "Moves on to the next question"

    def _round(self, sessions: list[Session]) -> Round:
        self.sessions, self.outcomes = sessions, []
        skills = [session.skill for session in sessions]
        return Round("diagnosis", skills, lambda place, skill: sessions[place], sessions[0].standing)

    def shown(self) -> ShownQuestion:
        """The form, with all questions as a static panel beside it."""
        return ShownQuestion(self.widget, readiness.static(self.sessions, self.titles))

    @property
    def title(self) -> str:
        """The prerequisite that is being asked."""
        return self.titles[len(self.outcomes)]

    # -- what differs from a session

    def _panel(self, note: str = "") -> Panel:
        asked = super()._panel(note)
        return Panel(asked.tone, self.title, asked.rows, asked.note)

    def _tell(self, verdict: Verdict) -> None:
        if not verdict.counts:
            super()._tell(verdict)
        else:
            self._go_on(readiness.result_of(self.session, self.title))

    def _give_up(self) -> None:
        self.session.give_up()
        self._go_on(readiness.result_of(self.session, self.title, known=False))

    def _go_on(self, came: PrerequisiteResult) -> None:
        problem = self.session.problem
        self.outcomes.append(came)
        self._next()
        if problem:
            self._say("try", "! Not recorded", problem)

    def _last_words(self) -> list[widgets.Widget]:
        given = readiness.advice(self.outcomes)
        summary = Region(value=readiness.summary_html(given), role="group", label=readiness.heading(given))
        return [summary, self.more, self.result]
