"""What is left to do, as a list with a button for each step: gates, progress and the end of a checkpoint show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from autograder.judging.exercise import BankError
from course import syllabus
from course.errors import CourseError
from course.forms import practice_panels
from course.forms.practice import PanelSlot, PracticeForm, ShownQuestion, button
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.widgets.panel import Panel

Look = Callable[[Standing], tuple[Panel, Sequence[Step]]]
"""What is to be shown of a standing: a panel, and the steps that are left."""


def step_list(
    panel: Panel,
    steps: Sequence[Step],
    take: Callable[[Step], PracticeForm | None],
    extra: Sequence[tuple[str, Callable[[], Panel]]] = (),
    look: Look | None = None,
    changed: Callable[[Standing], None] = lambda standing: None,
) -> ShownQuestion:
    """A panel with a button for each step that can be taken here, which opens its practice or checkpoint below.

    `extra` are (text, action) pairs: further buttons that answer with a panel. With `look`, panel and buttons follow
    what the learner does below them; `changed` is called then, too. `take` makes a step's form (`opening.form_of`, say);
    where it returns none, it has shown the step elsewhere.
    """
    head, place = PanelSlot(), widgets.VBox([])
    bar = widgets.HBox([], layout=widgets.Layout(flex_flow="row wrap"))
    sat = ""  # the unit whose checkpoint is open below

    def open_step(step: Step) -> None:
        nonlocal sat
        try:
            form = take(step)
        except (CourseError, BankError) as error:
            tell(Panel("try", "! Not now", (("because", str(error)),)))
            return
        if form is None:
            return
        form.changed = follow
        place.children = [form.widget]
        sat = step.unit if step.kind == "checkpoint" else ""
        form.focus()

    def tell(panel: Panel) -> None:
        told = PanelSlot(panel)
        place.children = [told]
        told.focus()

    def show(panel: Panel, steps: Sequence[Step]) -> None:
        head.show(with_links(panel, steps))
        able = [step for step in steps if step.ready and step.kind != "write"]
        others = extra if steps else ()  # nothing is left, so there is nothing to walk past
        wanted = [text_of(step) for step in able] + [text for text, _ in others]
        if wanted == [made.description for made in bar.children]:
            return
        buttons = [
            button(text_of(step), lambda step=step: open_step(step), primary=i == 0)  # type: ignore[misc]
            for i, step in enumerate(able)
        ]
        buttons += [button(text, lambda action=action: tell(action())) for text, action in others]  # type: ignore[misc]
        bar.children = buttons

    def follow(standing: Standing) -> None:
        if look is not None:
            show(*look(standing))
        if sat and standing.units[sat].to_review:
            bar.layout.display = "none"  # a checkpoint's end brings its own buttons, until it is passed
        elif sat and standing.units[sat].passed:
            bar.layout.display = None
        changed(standing)

    show(panel, steps)
    return ShownQuestion(widgets.VBox([head, bar, place]), with_links(panel, steps))


def with_links(panel: Panel, steps: Sequence[Step]) -> Panel:
    """The panel, with a link to each exercise notebook in which something is left to write."""
    units = dict.fromkeys(step.unit for step in steps if step.kind == "write")
    leads = [practice_panels.in_exercises(syllabus.load().unit(unit)) for unit in units]
    return Panel(panel.tone, panel.heading, panel.rows, panel.note, (*panel.links, *leads))


def text_of(step: Step) -> str:
    """What a step's button says."""
    return f"Sit the checkpoint of {step.unit}" if step.kind == "checkpoint" else f"Practise: {step.title}"
