"""The gate's rule: three fresh ones in a row a skill, then a mixed checkpoint; nothing else opens a unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from histories import APART, FIRST, HARD, MONDAY, SECOND, SYLLABUS, THIRD, Life, said_of
from hypothesis import given
from hypothesis import strategies as st

from course.mastery import record
from course.mastery.record import Event
from course.mastery.rule import MapState, Standing
from course.syllabus import Syllabus

NOW = MONDAY + timedelta(hours=5)
A, B, C = FIRST.skills


# --------------------------------------------------------------------------- one skill


@given(st.lists(st.booleans(), max_size=30))
def test_a_skill_is_mastered_by_three_in_a_row_and_stays_so(rights: list[bool]) -> None:
    state = Life().answers("first.a", *rights).standing().skill("first.a")
    told = "".join("01"[right] for right in rights)
    assert state.mastered == ("111" in told)
    if not state.mastered:
        assert state.tries == len(rights)
        assert state.row == len(told) - len(told.rstrip("1"))


USELESS: list[dict[str, Any]] = [
    {"hints": 1},
    {"first": False},
    {"options": 2},
    {"arguments": {"n": -1}},  # answered once before, in the test
    {"source": "check"},
    {"source": "checkpoint", "sitting": "never begun", "first": False},
]
"""What makes an answer one that cannot help and cannot harm."""


@given(st.lists(st.tuples(st.booleans(), st.none() | st.sampled_from(USELESS)), max_size=25))
def test_only_fresh_first_answers_without_a_hint_count_and_never_a_choice_of_two(
    answers: list[tuple[bool, dict[str, Any] | None]],
) -> None:
    life, alone = Life(), Life()
    life.answers("first.a", False, arguments={"n": -1})
    alone.answers("first.a", False)
    for right, useless in answers:
        life.answers("first.a", right, **(useless or {}))
        if useless is None:
            alone.answers("first.a", right)
    state, expected = life.standing().skill("first.a"), alone.standing().skill("first.a")
    assert (state.row, state.tries, state.mastered) == (expected.row, expected.tries, expected.mastered)


def test_one_variant_answered_three_times_masters_nothing() -> None:
    state = Life().answers("first.a", True, True, True, arguments={"n": 1}).standing().skill("first.a")
    assert (state.row, state.mastered) == (1, False)


def test_the_same_arguments_of_another_exercise_are_another_question() -> None:
    life = Life()
    for exercise in ("first.x", "first.y", "first.z"):
        life.event("answer", "first", skill="first.a", exercise=exercise, arguments={"n": 1}, right=True)
    assert life.standing().skill("first.a").mastered


def test_a_choice_of_three_counts() -> None:
    assert Life().answers("first.a", True, True, True, options=3).standing().skill("first.a").mastered


@given(st.permutations(["passed", "right", "right", "not passed", "wrong exercise"]))
def test_a_code_skill_needs_its_exercise_and_two_in_a_row_in_any_order(order: list[str]) -> None:
    life = Life()
    for number, what in enumerate(order, 1):
        if what == "right":
            life.answers("first.b", True)
        else:
            exercise = "first.other" if what == "wrong exercise" else "first.write_b"
            life.checks(exercise, "first.b", right=what != "not passed")
        done = order[:number]
        mastered = done.count("right") == 2 and "passed" in done
        assert life.standing().skill("first.b").mastered == mastered


def test_a_code_exercise_alone_masters_nothing_and_short_ones_alone_do_not_either() -> None:
    assert not Life().checks("first.write_b", "first.b").standing().skill("first.b").mastered
    state = Life().answers("first.b", *[True] * 8).standing().skill("first.b")
    assert not state.mastered and state.to_write == {"first.write_b"}


def test_every_code_exercise_of_a_skill_is_to_be_passed() -> None:
    both = Syllabus(1, "", (replace(FIRST, skills=(replace(B, code=("first.one", "first.other")),)),))
    life = Life().checks("first.one", "first.b").answers("first.b", True, True)
    assert not life.standing(both).skill("first.b").mastered
    assert life.checks("first.other", "first.b").standing(both).skill("first.b").mastered


def test_a_check_of_an_exercise_that_no_gate_asks_for_changes_no_skill() -> None:
    state = Life().checks("first.a_function", "first.a").standing().skill("first.a")
    assert (state.row, state.tries) == (0, 0)


# --------------------------------------------------------------------------- stuck


def test_after_ten_tries_without_mastery_a_skill_is_stuck_until_it_is_mastered() -> None:
    life = Life().answers("first.a", *[False, True] * 4, False)
    assert not life.standing().skill("first.a").stuck, "nine tries are not ten"
    life.answers("first.a", False)
    state = life.standing().skill("first.a")
    assert state.stuck and not state.marked
    life.event("stuck", "first", skill="first.a")
    assert life.standing().skill("first.a").marked
    state = life.answers("first.a", True, True, True).standing().skill("first.a")
    assert state.mastered and not state.stuck


def test_a_skill_reopened_by_a_review_is_stuck_after_ten_more_and_marked_anew() -> None:
    life = Life().answers("first.a", *[False] * 10)
    life.event("stuck", "first", skill="first.a")
    life.masters(A).waits(60).answers("first.a", False)
    state = life.standing().skill("first.a")
    assert state.reopened and not state.stuck and not state.marked, "it begins anew"
    assert life.answers("first.a", *[False] * 10).standing().skill("first.a").stuck


# --------------------------------------------------------------------------- the checkpoint


@given(st.lists(st.booleans(), min_size=10, max_size=10))
def test_a_checkpoint_of_ten_is_passed_with_eight(rights: list[bool]) -> None:
    standing = Life().masters(*FIRST.gated).sits(FIRST, *rights).standing()
    passed = sum(rights) >= 8
    assert standing.mastered(FIRST) == passed
    missed = {FIRST.gated[place % 2].id for place, right in enumerate(rights) if not right}
    assert set(standing.units["01-first"].to_review) == (set() if passed else missed)


def test_a_checkpoint_may_be_sat_when_every_skill_is_mastered_and_not_once_it_is_passed() -> None:
    life = Life().masters(A)
    assert not life.standing().may_sit(FIRST)
    assert life.masters(B).standing().may_sit(FIRST)
    assert life.sits(FIRST, *[True] * 9).standing().may_sit(FIRST), "nine are answered: it may be gone on with"
    assert not life.sits(FIRST, *[True] * 10).standing().may_sit(FIRST)
    assert not Life().standing().may_sit(APART), "nothing gates, so there is none"


def test_what_was_missed_must_be_reviewed_before_it_is_sat_again() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 7, False, False, False)
    life.answers("first.a", False, arguments={"n": 1})
    assert life.standing().units["01-first"].to_review == ["first.b", "first.a"]
    life.answers("first.b", True)
    assert not life.standing().may_sit(FIRST)
    for useless in ({"hints": 1}, {"arguments": {"n": 1}}, {"first": False}, {"options": 2}):
        life.answers("first.a", True, **useless)
    life.answers("first.a", False)
    assert not life.standing().may_sit(FIRST), "a fresh one right at the first try is asked for"
    life.answers("first.a", True)
    assert life.standing().may_sit(FIRST)
    assert life.sits(FIRST, *[True] * 8, False, False).standing().mastered(FIRST)


def test_a_review_that_was_due_reviews_for_the_checkpoint_too() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True, False] * 5).waits(60)
    assert life.standing().due(FIRST, life.at)
    assert life.answers("first.b", True).standing().may_sit(FIRST)


def test_who_passes_in_another_window_has_nothing_to_review() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[False] * 10).sits(FIRST, *[True] * 10)
    assert life.standing().mastered(FIRST) and not life.standing().units["01-first"].to_review


def test_one_that_was_passed_stays_passed() -> None:
    life = Life().completes(FIRST).sits(FIRST, *[False] * 10)
    standing = life.standing()
    assert standing.mastered(FIRST) and not standing.units["01-first"].to_review


@pytest.mark.parametrize("useless", [{"hints": 1}, {"first": False}, {"options": 2}])
def test_no_item_counts_that_was_hinted_tried_twice_or_a_choice_of_two(useless: dict[str, Any]) -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 9, sitting="one")
    life.answers("first.a", True, source="checkpoint", sitting="one", **useless)
    sitting = life.standing().units["01-first"].sitting
    assert sitting is not None and len(sitting.answered) == 9 and not sitting.complete


def test_an_item_answered_in_two_windows_counts_as_it_was_first() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 8, sitting="one")
    for right in (False, True):
        life.answers("first.a", right, source="checkpoint", sitting="one", arguments={"n": "the ninth"})
    sitting = life.standing().units["01-first"].sitting
    assert sitting is not None and (len(sitting.answered), sitting.right) == (9, 8)


def test_items_beyond_the_tenth_change_nothing() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 7, *[False] * 3, sitting="one")
    life.answers("first.a", True, source="checkpoint", sitting="one")
    assert not life.standing().mastered(FIRST)


def test_two_sittings_do_not_add_up() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 5).sits(FIRST, *[True] * 5)
    assert not life.standing().units["01-first"].passed


def test_items_count_also_where_a_wrong_clock_dates_them_before_their_sitting() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 10, sitting="one")
    begun = next(e for e in life.events if e.kind == "sitting")
    late = msgspec.structs.replace(begun, at=life.at + timedelta(hours=1))
    events = [e for e in life.events if e is not begun] + [late]
    standing = Standing(SYLLABUS, events)
    assert standing.mastered(FIRST)
    sitting = standing.units["01-first"].sitting
    assert sitting is not None and sitting.complete and sitting.seed == 7


def test_a_checkpoint_answer_moves_no_skill() -> None:
    life = Life().masters(*FIRST.gated)
    before = said_of(life.standing())["skills"]
    assert said_of(life.sits(FIRST, *[False] * 10).standing())["skills"] == before


# --------------------------------------------------------------------------- gates


def test_a_unit_opens_when_every_unit_it_requires_is_mastered() -> None:
    life = Life()
    assert life.standing().gate(FIRST).open and life.standing().gate(APART).open
    closed = life.masters(A).standing().gate(SECOND)
    assert not closed.open
    assert closed.skills == (("01-first", "first.b"),) and closed.checkpoints == ("01-first",)
    closed = life.masters(B).standing().gate(SECOND)
    assert not closed.open and closed.skills == () and closed.checkpoints == ("01-first",)
    life.sits(FIRST, *[True] * 10)
    assert life.standing().gate(SECOND).complete
    third = life.standing().gate(THIRD)
    assert not third.open and third.checkpoints == ("02-second",), "all it requires, and not one of them"
    assert life.completes(SECOND).standing().gate(THIRD).complete


def test_what_does_not_gate_is_not_asked_for() -> None:
    assert not Life().answers("first.c", *[True] * 3).standing().gate(SECOND).open
    after = Syllabus(1, "Small", (APART, replace(SECOND, requires=("04-apart",))))
    assert Standing(after).gate(after.units[1]).complete, "a unit in which nothing gates never blocks"


def test_walking_past_opens_that_unit_alone_and_shows() -> None:
    life = Life()
    life.event("continue", "02-second")
    gate = life.standing().gate(SECOND)
    assert gate.open and gate.walked_past and not gate.complete
    assert not life.standing().gate(THIRD).open
    assert not life.completes(FIRST).standing().gate(SECOND).walked_past, "mastered since: nothing was walked past"


def test_hard_gates_do_not_open_to_those_who_walk_past() -> None:
    life = Life()
    life.event("continue", "02-second")
    gate = life.standing(HARD).gate(SECOND)
    assert not gate.open and not gate.walked_past
    assert life.standing(HARD).state(SECOND, NOW) is MapState.LOCKED
    assert life.completes(FIRST).standing(HARD).gate(SECOND).open


# --------------------------------------------------------------------------- reviews


def test_a_mastered_skill_comes_back_and_a_failed_review_reopens_the_skill_and_not_the_unit() -> None:
    life = Life().completes(FIRST, SECOND)
    assert not life.standing().due(FIRST, life.at)
    life.waits(60)
    assert life.standing().due(FIRST, life.at) == ["first.a", "first.b"]
    life.answers("first.a", True).answers("first.b", False)
    standing = life.standing()
    assert standing.due(FIRST, life.at) == ["first.b"]
    held, reopened = standing.skill("first.a"), standing.skill("first.b")
    assert held.held and not reopened.held and reopened.reopened and reopened.mastered
    assert standing.mastered(FIRST) and standing.gate(SECOND).complete and standing.gate(THIRD).complete
    assert standing.state(FIRST, life.at) is MapState.DUE
    life.answers("first.b", True)
    assert life.standing().skill("first.b").reopened, "one is not a row"
    life.answers("first.b", True)
    assert life.standing().skill("first.b").held
    assert life.standing().state(FIRST, life.at) is MapState.MASTERED


def test_a_review_is_due_from_the_moment_it_was_planned_for() -> None:
    card = Life().masters(A).standing().skill("first.a").card
    assert card is not None
    for at, counts in ((card.due - timedelta(microseconds=1), False), (card.due, True)):
        life = Life().masters(A)
        assert life.standing().skill("first.a").due(at) == counts
        assert life.answers("first.a", False, at=at).standing().skill("first.a").reopened == counts


def test_practice_before_a_review_is_due_plans_nothing_anew() -> None:
    life = Life().masters(A)
    before = said_of(life.standing())["skills"]["first.a"]
    assert said_of(life.waits(0.5).answers("first.a", False, True).standing())["skills"]["first.a"] == before


@pytest.mark.parametrize("useless", [{"first": False}, {"options": 2}, {"source": "check"}])
def test_no_review_is_a_second_try_a_choice_of_two_or_a_check(useless: dict[str, Any]) -> None:
    life = Life().masters(A).waits(60)
    before = said_of(life.standing())["skills"]["first.a"]
    assert said_of(life.answers("first.a", False, **useless).standing())["skills"]["first.a"] == before


def test_what_gates_nothing_is_never_due() -> None:
    life = Life().answers("first.c", True, True, True).waits(400)
    assert life.standing().skill("first.c").mastered and life.standing().skill("first.c").card is None
    assert not life.standing().due(FIRST, life.at)


# --------------------------------------------------------------------------- what the map says


def test_the_map_has_five_words() -> None:
    assert [str(state) for state in MapState] == ["locked", "open", "in progress", "mastered", "due"]
    life = Life()
    assert life.standing().state(SECOND, NOW) is MapState.LOCKED
    assert life.standing().state(FIRST, NOW) is MapState.OPEN
    assert life.answers("first.a", False).standing().state(FIRST, NOW) is MapState.STARTED
    assert life.masters(*FIRST.gated).standing().state(FIRST, NOW) is MapState.STARTED, "the checkpoint is not passed"
    assert life.sits(FIRST, *[True] * 10).standing().state(FIRST, NOW) is MapState.MASTERED
    assert life.standing().state(FIRST, MONDAY + timedelta(days=60)) is MapState.DUE
    assert life.standing().state(SECOND, NOW) is MapState.OPEN
    assert life.standing().state(APART, NOW) is MapState.OPEN


def test_how_much_of_a_unit_is_done_goes_from_nothing_to_all_and_never_back() -> None:
    life = Life().completes(FIRST).waits(60).answers("first.a", False, False, True)
    shares = [Standing(SYLLABUS, life.events[:n]).share(FIRST) for n in range(len(life.events) + 1)]
    assert shares == sorted(shares)
    assert shares[0] == 0 and shares[-1] == 1
    assert life.standing().share(SECOND) == 0
    life = Life().answers("apart.a", False)
    assert life.standing().share(APART) == 1, "where nothing gates, having tried is all"
    assert life.answers("apart.a", True, True, True).standing().share(APART) == 1, "and mastering is no less"


# --------------------------------------------------------------------------- any events at all

odd_times = st.sampled_from([MONDAY + timedelta(days=days, minutes=m) for days in (0, 1, 40, 90) for m in (0, 0, 3)])
anything = st.builds(
    Event,
    kind=st.sampled_from(["answer", "answer", "answer", "continue", "sitting", "stuck"]),
    unit=st.sampled_from(["first", "01-first", "02-second", "07-second", "none", "", "second"]),
    skill=st.sampled_from(["first.a", "first.a", "first.b", "first.c", "second.a", "apart.a", "gone.a", ""]),
    exercise=st.sampled_from(["first.x", "first.write_b", ""]),
    arguments=st.fixed_dictionaries({"n": st.integers(0, 12)}),
    seed=st.none() | st.integers(0, 3),
    right=st.sampled_from([True, True, True, False]),
    hints=st.sampled_from([0, 0, 0, 1]),
    first=st.sampled_from([True, True, True, False]),
    source=st.sampled_from(["practice", "practice", "check", "checkpoint"]),
    sitting=st.sampled_from(["", "one", "two"]),
    options=st.sampled_from([0, 0, 2, 4]),
    at=odd_times,
    id=st.integers(0, 70).map(str),  # some claim the same id
)


@given(st.lists(anything, max_size=60), st.data())
def test_a_standing_is_a_function_of_the_set_of_events(events: list[Event], data: st.DataObject) -> None:
    lines = [msgspec.json.encode(event) for event in events]
    once = record.parse(b"\n".join(lines))
    shuffled = data.draw(st.permutations(lines + data.draw(st.lists(st.sampled_from(lines))) if lines else []))
    again = record.parse(b"\n".join(shuffled))
    assert again.events == once.events
    assert said_of(Standing(SYLLABUS, again.events)) == said_of(Standing(SYLLABUS, once.events))


@given(st.lists(anything, max_size=60))
def test_no_events_in_no_order_break_it(events: list[Event]) -> None:
    for syllabus in (SYLLABUS, HARD, Syllabus(0, "", ()), Syllabus(1, "", (SECOND, FIRST))):
        standing = Standing(syllabus, events)
        for unit in syllabus.units:
            assert standing.state(unit, NOW) in MapState
            assert 0 <= standing.share(unit) <= 1
            assert standing.gate(unit).open == (standing.state(unit, NOW) is not MapState.LOCKED) or standing.mastered(
                unit
            )


@given(st.lists(anything, max_size=40), st.lists(anything, max_size=10))
def test_taking_events_one_by_one_is_replaying_them(before: list[Event], after: list[Event]) -> None:
    live = Standing(SYLLABUS, before)
    for event in after:
        assert live.take(event), "each says what it did"
    assert said_of(live) == said_of(Standing(SYLLABUS, [*before, *after]))
    live.replay(before)
    assert said_of(live) == said_of(Standing(SYLLABUS, before)), "begun anew, nothing is left of the rest"


@given(st.lists(anything, max_size=60))
def test_mastery_and_passed_checkpoints_are_never_lost_as_events_come(events: list[Event]) -> None:
    standing = Standing(SYLLABUS)
    mastered: set[str] = set()
    shares = [0.0] * len(SYLLABUS.units)
    for event in events:
        standing.take(event)
        before, shares = shares, [standing.share(unit) for unit in SYLLABUS.units]
        assert all(was <= now for was, now in zip(before, shares, strict=True))
        now = {name for name, state in standing.skills.items() if state.mastered}
        now |= {name for name, unit in standing.units.items() if unit.passed}
        assert mastered <= now
        mastered = now


# --------------------------------------------------------------------------- a course that has changed


def test_a_unit_that_got_another_number_is_where_it_was() -> None:
    life = Life().completes(FIRST)
    life.event("continue", "02-second")
    renumbered = Syllabus(2, "Small", (replace(FIRST, id="03-first"), replace(SECOND, id="05-second", requires=())))
    assert life.standing(renumbered).mastered(renumbered.units[0])
    assert life.standing(renumbered).units["05-second"].walked_past


def test_a_skill_that_is_gone_blocks_nothing() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[False] * 10)
    without = Syllabus(2, "Small", (replace(FIRST, skills=(A,)),))
    standing = life.answers("first.a", True).standing(without)
    assert standing.units["01-first"].to_review == []
    assert standing.may_sit(without.units[0])


def test_a_skill_that_is_new_is_asked_for() -> None:
    life = Life().completes(FIRST)
    more = replace(FIRST, skills=(*FIRST.skills, replace(A, id="first.d")))
    standing = life.standing(Syllabus(2, "Small", (more, SECOND)))
    assert standing.unmastered(more) == ["first.d"] and not standing.gate(SECOND).open
