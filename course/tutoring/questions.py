"""Which questions a skill has on this machine, and a session that asks them."""

from __future__ import annotations

import secrets

from autograder.judging import bank
from autograder.judging.exercise import Choice, Exercise
from course import syllabus
from course.errors import CourseError
from course.tutoring.follower import Follower
from course.tutoring.session import Session


def short_questions(skill: str, *, gating: bool = False) -> list[Exercise]:
    """The short questions of `skill`; for a checkpoint without choices of two. Empty where its bank is not here."""
    found = bank.find_bank(skill.split(".")[0])
    exercises = [e for e in found.of_skill(skill) if not e.is_code] if found else []
    return [e for e in exercises if not (gating and isinstance(e.answer, Choice) and len(e.answer.options) == 2)]


def rotated(exercises: list[Exercise], by: int) -> list[Exercise]:
    """The same exercises in turn, from the one at place `by` on; past the last one, the first comes again."""
    by %= len(exercises)
    return exercises[by:] + exercises[:by]


def start(skill: str, follower: Follower | None = None) -> Session:
    """A session on `skill` that goes on from the learner's record. `CourseError` where it cannot be practised."""
    syllabus.load().skill(skill)
    exercises = short_questions(skill)
    if not exercises and bank.find_bank(skill.split(".")[0]) is None:
        raise CourseError(f"The exercises of “{skill}” are not here, so it cannot be practised on this machine.")
    if not exercises:
        raise CourseError(f"“{skill}” has no short questions; its exercise is in the unit's notebook.")
    follower = follower or Follower()
    # Not always the first kinds, or three of them would do for the skill.
    exercises = rotated(exercises, secrets.randbelow(len(exercises)))
    return Session(skill, exercises, write=follower.write, standing=follower.standing, catch_up=follower.catch_up)
