"""Comparisons stand on data that allow them: digits of other writers, and several seeds. Read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import code_cells, parse

UNSPLIT = {"raw_digits", "load_digits", "fetch_openml", "train_test_split", "by_writer"}
"""What reaches the digits, or splits data, past `course.nets.data`."""
SEEDS = {"seeds": 0, "rotations": 0, "several_seeds": 1}
"""Which argument of a call is the number of seeds."""
NAMES = {"seeds": "n", "rotations": "count", "several_seeds": "count"}
TRAINERS = {"train", "train_mlp", "train_norms", "train_images"}
"""Functions of `course.nets` that train, whose first argument is the key or the keys."""
ENOUGH = 5


def digits_are_split_by_writer(unit: UnitFiles) -> Iterator[Complaint]:
    """A lesson has its digits from `digits`, `rotations` or `shifted_digits`, or by name from `random_split`."""
    for cell, tree in _lesson(unit):
        for name in sorted({found for node in ast.walk(tree) for found in _names(node)} & UNSPLIT):
            yield Complaint(
                unit.place(unit.lesson_path, cell),
                f"“{name}” may put one writer's digits on both sides of the split",
                "Take digits(…) or rotations(…) of course.nets.data, or random_split(…) where that leak is the subject.",
            )


def comparisons_have_seeds(unit: UnitFiles) -> Iterator[Complaint]:
    """What a lesson trains, it trains with five seeds or more, so that a comparison shows its spread."""
    for cell, tree in _lesson(unit):
        for node in ast.walk(tree):
            few = _few_seeds(node)
            if few:
                yield Complaint(
                    unit.place(unit.lesson_path, cell),
                    f"`{few}` says how it goes once, not how it usually goes",
                    f"Give it {ENOUGH} seeds or more, such as seeds({ENOUGH}), and show mean and spread.",
                )


def _lesson(unit: UnitFiles) -> Iterator[tuple[int, ast.Module]]:
    for index, cell in code_cells(unit.lesson) if unit.lesson else ():
        tree = parse(cell.source)
        if tree is not None:
            yield index, tree


def _names(node: ast.AST) -> Iterator[str]:
    """What a node calls by name: a variable, an attribute or something imported."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.alias):
        yield node.name.rpartition(".")[2]


def _few_seeds(node: ast.AST) -> str | None:
    """The call or loop, as written, where it takes fewer seeds than enough, as far as that can be read off."""
    if isinstance(node, ast.comprehension | ast.For) and "seed" in "".join(_names(node.target)):
        written = [part for part in ast.walk(node.iter) if isinstance(part, ast.Tuple | ast.List)]
        short = isinstance(node.iter, ast.Call) and ast.unparse(node.iter) in {f"range({n})" for n in range(ENOUGH)}
        if short or (written and all(len(part.elts) < ENOUGH for part in written)):
            return f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
    if not isinstance(node, ast.Call):
        return None
    name = next(iter(_names(node.func)), "")
    if name in SEEDS:
        n = _argument(node, SEEDS[name], NAMES[name])
        if isinstance(n, ast.Constant) and isinstance(n.value, int) and n.value < ENOUGH:
            return ast.unparse(node)
    if name in TRAINERS and node.args:
        key = node.args[0]
        if isinstance(key, ast.Call) and next(iter(_names(key.func)), "") in ("key", "PRNGKey"):
            return f"{name}({ast.unparse(key)}, …)"
    return None


def _argument(node: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((k.value for k in node.keywords if k.arg == name), None)
    return node.args[place] if named is None and len(node.args) > place else named
