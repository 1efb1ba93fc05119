"""Gradescope imports no scores: an autograder zip gives each submission its own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from autograder.errors import GradingError
from autograder.gradebook.rows import Row
from autograder.reports.lms.roster import Export, Options, Roster, System
from autograder.reports.lms.spreadsheet import id_column, number

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


def gradescope(
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
        ids, mail = id_column(System.GRADESCOPE, roster, everyone, options.id_column), roster.column("Email")
        if mail is None:
            raise GradingError("The roster has no column “Email”. Download it from Gradescope's page Roster.")
        there = {roster.cell(line, ids): roster.cell(line, mail).strip() for line in roster.lines if any(line)}
        address = {student: there[student] for student in everyone if there.get(student)}
        made.absent = sorted(student for student in there if student and student not in everyone)
    elif not address:
        raise GradingError(
            "Gradescope knows students by e-mail address, and the ids here are none. "
            "Download its roster (Roster, Download Roster) and name it.",
            parameter="roster",
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
