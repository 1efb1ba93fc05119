"""`gate` and `progress`, as a notebook calls them: whether a lesson is open, and what is still missing."""

from __future__ import annotations

from typing import Any

from course import clock, kernel_info
from course.errors import CourseError
from course.forms.gate_panels import (
    closed_panel,
    in_a_sentence,
    is_open,
    missing_before,
    override_gate,
    progress_panel,
    welcome,
)
from course.map.overview import overview
from course.mastery import steps
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.tutoring.follower import standing
from course.widgets.panel import Panel


class GateClosed(CourseError):
    """The lesson's gate is closed. Raised so that *Run All* stops here."""


def gate(unit: str) -> Any:
    """Open the lesson `unit`, or say what is missing and stop.

    Open when every unit it requires is mastered, or when the learner chose to continue anyway, where the manifest
    allows that. `ISOMETRY_GATES=open` opens all gates (for those who run notebooks unattended).
    """
    where, warning = standing()
    this = where.syllabus.unit(unit)
    state = where.gate(this)
    if is_open(where, this):
        return welcome(this, state, warning)
    panel = closed_panel(where, this, warning)
    if kernel_info.kernel() is None:
        print(panel.text())
    else:
        from IPython.display import display

        from course.forms.opening import form_of
        from course.forms.step_list import step_list

        hard = where.syllabus.hard_gates
        extra = [] if hard else [("Continue anyway", lambda: override_gate(this))]
        look = lambda later: missing_before(later, this, warning)
        display(step_list(panel, steps.before(where, this), form_of, extra, look))
    raise GateClosed(f"{in_a_sentence(where, this)} See the panel above.")


def progress(unit: str | None = None) -> Any:
    """Where you stand with each skill of `unit`, with a button to practise what is missing; without one, in all units."""
    where, warning = standing()
    if unit is None:
        return overview(where, clock.now(), warning).panel()
    this = where.syllabus.unit(unit)

    def look(where: Standing) -> tuple[Panel, list[Step]]:
        return progress_panel(where, this, warning), steps.to_do(where, this, clock.now())

    panel, left = look(where)
    if not left or kernel_info.kernel() is None:
        return panel
    from course.forms.opening import form_of
    from course.forms.step_list import step_list

    return step_list(panel, left, form_of, look=look)
