"""The instructor's page on a graded unit: what the class scored, what it misunderstood, and what waits for somebody.

`gather` reads (the gradebook, what was handed in, the bank), `page` draws: one HTML file that runs and loads nothing.
Every name and text in it came from a stranger; Jinja escapes all of it, `plain.shown` makes the invisible visible, and
the page's own Content-Security-Policy forbids whatever would be left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from autograder import assignment as assignments
from autograder import charts, files, plain, similarity, statistics, submission
from autograder.assignment import graded_cells
from autograder.bank import ROOT
from autograder.errors import GradingError
from autograder.gradebook import Ledger, Row
from autograder.notebook import questions, read
from autograder.outcome import Ending
from autograder.submission import Submission, Unusable

TEMPLATES = Path(__file__).resolve().parent / "templates" / "isometry_report"

INSIDE = re.compile(r"The cell (\S+) was judged in the student's process\.")
UNCONFINED = "It ran without a sandbox."


@dataclass(frozen=True)
class Asked:
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
    asked: tuple[Asked, ...]
    alike: Alike

    @cached_property
    def graded(self) -> list[Row]:
        return [row for row in self.rows if row.state is Ending.GRADED]

    @cached_property
    def ungraded(self) -> list[Row]:
        return [row for row in self.rows if row.state is not Ending.GRADED]

    @cached_property
    def most(self) -> float:
        """The points the unit is worth."""
        return max((row.max_score for row in self.rows), default=sum(one.points for one in self.asked))

    @cached_property
    def scores(self) -> list[float]:
        return [row.score for row in self.graded]

    @cached_property
    def items(self) -> list[tuple[Asked, statistics.Item]]:
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
        """Those with answers that a person has to read."""
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
            for cell in INSIDE.findall(row.reason):
                found.setdefault(cell, []).append(row.student)
        return sorted(found.items())

    @cached_property
    def unconfined(self) -> list[str]:
        return [row.student for row in self.rows if UNCONFINED in row.reason]

    @cached_property
    def remarked(self) -> list[tuple[Row, str]]:
        """The graded of whom something else was to be said, and what."""
        said = [(row, INSIDE.sub("", row.reason).replace(UNCONFINED, "").strip()) for row in self.graded]
        return [(row, reason) for row, reason in said if reason]


# --------------------------------------------------------------------------- reading


def gather(unit: str, into: Path, root: Path = ROOT, url: str | None = None) -> Class:
    """Read what is known of `unit` in the grading folder `into`; `url` is the gradebook, by default the one there.

    Writes nothing. `GradingError` where the unit or the gradebook is not there.
    """
    assignment = assignments.find(unit, root)
    rows = _rows(assignment, into, url)
    return Class(unit, rows, _asked(assignment), _alike(assignment, rows, into))


def results(
    unit: str, into: Path, root: Path = ROOT, url: str | None = None
) -> tuple[tuple[Row, ...], dict[str, tuple[str, float]]]:
    """Everyone's result for `unit`, and the name and points of each graded cell; as `gather`."""
    assignment = assignments.find(unit, root)
    return _rows(assignment, into, url), {one.cell: (one.name, one.points) for one in _asked(assignment)}


def _rows(assignment: assignments.Assignment, into: Path, url: str | None) -> tuple[Row, ...]:
    if url is None:
        url = f"sqlite:///{gradebook(into)}"
    with Ledger(url) as ledger:  # only one that is there
        return tuple(ledger.rows(assignment.unit))


def gradebook(into: Path) -> Path:
    """The gradebook in the folder `into`; `GradingError` where nothing was ever graded there."""
    path = into.resolve() / "gradebook.db"
    if not path.is_file():
        raise GradingError(
            f"There is no gradebook in {into}. Grade the class first (autograder grade UNIT --submissions FOLDER), "
            "or name the folder it was graded into with --into."
        )
    return path


def _asked(assignment: assignments.Assignment) -> tuple[Asked, ...]:
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
        made.append(Asked(cell, name, points, asks, sentences))
    return tuple(made)


def _alike(assignment: assignments.Assignment, rows: Sequence[Row], into: Path) -> Alike:
    unit = assignment.unit
    found = {row.student: into / "submitted" / row.student / unit / f"{unit}.ipynb" for row in rows}
    class_ = {student: cells for student, path in found.items() if (cells := code_cells(path))}
    released = assignment.root / "exercises" / unit / f"{unit}.ipynb"
    base = code_cells(released)
    return Alike(tuple(similarity.pairs(class_, base)), len(class_), bool(base))


def code_cells(path: Path) -> list[tuple[str, str]]:
    """The name and source of each code cell of the notebook at `path`; none where it is no notebook."""
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
        return plain.shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value

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
    """The page, as HTML."""
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


def write(unit: str, into: Path, root: Path = ROOT, url: str | None = None) -> Path:
    """Draw the page on `unit` into the grading folder `into`, whole or not at all; returns its path."""
    path = into / f"{unit}-report.html"
    files.write(path, page(gather(unit, into, root, url)))
    return path
