"""Grades for a learning management system: pure functions from gradebook rows and the system's own roster to a file.

**Canvas**: the gradebook CSV that *Grades, Import* takes: columns `Student`, `ID`, `SIS User ID`, `SIS Login ID`,
`Section`, one `Name (id)` for each assignment, and a line `Points Possible`. Documented in Canvas's Instructor Guide,
"How do I import grades in the Gradebook?"; decided by `lib/gradebook_importer.rb` of instructure/canvas-lms.

**Moodle**: an assignment's offline grading worksheet (`Identifier`, `Full name`, `Email address`, `Status`, `Grade`,
`Maximum Grade`, `Grade can be changed`, `Last modified (submission)`, `Last modified (grade)`, …), of which
`mod/assign/feedback/offline/importgradeslib.php` of moodle/moodle needs three (`worksheet.py`); or, where the roster is a grade export
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

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from autograder.errors import GradingError
from autograder.gradebook.rows import Row
from autograder.reports.lms.formulas import escape_formula, formula
from autograder.reports.lms.roster import IDS, Export, Options, Roster, System, pad
from autograder.reports.lms.worksheet import worksheet
from autograder.submissions.result import Status


def number(value: float) -> str:
    """A score with a point, at most six places, no exponent and no trailing zeros."""
    text = format(Decimal(str(round(value, 6))), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def filled(
    made: Export,
    to: System,
    unit: str,
    final: Mapping[str, Row],
    rows: Sequence[Row],
    roster: Roster,
    options: Options,
) -> None:
    everyone, worth = {row.student for row in rows}, rows[0].max_score
    sheet = worksheet(roster) if to is System.MOODLE else None
    ids = id_column(to, roster, everyone, options.id_column, sheet is not None)
    whose = matched(roster, ids, everyone, made)
    points = [i for i, line in enumerate(roster.lines) if line and "Points Possible" in line[0]][:1]
    if to is System.CANVAS:
        is_canvas(roster)
        if not points:
            roster.lines.insert(0, ["Points Possible"])
            points = [0]
    grades = sheet.grade if sheet else grade_column(roster, options.column or unit)
    if grades is None:
        grades = len(roster.header)
        roster.header.append(options.column or unit)
    written = (lambda value: number(value).replace(".", ",")) if roster.decimal_comma else number
    factor = 1.0
    if to is System.CANVAS:
        line = roster.lines[points[0]]
        pad(line, grades)
        if not line[grades].strip():
            line[grades] = written(worth)
        factor = scale_factor(line[grades], worth, "Canvas", options.scale)
    for i, line in enumerate(roster.lines):
        if i in points or not any(line) or (not roster.cell(line, ids) and to is System.CANVAS):
            continue  # no student: points, posting policies, empty lines, Canvas's test student
        theirs = roster.cell(line, ids)
        student = whose.get(theirs)
        pad(line, grades)
        there = line[grades].strip()
        if student is not None and student in final:
            if sheet and sheet.is_locked(roster, line):
                made.held_back[student] = "its grade is locked in Moodle"
                continue
            most = roster.cell(line, sheet.most) if sheet and sheet.most is not None else None
            here = scale_factor(most, worth, "Moodle", options.scale) if most is not None else factor
            grade = written(final[student].score * here)
            if there not in ("", "-", grade) and not same_number(there, grade) and not options.replace:
                made.held_back[student] = f"the roster has {there} for it already, and grading gave {grade}"
                continue
            line[grades] = grade
            made.exported.append(student)
        elif student is None:
            made.absent.append(theirs)
            if options.missing_as_zero and there in ("", "-"):
                line[grades] = "0"
    made.unknown = sorted(everyone - set(whose.values()))
    for student in made.unknown:
        made.held_back.pop(student, None)
    risky = sum(formula(cell) for line in roster.lines for k, cell in enumerate(line) if k != grades)
    if risky:
        made.warnings.append(
            f"{risky} cells of the roster begin as a formula does, and are kept as they were: "
            "give the file to the system, and open it in no spreadsheet."
        )
    made.content = roster.content()


def same_number(one: str, other: str) -> bool:
    """Whether two texts are one number, with a point or a comma."""
    try:
        return float(one.replace(",", ".")) == float(other.replace(",", "."))
    except ValueError:
        return False


def matched(roster: Roster, ids: int, students: set[str], made: Export) -> dict[str, str]:
    """Which student each id of the roster means: the one of the same name, else the one whose name differs in case, blanks
    or the way accents are encoded, if there is only one such."""
    listed = [roster.cell(line, ids) for line in roster.lines]
    whose = {theirs: theirs for theirs in listed if theirs in students}
    left = students - whose.keys()
    folds = Counter(map(folded, {*listed, *students} - whose.keys()))
    by_fold = {folded(student): student for student in left}
    for theirs in listed:
        if theirs and theirs not in whose and (student := by_fold.get(folded(theirs))) and folds[folded(theirs)] == 2:
            whose[theirs] = student
            made.warnings.append(f"{student} was taken for {theirs} of the roster.")
    return whose


def folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_canvas(roster: Roster) -> None:
    names = [title.strip() for title in roster.header]
    if not (names[:2] == ["Student", "ID"] or names[:3] == ["LastName", "FirstName", "ID"]) or "Section" not in names:
        raise GradingError(
            "The roster is no gradebook of Canvas: its columns should begin with Student, ID, …, Section. "
            "Export it there with Grades, Export, Export Entire Gradebook."
        )


def id_column(to: System, roster: Roster, students: set[str], wanted: str | None, any_title: bool = False) -> int:
    """The column in which students are found. `GradingError` where there is none, or an id is there twice.

    With `any_title` it may have any title: a worksheet's are translated.
    """
    if wanted is not None:
        found = roster.column(wanted)
        if found is None:
            raise GradingError(f"The roster has no column “{wanted}”. It has: {', '.join(roster.header)}.")
    else:
        known = [column for name in IDS[to] if (column := roster.column(name)) is not None]
        known = list(range(len(roster.header))) if any_title else known
        if not known:
            raise GradingError(
                f"The roster has no column of ids that is known for {to.value} ({', '.join(IDS[to])}). "
                f"It has: {', '.join(roster.header)}. Name one.",
                parameter="id_column",
            )
        wanted_folds = set(map(folded, students))
        hits = {
            column: (
                len(students & {roster.cell(line, column) for line in roster.lines}),
                len(wanted_folds & {folded(roster.cell(line, column)) for line in roster.lines}),
            )
            for column in known
        }
        found = max(known, key=lambda column: hits[column])
        if not any(hits[found]):
            raise GradingError(
                f"No student here is in the roster: none of its columns {', '.join(roster.header[c] for c in known)} "
                f"holds an id such as “{min(students)}”."
            )
    there = Counter(roster.cell(line, found) for line in roster.lines if roster.cell(line, found) in students)
    twice = sorted(student for student, times in there.items() if times > 1)
    if twice:
        raise GradingError(
            f"{twice[0]} stands twice in the roster's column “{roster.header[found]}”. Whose grade it is cannot be told."
        )
    return found


def grade_column(roster: Roster, name: str) -> int | None:
    """The column of the assignment `name`, which Canvas writes as `name (id)`."""
    found = []
    for i, title in enumerate(roster.header):
        plain, _, rest = title.strip().rpartition(" (")
        if title.strip() == name or (plain == name and rest.rstrip(")").isdecimal()):
            found.append(i)
    if len(found) > 1:
        raise GradingError(
            f"The roster has {len(found)} columns for “{name}”: {', '.join(roster.header[i] for i in found)}. "
            "Name one whole.",
            parameter="column",
        )
    return found[0] if found else None


def scale_factor(theirs: str, worth: float, system: str, scale: bool) -> float:
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
            "Make them the same there, or have the scores scaled.",
            parameter="scale",
        )
    return points / worth


def listed(
    made: Export, to: System, unit: str, final: Mapping[str, Row], rows: Sequence[Row], options: Options
) -> None:
    name = options.column or unit
    out = Roster([], [])
    if to is System.CSV:
        keep = list(rows)
    else:
        keep = [row for row in final.values() if not formula(row.student)]
        for student in (student for student in final if formula(student)):
            made.held_back[student] = "its id would be a formula in a spreadsheet; export it with a roster"
    if to is System.CANVAS:
        out.header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
        out.lines = [["Points Possible", "", "", "", "", number(rows[0].max_score)]]
        out.lines += [[row.student, "", "", row.student, "", number(row.score)] for row in keep]
    elif to is System.MOODLE:
        out.header = ["ID number", name]
        out.lines = [[row.student, number(row.score)] for row in keep]
    else:
        out.header = ["student", "score", "max_score", "state", "remarks", "codes"]
        out.lines = [
            [
                escape_formula(row.student),
                number(row.score) if row.student in final else "",
                number(row.max_score),
                "unread" if row.unread and row.state is Status.GRADED else row.state.value,
                escape_formula(row.reason),
                " ".join(dict.fromkeys(one.code for one in row.diagnostics)),
            ]
            for row in keep
        ]
    made.exported = [row.student for row in keep if row.student in final]
    made.content = out.text().encode("utf-8", "replace")
