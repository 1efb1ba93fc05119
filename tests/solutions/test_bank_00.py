"""Unit 00's own exercises: nine prerequisites in short answers, shown in a form, and nothing that gates."""

from __future__ import annotations

import numpy as np
import pytest
from units import BANKS

from autograder.judging import answer_key
from autograder.judging.exercise import Exercise
from course import syllabus

BANK = BANKS["00-readiness"]
SKILLS = [skill.id for skill in syllabus.load().unit("00-readiness").skills]


def test_the_nine_prerequisites_are_asked_in_order_and_nothing_gates() -> None:
    unit = syllabus.load().unit("00-readiness")
    assert BANK.skills == SKILLS and len(SKILLS) == 9
    assert unit.gated == () and unit.requires == ()
    assert not any("00-readiness" in other.requires for other in syllabus.load().units)


@pytest.mark.parametrize("skill", SKILLS)
def test_a_skill_has_two_exercises_of_short_answers_with_a_dozen_variants_each(skill: str) -> None:
    exercises = BANK.of_skill(skill)
    assert len(exercises) >= 2 and not any(e.is_code for e in exercises)
    for exercise in exercises:
        assert len({str(answer_key.deal(exercise, seed).arguments) for seed in range(60)}) >= 12, exercise.id


@pytest.mark.parametrize("exercise", BANK.exercises.values(), ids=lambda exercise: exercise.name)
def test_a_line_of_a_question_ends_where_a_sentence_does(exercise: Exercise) -> None:
    """The form keeps line breaks, so one inside a sentence would be seen."""
    for line in filter(None, exercise.prompt().splitlines()):
        assert line[-1] in ".?", line


def test_the_rim_holds_as_many_random_points_as_it_should() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(size=(40_000, 6))
    share = (np.minimum(points, 1 - points).min(axis=1) < 0.05).mean()
    assert share == pytest.approx(BANK.exercises["readiness.in_the_rim"].reference(0.05, 6), abs=0.01)
