"""The units whose banks stand in `solutions/`, and what stands beside each bank to test it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from autograder.judging import bank
from autograder.judging.bank import Bank
from autograder.judging.second_answers import Answer

ROOT = Path(__file__).resolve().parents[2]
BANKS = {
    found.unit: found
    for unit in sorted(ROOT.glob("solutions/*/"))
    if (path := bank.located(unit))
    for found in [bank.load(path)]
}
"""Each unit's bank, by its folder's name such as `02-jacobians`."""


def own_file(kind: str, unit: Bank) -> Path:
    """Where a unit's `oracles` or `second_answers` stand: beside its bank. Its own tests (`test_bank`) stand here."""
    if kind == "test_bank":
        return Path(__file__).with_name(f"test_bank_{unit.unit.split('-')[0]}.py")
    return ROOT / "solutions" / unit.unit / f"{kind}.py"


def second_answers(unit: Bank) -> dict[str, list[Answer]]:
    """The unit's right answers beside the references, by the exercise's name; none where there is no such file."""
    module = _loaded(own_file("second_answers", unit))
    return module.another.answers if module else {}


def oracles(unit: Bank) -> dict[str, Answer]:
    """What answers the unit's questions another way, by the exercise's name; nothing where there is no such file."""
    module = _loaded(own_file("oracles", unit))
    return module.ORACLES if module else {}


def _loaded(file: Path) -> Any:
    """The module in a file, under a name of its own; None where there is no such file, which is for a test to mind."""
    if not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"_{file.parent.name}_{file.stem}".replace("-", "_"), file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
