"""Reads what a learner types as a value: numbers, simple expressions, nested lists."""

from __future__ import annotations

from typing import Any

from autograder.judging.compare import Unreadable
from autograder.judging.exercise import Array, Choice, Integer, Number, Value

_EXAMPLE = {
    "number": "Type a number such as `0.35`, or an expression such as `0.9**10`.",
    "array": "Type rows in brackets, such as `[[1, 0], [0.5, 2]]`.",
}


def parse_answer(kind: Value, text: str) -> Any:
    """What a learner typed, as a value: numbers, simple expressions, nested lists; a choice's text as it is.

    Raises `Unreadable` with the sentence that says how to write it. `^` means power and a closing `%` a
    hundredth, since that is what people mean by them.
    """
    text = text.strip().replace("−", "-").replace("·", "*").replace("×", "*")
    if not text:
        return ...
    if isinstance(kind, Choice):
        return text
    example = _EXAMPLE["array" if isinstance(kind, Array) else "number"]
    text = text.replace("^", "**")
    if text.endswith("%"):
        text = f"({text[:-1]})/100"
    value = _evaluated(text, example)
    if isinstance(kind, Number | Integer) and isinstance(value, tuple | list):
        raise Unreadable(f"That is a list; one number was asked for. {example} Write decimals with a point.")
    return value


def _evaluated(text: str, example: str) -> Any:
    import math
    import warnings

    import simpleeval

    functions = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "tanh", "floor", "ceil")}
    functions |= {"ln": math.log, "abs": abs, "sigmoid": lambda z: 1 / (1 + math.exp(-z))}
    reader = simpleeval.EvalWithCompoundTypes(functions=functions, names={"pi": math.pi, "e": math.e})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an assignment is only warned of, and read without its name
            value = reader.eval(text)
    except ZeroDivisionError:
        raise Unreadable("That divides by zero.") from None
    except Exception:
        raise Unreadable(f"“{text}” cannot be read. {example}") from None
    if isinstance(value, int | float | list | tuple):
        return value
    raise Unreadable(f"“{text}” is not a number. {example}")
