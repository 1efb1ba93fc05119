"""Rounds: what a session of ten minutes asks and when it ends, and how a checkpoint is sat, left, failed and passed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import practice_course
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from practice_course import NEXT, UNIT, mistaken, right

from course import kernel_info, syllabus
from course.errors import CourseError
from course.mastery import plan, record
from course.mastery.record import Event
from course.mastery.rule import ITEMS, PASS, Standing
from course.tutoring.follower import standing
from course.tutoring.rounds import Round, checkpoint, session_of_ten_minutes, sit
from course.tutoring.session import Session


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return practice_course.studied(tmp_path, monkeypatch)


def current(round: Round) -> Session:
    assert round.session is not None
    return round.session


def answer(round: Round, well: bool = True) -> None:
    """Answer the present question, and go on."""
    s = current(round)
    s.answer(right(s) if well else mistaken(s))
    round.move_on()


def sit_through(misses: int = 0) -> Round:
    """Sit the checkpoint to its end, the first `misses` items wrong."""
    round = checkpoint(UNIT)
    while not round.over:
        answer(round, well=round.position >= misses)
    return round


# ------------------------------------------------------------------ ten minutes


def test_a_session_mixes_what_is_due_in_one_unit_with_what_is_new_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    practice_course.write(practice_course.skills_mastered())
    sit_through()
    practice_course.later(monkeypatch, days=9)
    asked = session_of_ten_minutes(Random(0)).skills
    assert Counter(asked) == {"rounds.scale": 1, "rounds.trend": 1, "rounds.code": 1, "next.root": plan.WEAK}
    assert all(one != other for one, other in pairwise(asked)), "no skill twice running"


def test_no_question_of_a_session_repeats_another() -> None:
    round = session_of_ten_minutes(Random(1))
    asked = []
    while not round.over:
        asked.append((current(round).exercise.id, record.variant_text(current(round).variant.arguments)))
        answer(round)
    assert len(set(asked)) == len(asked) == round.length == 9


def test_a_session_ends_with_the_question_in_which_ten_minutes_have_passed() -> None:
    minutes = iter([0.0, 4.0, 9.9, 10.0, 11.0])
    began = datetime(2026, 3, 1, tzinfo=UTC)
    round = session_of_ten_minutes(Random(0), now=lambda: began + timedelta(minutes=next(minutes, 20.0)))
    while not round.over:
        answer(round)
    assert 0 < round.position < round.length
    assert round.position == len(round.outcomes) == len(record.read().events)


def test_a_question_is_answered_before_one_goes_on() -> None:
    round = session_of_ten_minutes()
    asked = current(round).question
    with pytest.raises(CourseError, match="Answer this question first"):
        round.move_on()
    current(round).answer("neither a number nor a choice")
    with pytest.raises(CourseError, match="Answer this question first"):
        round.move_on()
    assert current(round).question == asked and round.position == 0
    current(round).give_up()
    assert round.position == 1, "it counts as answered at once, not only when one goes on"
    round.move_on()
    assert [(one.right, one.did) for one in round.outcomes] == [(False, "a miss: the row starts anew")]


def test_a_second_try_changes_nothing_of_what_came_of_the_first() -> None:
    round = session_of_ten_minutes()
    s = current(round)
    s.answer(mistaken(s))
    s.answer(right(s))
    assert s.done and round.right == 0
    round.move_on()
    assert round.right == 0 and [event.first for event in record.read().events] == [True, False]


def test_outcomes_are_told_in_the_words_of_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    practice_course.write(practice_course.row("rounds.scale"))
    practice_course.later(monkeypatch, days=9)
    round = session_of_ten_minutes(Random(3))
    while not round.over:
        answer(round)
    did = {one.skill: one.did for one in round.outcomes}
    assert did["rounds.scale"].startswith("review passed; comes back on ")
    assert did["rounds.trend"] == "mastered"
    assert did["rounds.code"] == "2 of 2 in a row and its code exercise is to be passed"


def test_where_nothing_is_to_be_asked_the_round_is_empty() -> None:
    practice_course.write(practice_course.skills_mastered())
    round = session_of_ten_minutes()
    assert round.over and round.length == round.position == 0


def test_without_a_person_the_round_goes_on_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: False)
    round = session_of_ten_minutes()
    while not round.over:
        answer(round)
    assert round.right == 9 and record.size() == 0


# ------------------------------------------------------------------ may it be sat?


def test_a_checkpoint_that_may_not_be_sat_says_why() -> None:
    with pytest.raises(CourseError, match="Missing: “Scale after some layers”, “What becomes of a signal”"):
        checkpoint(UNIT)
    practice_course.write(practice_course.skills_mastered())
    assert not sit_through(misses=3).passed
    with pytest.raises(CourseError, match="Review what was missed before you sit"):
        checkpoint(UNIT)


def test_a_checkpoint_is_passed_once() -> None:
    practice_course.write(practice_course.skills_mastered())
    assert sit_through().passed
    with pytest.raises(CourseError, match="passed already"):
        checkpoint(UNIT)


def test_where_the_exercises_are_not_here_it_says_so(course: Path) -> None:
    practice_course.write(practice_course.skills_mastered())
    (course.parent / "clone" / "solutions" / UNIT / "bank.py").unlink()
    with pytest.raises(CourseError, match="are not here"):
        checkpoint(UNIT)


# ------------------------------------------------------------------ sitting it


def test_ten_items_ask_every_skill_about_as_often() -> None:
    practice_course.write(practice_course.skills_mastered())
    round = checkpoint(UNIT)
    asked = Counter(round.skills)
    assert round.length == ITEMS == sum(asked.values())
    assert set(asked) == {skill.id for skill in syllabus.load().unit(UNIT).gated}
    assert max(asked.values()) - min(asked.values()) <= 1


def test_it_can_be_left_and_gone_on_with_and_asks_what_it_would_have_asked() -> None:
    practice_course.write(practice_course.skills_mastered())
    round = checkpoint(UNIT)
    for _ in range(4):
        answer(round)
    again = checkpoint(UNIT)
    assert (again.position, again.right) == (4, 4)
    assert current(again).question == current(round).question, "waiting changes no item"
    while not again.over:
        answer(again)
    assert again.passed and again.right == ITEMS
    assert len([e for e in record.read().events if e.kind == "sitting"]) == 1


def test_one_answer_each_and_i_dont_know_is_a_miss_without_a_hint() -> None:
    practice_course.write(practice_course.skills_mastered())
    round = checkpoint(UNIT)
    s = current(round)
    assert s.give_up().sentence == ""
    s.answer(right(s))
    assert (round.position, round.right) == (1, 0)
    round.move_on()
    s = current(round)
    s.answer(mistaken(s))
    s.answer(right(s))
    assert (round.position, round.right) == (2, 0)


@pytest.mark.parametrize(("misses", "passed"), [(0, True), (2, True), (3, False), (10, False)])
def test_eight_of_ten_pass(misses: int, passed: bool) -> None:
    assert ITEMS - PASS == 2
    practice_course.write(practice_course.skills_mastered())
    round = sit_through(misses)
    assert (round.right, round.passed) == (ITEMS - misses, passed)
    where, _ = standing()
    assert where.gate(where.syllabus.unit(NEXT)).open == passed


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.booleans(), min_size=ITEMS, max_size=ITEMS), st.integers(0, 2**31 - 1))
def test_what_is_to_be_reviewed_is_what_was_missed(answers: list[bool], seed: int) -> None:
    where = Standing(syllabus.load(), practice_course.skills_mastered())
    where.take(Event("sitting", UNIT, sitting="s", seed=seed))
    sitting = where.sitting("s")
    assert sitting is not None
    round = sit(where, sitting, write=lambda event: None)
    missed = []
    for well in answers:
        missed += [] if well else [current(round).skill]
        answer(round, well)
    assert round.over and round.passed == (sum(answers) >= PASS)
    assert where.units[UNIT].to_review == ([] if round.passed else list(dict.fromkeys(missed)))


def test_after_a_review_it_is_sat_again_with_fresh_items() -> None:
    practice_course.write(practice_course.skills_mastered())
    first = sit_through(misses=3)
    where, _ = standing()
    to_review = where.units[UNIT].to_review
    review = session_of_ten_minutes()
    assert set(review.skills) == set(to_review), "practice asks what the checkpoint missed"
    while not review.over:
        answer(review)
    assert all("reviewed for the checkpoint" in one.did for one in review.outcomes)
    second = checkpoint(UNIT)
    assert second.sitting != first.sitting and second.position == 0
    while not second.over:
        answer(second)
    assert second.passed
    items = [e for e in record.read().events if e.source == "checkpoint"]
    variants = {(e.exercise, record.variant_text(e.arguments)) for e in items}
    assert len(variants) == len(items) == 2 * ITEMS


# ------------------------------------------------------------------ two windows, a full disk


def test_in_two_windows_each_item_counts_once_and_neither_is_lost() -> None:
    practice_course.write(practice_course.skills_mastered())
    one = checkpoint(UNIT)
    other = checkpoint(UNIT)
    assert current(one).question == current(other).question
    answer(one, well=False)
    s = current(other)
    s.answer(right(s))
    assert s.did == "this checkpoint has that item already: does not count"
    assert (other.position, other.right) == (1, 0), "what the other window answered counts, and this does not"
    other.move_on()
    assert current(other).question == current(one).question
    while not (one.over and other.over):
        for round in (one, other):
            if not round.over:
                answer(round)
    assert (one.position, one.right) == (other.position, other.right) == (ITEMS, ITEMS - 1)
    where, _ = standing()
    assert where.units[UNIT].passed


def test_practice_in_another_window_counts_here_at_once() -> None:
    round = session_of_ten_minutes(Random(0))
    s = current(round)
    record.append(Event("answer", "rounds", s.skill, s.exercise.id, {"elsewhere": 1}, right=True))
    s.answer(right(s))
    assert s.did.startswith("2 of ")


def test_an_item_that_cannot_be_written_does_not_count_and_may_be_answered_again() -> None:
    practice_course.write(practice_course.skills_mastered())
    round = checkpoint(UNIT)
    s = current(round)
    written = s.write

    def full(event: Event) -> None:
        raise CourseError("The disk is full.")

    s.write = full
    s.answer(right(s))
    s.give_up()
    assert s.problem == "The disk is full." and not s.done and (round.position, round.right) == (0, 0)
    with pytest.raises(CourseError, match="Answer this question first"):
        round.move_on()
    s.write = written
    s.answer(right(s))
    assert s.problem == "" and (round.position, round.right) == (1, 1)
    assert [e.hints for e in record.read().events if e.source == "checkpoint"] == [0]


def test_a_unit_that_gates_nothing_has_no_checkpoint(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setenv("ISOMETRY_COURSE", str(root))
    assert not syllabus.load().unit("00-readiness").gated
    with pytest.raises(CourseError, match="has no checkpoint"):
        checkpoint("00-readiness")


def test_a_checkpoint_asks_no_choice_of_two(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all guessers would pass it."""
    from autograder.judging.exercise import Choice
    from course.tutoring.questions import short_questions

    monkeypatch.setenv("ISOMETRY_COURSE", str(root))
    for unit in syllabus.load().units:
        for skill in unit.gated:
            choices = [e.answer for e in short_questions(skill.id, gating=True) if isinstance(e.answer, Choice)]
            assert all(len(choice.options) > 2 for choice in choices)
            assert short_questions(skill.id, gating=True), f"{skill.id} cannot be asked in a checkpoint"
