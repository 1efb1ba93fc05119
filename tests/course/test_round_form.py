"""Rounds as forms, without a kernel: what is said after each answer, at the end, and where there is nothing to ask."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import ipywidgets as widgets
import practice_course
import pytest
from practice_course import NEXT, UNIT

from course import clock, kernel_info, practice, syllabus
from course.errors import CourseError
from course.forms import round_panels
from course.forms.opening import round_form, shown_round
from course.forms.practice import WIDGET, PanelSlot, PracticeForm
from course.forms.round import RoundForm
from course.mastery import record
from course.mastery.record import Event
from course.mastery.rule import ITEMS, STUCK_AFTER, Standing
from course.notebook import gates
from course.tutoring.follower import standing
from course.tutoring.rounds import checkpoint, session_of_ten_minutes


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return practice_course.studied(tmp_path, monkeypatch)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[PracticeForm]:
    """The forms that were made, in order."""
    return practice_course.forms_made(monkeypatch)


@pytest.fixture
def ready() -> None:
    """Every skill of the first unit is mastered; its checkpoint may be sat."""
    practice_course.write(practice_course.skills_mastered())


def enter(form: PracticeForm, answer: Any = None) -> None:
    """Type or choose `answer`, if one is given, and press Enter."""
    said = form.field.value if answer is None else str(answer)
    form.field._handle_custom_msg({"event": "submit", "value": said}, [])


def answer(form: RoundForm, well: bool = True) -> None:
    """Answer, and press Enter to go on; after a miss in a session, Next."""
    enter(form, practice_course.right(form.session) if well else practice_course.mistaken(form.session))
    form.next.click() if form.answerable else enter(form)


def through(form: RoundForm, misses: int = 0) -> None:
    while not form.round.over:
        answer(form, well=form.round.position >= misses)


def plain_text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def end(form: RoundForm) -> PanelSlot:
    """The words at the end."""
    place = form.widget.children[1]
    assert isinstance(place, PanelSlot)
    return place


def words(place: PanelSlot) -> str:
    leads = [output["data"]["text/html"] for output in place.leads.outputs] if place.leads in place.children else []
    return plain_text(" ".join([place.words.value, *leads]))


def buttons(widget: widgets.Widget) -> dict[str, widgets.Button]:
    """The buttons in `widget` that are on the page, by what they say."""
    if widget.layout.display == "none":
        return {}
    if isinstance(widget, widgets.Button):
        return {widget.description: widget}
    found: dict[str, widgets.Button] = {}
    for child in getattr(widget, "children", ()):
        found |= buttons(child)
    return found


# ------------------------------------------------------------------ a session


def test_the_bar_says_how_far_it_is_as_text_and_to_a_screen_reader() -> None:
    form = round_form(session_of_ten_minutes())
    assert "0 of 9" in plain_text(form.standing.value)
    enter(form, practice_course.right(form.session))
    bar = form.standing.value
    assert "1 of 9" in plain_text(bar), "an answer counts at once"
    assert re.search(r'<progress [^>]*aria-label="Ten minutes of practice: questions answered"', bar)
    assert re.search(r'<progress [^>]*aria-valuetext="1 of 9" value="1" max="9"', bar)


def test_each_question_stands_under_its_skill_and_unit() -> None:
    form = round_form(session_of_ten_minutes())
    while not form.round.over:
        skill = syllabus.load().skill(form.session.skill)
        assert plain_text(form.question.value).startswith(f"{skill.title} · {UNIT} question")
        answer(form)


def test_after_a_right_answer_enter_goes_on() -> None:
    form = round_form(session_of_ten_minutes())
    asked = form.question.value
    enter(form, practice_course.right(form.session))
    assert "Right" in form.result.value and "Press Enter to go on." in form.result.value
    assert "in a row" in form.result.value, "what it did, in the words of the rule"
    enter(form)
    assert form.question.value != asked and form.result.value == ""


def test_after_a_miss_one_may_try_again_or_go_on_and_enter_loses_nothing() -> None:
    form = round_form(session_of_ten_minutes(Random(0)))
    asked = form.question.value
    enter(form, practice_course.mistaken(form.session))
    said = form.result.value
    assert "Not yet" in said and "because" in said and "or press Next" in said
    enter(form)
    assert (form.question.value, form.result.value) == (asked, said)
    enter(form, "")
    assert form.question.value == asked and len(record.read().events) == 1
    enter(form, practice_course.right(form.session))
    assert "A second try: does not count. Press Enter to go on." in plain_text(form.result.value)
    form.next.click()
    assert form.question.value != asked and form.round.right == 0


def test_a_hint_may_be_taken_and_a_question_not_be_passed_over() -> None:
    form = round_form(session_of_ten_minutes())
    form.hint.click()
    assert form.next.disabled
    enter(form, practice_course.right(form.session))
    assert "With a hint: does not count" in form.result.value


def test_the_end_says_what_was_answered_what_grew_and_what_comes_next() -> None:
    form = round_form(session_of_ten_minutes(Random(0)))
    through(form, misses=1)
    said = words(end(form))
    assert "Ten minutes of practice: 8 of 9 right at the first try" in said
    assert "9 of 9" in plain_text(form.standing.value)
    for one in {outcome.skill for outcome in form.round.outcomes}:
        assert syllabus.load().skill(one).title in said
    assert "3 of 3 right; mastered" in said and "2 of 3 right; " in said
    assert re.search(r"next review \d{4}-\d\d-\d\d, in 2 days", said)
    assert buttons(form.widget).keys() == {"Another ten minutes"}
    assert "the exercises of 01-rounds" in said, "what is left of a skill about code is code"


def test_an_enter_too_many_at_the_end_does_nothing() -> None:
    form = round_form(session_of_ten_minutes())
    through(form)
    said = words(end(form))
    enter(form)
    enter(form, "7")
    form.submit.click()
    form.next.click()
    assert words(end(form)) == said and len(record.read().events) == 9


def test_another_ten_minutes_begin_in_the_same_place_and_in_the_end_nothing_is_due() -> None:
    form = round_form(session_of_ten_minutes(Random(0)))
    through(form, misses=9)
    form.more.click()
    assert form.place in form.widget.children and "0 of 9" in plain_text(form.standing.value)
    through(form)
    form.more.click()
    said = words(end(form))
    assert "✓ Nothing is due" in said and "next review" in said and "open lesson Rounds: the first" in said
    assert "the exercises of 01-rounds" in said and form.place not in form.widget.children


def test_where_another_begins_the_last_question_is_not_seen_again() -> None:
    form = round_form(session_of_ten_minutes(Random(0)))
    through(form, misses=9)
    seen: list[str] = []
    form.widget.observe(lambda change: seen.append(form.question.value), "children")
    before = form.question.value
    form.more.click()
    assert seen == [form.question.value] and before not in seen


def test_another_ten_minutes_that_cannot_begin_say_why() -> None:
    def unreadable() -> Any:
        raise CourseError("Your record cannot be read.")

    form = round_form(session_of_ten_minutes(), again=unreadable)
    through(form)
    form.more.click()
    assert "Not now" in form.result.value and "cannot be read" in form.result.value
    assert form.result in form.widget.children


@pytest.mark.usefixtures("ready")
def test_where_nothing_is_due_the_checkpoint_that_is_ready_can_be_sat() -> None:
    shown = shown_round(session_of_ten_minutes())
    head = shown.widget.children[0]
    assert "the mixed checkpoint of 10 of 01-rounds: ready" in words(head) and "Rounds: the first" in words(head)
    assert buttons(shown.widget).keys() == {f"Sit the checkpoint of {UNIT}"}
    assert "Nothing is due" in shown._repr_mimebundle_()["text/plain"]


def test_practice_without_a_skill_shows_a_session() -> None:
    bundle = practice()._repr_mimebundle_()
    assert "model_id" in bundle[WIDGET]
    assert "question" in bundle["text/plain"] and UNIT in bundle["text/plain"]


def test_one_who_is_stuck_is_offered_another_way_in() -> None:
    for n in range(STUCK_AFTER):
        record.append(Event("answer", "rounds", "rounds.scale", "rounds.power", {"n": n}))
    form = round_form(session_of_ten_minutes(Random(0)))
    offered = set()
    while not form.round.over:
        if "Another way in" in words(form.aside):
            offered.add(form.session.skill)
        answer(form, well=False)
    assert offered == {"rounds.scale"}


# ------------------------------------------------------------------ a checkpoint


@pytest.mark.usefixtures("ready")
def test_a_checkpoint_takes_one_answer_and_enter_goes_on_after_right_and_wrong() -> None:
    form = round_form(checkpoint(UNIT))
    assert buttons(form.widget).keys() == {"Check", "Next", "I don't know"}, "no hints"
    for well, sign in ((False, "✗ Not yet"), (True, "✓ Right")):
        asked = form.question.value
        enter(form, practice_course.right(form.session) if well else practice_course.mistaken(form.session))
        assert sign in form.result.value and "Press Enter to go on." in form.result.value
        assert form.submit.disabled and form.unknown.disabled and not form.next.disabled
        enter(form, practice_course.right(form.session))
        assert form.question.value != asked, "no second try"
    assert (form.round.position, form.round.right) == (2, 1)


@pytest.mark.usefixtures("ready")
def test_not_knowing_an_item_is_a_miss_and_gives_no_hint() -> None:
    form = round_form(checkpoint(UNIT))
    form.unknown.click()
    said = plain_text(form.result.value)
    assert said == f"○ Counted as a miss Checkpoint, item 1 of {ITEMS}: missed. Press Enter to go on."
    form.next.click()
    assert "1 of 10" in plain_text(form.standing.value)


@pytest.mark.usefixtures("ready")
def test_an_item_that_cannot_be_written_says_so_and_is_answered_again() -> None:
    form = round_form(checkpoint(UNIT))
    written = form.session.write

    def full(event: Event) -> None:
        raise CourseError("The disk is full.")

    form.session.write = full
    asked = form.question.value
    enter(form, practice_course.mistaken(form.session))
    assert "Not recorded" in form.result.value and "The disk is full." in form.result.value
    assert "Not yet" not in form.result.value, "what does not count is not judged aloud"
    enter(form)
    form.next.click()
    assert form.question.value == asked and form.round.position == 0
    form.session.write = written
    enter(form, practice_course.right(form.session))
    assert "✓ Right" in form.result.value and form.round.right == 1


@pytest.mark.usefixtures("ready")
def test_passed_says_what_it_opens_and_leads_there() -> None:
    form = round_form(checkpoint(UNIT))
    through(form, misses=2)
    said = words(end(form))
    assert f"✓ Passed with 8 of {ITEMS} · {UNIT} is mastered" in said
    assert f"opens {NEXT}: And then?" in said and "next review" in said
    assert f'href="{NEXT}.ipynb"' in end(form).leads.outputs[0]["data"]["text/html"]
    assert buttons(form.widget) == {}


@pytest.mark.usefixtures("ready")
def test_not_passed_says_what_to_review_and_then_it_is_sat_again_in_the_same_place(opened: list[PracticeForm]) -> None:
    told: list[Standing] = []
    form = round_form(checkpoint(UNIT), changed=told.append)
    through(form, misses=3)
    where, _ = standing()
    to_review = [syllabus.load().skill(skill).title for skill in where.units[UNIT].to_review]
    said = words(end(form))
    assert f"Not passed yet: 7 of {ITEMS} right, 8 are needed" in said
    assert buttons(form.widget).keys() == {f"Practise: {title}" for title in to_review}
    for title in to_review:
        buttons(form.widget)[f"Practise: {title}"].click()
        enter(opened[-1], practice_course.right(opened[-1].session))
        assert "Reviewed for the checkpoint" in opened[-1].result.value
        assert f"Practise: {title}" not in buttons(form.widget)
        assert told[-1] is opened[-1].session.standing, "whoever shows this form hears of it, too"
    buttons(form.widget)[f"Sit the checkpoint of {UNIT}"].click()
    assert form.place in form.widget.children and "0 of 10" in plain_text(form.standing.value)
    through(form)
    assert "✓ Passed with 10 of 10" in words(end(form))


@pytest.mark.usefixtures("ready")
def test_an_item_answered_in_another_window_is_not_asked_twice() -> None:
    form, other = round_form(checkpoint(UNIT)), round_form(checkpoint(UNIT))
    answer(other, well=False)
    enter(form, practice_course.right(form.session))
    assert "This checkpoint has that item already: does not count. Press Enter to go on." in form.result.value
    enter(form)
    assert form.question.value == other.question.value and "1 of 10" in plain_text(form.standing.value)


@pytest.mark.usefixtures("ready")
def test_one_who_comes_back_goes_on_where_they_left() -> None:
    form = round_form(checkpoint(UNIT))
    for _ in range(4):
        answer(form)
    again = round_form(checkpoint(UNIT))
    assert "4 of 10" in plain_text(again.standing.value) and again.question.value == form.question.value


@pytest.mark.usefixtures("ready")
def test_a_checkpoint_offers_no_way_in_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks what one can do without help, also where a review failed and the skill was tried in vain since."""
    practice_course.later(monkeypatch, days=9)
    for n in range(STUCK_AFTER + 1):
        record.append(Event("answer", "rounds", "rounds.scale", "rounds.power", {"norm": n}))
    form = round_form(checkpoint(UNIT))
    assert form.round.standing.skill("rounds.scale").stuck
    while not form.round.over:
        assert words(form.aside) == ""
        answer(form, well=False)


# ------------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (datetime(2026, 3, 1, 23, tzinfo=UTC), "2026-03-01, today"),
        (datetime(2026, 3, 2, 1, tzinfo=UTC), "2026-03-02, tomorrow"),
        (datetime(2026, 3, 9, tzinfo=UTC), "2026-03-09, in 8 days"),
    ],
)
def test_a_day_is_told_as_a_date_and_from_now(day: datetime, said: str) -> None:
    assert round_panels.when(day, datetime(2026, 3, 1, 12, tzinfo=UTC)) == said


def test_where_no_review_is_planned_it_says_so() -> None:
    rows = dict(round_panels.coming(Standing(syllabus.load()), datetime(2026, 3, 1, tzinfo=UTC)))
    assert "none is planned yet" in rows["next review"]


def test_what_is_due_now_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    practice_course.write(practice_course.skills_mastered())
    practice_course.later(monkeypatch, days=9)
    where, _ = standing()
    rows = dict(round_panels.coming(where, clock.now()))
    assert rows["due now"] == "Scale after some layers · What becomes of a signal · and 1 more"
    assert "next review" not in rows


@pytest.mark.usefixtures("ready")
def test_in_a_list_of_steps_each_button_is_there_once_and_the_list_says_at_last_that_all_is_mastered(
    opened: list[PracticeForm], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_info, "kernel", lambda: object())
    head, bar, place = gates.progress(UNIT).widget.children
    buttons(bar)[f"Sit the checkpoint of {UNIT}"].click()
    form = opened[-1]
    assert isinstance(form, RoundForm)
    through(form, misses=ITEMS)
    assert buttons(bar) == {} and len(buttons(place)) == 3, "the end brings the buttons that are needed now"
    for name in buttons(place):
        buttons(place)[name].click()
        enter(opened[-1], practice_course.right(opened[-1].session))
    buttons(place)[f"Sit the checkpoint of {UNIT}"].click()
    through(form)
    assert f"✓ Mastered · {UNIT}" in words(head) and buttons(bar) == {}
