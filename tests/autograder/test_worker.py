"""One submission at a time, in processes that stay: what is replaced, what is shared, and what is never written."""

from __future__ import annotations

import dataclasses
import json
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell
from test_grading import FIXTURE, UNIT, WORTH, cell, kernels

from autograder import assignment, compiled, demo, worker
from autograder.channel import Transcript
from autograder.demo import Kind
from autograder.examiner import rejudge
from autograder.outcome import Ending, Outcome
from autograder.pipeline import Task
from autograder.submission import Submission

pytestmark = pytest.mark.slow


class Class:
    """The tiny unit, and submissions made by changing a perfect one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.assignment = assignment.find(UNIT, FIXTURE)
        released = assignment.prepare(self.assignment, folder / "made", f"sqlite:///{folder}/gradebook.db")
        perfect = next(x for x in demo.make(UNIT, 8, seed=4, root=FIXTURE) if x.kind is Kind.PERFECT)
        self.content = perfect.content
        self.papers = self.assignment.papers(b"k" * 32)
        self.task = Task(
            UNIT,
            Submission("nobody", folder),
            nbformat.writes(released),
            FIXTURE / "solutions",
            self.assignment.settings(),
            30,
            self.papers,
            {},
            {},
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
    worker.end_all()


def source(grade_id: str, text: str) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        cell(data, grade_id)["source"] = text

    return change


def scores(outcome: Outcome) -> dict[str, float | None]:
    return {name: outcome.marks[name].score for name in WORTH}


def without_time(outcome: Outcome) -> Outcome:
    return dataclasses.replace(outcome, seconds=0.0)


def test_the_same_submission_gets_the_same_whoever_graded_before_and_beside_it(tiny: Class) -> None:
    tasks = [
        tiny.hand_in("ada"),
        tiny.hand_in("bob", source("scale", "import numpy as np\nnp.power = None\nscale = 9")),
    ]
    alone = [worker.grade_one(task) for task in tasks]
    with ThreadPoolExecutor(2) as together:
        again = list(together.map(worker.grade_one, tasks * 2))
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
    outcome = worker.grade_one(pickle.loads(pickle.dumps(task)))
    assert Outcome.from_json(outcome.to_json()) == pickle.loads(pickle.dumps(outcome)) == outcome


def warm_servers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "autograder.warm" in p.cmdline()]


def desks() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "autograder.worker" in p.cmdline()]


def test_a_killed_server_is_replaced_and_costs_nobody_anything(tiny: Class) -> None:
    task = tiny.hand_in("ada", source("scale", "import time; time.sleep(3)\nscale = 0.9**10"))
    worker.grade_one(tiny.hand_in("ada"))
    (server,) = warm_servers()
    with ThreadPoolExecutor(1) as one:
        graded = one.submit(worker.grade_one, task)
        while not kernels():
            time.sleep(0.05)
        server.kill()
        outcome = graded.result()
    assert outcome.ending is Ending.GRADED and scores(outcome) == WORTH
    assert outcome.reason == ""
    assert [p.pid for p in warm_servers()] != [server.pid]


def test_a_killed_desk_costs_its_submission_and_the_next_is_graded(tiny: Class) -> None:
    slow = tiny.hand_in("slow", source("scale", "import time; time.sleep(60)"))
    with ThreadPoolExecutor(1) as one:
        graded = one.submit(worker.grade_one, slow)
        while not kernels():
            time.sleep(0.05)
        for desk in desks():
            desk.kill()
        lost = graded.result()
    assert lost.ending is Ending.FAILED and "broke off" in lost.reason
    assert scores(worker.grade_one(tiny.hand_in("ada"))) == WORTH
    assert kernels() == []


def test_a_desk_that_hangs_is_ended_with_its_kernel(tiny: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.grade_one(tiny.hand_in("ada"))
    monkeypatch.setattr(worker, "MARGIN", 0.0)
    monkeypatch.setattr("autograder.pipeline.PATIENCE", 1)
    for desk in desks():
        desk.send_signal(signal.SIGSTOP)
    lost = worker.grade_one(tiny.hand_in("ada", seconds=2))
    assert lost.ending is Ending.FAILED and "could not be stopped" in lost.reason
    monkeypatch.undo()
    assert scores(worker.grade_one(tiny.hand_in("ada"))) == WORTH


def test_what_a_bomb_prints_is_bounded_where_it_arrives(tiny: Class) -> None:
    bomb = (
        "for _ in range(200):\n    print('x' * 10**6)\n"
        "print('y' * 10**8)\ndisplay({'text/plain': 'z' * 10**8}, raw=True)\nscale = 9"
    )
    worker.grade_one(tiny.hand_in("ada"))
    before = {p.pid: p.memory_info().rss for p in desks()}
    outcome = worker.grade_one(tiny.hand_in("bomb", source("scale", bomb)))
    assert scores(outcome) == WORTH | {"scale-check": 0.0}
    assert len(outcome.notebook) < 8_000_000 and "Output truncated" in outcome.notebook
    grown = [p.memory_info().rss - before.get(p.pid, 0) for p in desks()]
    assert max(grown) < 300_000_000


def test_the_cells_before_a_death_run_again_and_their_checks_do_not(tiny: Class) -> None:
    def change(data: Any) -> None:
        source("scale", "scale = 0.9**10\nkept = 'still here'")(data)
        source("count", "import os; os._exit(1)")(data)
        source("relu", "import jax.numpy as jnp\nprint(kept)\ndef relu(z):\n    return jnp.maximum(z, 0)")(data)

    outcome = worker.grade_one(tiny.hand_in("phoenix", change))
    assert (outcome.ending, outcome.reason) == (Ending.GRADED, "The kernel died in count.")
    assert scores(outcome) == WORTH | {"count-check": 0.0}
    ran = nbformat.reads(outcome.notebook, as_version=4)
    assert [o.text for o in cell(ran, "relu").outputs] == ["still here\n"]


# --------------------------------------------------------------------------- what was handed over


def test_the_transcripts_of_a_graded_notebook_give_its_verdicts_again(tiny: Class) -> None:
    learners = [x for x in demo.make(UNIT, 8, seed=4, root=FIXTURE) if x.kind in (Kind.SEVERAL, Kind.ONE, Kind.PERFECT)]
    for learner in learners:
        path = tiny.folder / f"{learner.name}.ipynb"
        path.write_bytes(learner.content)
        outcome = worker.grade_one(dataclasses.replace(tiny.task, submission=Submission(learner.name, path)))
        for name, paper in tiny.papers.items():
            text = outcome.answers.get(name)
            verdict = rejudge(paper, Transcript.from_text(text) if text else None)
            assert verdict.points == outcome.marks[name].score
            assert verdict.mistake == outcome.mistakes.get(name)


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
print([name.rsplit("/")[-1] for name in seen if "cache_hits" in name or "cache_misses" in name])
"""


def test_the_solution_fills_the_cache_and_students_read_it_and_cannot_write_it(tiny: Class, tmp_path: Path) -> None:
    def ask(data: Any) -> None:
        data["cells"].append(new_code_cell(COUNT, id="asks"))

    solution = tmp_path / "solution.ipynb"
    source_of = nbformat.read(tiny.assignment.source / f"{UNIT}.ipynb", as_version=4)
    source_of.cells.append(new_code_cell(COUNT, id="asks"))
    nbformat.write(source_of, solution)
    tasks = [tiny.hand_in(f"student-{i}", ask) for i in range(compiled.FEW)]
    assert compiled.with_cache(tasks[1:], solution, tiny.assignment.bank.path, tmp_path) == (tasks[1:], None)
    tasks, graded = compiled.with_cache(tasks, solution, tiny.assignment.bank.path, tmp_path)
    assert graded is not None and compiled.short(graded, tiny.assignment.worth()) == []
    (folder,) = (tmp_path / compiled.FOLDER).iterdir()
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert kept

    outcome = worker.grade_one(tasks[0])
    outputs = nbformat.reads(outcome.notebook, as_version=4).cells[-1].outputs
    said = "".join(o.get("text", "") for o in outputs if o.get("name") == "stdout").splitlines()
    assert said[:2] == ["70.0", "PermissionError"]
    assert "cache_hits" in said[2] and "cache_misses" not in said[2]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept

    again, graded = compiled.with_cache(tasks, solution, tiny.assignment.bank.path, tmp_path)
    assert graded is None and again == tasks


def test_another_bank_or_solution_is_another_cache(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a")
    other.write_text("b")
    assert compiled.key([one]) != compiled.key([other]) and compiled.key([one]) == compiled.key([one])
