"""A lesson shows what it computes: few imports, little code that draws, and no answer before its prediction.

Read from the source. A cell is *folded* where JupyterLab hides its code (`jupyter: source_hidden: true`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import code_cells, parse

IMPORTS = 8
"""Lines of imports that a lesson may have."""
PLOTTING = 8
"""Lines that draw in a cell whose code is seen."""
FIGURES = ("bars", "heatmaps", "panels", "plot", "shown", "subplots")
"""What of `course.lesson` draws; `shown` and `subplots` also by these names alone."""
FOLD = "Fold the cell (`jupyter: source_hidden: true` between two lines of --- at its top)"
ENDS = re.compile(r"\*\*(Takeaway|Explain|Predict)")
"""How the text begins at which a prediction is over."""


def imports_are_few(unit: UnitFiles) -> Iterator[Complaint]:
    """A lesson's imports take eight lines or less, and none is a star import: a reader meets the subject first."""
    total = 0
    for index, _, tree in _cells(unit):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            before, total = total, total + _lines(node)
            where = unit.place(unit.lesson_path, index)
            if any(alias.name == "*" for alias in node.names):
                what = f"`{ast.unparse(node)}` leaves a reader to guess where names come from"
                yield Complaint(where, what, "Import the module, or the names.")
            if before <= IMPORTS < total:
                yield Complaint(
                    where,
                    f"with this line the lesson's imports take more than {IMPORTS} lines",
                    "Take tools from `lesson`, and what it calls of course.nets from one module "
                    f"(from course.nets import unit{unit.id[:2]} as nets).",
                )


def drawing_is_folded(unit: UnitFiles) -> Iterator[Complaint]:
    """Code that draws takes eight lines or less, or is folded, in a cell that does nothing else."""
    drawn: set[str] = set()
    for index, cell, tree in _cells(unit):
        plotting = _plotting(tree, drawn)
        lines = sum(_lines(node) for node in plotting)
        where = unit.place(unit.lesson_path, index)
        if lines > PLOTTING and not _folded(cell):
            yield Complaint(
                where,
                f"{lines} lines draw here, and {PLOTTING} may in a cell whose code is seen",
                f"Draw with one call of course.lesson (plot, panels, heatmaps, bars). Or: {FOLD}, after what computes the claim.",
            )
        if _folded(cell) and (reading := next((node for node in ast.walk(tree) if _prints_or_reads(node)), None)):
            yield Complaint(
                where,
                f"`{ast.unparse(reading)}` stands in a folded cell, where nobody sees what is computed",
                "Let an open cell before it compute and print; what is folded only draws.",
            )


def predictions_are_not_spoilt(unit: UnitFiles) -> Iterator[Complaint]:
    """No alt text is seen between a prediction and what is said of its answer: it says what the figure shows."""
    waiting: set[str] = set()
    """Guesses that no cell has read yet."""
    fresh = False
    """Whether a guess was read, and no text has followed."""
    for index, cell in enumerate(unit.lesson.cells if unit.lesson else ()):
        if cell.cell_type == "markdown":
            if ENDS.search(cell.source):
                waiting, fresh = set(), False
            continue
        tree = parse(cell.source)
        if tree is None:
            continue
        guesses, read = _asked(tree), {name for name in waiting if f"{name}.value" in cell.source}
        alt = next((node for node in ast.walk(tree) if _tells(node)), None)
        if alt is not None and waiting:
            yield Complaint(
                unit.place(unit.lesson_path, index),
                f"the alt text is seen before “{min(waiting)}” is answered, and tells the answer",
                f"Draw in a cell of its own after the one that reads {min(waiting)}.value. {FOLD}.",
            )
        elif alt is not None and fresh and not _folded(cell):
            yield Complaint(
                unit.place(unit.lesson_path, index),
                "the alt text is seen below a prediction, and tells the answer",
                f"{FOLD}.",
            )
        fresh = fresh or bool(read)
        waiting = (waiting - read) | guesses


def _cells(unit: UnitFiles) -> Iterator[tuple[int, NotebookNode, ast.Module]]:
    for index, cell in code_cells(unit.lesson) if unit.lesson else ():
        tree = parse(cell.source)
        if tree is not None:
            yield index, cell, tree


def _folded(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# --------------------------------------------------------------------------- what draws


def _plotting(tree: ast.Module, drawn: set[str]) -> list[ast.stmt]:
    """The statements of a cell that draw: they call pyplot or a figure of `course.lesson`, or use what such a call made.

    `drawn` are the names that hold figures, axes, or functions that draw; those of this cell are added.
    """
    found = []
    for node in tree.body:
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        if names & drawn or any(_draws(inner) for inner in ast.walk(node)):
            found.append(node)
            if isinstance(node, ast.FunctionDef):
                drawn.add(node.name)
            elif isinstance(node, ast.Assign):
                drawn |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def _draws(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    first, _, last = ast.unparse(node.func).rpartition(".")
    return (
        last in ("shown", "subplots")
        or first.partition(".")[0] in ("plt", "pyplot")
        or (first == "lesson" and last in FIGURES)
    )


def _prints_or_reads(node: ast.AST) -> bool:
    """Whether a node prints, or reads a guess."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "print"
    return isinstance(node, ast.Attribute) and node.attr == "value" and ast.unparse(node.value).startswith("guess")


def _asked(tree: ast.Module) -> set[str]:
    """The names that hold predictions from here on."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func).rpartition(".")[2] == "predict"
    }


def _tells(node: ast.AST) -> bool:
    """Whether a node is a call with an alt text."""
    if not isinstance(node, ast.Call):
        return False
    shown = ast.unparse(node.func).rpartition(".")[2] == "shown" and len(node.args) > 1
    return shown or any(keyword.arg == "alt" for keyword in node.keywords)
