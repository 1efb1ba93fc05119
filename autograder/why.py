"""Why a submission has the score it has, told from what the gradebook keeps of it."""

from __future__ import annotations

from typing import Any

from autograder import batch
from autograder.errors import GradingError
from autograder.gradebook import Ledger


def explain(ledger: Ledger, unit: str, student: str) -> dict[str, Any]:
    """All that is known of one score, as plain data; `GradingError` where nothing is.

    `checks` has, for each check: the exercise, its seed (where inputs were drawn), what came back, the verdict, the
    mistake, the points, and as `answer` what was handed to the judge.
    """
    kept, rows = ledger.kept(unit, student), ledger.rows(unit, student)
    if kept is None or not rows:
        there = [row.student for row in ledger.rows(unit)]
        known = f"It has: {', '.join(there[:20])}{' …' if len(there) > 20 else ''}." if there else "It has nobody."
        raise GradingError(f"The gradebook has no result of {student} for {unit}. {known}")
    (row,) = rows
    known_class = ledger.known_class(unit)
    asked = known_class[1].get("checks", {}) if known_class else {}
    number, tries = divmod(kept.attempt, batch.TRIES)
    checks = []
    for cell, verdict in kept.verdicts.items():
        checks.append(
            {
                "cell": cell,
                "exercise": verdict.exercise,
                "seed": asked.get(cell, {}).get("seed"),
                "asked": verdict.asked,
                "came_back": verdict.came_back,
                "verdict": str(verdict.state),
                "sentence": verdict.sentence,
                "mistake": verdict.mistake,
                "points": verdict.points,
                "of": verdict.out_of,
                "in_the_gradebook": row.scores.get(cell),
                "answer": kept.answers.get(cell),
            }
        )
    given = ledger.given(unit).get(student, {})
    return {
        "student": student,
        "unit": unit,
        "state": str(row.state),
        "reason": row.reason,
        "score": row.score,
        "max_score": row.max_score,
        "batch": number,
        "attempt": tries + 1,
        "at": kept.at,
        "seconds": round(kept.seconds, 3),
        "checks": checks,
        "others": {cell: score for cell, score in row.scores.items() if cell not in kept.verdicts},
        "by_hand": {cell: {"score": a, "extra": b} for cell, (a, b) in given.get("given", {}).items()},
        "late_penalty": round(sum(row.scores.values()) - row.score, 6),
        "unread": list(row.unread),
        "keys": kept.keys.to_json() if kept.keys else None,
    }
