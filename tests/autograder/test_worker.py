"""One submission at a time, in a process that stays: what is replaced, what is shared, and what is never written."""

from __future__ import annotations

import dataclasses
import json
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell
from processes import running
from test_grading import FIXTURE, UNIT, WORTH, cell, kernels

from autograder.grading import compile_cache, grader, prewarm, simulated_class
from autograder.grading.bundle import GradingBundle, task_of
from autograder.grading.pool import ProcessPool, WorkerDied
from autograder.grading.simulated_class import Kind
from autograder.judging.examiner import rejudge
from autograder.judging.protocol.transcript import Transcript
from autograder.submissions import assignment, fingerprints
from autograder.submissions.result import GradingResult, Status
from autograder.submissions.submission import Submission
from autograder.submissions.task import Task

pytestmark = pytest.mark.slow


class Class:
    """The tiny unit, and submissions made by changing a perfect one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.assignment = assignment.find(UNIT, FIXTURE)
        released = assignment.prepare(self.assignment, folder / "made", f"sqlite:///{folder}/gradebook.db")
        perfect = next(x for x in simulated_class.make(UNIT, 8, seed=4, root=FIXTURE) if x.kind is Kind.PERFECT)
        self.content = perfect.content
        self.graded_items = self.assignment.graded_items(b"k" * 32)
        self.task = Task(
            unit=UNIT,
            submission=Submission("nobody", folder),
            released=nbformat.writes(released),
            source=FIXTURE / "solutions",
            config=self.assignment.settings(),
            seconds=30,
            graded_items=self.graded_items,
            environment={},
        )

    def hand_in(self, name: str, change: Callable[[Any], None] = lambda data: None, **more: Any) -> Task:
        data = json.loads(self.content)
        change(data)
        path = self.folder / f"{name}.ipynb"
        path.write_text(json.dumps(data))
        return dataclasses.replace(self.task, submission=Submission(name, path), **more)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield Class(tmp_path_factory.mktemp("tiny"))
    grader.end()


def source(grade_id: str, text: str) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        cell(data, grade_id)["source"] = text

    return change


def scores(result: GradingResult) -> dict[str, float | None]:
    return {name: result.marks[name].score for name in WORTH}


def without_time(result: GradingResult) -> GradingResult:
    return dataclasses.replace(result, seconds=0.0)


def test_the_same_submission_gets_the_same_whoever_graded_before_and_beside_it(tiny: Class) -> None:
    tasks = [
        tiny.hand_in("ada"),
        tiny.hand_in("bob", source("scale", "import numpy as np\nnp.power = None\nscale = 9")),
    ]
    alone = [grader.grade_one(task) for task in tasks]
    with ThreadPoolExecutor(2) as together:
        again = list(together.map(grader.grade_one, tasks * 2))
    for first, later in zip(alone * 2, again, strict=True):
        assert (first.marks, first.reason, first.mistakes, first.answers, first.feedback) == (
            later.marks,
            later.reason,
            later.mistakes,
            later.answers,
            later.feedback,
        )
    assert scores(alone[0]) == WORTH and scores(alone[1]) == WORTH | {"scale-check": 0.0}
    assert kernels() == []


def test_a_task_and_its_outcome_are_plain_data(tiny: Class) -> None:
    task = tiny.hand_in("ada")
    result = grader.grade_one(pickle.loads(pickle.dumps(task)))
    assert GradingResult.from_json(result.to_json()) == pickle.loads(pickle.dumps(result)) == result


def warm_server() -> psutil.Process:
    """The one of this process; other tests' may be there, too."""
    assert grader._server is not None
    return psutil.Process(grader._server.pid)


def test_a_killed_server_is_replaced_and_costs_nobody_anything(tiny: Class) -> None:
    task = tiny.hand_in("slow", source("scale", "import time; time.sleep(3)\nscale = 0.9**10"))
    grader.grade_one(tiny.hand_in("ada"))
    server = warm_server()
    with ThreadPoolExecutor(1) as one:
        graded = one.submit(grader.grade_one, task)
        while not kernels():
            time.sleep(0.05)
        server.kill()
        result = graded.result()
    assert result.ending is Status.GRADED and scores(result) == WORTH
    assert result.reason == ""
    assert warm_server() != server


def test_a_warm_process_is_started_without_waiting_and_ends_also_before_it_is_ready(tiny: Class) -> None:
    grader.end()
    place = grader.start()
    assert grader.start() == place and not grader._ready
    server = warm_server()
    grader.end()
    assert not server.is_running() and not Path(place).exists()
    place = grader.start()
    assert grader.place() == place and grader._ready
    assert scores(grader.grade_one(tiny.hand_in("ada"))) == WORTH


def test_a_killed_process_ends_its_kernels_and_the_warm_process_serves_the_next(tiny: Class) -> None:
    slow = tiny.hand_in("slow", source("scale", "import time; time.sleep(60)"))
    with ProcessPool(1, 120, grader.use, (grader.place(),)) as crew:
        graded = crew.submit(grader.grade_one, slow)
        while not kernels():
            time.sleep(0.05)
        for process in running(psutil.Process(), "autograder.grading.pool"):
            process.kill()
        with pytest.raises(WorkerDied):
            graded.result()
        server = warm_server()
        assert scores(crew.submit(grader.grade_one, tiny.hand_in("ada")).result()) == WORTH
        assert warm_server() == server and kernels() == []


def _peak() -> int:
    """The most memory that this process has held, in bytes; `getrusage` would tell of who started it, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


BOMBS = {
    "import time\nfor _ in range(40):\n    print('x' * 10**6)\n    time.sleep(0.05)\nscale = 9": "Output truncated",
    "print('y' * 10**8)\nscale = 9": "Output truncated",
    "display({'text/plain': 'z' * 10**8}, raw=True)\nscale = 9": "is too large, and was left out",
    "import os\nwhile True: os.write(3, b'\\xff\\xff\\xff\\xff' + b'w' * 10**6)": "would not stop",
}
"""What prints too much, and what is said of it: in many messages, in one, in one that is too large, and past the kernel's own code."""


def test_what_a_bomb_prints_is_bounded_where_it_arrives(tiny: Class) -> None:
    with ProcessPool(1, 300, grader.use, (grader.place(),)) as crew:
        crew.submit(grader.grade_one, tiny.hand_in("ada")).result()
        for bomb, said in BOMBS.items():
            task = tiny.hand_in("bomb", source("scale", bomb), seconds=6)
            result = crew.submit(grader.grade_one, task).result()
            assert scores(result) == WORTH | {"scale-check": 0.0}
            assert len(result.notebook) < 8_000_000 and said in result.notebook
        assert crew.submit(_peak).result() < 700_000_000


def test_the_cells_before_a_death_run_again_and_their_checks_do_not(tiny: Class) -> None:
    def change(data: Any) -> None:
        source("scale", "scale = 0.9**10\nkept = 'still here'")(data)
        source("count", "import os; os._exit(1)")(data)
        source("relu", "import jax.numpy as jnp\nprint(kept)\ndef relu(z):\n    return jnp.maximum(z, 0)")(data)

    result = grader.grade_one(tiny.hand_in("phoenix", change))
    assert (result.ending, result.reason) == (Status.GRADED, "The kernel died in count.")
    assert scores(result) == WORTH | {"count-check": 0.0}
    ran = nbformat.reads(result.notebook, as_version=4)
    assert [o.text for o in cell(ran, "relu").outputs] == ["still here\n"]


# --------------------------------------------------------------------------- what was handed over


def test_the_transcripts_of_a_graded_notebook_give_its_verdicts_again(tiny: Class) -> None:
    learners = [
        x
        for x in simulated_class.make(UNIT, 8, seed=4, root=FIXTURE)
        if x.kind in (Kind.SEVERAL, Kind.ONE, Kind.PERFECT)
    ]
    for learner in learners:
        path = tiny.folder / f"{learner.name}.ipynb"
        path.write_bytes(learner.content)
        result = grader.grade_one(dataclasses.replace(tiny.task, submission=Submission(learner.name, path)))
        for name, item in tiny.graded_items.items():
            text = result.answers.get(name)
            verdict = rejudge(item, Transcript.from_text(text) if text else None)
            assert verdict.points == result.marks[name].score
            assert verdict.mistake == result.mistakes.get(name)


# --------------------------------------------------------------------------- the compile cache

COUNT = """
import jax, os, sys, warnings
from jax import monitoring
seen = []
monitoring.register_event_listener(lambda name, **more: seen.append(name))
print(float(jax.jit(lambda x: (x * 3 + 1).sum())(jax.numpy.arange(7.0))))
folder = jax.config.jax_compilation_cache_dir
try:
    open(os.path.join(folder, "poisoned"), "w")
except OSError as error:
    print(type(error).__name__)
else:
    os.unlink(os.path.join(folder, "poisoned"))
print(*[sum(name.endswith(end) for name in seen) for end in ("compile_requests_use_cache", "cache_hits")])
"""


def test_the_solution_fills_the_cache_and_students_read_it_and_cannot_write_it(tiny: Class, tmp_path: Path) -> None:
    def ask(data: Any) -> None:
        data["cells"].append(new_code_cell(COUNT, id="asks"))

    notebook = nbformat.read(tiny.assignment.source / f"{UNIT}.ipynb", as_version=4)
    notebook.cells.append(new_code_cell(COUNT, id="asks"))
    beside = {f"{UNIT}.ipynb": nbformat.writes(notebook).encode(), "bank.py": tiny.assignment.bank_path.read_bytes()}
    task = tiny.task
    bundle = GradingBundle(
        key=f"{time.time_ns():x}",
        environment=fingerprints.of_environment(),
        unit=UNIT,
        released=task.released,
        due=None,
        beside=beside,
        config=task.config,
        seconds=task.seconds,
        graded_items=tiny.graded_items,
        grade=grader.grade_one,
    )
    full = prewarm.with_compile_cache(bundle, tmp_path)
    (folder,) = (tmp_path / compile_cache.FOLDER).iterdir()
    assert full.compiled == {path.name: path.read_bytes() for path in folder.iterdir()} != {}
    assert prewarm.with_compile_cache(bundle, tmp_path) == full, "it is kept"

    task = task_of(full, tiny.hand_in("ada", ask).submission)
    result = grader.grade_one(task)
    outputs = nbformat.reads(result.notebook, as_version=4).cells[-1].outputs
    said = "".join(o.get("text", "") for o in outputs if o.get("name") == "stdout").splitlines()
    assert said[:2] == ["70.0", "PermissionError"]
    # JAX tells of a miss only where it then writes, and here it never does.
    asked, found = map(int, said[2].split())
    assert asked == found > 0
    assert not [o for o in outputs if o.get("name") == "stderr"]
    (cache,) = task.known
    assert {path.name: path.read_bytes() for path in Path(cache).iterdir()} == full.compiled


def test_a_solution_that_does_not_earn_all_points_is_told_of(tiny: Class, tmp_path: Path) -> None:
    beside = {f"{UNIT}.ipynb": tiny.task.released.encode(), "bank.py": tiny.assignment.bank_path.read_bytes()}
    bundle = GradingBundle(
        key=f"{time.time_ns():x}",
        environment=fingerprints.of_environment(),
        unit=UNIT,
        released=tiny.task.released,
        due=None,
        beside=beside,
        config=tiny.task.config,
        seconds=30,
        graded_items=tiny.graded_items,
        grade=grader.grade_one,
    )
    said: list[str] = []
    prewarm.with_compile_cache(bundle, tmp_path, said.append)
    assert said == [
        f"The solution itself does not earn all points in {', '.join(tiny.graded_items)}. Is its bank another's? "
        "`course lint` says more."
    ]


def test_what_was_compiled_for_another_processor_is_not_used(tiny: Class) -> None:
    task = tiny.task
    for processor, used in ((compile_cache.processor(), True), ("another", False)):
        bundle = GradingBundle(
            key=f"{time.time_ns():x}",
            environment="",
            unit=UNIT,
            released=task.released,
            due=None,
            beside={},
            config=task.config,
            seconds=task.seconds,
            graded_items=tiny.graded_items,
            grade=grader.grade_one,
            compiled={"x": b"y"},
            processor=processor,
        )
        assert bool(task_of(bundle, task.submission).known) is used
