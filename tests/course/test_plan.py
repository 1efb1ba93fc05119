"""What `practice()` asks: due first, then what a checkpoint missed, weak, new; interleaved, for about ten minutes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

from histories import APART, FIRST, SECOND, SYLLABUS, Life
from hypothesis import given
from hypothesis import strategies as st

from course.mastery import plan
from course.mastery.rule import Standing
from course.syllabus import Skill, Syllabus

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 6))
chances = st.integers(0, 2**32).map(Random)


def asked(life: Life, practicable=lambda skill: True, seed: int = 0) -> Counter[str]:
    return Counter(plan.choose(life.standing(), life.at, Random(seed), practicable))


# --------------------------------------------------------------------------- what


def test_a_newcomer_is_asked_the_skills_of_open_units_three_times_each() -> None:
    assert asked(Life()) == {"first.a": 3, "first.b": 3}


def test_what_is_locked_or_gates_nothing_is_not_asked() -> None:
    everything = asked(Life().completes(FIRST))
    assert everything == {"second.a": 3}
    assert not any(skill.id in everything for skill in APART.skills)
    life = Life()
    life.event("continue", "02-second")
    assert "second.a" in asked(life), "who walked past a gate practises behind it"


def test_a_row_begun_is_finished() -> None:
    assert asked(Life().answers("first.a", False, True, True))["first.a"] == 1
    assert asked(Life().answers("first.a", True))["first.a"] == 2
    assert asked(Life().answers("first.a", True, False))["first.a"] == 3


def test_where_only_the_code_is_missing_short_questions_are_not_asked() -> None:
    life = Life().answers("first.b", True, True)
    assert "first.b" not in asked(life)
    assert "first.b" not in plan.weak(life.standing(), life.at)


WIDE = replace(FIRST, id="01-wide", skills=tuple(Skill(f"wide.{n}", f"Skill {n}", True) for n in range(6)))


def test_what_was_begun_comes_first_farthest_from_mastery_and_then_what_is_new() -> None:
    life = Life().answers("wide.4", True, True).answers("wide.5", True).answers("wide.2", False)
    standing = Standing(Syllabus(1, "", (WIDE,)), life.events)
    assert plan.weak(standing, life.at) == ["wide.2", "wide.5", "wide.4", "wide.0", "wide.1", "wide.3"]


def test_where_there_is_more_than_a_dozen_to_ask_a_dozen_is_asked() -> None:
    life = Life().answers("wide.4", True)
    chosen = Counter(plan.choose(Standing(Syllabus(1, "", (WIDE,)), life.events), life.at, Random(0)))
    assert chosen == {"wide.4": 2, "wide.0": 3, "wide.1": 3, "wide.2": 3, "wide.3": 1}


def test_what_is_due_comes_once_and_what_was_reopened_as_a_row() -> None:
    life = Life().completes(FIRST, SECOND).waits(60)
    assert asked(life)["first.a"] == asked(life)["second.a"] == 1
    assert asked(life.answers("first.a", False))["first.a"] == 3


def test_the_reopened_come_first_and_then_the_likeliest_forgotten() -> None:
    life = Life().masters(FIRST.skills[0]).waits(5).masters(FIRST.skills[1]).sits(FIRST, *[True] * 10).masters()
    life.completes(SECOND).waits(80)
    assert plan.due(life.standing(), life.at)[0] == "first.a", "it was mastered first"
    life.answers("second.a", False)
    assert plan.due(life.standing(), life.at)[:2] == ["second.a", "first.a"]


def test_what_a_checkpoint_missed_is_asked_again() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True, False] * 5)
    assert asked(life) == {"first.b": 1}
    assert asked(life.answers("first.b", True)) == {}


def test_where_nothing_is_left_nothing_is_asked() -> None:
    life = Life().completes(*SYLLABUS.units[:3])
    assert asked(life) == {}


def test_what_cannot_be_practised_here_is_left_out() -> None:
    assert set(asked(Life(), lambda skill: skill != "first.a")) == {"first.b"}


@given(st.lists(st.tuples(st.sampled_from(["first.a", "first.b", "second.a", "third.a"]), st.booleans()), max_size=30))
def test_a_session_has_a_dozen_questions_at_most_and_what_is_due_is_among_them(of: list[tuple[str, bool]]) -> None:
    life = Life().completes(FIRST)
    for skill, right in of:
        life.waits(4).answers(skill, right)
    chosen = asked(life)
    assert chosen.total() <= plan.ITEMS
    due = plan.due(life.standing(), life.at)
    assert set(due[:4]) <= set(chosen), "four of them fit, whatever else there is"
    assert not set(chosen) - set(due) - set(plan.missed(life.standing())) - set(plan.weak(life.standing(), life.at))


# --------------------------------------------------------------------------- in which order


@given(counts, chances)
def test_interleaving_keeps_how_often_and_asks_none_twice_running_where_that_can_be(
    of: dict[str, int], chance: Random
) -> None:
    order = plan.interleaved(of, chance)
    assert Counter(order) == of
    most = max(of.values(), default=0)
    if most <= len(order) - most + 1:
        assert all(one != other for one, other in pairwise(order))


@given(st.integers(1, 8), st.integers(0, 30), chances)
def test_a_mixed_checkpoint_asks_each_skill_as_evenly_as_can_be(skills: int, items: int, chance: Random) -> None:
    names = [f"first.{n}" for n in range(skills)]
    order = plan.mixed(names, items, chance)
    often = [order.count(name) for name in names]
    assert len(order) == items and max(often) - min(often) <= 1
    if skills > 1:
        assert all(one != other for one, other in pairwise(order))


def test_the_same_chance_gives_the_same_order_and_another_another() -> None:
    names = ["a", "b", "c", "d"]
    assert plan.mixed(names, 10, Random(1)) == plan.mixed(names, 10, Random(1))
    assert len({tuple(plan.mixed(names, 10, Random(seed))) for seed in range(20)}) > 10


def test_the_next_review_is_known_and_what_was_reopened_waits_for_none() -> None:
    life = Life().masters(FIRST.skills[0])
    card = life.standing().skill("first.a").card
    assert card is not None and plan.next_due(life.standing()) == card.due > life.at + timedelta(days=1)
    assert plan.next_due(Standing(SYLLABUS)) is None
    assert plan.next_due(life.waits(60).answers("first.a", False).standing()) is None
