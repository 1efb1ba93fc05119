"""Opens the form in which something is taken: practice, a checkpoint, a round, or what is left where nothing is asked."""

from __future__ import annotations

from collections.abc import Callable

from course.forms import round_panels
from course.forms.practice import PracticeForm, ShownQuestion
from course.forms.round import Opener, RoundForm
from course.forms.step_list import step_list
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.tutoring.questions import start
from course.tutoring.rounds import Round, checkpoint, session_of_ten_minutes


def form_of(step: Step) -> PracticeForm:
    """The form in which a step is taken. `CourseError` where it cannot be taken now."""
    if step.kind == "checkpoint":
        return round_form(checkpoint(step.unit))
    return PracticeForm(start(step.target))


def round_form(
    round: Round,
    changed: Callable[[Standing], None] = lambda standing: None,
    again: Callable[[], Round] = session_of_ten_minutes,
) -> RoundForm:
    """A round that asks something, as a form from which all others open."""
    return RoundForm(round, OPENER, changed, again)


def nothing_left(round: Round, changed: Callable[[Standing], None] = lambda standing: None) -> ShownQuestion:
    """An empty round: that nothing is due, and what is left to do."""
    now = round.now()
    panel, left = round_panels.nothing_due(round.standing, now, round.warning)
    return step_list(panel, left, form_of, look=lambda later: round_panels.nothing_due(later, now), changed=changed)


def shown_round(round: Round) -> ShownQuestion:
    """A round as it is shown in a notebook; where it asks nothing, what is next instead."""
    return nothing_left(round) if round.session is None else round_form(round).shown()


OPENER = Opener(form_of, nothing_left)
