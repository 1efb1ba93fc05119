"""What the record keeps of an answer: what was asked and accepted, and what was given, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.judging import judge
from autograder.judging.exercise import Choice, Exercise
from autograder.judging.values import show, to_builtins
from course.mastery import record

LONGEST = 400
"""How many characters of an answer the record keeps as text."""


def as_text(value: Any) -> str:
    """An answer as the record keeps it: short enough to read, whatever it is."""
    large = getattr(value, "size", 0)
    try:
        if callable(value) or (isinstance(large, int) and large > LONGEST):
            text = judge.brief(value)
        elif isinstance(value, list | tuple):
            text = show(value[:LONGEST])
        else:
            text = show(_numpy(value))
    except Exception:  # a stranger's object need not even be printable
        text = judge.brief(value)
    text = text.encode(errors="replace").decode()  # half a surrogate pair is no text a file can hold
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def recordable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the record can hold them: plain values, and as text what JSON has no form for."""

    def held(value: Any) -> Any:
        try:
            value = to_builtins(_numpy(value))
            record.variant_text({"": value})
        except Exception:
            return as_text(value)
        return value

    return {name: held(value) for name, value in arguments.items()}


def _numpy(value: Any) -> Any:
    """An array of JAX's as one of NumPy's; anything else as it is."""
    return np.asarray(value) if hasattr(value, "__array__") else value


def event_of(exercise: Exercise, arguments: Mapping[str, Any], **what: Any) -> record.Event:
    """The event of one answer to `exercise`, with what was asked and accepted as text."""
    if exercise.is_code:
        asked, accepted = exercise.prompt().split("\n")[0], ""
    else:
        asked, accepted = exercise.prompt(arguments), as_text(exercise.reference(*exercise.inputs(arguments)))
    return record.Event(
        "answer",
        unit=exercise.skill.split(".")[0],
        skill=exercise.skill,
        exercise=exercise.id,
        arguments=recordable(arguments),
        content=exercise.version,
        options=len(exercise.answer.options) if isinstance(exercise.answer, Choice) else 0,
        asked=asked,
        accepted=accepted,
        **what,
    )
