"""The practice form, and what every form is made of.

Whatever is shown with widgets also has a static panel, for readers without a kernel (nbconvert, a terminal).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from autograder.judging import compare
from autograder.judging.compare import Unreadable
from autograder.judging.exercise import Choice
from autograder.judging.verdict import Verdict, VerdictState
from course.forms import practice_panels
from course.mastery.rule import SkillState, Standing
from course.record_sync.keeper import keep
from course.tutoring.parsing import parse_answer
from course.tutoring.session import Session
from course.widgets.choices import Choices
from course.widgets.field import Field, TextField
from course.widgets.focusable import focus, watched
from course.widgets.panel import Panel, of_verdict
from course.widgets.region import Region

WIDGET = "application/vnd.jupyter.widget-view+json"


class ShownQuestion:
    """A widget with a static panel beside it: JupyterLab shows the widget, a page without widgets the panel."""

    def __init__(self, widget: widgets.Widget, panel: Panel) -> None:
        self.widget = widget
        self.panel = panel

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        keep()
        bundle = self.widget._repr_mimebundle_() or {}
        return {
            WIDGET: bundle.get(WIDGET, {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}),
            "text/html": self.panel.html(),
            "text/plain": self.panel.text(),
        }


class PanelSlot(widgets.VBox):
    """A place for one panel or none: its words as a region, its links as an output, since JupyterLab follows those."""

    def __init__(self, panel: Panel | None = None, role: str = "group") -> None:
        self.words = Region(role=role)
        self.leads = widgets.Output(layout=widgets.Layout(margin="-8px 0 2px"))  # as one with the words above
        super().__init__([self.words])
        self.show(panel)

    def show(self, panel: Panel | None) -> None:
        """Put `panel` here, in the place of what was."""
        if panel is None:
            self.words.value, self.words.label, self.children = "", "", [self.words]
            return
        self.words.label = panel.heading
        self.words.value = Panel(panel.tone, panel.heading, panel.rows, panel.note).html(role="")
        if panel.links:
            leads = Panel(panel.tone, "", links=panel.links)
            data = {"text/html": leads.html(role=""), "text/plain": leads.text()}
            self.leads.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self.children = [self.words, self.leads] if panel.links else [self.words]

    def focus(self) -> None:
        """Bring a reader here, as soon as it is on the page."""
        self.words.focus()


def row_of(state: SkillState) -> str:
    """A skill's row as text: how many in a row, or mastered."""
    if state.held:
        return "✓ mastered"
    return f"{practice_panels.dots(state)} {state.reached} of {state.need} in a row"


def button(text: str, action: Callable[[], None], *, primary: bool = False, tooltip: str = "") -> widgets.Button:
    """A real button: reached with Tab, pressed with Enter or Space."""
    made = widgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style="primary" if primary else "",
        layout=widgets.Layout(width="auto", min_width="5em", align_self="flex-start"),
    )
    made.on_click(lambda _: action())
    return watched(made)


class PracticeForm:
    """A `Session` as a form: the question, a field, buttons, and what came of it.

    `changed` is called with the standing whenever an answer was taken.
    """

    kind = "Practice"
    another = ("Another", "Deal another question")

    def __init__(self, session: Session, changed: Callable[[Standing], None] = lambda standing: None) -> None:
        self.session, self.changed = session, changed
        self.question = Region(label="Question", follows=True)
        self.result = Region(label="What came of it", follows=True)
        self.standing = widgets.HTML()
        self.aside = PanelSlot(role="status")
        # One field of each kind for all questions, always on the page, so that the focus can go on from one to the next.
        self.text = TextField(self._entered, placeholder="your answer, then Enter")
        self.choices = Choices(self._entered)
        self.place = widgets.VBox([self.text, self.choices])
        self.submit = button("Check", self._pressed, primary=True, tooltip="Check this answer (Enter)")
        self.next = button(self.another[0], self._next, tooltip=self.another[1])
        self.hint = button("Hint", self._hint, tooltip="Show a hint; a hinted answer does not count")
        self.unknown = button("I don't know", self._give_up, tooltip="Counts as a miss, and shows a hint")
        self.bar = widgets.HBox(
            [self.submit, self.next, self.hint, self.unknown], layout=widgets.Layout(flex_flow="row wrap")
        )
        self.widget = widgets.VBox([self.standing, self.question, self.place, self.bar, self.result, self.aside])
        self._judged, self._again = "", False
        self._ask()

    def shown(self) -> ShownQuestion:
        """The form, with the question as a static panel beside it."""
        return ShownQuestion(self.widget, self._panel("Open this notebook in JupyterLab and run the cell to answer."))

    @property
    def field(self) -> Field:
        """Where this question is answered."""
        return self.choices if isinstance(self.session.exercise.returns, Choice) else self.text

    def focus(self) -> None:
        """Put the cursor where the answer goes, as soon as that is on the page."""
        self.field.focus()

    # -- one question

    def _panel(self, note: str = "") -> Panel:
        return practice_panels.asked(self.session, self.kind, note)

    def _ask(self) -> None:
        kind = self.session.exercise.returns
        self.text.clear()
        self.result.value = self._judged = ""
        if isinstance(kind, Choice):
            options = list(kind.options)
            random.Random(self.session.variant.seed).shuffle(options)
            self.choices.ask(options)
        for field in (self.text, self.choices):
            field.layout.display = None if field is self.field else "none"
        self._stand()
        self.question.value = self._panel().html(role="")  # last: who reads it finds all the rest in place

    @property
    def answerable(self) -> bool:
        """Whether this question may be answered, now or once more."""
        return not self.session.done

    def _entered(self) -> None:
        self._submit() if self.answerable else self._next()

    def _pressed(self) -> None:
        self._submit()
        if not self.answerable:
            focus(self.next)  # the button that was pressed is off now

    def _submit(self) -> None:
        given = self.field.value.strip()
        if not self.answerable or (given == self._judged and self.result.value):
            return  # Enter once too often: what was said stays
        try:
            value = parse_answer(self.session.exercise.returns, given, self.session.ndim)
        except Unreadable as unreadable:
            self._say("quiet", "? That cannot be read yet", str(unreadable), "It was not counted.")
            return
        if value is ...:
            said = "Choose one" if self.field is self.choices else "Type an answer"
            self._say("quiet", "? Not an answer yet", f"{said}, or press “I don't know”.", "It was not counted.")
            return
        self._judged, self._again = given, not self.session.first
        self._tell(self.session.answer(value))

    def _give_up(self) -> None:
        self._again = False
        verdict = self.session.give_up()
        if self.session.problem:
            self._tell(verdict)
            return
        rows = (("hint", verdict.sentence),)
        self.result.value = Panel("quiet", "○ Counted as a miss", rows, self._note(verdict)).html(role="")
        self._taken()
        self.focus() if self.answerable else focus(self.next)

    def _hint(self) -> None:
        text = self.session.hint()
        note = "A hinted answer is practice; it does not count."
        self.result.value = Panel("quiet", "Hint", (("", text),), note).html(role="")

    def _next(self) -> None:
        self.session.deal()
        self._ask()
        self.focus()

    # -- what is said

    def _say(self, tone: Any, heading: str, because: str, note: str = "") -> None:
        self.result.value = Panel(tone, heading, (("because", because),), note).html(role="")

    def _tell(self, verdict: Verdict) -> None:
        if self.session.problem:
            self._judged = ""
            self._say("try", "! Not recorded", self.session.problem, "It has not counted: answer it again then.")
            return
        tolerance = compare.tolerance(self.session.exercise.returns)
        panel = of_verdict(verdict, tolerance, points=False)
        # The question stands above; what to try is said by the buttons.
        rows = tuple(row for row in panel.rows if row[0] not in ("asked", "try"))
        if not verdict.counts:
            note = "It was not counted."
        else:
            note = self._note(verdict) + (f" {panel.note}" if verdict.state is VerdictState.WRONG else "")
        self.result.value = Panel(panel.tone, panel.heading, rows, note).html(role="")
        self._taken()

    def _note(self, verdict: Verdict) -> str:
        """What an answer did, in the words of the rule, and how to go on."""
        if verdict.right:
            return f"{self._did} Press Enter for another."
        return f"{self._did} Try it again, to learn; it counts again with the next question."

    @property
    def _did(self) -> str:
        did = "a second try: does not count" if self._again else self.session.did
        return f"{did[:1].upper()}{did[1:]}."

    def _taken(self) -> None:
        self._stand()
        self.changed(self.session.standing)

    def _stand(self) -> None:
        self.standing.value = f'<div class="isometry-row">{row_of(self.session.state)}</div>'
        self.aside.show(practice_panels.beside(self.session))
        self.submit.disabled = self.hint.disabled = not self.answerable
        self.next.disabled = self.session.first
        self.unknown.disabled = not self.session.first
