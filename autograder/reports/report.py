"""The instructor's page on a graded unit: what the class scored, what it misunderstood, and what waits for somebody.

`gather` reads (the gradebook, what was handed in, the bank), `page` draws: one HTML file that runs and loads nothing.
Every name and text in it came from a stranger; Jinja escapes all of it, `plain.shown` makes the invisible visible, and
the page's own Content-Security-Policy forbids whatever would be left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from autograder import files, text
from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import GradingError
from autograder.gradebook import audit
from autograder.gradebook.ledger import GradebookStore
from autograder.gradebook.rows import Row
from autograder.paths import ROOT
from autograder.reports import charts, similarity, statistics
from autograder.submissions import assignment as assignments
from autograder.submissions import submission
from autograder.submissions.assignment import graded_cells
from autograder.submissions.notebook import questions, read
from autograder.submissions.result import Status
from autograder.submissions.submission import Submission, Unusable

TEMPLATES = Path(__file__).resolve().parent / "templates" / "isometry_report"

_UNDER_TRUST = (DiagnosticCode.JUDGED_INSIDE, DiagnosticCode.UNCONFINED)
"""What the page tells once for the class, under Trust."""


@dataclass(frozen=True)
class GradedCell:
    """A cell that earns points."""

    cell: str
    name: str
    """What it is called on the page: the exercise it checks, else the cell itself."""
    points: float
    exercise: str
    """The exercise it checks, else the cell."""
    sentences: dict[str, str] = field(default_factory=dict)
    """What a learner reads who makes a mistake, by the mistake's name."""


@dataclass(frozen=True)
class Alike:
    """Which students' code is alike, and what could be compared."""

    pairs: tuple[similarity.Pair, ...]
    compared: int
    """How many students' notebooks were read."""
    base: bool
    """Whether the released notebook was there to be taken out."""


@dataclass(frozen=True)
class Class:
    """All that the page is drawn from."""

    unit: str
    rows: tuple[Row, ...]
    asked: tuple[GradedCell, ...]
    alike: Alike
    changes: tuple[str, ...] = ()
    """Where the gradebook is not as grading left it, a sentence for each student; the points here are grading's."""

    @cached_property
    def graded(self) -> list[Row]:
        return [row for row in self.rows if row.state is Status.GRADED]

    @cached_property
    def ungraded(self) -> list[Row]:
        return [row for row in self.rows if row.state is not Status.GRADED]

    @cached_property
    def most(self) -> float:
        """The points the unit is worth."""
        return max((row.max_score for row in self.rows), default=sum(one.points for one in self.asked))

    @cached_property
    def scores(self) -> list[float]:
        return [row.score for row in self.graded]

    @cached_property
    def items(self) -> list[tuple[GradedCell, statistics.Item]]:
        """Every exercise and how it did, where somebody has read the answer."""
        points = [{cell: p for cell, p in row.scores.items() if cell not in row.unread} for row in self.graded]
        found = statistics.items(points, {one.cell: one.points for one in self.asked})
        return list(zip(self.asked, found, strict=True))

    @cached_property
    def held(self) -> list[tuple[statistics.Held, str]]:
        """Every mistake that was found, with the sentence its learners read."""
        asks = {one.cell: one.exercise for one in self.asked}
        sentences = {one.exercise: one.sentences for one in self.asked}
        made = {row.student: [(asks.get(c, c), name) for c, name in row.mistakes.items()] for row in self.graded}
        return [(one, sentences.get(one.exercise, {}).get(one.mistake, "")) for one in statistics.misconceptions(made)]

    @cached_property
    def waiting(self) -> list[Row]:
        """The rows with answers that a person has to read."""
        return [row for row in self.graded if row.unread]

    @cached_property
    def unread(self) -> list[str]:
        """The cells that wait for a person."""
        return sorted({cell for row in self.waiting for cell in row.unread})

    @cached_property
    def inside(self) -> list[tuple[str, list[str]]]:
        """The cells that were judged in the students' processes, and whose."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for one in row.diagnostics:
                if one.code is DiagnosticCode.JUDGED_INSIDE:
                    found.setdefault(one.cell or "", []).append(row.student)
        return sorted(found.items())

    @cached_property
    def unkept(self) -> list[str]:
        """The students whose points cannot be compared, because an earlier version kept nothing to compare them with."""
        return [row.student for row in self.rows if not row.kept]

    @cached_property
    def unconfined(self) -> list[str]:
        """Those whose notebooks ran without a sandbox."""
        return [
            row.student for row in self.rows if any(one.code is DiagnosticCode.UNCONFINED for one in row.diagnostics)
        ]

    @cached_property
    def remarked(self) -> list[tuple[Row, Diagnostic]]:
        """The graded students with further diagnostics, and each of those."""
        return [(row, one) for row in self.graded for one in row.diagnostics if one.code not in _UNDER_TRUST]


# --------------------------------------------------------------------------- reading


def gather(unit: str, into: Path, root: Path = ROOT, url: str | None = None) -> Class:
    """Read all that the page on `unit` needs from the grading folder `into`. `url` is the gradebook, by default the one there.

    Writes nothing. `GradingError` where the unit or the gradebook is not there.
    """
    assignment = assignments.find(unit, root)
    rows, changes = _rows(assignment, into, url)
    said = tuple(audit.told(replace(changes, unkept=()), assignment.columns()))
    return Class(unit, rows, _asked(assignment), _alike(assignment, rows, into), said)


class Results(NamedTuple):
    """Everyone's result for a unit."""

    rows: tuple[Row, ...]
    names: dict[str, tuple[str, float]]
    """The name and points of each graded cell."""
    changes: list[str]
    """Where the gradebook is not as grading left it, a sentence for each student; the points in `rows` are grading's."""


def results(unit: str, into: Path, root: Path = ROOT, url: str | None = None) -> Results:
    """Read everyone's result for `unit`. Parameters and errors as for `gather`."""
    assignment = assignments.find(unit, root)
    rows, changes = _rows(assignment, into, url)
    said = audit.told(replace(changes, unkept=()), assignment.columns())
    return Results(rows, {one.cell: (one.name, one.points) for one in _asked(assignment)}, said)


def _rows(assignment: assignments.Assignment, into: Path, url: str | None) -> tuple[tuple[Row, ...], audit.Changes]:
    if url is None:
        url = f"sqlite:///{gradebook(into)}"
    with GradebookStore(url) as ledger:  # only one that is there
        return tuple(ledger.rows(assignment.unit)), ledger.changes(assignment.unit)


def gradebook(into: Path) -> Path:
    """Return the path of the gradebook in `into`. Raises `GradingError` where nothing was ever graded there."""
    path = into.resolve() / "gradebook.db"
    if not path.is_file():
        raise GradingError(
            f"There is no gradebook in {into}. Grade the class first (`autograder grade`), or name the folder it was "
            "graded into.",
            parameter="into",
        )
    return path


def _asked(assignment: assignments.Assignment) -> tuple[GradedCell, ...]:
    source = read(assignment.source / f"{assignment.unit}.ipynb")
    checked = {q.grade_id: assignment.bank.exercises.get(q.exercise) for q in questions(source) if q.grade_id}
    names = assignment.columns()
    made = []
    for cell, node in graded_cells(source).items():
        exercise = checked.get(cell)
        sentences = {mistake.name: mistake.sentence for mistake in exercise.mistakes} if exercise else {}
        points = float(node.metadata.nbgrader.get("points", 0))
        # The unit's name before it says nothing on the unit's own page.
        full = (names.get(cell, cell), exercise.id if exercise else cell)
        name, asks = (text.partition(".")[2] or text for text in full)
        made.append(GradedCell(cell, name, points, asks, sentences))
    return tuple(made)


def _alike(assignment: assignments.Assignment, rows: Sequence[Row], into: Path) -> Alike:
    unit = assignment.unit
    found = {row.student: into / "submitted" / row.student / unit / f"{unit}.ipynb" for row in rows}
    class_ = {student: cells for student, path in found.items() if (cells := code_cells(path))}
    released = assignment.root / "exercises" / unit / f"{unit}.ipynb"
    base = code_cells(released)
    return Alike(tuple(similarity.pairs(class_, base)), len(class_), bool(base))


def code_cells(path: Path) -> list[tuple[str, str]]:
    """Read the name and source of each code cell of the notebook at `path`; none where it is no notebook."""
    try:
        data = json.loads(submission.content(Submission("", path)).decode("utf-8-sig"))
    except (Unusable, OSError, ValueError, RecursionError):
        return []
    cells = data.get("cells") if isinstance(data, dict) else None
    made = []
    for number, cell in enumerate(cells if isinstance(cells, list) else [], start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if isinstance(source, str):
            made.append((_name(cell, number), source))
    return made


def _name(cell: dict[str, Any], number: int) -> str:
    meta = cell.get("metadata")
    nbgrader = meta.get("nbgrader") if isinstance(meta, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) and grade_id else f"cell {number}"


# --------------------------------------------------------------------------- drawing


@cache
def _template() -> Any:
    import jinja2
    from markupsafe import Markup

    def final(value: Any) -> Any:
        return text.escape_invisible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=final,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": charts.percent, "number": lambda value: f"{value:.4g}", "coded": _coded}
    return environment.get_template("page.html.j2")


def page(class_: Class) -> str:
    """Return the page as HTML."""
    seconds = [row.seconds for row in class_.rows]
    read_whole = [(asked, item) for asked, item in class_.items if item.n == len(class_.graded)]
    shares = [(asked.name, item.difficulty) for asked, item in read_whole if item.difficulty is not None]
    unread = {cell: [row.student for row in class_.waiting if cell in row.unread] for cell in class_.unread}
    return _template().render(
        of=class_,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        charts=charts,
        statistics=statistics,
        similarity=similarity,
        summary=statistics.summary(class_.scores),
        scores=statistics.histogram(class_.scores, class_.most),
        time=statistics.summary(seconds),
        times=statistics.histogram(seconds, 0.0, 8),
        longest=statistics.longest({row.student: row.seconds for row in class_.rows}),
        ranked=sorted(shares, key=lambda one: one[1]),
        unread=unread.items(),
        groups=similarity.groups(class_.alike.pairs),
    )


def _coded(text: str) -> Any:
    """A bank's sentence, what stands in backticks set as code."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]+)`", text)
    pieces = (Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts))
    return Markup("").join(pieces)


def write(unit: str, into: Path, root: Path = ROOT, url: str | None = None) -> tuple[Path, tuple[str, ...]]:
    """Draw the page on `unit` into the grading folder `into`, whole or not at all.

    Returns its path, and where the gradebook is not as grading left it, a sentence for each student.
    """
    path, class_ = into / f"{unit}-report.html", gather(unit, into, root, url)
    files.write(path, page(class_))
    return path, class_.changes
