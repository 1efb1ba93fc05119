"""`course_map`: the syllabus as a graph to start from, with practice below it, and the record's keeper.

The browser sends {"seq": …, "do": …, "unit": …}; what is done is seen in `MapView.map`, which then bears the seq, and in
the place below the map.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from autograder.judging.exercise import BankError
from course import clock, kernel_info
from course.errors import CourseError
from course.forms import gate_panels
from course.forms.opening import form_of, nothing_left, round_form
from course.forms.practice import ShownQuestion
from course.forms.step_list import step_list
from course.map import overview
from course.mastery import record, steps, why
from course.mastery.rule import MapState, Standing
from course.mastery.steps import Step
from course.record_sync import keeper
from course.syllabus import Unit
from course.tutoring.follower import Follower
from course.tutoring.rounds import session_of_ten_minutes
from course.views.view import browser_half
from course.widgets import links
from course.widgets.focusable import focus, watched
from course.widgets.panel import Panel

EVENTS = 200
"""How many events "why?" lists; the terminal lists all."""


class MapView(anywidget.AnyWidget):
    """The graph alone."""

    _esm = browser_half("axes.js", "../map/map.js")
    _css = browser_half("view.css", "../map/map.css")

    map = traitlets.Dict().tag(sync=True)
    """What `syllabus_map.wire` makes, and the seq of the question it answers."""


class CourseMap:
    """The map, a place for practice below it, and the keeper."""

    def __init__(self) -> None:
        self.follower = Follower()
        self.problem = ""
        """Why the record could not be read, where it could not."""
        self.view = MapView()
        self.place = widgets.VBox([])
        self.form: Any = None
        """The practice or checkpoint that was opened last."""
        self.keeper = keeper.keeper()
        self.widget = widgets.VBox([self.view, self.place, self.keeper])
        self.view.on_msg(lambda _widget, asked, _buffers: self.handle(asked))
        self.show()

    @property
    def overview(self) -> overview.Overview:
        """Where the learner stands now."""
        return overview.overview(self.follower.standing, clock.now(), self.problem or self.follower.warning)

    def show(self, seq: Any = None) -> None:
        """Send the browser what stands now, as the answer to `seq`."""
        shown = self.overview
        units = shown.syllabus.units
        lesson = {unit.id: links.to_lesson(unit) for unit in units}
        exercises = {unit.id: links.to_exercises(unit) for unit in units}
        self.view.map = {**overview.wire(shown, lesson, exercises), "seq": seq or self.view.map.get("seq")}

    def refresh(self, seq: Any = None) -> None:
        """Read the record again where others have written into it, and show what stands now."""
        self._follow(self.follower.catch_up)
        self.show(seq)

    def _follow(self, step: Callable[[], None]) -> None:
        self.problem = ""
        try:
            step()
        except CourseError as error:
            self.problem = str(error)

    # -- what is asked for

    def handle(self, asked: dict[str, Any]) -> None:
        """Do what was pressed in the browser."""
        what = asked.get("do")
        self._follow(self.follower.catch_up)
        try:
            if what == "due":
                self._practise_due()
            elif what in ("practise", "checkpoint", "why"):
                self._of_unit(what, self.follower.standing.syllabus.unit(str(asked.get("unit"))))
        except (CourseError, BankError) as error:
            self._say(Panel("try", "! Not now", (("because", str(error)),)))
        self.show(asked.get("seq"))

    def _of_unit(self, what: str, unit: Unit) -> None:
        where = self.follower.standing
        if what == "checkpoint":
            self._open(form_of(Step("checkpoint", unit.id, unit.id, "", "")))
        elif what == "practise":
            step = next(iter(overview.practicable(where, unit, clock.now())), None)
            if step is None:
                self._say(Panel("quiet", f"Nothing to practise in {unit.id} now"))
            else:
                self._open(form_of(step))
        else:
            self._why(unit)

    def _practise_due(self) -> None:
        begun = session_of_ten_minutes()
        if begun.over:
            self._put(nothing_left(begun).widget)
        else:
            self._open(round_form(begun))

    def _why(self, unit: Unit) -> None:
        def look(where: Standing) -> tuple[Panel, Sequence[Step]]:
            return stand(where, unit, self.follower.warning)

        where = self.follower.standing
        may = where.state(unit, clock.now()) is MapState.LOCKED and not where.syllabus.hard_gates
        extra = [("Continue anyway", lambda: gate_panels.override_gate(unit))] if may else []
        lines = why.explain(where.syllabus, record.read().events, unit)
        events = widgets.HTML(events_html(unit, [line.text for line in lines]))
        self._put(step_list(*look(where), form_of, extra, look=look).widget, events)

    # -- the place below the map

    def _say(self, panel: Panel) -> None:
        self._put(widgets.HTML(panel.html()))

    def _put(self, *below: widgets.Widget) -> None:
        """Show something to be read, and go there, so that it is read aloud, and Tab goes on in it."""
        read = watched(widgets.VBox(below, tabbable=False))
        self.place.children = [read]
        focus(read)

    def _open(self, form: Any) -> None:
        self.form = form
        self.place.children = [form.widget]
        form.focus()


def stand(where: Standing, unit: Unit, warning: str = "") -> tuple[Panel, Sequence[Step]]:
    """Where a learner stands with `unit`: what is missing before it opens, or skill by skill; and the steps to take."""
    if where.state(unit, clock.now()) is not MapState.LOCKED:
        return gate_panels.progress_panel(where, unit, warning), steps.to_do(where, unit, clock.now())
    left = steps.before(where, unit)
    note = "Its lesson opens when all of it is done. A skill needs fresh questions right in a row, without a hint."
    heading = f"{overview.SIGNS[MapState.LOCKED]} Locked · {unit.title}"
    return Panel("partly", heading, gate_panels.step_rows(left), f"{note} {warning}".strip()), left


def events_html(unit: Unit, lines: list[str]) -> str:
    """The events behind a state, the latest first, folded away."""
    if not lines:
        return f'<p style="margin:.4em 0">Your record has no event of {html.escape(unit.id)} yet.</p>'
    count = "1 event" if len(lines) == 1 else f"{len(lines)} events"
    items = "".join(f"<li>{html.escape(line)}</li>" for line in reversed(lines[-EVENTS:]))
    more = len(lines) - EVENTS
    earlier = f"<p>…and {more} earlier ones: <code>course why {html.escape(unit.id)}</code></p>" if more > 0 else ""
    return (
        f'<details class="isometry-events" open><summary>Why: the {count} behind it, the latest first</summary>'
        '<ol reversed tabindex="0" aria-label="Events" '
        'style="max-height:16em;overflow:auto;font-size:13px;line-height:1.5;margin:.3em 0;padding-left:3.2em">'
        f"{items}</ol>{earlier}</details>"
    )


_latest: CourseMap | None = None


def course_map() -> Any:
    """The course as a map: what is mastered, open, locked or due; a click opens a lesson or a practice.

    Without widgets, the same in words. The map shown last follows what is answered in this notebook; an earlier one, and
    one in another notebook, when it is looked at again or refreshed.
    """
    global _latest
    made = CourseMap()
    panel = made.overview.panel()
    if kernel_info.kernel() is None:
        return panel
    if _latest is None:
        record.watchers.append(lambda _event, _line: _latest.refresh() if _latest else None)
        made.keeper.after.append(lambda: _latest.refresh() if _latest else None)
    _latest = made
    return ShownQuestion(made.widget, panel)
