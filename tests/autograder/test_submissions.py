"""What was handed in: found in either layout, and made anew cell by cell, whatever stands in the file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.submissions import submission
from autograder.submissions.submission import Submission, Unusable, collect, content, restore

RELEASED = Path(__file__).parent / "fixtures" / "course" / "exercises" / "90-tiny" / "90-tiny.ipynb"
UNIT = "90-tiny"


@pytest.fixture
def released() -> NotebookNode:
    return nbformat.read(RELEASED, as_version=4)


def changed(change: Any) -> bytes:
    """The released notebook's file after `change(data)`."""
    data = json.loads(RELEASED.read_text(encoding="utf-8"))
    answer = change(data)
    return json.dumps(data if answer is None else answer).encode()


def cell(data: Any, grade_id: str) -> Any:
    return next(c for c in data["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


# --------------------------------------------------------------------------- found


def test_both_layouts_are_found_by_student(tmp_path: Path) -> None:
    nested = tmp_path / "nested" / "ada" / UNIT
    nested.mkdir(parents=True)
    (nested / f"{UNIT}.ipynb").write_text("{}")
    (nested / "timestamp.txt").write_text("2026-11-20 10:00:00 UTC\n")
    (tmp_path / "nested" / "bob" / "01-other").mkdir(parents=True)
    assert collect(tmp_path / "nested", UNIT) == [
        Submission("ada", nested / f"{UNIT}.ipynb", timestamp="2026-11-20 10:00:00 UTC"),
    ]
    flat = tmp_path / "flat"
    flat.mkdir()
    for name in ("zoë müller.ipynb", "ada.ipynb", ".hidden.ipynb", "notes.txt"):
        (flat / name).write_text("{}")
    assert [s.student for s in collect(flat, UNIT)] == ["ada", "zoë müller"]
    assert [s.student for s in collect(flat, UNIT, ("ada",))] == ["ada"]


def test_a_name_that_is_no_text_is_spelt_out_and_stops_nobody(tmp_path: Path) -> None:
    for name in (b"a\xff", b"b\n\x1b[31m", "c\u202e".encode(), "zoë\u200c".encode()):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name + b".ipynb")).write_text("{}")
    names = [found.student for found in collect(tmp_path, UNIT)]
    assert names == ["a\\udcff", "b\\n\\x1b[31m", "c\\u202e", "zoë\u200c"]
    assert all(content(found) == b"{}" for found in collect(tmp_path, UNIT))


def test_a_student_who_handed_in_a_folder_without_the_notebook_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "ada" / UNIT).mkdir(parents=True)
    (found,) = collect(tmp_path, UNIT)
    with pytest.raises(Unusable, match=f"There is no {UNIT}.ipynb"):
        content(found)


def test_nothing_there_is_a_sentence_that_says_what_should_be(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="There is no folder"):
        collect(tmp_path / "none", UNIT)
    with pytest.raises(GradingError, match=f"<student>/{UNIT}/{UNIT}.ipynb"):
        collect(tmp_path, UNIT)
    (tmp_path / "ada.ipynb").write_text("{}")
    with pytest.raises(GradingError, match="bob has handed in nothing"):
        collect(tmp_path, UNIT, ("bob",))
    (tmp_path / "ada" / UNIT).mkdir(parents=True)
    with pytest.raises(GradingError, match="ada is there twice"):
        collect(tmp_path, UNIT)


def test_a_link_and_a_giant_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.ipynb").write_text("{}")
    (tmp_path / "ada.ipynb").symlink_to(tmp_path / "secret.ipynb")
    with pytest.raises(Unusable, match="is a link"):
        content(Submission("ada", tmp_path / "ada.ipynb"))
    monkeypatch.setattr(submission, "LARGEST", 1)
    with pytest.raises(Unusable, match="MB"):
        content(Submission("bob", tmp_path / "secret.ipynb"))


# --------------------------------------------------------------------------- made anew


def test_an_untouched_notebook_comes_out_with_the_same_cells_and_no_remark(released: NotebookNode) -> None:
    made, diagnostics = restore(RELEASED.read_bytes(), released)
    assert diagnostics == []
    assert [(c.cell_type, c.source) for c in made.cells] == [(c.cell_type, c.source) for c in released.cells]
    assert [c.metadata.get("nbgrader") for c in made.cells] == [c.metadata.get("nbgrader") for c in released.cells]
    nbformat.validate(made)


@pytest.mark.parametrize(
    ("handed_in", "said"),
    [
        (b"", "breaks off"),
        (RELEASED.read_bytes()[:999], "breaks off or is garbled, line"),
        (b"\xff\xfe\x00", "not text"),
        (b"[" * 100_000, "nested too deep"),
        (b"3", "though it is JSON"),
        (b'{"cells": []}', "though it is JSON"),
        (b'{"nbformat": 4, "cells": 7}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}', "its cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "song", "source": ""}]}', "its cell 1"),
        (b'{"nbformat": 99, "cells": []}', "format 99"),
        (b'{"nbformat": "new", "cells": []}', "format 'new'"),
        (json.dumps({"nbformat": "x" * 9_999, "cells": []}).encode(), r"format 'x+\.\.\.x+', which"),
        (b'{"nbformat": 4, "cells": []}', "another notebook"),
        (json.dumps({"nbformat": 4, "cells": [{}] * 2_001}).encode(), "2,001 cells, more than 2,000"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(handed_in: bytes, said: str, released: NotebookNode) -> None:
    with pytest.raises(Unusable, match=said):
        restore(handed_in, released)


def test_metadata_of_the_file_counts_for_nothing(released: NotebookNode) -> None:
    def forge(data: Any) -> None:
        check = cell(data, "scale-check")
        check["metadata"]["nbgrader"] |= {"points": 1000, "solution": True, "schema_version": 99}
        check["metadata"]["tags"] = ["skip-execution"]
        check["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "2.0"}, "metadata": {}}]
        data["metadata"]["kernelspec"]["name"] = "bash"
        cell(data, "count")["metadata"] = {"nbgrader": {"grade_id": "count", "grade": True, "points": 50}}

    made, diagnostics = restore(changed(forge), released)
    assert diagnostics == []
    for one, pristine in zip(made.cells, released.cells, strict=True):
        assert one.metadata.get("nbgrader") == pristine.metadata.get("nbgrader")
        assert "tags" not in one.metadata and not one.get("outputs")
    assert made.metadata.kernelspec.name == "python3"


def test_a_cell_of_nbgraders_that_the_course_does_not_have_becomes_an_ordinary_one(released: NotebookNode) -> None:
    def invent(data: Any) -> None:
        data["cells"].append(
            {
                "cell_type": "code",
                "source": "1",
                "metadata": {"nbgrader": {"grade_id": "gift", "grade": True, "points": 9}},
                "outputs": [],
                "execution_count": None,
            }
        )

    made, _ = restore(changed(invent), released)
    assert made.cells[-1].source == "1" and "nbgrader" not in made.cells[-1].metadata


def test_of_a_copied_cell_the_last_one_counts_and_it_is_said(released: NotebookNode) -> None:
    def copy_check(data: Any) -> None:
        data["cells"].append(json.loads(json.dumps(cell(data, "scale-check"))))

    made, diagnostics = restore(changed(copy_check), released)
    marked = [i for i, c in enumerate(made.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == "scale-check"]
    assert marked == [len(made.cells) - 1]
    assert [(one.code, one.cell) for one in diagnostics] == [(DiagnosticCode.CELL_REPEATED, "scale-check")]


def test_a_missing_graded_cell_is_said(released: NotebookNode) -> None:
    def remove(data: Any) -> None:
        data["cells"].remove(cell(data, "relu-check"))

    _, diagnostics = restore(changed(remove), released)
    assert [(one.code, one.cell) for one in diagnostics] == [(DiagnosticCode.CELL_MISSING, "relu-check")]


def test_strange_text_becomes_text_that_can_be_written(released: NotebookNode) -> None:
    def strange(data: Any) -> None:
        cell(data, "scale")["source"] = ["scale = '\ud800'\n", "# \x00"]

    made, _ = restore(changed(strange), released)
    assert "scale = '?'" in nbformat.writes(made).encode().decode()


def test_an_attached_photograph_stays_and_anything_else_attached_goes(released: NotebookNode) -> None:
    def attach(data: Any) -> None:
        cell(data, "why")["attachments"] = {
            "page.png": {"image/png": "AAAA"},
            "\udc00.png": {"image/png": "\ud800"},
            "x.html": {"text/html": "<script>"},
            "y": 3,
        }

    made, _ = restore(changed(attach), released)
    assert made.cells[-1].attachments == {"page.png": {"image/png": "AAAA"}, "?.png": {"image/png": "?"}}
