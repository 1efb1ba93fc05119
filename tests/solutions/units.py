"""The units whose banks stand in `solutions/`, and what this folder keeps for each, found by the unit's number."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import bank
from autograder.bank import Bank

ROOT = Path(__file__).resolve().parents[2]
BANKS = {found.unit: found for found in map(bank.load, sorted(ROOT.glob("solutions/*/bank.py")))}
"""Each unit's bank, by its folder's name such as `02-jacobians`."""

Answer = Callable[..., Any]


class Another:
    """Right answers beside the references. In `second_answers_NN.py`, `@another("mlp")` above a function adds one."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}

    def __call__(self, exercise: str) -> Callable[[Answer], Answer]:
        def keep(answer: Answer) -> Answer:
            self.answers.setdefault(exercise, []).append(answer)
            return answer

        return keep


def own_file(kind: str, unit: Bank) -> Path:
    """Where this folder keeps a unit's `oracles`, its `second_answers`, or the tests of its own in `test_bank`."""
    return Path(__file__).with_name(f"{kind}_{unit.unit.split('-')[0]}.py")


def second_answers(unit: Bank) -> dict[str, list[Answer]]:
    """The unit's right answers beside the references, by the exercise's name."""
    return _declared(own_file("second_answers", unit), lambda module: module.another.answers)


def oracles(unit: Bank) -> dict[str, Answer]:
    """What answers the unit's questions another way, by the exercise's name."""
    return _declared(own_file("oracles", unit), lambda module: module.ORACLES)


def _declared(file: Path, what: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """What the file declares; nothing where there is no such file, which is for a test to mind."""
    return what(importlib.import_module(file.stem)) if file.is_file() else {}
