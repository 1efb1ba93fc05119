"""Every figure has alt text. Read from the source: a figure goes through `shown(figure, alt)`, or a view draws it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course.authoring.complaint import Complaint
from course.authoring.course_files import UnitFiles
from course.authoring.rules.calls import code_cells, parse

SHOWN = "Hand the figure to shown(figure, alt=…) of course.views, with a sentence that says what it shows."
SILENT = {"close", "rc", "rc_context", "style", "rcParams", "switch_backend", "get_cmap", "colormaps", "cm"}
"""What pyplot offers that draws nothing."""


def figures_have_alt_text(unit: UnitFiles) -> Iterator[Complaint]:
    """Code draws through `shown` with alt text, or a view; images in the prose have theirs."""
    for path, notebook in ((unit.lesson_path, unit.lesson), (unit.source_path, unit.source)):
        for cell, what, how in silent_figures(notebook) if notebook else ():
            yield Complaint(unit.place(path, cell), what, how)


def silent_figures(notebook: NotebookNode) -> Iterator[tuple[int, str, str]]:
    """(cell, what is wrong, how to mend it) for each figure without alt text."""
    drawing: set[str] = set()
    """Functions of the notebook that draw with pyplot: a call of one counts as drawing."""
    for index, cell in code_cells(notebook):
        tree = parse(cell.source)
        if tree is None:
            continue
        drawing |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _draws(node, drawing)}
        yield from ((index, what, how) for what, how in _in_code(tree, drawing))
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield from ((index, what, how) for what, how in _in_prose(cell.source))


# --------------------------------------------------------------------------- code


def _in_code(tree: ast.Module, drawing: set[str]) -> Iterator[tuple[str, str]]:
    statements = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    nodes = [inner for node in statements for inner in ast.walk(node)]
    shown = [node for node in nodes if isinstance(node, ast.Call) and (_calls(node, "shown") or _whole(node))]
    by_view = _names_of_views(statements)
    for node in (inner for inner in ast.walk(tree) if isinstance(inner, ast.Call)):
        # plt.show(), figure.show()
        if isinstance(node.func, ast.Attribute) and node.func.attr == "show" and not node.args:
            yield f"`{ast.unparse(node)}` shows a figure without alt text", SHOWN
            return
        if _calls(node, "Image") and not any(k.arg == "alt" for k in node.keywords):
            yield "Image(…) shows a picture without alt text", "Give it alt=…, a sentence that says what it shows."
    for node in shown:
        if not _has_alt(node, by_view):
            name = (_dotted(node.func) or "").rpartition(".")[2]
            yield f"{name}(…) has no alt text", "Give it alt=…, a sentence that says what the figure shows."
    last = statements[-1] if statements and tree.body[-1] is statements[-1] else None
    bare = last.value if isinstance(last, ast.Expr) else None
    if not shown and any(_pyplot(node) or _calls(node, *drawing) for node in nodes):
        yield "this cell draws with matplotlib and shows it without alt text", SHOWN
    elif bare is not None and _is_figure(bare, _names_of_figures(statements, drawing) | by_view):
        yield f"`{ast.unparse(bare)}` shows a figure without alt text", SHOWN


def _whole(node: ast.Call) -> bool:
    """Whether a call draws a whole figure: one of `course.lesson`, which asks for the alt text itself."""
    first, _, last = (_dotted(node.func) or "").rpartition(".")
    return first == "lesson" and last in ("bars", "heatmaps", "panels", "plot")


def _draws(function: ast.FunctionDef, drawing: set[str]) -> bool:
    """Whether a function makes a figure, and does not show it with alt text itself."""
    nodes = list(ast.walk(function))
    return any(_pyplot(n) or _calls(n, *drawing) for n in nodes) and not any(_calls(n, "shown") for n in nodes)


def _pyplot(node: ast.AST) -> bool:
    """Whether a node is a call of pyplot that makes or changes a figure, or `Figure(…)`."""
    if not isinstance(node, ast.Call):
        return False
    name = _dotted(node.func) or ""
    first, _, rest = name.partition(".")
    drawn = first in ("plt", "pyplot") and bool(rest) and rest.split(".")[0] not in SILENT
    return drawn or name in ("Figure", "subplots", "lesson.subplots")


def _names_of_figures(statements: list[ast.stmt], drawing: set[str]) -> set[str]:
    """Names that hold what pyplot, or a drawing function, returned."""
    return _targets(statements, lambda value: _pyplot(value) or _calls(value, *drawing))


def _names_of_views(statements: list[ast.stmt]) -> set[str]:
    """Names that hold a view's `figure()`, which brings its own alt text to `shown`."""
    return _targets(statements, _is_figure_method)


def _targets(statements: list[ast.stmt], holds: object) -> set[str]:
    assert callable(holds)
    found: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Assign) and holds(node.value):
            found |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def _is_figure(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression at a cell's end shows a figure: one held by a name, a method of it, or `….figure()`."""
    if _is_figure_method(node):
        return True
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and node.id == "display":
            return False
    return isinstance(node, ast.Name) and node.id in names


def _is_figure_method(node: ast.AST) -> bool:
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "figure"
    return method and not _pyplot(node)


def _has_alt(node: ast.Call, by_view: set[str]) -> bool:
    second = node.args[1] if len(node.args) > 1 and not _whole(node) else None
    alt = next((k.value for k in node.keywords if k.arg == "alt"), second)
    if isinstance(alt, ast.Constant):
        return isinstance(alt.value, str) and bool(alt.value.strip())
    if alt is not None or any(k.arg is None for k in node.keywords):
        return True
    figure = node.args[0] if node.args else None
    return figure is not None and (_is_figure_method(figure) or (isinstance(figure, ast.Name) and figure.id in by_view))


def _calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and (_dotted(node.func) or "").rpartition(".")[2] in names


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else None
    return None


# --------------------------------------------------------------------------- prose


def _in_prose(text: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", text)
    how = "Write between the brackets what it shows."
    for match in re.finditer(r"!\[([^\]]*)\]\(([^)\s]*)", text):
        if not match[1].strip():
            yield f"the image {match[2]} has no alt text", how
    for match in re.finditer(r"<img\b[^>]*>", text, re.IGNORECASE):
        if not re.search(r"\balt\s*=\s*(\"[^\"]+\"|'[^']+')", match[0]):
            yield "an <img> has no alt text", 'Give it alt="…", a sentence that says what it shows.'
    for match in re.finditer(r"^(`{3,}|:{3,})\{(?:image|figure)\}\s*(\S*)(.*?)^\1", text, re.MULTILINE | re.DOTALL):
        if not re.search(r"^:?alt:\s*\S", match[3], re.MULTILINE):
            yield f"the image {match[2]} has no alt text", "Give it an :alt: line that says what it shows."
