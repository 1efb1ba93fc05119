"""Binder, rehearsed: its environment file, a new environment, `postBuild`, a server, and two lessons run under it.

The lightest lesson and the heaviest stand for all: each runs once, in the tests of its own, within the same memory; what
could differ here is what is installed, and that is asked for all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml
from lessons import reading_of
from serving import Server, peak_mb, run_notebook

from course import syllabus

pytestmark = pytest.mark.slow

KERNEL_MB = 600
TOGETHER_MB = 1024

UNITS = [unit.id for unit in syllabus.load().units]

MISSING = """
import ast, importlib.util, json, sys
from pathlib import Path

def sources(path):
    if path.suffix != ".ipynb":
        return [path.read_text(encoding="utf-8")]
    from IPython.core.inputtransformer2 import TransformerManager
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [TransformerManager().transform_cell("".join(c["source"])) for c in cells if c["cell_type"] == "code"]

def lacking(path):
    for source in sources(path):
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                if importlib.util.find_spec(name.partition(".")[0]) is None:
                    yield name
            if path.suffix == ".ipynb" and isinstance(node, (ast.Import, ast.ImportFrom)):
                try:
                    exec(ast.unparse(node), {})
                except ImportError as error:
                    yield str(error)

for path in map(Path, sys.argv[1:]):
    for name in lacking(path):
        print(f"{path.name}: {name}")
"""
"""Prints what the files named import and what is not installed; of notebooks, each import is also carried out."""


@dataclass
class Image:
    """What Binder would have built: the tree, the environment's folder, and the variables that processes see in it."""

    tree: Path
    prefix: Path
    env: dict[str, str]


def test_the_environment_file_is_python_3_11_and_the_lock(root: Path) -> None:
    said = yaml.safe_load((root / "environment.yml").read_text())
    sections = [d["pip"] for d in said["dependencies"] if isinstance(d, dict)]
    assert sections == [["-r requirements.lock"]]
    assert [d for d in said["dependencies"] if isinstance(d, str)] == ["python=3.11", "pip"]


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The tree copied without what git ignores; a new environment from `environment.yml` alone; `postBuild` run."""
    folder = tmp_path_factory.mktemp("binder")
    tree, prefix = folder / "tree", folder / "environment"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)

    said = yaml.safe_load((tree / "environment.yml").read_text())
    python = next(d for d in said["dependencies"] if isinstance(d, str) and d.startswith("python=")).replace("=", "")
    base = shutil.which(python) if sys.version_info[:2] != (3, 11) else sys.executable
    subprocess.run([base or sys.executable, "-m", "venv", prefix], check=True, capture_output=True)
    dropped = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "ISOMETRY", "JAX", "XLA")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    env["ISOMETRY_GATES"] = "open"  # nobody is there to pass them
    env["PATH"] = f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}"

    # As conda does: its pip section becomes a requirements file beside environment.yml, installed in one call.
    section = next(d["pip"] for d in said["dependencies"] if isinstance(d, dict))
    (tree / "condaenv.requirements.txt").write_text("\n".join(section) + "\n")
    run([prefix / "bin/python", "-m", "pip", "install", "-q", "-r", "condaenv.requirements.txt"], tree, env)
    (tree / "condaenv.requirements.txt").unlink()
    run(["./postBuild"], tree, env)
    return Image(tree, prefix, env)


def run(command: list[str | Path], cwd: Path, env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def server(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab as Binder starts it: in the repository's root, with none of `course study`'s variables."""
    command = ["./start", image.prefix / "bin/jupyter-lab", "--no-browser", "--ServerApp.port=0", "--allow-root"]
    started = Server.start(command, image.tree, image.env, tmp_path_factory.mktemp("server"))
    yield started
    started.stop()


def test_post_build_hands_out_the_notebooks_and_takes_nothing_of_the_instructors(image: Image, server: Server) -> None:
    for unit in syllabus.load(image.tree / "course" / "syllabus.toml").units:
        exercises = f"exercises/{unit.id}/{unit.id}.ipynb"
        names = ["start.ipynb", f"{unit.id}.ipynb", *([exercises] if (image.tree / exercises).is_file() else [])]
        for name in names:
            assert server.api("GET", f"api/contents/my-work/{name}?content=0")["type"] == "notebook"
    page = subprocess.run(
        [image.prefix / "bin/jupyter", "labextension", "list"], env=image.env, capture_output=True, text=True
    )
    disabled = (page.stdout + page.stderr).partition("Disabled extensions")[2]
    assert "@jupyterlab/apputils-extension:announcements" in disabled
    assert "@jupyter/nbgrader:formgrader" in disabled


def lightest_and_heaviest() -> list[str]:
    """The lessons whose own budgets of processor time are the least and the largest."""
    seconds = {unit: reading_of(unit).cpu_seconds for unit in UNITS}
    return [min(UNITS, key=seconds.__getitem__), max(UNITS, key=seconds.__getitem__)]


@pytest.mark.parametrize("which", ["the lightest", "the heaviest"])
def test_the_lesson_runs_there_within_binders_memory(image: Image, server: Server, which: str) -> None:
    unit = dict(zip(["the lightest", "the heaviest"], lightest_and_heaviest(), strict=True))[which]
    assert run_notebook(server, f"my-work/{unit}.ipynb") == []
    (kernel,) = server.kernels()
    kernel_mb, server_mb = peak_mb(kernel.pid), server.peak_mb()
    print(json.dumps({"unit": unit, "kernel_mb": round(kernel_mb), "server_mb": round(server_mb)}))
    assert kernel_mb <= KERNEL_MB, f"{unit}: the kernel's peak was {kernel_mb:.0f} MB"
    assert kernel_mb + server_mb <= TOGETHER_MB
    for session in server.api("GET", "api/sessions"):
        server.api("DELETE", f"api/sessions/{session['id']}")


@pytest.mark.parametrize("unit", UNITS)
def test_where_a_lesson_runs_in_its_own_tests_it_keeps_to_the_same_memory(unit: str) -> None:
    assert reading_of(unit).peak_mb <= KERNEL_MB


def missing(python: Path | str, files: list[Path], cwd: Path, env: dict[str, str] | None = None) -> list[str]:
    """What these files import that `python` does not find."""
    command = [python, "-c", MISSING, *files]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_all_that_any_notebook_imports_is_there(image: Image) -> None:
    notebooks = sorted((image.tree / "my-work").rglob("*.ipynb"))
    assert len(notebooks) > len(UNITS)
    modules = [file for file in sorted((image.tree / "course").rglob("*.py")) if "jupyter" not in file.parts]
    assert missing(image.prefix / "bin/python", [*notebooks, *modules], image.tree, image.env) == []


def test_what_is_missing_there_is_found(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(text) for text in ("%time import jax", "def f():\n    import no_such", "x = 1")]
    cells.append(nbformat.v4.new_code_cell("from course import no_such_name"))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    (tmp_path / "b.py").write_text("def f():\n    from neither.this import x\n")
    said = missing(sys.executable, [tmp_path / "a.ipynb", tmp_path / "b.py"], tmp_path)
    assert said[0] == "a.ipynb: no_such" and said[-1] == "b.py: neither.this"
    assert any("no_such_name" in line for line in said[1:-1])
