"""Readiness: one fresh question each, advice in the order of need, and a form that moves on by itself."""

from __future__ import annotations

from random import Random

import pytest

import course
from autograder.judging import answer_key
from autograder.judging.values import to_builtins
from course import kernel_info, syllabus
from course.errors import CourseError
from course.forms import gate_panels
from course.forms.practice import WIDGET
from course.forms.readiness import ReadinessForm
from course.mastery import record, rule
from course.tutoring import readiness
from course.tutoring.questions import start
from course.tutoring.readiness import PrerequisiteResult, advice, begin, prerequisites, result_of, summary, summary_html
from course.tutoring.session import Session

SKILLS = [skill for skill, _ in prerequisites()]
TITLES = [title for _, title in prerequisites()]


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is there, so that answers are recorded."""
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)


def right(s: Session) -> str:
    return str(to_builtins(s.exercise.reference(**s.variant.arguments)))


def mistaken(s: Session) -> str:
    return str(to_builtins(s.exercise.mistakes[0].answer(**s.variant.arguments)))


# ------------------------------------------------------------------ choosing


def test_one_question_on_each_of_the_nine_in_the_manifests_order() -> None:
    sessions = begin(SKILLS)
    assert [s.skill for s in sessions] == SKILLS and len(SKILLS) == 9
    assert all(s.question for s in sessions)


def test_every_exercise_of_a_skill_has_its_turn_and_numbers_are_fresh() -> None:
    skill = SKILLS[0]
    dealt = [begin([skill], chance=Random(seed))[0] for seed in range(12)]
    assert {s.exercise.id for s in dealt} == {e.id for e in dealt[0].exercises}
    assert len({s.question for s in dealt}) > 6


def test_what_was_asked_before_is_not_asked_again(someone: None) -> None:
    first = start(SKILLS[0])
    first.answer(float(right(first)))
    asked = {(s.exercise.id, record.variant_text(s.variant.arguments)) for s in (start(SKILLS[0]) for _ in range(5))}
    assert (first.exercise.id, record.variant_text(first.variant.arguments)) not in asked


# ------------------------------------------------------------------ advising


def test_an_outcome_says_what_is_behind_a_known_mistake_and_nothing_else() -> None:
    s = begin([SKILLS[0]])[0]
    s.answer(float(mistaken(s)))
    came = result_of(s, "Activation functions")
    assert (came.came, came.sentence) == ("wrong", s.exercise.mistakes[0].sentence)
    s.answer(123456.0)
    assert result_of(s, "Activation functions") == PrerequisiteResult(SKILLS[0], "Activation functions", "wrong")
    assert result_of(s, "Activation functions", known=False).came == "unknown"


def test_what_to_look_at_comes_in_the_order_in_which_units_need_it() -> None:
    came = [PrerequisiteResult(skill, title, "unknown") for skill, title in prerequisites()]
    given = advice(list(reversed(came)))
    needed = [readiness.NEEDED_IN[o.skill] for o in given.look_at]
    assert needed == sorted(needed) and len(needed) == 9
    assert given.solid == ()


def test_what_is_right_is_solid_and_is_not_looked_at() -> None:
    came = [
        PrerequisiteResult(skill, title, "right" if i % 2 else "wrong")
        for i, (skill, title) in enumerate(prerequisites())
    ]
    given = advice(came)
    assert [o.skill for o in given.solid] == SKILLS[1::2]
    assert {o.skill for o in given.look_at} == set(SKILLS[::2])


def test_the_summary_says_how_many_are_solid_and_what_to_look_at() -> None:
    came = [PrerequisiteResult(skill, title, "right") for skill, title in prerequisites()]
    assert "All 9 are solid" in summary(advice(came)).text() and "<nav" not in summary_html(advice(came))
    came[-1] = PrerequisiteResult(SKILLS[-1], TITLES[-1], "unknown")
    text = " ".join(summary(advice(came)).text().split())
    assert "8 of 9 are solid" in text and "needed from unit 06 on" in text and "all that units 01 and 02 need" in text
    came[0] = PrerequisiteResult(SKILLS[0], TITLES[0], "wrong", "You added <b>them</b> up.")
    page = summary_html(advice(came))
    assert "two minutes each" in page and page.index(TITLES[0] + "</a>") < page.index(TITLES[-1] + "</a>")
    assert 'href="#Activation-functions"' in page and 'href="#Curse-of-dimensionality"' in page
    assert "<b>them" not in page


def test_a_unit_that_needs_a_prerequisite_is_one_of_the_syllabus() -> None:
    assert set(readiness.NEEDED_IN) == set(SKILLS)
    assert all(1 <= unit <= 14 for unit in readiness.NEEDED_IN.values())


# ------------------------------------------------------------------ the form


def form() -> ReadinessForm:
    return ReadinessForm(begin(SKILLS, chance=Random(0)), TITLES)


def enter(f: ReadinessForm, text: str) -> None:
    f.field._handle_custom_msg({"event": "submit", "value": text}, [])


def said(f: ReadinessForm) -> str:
    """The summary at the end."""
    return str(f.widget.children[1].value)


@pytest.mark.usefixtures("someone")
def test_enter_submits_and_moves_on_and_the_end_is_a_summary() -> None:
    f = form()
    for number, title in enumerate(TITLES, start=1):
        assert f"{number - 1} of 9" in f.standing.value and title in f.question.value
        assert f.field is f.text and f.text.value == "" and f.text.layout.display is None
        enter(f, right(f.session) if number != 4 else mistaken(f.session))
    assert f.round.over and "9 of 9" in f.standing.value and "8 of 9 are solid" in said(f)
    assert f.outcomes[3].sentence and f.outcomes[3].sentence.split("’")[0][:20] in said(f)
    events = record.read().events
    assert [e.skill for e in events] == SKILLS
    assert [e.right for e in events] == [n != 3 for n in range(9)]
    assert all(e.first and e.hints == 0 and e.unit == "readiness" for e in events)


@pytest.mark.usefixtures("someone")
def test_not_knowing_moves_on_and_what_cannot_be_read_does_not() -> None:
    f = form()
    for text in ("", "  ", "a lot", "1 +"):
        enter(f, text)
        assert "0 of 9" in f.standing.value and "not counted" in f.result.value
    assert record.read().events == ()
    f.unknown.click()
    assert "1 of 9" in f.standing.value and f.result.value == ""
    assert f.outcomes[0].came == "unknown"
    assert [e.right for e in record.read().events] == [False]


def test_an_enter_too_many_at_the_end_does_nothing() -> None:
    f = form()
    for _ in TITLES:
        f.unknown.click()
    before = said(f)
    f.text._handle_custom_msg({"event": "submit", "value": ""}, [])
    f.submit.click()
    assert said(f) == before and len(f.outcomes) == 9


def test_one_can_be_asked_again_from_the_first_with_other_numbers() -> None:
    f = form()
    before = [s.question for s in f.sessions]
    for _ in TITLES:
        f.unknown.click()
    assert f.more in f.widget.children and f.place not in f.widget.children
    f.more.click()
    assert "0 of 9" in f.standing.value and f.outcomes == [] and f.place in f.widget.children
    assert [s.question for s in f.sessions] != before
    enter(f, right(f.session))
    assert f.outcomes[0].came == "right"


def test_an_answer_that_cannot_be_recorded_says_so_and_the_questions_go_on() -> None:
    f = form()

    def full(event: record.Event) -> None:
        raise CourseError("The disk is full.")

    for s in f.sessions:
        s.write = full
    enter(f, right(f.session))
    assert "The disk is full." in f.result.value and "1 of 9" in f.standing.value
    assert f.outcomes[0].came == "right"


def test_without_a_person_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: False)
    f = form()
    enter(f, right(f.session))
    assert record.read().events == ()


def test_every_button_says_what_it_does() -> None:
    f = form()
    assert all(b.tooltip for b in (f.submit, f.unknown, f.more))
    assert f.bar.children == (f.submit, f.unknown), "no hints, no second question"


# ------------------------------------------------------------------ in a notebook


def test_without_widgets_all_nine_are_a_static_panel() -> None:
    bundle = course.readiness()._repr_mimebundle_()
    assert "model_id" in bundle[WIDGET]
    for kind in ("text/html", "text/plain"):
        assert "9 short questions" in bundle[kind]
        assert all(title in bundle[kind] for title in TITLES)


def test_readiness_is_a_name_of_the_course_and_no_module() -> None:
    assert callable(course.readiness) and "readiness" in course.__all__


def test_a_unit_that_gates_nothing_is_open_and_its_progress_claims_nothing() -> None:
    unit = syllabus.load().unit("00-readiness")
    where = rule.Standing(syllabus.load())
    assert where.gate(unit).open
    where.skills["readiness.sgd"] = rule.SkillState(row=1, tries=1)
    where.skills["readiness.graphs"] = rule.SkillState(row=3, tries=3, mastered=True)
    text = gate_panels.progress_panel(where, unit).text()
    assert "mastered" in text and "All skills mastered" not in text and "next lesson" not in text
    assert "●○○" in text and "go on whenever you like" in text


@pytest.mark.parametrize("skill", SKILLS)
def test_each_question_can_be_answered_as_it_is_typed(skill: str) -> None:
    """Every exercise of the bank through the form's own reading of text: the right answer, and each mistake."""
    for exercise in start(skill).exercises:
        for seed in range(3):
            s = Session(skill, [exercise], write=lambda event: None, new_seed=lambda seed=seed: seed)
            assert s.variant == answer_key.deal(exercise, seed)
            f = ReadinessForm([s], ["It"])
            enter(f, right(s))
            assert [o.came for o in f.outcomes] == ["right"]
