"""Simulated learners at the gate: guessers stay out, knowers pass, mistakes are kept and named, reviews hold skills."""

from __future__ import annotations

from functools import cache
from math import isnan
from typing import Any

import numpy as np
import pytest
from gate_oracle import at_least, error, in_a_row
from proving import count

from autograder.judging.exercise import Exercise
from course import clock, syllabus
from course.authoring.learners import (
    Desk,
    Events,
    Forgetter,
    Holder,
    Learner,
    Sessions,
    Shares,
    Steady,
    learn,
    live,
    numbers,
    shares,
    unit_of,
)
from course.mastery import record, rule
from course.mastery.record import Event
from course.mastery.rule import Standing
from course.tutoring import questions

pytestmark = pytest.mark.prove

LIVES = 10_000
"""Of guessers and knowers, always: they take seconds."""
SYLLABUS = syllabus.load()
GATED = [skill.id for unit in SYLLABUS.units for skill in unit.gated]


@cache
def led(right: float, tries: int) -> Shares:
    """Many lives with one chance of being right, of three skills each."""
    found = shares(Steady(right), LIVES, seed=4, tries=tries)
    print(f"right {right:.2f}, {tries} tries, {LIVES} lives: {found.skill:.4f} of skills, {found.unit:.4f} of units")
    return found


# --------------------------------------------------------------------------- an oracle


def test_the_oracle_knows_what_can_be_counted_by_hand() -> None:
    assert in_a_row(0.5, 3) == 1 / 8
    assert in_a_row(0.5, 4) == 3 / 16  # of 16: 1110, 1111, 0111
    assert at_least(0.5, 3, 2) == 1 / 2


# --------------------------------------------------------------------------- guessers and knowers


def test_who_guesses_one_in_ten_seldom_passes_a_skill() -> None:
    assert led(0.1, 10).skill <= 0.01


def test_who_guesses_one_in_four_passes_one_skill_in_nine_at_most() -> None:
    assert led(0.25, 10).skill <= 0.11


@pytest.mark.parametrize("right", [0.1, 0.25])
def test_no_guesser_passes_a_unit_in_ten_thousand_lives(right: float) -> None:
    assert led(right, 10).unit == 0


def test_who_slips_one_time_in_ten_masters_a_skill_within_twelve_tries() -> None:
    assert led(0.9, 12).skill >= 0.98


def test_who_slips_one_time_in_ten_masters_a_unit_with_one_retake_at_most() -> None:
    assert led(0.9, 12).unit >= 0.95


@pytest.mark.parametrize(("right", "tries"), [(0.1, 10), (0.25, 10), (0.9, 12), (0.6, 7)])
def test_skills_are_passed_as_often_as_a_markov_chain_says(right: float, tries: int) -> None:
    exact = in_a_row(right, tries)
    assert abs(led(right, tries).skill - exact) <= error(exact, 3 * LIVES)


def test_units_are_passed_as_often_as_probability_says() -> None:
    once = at_least(0.9)
    exact = in_a_row(0.9, 12) ** 3 * (once + (1 - once) * once)
    found = led(0.9, 12)
    assert abs(found.unit - exact) <= error(exact, LIVES)
    assert abs(found.checkpoint - once) <= error(once, LIVES)


def test_with_other_numbers_it_is_another_gate() -> None:
    with numbers(row=2, items=5, right=5):
        found = shares(Steady(0.8), 2000, seed=5, tries=6)
    assert abs(found.skill - in_a_row(0.8, 6, 2)) <= error(in_a_row(0.8, 6, 2), 6000)
    assert abs(found.checkpoint - at_least(0.8, 5, 5)) <= error(at_least(0.8, 5, 5), 2000)
    assert (rule.IN_A_ROW, rule.ITEMS, rule.PASS) == (3, 10, 8)


def test_the_same_seed_leads_the_same_lives() -> None:
    again = [shares(Steady(0.7), 50, seed) for seed in (1, 1, 2)]
    assert again[0][:3] == again[1][:3] != again[2][:3]


# --------------------------------------------------------------------------- the two desks


def told(standing: Standing) -> dict[str, Any]:
    """All that a standing says, but for the names of variants and sittings."""
    units = {
        name: (u.answers, u.passed, u.to_review, u.walked_past, u.sitting and (u.sitting.right, u.sitting.missed))
        for name, u in standing.units.items()
    }
    skills = {skill.id: standing.skill(skill.id) for unit in standing.syllabus.units for skill in unit.skills}
    return {"skills": skills, "units": units, "seen": len(standing.seen)}


def outline(event: Event) -> tuple[object, ...]:
    """What an event is about, to the second."""
    return event.kind, event.skill, event.right, event.source, event.at.replace(microsecond=0)


def led_at(
    kind: type[Desk], learner: Learner, seed: int, unit: str, monkeypatch: pytest.MonkeyPatch, **how: int
) -> Desk:
    """A life at one of the desks, its clock its own."""
    monkeypatch.setattr(record, "_last", record.datetime.min.replace(tzinfo=record.UTC))
    desk = kind(learner, SYLLABUS, np.random.default_rng(seed))
    live(desk, SYLLABUS.unit(unit), **how)
    return desk


@pytest.fixture(scope="module")
def both() -> list[tuple[Desk, Desk]]:
    """Lives at both desks: a unit with a code skill, someone who is right three times in four, half a year of reviews."""
    with pytest.MonkeyPatch.context() as patch:
        return [
            (led_at(Events, *life, patch, tries=30, days=180), led_at(Sessions, *life, patch, tries=30, days=180))
            for life in [(Steady(0.75), seed, "01-composition") for seed in (0, 1, 2)]
        ]


def test_real_questions_and_bare_events_lead_to_the_same_standing(both: list[tuple[Desk, Desk]]) -> None:
    for bare, real in both:
        assert told(bare.standing) == told(real.standing)
        assert bare.reviews == real.reviews
        assert list(map(outline, bare.events)) == list(map(outline, real.events))


def test_those_lives_saw_all_that_a_life_can_hold(both: list[tuple[Desk, Desk]]) -> None:
    events = [event for _, real in both for event in real.events]
    assert {"answer", "sitting", "stuck"} == {event.kind for event in events}
    assert {"practice", "check", "checkpoint"} == {event.source for event in events}
    assert sum(event.kind == "sitting" for event in events) > 3, "no checkpoint was sat twice"
    assert {True, False} == {right for _, real in both for right in real.reviews}


def test_what_a_life_wrote_replays_to_where_it_ended(
    both: list[tuple[Desk, Desk]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _, real in both:
        monkeypatch.setattr(clock, "now", lambda desk=real: desk.now)
        for event in real.events:
            record.append(event)
        assert told(Standing(SYLLABUS, record.read().events)) == told(real.standing)
        record.paths.record().unlink()


def test_real_questions_let_as_many_guessers_pass() -> None:
    lives, passed, exact = count(2000, 150), 0, 0.0
    for life, chance in enumerate(np.random.default_rng(6).spawn(lives)):
        desk, skill = Sessions(Steady(0.25), SYLLABUS, chance), GATED[life % len(GATED)]
        passed += learn(desk, skill, 10)
        exact += in_a_row(0.25, 10, desk.standing.skill(skill).need) / lives
    print(f"right 0.25, at real questions, {lives} lives: {passed / lives:.4f} of rows ({exact:.4f} expected)")
    assert abs(passed / lives - exact) <= error(exact, lives)


# --------------------------------------------------------------------------- named mistakes


def mistakes_of(exercise: Exercise) -> list[str]:
    return [mistake.name for mistake in exercise.mistakes if mistake.breaks is None]


HELD = [(e.skill, e.id, name) for skill in GATED for e in questions.short_questions(skill) for name in mistakes_of(e)]


def test_who_holds_a_mistake_does_not_master_the_skill_and_the_record_names_it() -> None:
    lives = count(10_000, len(HELD))
    for life, chance in enumerate(np.random.default_rng(7).spawn(lives)):
        skill, exercise, name = HELD[life % len(HELD)]
        desk = Sessions(Holder({exercise: name}), SYLLABUS, chance, begin=exercise)
        # Four tries: a choice may have but four variants, and then other kinds of questions have to do.
        assert not learn(desk, skill, 4)
        assert [(event.exercise, event.right, event.mistake) for event in desk.events] == [(exercise, False, name)] * 4
    print(f"{len(HELD)} named mistakes, each in one kind of question, {lives} lives: none mastered its skill")


def test_a_skill_is_mastered_round_a_mistake_only_where_its_question_was_never_asked() -> None:
    asked = 0
    for n, (skill, exercise, name) in enumerate(first := HELD[::4]):
        desk = Sessions(Holder({exercise: name}), SYLLABUS, np.random.default_rng(n))
        mastered = learn(desk, skill, 4)
        met = any(event.exercise == exercise for event in desk.events)
        assert mastered == (not met)
        asked += met
    print(f"of {len(first)} with one mistake, {asked} were asked for it before three others came right in a row")
    assert 0 < asked < len(first)


def test_who_has_a_mistake_for_every_question_is_offered_another_way_in() -> None:
    for skill in GATED:
        held = {e.id: mistakes_of(e)[0] for e in questions.short_questions(skill)}
        desk = Sessions(Holder(held), SYLLABUS, np.random.default_rng(0))
        assert not learn(desk, skill, rule.STUCK_AFTER)
        assert desk.events[-1].kind == "stuck" and desk.standing.skill(skill).marked


def test_who_writes_a_mistake_as_code_never_masters_the_skill_with_right_short_answers() -> None:
    code = "normalization.rms_norm"
    desk = Sessions(Holder({code: "rms_over_the_batch"}), SYLLABUS, np.random.default_rng(8))
    assert learn(desk, "normalization.rms", 10)
    desk.write_code("normalization.rms", code)
    assert desk.events[-1].mistake == "rms_over_the_batch"
    assert not desk.standing.skill("normalization.rms").mastered
    desk.learner = Steady(1.0)
    desk.write_code("normalization.rms", code)
    assert desk.standing.skill("normalization.rms").mastered


# --------------------------------------------------------------------------- forgetters


def test_who_forgets_as_the_scheduler_believes_recalls_nine_of_ten_at_review() -> None:
    lives = count(10_000, 1000)
    found = shares(Forgetter(), lives, seed=9, days=365)
    print(f"forgetters, {lives} lives of a year: {found.recall:.4f} of reviews right")
    assert abs(found.recall - 0.9) <= 0.01


def test_who_forgets_faster_recalls_less_and_who_forgets_more_slowly_more() -> None:
    fast, slow = (shares(Forgetter(pace), 300, seed=9, days=365).recall for pace in (3.0, 0.3))
    assert fast < 0.85
    assert slow > 0.95


def test_a_failed_review_reopens_its_skill_alone_and_practice_brings_it_back() -> None:
    syllabus = unit_of(3)
    unit, failed = syllabus.units[0], 0
    for chance in np.random.default_rng(10).spawn(100):
        desk = Events(Forgetter(3.0), syllabus, chance)
        live(desk, unit, days=365)
        standing = Standing(syllabus)
        for event in desk.events:
            held = {skill.id for skill in unit.gated if standing.skill(skill.id).held}
            mastered = standing.mastered(unit)
            if standing.take(event) == "review failed: the skill is open again":
                failed += 1
                assert mastered and standing.mastered(unit)
                assert {skill.id for skill in unit.gated if standing.skill(skill.id).held} == held - {event.skill}
        assert all(standing.skill(skill.id).held for skill in unit.gated), "three right ones in a row bring it back"
    assert failed > 100


def test_where_nothing_was_sat_or_reviewed_there_is_no_share_of_it() -> None:
    found = shares(Steady(0.0), 5, seed=11)
    assert (found.skill, found.unit) == (0, 0)
    assert isnan(found.checkpoint) and isnan(found.recall)
