"""What the bank expects of a class is compiled before the class comes, and reaches students' kernels as nothing else."""

from __future__ import annotations

import ast
import dataclasses
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from test_grading import FIXTURE, UNIT, cell

from autograder import assignment, compiled, demo, keys, rehearsal, worker
from autograder.demo import Kind
from autograder.kit import Kit, task_of
from autograder.outcome import Ending, Outcome
from autograder.pipeline import Task
from autograder.submission import Submission
from autograder.workers import Workers

pytestmark = pytest.mark.slow

HIDDEN = 'hidden = "a sentence of the bank that no kernel of a student may find"\n'


class Class:
    """The tiny unit, where a mistake needs something of JAX that the solution does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(FIXTURE, folder / "course")
        bank = folder / "course" / "solutions" / UNIT / "bank.py"
        text = bank.read_text().replace("np.minimum(z, 0.0)", "jnp.minimum(z, 0.0)")
        bank.write_text(HIDDEN + text.replace("import numpy as np", "import jax.numpy as jnp\nimport numpy as np"))
        self.assignment = assignment.find(UNIT, folder / "course")
        released = assignment.prepare(self.assignment, folder / "made", f"sqlite:///{folder}/gradebook.db")
        source = self.assignment.source / f"{UNIT}.ipynb"
        solution = nbformat.read(source, as_version=4)
        solution.cells.append(new_code_cell("import jax\nprint(jax.jit(lambda x: 2 * x)(1.0))"))
        self.kit = Kit(
            f"{time.time_ns():x}",
            keys.of_environment(),
            UNIT,
            nbformat.writes(released),
            None,
            {source.name: nbformat.writes(solution).encode(), "bank.py": bank.read_bytes()},
            self.assignment.settings(),
            30,
            self.assignment.papers(b"k" * 32),
            {},
            worker.grade_one,
        )
        self.perfect = next(x for x in demo.make(UNIT, 8, seed=4, root=folder / "course") if x.kind is Kind.PERFECT)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield Class(tmp_path_factory.mktemp("tiny"))
    worker.end()


FLIPPED = """
import jax.numpy as jnp
from jax import monitoring
seen = []
monitoring.register_event_listener(lambda name, **more: seen.append(name.rsplit("/")[-1]))
def relu(z):
    return jnp.minimum(z, 0.0)
"""
LOOK = """
import os
cache = os.environ["JAX_COMPILATION_CACHE_DIR"]
assert os.path.isdir(cache)
print(seen.count("compile_requests_use_cache"), seen.count("cache_hits"))
for path in [cache, *{paths}]:
    try:
        print(os.listdir(path) if os.path.isdir(path) else open(path).read())
    except OSError as error:
        print(type(error).__name__)
"""


def anew(kit: Kit, **changes: Any) -> Kit:
    """The kit under another key: a process keeps what it has unpacked."""
    return dataclasses.replace(kit, key=f"{time.time_ns():x}", **changes)


def hand_in(tiny: Class, kit: Kit) -> tuple[Outcome, list[str], list[Path]]:
    """What comes of a learner with a mistake that JAX compiles, what its last cell prints, and where it looked."""
    data = json.loads(tiny.perfect.content)
    cell(data, "relu")["source"] = FLIPPED
    task = task_of(kit, Submission("ada", tiny.folder / "ada.ipynb"))
    kept = [task.source, task.source / UNIT / "bank.py", task.papers["relu-check"].bank, tiny.folder, Path("/tmp")]
    data["cells"].append(new_code_cell(LOOK.format(paths=[str(path) for path in kept]), id="looks"))
    task = dataclasses.replace(task, submission=Submission("ada", Path(), data=json.dumps(data).encode()))
    outcome = worker.grade_one(task)
    outputs = nbformat.reads(outcome.notebook, as_version=4).cells[-1].outputs
    return outcome, "".join(o.get("text", "") for o in outputs).splitlines(), kept


def test_a_mistake_is_compiled_before_a_learner_makes_it(
    tiny: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(rehearsal, "of", lambda task: None)
        alone = compiled.added(tiny.kit, tmp_path / "alone")
    outcome, said, _ = hand_in(tiny, anew(alone))
    asked, found = map(int, said[0].split())
    assert found < asked, "so there is something to rehearse"

    again, said, kept = hand_in(tiny, anew(compiled.added(tiny.kit, tmp_path / "rehearsed")))
    assert said[0] == f"{asked} {asked}"
    assert said[1:] == ["PermissionError"] * (1 + len(kept)), (
        "neither what was compiled nor what it was made of is seen"
    )
    assert again.mistakes == outcome.mistakes == {"relu-check": "flipped"} and again.answers == outcome.answers


def test_only_what_jax_kept_is_left_of_a_rehearsal(tiny: Class, tmp_path: Path) -> None:
    with Workers(2, 120, worker.use, (worker.place(),)) as crew:
        kit = compiled.added(tiny.kit, tmp_path, executor=crew)
    assert kit.compiled and all(name.startswith("jit_") and name.endswith("-cache") for name in kit.compiled)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path.name not in kit.compiled] == []


def texts(task: Task | None) -> list[str]:
    assert task is not None
    notebook: NotebookNode = nbformat.reads(task.released, as_version=4)
    return [cell.source for cell in notebook.cells]


def test_a_rehearsal_hands_in_the_reference_and_every_mistake_under_the_name_that_is_checked(tiny: Class) -> None:
    task = rehearsal.of(task_of(tiny.kit, Submission("solution", Path())))
    first, *checks = texts(task)
    assert "bank" not in first
    relu = tiny.assignment.bank.exercises["tiny.relu"]
    assert len(checks) == 1 + len(relu.mistakes)
    for text, function in zip(checks, [relu.reference, *(m.answer for m in relu.mistakes)], strict=True):
        assert demo.source_of(function, "relu") in text and text.endswith("check('tiny.relu', relu)")
    assert task is not None
    outcome = worker.grade_one(task)
    assert outcome.ending is Ending.GRADED and outcome.marks["rehearsal-1"].score == 0, "it is worth nothing"
    assert set(outcome.mistakes.values()) == {m.name for m in relu.mistakes}
    assert outcome.verdicts["rehearsal-1"].right


def test_a_decorator_that_is_handed_out_is_rehearsed_with_and_without(tiny: Class) -> None:
    released = nbformat.reads(tiny.kit.released, as_version=4)
    handed_out = cell(released, "relu")
    handed_out.source = handed_out.source.replace("def relu", "@jax.jit\ndef relu")
    kit = anew(tiny.kit, released=nbformat.writes(released))
    _, *checks = texts(rehearsal.of(task_of(kit, Submission("solution", Path()))))
    relu = tiny.assignment.bank.exercises["tiny.relu"]
    assert len(checks) == 2 * (1 + len(relu.mistakes))
    assert ["@jax.jit" in text for text in checks[:2]] == [False, True]
    assert all(ast.parse(text) for text in checks)


def test_a_rehearsal_ends_when_its_time_is_over(tiny: Class) -> None:
    task = task_of(tiny.kit, Submission("solution", Path()))
    slow = rehearsal.of(dataclasses.replace(task, seconds=0))
    assert slow is not None
    outcome = worker.grade_one(dataclasses.replace(slow, seconds=30))
    assert outcome.ending is Ending.GRADED and outcome.answers == {}
