"""What classes hand in, as public reports tell of it: graded as at home, failed with its reason, or named."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_grading import FIXTURE, UNIT, WORTH, cell
from test_worker import Class, scores, source

from autograder.diagnostics import DiagnosticCode
from autograder.grading import grader
from autograder.submissions import inbox, submission
from autograder.submissions.pipeline import sets_its_environment
from autograder.submissions.result import GradingResult, Status

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield Class(tmp_path_factory.mktemp("tiny"))
    grader.end()


def graded(tiny: Class, folder: Path, change: Callable[[Any], None], **beside: str) -> GradingResult:
    """A student's whole folder, handed in and graded; what lies beside the notebook is text by name."""
    data = json.loads(tiny.content)
    change(data)
    own = folder / "ada" / UNIT
    own.mkdir(parents=True)
    (own / f"{UNIT}.ipynb").write_text(json.dumps(data))
    for name, text in beside.items():
        (own / f"{name}.py").write_text(text)
    ((found,), _) = inbox.collect(folder, UNIT)
    task = tiny.hand_in("ada")
    return grader.grade_one(type(task)(**vars(task) | {"submission": submission.read(found)}))


def first(text: str) -> Callable[[Any], None]:
    """The notebook's first code cell, with this before it."""

    def change(data: Any) -> None:
        one = next(c for c in data["cells"] if c["cell_type"] == "code")
        one["source"] = text + "\n" + "".join(one["source"])

    return change


@pytest.mark.parametrize(
    "set_it",
    [
        'import os\nos.environ["JAX_ENABLE_X64"] = "1"',
        "%env JAX_ENABLE_X64=1",
        'import os\nos.putenv("X", "y")\nos.environ.update(JAX_ENABLE_X64="true")',
    ],
)
def test_what_a_notebook_sets_before_its_first_import_holds(tiny: Class, tmp_path: Path, set_it: str) -> None:
    def change(data: Any) -> None:
        first(f"{set_it}\nimport jax.numpy as jnp")(data)
        cell(data, "scale")["source"] = "scale = 0.9**10 if jnp.ones(1).dtype == 'float64' else None"

    result = graded(tiny, tmp_path, change)
    assert result.ending is Status.GRADED and scores(result) == WORTH, result.reason


def test_an_ordinary_notebook_starts_in_a_warm_kernel() -> None:
    from autograder.submissions.notebook import read

    assert not sets_its_environment(read(FIXTURE / "solutions" / UNIT / f"{UNIT}.ipynb"))


def test_a_module_handed_in_beside_the_notebook_is_imported_and_none_before_the_sandbox(
    tiny: Class, tmp_path: Path
) -> None:
    evil = "import os, pathlib\npathlib.Path('/tmp/isometry-was-here').write_text('x')\n"
    helped = source("scale", "import os\nos.environ['A'] = 'b'\nfrom helper import scale")
    result = graded(tiny, tmp_path, helped, helper="scale = 0.9**10", json=evil, sitecustomize=evil)
    assert scores(result) == WORTH, result.reason
    assert not Path("/tmp/isometry-was-here").exists()


def test_the_reason_names_the_first_cell_that_failed_and_what_hung_on_it(tiny: Class, tmp_path: Path) -> None:
    result = graded(tiny, tmp_path, first("from google.colab import drive"))
    assert result.ending is Status.GRADED and set(scores(result).values()) == {0.0}
    (why,) = [one for one in result.diagnostics if one.code is DiagnosticCode.CELL_FAILED]
    assert why.cell == "cell 2" and "No module named 'google" in why.text and "3 checks could not run" in why.text
    assert why.text in html.unescape(result.feedback)


def test_a_line_for_pip_fails_alone(tiny: Class, tmp_path: Path) -> None:
    result = graded(tiny, tmp_path, first("!pip install numpy\n%pip install jax"))
    assert scores(result) == WORTH and result.reason == ""
