"""The manifest, the bank, the lesson and the exercise notebook speak of the same skills."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.judging.exercise import Choice
from course.authoring.complaint import Complaint, near
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import calls

MANIFEST = "course/syllabus.toml"


def bank_and_manifest_agree(unit: UnitFiles) -> Iterator[Complaint]:
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


def skills_are_named_after_their_unit(unit: UnitFiles) -> Iterator[Complaint]:
    """A skill is `unit.skill`, so that its bank can be found by name."""
    own = unit.id.split("-", 1)[-1]
    for skill in unit.entry.skills:
        if skill.id.split(".")[0] != own or skill.id.count(".") != 1:
            what = f"the skill “{skill.id}” is not called {own}.something"
            yield Complaint(f"{MANIFEST} ({unit.id})", what, "Rename it there and in the bank.")


def gated_skills_are_asked(unit: UnitFiles) -> Iterator[Complaint]:
    """The exercise notebook asks something of every gated skill."""
    if unit.bank is None or unit.source is None:
        return
    asked = {unit.bank.exercises[q.exercise].skill for q in unit.questions if q.exercise in unit.bank.exercises}
    for skill in unit.gated:
        if skill not in asked and unit.bank.of_skill(skill):
            names = " or ".join(e.id for e in unit.bank.of_skill(skill))
            where, what = unit.tree.show(unit.source_path), f"nothing there checks the skill “{skill}”"
            yield Complaint(where, what, f"Add a check of {names}.")


def code_is_asked(unit: UnitFiles) -> Iterator[Complaint]:
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


def core_is_named(unit: UnitFiles) -> Iterator[Complaint]:
    """A skill with several short questions names the core ones: questions of its bank that can count."""
    if unit.bank is None:
        return
    for skill in unit.entry.skills:
        where = f"{MANIFEST} ({skill.id})"
        short = [e.id for e in unit.bank.of_skill(skill.id) if not e.is_code]
        if len(short) > 1 and not skill.core:
            what = f"it has {len(short)} short questions, and does not say which of them have the skill itself in them"
            yield Complaint(where, what, f'Name one or more of them, as in core = ["{short[0]}"].')
        for name in skill.core:
            found = unit.bank.exercises.get(name)
            if found is None or name not in short:
                what = (
                    "is none of its bank"
                    if found is None
                    else f"belongs to “{found.skill}”"
                    if found.skill != skill.id
                    else "asks for a function, which is no short question"
                )
                yield Complaint(where, f"its core question “{name}” {what}", near(name, short))
            elif isinstance(found.answer, Choice) and len(found.answer.options) == 2:
                what = f"its core question “{name}” is a choice of two, which never counts"
                yield Complaint(where, what, "Name another, or give it more options.")


def exercises_name_their_skills(unit: UnitFiles) -> Iterator[Complaint]:
    """Where the exercise notebook tells what can be practised, it names every gated skill."""
    if unit.source is None:
        return
    prose = [(i, cell.source) for i, cell in enumerate(unit.source.cells) if cell.cell_type == "markdown"]
    told = next(((i, text) for i, text in prose if re.search(r"`practice\(", text)), None)
    if told is None:
        return
    index, text = told
    quoted = " ".join(re.findall(r"`([^`]+)`", text))
    for skill in unit.gated:
        short = skill.partition(".")[2]
        if not re.search(rf"\.{re.escape(short)}\b", quoted):
            yield Complaint(
                unit.place(unit.source_path, index),
                f"it tells what can be practised, and does not name “{skill}”",
                f"Add `.{short}` to the list.",
            )


def lesson_practises_its_skills(unit: UnitFiles) -> Iterator[Complaint]:
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
