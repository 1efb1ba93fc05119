"""Notebooks of people who would rather not solve the exercises, graded for real: none earns what it did not answer."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_grading import FIXTURE, UNIT, WORTH, cell, kernels

from autograder.gradebook.rows import Row
from autograder.grading import simulated_class
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.grading.simulated_class import Kind
from autograder.kernels.sandbox import Limits
from autograder.submissions.result import Status

pytestmark = pytest.mark.slow

LIMIT = 20

NOTHING = dict.fromkeys(WORTH, 0.0)


def sources(**cells: str) -> Callable[[Any], None]:
    """These sources in the place of what the cells with these ids hold."""

    def change(data: Any) -> None:
        for grade_id, source in cells.items():
            cell(data, grade_id)["source"] = source

    return change


WRONG = "scale = 9.0"
"""The mistake `linear`."""
THROUGH_CHECK = "import course\nhonest = course.check\n"
TALK = """
import os, threading
from autograder.judging.protocol.hand_in import PLACE, _connected
def connected():
    return _connected(os.environ[PLACE])
"""

ATTACKS: dict[str, tuple[Callable[[Any], None], dict[str, float], str]] = {
    "forged-check": (
        sources(scale="check = lambda *answers, **numbers: 2.0"),
        NOTHING,
        "",
    ),
    "forged-points": (
        sources(
            scale=f"{WRONG}\nfrom course.notebook.checking import Points\n"
            "Points._repr_mimebundle_ = lambda self, **k: {'text/plain': '2.0', 'text/html': 'Well' + ' done'}"
        ),
        WORTH | {"scale-check": 0.0},
        "",
    ),
    "numpy-that-agrees": (
        sources(
            scale=f"{WRONG}\nimport numpy as np\nfrom autograder.judging import compare, judge\n"
            "np.allclose = np.array_equal = np.all = lambda *a, **k: True\n"
            "compare.agrees = judge.judge = lambda *a, **k: True"
        ),
        WORTH | {"scale-check": 0.0},
        "",
    ),
    "another-exercise": (
        sources(scale=f"scale = 0\n{THROUGH_CHECK}check = lambda exercise, answer, **k: honest('tiny.weights', 84)"),
        WORTH | {"scale-check": 0.0, "relu-check": 0.0},
        "another exercise",
    ),
    "two-answers": (
        sources(
            scale=f"{WRONG}\n{THROUGH_CHECK}"
            "check = lambda e, a, **k: (honest(e, a, **k), [honest(e, x / 1000, **k) for x in range(1000)])[0]"
        ),
        WORTH | {"scale-check": 0.0},
        "More than one answer",
    ),
    "ahead-of-time": (
        sources(scale=f"{THROUGH_CHECK}honest('tiny.scale', 0.349)\ncheck = lambda *a, **k: None"),
        NOTHING,
        "",
    ),
    "endless-function": (
        sources(
            relu="def relu(z):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass"
        ),
        WORTH | {"relu-check": 0.0},
        "",
    ),
    "displayhook": (
        sources(
            scale=f"{WRONG}\nimport sys\nfrom ipykernel.displayhook import ZMQShellDisplayHook as Hook\n"
            "Hook.__call__ = lambda self, value=None: None\nsys.displayhook = print"
        ),
        WORTH | {"scale-check": 0.0},
        "",
    ),
    "transformed": (
        sources(scale=f"{WRONG}\nget_ipython().input_transformers_cleanup.append(lambda lines: ['2.0\\n'])"),
        NOTHING,
        "",
    ),
    "equal-to-everything": (
        sources(
            scale="class Equal(float):\n    __eq__ = __ge__ = __le__ = lambda self, other: True\n"
            "    __sub__ = __rsub__ = lambda self, other: 0.0\nscale = Equal(9)",
            count="class Chameleon:\n    def __array__(self, *a, **k):\n        import inspect\n"
            "        frames = [f.frame.f_locals for f in inspect.stack()]\n"
            "        return next((f[k] for f in frames for k in ('right', 'expected', 'reference') if k in f), 0)\n"
            "count = Chameleon()",
            relu="import numpy as np\ndef relu(z):\n    return np.full(z.shape, np.nan)",
        ),
        NOTHING,
        "",
    ),
    "out-of-range": (
        sources(scale="scale = 10**400", count="count = -84 + 0j", relu="relu = lambda z: [float('inf')] * 10**6"),
        NOTHING,
        "",
    ),
    "no-message": (
        sources(
            scale=f"{TALK}\ndef check(*a, **k):\n    connected().sendall(b'\\xff' * 10**6)\n    return 2.0",
        ),
        NOTHING,
        "in a form|MB",
    ),
    "hanging-on": (
        sources(
            scale=f"scale = 0.9**10\n{TALK}\nkept = [connected() for _ in range(5)]\n"
            "def hold():\n    while True:\n        kept.append(connected())\n"
            "threading.Thread(target=hold, daemon=True).start()",
        ),
        {},
        "",
    ),
    "peeking": (
        sources(
            scale="from autograder.judging import bank\nfound = bank.find('tiny.scale')\n"
            "scale = found.reference(0.9, 10) if found else None",
        ),
        WORTH | {"scale-check": 0.0},
        "",
    ),
}


SPIED = [
    f"solutions/{UNIT}/bank.py",
    f"solutions/{UNIT}/{UNIT}.ipynb",
    "grading/gradebook.db",
    f"grading/{UNIT}.secret",
    "handed-in/honest.ipynb",
    "handed-in/spy.ipynb",
]


class Graded:
    """The attackers' class in a course with one more cell, which asserts in the student's own process."""

    def __init__(self, course: Path) -> None:
        self.course, self.into = course, course / "grading"
        perfect = next(x for x in simulated_class.make(UNIT, 8, seed=4, root=course) if x.kind is Kind.PERFECT)
        self.handed_in = course / "handed-in"
        self.handed_in.mkdir()
        changes = {name: change for name, (change, _, _) in ATTACKS.items()}
        changes["honest"] = lambda data: None
        changes["leaves"] = sources(relu="import os\ndef relu(z):\n    os._exit(0)")
        changes["spy"] = sources(
            scale=f"from pathlib import Path\ncourse_folder = Path({str(course)!r})\nread = {{}}\n"
            f"for name in {SPIED}:\n    try:\n        read[name] = (course_folder / name).read_text(errors='replace')\n"
            "    except OSError as error:\n        read[name] = type(error).__name__\n"
            "import os\nprint('read', {*read.values()})\nprint([n for n in os.environ if 'SECRET' in n or 'PYTEST' in n])\n"
            "scale = 9.0"
        )
        changes["memory-bomb"] = sources(
            scale="import mmap\nshared = mmap.mmap(-1, 1 << 32)\nwhile True: shared.write(bytes(1 << 26))"
        )
        changes["memory-glutton"] = sources(scale="scale = bytearray(1 << 40)")
        changes["disk-bomb"] = sources(
            scale="for i in range(10**6):\n    with open(f'{i}', 'wb') as file: file.write(bytes(10**7))"
        )
        changes["output-bomb"] = sources(
            scale="for _ in range(100):\n    print('x' * 10**8)\n    display({'text/plain': 'y' * 10**7}, raw=True)"
        )
        changes["fork-bomb"] = sources(scale="import os\nwhile True:\n    os.fork()")
        changes["asserts"] = sources(scale="scale = 9.0\ncheck = lambda *a, **k: None")
        for name, change in changes.items():
            data = json.loads(perfect.content)
            change(data)
            (self.handed_in / f"{name}.ipynb").write_text(json.dumps(data), encoding="utf-8")
        self.rows = self.grade()

    def grade(self, *only: str) -> dict[str, Row]:
        settings = Settings(self.into, seconds=LIMIT, jobs=2, limits=Limits(memory=1_000_000_000))
        return {row.student: row for row in grade_class(UNIT, self.handed_in, settings, root=self.course, only=only)}

    def page(self, student: str) -> str:
        return (self.into / "feedback" / student / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")


def add_asserting_cell(course: Path) -> None:
    for folder in ("solutions", "exercises"):
        path = course / folder / UNIT / f"{UNIT}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        made = nbformat.v4.new_code_cell("assert scale > 0\nassert count == 84", id="classic")
        made.metadata["nbgrader"] = {
            "grade": True,
            "grade_id": "classic",
            "locked": True,
            "points": 1,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
        notebook.cells.append(made)
        nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    course = tmp_path_factory.mktemp("attackers") / "course"
    shutil.copytree(FIXTURE, course)
    shutil.copy(Path(__file__).parents[2] / "nbgrader_config.py", course)
    add_asserting_cell(course)
    os.environ["SECRET_OF_THE_GRADER"] = "x"
    try:
        yield Graded(course)
    finally:
        del os.environ["SECRET_OF_THE_GRADER"]


def test_the_honest_one_earns_everything(graded: Graded) -> None:
    row = graded.rows["honest"]
    assert row.state is Status.GRADED
    assert {c: row.scores[c] for c in WORTH} == WORTH and row.scores["classic"] == 1.0


@pytest.mark.parametrize("name", [name for name, (_, earned, _) in ATTACKS.items() if earned])
def test_an_attack_earns_only_what_was_answered(graded: Graded, name: str) -> None:
    _, earned, said = ATTACKS[name]
    row = graded.rows[name]
    assert row.state is Status.GRADED
    assert {c: row.scores[c] for c in WORTH} == earned, row.reason
    assert any(part in row.reason for part in said.split("|"))


def test_who_floods_the_channel_earns_no_more_and_stops_nobody(graded: Graded) -> None:
    row = graded.rows["hanging-on"]
    assert row.score <= graded.rows["honest"].score
    assert len(graded.rows) == len(ATTACKS) + 9


def test_a_kernel_that_ends_itself_in_a_check_loses_that_check(graded: Graded) -> None:
    row = graded.rows["leaves"]
    assert (row.state, row.cell) == (Status.GRADED, "relu-check")
    assert row.reason.startswith("The kernel died in relu-check.")
    assert {c: row.scores[c] for c in WORTH} == WORTH | {"relu-check": 0.0} and row.scores["classic"] == 1.0


def test_nothing_of_the_course_the_grader_or_anyone_else_can_be_read(graded: Graded) -> None:
    assert all((graded.course / name).is_file() for name in SPIED)
    ran = nbformat.read(graded.into / "autograded" / "spy" / UNIT / f"{UNIT}.ipynb", as_version=4)
    said = [o.text for c in ran.cells for o in c.get("outputs", []) if o.output_type == "stream"]
    assert said == ["read {'PermissionError'}\n[]\n"]


def test_bombs_end_themselves_with_a_reason_or_cost_only_their_cell(graded: Graded) -> None:
    memory, disk = graded.rows["memory-bomb"], graded.rows["disk-bomb"]
    assert memory.cell == disk.cell == "scale"
    assert "of memory" in memory.reason and "to the disk" in disk.reason
    for name in ("memory-glutton", "fork-bomb", "memory-bomb", "disk-bomb", "output-bomb"):
        row = graded.rows[name]
        assert row.state is Status.GRADED
        assert {c: row.scores[c] for c in WORTH} == WORTH | {"scale-check": 0.0}


def test_without_the_sandbox_every_result_says_so(graded: Graded, tmp_path: Path) -> None:
    settings = Settings(tmp_path, seconds=LIMIT, unsafe=True)
    (row,) = grade_class(UNIT, graded.handed_in, settings, root=graded.course, only=("honest",))
    assert "It ran without a sandbox." in row.reason and row.scores == graded.rows["honest"].scores
    assert "It ran without a sandbox." in (tmp_path / f"{UNIT}.csv").read_text(encoding="utf-8")


def test_the_page_shows_the_judges_panel_and_never_the_kernels(graded: Graded) -> None:
    forged = graded.page("forged-points")
    assert "Factors compound" in forged and "0 of 2 points" in forged and "Well done" not in forged
    assert "ended before <code>check</code> could hand one over" in graded.page("forged-check")
    assert "Recorded" not in graded.page("honest") and "</span> <span></span>" not in graded.page("honest")


def test_mistakes_come_from_the_verdict(graded: Graded) -> None:
    assert graded.rows["forged-points"].mistakes == {"scale-check": "linear"}
    assert graded.rows["two-answers"].mistakes == {"scale-check": "linear"}
    assert graded.rows["honest"].mistakes == {}


def test_a_cell_that_only_asserts_is_graded_as_nbgrader_does_and_marked(graded: Graded) -> None:
    said = "The cell classic was judged in the student's process."
    assert said in graded.rows["honest"].reason and graded.rows["honest"].scores["classic"] == 1.0
    assert said in graded.rows["asserts"].reason
    assert graded.rows["asserts"].scores["classic"] == 1.0 and graded.rows["asserts"].scores["scale-check"] == 0.0
    assert graded.rows["out-of-range"].scores["classic"] == 0.0
    assert graded.rows["transformed"].scores["classic"] == 0.0, "it showed 2.0 of 1 points"


def test_grading_again_asks_the_same_and_gives_the_same(graded: Graded) -> None:
    kept = (graded.into / f"{UNIT}.secret").read_bytes()
    for name in ("honest", "two-answers"):
        assert graded.grade(name)[name] == graded.rows[name]
    assert (graded.into / f"{UNIT}.secret").read_bytes() == kept


def test_no_process_and_no_socket_is_left(graded: Graded) -> None:
    assert kernels() == []
    assert not [p for p in graded.into.rglob("*") if p.is_socket()]
