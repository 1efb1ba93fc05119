"""The practice form and the list of steps, driven as a browser drives them: by messages to real widgets."""

from __future__ import annotations

import re
from pathlib import Path

import practice_course
import pytest
from practice_course import UNIT

from course import common_mistakes, kernel_info, practice, syllabus
from course.errors import CourseError
from course.forms.opening import form_of
from course.forms.practice import WIDGET, PanelSlot, PracticeForm
from course.forms.step_list import step_list
from course.mastery import record, steps
from course.mastery.rule import STUCK_AFTER
from course.notebook import gates
from course.tutoring.follower import standing
from course.tutoring.questions import start
from course.widgets import links
from course.widgets.panel import Link, Panel


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return practice_course.studied(tmp_path, monkeypatch)


def enter(form: PracticeForm, text: str) -> None:
    """Type or choose, and press Enter."""
    form.field._handle_custom_msg({"event": "submit", "value": text}, [])


def right(form: PracticeForm) -> str:
    return str(practice_course.right(form.session))


def mistaken(form: PracticeForm) -> str:
    return str(practice_course.mistaken(form.session))


def text(place: PanelSlot) -> str:
    """What a panel's place shows, without markup; empty where it shows nothing."""
    return " ".join(re.sub(r"<[^>]+>", " ", page(place)).split())


def page(place: PanelSlot) -> str:
    leads = [output["data"]["text/html"] for output in place.leads.outputs] if place.leads in place.children else []
    return "".join([place.words.value, *leads])


# ------------------------------------------------------------------ one question after another


def test_enter_submits_and_after_a_right_answer_deals_the_next() -> None:
    form = PracticeForm(start("rounds.scale"))
    assert "Practice · Scale after some layers · 01-rounds" in form.question.value
    for n in range(3):
        asked = form.question.value
        enter(form, right(form))
        assert "Right" in form.result.value
        assert form.submit.disabled and not form.next.disabled
        enter(form, form.field.value)
        assert form.question.value != asked
        assert form.field.value == "" and not form.submit.disabled
        assert len(record.read().events) == n + 1
    assert "mastered" in form.standing.value


def test_a_wrong_answer_shows_the_mistakes_sentence_and_may_be_tried_again() -> None:
    form = PracticeForm(start("rounds.scale"))
    enter(form, mistaken(form))
    assert "Factors compound" in form.result.value and "A miss: the row starts anew." in form.result.value
    assert not form.submit.disabled and not form.next.disabled
    enter(form, right(form))
    assert "A second try: does not count" in form.result.value
    assert "0 of 3" in form.standing.value


def test_an_enter_too_many_changes_nothing() -> None:
    form = PracticeForm(start("rounds.scale"))
    asked = form.question.value
    enter(form, mistaken(form))
    said = form.result.value
    enter(form, form.field.value)
    assert form.result.value == said and len(record.read().events) == 1, "the same answer again is no second try"
    enter(form, "")
    assert "Type an answer" in form.result.value and form.question.value == asked
    assert len(record.read().events) == 1


def test_what_cannot_be_read_is_not_counted() -> None:
    form = PracticeForm(start("rounds.scale"))
    enter(form, "a lot")
    assert "cannot be read" in form.result.value and "not counted" in form.result.value
    enter(form, "")
    assert record.read().events == ()


def test_the_buttons_do_what_they_say() -> None:
    form = PracticeForm(start("rounds.scale"))
    form.hint.click()
    assert "Each layer multiplies." in form.result.value
    enter(form, right(form))
    assert "0 of 3" in form.standing.value, "a hinted answer does not count"
    form.next.click()
    form.unknown.click()
    assert "Counted as a miss" in form.result.value and "Each layer multiplies." in form.result.value
    assert form.unknown.disabled and not form.submit.disabled, "it may still be tried, to learn"
    assert [e.right for e in record.read().events] == [True, False]
    assert all(b.tooltip for b in (form.submit, form.next, form.hint, form.unknown))


def test_a_question_may_not_be_passed_over() -> None:
    form = PracticeForm(start("rounds.scale"))
    form.hint.click()
    enter(form, "a lot")
    assert form.next.disabled


def test_a_choice_is_made_in_a_field_of_its_own_and_entered_like_any_other() -> None:
    form = PracticeForm(start("rounds.trend"))
    assert form.field is form.choices and form.text.layout.display == "none"
    assert sorted(form.choices.options) == ["it grows", "it shrinks", "it stays as it is"] and form.choices.value == ""
    enter(form, "")
    assert "Choose one" in form.result.value and record.read().events == ()
    enter(form, right(form))
    assert "Right" in form.result.value
    enter(form, form.field.value)
    assert form.choices.value == "", "the next question begins with none chosen"


def test_enter_in_a_choice_carries_what_is_chosen() -> None:
    """The value's own message may come later than Enter's."""
    form = PracticeForm(start("rounds.trend"))
    form.choices._handle_custom_msg({"event": "submit", "value": right(form)}, [])
    assert "Right" in form.result.value


def test_what_a_learner_types_cannot_become_markup() -> None:
    form = PracticeForm(start("rounds.scale"))
    enter(form, "<img src=x>")
    assert "<img" not in form.result.value


def test_an_answer_that_cannot_be_written_may_be_given_again() -> None:
    form = PracticeForm(start("rounds.scale"))
    written = form.session.write

    def full(event: record.Event) -> None:
        raise CourseError("The disk is full.")

    form.session.write = full
    enter(form, right(form))
    assert "Not recorded" in form.result.value and "The disk is full." in form.result.value
    assert "0 of 3" in form.standing.value and form.next.disabled and not form.submit.disabled
    form.unknown.click()
    assert "Not recorded" in form.result.value and form.session.hints == 0, "no hint for a miss that did not count"
    form.session.write = written
    enter(form, form.field.value)
    assert "Right" in form.result.value and "1 of 3" in form.standing.value


def test_answers_of_two_kernels_count_together() -> None:
    """Two forms on one skill, each in a kernel of its own: neither deals what the other asked, and the row is one."""
    one, other = PracticeForm(start("rounds.scale")), PracticeForm(start("rounds.scale"))
    enter(one, right(one))
    enter(other, right(other))
    assert "2 of 3" in other.standing.value
    one.next.click()
    enter(one, right(one))
    assert "mastered" in one.standing.value
    events = record.read().events
    assert len({record.variant_text(event.arguments) for event in events}) == len(events) == 3


def test_without_widgets_there_is_a_static_panel() -> None:
    bundle = practice("rounds.scale")._repr_mimebundle_()
    assert "model_id" in bundle[WIDGET]
    assert "What is left of a gradient" in bundle["text/html"]
    assert "What is left of a gradient" in bundle["text/plain"]


# ------------------------------------------------------------------ beside the question


def miss(form: PracticeForm, times: int) -> None:
    for _ in range(times):
        enter(form, mistaken(form))
        form.next.click()


def test_after_ten_tries_the_worked_example_and_another_way_in_are_offered(course: Path) -> None:
    form = PracticeForm(start("rounds.scale"))
    miss(form, STUCK_AFTER - 1)
    assert text(form.aside) == ""
    enter(form, mistaken(form))
    assert "Another way in" in text(form.aside) and "Halve a sheet of paper" in text(form.aside)
    assert f'href="{UNIT}.ipynb#Worked-out"' in page(form.aside)
    assert f'href="exercises/{UNIT}/{UNIT}.ipynb#Paper"' in page(form.aside)
    assert [event.kind for event in record.read().events].count("stuck") == 1
    assert "Another way in" in text(PracticeForm(start("rounds.scale")).aside), "also when one comes back"
    for _ in range(3):
        form.next.click()
        enter(form, right(form))
    assert "mastered" in form.standing.value and text(form.aside) == ""


def test_when_only_code_is_left_the_form_says_so_and_leads_there(course: Path) -> None:
    form = PracticeForm(start("rounds.code"))
    enter(form, right(form))
    assert text(form.aside) == ""
    form.next.click()
    enter(form, right(form))
    assert "what is left is code" in text(form.aside) and "rounds.doubled" in text(form.aside)
    assert f'href="exercises/{UNIT}/{UNIT}.ipynb"' in page(form.aside)
    record.append(record.Event("answer", "rounds", "rounds.code", "rounds.doubled", right=True, source="check"))
    assert text(PracticeForm(start("rounds.code")).aside) == ""


def test_a_link_counts_from_the_notebook_that_runs(course: Path) -> None:
    unit = syllabus.load().unit(UNIT)
    assert links.to_exercises(unit, course) == f"exercises/{UNIT}/{UNIT}.ipynb"
    assert links.to_lesson(unit, course / "exercises" / UNIT) == f"../../{UNIT}.ipynb"
    place = syllabus.load().skill("rounds.scale").example
    assert place is not None and links.to_place(place, course / "exercises" / UNIT) == f"../../{UNIT}.ipynb#Worked-out"


def test_where_a_notebook_is_not_to_be_found_its_name_stands_without_a_link(tmp_path: Path) -> None:
    away = tmp_path / "a" / "b" / "c" / "d"
    away.mkdir(parents=True)
    assert links.to_lesson(syllabus.load().unit(UNIT), away) == ""
    panel = Panel("quiet", "Read", links=(Link("lesson", "The `first`", ""),))
    assert "<a " not in panel.html() and "<code" in panel.html() and "The `first`" in panel.text()


# ------------------------------------------------------------------ the list of steps


def test_a_list_opens_the_practice_below_it_and_says_what_other_buttons_answer() -> None:
    where, _ = standing()
    left = steps.of_unit(where, where.syllabus.unit(UNIT))
    shown = step_list(Panel("partly", "Not open"), left, form_of, [("Continue", lambda: Panel("good", "So be it"))])
    head, bar, place = shown.widget.children
    names = [made.description for made in bar.children]
    assert names == [
        "Practise: Scale after some layers",
        "Practise: What becomes of a signal",
        "Practise: Doubling, in code",
        "Continue",
    ]
    assert "the exercises of 01-rounds" in text(head), "what has to be written is no button, but a link"
    bar.children[0].click()
    assert "What is left of a gradient" in place.children[0].children[1].value
    bar.children[-1].click()
    assert "So be it" in text(place.children[0])


def test_a_list_follows_what_is_done_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first question of a unit to its checkpoint, without running the cell again."""
    monkeypatch.setattr(kernel_info, "kernel", lambda: object())
    opened = practice_course.forms_made(monkeypatch)
    record.append(record.Event("answer", "rounds", "rounds.code", "rounds.doubled", right=True, source="check"))
    shown = gates.progress(UNIT)
    head, bar, place = shown.widget.children
    while bar.children[0].description.startswith("Practise"):
        before = [made.description for made in bar.children]
        bar.children[0].click()
        form = opened[-1]
        while not form.session.state.held:
            enter(form, right(form))
            form.next.click()
        assert [made.description for made in bar.children] != before
    assert [made.description for made in bar.children] == [f"Sit the checkpoint of {UNIT}"]
    assert "3 of 3 skills mastered" in text(head)
    bar.children[0].click()
    assert "Checkpoint of 01-rounds" in place.children[0].children[0].value


def test_a_step_that_cannot_be_taken_now_says_why(course: Path) -> None:
    where, _ = standing()
    left = steps.of_unit(where, where.syllabus.unit(UNIT))
    shown = step_list(Panel("partly", "Not open"), left, form_of)
    _, bar, place = shown.widget.children
    (course.parent / "clone" / "solutions" / UNIT / "bank.py").unlink()
    bar.children[0].click()
    assert "Not now" in text(place.children[0]) and "not here" in text(place.children[0])


def test_common_mistakes_come_from_the_bank() -> None:
    said = common_mistakes(UNIT).text()
    assert "Scale after some layers" in said and "- Factors compound" in said
    assert "&lt;" not in common_mistakes(UNIT).html()
