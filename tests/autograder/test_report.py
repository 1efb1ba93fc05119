"""The instructor's page: drawn from a gradebook and what was handed in, changing neither, and safe whatever they hold."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import count

from autograder.cli import commands
from autograder.diagnostics import Diagnostic, DiagnosticCode, from_gradebook
from autograder.errors import GradingError
from autograder.gradebook.ledger import GradebookStore
from autograder.gradebook.rows import Row
from autograder.reports import report
from autograder.reports.report import Alike, Class, GradedCell, page
from autograder.reports.similarity import Pair
from autograder.submissions import assignment
from autograder.submissions.result import GradingResult, Mark, Status, failed
from autograder.text import escape_invisible

COURSE = Path(__file__).parent / "fixtures" / "course"
UNIT = "90-tiny"

ASKED = (
    GradedCell("scale-check", "scale", 2.0, "scale", {"linear": "Factors compound: it is what the last one `left`."}),
    GradedCell("count-check", "weights", 1.0, "weights", {}),
    GradedCell("why", "why", 3.0, "why", {}),
)


def row(student: str, scale: float = 2.0, **more: Any) -> Row:
    scores = {"scale-check": scale, "count-check": 1.0, "why": 0.0}
    base: dict[str, Any] = {
        "state": Status.GRADED,
        "unread": (),
        "mistakes": {},
        "seconds": 1.5,
    }
    if reason := more.pop("reason", ""):
        more["diagnostics"] = from_gradebook(None, reason, more.pop("cell", None))
    base |= more
    return Row(student=student, score=sum(scores.values()), max_score=6.0, scores=scores, **base)


def drawn(*rows: Row, pairs: tuple[Pair, ...] = ()) -> str:
    return page(Class(UNIT, rows, ASKED, Alike(pairs, len(rows), True)))


class Reader(HTMLParser):
    """What a browser would find: tags with attributes, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.inside.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.inside[-1:]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text(html: str) -> str:
    return Reader(html).text


# --------------------------------------------------------------------------- what it says


def test_it_says_who_holds_which_misconception_in_the_banks_words() -> None:
    html = drawn(row("ada"), row("bob", 0, mistakes={"scale-check": "linear"}), row("cy", 0, mistakes={"why": "gone"}))
    said = text(html)
    assert "scale: linear Factors compound: it is what the last one left ." in said
    assert "<code>left</code>" in html
    assert "33 % 1 of 3" in said and "why: gone The bank no longer has this one." in said


def test_with_few_students_no_discrimination_is_given_and_with_more_it_is() -> None:
    assert text(drawn(*(row(f"s{i}", i % 3) for i in range(9)))).count("too few") == 3
    many = [row(f"s{i}", i % 3) for i in range(12)]
    said = text(drawn(*many))
    assert "too few" not in said and said.count("no spread") == 3, "the rest of each is the same for everyone"
    assert "scale 50 % no spread 2 12" in said


def test_an_answer_that_nobody_has_read_is_left_out_of_its_exercise_and_asked_for() -> None:
    said = text(drawn(row("ada", unread=("why",)), row("bob", unread=("why",))))
    assert "why to be read too few 3 0" in said and "2 wait for a person" in said
    assert "why 2 ada , bob" in said and "Nothing waits" not in said


def test_failures_remarks_and_trust_have_their_places() -> None:
    said = text(
        drawn(
            row("ada", reason="The cell old-check was judged in the student's process. It ran without a sandbox."),
            row("bob", reason="The graded cell scale-check is missing and counts zero.", cell="scale-check"),
            row("cy", 0, state=Status.FAILED, reason="The kernel died in relu.", cell="relu"),
            row("dee", 0, state=Status.QUARANTINED, reason="It ended the grader twice."),
        )
    )
    assert "4 handed in: 2 graded, 2 not graded" in said
    assert "cy failed relu The kernel died in relu." in said and "dee quarantined It ended" in said
    assert "bob scale-check The graded cell scale-check is missing" in said
    assert "old-check 1 ada" in said and "Without a sandbox ran 1 student: ada ." in said
    assert said.count("The cell old-check was judged") == 0, "it is said once, under Trust"


def test_it_reads_codes_and_no_sentence() -> None:
    """Whatever language the texts are in, what belongs under Trust stands there, and the rest with its own cell."""
    found = (
        Diagnostic(DiagnosticCode.JUDGED_INSIDE, "Innen geprüft.", "old-check"),
        Diagnostic(DiagnosticCode.UNCONFINED, "Ohne Sandkasten."),
        Diagnostic(DiagnosticCode.CELL_MISSING, "Die Zelle fehlt.", "scale-check"),
        Diagnostic(DiagnosticCode.JUDGE_FAILED, "It ran without a sandbox.", "count-check"),
    )
    said = text(drawn(row("ada", diagnostics=found), row("bob")))
    assert "old-check 1 ada" in said and "Without a sandbox ran 1 student: ada ." in said
    assert "ada scale-check Die Zelle fehlt." in said and "ada count-check It ran without a sandbox." in said
    assert "Innen" not in said and "Ohne Sandkasten" not in said


def test_alike_is_said_with_care() -> None:
    pairs = (Pair("ada", "bob", 0.931, 40, ("relu", "cell 7")), Pair("bob", "cy", 1.0, 44, ("relu",)))
    said = text(drawn(row("ada"), row("bob"), row("cy"), pairs=pairs))
    assert "ada , bob 93 % 40 relu, cell 7" in said
    assert "3 students in 1 group: ada , bob , cy" in said
    assert "says nothing of how it came about" in said
    for word in ("cheat", "plagiar", "copied", "suspicious", "guilty"):
        assert word not in said.lower()


def test_where_nothing_is_graded_there_are_sentences() -> None:
    assert "Nothing of this unit has been graded yet." in text(drawn())
    said = text(drawn(row("ada", 0, state=Status.FAILED, reason="No notebook.")))
    assert "No submission could be graded, so there are no scores." in said and "ada failed No notebook." in said


# --------------------------------------------------------------------------- whatever is in it

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><script>1</script>",
    "a\u202egnp.exe",
    "\x1b[31mred",
    "{{ 7 * 7 }}{% raw %}",
    "‮",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\ud800half",
    "x" * 3000,
]


def structure(html: str) -> list[str]:
    return [tag for tag, _ in Reader(html).tags]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_and_no_reason_adds_a_tag_or_hides_a_character(hostile: str) -> None:
    def of(word: str) -> str:
        return drawn(
            row(word, reason=f"It said {word}.", cell=word, mistakes={word: word}, unread=(word,)),
            row(word + "2", 0, state=Status.FAILED, reason=word, cell=word),
            pairs=(Pair(word, word + "2", 1.0, 30, (word,)),),
        )

    html = of(hostile)
    assert structure(html) == structure(of("ada"))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", html)
    assert "49" not in text(html) or "7 * 7" in text(html)
    assert " ".join(escape_invisible(hostile).split()) in text(html)
    html.encode()


@settings(max_examples=count(500, 40))
@given(st.text(min_size=1, max_size=30), st.text(max_size=60))
def test_any_text_leaves_the_page_as_it_is_built(name: str, reason: str) -> None:
    plain = structure(drawn(row("ada", reason="x"), row("bob", 0, state=Status.FAILED, reason="x")))
    html = drawn(row(name, reason=reason or "x"), row("bob", 0, state=Status.FAILED, reason=reason))
    if reason.strip() and [one.code for one in from_gradebook(None, reason, None)] == [DiagnosticCode.UNSPECIFIED]:
        assert structure(html) == plain


def test_it_loads_and_runs_nothing_and_says_so_to_the_browser() -> None:
    html = drawn(*(row(f"s{i:02}", i % 3, mistakes={"scale-check": "linear"} if i % 2 else {}) for i in range(14)))
    for tag, attributes in Reader(html).tags:
        assert tag not in ("script", "link", "iframe", "form", "img", "object", "embed", "base", "input", "button")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "data", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "url(" not in html and "@import" not in html and "http" not in html.replace("http-equiv", "")
    policy = next(a["content"] for t, a in Reader(html).tags if t == "meta" and "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'")


def test_tables_have_captions_and_headers_and_charts_have_words() -> None:
    html = drawn(*(row(f"s{i:02}", i % 3, unread=("why",)) for i in range(14)))
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(tables) >= 4
    for table in tables:
        assert "<caption>" in table and 'scope="row"' in table
    charts = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(charts) == 3
    for chart in charts:
        assert 'role="img"' in chart and "<title" in chart and re.search(r"<desc[^>]*>[^<]*\d", chart)
        labels = re.search(r'aria-labelledby="(\S+) (\S+)"', chart)
        assert labels and all(html.count(f'id="{name}"') == 1 for name in labels.groups())
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


# --------------------------------------------------------------------------- from a real gradebook


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grading folder as a batch leaves it, with a gradebook that nbgrader made and six submissions."""
    into = tmp_path_factory.mktemp("grading")
    one = assignment.find(UNIT, COURSE)
    url = f"sqlite:///{into / 'gradebook.db'}"
    released = assignment.prepare(one, into / "workshop", url)
    cells = {cell: float(node.metadata.nbgrader.points) for cell, node in assignment.graded_cells(released).items()}
    code = "\n".join(f"def helper_{i}(values):\n    return [v * {i} for v in values if v > {i + 1}]" for i in range(12))
    with GradebookStore(url, str(one.settings().CourseDirectory.course_id)) as ledger:
        for i, student in enumerate(("ada", "bob", "zoë <b>", "dee", "eve", "fay")):
            marks = {cell: Mark(points if i % 2 else 0.0) for cell, points in cells.items()}
            made = {} if i % 2 else {one.questions[0].grade_id: "linear"}
            result = GradingResult(
                student=student,
                unit=UNIT,
                ending=Status.GRADED,
                diagnostics=(),
                marks=marks,
                mistakes=made,
                seconds=i + 0.5,
            )  # type: ignore[arg-type]
            if student == "eve":
                result = failed(student, UNIT, DiagnosticCode.KERNEL_DIED, "The kernel died in relu.", "relu")
            if student == "fay":
                result = GradingResult(
                    student=student,
                    unit=UNIT,
                    ending=Status.GRADED,
                    diagnostics=(Diagnostic(DiagnosticCode.UNCONFINED, "Without."),),
                    marks=marks,
                )
            ledger.record(result)
            notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
            if student in ("ada", "bob"):
                own = code.replace("values", "numbers") if student == "bob" else code
                notebook["cells"] = [
                    {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "relu"}}, "source": own}
                ]
            path = into / "submitted" / student / UNIT / f"{UNIT}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text("no notebook" if student == "eve" else json.dumps(notebook), encoding="utf-8")
    return into


def test_the_command_writes_one_page_and_changes_nothing_else(graded: Path) -> None:
    def state() -> dict[str, str]:
        files = (p for p in graded.rglob("*") if p.is_file() and not p.name.endswith("-report.html"))
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    before = state()
    ended = CliRunner().invoke(commands, ["report", UNIT, "--into", str(graded), "--course", str(COURSE)])
    assert ended.exit_code == 0, ended.output
    assert f"{UNIT}-report.html" in ended.output
    assert state() == before
    said = text((graded / f"{UNIT}-report.html").read_text(encoding="utf-8"))
    assert "6 handed in: 5 graded, 1 not graded" in said and "zoë <b>" in said
    assert "Factors compound: each layer multiplies what the last one left ." in said
    assert "eve failed relu The kernel died in relu." in said and "Without a sandbox ran 1 student: fay" in said
    assert re.search(r"ada , bob 100 % \d+ relu", said)


def test_drawing_it_twice_gives_the_same_page(graded: Path) -> None:
    assert page(report.gather(UNIT, graded, COURSE)) == page(report.gather(UNIT, graded, COURSE))


def test_without_a_gradebook_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="There is no gradebook in"):
        report.write(UNIT, tmp_path, COURSE)
    assert list(tmp_path.iterdir()) == []


def test_grades_are_exported_from_it_by_the_command(graded: Path, tmp_path: Path) -> None:
    out = tmp_path / "grades.csv"
    asked = ["export", UNIT, "--to", "csv", "--out", str(out), "--into", str(graded), "--course", str(COURSE)]
    ended = CliRunner().invoke(commands, asked)
    assert ended.exit_code == 0, ended.output
    lines = [line.split(",") for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in lines] == ["student", "ada", "bob", "dee", "eve", "fay", "zoë <b>"]
    assert lines[1][1] == "0" and float(lines[2][1]) > 0 and lines[4][1] == ""
    assert "not exported: eve (failed: The kernel died in relu.)" in ended.output
    again = CliRunner().invoke(commands, asked)
    assert again.exit_code == 2 and "is not overwritten. Name another file (--out)." in again.output


def test_notebooks_of_any_make_are_read_or_passed_over(tmp_path: Path) -> None:
    cases: list[tuple[Any, list[tuple[str, str]]]] = [
        ({"cells": [{"cell_type": "code", "source": ["a\n", "b"]}]}, [("cell 1", "a\nb")]),
        ({"cells": [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "source": 7}, 5]}, []),
        ({"cells": [{"cell_type": "code", "source": "x", "metadata": 5}]}, [("cell 1", "x")]),
        ({"cells": {"a": 1}}, []),
        ([1, 2], []),
    ]
    path = tmp_path / "one.ipynb"
    for data, expected in cases:
        path.write_text(json.dumps(data), encoding="utf-8")
        assert report.code_cells(path) == expected
    path.write_bytes(b"[" * 100_000)
    assert report.code_cells(path) == [] and report.code_cells(tmp_path / "none") == []
