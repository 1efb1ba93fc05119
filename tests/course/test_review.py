"""When what was mastered comes back: FSRS with the settings of the course, the same on any machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fsrs import Card, Rating, Scheduler
from histories import FIRST, Life, said_of
from hypothesis import given
from hypothesis import strategies as st
from proving import count

from course.authoring.forgetting import TwoMemories
from course.authoring.learners import Events, Forgetter, Learner, Steady, learn, unit_of
from course.mastery import plan, record, review
from course.mastery.rule import Standing
from course.syllabus import Skill, Syllabus, Unit

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


# --------------------------------------------------------------------------- spread over days


@given(answers, st.text(min_size=1, max_size=9), st.dictionaries(st.integers(-30, 30), st.integers(0, 9)))
def test_a_review_is_moved_within_the_tolerance_of_fsrs_to_a_day_with_few(
    of: list[tuple[float, bool, bool]], skill: str, load: dict[int, int]
) -> None:
    card = lived(of, skill)
    assert card.last_review is not None
    planned, days = card.due.toordinal(), (card.due - card.last_review).days
    due_on = {planned + shift: count for shift, count in load.items()}
    moved = review.spread(card, card.last_review, due_on)
    room = min(review.tolerance(days), days - 1)
    shift = moved.due - card.due
    assert abs(shift) <= timedelta(days=room) and shift % timedelta(days=1) == timedelta(0)
    window = range(planned - room, planned + room + 1)
    assert due_on.get(moved.due.toordinal(), 0) == min(due_on.get(day, 0) for day in window)
    assert (moved.stability, moved.difficulty, moved.last_review) == (card.stability, card.difficulty, card.last_review)


@pytest.mark.parametrize("days", [3, 5, 7, 11, 20, 46, 163, 500])
def test_the_tolerance_is_that_of_the_librarys_own_fuzz(days: int) -> None:
    fuzzy = Scheduler(enable_fuzzing=True)
    found = [fuzzy._get_fuzzed_interval(interval=timedelta(days=days)).days for _ in range(400)]
    # The library rounds a number drawn from [least, most + 1].
    assert min(found) >= days - review.tolerance(days) - 1
    assert days + review.tolerance(days) - 1 <= max(found) <= days + review.tolerance(days) + 2


@pytest.mark.parametrize("times", range(5))
def test_whenever_it_comes_within_the_tolerance_about_nine_in_ten_would_know_it(times: int) -> None:
    card = lived([(0.0, True, False)] * 0)
    for _ in range(times):
        card = review.answered(card, card.due, right=True, hinted=False)
    assert card.last_review is not None
    room = min(review.tolerance((card.due - card.last_review).days), (card.due - card.last_review).days - 1)
    recalls = [review.recall(card, card.due + timedelta(days=shift)) for shift in (-room, room)]
    assert 0.87 < recalls[1] <= recalls[0] < 0.96


BURST, MOST = 17, 8
"""So many are mastered in one evening; at most so many may fall due on one day."""


def due_day_by_day(learner: Learner, seed: int, days: int) -> list[int]:
    """How many skills are due each day, where 17 were mastered in one evening."""
    desk = Events(learner, unit_of(BURST), np.random.default_rng(seed))
    for skill in desk.syllabus.units[0].gated:
        learn(desk, skill.id, 3)
    due = []
    for _ in range(days):
        desk.now += timedelta(days=1)
        due.append(len(plan.due(desk.standing, desk.now)))
        evening = desk.now
        while names := plan.due(desk.standing, desk.now):
            for name in names:
                desk.practise(name)
        desk.now = evening
    return due


@pytest.mark.prove
@pytest.mark.parametrize("learner", [Steady(1.0), TwoMemories(), Forgetter()], ids=lambda one: type(one).__name__)
def test_what_was_mastered_in_one_evening_does_not_fall_due_on_one_day(learner: Learner) -> None:
    most = []
    for seed in range(count(100, 8)):
        due = due_day_by_day(replace(learner), seed, count(365, 120))
        assert sum(due) >= 2 * BURST, "all of it comes back"
        most.append(max(due))
    print(f"{type(learner).__name__}: of {BURST} mastered in one evening, at most {max(most)} are due on one day")
    assert max(most) <= MOST


def test_without_the_spread_they_all_fall_due_on_one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: what the test above is about."""
    monkeypatch.setattr(review, "spread", lambda card, at, due_on: card)
    assert max(due_day_by_day(Steady(1.0), 0, 30)) == BURST


def test_events_of_earlier_versions_plan_the_days_that_they_planned() -> None:
    for v, days in ((2, {2}), (record.VERSION, {1, 2, 3})):
        life = Life()
        for n in range(BURST):
            life.answers(f"wide.{n}", True, True, True, v=v)
        wide = Unit("01-wide", "", "", 1, (), skills=tuple(Skill(f"wide.{n}", "", True) for n in range(BURST)))
        cards = [s.card for s in Standing(Syllabus(1, "", (wide,)), life.events).skills.values()]
        assert {(card.due - card.last_review).days for card in cards if card and card.last_review} == days
