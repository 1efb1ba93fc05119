"""The notebook's cells and their metadata, and the shell that runs them."""

from __future__ import annotations

import copy

from .attack import Handed, Place, attack, code
from .target import CHECKS, POINTS


@attack("skip-execution", "The checks are tagged to be skipped: what does not run cannot fail.", quick=True)
def _(n: Handed, at: Place) -> None:
    for name in (*(f"{name}-check" for name in CHECKS), "classic"):
        n.cell(name)["metadata"]["tags"] = ["skip-execution"]


@attack("other-tags", "Tags that let errors pass, hide cells and inject parameters.")
def _(n: Handed, at: Place) -> None:
    for cell in n.data["cells"]:
        cell["metadata"]["tags"] = [
            "raises-exception",
            "remove_cell",
            "remove-cell",
            "injected-parameters",
            "hide_input",
        ]
    n.data["metadata"]["execution"] = {"allow_errors": True, "timeout": 10**9}


@attack("edited-points", "The points in the notebook's metadata are raised.", ceiling=1.0)
def _(n: Handed, at: Place) -> None:
    n.right("count")
    for cell in n.data["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 1000


@attack("swapped-ids", "The id of the dearest question stands on the one that was answered.", ceiling=1.0)
def _(n: Handed, at: Place) -> None:
    n.right("count")
    n.cell("relu-check")["metadata"]["nbgrader"]["grade_id"] = "lost"
    n.cell("count-check")["metadata"]["nbgrader"]["grade_id"] = "relu-check"


@attack("edited-flags", "Checks are flagged as answers that a person reads, answers as checks.")
def _(n: Handed, at: Place) -> None:
    for name in CHECKS:
        n.cell(f"{name}-check")["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
        n.cell(name)["metadata"]["nbgrader"] |= {"grade": True, "points": 10}
    n.cell("why")["metadata"]["nbgrader"] |= {"grade": True, "solution": False, "points": 99}


@attack("cells-of-my-own", "Further graded cells, worth a hundred points each.")
def _(n: Handed, at: Place) -> None:
    for i in range(5):
        marks = {"grade": True, "grade_id": f"bonus-{i}", "locked": True, "points": 100, "schema_version": 3}
        n.add("100.0")["metadata"]["nbgrader"] = marks | {"solution": False, "task": False}


@attack("rewritten-checks", "The locked cells that check hold the points instead.")
def _(n: Handed, at: Place) -> None:
    n.put(**{f"{name}_check": f"{float(points)}" for name, (_, points) in CHECKS.items()}, classic="1.0")


@attack("rewritten-versions", "The same, with the cells said to be unlocked and of an old schema.")
def _(n: Handed, at: Place) -> None:
    n.put(**{f"{name}_check": f"{float(points)}" for name, (_, points) in CHECKS.items()})
    for name in CHECKS:
        n.cell(f"{name}-check")["metadata"]["nbgrader"] |= {"locked": False, "schema_version": 1, "checksum": "x"}


@attack("deleted-checks", "The cells that check are not there.")
def _(n: Handed, at: Place) -> None:
    kept = [c for c in n.data["cells"] if not c["metadata"].get("nbgrader", {}).get("grade_id", "").endswith("-check")]
    n.data["cells"] = kept


@attack("duplicated-checks", "Every check is there five times.")
def _(n: Handed, at: Place) -> None:
    copies = [copy.deepcopy(n.cell(f"{name}-check")) for name in CHECKS for _ in range(4)]
    for i, made in enumerate(copies):
        made["id"] = f"copy-{i}"
    n.data["cells"] += copies


@attack("double-check", "A right answer is checked twice, once under the id of another question.", ceiling=1.0)
def _(n: Handed, at: Place) -> None:
    n.right("count")
    again = copy.deepcopy(n.cell("count-check"))
    again["metadata"]["nbgrader"]["grade_id"] = "relu-check"
    n.data["cells"].append(again)


@attack("reordered", "The cells stand in the reverse order.")
def _(n: Handed, at: Place) -> None:
    n.data["cells"].reverse()


@attack("other-kinds", "The checks are text, and the text is code.")
def _(n: Handed, at: Place) -> None:
    for name in CHECKS:
        n.cell(f"{name}-check")["cell_type"] = "raw"
        n.cell(f"{name}-check")["metadata"]["nbgrader"]["cell_type"] = "raw"
    n.cell("why")["cell_type"] = "code"


@attack("input-transformers", "What is typed is rewritten before it runs: a check becomes its points.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=f"{POINTS}def forge(lines):\n    text = ''.join(lines)\n"
        "    if 'assert' in text: return ['1.0\\n']\n"
        "    return next(([f'{points}\\n'] for name, points in POINTS.items() if name in text), lines)\n"
        "get_ipython().input_transformers_cleanup.append(forge)\nscale = 9.0"
    )


@attack("syntax-tree", "The parsed check is rewritten before it runs.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=f"import ast\n{POINTS}class Forge(ast.NodeTransformer):\n    def visit_Call(self, node):\n"
        "        if getattr(node.func, 'id', '') == 'check':\n"
        "            return ast.copy_location(ast.Constant(POINTS[node.args[0].value]), node)\n        return node\n"
        "    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)\n"
        "get_ipython().ast_transformers.append(Forge())\nscale = 9.0"
    )


@attack("displayhook", "What a cell returns is shown as something else.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import sys
            from autograder.kernels.cells import Shown
            from ipykernel.displayhook import ZMQShellDisplayHook
            for Hook in (Shown, ZMQShellDisplayHook): Hook.__call__ = lambda self, value=None: None
            sys.displayhook = lambda value: None
        """)
    )


@attack("do-execute", "The kernel answers that every cell ran well, and runs none.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            kernel = get_ipython().kernel
            async def nothing(*a, **k):
                return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}
            kernel.do_execute = nothing
            import autograder.kernels.cells
            autograder.kernels.cells._run = lambda *a: None
        """)
    )


@attack("run-cell", "The shell's `run_cell` shows full points for every check.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=f"{POINTS}scale = 9.0\nshell = get_ipython()\nreal = shell.run_cell\nreal_async = shell.run_cell_async\n"
        "def forged(text): return next((str(p) for name, p in POINTS.items() if name in text), text.replace('assert', '#'))\n"
        "shell.run_cell = lambda text, *a, **k: real(forged(text), *a, **k)\n"
        "shell.run_cell_async = lambda text, *a, **k: real_async(forged(text), *a, **{**k, 'transformed_cell': None})"
    )


@attack("events", "Hooks around every cell show points and set right what was wrong in the cells that assert.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            from IPython.display import display
            shell = get_ipython()
            shell.events.register('pre_run_cell', lambda info: display(2.0))
            shell.events.register('pre_run_cell', lambda info: shell.user_ns.update(guess=42))
        """)
    )


@attack("no-errors", "Errors of all kinds are caught before they show; asserts cannot fail.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            del check
            shell = get_ipython()
            shell.set_custom_exc((BaseException,), lambda *a, **k: [])
            shell.showtraceback = shell.showsyntaxerror = shell._showtraceback = lambda *a, **k: None
        """)
    )


@attack("builtins", "Python's own functions are replaced: `isinstance`, `abs`, `float`, `print`, the import.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import builtins
            builtins.abs = lambda x: 0
            builtins.all = builtins.any = lambda *a: True
            builtins.isinstance = lambda *a: True
        """)
    )


@attack("another-course", "A module of one's own stands in the place of `course` before it is imported.")
def _(n: Handed, at: Place) -> None:
    n.first(
        f"import sys, types\n{POINTS}forged = types.ModuleType('course')\n"
        "forged.check = lambda exercise, *a, **k: POINTS[exercise]\nsys.modules['course'] = forged"
    )


@attack("magics", "Cell magics that capture, hide or run elsewhere what the checks do.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code(r"""
            scale = 9.0
            from IPython.core.magic import register_cell_magic
            shell = get_ipython()
            @register_cell_magic
            def quietly(line, cell): return 2.0
            shell.input_transformers_cleanup.append(lambda lines: ['%%quietly\n', *lines])
        """)
    )
