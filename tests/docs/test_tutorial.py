"""The tutorial *grade your first class* is run as it stands, and what came of it is what the reference says of files."""

from __future__ import annotations

import doctest
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import documents
import pytest
from documents import ROOT, Document

from autograder.diagnostics import DiagnosticCode

TUTORIAL = Document(ROOT / "docs" / "tutorial" / "grade-your-first-class.md")
FILES = Document(ROOT / "docs" / "reference" / "files.md")

LINES = documents.lines(TUTORIAL, "console")


class Ran(NamedTuple):
    """A command that was run: what it printed, and how it ended."""

    printed: str
    code: int


def differs(expected: str, printed: str) -> str:
    """How what was printed differs from what is told; empty where it does not. `...` stands for anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    checker = doctest.OutputChecker()
    if checker.check_output(expected, printed, flags):
        return ""
    return checker.output_difference(doctest.Example("", expected), printed, flags)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Ran]]]:
    """The tutorial's folder, and what came of each of its commands, run one after the other in a clean folder."""
    folder = tmp_path_factory.mktemp("first-class")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ISOMETRY_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    results = []
    for line in LINES:
        done = subprocess.run(
            line.command,
            shell=True,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        results.append(Ran(done.stdout, done.returncode))
    yield folder, results


@pytest.mark.parametrize("number", range(len(LINES)), ids=[f"line-{line.line}" for line in LINES])
def test_a_command_of_the_tutorial_prints_what_is_told(ran: tuple[Path, list[Ran]], number: int) -> None:
    line, came = LINES[number], ran[1][number]
    assert came.code == 0, f"{line.command}\n{came.printed}"
    assert differs(str(line.output), came.printed) == "", line.command


@pytest.mark.parametrize(
    "expected, printed, same",
    [
        ("graded 5\n", "graded      5   \n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("graded 5\n", "graded 6\n", False),
        ("a\nd\n", "a\nb\nd\n", False),
        ("", "Traceback\n", False),
    ],
)
def test_other_output_is_found(expected: str, printed: str, same: bool) -> None:
    assert (differs(expected, printed) == "") is same


def test_the_tutorial_shows_the_whole_way() -> None:
    said = [line.command.split()[1] for line in LINES if line.command.startswith("autograder ")]
    assert list(dict.fromkeys(said)) == ["doctor", "demo", "grade", "why", "report", "export"]


# --------------------------------------------------------------------------- what is left behind, and the reference


def test_a_class_leaves_what_the_reference_lists(ran: tuple[Path, list[Ran]]) -> None:
    table = FILES.text.partition("## A class")[2].partition("\n## ")[0]
    listed = {name.split("/")[0] for name in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)}
    there = {path.name for name in ("grading", "practice") for path in (ran[0] / name).iterdir()}
    assert {name.replace("01-composition", "UNIT") for name in there} == listed


def test_the_csv_has_the_columns_that_are_listed(ran: tuple[Path, list[Ran]]) -> None:
    listed = [name for row in FILES.table("csv") for name in row]
    header = (ran[0] / "grading" / "01-composition.csv").read_text(encoding="utf-8").split("\n", 1)[0]
    assert header.split(",")[: len(listed)] == listed
    assert all("." in column for column in header.split(",")[len(listed) : -1])  # then the exercises


def test_the_gradebook_has_the_tables_and_columns_that_are_listed(ran: tuple[Path, list[Ran]]) -> None:
    listed = re.findall(r"<!-- columns: (isometry_\w+) -->", FILES.text)
    with sqlite3.connect(ran[0] / "grading" / "gradebook.db") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert sorted(name for name in tables if name.startswith("isometry_")) == sorted(listed)
        for table in listed:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            assert columns == [name for row in FILES.table(table) for name in row], table


def test_the_codes_of_diagnostics_are_those_that_are_listed() -> None:
    assert [name for row in FILES.table("diagnostics") for name in row] == [code.value for code in DiagnosticCode]
