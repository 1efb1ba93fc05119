"""A round as a form: one question after another, and a calm end. Practice sessions and checkpoints are shown in it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from autograder.exercise import Verdict
from course import round_panels
from course.entering import focus, watched
from course.errors import CourseError
from course.form import PanelPlace, PracticeForm, Shown, button, step_list
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.panel import Panel
from course.rounds import Round, session_of_ten_minutes


class RoundForm(PracticeForm):
    """A `Round`: as practice, and at the end what came of it.

    A session lets one try again after a miss; Enter goes on after a right answer. A checkpoint takes one answer each.

    Parameters
    ----------
    round:
        What is asked. It is not over yet.
    again:
        Begins another session, when the learner wants one.
    """

    kind = ""  # it stands above, beside the progress bar
    another = ("Next", "Go on to the next question")
    more_of_it = ("Another ten minutes", "Ask what is due and weak now")

    def __init__(
        self,
        round: Round,
        changed: Callable[[Standing], None] = lambda standing: None,
        again: Callable[[], Round] = session_of_ten_minutes,
    ) -> None:
        assert round.session is not None, "the round is over"
        self.round, self.again = round, again
        super().__init__(round.session, changed)
        self.asking = self.widget.children
        self.more = button(self.more_of_it[0], self._once_more, tooltip=self.more_of_it[1])
        # It takes the focus at the end, so that a screen reader reads it, and Tab goes on from here. No button does:
        # one Enter too many would begin anew.
        self.end = watched(widgets.VBox([], tabbable=False))
        if round.kind == "checkpoint":
            self.bar.children = (self.submit, self.next, self.unknown)
            self.unknown.tooltip = "Counts as a miss"

    @property
    def answerable(self) -> bool:
        return not self.round.over and (self.session.first or (self.round.kind == "session" and not self.session.done))

    def _next(self) -> None:
        if self.round.over:
            return
        try:
            self.round.move_on()
        except CourseError as error:
            self._say("quiet", "? Not answered yet", str(error))
            return
        if self.round.session is None:
            self._finish()
            return
        self.session = self.round.session
        self._ask()
        self.focus()

    def _note(self, verdict: Verdict) -> str:
        if self.answerable:
            return f"{self._did} Try it again, to learn, or press Next."
        return f"{self._did} Press Enter to go on."

    def _stand(self) -> None:
        super()._stand()
        self.standing.value = round_panels.bar(round_panels.name(self.round), self.round.position, self.round.length)

    # -- the end

    def _finish(self) -> None:
        self.end.children = self._last_words()
        self.standing.value = round_panels.bar(round_panels.name(self.round), self.round.position, self.round.length)
        self.widget.children = [self.standing, self.end]
        focus(self.end)
        self.changed(self.round.standing)

    def _last_words(self) -> list[widgets.Widget]:
        """What is shown at the end."""
        round = self.round
        if round.kind == "session":
            return [placed(round_panels.session_end(round)), self.more]
        unit = round.standing.syllabus.unit(round.unit)
        if round.passed:
            return [placed(round_panels.passed(round.standing, unit, round.right, round.length, round.now()))]

        def look(standing: Standing) -> tuple[Panel, list[Step]]:
            return round_panels.not_passed(standing, unit, round.right, round.length)

        panel, left = look(round.standing)
        return [step_list(panel, left, look=look).widget]

    def _once_more(self) -> None:
        self.round = round = self.again()
        if round.session is None:
            self.end.children = [nothing_left(round).widget]
            self.widget.children = [self.end]
            focus(self.end)
            return
        self.session = round.session
        self.widget.children = self.asking
        self._ask()
        self.focus()


def placed(panel: Panel) -> PanelPlace:
    """A panel in a place of its own."""
    place = PanelPlace()
    place.show(panel)
    return place


def nothing_left(round: Round) -> Shown:
    """An empty round: that nothing is due, and what is left to do."""
    now = round.now()
    panel, left = round_panels.nothing_due(round.standing, now, round.warning)
    return step_list(panel, left, look=lambda standing: round_panels.nothing_due(standing, now))


def shown_round(round: Round) -> Shown:
    """A round as it is shown in a notebook; where it asks nothing, what is next instead."""
    return nothing_left(round) if round.session is None else RoundForm(round).shown()
