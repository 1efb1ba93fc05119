"""When what was mastered comes back: FSRS with the settings of the course, the same on any machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from histories import FIRST, Life, said_of
from hypothesis import given
from hypothesis import strategies as st

from course.mastery import review
from course.mastery.rule import Standing

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)

answers = st.lists(st.tuples(st.floats(-3, 120), st.booleans(), st.booleans()), max_size=8)
"""(days since the last, right, hinted)"""


def lived(of: list[tuple[float, bool, bool]], skill: str = "first.a") -> Card:
    card, at = review.first(skill, AT), AT
    for days, right, hinted in of:
        at += timedelta(days=days)
        card = review.answered(card, at, right=right, hinted=hinted)
    return card


def test_it_comes_back_when_nine_in_ten_would_still_know_it() -> None:
    card = review.first("first.a", AT)
    assert review.recall(card, AT) == 1
    assert review.recall(card, card.due) == pytest.approx(0.9, abs=0.01)
    for days in (20, 50, 200):
        card = review.answered(card, card.due, right=True, hinted=False)
        assert (card.due - card.last_review).days >= days / 2, "what is known longer comes back later"
        assert review.recall(card, card.due) == pytest.approx(0.9, abs=0.01)


def test_it_is_fsrs_with_no_learning_steps_and_no_chance() -> None:
    oracle = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card, at = Card(card_id=1), AT
    mine: Card | None = None
    for rating, right, hinted, days in [
        (Rating.Good, True, False, 0),
        (Rating.Hard, True, True, 9),
        (Rating.Again, False, False, 5),
        (Rating.Again, False, True, 0.1),
        (Rating.Good, True, False, 3),
    ]:
        at += timedelta(days=days)
        card, _ = oracle.review_card(card, rating, at)
        mine = review.answered(mine, at, right=right, hinted=hinted) if mine else review.first("first.a", at)
        assert (mine.due, mine.stability, mine.difficulty) == (card.due, card.stability, card.difficulty)
        assert mine.due - at >= timedelta(days=1), "no step of minutes, also after a lapse"


@given(answers)
def test_the_same_answers_plan_the_same_days(of: list[tuple[float, bool, bool]]) -> None:
    assert lived(of).to_dict() == lived(of).to_dict()
    assert lived(of).card_id == lived([]).card_id != lived([], "first.b").card_id


@given(answers)
def test_an_answer_dated_before_the_last_is_taken_to_have_come_right_after_it(
    of: list[tuple[float, bool, bool]],
) -> None:
    card = lived(of)
    assert card.last_review is not None
    at = card.last_review
    back = review.answered(card, at - timedelta(days=400), right=True, hinted=False)
    assert back.to_dict() == review.answered(card, at, right=True, hinted=False).to_dict()
    assert back.due > at


@given(answers, st.floats(-1000, 10_000))
def test_recall_is_a_share_and_falls_with_time(of: list[tuple[float, bool, bool]], days: float) -> None:
    card = lived(of)
    at = AT + timedelta(days=days)
    assert 0 < review.recall(card, at + timedelta(days=30)) <= review.recall(card, at) <= 1


def test_a_miss_brings_it_back_sooner_than_a_hint_and_a_hint_sooner_than_none() -> None:
    card = review.first("first.a", AT)
    missed = review.answered(card, card.due, right=False, hinted=False)
    hinted = review.answered(card, card.due, right=True, hinted=True)
    known = review.answered(card, card.due, right=True, hinted=False)
    assert missed.due < hinted.due < known.due


def test_a_card_is_not_changed_by_what_comes_of_it() -> None:
    card = review.first("first.a", AT)
    before = card.to_dict()
    review.answered(card, card.due, right=False, hinted=False)
    assert card.to_dict() == before


def test_a_hinted_review_keeps_the_skill_and_a_hinted_miss_reopens_it() -> None:
    for right in (True, False):
        life = Life().masters(FIRST.skills[0]).waits(60).answers("first.a", right, hints=1)
        assert life.standing().skill("first.a").held == right


@given(st.lists(st.tuples(st.floats(0.01, 90), st.booleans()), max_size=12))
def test_a_record_replays_to_the_same_cards(of: list[tuple[float, bool]]) -> None:
    life = Life().masters(FIRST.skills[0])
    for days, right in of:
        life.waits(days).answers("first.a", right)
    live = Standing(life.standing().syllabus)
    for event in life.events:
        live.take(event)
    assert said_of(live) == said_of(life.standing())
    card = live.skill("first.a").card
    assert card is not None and card.last_review is not None
    assert card.last_review <= life.at < card.last_review + timedelta(days=36_501)


def test_the_last_date_a_record_may_have_can_be_planned_after() -> None:
    from course.mastery.record import LATEST

    card = review.first("first.a", LATEST)
    for _ in range(6):
        card = review.answered(card, LATEST, right=True, hinted=False)
    assert card.due > LATEST
