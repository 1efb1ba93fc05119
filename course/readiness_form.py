"""The readiness questions as a form: practice's own, which here moves on after each answer and ends in a summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from autograder.exercise import State, Verdict
from course import diagnosing
from course.diagnosing import Outcome
from course.form import PracticeForm, Shown, button
from course.panel import Panel
from course.practising import Session


class ReadinessForm(PracticeForm):
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

    def __init__(
        self,
        sessions: Sequence[Session],
        titles: Sequence[str],
        afresh: Callable[[Sequence[str]], list[Session]] = diagnosing.begin,
    ) -> None:
        self.sessions, self.titles, self.afresh = list(sessions), list(titles), afresh
        self.outcomes: list[Outcome] = []
        super().__init__(self.sessions[0])
        # As in a diagnosis: no hints, no second question on the same thing.
        self.bar = widgets.HBox([self.submit, self.unknown], layout=widgets.Layout(flex_flow="row wrap"))
        self.unknown.tooltip = "Moves on to the next question"
        self.again = button("Ask me again", self._again, tooltip="One question each, with fresh numbers")
        self.widget.children = (self.standing, self.question, self.place, self.bar, self.result)

    def _entered(self) -> None:
        self._submit()

    def shown(self) -> Shown:
        """The form, with all questions as a static panel beside it."""
        return Shown(self.widget, diagnosing.static(self.sessions, self.titles))

    @property
    def finished(self) -> bool:
        return len(self.outcomes) == len(self.sessions)

    @property
    def title(self) -> str:
        """The prerequisite that is being asked."""
        return self.titles[min(len(self.outcomes), len(self.titles) - 1)]

    # -- what differs from practice

    def _panel(self, note: str = "") -> Panel:
        asked = super()._panel(note)
        return Panel(asked.tone, self.title, asked.rows, asked.note)

    def _stand(self) -> None:
        place = "" if self.finished else f"{len(self.outcomes) + 1} of {len(self.sessions)}"
        self.standing.value = f'<div role="status" style="font-size:13px;opacity:.85">{place}</div>'

    def _submit(self) -> None:
        if not self.finished:
            super()._submit()

    def _tell(self, verdict: Verdict, counted: bool) -> None:
        if verdict.state in (State.NOT_ATTEMPTED, State.UNREADABLE):
            said = verdict.sentence or "Type an answer, or press “I don't know”."
            self.result.value = Panel(
                "quiet", "? Not an answer yet", (("because", said),), "It was not counted."
            ).html()
            return
        self._move_on(diagnosing.outcome(self.session, self.title))

    def _give_up(self) -> None:
        self.session.give_up()
        self._move_on(diagnosing.outcome(self.session, self.title, known=False))

    def _move_on(self, came: Outcome) -> None:
        problem = self.session.problem
        self.outcomes.append(came)
        if self.finished:
            self._finish(problem)
            return
        self.session = self.sessions[len(self.outcomes)]
        self._ask()
        if problem:
            self.result.value = Panel("try", "! Not recorded", (("because", problem),)).html()
        self.field.focus()

    def _finish(self, problem: str = "") -> None:
        """The summary, in the place of the questions."""
        self._stand()
        self.question.value = diagnosing.summary_html(diagnosing.advice(self.outcomes))
        self.place.children, self.bar.children = (), (self.again,)
        self.result.value = Panel("try", "! Not recorded", (("because", problem),)).html() if problem else ""
        # The button gets no focus, or one Enter too many would wipe the summary; Tab goes on to it from here.

    def _again(self) -> None:
        self.sessions = self.afresh([session.skill for session in self.sessions])
        self.outcomes, self.session = [], self.sessions[0]
        self.bar.children = (self.submit, self.unknown)
        self.place.children = (self.field,)
        self._ask()
        self.field.focus()
