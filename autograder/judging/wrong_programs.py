"""Wrong programs that the judge must reject: a unit's `wrong_programs.py` declares them beside its bank.

    wrong = Wrong()

    @wrong("conv2d", "takes square kernels only")
    def square_kernels(x, k, stride, padding): ...

Unlike a mistake, it has no sentence: it stands for the many programs that no sentence is about. `course lint` has each judged, and
none is ever released.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Program = Callable[..., Any]


class WrongProgram(NamedTuple):
    """A program, and what is wrong with it."""

    program: Program
    fault: str
    partly: bool
    """Whether it is right where its fault does not show, and so earns a part of the points."""


class Wrong:
    """Collects wrong programs by the exercise's name, in the order declared."""

    def __init__(self) -> None:
        self.programs: dict[str, list[WrongProgram]] = {}

    def __call__(self, exercise: str, fault: str, *, partly: bool = False) -> Callable[[Program], Program]:
        def keep(program: Program) -> Program:
            self.programs.setdefault(exercise, []).append(WrongProgram(program, fault, partly))
            return program

        return keep
