"""Why a submission has the score it has, told from what the gradebook keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograder.errors import GradingError
from autograder.gradebook import audit
from autograder.gradebook.ledger import ATTEMPTS_PER_BATCH, GradebookStore
from autograder.judging.verdict import Verdict


def explain(ledger: GradebookStore, unit: str, student: str) -> dict[str, Any]:
    """Return all that is known of one score, as plain data. Raises `GradingError` where nothing is.

    `checks` has, for each check: the exercise, its seed (where inputs were drawn), what came back, the verdict, the
    mistake, the points, what nbgrader's tables hold now, and as `answer` what was handed to the judge. `changed` says
    where those tables are not as grading left them.
    """
    kept, rows = ledger.kept(unit, student), ledger.rows(unit, student)
    if kept is None or not rows:
        there = [row.student for row in ledger.rows(unit)]
        known = f"It has: {', '.join(there[:20])}{' …' if len(there) > 20 else ''}." if there else "It has nobody."
        raise GradingError(f"The gradebook has no result of {student} for {unit}. {known}")
    (row,) = rows
    in_tables, changes = ledger.held(unit, student), ledger.changes(unit)
    known_class = ledger.known_class(unit)
    asked = known_class[1].get("checks", {}) if known_class else {}
    number, tries = divmod(kept.attempt, ATTEMPTS_PER_BATCH)
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
                "in_the_gradebook": in_tables.get(cell),
                "answer": kept.answers.get(cell) or None,
            }
        )
    given = ledger.given(unit).get(student, {})
    return {
        "student": student,
        "unit": unit,
        "state": str(row.state),
        "reason": row.reason,
        "diagnostics": [one._asdict() for one in row.diagnostics],
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
        "changed": audit.told(replace(changes, cells=()), _names(kept.verdicts), only=student),
        "keys": kept.fingerprint.to_json() if kept.fingerprint else None,
    }


def _names(verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """What each check asks, by its cell."""
    return {cell: verdict.exercise for cell, verdict in verdicts.items()}
