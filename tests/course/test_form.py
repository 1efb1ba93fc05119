"""The practice form, driven as a browser drives it: by messages to real widgets."""

from __future__ import annotations

import pytest

from course import common_mistakes, practice
from course.form import WIDGET, PracticeForm, practice_list
from course.mastery import record
from course.panel import Panel
from course.practising import start

pytestmark = pytest.mark.usefixtures("small_course")


def enter(form: PracticeForm, text: str) -> None:
    form.field.value = text
    form.field._handle_custom_msg({"event": "submit"}, [])


def right(form: PracticeForm) -> str:
    a = form.session.variant.arguments
    return f"{a['norm']}^{a['depth']}"


def test_enter_submits_and_after_a_right_answer_deals_the_next() -> None:
    form = PracticeForm(start("sample.scale"))
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
    form = PracticeForm(start("sample.scale"))
    a = form.session.variant.arguments
    enter(form, f"{a['norm']}*{a['depth']}")
    assert "Factors compound" in form.result.value
    assert not form.submit.disabled
    enter(form, right(form))
    assert "does not count" in form.result.value
    assert "0 of 3" in form.standing.value


def test_what_cannot_be_read_is_not_counted() -> None:
    form = PracticeForm(start("sample.scale"))
    enter(form, "a lot")
    assert "cannot be read" in form.result.value and "not counted" in form.result.value
    enter(form, "")
    assert record.read().events == ()


def test_the_buttons_do_what_they_say() -> None:
    form = PracticeForm(start("sample.scale"))
    form.hint.click()
    assert "A nudge." in form.result.value
    enter(form, right(form))
    assert "0 of 3" in form.standing.value, "a hinted answer does not count"
    form.next.click()
    form.unknown.click()
    assert [e.right for e in record.read().events] == [True, False]
    assert all(b.tooltip for b in (form.submit, form.next, form.hint, form.unknown))


def test_what_a_learner_types_cannot_become_markup() -> None:
    form = PracticeForm(start("sample.scale"))
    enter(form, "<img src=x>")
    assert "<img" not in form.result.value


def test_without_widgets_there_is_a_static_panel() -> None:
    bundle = practice("sample.scale")._repr_mimebundle_()
    assert "model_id" in bundle[WIDGET]
    assert "What is left of a gradient" in bundle["text/html"]
    assert "What is left of a gradient" in bundle["text/plain"]


def test_a_list_opens_the_practice_below_it_and_says_what_other_buttons_answer() -> None:
    shown = practice_list(
        Panel("partly", "Not open"), [("sample.scale", "Scale")], [("Continue", lambda: Panel("good", "So be it"))]
    )
    _, bar, place = shown.widget.children
    bar.children[0].click()
    assert "What is left of a gradient" in place.children[0].children[1].value
    bar.children[1].click()
    assert "So be it" in place.children[0].value


def test_common_mistakes_come_from_the_bank() -> None:
    text = common_mistakes("01-sample").text()
    assert "Scale after some layers" in text and "- Factors compound" in text
    assert "&lt;" not in common_mistakes("01-sample").html()
