"""The manifest, the bank, the lesson and the exercise notebook speak of the same skills."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from autograder.exercise import Choice
from course.authoring.complaint import Complaint
from course.authoring.rules.calls import calls
from course.authoring.tree import Unit

MANIFEST = "course/syllabus.toml"


def near(name: str | None, known: Iterable[str]) -> str:
    """The nearest of `known` as a suggestion, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name or "", known, n=1)
    return f"Did you mean “{close[0]}”?" if close else f"There are: {', '.join(known) or 'none'}."


def bank_and_manifest_agree(unit: Unit) -> Iterator[Complaint]:
    """Every skill of the manifest has an exercise, and every exercise a skill of the manifest."""
    if unit.bank is None:
        return
    listed = [skill.id for skill in unit.entry.skills]
    for exercise in unit.bank.exercises.values():
        if exercise.skill not in listed:
            yield Complaint(
                unit.of_bank(exercise.id),
                f"its skill “{exercise.skill}” is none that {MANIFEST} gives to {unit.id}",
                f"{near(exercise.skill, listed)} A new skill is declared in the manifest first.",
            )
    for skill in listed:
        if not unit.bank.of_skill(skill):
            yield Complaint(
                unit.tree.show(unit.bank_path),
                f"no exercise has the skill “{skill}” of {MANIFEST}",
                "Declare one with @exercise(skill=…), or take the skill out of the manifest.",
            )


def skills_are_named_after_their_unit(unit: Unit) -> Iterator[Complaint]:
    """A skill is `unit.skill`, so that its bank can be found by name."""
    own = unit.id.split("-", 1)[-1]
    for skill in unit.entry.skills:
        if skill.id.split(".")[0] != own or skill.id.count(".") != 1:
            what = f"the skill “{skill.id}” is not called {own}.something"
            yield Complaint(f"{MANIFEST} ({unit.id})", what, "Rename it there and in the bank.")


def gated_skills_are_asked(unit: Unit) -> Iterator[Complaint]:
    """The exercise notebook asks something of every gated skill."""
    if unit.bank is None or unit.source is None:
        return
    asked = {unit.bank.exercises[q.exercise].skill for q in unit.questions if q.exercise in unit.bank.exercises}
    for skill in unit.gated:
        if skill not in asked and unit.bank.of_skill(skill):
            names = " or ".join(e.id for e in unit.bank.of_skill(skill))
            where, what = unit.tree.show(unit.source_path), f"nothing there checks the skill “{skill}”"
            yield Complaint(where, what, f"Add a check of {names}.")


def code_is_asked(unit: Unit) -> Iterator[Complaint]:
    """What `code` names for a skill is a code exercise of that skill, and the exercise notebook asks for it."""
    if unit.bank is None:
        return
    asked = {question.exercise for question in unit.questions}
    for skill in unit.entry.skills:
        own = [e.id for e in unit.bank.of_skill(skill.id) if e.is_code]
        for name in skill.code:
            if name not in own:
                found = unit.bank.exercises.get(name)
                what = (
                    "is none of its bank"
                    if found is None
                    else "asks for no function"
                    if not found.is_code
                    else f"belongs to “{found.skill}”"
                )
                yield Complaint(
                    f"{MANIFEST} ({skill.id})",
                    f"its code exercise “{name}” {what}, so nobody could master it",
                    near(name, own),
                )
            elif unit.source is not None and name not in asked:
                where, what = (
                    unit.tree.show(unit.source_path),
                    f"nothing there checks “{name}”, which gates “{skill.id}”",
                )
                yield Complaint(where, what, f'Add a graded cell with check("{name}", …).')


def gates_are_no_coin_tosses(unit: Unit) -> Iterator[Complaint]:
    """A choice of two options opens no gate: half of all guessers would pass."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        gates = exercise.skill in unit.gated
        if gates and isinstance(exercise.answer, Choice) and len(exercise.answer.options) <= 2:
            yield Complaint(
                unit.of_bank(exercise.id),
                f"a choice of two options gates “{exercise.skill}”, and half of all guessers pass it",
                "Offer four options, ask for a number, or give it a skill with gates = false.",
            )


def lesson_practises_its_skills(unit: Unit) -> Iterator[Complaint]:
    """The lesson has a `practice` for each gated skill, and for none that is unknown."""
    if unit.lesson is None:
        return
    listed = [skill.id for skill in unit.entry.skills]
    practised = calls(unit.lesson, "practice")
    for call in practised:
        if call.text not in listed:
            yield Complaint(
                unit.place(unit.lesson_path, call.cell),
                f"practice asks for “{call.text}”, which is no skill of {unit.id}",
                near(call.text, listed),
            )
    for skill in unit.gated:
        if skill not in {call.text for call in practised}:
            yield Complaint(
                unit.tree.show(unit.lesson_path),
                f"the lesson has no practice for its gated skill “{skill}”",
                f'Add a cell with practice("{skill}").',
            )
