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

from autograder.grading import grader, prewarm, simulated_class, warmup_notebook
from autograder.grading.bundle import GradingBundle, task_of
from autograder.grading.pool import ProcessPool
from autograder.grading.simulated_class import Kind
from autograder.submissions import assignment, fill_in, fingerprints
from autograder.submissions.result import GradingResult, Status
from autograder.submissions.submission import Submission
from autograder.submissions.task import Task

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
        self.bundle = GradingBundle(
            key=f"{time.time_ns():x}",
            environment=fingerprints.of_environment(),
            unit=UNIT,
            released=nbformat.writes(released),
            due=None,
            beside={source.name: nbformat.writes(solution).encode(), "bank.py": bank.read_bytes()},
            config=self.assignment.settings(),
            seconds=30,
            graded_items=self.assignment.graded_items(b"k" * 32),
            grade=grader.grade_one,
        )
        self.perfect = next(
            x for x in simulated_class.make(UNIT, 8, seed=4, root=folder / "course") if x.kind is Kind.PERFECT
        )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield Class(tmp_path_factory.mktemp("tiny"))
    grader.end()


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


def anew(bundle: GradingBundle, **changes: Any) -> GradingBundle:
    """The bundle under another key: a process keeps what it has unpacked."""
    return dataclasses.replace(bundle, key=f"{time.time_ns():x}", **changes)


def hand_in(tiny: Class, bundle: GradingBundle) -> tuple[GradingResult, list[str], list[Path]]:
    """What comes of a learner with a mistake that JAX compiles, what its last cell prints, and where it looked."""
    data = json.loads(tiny.perfect.content)
    cell(data, "relu")["source"] = FLIPPED
    task = task_of(bundle, Submission("ada", tiny.folder / "ada.ipynb"))
    kept = [
        task.source,
        task.source / UNIT / "bank.py",
        task.graded_items["relu-check"].bank,
        tiny.folder,
        Path("/tmp"),
    ]
    data["cells"].append(new_code_cell(LOOK.format(paths=[str(path) for path in kept]), id="looks"))
    task = dataclasses.replace(task, submission=Submission("ada", Path(), data=json.dumps(data).encode()))
    result = grader.grade_one(task)
    outputs = nbformat.reads(result.notebook, as_version=4).cells[-1].outputs
    return result, "".join(o.get("text", "") for o in outputs).splitlines(), kept


def test_a_mistake_is_compiled_before_a_learner_makes_it(
    tiny: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(warmup_notebook, "warmup_task", lambda task: None)
        alone = prewarm.with_compile_cache(tiny.bundle, tmp_path / "alone")
    result, said, _ = hand_in(tiny, anew(alone))
    asked, found = map(int, said[0].split())
    assert found < asked, "so there is something to rehearse"

    again, said, kept = hand_in(tiny, anew(prewarm.with_compile_cache(tiny.bundle, tmp_path / "rehearsed")))
    assert said[0] == f"{asked} {asked}"
    assert said[1:] == ["PermissionError"] * (1 + len(kept)), (
        "neither what was compiled nor what it was made of is seen"
    )
    assert again.mistakes == result.mistakes == {"relu-check": "flipped"} and again.answers == result.answers


def test_only_what_jax_kept_is_left_of_a_rehearsal(tiny: Class, tmp_path: Path) -> None:
    with ProcessPool(2, 120, grader.use, (grader.place(),)) as crew:
        bundle = prewarm.with_compile_cache(tiny.bundle, tmp_path, executor=crew)
    assert bundle.compiled and all(name.startswith("jit_") and name.endswith("-cache") for name in bundle.compiled)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path.name not in bundle.compiled] == []


def texts(task: Task | None) -> list[str]:
    assert task is not None
    notebook: NotebookNode = nbformat.reads(task.released, as_version=4)
    return [cell.source for cell in notebook.cells]


def test_a_rehearsal_hands_in_the_reference_and_every_mistake_under_the_name_that_is_checked(tiny: Class) -> None:
    task = warmup_notebook.warmup_task(task_of(tiny.bundle, Submission("solution", Path())))
    first, *checks = texts(task)
    assert "bank" not in first
    relu = tiny.assignment.bank.exercises["tiny.relu"]
    assert len(checks) == 1 + len(relu.mistakes)
    for text, function in zip(checks, [relu.reference, *(m.answer for m in relu.mistakes)], strict=True):
        assert fill_in.source_of(function, "relu") in text and text.endswith("check('tiny.relu', relu)")
    assert task is not None
    result = grader.grade_one(task)
    assert result.ending is Status.GRADED and result.marks["rehearsal-1"].score == 0, "it is worth nothing"
    assert set(result.mistakes.values()) == {m.name for m in relu.mistakes}
    assert result.verdicts["rehearsal-1"].right


def test_a_decorator_that_is_handed_out_is_rehearsed_with_and_without(tiny: Class) -> None:
    released = nbformat.reads(tiny.bundle.released, as_version=4)
    handed_out = cell(released, "relu")
    handed_out.source = handed_out.source.replace("def relu", "@jax.jit\ndef relu")
    bundle = anew(tiny.bundle, released=nbformat.writes(released))
    _, *checks = texts(warmup_notebook.warmup_task(task_of(bundle, Submission("solution", Path()))))
    relu = tiny.assignment.bank.exercises["tiny.relu"]
    assert len(checks) == 2 * (1 + len(relu.mistakes))
    assert ["@jax.jit" in text for text in checks[:2]] == [False, True]
    assert all(ast.parse(text) for text in checks)


def test_a_rehearsal_ends_when_its_time_is_over(tiny: Class) -> None:
    task = task_of(tiny.bundle, Submission("solution", Path()))
    slow = warmup_notebook.warmup_task(dataclasses.replace(task, seconds=0))
    assert slow is not None
    result = grader.grade_one(dataclasses.replace(slow, seconds=30))
    assert result.ending is Status.GRADED and result.answers == {}
