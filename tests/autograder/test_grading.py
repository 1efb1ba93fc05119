"""A small class graded end to end, through nbgrader and real kernels: scores, broken ones, feedback, grades."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook
from processes import running
from serving import Server
from stock_settings import stock

from autograder import cli
from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.feedback import sanitize
from autograder.gradebook.ledger import GradebookStore
from autograder.gradebook.rows import Row
from autograder.grading import simulated_class
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.grading.simulated_class import Kind, SimulatedLearner
from autograder.kernels import doctor
from autograder.submissions.assignment import find
from autograder.submissions.result import GradingResult, Mark, Status, failed

pytestmark = pytest.mark.slow

FIXTURE = Path(__file__).parent / "fixtures" / "course"
UNIT = "90-tiny"
WORTH = {"scale-check": 2.0, "count-check": 1.0, "relu-check": 4.0}
LIMIT = 8


def kernels() -> list[psutil.Process]:
    """The kernels that this process's warm servers have forked, and that still run."""
    servers = running(psutil.Process(), "autograder.kernels.forkserver.serve")
    return [child for server in servers for child in running(server, "")]


class Graded:
    """A class that was graded: its course, its learners, and what came of it."""

    def __init__(self, course: Path) -> None:
        self.course, self.into = course, course / "grading"
        self.learners = simulated_class.make(UNIT, 8, seed=4, root=course)
        self.submitted = simulated_class.hand_in(self.learners, UNIT, self.into)
        self.perfect = next(x for x in self.learners if x.kind is Kind.PERFECT)
        self.lines: list[tuple[str, int]] = []
        for name, change in BY_HAND.items():
            self.hand_in(name, change)
        self.rows = self.grade()

    def hand_in(self, name: str, change: Callable[[Any], None]) -> None:
        """The perfect learner's notebook, changed, as handed in by `name`."""
        data = json.loads(self.perfect.content)
        change(data)
        path = self.submitted / name / UNIT / f"{UNIT}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")

    def grade(self, *only: str) -> dict[str, Row]:
        rows = grade_class(
            UNIT,
            self.submitted,
            Settings(self.into, seconds=LIMIT, jobs=2),
            root=self.course,
            only=only,
            seen=lambda result, row, of: self.lines.append((result.student, of)),
        )
        return {row.student: row for row in rows}

    def in_nbgrader(self, student: str) -> dict[str, float]:
        """The scores as nbgrader itself reads them from its gradebook."""
        with Gradebook(f"sqlite:///{self.into / 'gradebook.db'}", "isometry") as gradebook:
            (notebook,) = gradebook.find_submission(UNIT, student).notebooks
            return {grade.name: grade.score for grade in notebook.grades}

    def page(self, student: str) -> str:
        return (self.into / "feedback" / student / UNIT / f"{UNIT}.html").read_text(encoding="utf-8")

    def one(self, kind: Kind) -> SimulatedLearner:
        return next(learner for learner in self.learners if learner.kind is kind)


def cell(data: Any, grade_id: str) -> Any:
    return next(c for c in data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def before(grade_id: str, source: str) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        cell(data, grade_id)["source"] = source + "\n" + "".join(cell(data, grade_id)["source"])

    return change


def copied_check(data: Any) -> None:
    data["cells"].append(json.loads(json.dumps(cell(data, "scale-check"))))


def dying_on(data: Any) -> None:
    """Four cells before `relu` in each of which the kernel dies."""
    where = next(i for i, c in enumerate(data["cells"]) if c["metadata"].get("nbgrader", {}).get("grade_id") == "relu")
    for _ in range(4):
        died = {"cell_type": "code", "metadata": {}, "source": "import os; os._exit(1)", "outputs": []}
        data["cells"].insert(where, died | {"execution_count": None})


def skipped(data: Any) -> None:
    cell(data, "scale")["source"] = "scale = 0"
    cell(data, "scale-check")["metadata"]["tags"] = ["skip-execution"]


def in_place(data: Any) -> None:
    cell(data, "relu")["source"] = "def relu(z):\n    z[z < 0] = 0.0\n    return z"


def text_for_points(points: str) -> Callable[[Any], None]:
    """A check that is replaced by something which shows `points`."""
    return before("scale", f"class P:\n    def __repr__(self): return '{points}'\n\ncheck = lambda *a, **k: P()")


BY_HAND: dict[str, Callable[[Any], None]] = {
    "dead": before("relu", "import os; os._exit(1)"),
    "stubborn": before("count", "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"),
    "mortal": dying_on,
    "twice": copied_check,
    "partly": in_place,
    "skipped": skipped,
    "warned": before("relu", "import sys; print('a warning', file=sys.stderr)"),
    "silent": text_for_points("thanks"),
    "not-a-number": text_for_points("nan"),
    "greedy": text_for_points("1000"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    course = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(FIXTURE, course)
    shutil.copy(Path(__file__).parents[2] / "nbgrader_config.py", course)
    yield Graded(course)


# --------------------------------------------------------------------------- scores


def test_every_score_in_nbgraders_gradebook_is_what_the_learners_mistakes_imply(graded: Graded) -> None:
    for learner in graded.learners:
        scores = graded.in_nbgrader(learner.name)
        assert {cell: scores[cell] for cell in WORTH} == learner.expected, learner.kind
    assert simulated_class.mismatches(graded.learners, list(graded.rows.values())) == []


def test_the_scores_of_unit_02_are_what_the_learners_mistakes_imply(tmp_path: Path) -> None:
    learners = simulated_class.make("02-jacobians", 4, seed=7)
    assert {learner.kind for learner in learners} == {Kind.PERFECT, Kind.UNTOUCHED, Kind.ONE, Kind.SEVERAL}
    rows = grade_class(
        "02-jacobians", simulated_class.hand_in(learners, "02-jacobians", tmp_path), Settings(tmp_path, jobs=2)
    )
    assert simulated_class.mismatches(learners, rows) == []
    assert all(row.state is Status.GRADED and not row.reason for row in rows)


def test_surprises_are_found_where_there_are_some(graded: Graded) -> None:
    rows = [graded.rows[x.name] for x in graded.learners]
    assert len(simulated_class.mismatches(graded.learners, rows[1:])) == 1
    swapped = [graded.one(Kind.PERFECT), graded.one(Kind.UNTOUCHED)]
    wrong = [
        simulated_class.SimulatedLearner(
            name=a.name, kind=a.kind, content=a.content, answers=b.answers, expected=b.expected, diagnosis=b.diagnosis
        )
        for a, b in (swapped, swapped[::-1])
    ]
    assert len(simulated_class.mismatches(wrong, rows)) == 2


def test_the_broken_ones_are_recorded_with_reason_and_cell_and_stop_nobody(graded: Graded) -> None:
    malformed = graded.rows[graded.one(Kind.MALFORMED).name]
    assert malformed.state is Status.FAILED and "not a notebook" in malformed.reason and malformed.score == 0
    endless = graded.rows[graded.one(Kind.ENDLESS).name]
    assert endless.state is Status.GRADED and f"more than {LIMIT} s and was stopped" in endless.reason
    assert endless.cell in ("scale", "count", "relu") and endless.score > 0
    deleted = graded.rows[graded.one(Kind.DELETED).name]
    assert deleted.state is Status.GRADED and "missing and counts zero" in deleted.reason and deleted.score > 0
    dead = graded.rows["dead"]
    assert (dead.state, dead.reason, dead.cell) == (Status.GRADED, "The kernel died in relu.", "relu")
    assert {c: dead.scores[c] for c in WORTH} == WORTH | {"relu-check": 0.0}
    stubborn = graded.rows["stubborn"]
    assert stubborn.state is Status.GRADED and stubborn.cell == "count" and "would not stop" in stubborn.reason
    assert {c: stubborn.scores[c] for c in WORTH} == WORTH | {"count-check": 0.0}
    mortal = graded.rows["mortal"]
    assert mortal.state is Status.GRADED and "died 4 times; from the cell relu on nothing was run" in mortal.reason
    assert {c: mortal.scores[c] for c in WORTH} == WORTH | {"relu-check": 0.0}
    assert len(graded.rows) == len(graded.learners) + len(BY_HAND)


def test_a_copied_cell_aborts_nothing_and_earns_once(graded: Graded) -> None:
    assert graded.rows["twice"].scores["scale-check"] == 2.0
    assert "2 times" in graded.rows["twice"].reason


@pytest.mark.parametrize("name", ["skipped", "silent", "not-a-number", "greedy"])
def test_points_are_earned_by_a_number_between_zero_and_the_most_and_by_nothing_else(graded: Graded, name: str) -> None:
    row = graded.rows[name]
    assert row.state is Status.GRADED
    assert row.scores["scale-check"] == 0.0


def test_a_warning_on_stderr_costs_nothing(graded: Graded) -> None:
    assert {c: graded.rows["warned"].scores[c] for c in WORTH} == WORTH
    assert "a warning" in graded.page("warned")


def test_a_part_of_the_points_for_a_part_of_what_was_asked(graded: Graded) -> None:
    assert graded.rows["partly"].scores["relu-check"] == 3.0
    assert graded.rows["partly"].mistakes == {"relu-check": "in_place"}


def test_stock_nbgrader_gives_the_same_scores(graded: Graded, tmp_path: Path) -> None:
    """nbgrader's own commands, with the course's other settings, on the same files."""
    course = tmp_path / "course"
    shutil.copytree(graded.course, course, ignore=shutil.ignore_patterns("grading"))
    (course / "nbgrader_config.py").write_text(stock(), encoding="utf-8")
    students = [graded.one(Kind.SEVERAL).name, "partly"]
    for student in students:
        shutil.copytree(graded.submitted / student, course / "grading" / "submitted" / student)
    here = str(Path(sys.executable).parent)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "ISOMETRY_COURSE": str(course)}
    env["PATH"] = os.pathsep.join([here, env["PATH"]])
    for command in ("generate_assignment --force", "autograde"):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command.split(), UNIT],
            cwd=course,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    with Gradebook(f"sqlite:///{course / 'grading' / 'gradebook.db'}", "isometry") as gradebook:
        for student in students:
            (notebook,) = gradebook.find_submission(UNIT, student).notebooks
            assert {g.name: g.score for g in notebook.grades} == graded.rows[student].scores


def test_a_free_answer_waits_for_a_person(graded: Graded) -> None:
    assert graded.rows[graded.perfect.name].unread == ("why",)
    assert graded.rows[graded.one(Kind.UNTOUCHED).name].unread == ()
    assert "to be read, 3 points" in graded.page(graded.perfect.name)


def test_each_submission_is_reported_once_as_it_is_written(graded: Graded) -> None:
    everyone = {learner.name for learner in graded.learners} | set(BY_HAND)
    first = graded.lines[: len(everyone)]
    assert {student for student, _ in first} == everyone
    assert {of for _, of in first} == {len(everyone)}


# --------------------------------------------------------------------------- what comes out


def test_the_csv_has_a_line_for_each_student_and_the_mistake_of_each_exercise(graded: Graded) -> None:
    with (graded.into / f"{UNIT}.csv").open(encoding="utf-8", newline="") as file:
        lines = {line["student"]: line for line in csv.DictReader(file)}
    assert list(lines) == sorted(graded.rows)
    named = {"scale-check": "tiny.scale", "count-check": "tiny.weights", "relu-check": "tiny.relu"}
    for learner in graded.learners:
        line, row = lines[learner.name], graded.rows[learner.name]
        assert (float(line["score"]), float(line["max_score"]), line["state"]) == (row.score, 10.0, row.state)
        assert line["reason"] == row.reason
        for grade_id, exercise in named.items():
            assert float(line[exercise]) == learner.expected[grade_id]
            assert line[f"{exercise} mistake"] == learner.diagnosis.get(grade_id, "")
    assert lines[graded.perfect.name]["why"] == ""


def test_feedback_says_the_mistakes_sentence_and_loads_nothing(graded: Graded) -> None:
    exercises = find(UNIT, graded.course).bank.exercises
    sentences = {m.name: m.sentence for e in exercises.values() for m in e.mistakes}
    said = 0
    for learner in graded.learners:
        page = graded.page(learner.name)
        text = " ".join(re.sub(r"<[^>]*>", "", page).replace("&amp;", "&").split())
        for name in learner.diagnosis.values():
            assert sentences[name].replace("`", "") in text
            said += 1
        assert (
            "<script" not in page.lower()
            and "http:" not in page
            and "https:" not in page
            and "@import" not in page
            and "url(" not in page
        )
    assert said > 4


@pytest.mark.browser
def test_a_feedback_page_asks_the_network_for_nothing(graded: Graded, chromium: Any) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((graded.into / "feedback" / graded.one(Kind.SEVERAL).name / UNIT / f"{UNIT}.html").as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.locator("section.check.none").count() >= 2
    assert page.locator("math").first.evaluate("formula => formula.getBoundingClientRect().width") > 20
    page.close()


def test_the_page_of_a_failed_one_says_why(graded: Graded) -> None:
    name = graded.one(Kind.MALFORMED).name
    page = graded.page(name)
    assert "Not graded" in page and "not a notebook" in page and "<script" not in page
    as_run = nbformat.read(graded.into / "autograded" / name / UNIT / f"{UNIT}.ipynb", as_version=4)
    assert "not a notebook" in as_run.cells[0].source


def test_the_page_of_one_whose_kernel_died_shows_where_and_all_the_rest(graded: Graded) -> None:
    page = graded.page("dead")
    assert "The kernel died in relu." in page and "2 of 2 points" in page and "<script" not in page


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("<script>alert(1)</script>", "<script", "alert(1)"),
        ('<img src="https://example.org/x.png" alt="x">', "example.org", "x"),
        (
            '<img src="data:image/png;base64,iVBORw0KGgo=" onerror="x()">',
            "onerror",
            "data:image/png;base64,iVBORw0KGgo=",
        ),
        ('<p style="background:url(https://example.org)">word</p>', "example.org", "word"),
        ("<style>@import 'https://example.org'</style>word", "<style", "word"),
        ('<a href="javascript:x()">word</a>', "javascript:", "word"),
        ('<iframe src="data:text/html,x"></iframe>word', "<iframe", "word"),
        ('<div class="isometry-panel">kept</div>', "zzz", '<div class="isometry-panel">kept</div>'),
    ],
)
def test_washed_html_keeps_words_and_drops_what_runs_or_loads(text: str, gone: str, left: str) -> None:
    washed = sanitize.sanitized(text)
    assert gone not in washed and left in washed


def test_no_file_is_left_half_written(graded: Graded) -> None:
    assert [p for p in graded.into.rglob(".*") if p.is_file()] == []
    assert kernels() == []


# --------------------------------------------------------------------------- grading again


def test_a_failure_leaves_no_older_score_and_a_repair_brings_it_back(graded: Graded) -> None:
    name = graded.perfect.name
    path = graded.submitted / name / UNIT / f"{UNIT}.ipynb"
    others = {student: row for student, row in graded.rows.items() if student != name}
    try:
        for content, said in ((b"{", "not a notebook"), (b'{"nbformat": 4, "cells": []}', "another notebook")):
            path.write_bytes(content)
            assert list(graded.grade(name)) == [name]
            assert graded.in_nbgrader(name) == dict.fromkeys([*WORTH, "why"], 0.0)
            row = graded.grade(name)[name]
            assert row.state is Status.FAILED and said in row.reason and row.score == 0 and row.mistakes == {}
            assert "Not graded" in graded.page(name)
    finally:
        path.write_bytes(graded.perfect.content)
        again = graded.grade(name)[name]
    assert again == graded.rows[name]
    assert {c: graded.in_nbgrader(name)[c] for c in WORTH} == WORTH
    with GradebookStore(f"sqlite:///{graded.into / 'gradebook.db'}", "isometry") as ledger:
        assert {row.student: row for row in ledger.rows(UNIT) if row.student != name} == others


def test_what_a_person_gave_survives_grading_again_and_shows_in_the_feedback(graded: Graded) -> None:
    name = graded.perfect.name
    with Gradebook(f"sqlite:///{graded.into / 'gradebook.db'}", "isometry") as gradebook:
        grade = gradebook.find_grade("why", UNIT, UNIT, name)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 0.5, False
        gradebook.find_comment("why", UNIT, UNIT, name).manual_comment = "Well argued: $a^L \\to 0$."
        gradebook.db.commit()
    try:
        row = graded.grade(name)[name]
        assert row.scores["why"] == 3.0 and row.score == 10.0
        assert row.unread == ()  # the text is the one that was read
        page = graded.page(name)
        assert "10 of 10 points" in page and "Well argued" in page
    finally:
        with Gradebook(f"sqlite:///{graded.into / 'gradebook.db'}", "isometry") as gradebook:
            grade = gradebook.find_grade("why", UNIT, UNIT, name)
            grade.manual_score = grade.extra_credit = None
            gradebook.find_comment("why", UNIT, UNIT, name).manual_comment = None
            gradebook.db.commit()
    assert graded.grade(name)[name] == graded.rows[name]


def test_an_interrupted_batch_leaves_whole_grades_and_no_process(graded: Graded, tmp_path: Path) -> None:
    def stop(result: GradingResult, row: Row, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(UNIT, graded.submitted, Settings(tmp_path, seconds=LIMIT, jobs=2), root=graded.course, seen=stop)
    with GradebookStore(f"sqlite:///{tmp_path / 'gradebook.db'}", "isometry") as ledger:
        written = ledger.rows(UNIT)
    assert 1 <= len(written) < len(graded.rows)
    assert all(row == graded.rows[row.student] for row in written)
    assert kernels() == []


# --------------------------------------------------------------------------- the gradebook


def test_an_outcome_is_written_whole_or_not_at_all(graded: Graded) -> None:
    name = graded.perfect.name
    unwritable: Any = object()
    with GradebookStore(f"sqlite:///{graded.into / 'gradebook.db'}", "isometry") as ledger:
        was = ledger.row(UNIT, name)
        half = GradingResult(
            student=name, unit=UNIT, ending=Status.GRADED, marks={"scale-check": Mark(0.0), "why": Mark(unwritable)}
        )
        with pytest.raises(GradingError, match="cannot be used"):
            ledger.record(half)
        assert ledger.row(UNIT, name) == was


def test_an_outcome_crosses_processes_unchanged() -> None:
    result = GradingResult(
        student="ada",
        unit=UNIT,
        ending=Status.GRADED,
        marks={"x": Mark(None, True)},
        mistakes={"x": "root"},
        seconds=1.5,
    )
    assert GradingResult.from_json(result.to_json()) == result
    lost = failed("ada", UNIT, DiagnosticCode.KERNEL_DIED, "The kernel died.", "cell 3")
    assert GradingResult.from_json(lost.to_json()) == lost and (lost.reason, lost.cell) == (
        "The kernel died.",
        "cell 3",
    )


# --------------------------------------------------------------------------- the command


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["autograder", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_command_prints_a_line_a_student_and_a_summary(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for kind in (Kind.PERFECT, Kind.MALFORMED):
        (flat / f"{kind.name.lower()}.ipynb").write_bytes(graded.one(kind).content)
    wanted = [UNIT, "--submissions", flat, "--course", graded.course, "--into", tmp_path / "g"]
    code, out, err = run(monkeypatch, capsys, "grade", *wanted, "--verbose")
    assert (code, err) == (0, "")
    assert re.search(r"^perfect +7 / 10 +graded", out, re.M)
    assert re.search(r"^malformed +0 / 10 +failed .* not a notebook", out, re.M)
    assert re.search(r"graded +1", out) and re.search(r"failed +1", out)
    assert (tmp_path / "g" / "submitted" / "perfect" / UNIT / f"{UNIT}.ipynb").is_file()


def test_what_cannot_be_graded_at_all_is_one_sentence(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    cases = [
        (["99-nothing", "--submissions", graded.submitted], f"no unit “99-nothing” with exercises. It has: {UNIT}"),
        ([UNIT, "--submissions", tmp_path / "empty"], f"No submission of {UNIT} is in"),
        ([UNIT, "--submissions", tmp_path / "none"], "There is no folder"),
        ([UNIT, "--submissions", graded.submitted, "--only", "nobody"], "nobody has handed in nothing"),
        ([UNIT, "--submissions", graded.submitted, "--into", tmp_path / "file" / "x"], "cannot be written"),
    ]
    for arguments, said in cases:
        code, out, err = run(monkeypatch, capsys, "grade", *arguments, "--course", graded.course)
        assert code == 2 and said in err, err
        assert len(err.splitlines()) == 1 and "Traceback" not in out + err


def test_cells_that_changed_after_grading_are_refused_with_a_sentence(graded: Graded, tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(graded.course, course)
    source = course / "solutions" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "count-check"]
    nbformat.write(notebook, source)
    with pytest.raises(GradingError, match=r"have changed since its class was graded \(count-check\)"):
        grade_class(UNIT, course / "grading" / "submitted", Settings(course / "grading"), root=course)


def test_a_unit_without_a_bank_is_not_graded_with_silence(graded: Graded, tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(graded.course, course, ignore=shutil.ignore_patterns("bank.py", "grading"))
    with pytest.raises(GradingError, match="has no bank, and without one nothing is judged"):
        grade_class(UNIT, graded.submitted, Settings(tmp_path / "g"), root=course)


def test_help_says_what_each_command_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(monkeypatch, capsys, "--help")
    assert code == 0 and "grade" in out and "demo" in out
    code, out, _ = run(monkeypatch, capsys, "grade", "--help")
    named = ("--submissions", "--only", "--course", "--into", "--seconds", "--jobs", "--unsafe")
    assert all(option in out for option in named)


def test_the_doctor_says_what_is_enforced_and_with_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, "doctor")
    assert (code, err) == (0, "") and "Landlock" in out and out.count("✓") == len(doctor.WHAT)
    nothing = tuple(doctor.Finding(name, False, "there is none") for name in doctor.WHAT)
    monkeypatch.setattr(doctor, "examine", lambda: nothing)
    code, out, _ = run(monkeypatch, capsys, "doctor")
    assert code == 1 and "open: there is none" in out and "--unsafe" in out


def test_without_a_sandbox_nothing_is_graded_unless_told_to(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tuple(doctor.Finding(name, False, "there is none") for name in doctor.WHAT)
    monkeypatch.setattr(doctor, "examine", lambda: nothing)
    wanted = [UNIT, "--submissions", graded.submitted, "--course", graded.course, "--into", tmp_path]
    code, _, err = run(monkeypatch, capsys, "grade", *wanted)
    assert code == 2 and "cannot be confined on this machine (there is none)" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "gradebook.db").exists()


# --------------------------------------------------------------------------- formgrader


@pytest.mark.browser
def test_formgrader_lists_everyone_with_their_scores(graded: Graded, chromium: Any, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "ISOMETRY_COURSE": str(graded.course)}
    command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--port=0", "--allow-root"]
    command += ["--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"]
    with Gradebook(f"sqlite:///{graded.into / 'gradebook.db'}", "isometry") as gradebook:
        dead = gradebook.find_submission_notebook(UNIT, UNIT, "dead").id
        some = gradebook.find_submission_notebook(UNIT, UNIT, graded.one(Kind.SEVERAL).name).id
    server = Server.start(command, graded.course, env, tmp_path)
    try:
        page = chromium.new_page()
        page.goto(server.page("login"))
        page.goto(server.page(f"formgrader/manage_submissions/{UNIT}"))
        page.wait_for_selector(f"text={graded.perfect.name}")
        lines = [line.split("\t") for line in page.inner_text("table tbody").splitlines()]
        listed = {line[1]: line[4] for line in lines if len(line) > 4}
        assert listed == {row.student: f"{row.score:g} / 10" for row in graded.rows.values()}
        page.goto(server.page(f"formgrader/submissions/{dead}"))
        page.wait_for_selector("text=The kernel died in relu.")
        page.goto(server.page(f"formgrader/submissions/{some}"))
        page.wait_for_selector("text=because")
        page.close()
    finally:
        server.stop()
