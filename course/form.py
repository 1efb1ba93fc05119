"""What is shown with widgets: the practice form, the gate and the progress list. ipywidgets is imported here only.

Each of them also has a static panel, for readers without a kernel (nbconvert, a terminal, a screen reader's text).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from autograder import compare
from autograder.compare import Unreadable
from autograder.exercise import BankError, Choice, State, Verdict
from course.entering import on_enter
from course.errors import CourseError
from course.mastery.rule import SkillState
from course.mastery.steps import Step
from course.panel import Panel, of_verdict
from course.practising import Session, start, typed
from course.rounds import checkpoint

WIDGET = "application/vnd.jupyter.widget-view+json"


class Shown:
    """A widget with a static panel beside it: JupyterLab shows the widget, a page without widgets the panel."""

    def __init__(self, widget: widgets.Widget, panel: Panel) -> None:
        self.widget = widget
        self.panel = panel

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_() or {}
        return {
            WIDGET: bundle.get(WIDGET, {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}),
            "text/html": self.panel.html(),
            "text/plain": self.panel.text(),
        }


def row_of(state: SkillState) -> str:
    """A skill's row as text: how many in a row, or mastered."""
    if state.held:
        return "✓ mastered"
    row = min(state.row, state.need)
    return "●" * row + "○" * (state.need - row) + f" {row} of {state.need} in a row"


def button(text: str, action: Callable[[], None], *, primary: bool = False, tooltip: str = "") -> widgets.Button:
    """A real button: reached with Tab, pressed with Enter or Space."""
    made = widgets.Button(
        description=text,
        tooltip=tooltip or text,
        button_style="primary" if primary else "",
        layout=widgets.Layout(width="auto", min_width="5em"),
    )
    made.on_click(lambda _: action())
    return made


class PracticeForm:
    """A `Session` as a form: the question, a field, three buttons, and what came of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.question = widgets.HTML()
        self.result = widgets.HTML()
        self.standing = widgets.HTML()
        # One text field for all questions, so that the cursor stays in it from one to the next.
        self.text = widgets.Text(
            description="Answer",
            placeholder="your answer, then Enter",
            layout=widgets.Layout(width="min(30em, 95%)"),
        )
        on_enter(self.text, self._entered)
        self.field: widgets.Text | widgets.RadioButtons = self.text
        self.place = widgets.HBox([self.field])
        self.submit = button("Check", self._submit, primary=True, tooltip="Check this answer (Enter)")
        self.next = button("Another", self._next, tooltip="Deal another question")
        self.hint = button("Hint", self._hint, tooltip="Show a hint; a hinted answer does not count")
        self.unknown = button("I don't know", self._give_up, tooltip="Counts as a miss, and shows a hint")
        buttons = widgets.HBox(
            [self.submit, self.next, self.hint, self.unknown], layout=widgets.Layout(flex_flow="row wrap")
        )
        self.widget = widgets.VBox([self.standing, self.question, self.place, buttons, self.result])
        self._ask()

    def shown(self) -> Shown:
        """The form, with the question as a static panel beside it."""
        return Shown(self.widget, self._panel("Open this notebook in JupyterLab and run the cell to answer."))

    # -- one question

    def _panel(self, note: str = "") -> Panel:
        kind = self.session.exercise.returns
        rows = (("question", self.session.question), ("answer", kind.asked()))
        return Panel("quiet", f"Practice · {self.session.skill}", rows, note)

    def _ask(self) -> None:
        kind = self.session.exercise.returns
        self.question.value = self._panel().html()
        self.result.value = ""
        if isinstance(kind, Choice):
            options = list(kind.options)
            random.Random(self.session.variant.seed).shuffle(options)
            self.field = widgets.RadioButtons(options=options, value=None, layout=widgets.Layout(width="max-content"))
        else:
            self.field = self.text
            self.text.value = ""
        if self.place.children != (self.field,):
            self.place.children = (self.field,)
        self._stand()

    def _entered(self) -> None:
        if self.session.done:
            self._next()
        else:
            self._submit()

    def _submit(self) -> None:
        kind = self.session.exercise.returns
        try:
            value = typed(kind, str(self.field.value or ""))
        except Unreadable as unreadable:
            rows = (("because", str(unreadable)),)
            self.result.value = Panel("quiet", "? That cannot be read yet", rows, "It was not counted.").html()
            return
        counted = self.session.first and self.session.hints == 0
        self._tell(self.session.answer(value), counted)

    def _give_up(self) -> None:
        self._tell(self.session.give_up(), counted=True)

    def _hint(self) -> None:
        text = self.session.hint()
        self.result.value = Panel(
            "quiet", "Hint", (("", text),), "A hinted answer is practice; it does not count."
        ).html()

    def _next(self) -> None:
        self.session.deal()
        self._ask()
        self.field.focus()

    def _tell(self, verdict: Verdict, counted: bool) -> None:
        panel = of_verdict(verdict, compare.tolerance(self.session.exercise.returns), points=False)
        # The question stands above; what to try is said by the buttons.
        rows = tuple(row for row in panel.rows if row[0] not in ("asked", "try"))
        note = self.session.problem or panel.note
        if verdict.right:
            state = self.session.state
            if state.held and state.row == state.need and counted:
                note = "Mastered: three fresh ones in a row. Press Enter to go on for the joy of it."
            else:
                note = (
                    "" if counted else "Right; it does not count, since it was not a first try without a hint. "
                ) + ("Press Enter for another.")
        elif verdict.state is State.WRONG:
            note = "Try it again, to learn; it counts again with the next question. " + note
        self.result.value = Panel(panel.tone, panel.heading, rows, note.strip()).html()
        self._stand()

    def _stand(self) -> None:
        self.standing.value = (
            f'<div role="status" style="font-size:13px;opacity:.85">{row_of(self.session.state)}</div>'
        )
        done = self.session.done
        self.submit.disabled = self.unknown.disabled = done
        self.next.disabled = self.session.verdict is None or self.session.verdict.state is State.UNREADABLE


def step_list(panel: Panel, steps: Sequence[Step], extra: Sequence[tuple[str, Callable[[], Panel]]] = ()) -> Shown:
    """A panel with a button for each step that can be taken here, which opens its practice or checkpoint below.

    `extra` are (text, action) pairs: further buttons that answer with a panel.
    """
    place = widgets.VBox([])

    def open_step(step: Step) -> None:
        try:
            form = form_of(step)
        except (CourseError, BankError) as error:
            place.children = [widgets.HTML(Panel("try", "! Not now", (("because", str(error)),)).html())]
            return
        place.children = [form.widget]
        form.field.focus()

    def say(action: Callable[[], Panel]) -> None:
        place.children = [widgets.HTML(action().html())]

    able = [step for step in steps if step.ready and step.kind != "write"]
    buttons = [
        button(text_of(step), lambda step=step: open_step(step), primary=i == 0)  # type: ignore[misc]
        for i, step in enumerate(able)
    ]
    buttons += [button(text, lambda action=action: say(action)) for text, action in extra]  # type: ignore[misc]
    bar = widgets.HBox(buttons, layout=widgets.Layout(flex_flow="row wrap"))
    return Shown(widgets.VBox([widgets.HTML(panel.html()), bar, place]), panel)


def text_of(step: Step) -> str:
    """What a step's button says."""
    return f"Sit the checkpoint of {step.unit}" if step.kind == "checkpoint" else f"Practise: {step.title}"


def form_of(step: Step) -> PracticeForm:
    """The form in which a step is taken. `CourseError` where it cannot be taken now."""
    if step.kind == "checkpoint":
        from course.round_form import RoundForm

        return RoundForm(checkpoint(step.unit))
    return PracticeForm(start(step.target))
