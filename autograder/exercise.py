"""The words in which a bank is written. This module is public: banks import from it, and names in it stay.

What they mean stands where they are defined, in `autograder/judging/`: `exercise.py` (what is declared), `verdict.py`
(what the judge says), `values.py` (values as plain Python and as text).
"""

from __future__ import annotations

from autograder.judging.exercise import (
    Answer,
    Arguments,
    Array,
    BankError,
    Choice,
    Exercise,
    Function,
    Integer,
    Measurement,
    Mistake,
    Number,
    Requirement,
    Value,
    Variant,
    exercise,
)
from autograder.judging.values import show, to_builtins
from autograder.judging.verdict import Verdict, VerdictState

__all__ = [
    "Answer",
    "Arguments",
    "Array",
    "BankError",
    "Choice",
    "Exercise",
    "Function",
    "Integer",
    "Measurement",
    "Mistake",
    "Number",
    "Requirement",
    "Value",
    "Variant",
    "Verdict",
    "VerdictState",
    "exercise",
    "show",
    "to_builtins",
]
