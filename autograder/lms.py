"""Grades for a learning management system: pure functions from gradebook rows and the system's own roster to a file.

**Canvas**: the gradebook CSV that *Grades, Import* takes: columns `Student`, `ID`, `SIS User ID`, `SIS Login ID`,
`Section`, one `Name (id)` for each assignment, and a line `Points Possible`. Documented in Canvas's Instructor Guide,
"How do I import grades in the Gradebook?"; decided by `lib/gradebook_importer.rb` of instructure/canvas-lms.

**Moodle**: an assignment's offline grading worksheet (`Identifier`, `Full name`, `Email address`, `Status`, `Grade`,
`Maximum Grade`, `Grade can be changed`, `Last modified (submission)`, `Last modified (grade)`, …), of which
`mod/assign/feedback/offline/importgradeslib.php` of moodle/moodle needs three; or, where the roster is a grade export
or there is none, the CSV that *Grades, Import* takes (https://docs.moodle.org/311/en/Grade_import).

**Gradescope**: a programming assignment's autograder, a zip that gives each submission its `results.json`
(https://gradescope-autograders.readthedocs.io/en/latest/specs/ and …/submission_metadata/).

**csv**: a line a student, for anything else.

Gradescope exports scores (`First Name`, …, `Total Score`, `Max Points`, `Status`) and imports none: the one documented
way in is what an autograder writes. So the zip holds no grader, only what was graded here, by e-mail address.

A roster's cells are kept to the character, in their order, whatever stands in them: only grades are put in. What a
student chose (an id is the name of a folder that was handed in) is never written into it. Where there is no roster,
ids are written; one that a spreadsheet would run as a formula (`=cmd()`) gets an apostrophe before it in `csv`, which
`bare` takes away again, and is left out and named in the others, where an id that is not exact would match nobody.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from autograder.errors import GradingError
from autograder.files import unwritable
from autograder.gradebook import Row
from autograder.outcome import Ending


class System(StrEnum):
    """Where grades go."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    CSV = "csv"


IDS = {
    System.CANVAS: ("SIS Login ID", "SIS User ID", "ID", "Integration ID"),
    System.MOODLE: ("ID number", "Username", "Email address", "Identifier"),
    System.GRADESCOPE: ("SID", "Email"),
    System.CSV: ("student", "id", "ID", "Student ID", "username", "email", "Email"),
}
"""The roster's columns in which a student's id may stand."""

WORKSHEET = ("Identifier", "Grade", "Last modified (grade)")
"""What Moodle's importer needs of an offline grading worksheet."""


@dataclass
class Roster:
    """A CSV that the system exported, as it is written: its marks, its separator, its line ends."""

    header: list[str]
    lines: list[list[str]]
    separator: str = ","
    ends: str = "\n"
    marked: bool = False
    """Whether it begins with a byte-order mark."""

    @classmethod
    def read(cls, data: bytes, name: str = "The roster") -> Roster:
        """The roster in a file's bytes; `GradingError` where it is no such thing."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise GradingError(f"{name} is not UTF-8 text. Export it from the system again as CSV (UTF-8).") from None
        first = text.split("\n", 1)[0]
        separator = max(",;\t", key=first.count)
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        except csv.Error as error:
            raise GradingError(f"{name} is not a CSV file ({error}). Export it from the system again.") from None
        if not lines or not any(lines[0]):
            raise GradingError(f"{name} is empty: its first line should name the columns.")
        return cls(
            lines[0], lines[1:], separator, "\r\n" if first.endswith("\r") else "\n", data.startswith(b"\xef\xbb\xbf")
        )

    def text(self) -> str:
        made = ["\ufeff" if self.marked else ""]
        for line in (self.header, *self.lines):
            out = io.StringIO(newline="")
            # It quotes a line break only where it is one of those that end a line, so both have to.
            csv.writer(out, delimiter=self.separator, lineterminator="\r\n").writerow(line)
            made.append(out.getvalue().removesuffix("\r\n") + self.ends)
        return "".join(made)

    def column(self, name: str) -> int | None:
        """Where the column `name` is. `GradingError` where it is there twice."""
        found = [i for i, title in enumerate(self.header) if title.strip() == name]
        if len(found) > 1:
            raise GradingError(f"The roster has {len(found)} columns called “{name}”. Remove all but one.")
        return found[0] if found else None

    def cell(self, line: Sequence[str], column: int) -> str:
        """A cell, empty where the line is too short for it."""
        return line[column] if column < len(line) else ""


@dataclass(frozen=True)
class Options:
    """How grades are exported."""

    column: str | None = None
    """The assignment's name in the system; by default the unit's."""
    id_column: str | None = None
    """The roster's column of ids; by default the known one in which most students are found."""
    with_unread: bool = False
    """Whether also what is not final is exported: answers unread, submissions that failed."""
    missing_as_zero: bool = False
    """Whether those of the roster who handed nothing in get zero, and not nothing."""
    scale: bool = False
    """Whether scores are scaled to the points that the system has for the assignment."""


@dataclass
class Export:
    """What is to be written, and what an instructor should know of it."""

    content: bytes
    exported: list[str] = field(default_factory=list)
    held_back: dict[str, str] = field(default_factory=dict)
    """Who was graded, and is not exported, and why."""
    absent: list[str] = field(default_factory=list)
    """Who is in the roster, and handed nothing in."""
    unknown: list[str] = field(default_factory=list)
    """Who handed in, and is not in the roster."""
    warnings: list[str] = field(default_factory=list)


def export(
    to: System,
    unit: str,
    rows: Sequence[Row],
    roster: Roster | None = None,
    options: Options | None = None,
    names: Mapping[str, tuple[str, float]] | None = None,
) -> Export:
    """The grades of `rows` for the system `to`.

    Parameters
    ----------
    roster:
        What the system exported: students are matched with it by id, and all it holds stays.
    names:
        Name and points of each graded cell, for a format that shows them.

    Raises
    ------
    GradingError
        Where the roster lacks a column, has an id twice, or has other points for the assignment; one sentence says so.
    """
    options = options or Options()
    if not rows:
        raise GradingError(f"Nothing of {unit} has been graded yet, so there is nothing to export.")
    made = Export(b"")
    final: dict[str, Row] = {}
    for row in rows:
        why = unfinished(row)
        if why and not options.with_unread:
            made.held_back[row.student] = why
        else:
            final[row.student] = row
            if why:
                made.warnings.append(f"{row.student} is exported, and not final: {why}")
    everyone = {row.student for row in rows}
    if to is System.GRADESCOPE:
        _gradescope(made, unit, final, everyone, roster, options, names or {})
    elif roster is not None:
        _filled(made, to, unit, final, rows, roster, options)
    else:
        _listed(made, to, unit, final, rows, options)
    return made


def unfinished(row: Row) -> str:
    """Why a result is not final; empty where it is."""
    if row.state is not Ending.GRADED:
        return f"{row.state.value}: {row.reason}" if row.reason else row.state.value
    if row.unread:
        return f"waits for a person to read {', '.join(row.unread)}"
    return ""


def number(value: float) -> str:
    """A score with a point, at most six places, no exponent and no trailing zeros."""
    text = format(Decimal(str(round(value, 6))), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# --------------------------------------------------------------------------- with a roster


def _filled(
    made: Export,
    to: System,
    unit: str,
    final: Mapping[str, Row],
    rows: Sequence[Row],
    roster: Roster,
    options: Options,
) -> None:
    everyone, worth = {row.student for row in rows}, rows[0].max_score
    ids = _id_column(to, roster, everyone, options.id_column)
    points = [i for i, line in enumerate(roster.lines) if line and "Points Possible" in line[0]][:1]
    if to is System.CANVAS:
        _is_canvas(roster)
        if not points:
            roster.lines.insert(0, ["Points Possible"])
            points = [0]
    worksheet = to is System.MOODLE and all(roster.column(name) is not None for name in WORKSHEET)
    grades = roster.column("Grade") if worksheet else _grade_column(roster, options.column or unit)
    if grades is None:
        grades = len(roster.header)
        roster.header.append(options.column or unit)
    most = roster.column("Maximum Grade") if worksheet else None
    locked = roster.column("Grade can be changed") if worksheet else None

    factor = 1.0
    if to is System.CANVAS:
        line = roster.lines[points[0]]
        _pad(line, grades)
        if not line[grades].strip():
            line[grades] = number(worth)
        factor = _factor(line[grades], worth, "Canvas", options.scale)
    for i, line in enumerate(roster.lines):
        if i in points or not any(line) or (not roster.cell(line, ids) and to is System.CANVAS):
            continue  # no student: points, posting policies, empty lines, Canvas's test student
        student = roster.cell(line, ids)
        row = final.get(student)
        _pad(line, grades)
        if row is not None:
            if locked is not None and roster.cell(line, locked).strip().lower() == "no":
                made.held_back[student] = "its grade is locked in Moodle"
                continue
            here = _factor(roster.cell(line, most), worth, "Moodle", options.scale) if most is not None else factor
            line[grades] = number(row.score * here)
            made.exported.append(student)
        elif student not in everyone:
            made.absent.append(student)
            if options.missing_as_zero:
                line[grades] = "0"
    there = {roster.cell(line, ids) for line in roster.lines}
    made.unknown = sorted(everyone - there)
    for student in made.unknown:
        made.held_back.pop(student, None)
    risky = sum(_formula(cell) for line in roster.lines for k, cell in enumerate(line) if k != grades)
    if risky:
        made.warnings.append(
            f"{risky} cells of the roster begin as a formula does, and are kept as they were: "
            "give the file to the system, and open it in no spreadsheet."
        )
    made.content = roster.text().encode()


def _is_canvas(roster: Roster) -> None:
    names = [title.strip() for title in roster.header]
    if not (names[:2] == ["Student", "ID"] or names[:3] == ["LastName", "FirstName", "ID"]) or "Section" not in names:
        raise GradingError(
            "The roster is no gradebook of Canvas: its columns should begin with Student, ID, …, Section. "
            "Export it there with Grades, Export, Export Entire Gradebook."
        )


def _id_column(to: System, roster: Roster, students: set[str], wanted: str | None) -> int:
    """The column in which students are found. `GradingError` where there is none, or an id is there twice."""
    if wanted is not None:
        found = roster.column(wanted)
        if found is None:
            raise GradingError(f"The roster has no column “{wanted}”. It has: {', '.join(roster.header)}.")
    else:
        known = [column for name in IDS[to] if (column := roster.column(name)) is not None]
        if not known:
            raise GradingError(
                f"The roster has no column of ids that is known for {to.value} ({', '.join(IDS[to])}). "
                f"It has: {', '.join(roster.header)}. Name one with --id."
            )
        hits = {column: len(students & {roster.cell(line, column) for line in roster.lines}) for column in known}
        found = max(known, key=lambda column: hits[column])
        if not hits[found]:
            raise GradingError(
                f"No student here is in the roster: none of its columns {', '.join(roster.header[c] for c in known)} "
                f"holds an id such as “{min(students)}”. Ids must be the same to the character."
            )
    there = Counter(roster.cell(line, found) for line in roster.lines if roster.cell(line, found) in students)
    twice = sorted(student for student, times in there.items() if times > 1)
    if twice:
        raise GradingError(
            f"{twice[0]} stands twice in the roster's column “{roster.header[found]}”. Whose grade it is cannot be told."
        )
    return found


def _grade_column(roster: Roster, name: str) -> int | None:
    """The column of the assignment `name`, which Canvas writes as `name (id)`."""
    found = []
    for i, title in enumerate(roster.header):
        plain, _, rest = title.strip().rpartition(" (")
        if title.strip() == name or (plain == name and rest.rstrip(")").isdecimal()):
            found.append(i)
    if len(found) > 1:
        raise GradingError(
            f"The roster has {len(found)} columns for “{name}”: {', '.join(roster.header[i] for i in found)}. "
            "Name one whole with --column."
        )
    return found[0] if found else None


def _factor(theirs: str, worth: float, system: str, scale: bool) -> float:
    """What a score is multiplied with to be one of `theirs` points. `GradingError` where that was not asked for."""
    try:
        points = float(theirs.strip().replace(",", "."))
    except ValueError:
        return 1.0
    if worth <= 0 or abs(points - worth) < 1e-9:
        return 1.0
    if not scale:
        raise GradingError(
            f"{system} has {number(points)} points for it, and the gradebook here {number(worth)}. "
            "Make them the same there, or add --scale."
        )
    return points / worth


def _pad(line: list[str], column: int) -> None:
    line.extend([""] * (column + 1 - len(line)))


# --------------------------------------------------------------------------- without one


def _listed(
    made: Export, to: System, unit: str, final: Mapping[str, Row], rows: Sequence[Row], options: Options
) -> None:
    name = options.column or unit
    out = Roster([], [])
    if to is System.CSV:
        keep = list(rows)
    else:
        keep = [row for row in final.values() if not _formula(row.student)]
        for student in (student for student in final if _formula(student)):
            made.held_back[student] = "its id would be a formula in a spreadsheet; export it with --roster"
    if to is System.CANVAS:
        out.header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
        out.lines = [["Points Possible", "", "", "", "", number(rows[0].max_score)]]
        out.lines += [[row.student, "", "", row.student, "", number(row.score)] for row in keep]
    elif to is System.MOODLE:
        out.header = ["ID number", name]
        out.lines = [[row.student, number(row.score)] for row in keep]
    else:
        out.header = ["student", "score", "max_score", "state", "remarks"]
        out.lines = [
            [
                guarded(row.student),
                number(row.score) if row.student in final else "",
                number(row.max_score),
                "unread" if row.unread and row.state is Ending.GRADED else row.state.value,
                guarded(row.reason),
            ]
            for row in keep
        ]
    made.exported = [row.student for row in keep if row.student in final]
    made.content = out.text().encode("utf-8", "replace")


_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _formula(text: str) -> bool:
    return text.startswith(_STARTS) and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and not any(c.isspace() for c in text)


def guarded(text: str) -> str:
    """`text` for a spreadsheet: an apostrophe before what it would run as a formula. `bare` takes it away again."""
    return f"'{text}" if _formula(text.lstrip("'")) else text


def bare(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and _formula(text.lstrip("'")) else text


# --------------------------------------------------------------------------- Gradescope


_SETUP = """#!/usr/bin/env bash
command -v python3 || (apt-get update && apt-get install -y python3)
"""

_RUN = '''#!/usr/bin/env python3
"""Gives a submission the result that was worked out for it elsewhere. Nothing of the submission is run or read."""

import json
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else "/autograder")
results = json.loads((root / "source" / "grades.json").read_text(encoding="utf-8"))
users = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))["users"]
found = [results[user["email"].strip().lower()] for user in users if user["email"].strip().lower() in results]
if not found or any(result != found[0] for result in found):
    sys.exit("There is no grade for this submission" + (", but several." if found else "."))
(root / "results").mkdir(exist_ok=True)
(root / "results" / "results.json").write_text(json.dumps(found[0]), encoding="utf-8")
'''


def _gradescope(
    made: Export,
    unit: str,
    final: Mapping[str, Row],
    everyone: set[str],
    roster: Roster | None,
    options: Options,
    names: Mapping[str, tuple[str, float]],
) -> None:
    address = {student: student for student in everyone if "@" in student}
    if roster is not None:
        ids, mail = _id_column(System.GRADESCOPE, roster, everyone, options.id_column), roster.column("Email")
        if mail is None:
            raise GradingError("The roster has no column “Email”. Download it from Gradescope's page Roster.")
        there = {roster.cell(line, ids): roster.cell(line, mail).strip() for line in roster.lines if any(line)}
        address = {student: there[student] for student in everyone if there.get(student)}
        made.absent = sorted(student for student in there if student and student not in everyone)
    elif not address:
        raise GradingError(
            "Gradescope knows students by e-mail address, and the ids here are none. "
            "Download its roster (Roster, Download Roster) and name it with --roster."
        )
    made.unknown = sorted(everyone - set(address))
    for student in made.unknown:
        made.held_back.pop(student, None)
    results: dict[str, object] = {}
    for student, row in final.items():
        if student not in address:
            continue
        mail_address = address[student].lower()
        if mail_address in results:
            raise GradingError(f"Two students have the address {address[student]}. Mend the roster.")
        results[mail_address] = {
            "score": float(number(row.score)),
            "visibility": "after_published",
            "tests": [
                {"name": name, "score": float(number(row.scores.get(cell, 0.0))), "max_score": points}
                for cell, (name, points) in names.items()
            ],
        }
        made.exported.append(student)
    if options.missing_as_zero:
        made.warnings.append("Gradescope asks only for what was handed in there: nobody else can be given zero.")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        grades = json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False)
        for file, text in (("setup.sh", _SETUP), ("run_autograder", _RUN), ("grades.json", grades)):
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (0o644 if file.endswith("json") else 0o755) << 16
            archive.writestr(entry, text)
    made.content = packed.getvalue()


# --------------------------------------------------------------------------- writing


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole; `GradingError` where one is, or the disk refuses.

    There is no way to overwrite one: what stands there may be the only copy of grades that somebody edited.
    """
    there = GradingError(f"{path} is there already, and is not overwritten. Name another file with --out.")
    if os.path.lexists(path):
        raise there
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:50]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            try:
                os.link(temporary, path)  # unlike a renaming, this fails where something is
            except FileExistsError:
                raise there from None
        finally:
            os.unlink(temporary)
    except OSError as error:
        raise GradingError(unwritable(path, error).replace("--into", "--out")) from None
