"""Grades for Canvas, Moodle, Gradescope and spreadsheets: read back with other code than wrote them."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import count

from autograder.commands import export as export_command
from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.errors import GradingError
from autograder.gradebook.rows import Row
from autograder.reports.lms import formulas
from autograder.reports.lms.export import export, write_new
from autograder.reports.lms.formulas import escape_formula, formula
from autograder.reports.lms.roster import Export, Options, Roster, System
from autograder.reports.lms.spreadsheet import number
from autograder.submissions.result import Status

UNIT = "02-jacobians"


def row(
    student: str, score: float = 7.5, *, state: Status = Status.GRADED, unread: tuple[str, ...] = (), **more: Any
) -> Row:
    reason = more.get("reason", "")
    found = (Diagnostic(DiagnosticCode.KERNEL_DIED, reason),) if reason else ()
    scores = {"one": score, "two": 0.0}
    return Row(
        student=student,
        score=score,
        max_score=10.0,
        state=state,
        diagnostics=found,
        scores=scores,
        unread=unread,
        mistakes={},
    )


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if text.startswith("'") and formula(text.lstrip("'")) else text


def table(made: Export, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"), newline=""), delimiter=separator, strict=True))


def roster(*lines: str) -> Roster:
    return Roster.read("\n".join(lines).encode() + b"\n")


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Old work (77),02-jacobians (4321),Final Score",
    "    Points Possible,,,,,5,10,(read only)",
    '"Lovelace, Ada",101,00042,ada,"A, ""early""",4,,80',
    '"Hopper, Grace",102,00007,grace,B,,3,75',
    '"Turing, Alan",103,7,alan,B,1,,60',
    '"Student, Test",999,,,A,,,',
)
MOODLE = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"',
    'Participant 301,"Ada Lovelace",ada@x.org,"Submitted for grading",,10.00,Yes,'
    '"Friday, 20 November 2026, 9:59 AM",-,"<p>Well, "" done</p>"',
    'Participant 302,"Grace Hopper",grace@x.org,"No submission",,10.00,Yes,-,-,',
    'Participant 303,"Alan Turing",alan@x.org,"Submitted for grading",2.00,10.00,No,-,-,',
)


# --------------------------------------------------------------------------- Canvas


def test_canvas_gets_its_own_file_back_with_nothing_changed_but_the_grades() -> None:
    made = export(System.CANVAS, UNIT, [row("ada"), row("alan", 10)], roster(*CANVAS))
    before, after = table(Export("\n".join(CANVAS).encode())), table(made)
    assert after[0] == before[0] and after[1] == before[1]
    assert [line[6] for line in after[2:]] == ["7.5", "3", "10", ""]
    for old, new in zip(before, after, strict=True):
        assert old[:6] + old[7:] == new[:6] + new[7:]
    assert made.exported == ["ada", "alan"] and made.absent == ["grace"] and made.unknown == []


def test_the_column_of_ids_is_the_one_that_fits_and_zeros_in_front_count() -> None:
    made = export(System.CANVAS, UNIT, [row("00007", 1), row("00042", 2)], roster(*CANVAS), Options(replace=True))
    assert [line[6] for line in table(made)[2:]] == ["2", "1", "", ""]
    made = export(System.CANVAS, UNIT, [row("00042", 2), row("7", 9)], roster(*CANVAS))
    assert [line[6] for line in table(made)[2:]] == ["2", "3", "9", ""], "7 is not 00007"
    made = export(System.CANVAS, UNIT, [row("102"), row("ada")], roster(*CANVAS), Options(id_column="ID", replace=True))
    assert made.exported == ["102"] and made.unknown == ["ada"]


def test_a_column_in_which_most_are_found_once_wins_over_one_with_more_lines() -> None:
    listed = roster("Student,ID,SIS Login ID,Section", "A,1,0,B", "T,1,1,B")
    assert export(System.CANVAS, UNIT, [row("1")], listed).exported == ["1"]


def test_an_assignment_that_canvas_does_not_have_gets_a_column_and_its_points() -> None:
    made = export(
        System.CANVAS, UNIT, [row("alan")], roster("Student,ID,SIS Login ID,Section", "A,1,ada,B", "T,3,alan,B")
    )
    assert table(made) == [
        ["Student", "ID", "SIS Login ID", "Section", UNIT],
        ["Points Possible", "", "", "", "10"],
        ["A", "1", "ada", "B", ""],
        ["T", "3", "alan", "B", "7.5"],
    ]


def test_without_a_roster_canvas_finds_students_by_login() -> None:
    made = export(System.CANVAS, UNIT, [row("ada"), row("=cmd()")])
    assert table(made) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", UNIT],
        ["Points Possible", "", "", "", "", "10"],
        ["ada", "", "", "ada", "", "7.5"],
    ]
    assert list(made.held_back) == ["=cmd()"] and made.exported == ["ada"]


def test_other_points_there_than_here_are_not_passed_over() -> None:
    lines = list(CANVAS)
    lines[1] = lines[1].replace(",5,10,", ",5,100,")
    with pytest.raises(GradingError, match="Canvas has 100 points for it, and the gradebook here 10"):
        export(System.CANVAS, UNIT, [row("ada")], roster(*lines))
    made = export(System.CANVAS, UNIT, [row("ada")], roster(*lines), Options(scale=True))
    assert table(made)[2][6] == "75"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("Name,Login", "Ada,ada"), "no column of ids that is known for canvas"),
        (("Student,ID,SIS Login ID,Room", "Ada,1,ada,B"), "no gradebook of Canvas"),
        ((CANVAS[0], CANVAS[2], CANVAS[2]), "ada stands twice in the roster's column “SIS Login ID”"),
        ((CANVAS[0], CANVAS[3]), "No student here is in the roster"),
        ((CANVAS[0].replace("Old work (77)", "02-jacobians (9)"), CANVAS[2]), "2 columns for “02-jacobians”"),
        (('"a,b', "x"), "is not a CSV file"),
        (("",), "is empty"),
    ],
)
def test_a_roster_that_will_not_do_is_refused_in_a_sentence(lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(GradingError, match=said):
        export(System.CANVAS, UNIT, [row("ada")], roster(*lines))


# --------------------------------------------------------------------------- Moodle


def test_moodles_worksheet_comes_back_with_the_grades_in_it() -> None:
    made = export(System.MOODLE, UNIT, [row("ada@x.org"), row("alan@x.org"), row("eve@x.org")], roster(*MOODLE))
    before, after = table(Export("\n".join(MOODLE).encode())), table(made)
    assert [line[4] for line in after] == ["Grade", "7.5", "", "2.00"]
    for old, new in zip(before, after, strict=True):
        assert old[:4] + old[5:] == new[:4] + new[5:]
    assert made.held_back == {"alan@x.org": "its grade is locked in Moodle"}
    assert made.unknown == ["eve@x.org"] and made.absent == ["grace@x.org"]


def test_moodle_skips_grades_above_its_maximum_so_other_points_are_refused() -> None:
    lines = [line.replace("10.00", "5.00") for line in MOODLE]
    with pytest.raises(GradingError, match="Moodle has 5 points"):
        export(System.MOODLE, UNIT, [row("ada@x.org")], roster(*lines))
    made = export(System.MOODLE, UNIT, [row("ada@x.org")], roster(*lines), Options(scale=True))
    assert table(made)[1][4] == "3.75"


def test_moodles_grade_import_is_by_id_number_with_a_roster_and_without() -> None:
    assert table(export(System.MOODLE, UNIT, [row("007")])) == [["ID number", UNIT], ["007", "7.5"]]
    listed = roster('"First name",Surname,"ID number","Email address"', "Ada,Lovelace,007,a@x.org", "G,H,7,g@x.org")
    made = export(System.MOODLE, UNIT, [row("007")], listed, Options(missing_as_zero=True))
    assert [line[2:] for line in table(made)] == [
        ["ID number", "Email address", UNIT],
        ["007", "a@x.org", "7.5"],
        ["7", "g@x.org", "0"],
    ]


# --------------------------------------------------------------------------- Gradescope


def test_gradescope_gives_each_submission_the_result_made_here(tmp_path: Path) -> None:
    listed = roster("First Name,Last Name,SID,Email,Role", "Ada,L,00042,Ada@X.org,Student", "G,H,7,g@x.org,Student")
    rows = [row("00042"), row("eve", 1)]
    made = export(System.GRADESCOPE, UNIT, rows, listed, names={"one": ("scale <b>", 8.0), "two": ("count", 2.0)})
    assert made.exported == ["00042"] and made.unknown == ["eve"] and made.absent == ["7"]
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert sorted(archive.namelist()) == ["grades.json", "run_autograder", "setup.sh"]
        assert archive.getinfo("run_autograder").external_attr >> 16 & stat.S_IXUSR
        archive.extractall(tmp_path / "source")

    def run(*emails: str) -> Any:
        (tmp_path / "submission_metadata.json").write_text(json.dumps({"users": [{"email": e} for e in emails]}))
        script = [sys.executable, str(tmp_path / "source" / "run_autograder"), str(tmp_path)]
        ended = subprocess.run(script, capture_output=True, text=True)
        results = tmp_path / "results" / "results.json"
        said = json.loads(results.read_text()) if results.exists() else ended.stderr
        results.unlink(missing_ok=True)
        return said

    assert run("ada@x.org") == {
        "score": 7.5,
        "visibility": "after_published",
        "tests": [
            {"name": "scale <b>", "score": 7.5, "max_score": 8.0},
            {"name": "count", "score": 0.0, "max_score": 2.0},
        ],
    }
    assert "no grade for this submission" in run("g@x.org"), "nothing is not zero"


def test_gradescope_knows_nobody_without_an_address() -> None:
    with pytest.raises(GradingError, match="by e-mail address"):
        export(System.GRADESCOPE, UNIT, [row("ada")])
    assert export(System.GRADESCOPE, UNIT, [row("ada@x.org")]).exported == ["ada@x.org"]
    shared = roster("SID,Email", "1,same@x.org", "2,Same@x.org")
    with pytest.raises(GradingError, match="Two students have the address"):
        export(System.GRADESCOPE, UNIT, [row("1"), row("2")], shared)


# --------------------------------------------------------------------------- anything else


def test_any_list_of_students_gets_a_column_of_its_own_or_has_one_filled() -> None:
    made = export(System.CSV, UNIT, [row("007")], roster("id;name", "007;Ada", "7;Grace"), Options(column="Unit 2"))
    assert table(made, ";") == [["id", "name", "Unit 2"], ["007", "Ada", "7.5"], ["7", "Grace", ""]]
    again = export(System.CSV, UNIT, [row("7", 3)], Roster.read(made.content), Options(column="Unit 2"))
    assert table(again, ";") == [["id", "name", "Unit 2"], ["007", "Ada", "7.5"], ["7", "Grace", "3"]]


# --------------------------------------------------------------------------- what is final


@pytest.mark.parametrize("to", list(System))
def test_what_is_not_final_is_named_and_not_exported_unless_asked_for(to: System) -> None:
    people = [
        row("a@x.org"),
        row("f@x.org", 0, state=Status.FAILED, reason="The kernel died in relu."),
        row("q@x.org", 0, state=Status.QUARANTINED),
        row("u@x.org", 4, unread=("advice",)),
    ]
    made = export(to, UNIT, people)
    assert made.exported == ["a@x.org"]
    assert made.held_back == {
        "f@x.org": "failed: The kernel died in relu.",
        "q@x.org": "quarantined",
        "u@x.org": "waits for a person to read advice",
    }
    made = export(to, UNIT, people, options=Options(with_unread=True))
    assert sorted(made.exported) == sorted(one.student for one in people)
    assert not made.held_back and len(made.warnings) == 3


def test_a_grade_that_is_not_final_does_not_wipe_out_what_the_roster_had() -> None:
    made = export(System.CANVAS, UNIT, [row("grace", unread=("advice",)), row("ada")], roster(*CANVAS))
    assert table(made)[3][6] == "3" and "grace" in made.held_back


def test_who_handed_nothing_in_is_blank_or_zero_as_asked() -> None:
    made = export(System.CANVAS, UNIT, [row("ada")], roster(*CANVAS), Options(missing_as_zero=True))
    assert [line[6] for line in table(made)[2:]] == ["7.5", "3", "0", ""], "the test student is nobody"


def test_what_a_person_entered_is_not_overwritten_unless_asked_for() -> None:
    made = export(System.CANVAS, UNIT, [row("grace", 7), row("ada", 1)], roster(*CANVAS))
    assert [line[6] for line in table(made)[2:]] == ["1", "3", "", ""] and made.exported == ["ada"]
    assert made.held_back == {"grace": "the roster has 3 for it already, and grading gave 7"}
    assert export(System.CANVAS, UNIT, [row("grace", 3.0)], roster(*CANVAS)).exported == ["grace"]
    made = export(System.CANVAS, UNIT, [row("grace", 7)], roster(*CANVAS), Options(replace=True))
    assert table(made)[3][6] == "7" and not made.held_back
    excused = [line.replace("grace,B,,3,", "grace,B,,EX,") for line in CANVAS]
    assert table(export(System.CANVAS, UNIT, [row("grace", 7)], roster(*excused)))[3][6] == "EX"


def test_of_whom_nothing_is_exported_nothing_is_said_to_be() -> None:
    made = export(
        System.CANVAS, UNIT, [row("eve", unread=("a",)), row("ada")], roster(*CANVAS), Options(with_unread=True)
    )
    assert made.unknown == ["eve"] and not any("eve" in warning for warning in made.warnings)


# --------------------------------------------------------------------------- as rosters come


ROSTERS = Path(__file__).parent / "fixtures" / "rosters"


def test_a_roster_with_semicolons_and_commas_in_its_titles_is_read() -> None:
    data = (ROSTERS / "canvas-semicolons.csv").read_bytes()
    read = Roster.read(data)
    assert read.header[0] == "Student" and read.separator == ";"
    assert Roster.read(read.content()) == read
    made = export(System.CANVAS, UNIT, [row("anna", 7.5)], read, Options(scale=True))
    after = table(made, ";")
    assert [line[7] for line in after] == ["02-jacobians (9911)", "60,00", "45", ""]
    made = export(System.CANVAS, UNIT, [row("bo", 7.25)], Roster.read(data), Options(scale=True))
    assert table(made, ";")[3][7] == "43,5", "numbers are written as the roster writes them"


@pytest.mark.parametrize("id_column", [None, "E-Mail-Adresse"])
def test_a_worksheet_in_another_language_is_filled_and_its_maximum_and_locks_are_heeded(id_column: str | None) -> None:
    data = (ROSTERS / "moodle-german.csv").read_bytes()
    options = Options(id_column=id_column, scale=True)
    made = export(System.MOODLE, UNIT, [row("anna"), row("bo")], Roster.read(data), options)
    before, after = table(Export(data)), table(made)
    assert after[0] == before[0] and [line[4] for line in after] == ["Bewertung", "75", ""]
    assert made.held_back == {"bo": "its grade is locked in Moodle"}
    with pytest.raises(GradingError, match="Moodle has 100 points for it"):
        export(System.MOODLE, UNIT, [row("anna")], Roster.read(data), Options(id_column=id_column))


def translated(words: tuple[str, str]) -> Roster:
    """Moodle's worksheet with other titles, and other words for yes and no."""
    lines = [
        MOODLE[0].replace("e", "ë"),
        *(line.replace("Yes", words[0]).replace("No,", words[1] + ",") for line in MOODLE[1:]),
    ]
    return roster(*lines)


@pytest.mark.parametrize("words", [("Oui", "Non"), ("Sí", "No"), ("Tak", "Nie"), ("はい", "いいえ")])
def test_a_worksheet_is_known_by_what_stands_in_its_columns(words: tuple[str, str]) -> None:
    made = export(System.MOODLE, UNIT, [row("ada@x.org"), row("alan@x.org")], translated(words))
    assert [line[4] for line in table(made)[1:]] == ["7.5", "", "2.00"]
    assert list(made.held_back) == ["alan@x.org"]


def test_a_lock_in_words_that_are_unknown_is_refused() -> None:
    with pytest.raises(GradingError, match="“hislah” in the column"):
        export(System.MOODLE, UNIT, [row("ada@x.org"), row("alan@x.org")], translated(("HISlaH", "Qo")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_roster_keeps_its_encoding(encoding: str) -> None:
    data = ("\n".join(CANVAS) + "\n").replace("Lovelace", "Łovelace").encode(encoding)
    read = Roster.read(data)
    assert read.content() == data and read.header == roster(*CANVAS).header


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Ada@X.org", "ada@x.org"), ("zo\u00eb", "zoe\u0308"), (" ada ", "ada"), ("ADA  L", "ada l")]
)
def test_a_name_that_differs_in_case_blanks_or_encoding_is_the_same(theirs: str, ours: str) -> None:
    made = export(System.CSV, UNIT, [row(ours)], roster("id,name", f"{theirs},x"), Options(missing_as_zero=True))
    assert made.exported == [ours] and made.absent == [] and made.unknown == []
    assert table(made)[1] == [theirs, "x", "7.5"] and any(ours in warning for warning in made.warnings)


def test_where_two_names_fold_to_one_nobody_is_guessed() -> None:
    made = export(System.CSV, UNIT, [row("ada"), row("x")], roster("id,name", "ADA,1", "Ada,2", "x,3"))
    assert made.exported == ["x"] and made.unknown == ["ada"]
    made = export(System.CSV, UNIT, [row("ada"), row("ADA"), row("x")], roster("id,name", "Ada,2", "x,3"))
    assert made.exported == ["x"] and made.unknown == ["ADA", "ada"]


def test_nothing_graded_is_a_sentence() -> None:
    with pytest.raises(GradingError, match="Nothing of 02-jacobians has been graded yet"):
        export(System.CSV, UNIT, [])


# --------------------------------------------------------------------------- any id, any score

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(str.strip)
HARD = st.sampled_from(
    ["007", "=cmd()", "'=1", "+1", "-1", "@x", '"', "a,b", "a;b", "zoë", "שלום", "x\ny", " x", "\tx"]
)
SCORES = st.floats(0, 10, allow_nan=False)


@settings(max_examples=count(2000, 150))
@given(st.dictionaries(IDS | HARD, SCORES, min_size=1, max_size=8))
def test_every_id_and_every_score_comes_back_from_a_plain_csv(scores: dict[str, float]) -> None:
    made = export(System.CSV, UNIT, [row(student, score) for student, score in scores.items()])
    lines = table(made)
    assert lines[0] == ["student", "score", "max_score", "state", "remarks", "codes"]
    assert {unescape_formula(line[0]): float(line[1]) for line in lines[1:]} == pytest.approx(scores, abs=1e-6)
    for line in lines[1:]:
        assert not line[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or line[0] in {
            s for s in scores if formulas.is_number(s)
        }


@settings(max_examples=count(2000, 150))
@given(
    st.dictionaries(IDS | HARD, SCORES | st.none(), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_roster_comes_back_as_it_was_with_everyones_grade(
    scores: dict[str, float | None], separator: str, ends: str, marked: bool
) -> None:
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=separator, lineterminator=ends)
    scores = {student.replace("\r", ""): score for student, score in scores.items() if student.strip()}
    out.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", UNIT])
    out.writerow(["Points Possible", "", "", "", "", "10"])
    out.writerows([[f"{student}, N", "1", "", student, "=S()", ""] for student in scores])
    data = (("\ufeff" if marked else "") + text.getvalue()).encode()
    graded = [row(student, score) for student, score in scores.items() if score is not None]
    if not graded:
        return
    made = export(System.CANVAS, UNIT, graded, Roster.read(data))
    lines = table(made, separator)
    assert {line[3]: float(line[5]) if line[5] else None for line in lines[2:]} == pytest.approx(scores, abs=1e-6)
    assert not made.unknown and any("begin as a formula" in warning for warning in made.warnings)
    emptied = Roster.read(made.content)
    for line in emptied.lines[1:]:
        line[5] = ""
    assert emptied.content() == data


@given(st.text())
def test_a_guarded_text_can_always_be_had_back(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).startswith(("=", "@", "\t", "\r"))


@given(st.floats(-100, 1e6, allow_nan=False))
def test_a_score_is_written_plainly(value: float) -> None:
    assert float(number(value)) == pytest.approx(value, abs=5.1e-7)
    assert "e" not in number(value).lower() and number(value) != "-0"
    assert number(7.0) == "7" and number(2.50) == "2.5" and number(1e-9) == "0" and number(100) == "100"


# --------------------------------------------------------------------------- the file


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "new" / "grades.csv"
    write_new(path, b"mine")
    with pytest.raises(GradingError, match=r"grades\.csv is there already, and is not overwritten"):
        write_new(path, b"other")
    dangling = tmp_path / "link.csv"
    dangling.symlink_to(tmp_path / "nowhere")
    with pytest.raises(GradingError, match="is there already"):
        write_new(dangling, b"other")
    assert path.read_bytes() == b"mine" and sorted(p.name for p in path.parent.iterdir()) == ["grades.csv"]
    with pytest.raises(GradingError, match="cannot be written"):
        write_new(path / "below", b"")


def test_what_was_left_out_is_said() -> None:
    people = [row("ada"), row("grace", unread=("advice",)), row("e\u202eve")]
    lines = export_command.told(export(System.CANVAS, UNIT, people, roster(*CANVAS)), Path("out.csv"))
    assert lines == [
        "1 grade is in out.csv",
        "not exported: grace (waits for a person to read advice)",
        "Finish these and export again into a new file, or take them as they are with --with-unread.",
        "not in the roster, and not exported: e⟨U+202E⟩ve",
        "handed nothing in: alan",
    ]
