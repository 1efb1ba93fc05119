"""No wrong program passes: each code exercise declares some that the judge has to reject, beside its mistakes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.judging import judge
from autograder.judging.exercise import BankError, Exercise
from autograder.judging.wrong_programs import WrongProgram
from course.authoring.complaint import Complaint, from_error
from course.authoring.course_files import UnitFiles
from course.authoring.rules.mistakes import always_the_same

NAME = "wrong_programs.py"
SEEDS = (0, 1)
"""Seeds from which a wrong program is judged: what passes by the luck of one draw would pass in some class."""


def wrong_programs_are_declared(unit: UnitFiles) -> Iterator[Complaint]:
    """Each code exercise has a wrong program, and each wrong program an exercise."""
    programs = declared(unit)
    for exercise in _code(unit):
        if exercise.name not in programs:
            yield Complaint(
                unit.of_bank(exercise.id),
                "no wrong program is declared that has to fail",
                f'Write one in {_path(unit).name}: @wrong("{exercise.name}", "what is wrong with it").',
            )
    for name in programs.keys() - {exercise.name for exercise in _code(unit)}:
        where = unit.tree.show(_path(unit))
        yield Complaint(where, f"“{name}” is no code exercise of this unit", "Rename it, or take it out.")


def wrong_programs_fail(unit: UnitFiles) -> Iterator[Complaint]:
    """The judge accepts none of them, and none earns a point but where its fault shows in part of the inputs only."""
    programs = declared(unit)
    for exercise in _code(unit):
        if exercise.draw is None or always_the_same(exercise):
            continue  # said already
        for one in programs.get(exercise.name, []):
            try:
                yield from _fails(unit, exercise, one)
            except BankError as error:
                yield from_error(unit.of_bank(exercise.id), error)


def _fails(unit: UnitFiles, exercise: Exercise, one: WrongProgram) -> Iterator[Complaint]:
    name = f"the wrong program “{one.program.__name__}” ({one.fault})"
    for seed in SEEDS:
        verdict = judge.judge(exercise, one.program, seed=seed)
        if verdict.score >= 1:
            what, how = f"{name} gets full points", "Draw inputs, or add an edge, on which its fault shows."
        elif verdict.score and not one.partly:
            what = f"{name} gets {verdict.points:g} of {verdict.out_of:g} points, since its fault shows on some inputs only"
            how = "Draw variants on all of which it shows, or say that it is right elsewhere: partly=True."
        else:
            continue
        yield Complaint(unit.of_bank(exercise.id), what, how)
        return


def declared(unit: UnitFiles) -> dict[str, list[WrongProgram]]:
    """The unit's wrong programs by the exercise's name; none where there is no such file."""
    module = _loaded(_path(unit))
    return dict(module.wrong.programs) if module else {}


def _loaded(path: Path) -> Any:
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"_{path.parent.name}_{path.stem}".replace("-", "_"), path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _path(unit: UnitFiles) -> Path:
    return unit.tree.root / "solutions" / unit.id / NAME


def _code(unit: UnitFiles) -> list[Exercise]:
    return [exercise for exercise in unit.bank.exercises.values() if exercise.is_code] if unit.bank else []
