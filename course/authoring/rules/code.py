"""A code exercise's reference and mistakes stand on their own, so that a notebook can be made from their source."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles

ALLOWED = {"jax", "jnp", "lax", "np"}


def code_stands_alone(unit: UnitFiles) -> Iterator[Complaint]:
    """They use their parameters, their own names, Python's, and jax, jnp, lax and np."""
    for exercise in unit.bank.exercises.values() if unit.bank else ():
        if not exercise.is_code:
            continue
        for function in (exercise.reference, *(m.answer for m in exercise.mistakes)):
            foreign = names_from_outside(function)
            if foreign:
                yield Complaint(
                    unit.of_bank(exercise.id),
                    f"“{function.__name__}” uses {', '.join(f'`{name}`' for name in foreign)} from outside itself",
                    "Write it with its parameters and jax, jnp, lax and np alone; define helpers inside it.",
                )


def names_from_outside(f: Callable[..., Any]) -> list[str]:
    """The global names a function's source needs besides Python's own and `ALLOWED`, its decorators aside."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = _globals(compile(tree, "bank", "exec", dont_inherit=True))
    return sorted(name for name in used - ALLOWED - defined if not hasattr(builtins, name))


def _globals(code: CodeType) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _globals(constant)
    return names
