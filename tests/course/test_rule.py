"""The gate's rule: three fresh ones in a row; nothing else opens it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from course.manifest import Skill, Syllabus, Unit
from course.mastery import rule
from course.mastery.record import Event

FIRST = Unit(
    "01-first",
    "First",
    "?",
    10,
    (),
    (Skill("first.a", "A", True), Skill("first.b", "B", True), Skill("first.c", "C", False)),
)
SECOND = Unit("02-second", "Second", "?", 10, ("01-first",), (Skill("second.a", "A", True),))
SYLLABUS = Syllabus(1, "Small", (FIRST, SECOND))


def answer(right: bool, n: int, skill: str = "first.a", **more) -> Event:
    return Event("answer", "first", skill, "first.x", {"n": n}, right=right, **more)


def answers(*rights: bool) -> list[Event]:
    return [answer(right, n) for n, right in enumerate(rights)]


@given(st.lists(st.booleans(), max_size=30))
def test_mastery_is_three_in_a_row_and_stays(rights: list[bool]) -> None:
    state = rule.skills(answers(*rights)).get("first.a", rule.SkillState())
    assert state.mastered == ("111" in "".join("01"[r] for r in rights))
    assert state.tries == len(rights)


def test_a_miss_starts_the_row_anew() -> None:
    assert rule.skills(answers(True, True, False, True, True))["first.a"] == rule.SkillState(2, 5, False)


def test_hints_second_tries_and_repeated_variants_neither_help_nor_harm() -> None:
    idle = [
        answer(True, 10, hints=1),
        answer(False, 11, hints=2),
        answer(True, 12, first=False),
        answer(True, 0),
        answer(True, 13, source="check"),
    ]
    assert rule.skills([*answers(True, True), *idle])["first.a"] == rule.SkillState(2, 2, False)
    assert rule.skills([*answers(True, True), *idle, answer(True, 14)])["first.a"].mastered


def test_one_variant_answered_three_times_masters_nothing() -> None:
    assert not rule.skills([answer(True, 1), answer(True, 1), answer(True, 1)])["first.a"].mastered


def mastery(skill: str) -> list[Event]:
    return [answer(True, n, skill) for n in ((100, 101, 102) if skill.endswith("a") else (200, 201, 202))]


def test_the_gate_opens_when_every_gated_skill_of_what_it_requires_is_mastered() -> None:
    assert rule.gate(FIRST, SYLLABUS, []).open
    closed = rule.gate(SECOND, SYLLABUS, mastery("first.a"))
    assert not closed.open
    assert closed.missing == (("01-first", "first.b"),)
    assert rule.gate(SECOND, SYLLABUS, mastery("first.a") + mastery("first.b")).open


def test_walking_past_opens_that_unit_alone_and_shows() -> None:
    gate = rule.gate(SECOND, SYLLABUS, [Event("continue", "02-second")])
    assert gate.open and gate.walked_past
    assert not rule.gate(SECOND, SYLLABUS, [Event("continue", "01-first")]).open
