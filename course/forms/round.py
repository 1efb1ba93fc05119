"""A round as a form: one question after another, and a calm end. Practice sessions and checkpoints are shown in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ipywidgets as widgets

from autograder.judging.exercise import BankError
from autograder.judging.verdict import Verdict
from course.errors import CourseError
from course.forms import round_panels
from course.forms.practice import PanelSlot, PracticeForm, ShownQuestion, button
from course.forms.step_list import step_list
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.tutoring.rounds import Round, checkpoint, session_of_ten_minutes
from course.widgets.panel import Panel
from course.widgets.region import Region


class Opener(NamedTuple):
    """What opens from within a round: other forms, which know this one (`opening.OPENER`)."""

    form_of: Callable[[Step], PracticeForm]
    """The form in which a step is taken."""
    nothing_left: Callable[[Round, Callable[[Standing], None]], ShownQuestion]
    """What is shown of a round that asks nothing."""


class RoundForm(PracticeForm):
    """A `Round`: as practice, and at the end what came of it.

    A session lets one try again after a miss; Enter goes on after a right answer. A checkpoint takes one answer each.

    Parameters
    ----------
    round:
        What is asked. It is not over yet.
    opener:
        What opens other forms from this one.
    again:
        Begins another session, when the learner wants one.
    """

    kind = ""  # it stands above, beside the progress bar
    another = ("Next", "Go on to the next question")
    more_of_it = ("Another ten minutes", "Ask what is due and weak now")

    def __init__(
        self,
        round: Round,
        opener: Opener,
        changed: Callable[[Standing], None] = lambda standing: None,
        again: Callable[[], Round] = session_of_ten_minutes,
    ) -> None:
        assert round.session is not None, "the round is over"
        self.round, self.opener, self.again = round, opener, again
        super().__init__(round.session, changed)
        self.asking = self.widget.children
        self.more = button(self.more_of_it[0], self._once_more, tooltip=self.more_of_it[1])
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
        self.standing.value = round_panels.bar(round_panels.name(self.round), self.round.position, self.round.length)
        self.result.value = ""
        self._end(*self._last_words())
        self.changed(self.round.standing)

    def _end(self, words: PanelSlot | Region, *rest: widgets.Widget) -> None:
        """Show the end, and bring the reader to its words: Tab goes on from there.

        No button takes the focus, or one Enter too many would begin anew.
        """
        self.widget.children = [self.standing, words, *rest]
        words.focus()

    def _last_words(self) -> list[widgets.Widget]:
        """What is shown at the end: words, and what may be done then."""
        round = self.round
        if round.kind != "checkpoint":
            return [PanelSlot(round_panels.session_end(round)), self.more, self.result]
        unit = round.standing.syllabus.unit(round.unit)
        if round.passed:
            return [PanelSlot(round_panels.passed(round.standing, unit, round.right, round.length, round.now()))]

        def look(standing: Standing) -> tuple[Panel, list[Step]]:
            return round_panels.not_passed(standing, unit, round.right, round.length)

        panel, left = look(round.standing)
        return list(step_list(panel, left, self._take, look=look, changed=self.changed).widget.children)

    def _take(self, step: Step) -> PracticeForm | None:
        """A step after the end: practice below it; a checkpoint is sat again in this very form."""
        if step.kind != "checkpoint":
            return self.opener.form_of(step)
        self._begin(checkpoint(step.unit))
        return None

    def _once_more(self) -> None:
        try:
            self._begin(self.again())
        except (CourseError, BankError) as error:
            self._say("try", "! Not now", str(error))

    def _begin(self, round: Round) -> None:
        self.round = round
        if round.session is None:
            self.standing.value = ""
            self._end(*self.opener.nothing_left(round, self.changed).widget.children)
            return
        self.session = round.session
        self._ask()
        self.widget.children = self.asking  # only now: the last question is not shown again
        self.focus()
