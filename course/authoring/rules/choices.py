"""A choice cannot be guessed: it offers four options, and not always the same one is right."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.judging import answer_key
from autograder.judging.exercise import BankError, Choice
from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles

OPTIONS = 4
"""Options a choice offers at least."""
DEALT = 60
"""Variants on which the right option must change."""


def choices_are_no_coin_tosses(unit: UnitFiles) -> Iterator[Complaint]:
    """A choice offers four options or more: of two, half of all guessers pass."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if isinstance(exercise.answer, Choice) and len(exercise.answer.options) < OPTIONS:
            yield Complaint(
                unit.of_bank(exercise.id),
                f"a choice of {len(exercise.answer.options)} options is too easily guessed, and {OPTIONS} are the least",
                "Offer four options, or ask for a number.",
            )


def right_options_change(unit: UnitFiles) -> Iterator[Complaint]:
    """Over the variants that are dealt, more than one option is right at some time."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if not isinstance(exercise.answer, Choice) or exercise.draw is None:
            continue
        try:
            right = {
                str(answer_key.expected(exercise, answer_key.deal(exercise, seed).arguments)) for seed in range(DEALT)
            }
        except BankError:
            continue  # said by `answers_differ`
        if len(right) < 2:
            yield Complaint(
                unit.of_bank(exercise.id),
                f"whatever is drawn, the right option is “{right.pop()}”",
                f"Let {exercise.name}.variant draw what makes another one right, or ask another question.",
            )
