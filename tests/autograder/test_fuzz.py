"""Notebooks and messages that nobody should hand in, by the thousand: each ends in one recorded state, none earns a gift.

`mutating.py` makes them from sound ones, from the names of the changes and a seed, which a failure prints: with them
`notebook_of` and `stream` give the same bytes again. The same command draws the same ones, in the same order; of a
failing case Hypothesis leaves out what it fails without. There are 100 of each kind; with `make prove` there are 5,000.

No case may take more than `SECONDS` of processor time (an alarm ends it), nor the whole more than `MEMORY` on top of
what is there when it begins (the operating system refuses it).
"""

from __future__ import annotations

import io
import json
import resource
import selectors
import signal
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import mutating
import nbformat
import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from proving import count

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.gradebook.ledger import GradebookStore
from autograder.grading import simulated_class
from autograder.judging import answer_key, bank, judge, probes
from autograder.judging.answer_key import AnswerKey
from autograder.judging.examiner import Examiner, GradedItem, rejudge
from autograder.judging.exercise import Measurement
from autograder.judging.protocol import messages, values
from autograder.judging.protocol.arrays import pack
from autograder.judging.protocol.messages import Answer
from autograder.judging.protocol.transcript import Transcript
from autograder.judging.safe_call import CallResult
from autograder.judging.verdict import Verdict, VerdictState
from autograder.submissions import assignment as assignments
from autograder.submissions import marking, pipeline, submission
from autograder.submissions.assignment import graded_cells
from autograder.submissions.restore import restore
from autograder.submissions.result import GradingResult, Mark, Status, failed
from autograder.submissions.submission import Submission, Unusable

pytestmark = pytest.mark.prove

CASES = count(5_000, 100)
SECONDS = 20
"""Of processor time, for one case. The slowest takes some tenths of a second."""
MEMORY = 4_000_000_000
"""Bytes of address space."""
PATIENCE = 30.0
"""Seconds by the clock, for one message: only a deadlock takes as long."""

HERE = Path(__file__).parent
SECRET = b"of the fuzzed classes"
UNITS = ("90-tiny", "06-convolution") if CASES < 1_000 else ("90-tiny", "06-convolution", "02-jacobians")
STUDENTS = tuple(f"student-{i}" for i in range(5))

DRAWN = settings(
    max_examples=CASES,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class _Endless(BaseException):
    """Raised by the alarm; no `except Exception` on the way takes it for something else."""


@contextmanager
def bounded() -> Iterator[None]:
    """Fails where what is in the block computes for more than `SECONDS`."""

    def ring(signum: int, frame: Any) -> None:
        raise _Endless

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except _Endless:
        raise AssertionError(f"it took more than {SECONDS} s of processor time") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture(scope="module", autouse=True)
def _little_memory(classes: Any) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    here = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (here + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def one_sentence(text: str) -> bool:
    """Whether a person can read it on one line of a terminal."""
    return text.isprintable() and 0 < len(text) <= 300 and text.encode() != b"" and text[-1] in ".?"


# --------------------------------------------------------------------------- what an honest kernel hands over


class Told(NamedTuple):
    """A message as an honest kernel sends it."""

    text: bytes
    packed: bytes


def _told(message: Any, arrays: list[Any]) -> Told:
    return Told(msgspec.json.encode(message), pack(arrays))


@cache
def conversation(path: Path, name: str, answer: str, key: bytes) -> tuple[Told, ...]:
    """All that a kernel sends for one of the bank's own answers (`demo.RIGHT`, or a mistake's name), in order."""
    item = _PAPERS[path, name, key]
    declared = item.declared()
    held = simulated_class._function(declared, answer)
    value = held if declared.is_code else held(**item.asked[0].arguments)
    told = [_told(Answer(item.exercise, (described := values.encode_value(value))[0]), described[1])]
    if declared.is_code:

        def take(measurement: Measurement, seconds: float) -> CallResult:
            message, arrays = values.encode_result(probes.run_probe(value, measurement, seconds, values.encode_value))
            told.append(_told(message, arrays))
            return values.decode_result(messages.Received(message, arrays), seconds)

        judge.try_out(declared, item.asked, take)
    return tuple(told)


_PAPERS: dict[tuple[Path, str, bytes], GradedItem] = {}


def honest(item: GradedItem, answer: str) -> tuple[Told, ...]:
    """`conversation` for a item, held once."""
    key = (item.bank, item.exercise, item.cell.encode())
    _PAPERS.setdefault(key, item)
    return conversation(*key[:2], answer, key[2])


def answers(item: GradedItem) -> list[str]:
    """Those of the bank's answers that can be handed over."""
    return [simulated_class.RIGHT, *(m.name for m in item.declared().mistakes[:2])]


def pour(place: Path, raw: bytes) -> None:
    """Send all of it at once, and pass over whatever comes back, until the other side hangs up."""
    with socket.socket(socket.AF_UNIX) as connection, selectors.DefaultSelector() as selector:
        connection.connect(str(place))
        connection.setblocking(False)
        left = memoryview(raw)
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while True:
            ready = selector.select(PATIENCE)
            assert ready, f"the judge did nothing for {PATIENCE:g} s"
            try:
                if ready[0][1] & selectors.EVENT_WRITE:
                    left = left[connection.send(left[: 1 << 16]) :] if left else left
                    if not left:
                        connection.shutdown(socket.SHUT_WR)
                        selector.modify(connection, selectors.EVENT_READ)
                elif not connection.recv(1 << 16):
                    return
            except OSError:
                return  # the judge had heard enough


# --------------------------------------------------------------------------- what it deserves


def said(raw: bytes) -> list[tuple[Any, Any]]:
    """The messages in a stream with what stands in each one's first array, read by other means than the channel's."""
    found: list[tuple[Any, Any]] = []
    while len(raw) >= 8:
        text, arrays = struct.unpack(">II", raw[:8])
        if len(raw) < 8 + text + arrays:
            break
        try:
            message = json.loads(raw[8 : 8 + text])
        except (ValueError, RecursionError):
            break
        try:
            with np.load(io.BytesIO(raw[8 + text : 8 + text + arrays]), allow_pickle=False) as archive:
                entries = archive["a0"]
        except Exception:  # no array is there, or none that NumPy can read
            entries = None
        found.append((message, entries))
        raw = raw[8 + text + arrays :]
    return found


def agrees(asked: AnswerKey, message: Any, entries: Any) -> bool:
    """Whether a message holds, generously, the right answer to one question."""
    value = message.get("value") if isinstance(message, dict) else None
    if not isinstance(value, dict):
        return False
    if isinstance(asked.right, str):
        return (
            value.get("kind") == "text"
            and " ".join(str(value.get("text")).split()).casefold() == " ".join(asked.right.split()).casefold()
        )
    if value.get("kind") != "array" or not isinstance(entries, np.ndarray) or entries.dtype.kind not in "iuf":
        return False
    right = np.asarray(asked.right)
    if entries.shape != right.shape and not entries.size == right.size == 1:
        return False
    with np.errstate(all="ignore"):
        near = np.abs(entries.reshape(right.shape).astype(float) - right)
        bound = 0.1 * np.abs(right) + 1e-3 * np.max(np.abs(right), initial=0.0) + 1e-300
        return bool(np.all((near <= bound) | (entries.reshape(right.shape) == right)))


def deserved(item: GradedItem, raw: bytes) -> float:
    """At most so many points do these bytes deserve, sent while the cell of `item` runs."""
    messages = said(raw)
    if not messages:
        return 0.0
    first, entries = messages[0]
    declared = item.declared()
    if not isinstance(first, dict) or first.get("exercise") != item.exercise:
        return 0.0
    if not declared.is_code:
        return declared.points if agrees(item.asked[0], first, entries) else 0.0
    replies = messages[1:]
    right = sum(agrees(one, *reply) for one, reply in zip(item.asked, replies, strict=False))
    return float(declared.points * right / len(item.asked))


# --------------------------------------------------------------------------- the classes


class Fuzzed:
    """A unit, its graded_items, and the sound notebooks that are spoiled."""

    def __init__(self, unit: str) -> None:
        self.assignment = assignments.find(
            unit, HERE / "fixtures" / "course" if unit == "90-tiny" else simulated_class.ROOT
        )
        self.unit = unit
        self.graded_items = self.assignment.graded_items(SECRET)
        self.released: NotebookNode = NotebookNode()

    @cached_property
    def bases(self) -> dict[str, bytes]:
        """The notebook as it is released, and as learners of each kind hand it in."""
        handed_out = (self.assignment.root / "exercises" / self.unit / f"{self.unit}.ipynb").read_bytes()
        made = simulated_class.make(self.unit, 8, seed=4, root=self.assignment.root)
        return {"released": handed_out} | {
            learner.kind.value: learner.content
            for learner in made
            if learner.kind is not simulated_class.Kind.MALFORMED
        }

    @cached_property
    def worth(self) -> dict[str, float]:
        """The points of each graded cell."""
        return {name: float(c.metadata.nbgrader.points) for name, c in graded_cells(self.released).items()}


class Classes(NamedTuple):
    ledger: GradebookStore
    units: dict[str, Fuzzed]
    folder: Path


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classes]:
    folder = tmp_path_factory.mktemp("fuzz")
    url = f"sqlite:///{folder / 'gradebook.db'}"
    with GradebookStore(url, "isometry") as ledger:
        units = {unit: Fuzzed(unit) for unit in UNITS}
        for unit in units.values():
            unit.released = assignments.prepare(unit.assignment, folder / unit.unit, url)
            assert unit.bases and unit.worth
        yield Classes(ledger, units, folder)


# --------------------------------------------------------------------------- notebooks


@dataclass(frozen=True)
class Notebook:
    """One spoiled notebook: which, by which changes, with which seed."""

    unit: str
    base: str
    changes: tuple[str, ...]
    seed: int


BASES = ("released", *(k.value for k in simulated_class.Kind if k is not simulated_class.Kind.MALFORMED))

notebooks = st.builds(
    Notebook,
    st.sampled_from(UNITS),
    st.sampled_from(BASES),
    st.lists(st.sampled_from([*mutating.NOTEBOOK_CHANGES] * 2 + [*mutating.FILE_CHANGES]), min_size=1, max_size=4).map(
        tuple
    ),
    st.integers(0, 2**32 - 1),
)

ALL_CHANGES = len(mutating.NOTEBOOK_CHANGES) + len(mutating.FILE_CHANGES)


def notebook_of(classes: Classes, case: Notebook) -> bytes:
    return mutating.notebook(classes.units[case.unit].bases[case.base], case.changes, case.seed)


def check_restored(made: NotebookNode, diagnostics: list[Diagnostic], unit: Fuzzed) -> None:
    """What comes out of any file is a sound notebook that holds of the course's what the course gave it, and no more."""
    nbformat.validate(made)
    text = nbformat.writes(made).encode()
    assert nbformat.reads(text.decode(), as_version=4) == made
    known = {
        c.metadata.nbgrader.grade_id: c for c in unit.released.cells if c.metadata.get("nbgrader", {}).get("grade_id")
    }
    there = Counter(c.metadata.nbgrader.grade_id for c in made.cells if "nbgrader" in c.metadata)
    assert set(there) <= set(known) and set(there.values()) <= {1}
    assert len({c.id for c in made.cells}) == len(made.cells)
    for cell in made.cells:
        assert set(cell.metadata) <= {"nbgrader"} and not cell.get("outputs")
        if "nbgrader" in cell.metadata:
            pristine = known[cell.metadata.nbgrader.grade_id]
            assert (cell.cell_type, cell.metadata.nbgrader) == (pristine.cell_type, pristine.metadata.nbgrader)
    assert made.metadata.kernelspec == unit.released.metadata.kernelspec
    missing = {diagnostic.cell for diagnostic in diagnostics if diagnostic.code is DiagnosticCode.CELL_MISSING}
    assert missing == set(unit.worth) - set(there)
    assert all(one_sentence(diagnostic.text) for diagnostic in diagnostics)


def judged(
    made: NotebookNode, diagnostics: list[Diagnostic], unit: Fuzzed, student: str, folder: Path, rng: Random
) -> GradingResult:
    """The notebook as if it had run: whatever a kernel might hand over for each cell, judged, and marked."""
    most: dict[str, float] = {}
    answered = set(rng.sample(sorted(unit.graded_items), min(4, len(unit.graded_items))))
    with Examiner(folder / "answers", unit.graded_items, PATIENCE) as examiner:
        for cell in made.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            examiner.begin(name)
            if name in answered:
                item = unit.graded_items[name]
                told = honest(item, rng.choice(answers(item)))
                raw = stream(told, rng, [rng.choice(mutating.CHANNEL_CHANGES)] if rng.random() < 0.5 else [])
                most[name] = deserved(item, raw)
                pour(folder / "answers", raw)
            examiner.end()
        verdicts, transcripts = examiner.verdicts(), examiner.transcripts()
    pipeline._show(made, verdicts)
    earned = marking.marked(made, unit.released)
    marks = earned.marks
    check_judged_again(unit.graded_items, verdicts, transcripts)
    for name, item in unit.graded_items.items():
        score = marks[name].score
        assert score is not None and 0 <= score <= min(unit.worth[name], most.get(name, 0.0) + 1e-6), (name, item)
    return GradingResult(
        student=student,
        unit=unit.unit,
        ending=Status.GRADED,
        diagnostics=tuple(diagnostics + examiner.diagnostics),
        marks=marks,
        mistakes={cell: verdict.mistake for cell, verdict in verdicts.items() if verdict.mistake},
        notebook=nbformat.writes(made),
        comments=earned.comments,
        answers={cell: transcript.to_text() for cell, transcript in transcripts.items()},
        verdicts=verdicts,
    )


def check_judged_again(
    graded_items: Mapping[str, GradedItem], verdicts: Mapping[str, Verdict], transcripts: Mapping[str, Transcript]
) -> None:
    """What is kept of a conversation gives the verdict again, without a kernel."""
    for cell, transcript in transcripts.items():
        if text := transcript.to_text():
            assert rejudge(graded_items[cell], Transcript.from_text(text)) == verdicts[cell]


def check_restored_locked(made: NotebookNode, unit: Fuzzed) -> None:
    """Locked cells hold what was handed out."""
    pristine = {c.metadata.nbgrader.grade_id: c for c in unit.released.cells if "nbgrader" in c.metadata}
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("locked"):
            assert cell.source == pristine[cell.metadata.nbgrader.grade_id].source


def check_recorded(classes: Classes, unit: Fuzzed, outcome: GradingResult) -> None:
    """It is written whole, once, in the place of whatever was there."""
    assert GradingResult.from_json(outcome.to_json()) == outcome
    classes.ledger.record(outcome)
    rows = classes.ledger.rows(unit.unit, outcome.student)
    assert [(row.state, row.reason, row.cell) for row in rows] == [(outcome.ending, outcome.reason, outcome.cell)]
    scores = {name: outcome.marks.get(name, Mark(0.0)).score or 0.0 for name in unit.worth}
    assert rows[0].scores == scores and 0 <= rows[0].score <= rows[0].max_score == sum(unit.worth.values())
    assert rows[0].mistakes == outcome.mistakes


ended: Counter[str] = Counter()


@given(notebooks)
@DRAWN
def test_each_spoiled_notebook_ends_in_one_recorded_state(classes: Classes, case: Notebook) -> None:
    unit, student = classes.units[case.unit], STUDENTS[case.seed % len(STUDENTS)]
    file = classes.folder / "handed-in.ipynb"
    file.write_bytes(notebook_of(classes, case))
    with bounded():
        try:
            made, diagnostics = restore(submission.content(Submission(student, file)), unit.released)
        except Unusable as unusable:
            assert one_sentence(str(unusable)), str(unusable)[:400]
            outcome = failed(student, unit.unit, DiagnosticCode.FILE_UNUSABLE, str(unusable))
        else:
            check_restored(made, diagnostics, unit)
            marking.as_released(made, unit.released)
            check_restored_locked(made, unit)
            outcome = judged(made, diagnostics, unit, student, classes.folder, Random(case.seed))
        check_recorded(classes, unit, outcome)
    ended[outcome.ending.value] += 1
    ended.update(f"by {change}" for change in case.changes)


def test_spoiled_notebooks_ended_in_every_way_and_every_change_was_tried() -> None:
    endings = {name: number for name, number in ended.items() if not name.startswith("by ")}
    print(f"{sum(endings.values()):,} spoiled notebooks: {endings}")
    assert sum(endings.values()) >= CASES
    assert min(endings.get("graded", 0), endings.get("failed", 0)) > CASES // 10
    tried = {name.removeprefix("by ") for name in ended if name.startswith("by ")}
    assert len(tried) == ALL_CHANGES if CASES > 1_000 else len(tried) > ALL_CHANGES // 2


# --------------------------------------------------------------------------- what crosses the channel


@dataclass(frozen=True)
class Stream:
    """One spoiled conversation: about which exercise, from which answer, by which changes, with which seed."""

    exercise: str
    answer: int
    changes: tuple[str, ...]
    seed: int


def stream(told: tuple[Told, ...], rng: Random, changes: list[str]) -> bytes:
    """All that a kernel sends, one of the messages after these changes."""
    spoiled = rng.randrange(len(told)) if changes else -1
    frames = [
        mutating.message(one.text, one.packed, changes, rng) if i == spoiled else mutating.frame(*one)
        for i, one in enumerate(told)
    ]
    return b"".join(frames)


@cache
def graded_items() -> Mapping[str, GradedItem]:
    """What the sample bank, the tiny unit and a real one ask."""
    sample = bank.load(HERE / "sample_bank.py")
    numbers = {"gradient_scale": {"norm": 0.9, "depth": 10}}
    found = {
        name: GradedItem(name, name, sample.path, answer_key.keys_of(one, numbers.get(one.name, {}), 0))
        for name, one in sample.exercises.items()
    }
    for unit in UNITS:
        for item in Fuzzed(unit).graded_items.values():
            found[f"{item.exercise} in {item.cell}"] = item
    return found


AFTER = "the next cell"

streams = st.builds(
    Stream,
    st.deferred(lambda: st.sampled_from(sorted(graded_items()))),
    st.integers(0, 2),
    st.lists(st.sampled_from(mutating.CHANNEL_CHANGES), min_size=1, max_size=3).map(tuple),
    st.integers(0, 2**32 - 1),
)

verdicts: Counter[VerdictState] = Counter()


@given(streams)
@DRAWN
def test_no_spoiled_message_earns_more_than_it_holds_or_costs_the_next_cell_its_answer(
    classes: Classes, case: Stream
) -> None:
    item = graded_items()[case.exercise]
    told = honest(item, answers(item)[case.answer % len(answers(item))])
    raw = stream(told, Random(case.seed), list(case.changes))
    after = graded_items()["sample.gradient_scale"]
    asked = {item.cell: item, AFTER: GradedItem(AFTER, after.exercise, after.bank, after.asked)}
    place = classes.folder / "answers"
    with bounded(), Examiner(place, asked, PATIENCE) as examiner:
        examiner.begin(item.cell)
        pour(place, raw)
        examiner.end()
        examiner.begin(AFTER)
        pour(place, stream(honest(after, simulated_class.RIGHT), Random(0), []))
        examiner.end()
        verdict, next_one = examiner.verdicts()[item.cell], examiner.verdicts()[AFTER]
        check_judged_again(asked, examiner.verdicts(), examiner.transcripts())
    assert [t.name for t in threading.enumerate()].count("examiner") == 0
    assert 0 <= verdict.points <= deserved(item, raw) + 1e-6
    assert next_one.right
    check_said(verdict, examiner)
    verdicts[verdict.state] += 1


def check_said(verdict: Verdict, examiner: Examiner) -> None:
    for text in (verdict.heading(), *(part for row in verdict.rows() for part in row)):
        assert all(c.isprintable() or c == "\n" for c in text), text
        text.encode()
    assert all(one_sentence(diagnostic.text) for diagnostic in examiner.diagnostics), examiner.diagnostics


def test_honest_conversations_earn_what_the_bank_says_and_spoiled_ones_ended_in_many_ways(classes: Classes) -> None:
    right = 0
    for item in graded_items().values():
        for answer in answers(item):
            raw = stream(honest(item, answer), Random(0), [])
            with Examiner(classes.folder / "answers", {item.cell: item}, PATIENCE) as examiner:
                examiner.begin(item.cell)
                pour(classes.folder / "answers", raw)
                examiner.end()
            verdict = examiner.verdicts()[item.cell]
            assert verdict.right if answer == simulated_class.RIGHT else verdict.mistake == answer, (
                item.cell,
                answer,
                verdict,
            )
            assert verdict.points <= deserved(item, raw) + 1e-6
            right += verdict.right
    assert right == len(graded_items())
    print(f"{sum(verdicts.values()):,} spoiled conversations: { {state.value: n for state, n in verdicts.items()} }")
    assert sum(verdicts.values()) >= CASES and len(verdicts) >= count(5, 4)
