"""What is left to do, as a list with a button for each step: gates, progress and the end of a checkpoint show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from autograder.exercise import BankError
from course import manifest, practice_panels
from course.errors import CourseError
from course.form import PanelPlace, PracticeForm, Shown, button
from course.mastery.rule import Standing
from course.mastery.steps import Step
from course.panel import Panel
from course.practising import start
from course.rounds import checkpoint

Look = Callable[[Standing], tuple[Panel, Sequence[Step]]]
"""What is to be shown of a standing: a panel, and the steps that are left."""


def step_list(
    panel: Panel,
    steps: Sequence[Step],
    extra: Sequence[tuple[str, Callable[[], Panel]]] = (),
    look: Look | None = None,
    take: Callable[[Step], PracticeForm | None] | None = None,
    changed: Callable[[Standing], None] = lambda standing: None,
) -> Shown:
    """A panel with a button for each step that can be taken here, which opens its practice or checkpoint below.

    `extra` are (text, action) pairs: further buttons that answer with a panel. With `look`, panel and buttons follow
    what the learner does below them; `changed` is called then, too. `take` makes a step's form, by default `form_of`;
    where it returns none, it has shown the step elsewhere.
    """
    head, place = PanelPlace(), widgets.VBox([])
    bar = widgets.HBox([], layout=widgets.Layout(flex_flow="row wrap"))
    sat = ""  # the unit whose checkpoint is open below

    def open_step(step: Step) -> None:
        nonlocal sat
        try:
            form = (take or form_of)(step)
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
        told = PanelPlace(panel)
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
    return Shown(widgets.VBox([head, bar, place]), with_links(panel, steps))


def with_links(panel: Panel, steps: Sequence[Step]) -> Panel:
    """The panel, with a link to each exercise notebook in which something is left to write."""
    units = dict.fromkeys(step.unit for step in steps if step.kind == "write")
    leads = [practice_panels.in_exercises(manifest.load().unit(unit)) for unit in units]
    return Panel(panel.tone, panel.heading, panel.rows, panel.note, (*panel.links, *leads))


def text_of(step: Step) -> str:
    """What a step's button says."""
    return f"Sit the checkpoint of {step.unit}" if step.kind == "checkpoint" else f"Practise: {step.title}"


def form_of(step: Step) -> PracticeForm:
    """The form in which a step is taken. `CourseError` where it cannot be taken now."""
    if step.kind == "checkpoint":
        from course.round_form import RoundForm

        return RoundForm(checkpoint(step.unit))
    return PracticeForm(start(step.target))
