"""Diagnosis: of the wrong answers that shared slips and wrong programs give, how many are told what to look at.

Over all exercises and all slips that change their right answer. `right`: the slip's own sentence, or that of a declared
mistake which gives the same answer; `wrong`: another's; `silent`: neither. Wrong programs have no sentence of their own;
whatever mistake or slip is told of one would be another's, so it is counted as `programs_told`, to be looked at.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(3)


def measure(runs: int) -> dict[str, float]:
    from autograder.judging import bank

    found: Counter[str] = Counter()
    for unit in sorted(path for path in ROOT.glob("solutions/*") if bank.located(path)):
        for exercise in bank.load(unit / "bank").exercises.values():
            for seed in SEEDS if not exercise.is_code else (0,):
                if exercise.draw is not None:
                    found.update(outcome for _, outcome in outcomes(exercise, seed))
    of = sum(found.values())
    return {"diagnosis.tried": of} | {f"diagnosis.{name}": found[name] / of for name in ("right", "wrong", "silent")}


def outcomes(exercise: Any, seed: int) -> list[tuple[str, str]]:
    """Each slip's sentence that changes this exercise's right answer, and how the answer is judged."""
    from autograder.judging import answer_key, judge, slips
    from autograder.judging.verdict import VerdictState

    if exercise.is_code:
        asked = [answer_key.key_of(exercise, one.arguments) for one in answer_key.deal_inputs(exercise, seed)]
    else:
        asked = [answer_key.key_of(exercise, answer_key.deal(exercise, seed).arguments)]
    if any(isinstance(one.right, str) for one in asked):
        return []
    rights = [one.right for one in asked]
    made, seen = [], set()
    every = list(slips._slipped(exercise, asked, rights))
    for sentence, values in every:
        same = np.concatenate([value.ravel() for value in values]).tobytes()
        if same in seen or not all(slips._apart(exercise, r, v) for r, v in zip(rights, values, strict=True)):
            continue
        seen.add(same)
        if exercise.is_code:
            verdict = judge.judge(exercise, as_program(exercise, asked, values), seed=seed)
        else:
            value = values[0]
            verdict = judge.judge(exercise, value if value.ndim else float(value), asked[0].arguments)
        if not verdict.counts or verdict.right:
            continue
        others = {other for other, _ in every} - {sentence}
        if verdict.mistake or verdict.sentence == sentence:
            outcome = "right"
        else:
            outcome = "wrong" if verdict.sentence in others else "silent"
        assert verdict.state in (VerdictState.WRONG, VerdictState.PARTLY), verdict
        made.append((sentence, outcome))
    return made


def as_program(exercise: Any, asked: list[Any], values: list[Any]) -> Any:
    """A function that answers what the slip does, by what it is asked."""
    known = [
        ([np.asarray(part) for part in _flat(exercise.inputs(one.arguments))], v)
        for one, v in zip(asked, values, strict=True)
    ]

    def program(*inputs: Any) -> Any:
        given = [np.asarray(part) for part in _flat(inputs)]
        for parts, value in known:
            if len(parts) == len(given) and all(np.array_equal(a, b) for a, b in zip(parts, given, strict=True)):
                return value
        return exercise.reference(*inputs)

    return program


def _flat(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print(measure(1))
