"""Private parts of other packages that the code leans on: each in one table, there in the locked version, and bounded.

A package may change what it calls private without a word. So `pyproject.toml` bounds the version of each such package,
and whoever widens a bound is told here what is gone.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Part(NamedTuple):
    """A private part of a package: `module` and the `name` in it, used as `said` in the file `where`."""

    package: str
    module: str
    name: str
    said: str
    where: str


PARTS = [
    Part("nbconvert", "nbconvert.exporters", "HTMLExporter._init_resources", "_init_resources", "autograder/feedback/page.py"),
    Part("nbconvert", "nbconvert.exporters.exporter", "Exporter._preprocessors", "_preprocessors", "autograder/feedback/page.py"),
    Part("nbgrader", "nbgrader.preprocessors", "AssignLatePenalties._check_late_penalty", "_check_late_penalty",
         "autograder/submissions/marking.py"),
    Part("nbgrader", "nbgrader.converters.base", "BaseConverter._format_source", "_format_source",
         "autograder/plugins/autograde.py"),
    Part("python", "multiprocessing.heap", "Arena._dir_candidates", "_dir_candidates", "autograder/kernels/stand_ins.py"),
    Part("jax", "jax._src.compilation_cache", "", "jax._src.compilation_cache", "autograder/kernels/forkserver/serve.py"),
    Part("jax", "jax._src.lru_cache", "", "jax._src.lru_cache", "autograder/kernels/forkserver/serve.py"),
    Part("jax", "jax._src.xla_bridge", "backends_are_initialized", "jax._src.xla_bridge", "autograder/kernels/forkserver/serve.py"),
    Part("jax", "jax._src.interpreters.ad", "JVPTrace", "jax._src.interpreters", "autograder/judging/probes.py"),
    Part("jax", "jax._src.interpreters.mlir", "make_ir_context", "jax._src.interpreters", "autograder/kernels/forkserver/serve.py"),
    Part("jax", "jax._src.interpreters.mlir", "make_ir_context", "mlir.make_ir_context", "autograder/kernels/forkserver/serve.py"),
    Part("comm", "comm", "create_comm", "comm.create_comm", "autograder/kernels/cells.py"),
    Part("ipython", "IPython.core.displaypub", "DisplayPublisher._validate_data", "_validate_data", "autograder/kernels/cells.py"),
    Part("ipykernel", "ipykernel.kernelbase", "Kernel._allow_stdin", "_allow_stdin", "course/kernel_info.py"),
    Part("ipywidgets", "ipywidgets", "Widget._view_count", "_view_count", "course/widgets/focusable.py"),
]  # fmt: skip

OF_PYTHON = {"_replace", "_asdict", "_fields", "_make", "_exit"}
"""Names of the standard library that begin so and are public."""


class Use(NamedTuple):
    said: str
    line: int


def uses(tree: ast.Module, own: set[str]) -> Iterator[Use]:
    """The private parts of others that a file uses: modules, attributes, names in text, and what it puts in their place."""
    others = {}
    own_here = set(defined(tree))
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                if _is_others(module):
                    others |= {alias.asname or alias.name: module for alias in node.names}
                    if _private(module):
                        yield Use(module, node.lineno)
                    for alias in node.names:
                        if _private(alias.name):
                            yield Use(alias.name, node.lineno)
            case ast.Import():
                for alias in node.names:
                    if _is_others(alias.name):
                        others[alias.asname or alias.name.split(".")[0]] = alias.name
                        if _private(alias.name):
                            yield Use(alias.name, node.lineno)
            case ast.Attribute(attr=name) if _private(name) and name not in own | OF_PYTHON:
                yield Use(name, node.lineno)
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=[_, ast.Constant(value=str(name)), *_]
            ):
                if _private(name) and name not in own_here:
                    yield Use(name, node.lineno)
            case ast.Constant(value=str(text)) if re.fullmatch(r"[a-z]\w*(\.\w+)+", text) and _private(text):
                yield Use(text, node.lineno)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Store()) if (
                name in others and name[0].islower()
            ):
                yield Use(f"{name}.{attr}", node.lineno)


def _private(dotted: str) -> bool:
    return any(part.startswith("_") and not part.endswith("_") for part in dotted.split("."))


def _is_others(module: str) -> bool:
    return module.split(".")[0] not in {*sys.stdlib_module_names, "autograder", "course"}


def defined(tree: ast.Module) -> Iterator[str]:
    """The private names that a file gives itself: its functions and classes, what it assigns, what it puts on `self`."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name


def found(root: Path) -> dict[tuple[str, str], list[int]]:
    """What is used where, by file and name."""
    files = {p.relative_to(root).as_posix(): ast.parse(p.read_text("utf-8")) for r in ("autograder", "course")
             for p in sorted((root / r).rglob("*.py"))}  # fmt: skip
    own = {name for tree in files.values() for name in defined(tree) if name.startswith("_")}
    all_: dict[tuple[str, str], list[int]] = {}
    for name, tree in files.items():
        for use in uses(tree, own):
            all_.setdefault((name, use.said), []).append(use.line)
    return all_


def test_each_private_part_that_is_used_stands_in_the_table_and_no_other(root: Path) -> None:
    assert set(found(root)) == {(part.where, part.said) for part in PARTS}


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("from nbgrader._version import version", "nbgrader._version"),
        ("from jax import _src", "_src"),
        ("import IPython.core._hidden", "IPython.core._hidden"),
        ("def f(shell):\n    return shell._hidden_state", "_hidden_state"),
        ("class A(B):\n    def f(self):\n        return self._of_the_base", "_of_the_base"),
        ("x = getattr(y, '_hidden', None)", "_hidden"),
        ("NAMES = ['traitlets._hidden']", "traitlets._hidden"),
        ("from traitlets import config\nconfig.Loader = None", "config.Loader"),
    ],
)
def test_one_that_is_not_in_the_table_is_found(planted: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "planted.py").write_text(planted)
    assert ("course/planted.py", said) in found(tmp_path)


@pytest.mark.parametrize("part", PARTS, ids=[f"{part.module}:{part.name}" for part in PARTS])
def test_each_is_there_in_the_version_that_is_installed(part: Part) -> None:
    owner: Any = import_module(part.module)
    for name in filter(None, part.name.split(".")):
        there = hasattr(owner, name) or name in getattr(owner, "__annotations__", {})
        assert there or _assigned(owner, name), (
            f"{part.package} has no {part.module}.{part.name}, which {part.where} uses"
        )
        owner = getattr(owner, name, None)


def _assigned(owner: type, name: str) -> bool:
    """Whether a class or a base of it puts that on its instances."""
    return any(name in method.__code__.co_names for base in owner.__mro__ for method in vars(base).values()
               if hasattr(method, "__code__"))  # fmt: skip


def test_each_of_their_packages_has_a_lowest_and_a_highest_version(root: Path) -> None:
    said = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    bounds = {re.split(r"[ <>=!~\[;]", text)[0]: text for text in said}
    wanted = {part.package for part in PARTS} - {"python"} | {"jaxlib", "ipython", "jupyter-client"}
    assert [name for name in wanted if not re.search(r">=\d[^,]*,<\d", bounds.get(name, ""))] == []
