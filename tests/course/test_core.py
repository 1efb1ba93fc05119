"""Core kinds: a row of questions that lie beside a skill does not master it, and a review asks the skill itself."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from histories import FIRST, SYLLABUS, Life
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.judging import answer_key
from autograder.judging.exercise import Arguments, Exercise
from course import clock, syllabus
from course.authoring.learners import Sessions, Steady, learn
from course.mastery import plan, record, steps
from course.mastery.record import Event
from course.mastery.rule import Standing
from course.syllabus import Skill
from course.tutoring.questions import rotated, short_questions
from course.tutoring.session import Session

REAL = syllabus.load()
GATED = [skill for unit in REAL.units for skill in unit.gated]
WITH_SIDES = [skill for skill in GATED if set(skill.core) < {e.id for e in short_questions(skill.id)}]


# --------------------------------------------------------------------------- the rule


answers = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=14)
"""(right, to a core question)"""


@given(answers)
@example([(True, False)] * 9)
@example([(True, True), (True, False), (True, False)])
@example([(True, True), (False, False), (True, False), (True, False), (True, False)])
def test_a_skill_is_mastered_by_a_row_of_three_with_a_core_question_in_it(of: list[tuple[bool, bool]]) -> None:
    life, mastered, run = Life(), False, ""
    for right, core in of:
        life.answers("first.a", right, core=core)
        run = run + "sc"[core] if right else ""
        mastered |= len(run) >= 3 and "c" in run
        assert life.standing().skill("first.a").mastered == mastered


def test_batch_norm_by_hand_is_not_mastered_by_two_side_questions() -> None:
    skill = REAL.skill("normalization.batch")
    life = Life().checks("normalization.batch_norm", skill.id)
    for name in ("normalization.batch_variance", "normalization.batch_mean_noise"):
        assert name not in skill.core
        life.answers(skill.id, True, True, exercise=name, core=False)
    standing = Standing(REAL, life.events)
    assert not standing.skill(skill.id).mastered
    assert standing.take(life.answers(skill.id, True).events[-1]) == "mastered"


def test_whoever_lacks_only_the_core_question_is_told_so_and_asked_for_it() -> None:
    life = Life().answers("first.a", True, True, core=False)
    standing = life.standing()
    said = standing.take(life.answers("first.a", True, core=False).events[-1])
    assert said == "2 of 3 in a row; the last place is for a core question"
    assert [step.standing for step in steps.of_skill(standing, FIRST, "first.a")] == ["2 of 3 in a row"]
    assert plan.choose(standing, life.at, Random(0)).count("first.a") == 1


def test_what_was_mastered_stays_so_whatever_becomes_core_later() -> None:
    life = Life().masters(FIRST.skills[0])
    later = replace(FIRST, skills=(replace(FIRST.skills[0], core=("first.another",)), *FIRST.skills[1:]))
    assert Standing(replace(SYLLABUS, units=(later, *SYLLABUS.units[1:])), life.events).skill("first.a").held


def test_an_event_written_before_there_were_core_kinds_counts_as_it_counted() -> None:
    line = record.line_of(Event("answer", "u")).replace(b'"core":true,', b"").replace(b'"v":3', b'"v":2')
    (read,) = record.parse(line).events
    assert (read.core, read.v) == (True, 2)


def test_a_review_answered_right_beside_the_skill_buys_less_than_the_whole_interval() -> None:
    days = {}
    for core in (True, False):
        life = Life().masters(FIRST.skills[0]).waits(60).answers("first.a", True, core=core)
        card = life.standing().skill("first.a").card
        assert card is not None
        days[core] = (card.due - life.at).days
    assert days[False] <= 0.75 * days[True]


# --------------------------------------------------------------------------- what is asked


def asked(skill: Skill, standing: Standing, turn: int) -> Session:
    seeds = itertools.count(100 * turn)
    return Session(
        skill.id,
        rotated(short_questions(skill.id), turn),
        write=lambda _: None,
        new_seed=lambda: next(seeds),
        standing=standing,
    )


def held(skill: Skill) -> Life:
    life = Life()
    for code in skill.code:
        life.checks(code, skill.id)
    return life.answers(skill.id, True, True, True, exercise="old.one")


@pytest.mark.parametrize("skill", WITH_SIDES, ids=lambda skill: skill.id)
def test_a_review_asks_a_core_question_with_whichever_the_session_begins(
    skill: Skill, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = held(skill)
    monkeypatch.setattr(clock, "now", lambda: life.at + timedelta(days=60))
    kinds = {asked(skill, Standing(REAL, life.events), n).exercise.id for n in range(len(short_questions(skill.id)))}
    assert kinds == set(skill.core)


@pytest.mark.parametrize("skill", WITH_SIDES, ids=lambda skill: skill.id)
def test_who_knows_a_skill_masters_it_in_as_many_questions_as_its_row_asks_a_core_one_among_them(skill: Skill) -> None:
    for turn in range(len(short_questions(skill.id))):
        standing = Standing(REAL, [e for e in held(skill).events if e.source == "check"])
        session, kinds = asked(skill, standing, turn), []
        for _ in range(standing.skill(skill.id).need):
            assert not standing.skill(skill.id).mastered
            kinds.append(session.exercise.id)
            session.answer(session.exercise.reference(*session.exercise.inputs(session.variant.arguments)))
            session.deal()
        assert standing.skill(skill.id).mastered and set(kinds) & set(skill.core)


@dataclass(frozen=True)
class KnowsAround(Steady):
    """Always right, but where the question is one of these."""

    right: float = 1.0
    core: tuple[str, ...] = ()

    def answer(self, exercise: Exercise, arguments: Arguments, knows: bool) -> Any:
        return super().answer(exercise, arguments, exercise.id not in self.core)


@pytest.mark.parametrize("skill", WITH_SIDES, ids=lambda skill: skill.id)
def test_who_knows_only_what_lies_beside_a_skill_never_masters_it(skill: Skill) -> None:
    desk = Sessions(KnowsAround(core=skill.core), REAL, np.random.default_rng(1))
    assert not learn(desk, skill.id, 12)


def test_which_axis_asks_questions_with_an_axis_in_them() -> None:
    skill = REAL.skill("normalization.axis")
    core = [e for e in short_questions(skill.id) if e.id in skill.core]
    for exercise in core:
        said = exercise.prompt(answer_key.deal(exercise, 0).arguments)
        assert any(word in said for word in ("axes", "axis", "row", "column"))
