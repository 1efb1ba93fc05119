"""What was handed in: read within bounds, and made anew cell by cell, whatever stands in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from autograder.diagnostics import DiagnosticCode
from autograder.feedback.page import rendered
from autograder.feedback.sanitize import MISSING_PICTURE
from autograder.submissions import submission
from autograder.submissions.restore import restore
from autograder.submissions.submission import Submission, Unusable, content, read

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


# --------------------------------------------------------------------------- read


def test_a_link_and_a_giant_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.ipynb").write_text("{}")
    (tmp_path / "ada.ipynb").symlink_to(tmp_path / "secret.ipynb")
    with pytest.raises(Unusable, match="is a link"):
        content(Submission("ada", tmp_path / "ada.ipynb"))
    monkeypatch.setattr(submission, "LARGEST_AS_IT_IS", 1)
    monkeypatch.setattr(submission, "LARGEST", 1)
    with pytest.raises(Unusable, match="MB"):
        content(Submission("bob", tmp_path / "secret.ipynb"))


def test_outputs_that_make_a_file_large_are_left_out_while_it_is_read(
    tmp_path: Path, released: NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def print_much(data: Any) -> None:
        output = {"output_type": "stream", "name": "stdout", "text": ["x" * 1_000] * 2_000}
        cell(data, "scale")["outputs"] = [output]
        cell(data, "scale")["source"] = ["scale = 0.9**10\n", "# é"]

    path = tmp_path / "ada.ipynb"
    path.write_bytes(changed(print_much))
    assert path.stat().st_size > 2_000_000
    monkeypatch.setattr(submission, "LARGEST", 100_000)
    data = content(Submission("ada", path))
    assert len(data) < 100_000
    made, diagnostics = restore(data, released)
    assert diagnostics == [] and "scale = 0.9**10\n# é" in [one.source for one in made.cells]

    path.write_bytes(changed(lambda data: cell(data, "scale").update(source="x" * 200_000)))
    with pytest.raises(Unusable, match="Without its outputs the file has"):
        content(Submission("ada", path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Unusable, match="cannot be read as a notebook"):
        content(Submission("ada", path))


def test_files_beside_the_notebook_go_along_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "ada" / UNIT
    (own / "data").mkdir(parents=True)
    (own / "course").mkdir()
    for name in ("helper.py", "data/a.csv", "course/__init__.py", ".hidden", "timestamp.txt", "other.ipynb"):
        (own / name).write_text(name)
    (own / "link.py").symlink_to("/etc/passwd")
    (own / f"{UNIT}.ipynb").write_text("{}")
    found = read(Submission("ada", own / f"{UNIT}.ipynb", own=own))
    assert found.beside == {"data/a.csv": b"data/a.csv", "helper.py": b"helper.py"}
    assert [note.code for note in found.notes] == [DiagnosticCode.FILES_LEFT]
    assert "course/__init__.py" in found.notes[0].text
    monkeypatch.setattr(submission, "LARGEST", 12)
    assert list(read(Submission("ada", own / f"{UNIT}.ipynb", own=own)).beside) == ["data/a.csv"]
    assert read(Submission("ada", own / f"{UNIT}.ipynb")).beside == {}  # a flat folder is everybody's


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_text_is_read_in_whatever_encoding_it_was_saved(encoding: str, released: NotebookNode) -> None:
    made, diagnostics = restore(RELEASED.read_text(encoding="utf-8").encode(encoding), released)
    assert diagnostics == [] and [c.source for c in made.cells] == [c.source for c in released.cells]


def _marks(made: NotebookNode) -> list[str]:
    return [one.metadata.get("nbgrader", {}).get("grade_id", "") for one in made.cells]


@pytest.mark.parametrize("ids", ["kept", "lost"])
def test_a_notebook_without_nbgraders_marks_is_recognised(ids: str, released: NotebookNode) -> None:
    """As after a round trip through a converter that filters metadata, or, without ids, through format 4.4."""

    def filtered(data: Any) -> None:
        for number, one in enumerate(data["cells"]):
            one["metadata"] = {}
            if ids == "lost":
                one.pop("id", None)
            else:
                one["id"] = released.cells[number].id
        cell_ = next(one for one in data["cells"] if "".join(one["source"]).startswith("scale"))
        cell_["source"] = "scale = 0.9**10"
        data["cells"].insert(0, {"cell_type": "markdown", "source": "mine", "metadata": {}})

    made, diagnostics = restore(changed(filtered), released)
    assert _marks(made) == ["", *_marks(released)]
    assert [one.code for one in diagnostics] == [DiagnosticCode.MARKS_LOST]


def test_a_cell_that_was_removed_is_not_found_in_its_neighbour(released: NotebookNode) -> None:
    def replace_answer(data: Any) -> None:
        at = data["cells"].index(cell(data, "why"))
        data["cells"][at] = {"cell_type": "markdown", "source": "something else", "metadata": {}}

    made, diagnostics = restore(changed(replace_answer), released)
    assert "why" not in _marks(made)
    assert [one.code for one in diagnostics] == [DiagnosticCode.CELL_MISSING]


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


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("my a.png", "my%20a.png"),
        ("my%20a.png", "my%20a.png"),
        ("müller.png", "müller.png"),
        ("müller.png", "m%C3%BCller.png"),
        ("a.png", "a.png"),
    ],
)
def test_a_picture_is_found_however_its_name_is_spelt(name: str, reference: str, released: NotebookNode) -> None:
    def attach(data: Any) -> None:
        cell(data, "why")["attachments"] = {name: {"image/png": MISSING_PICTURE[:-4] + "AAAA"}}
        cell(data, "why")["source"] = f"Mine.\n\n![page](attachment:{reference}) ![gone](attachment:no%20such.png)"

    made, _ = restore(changed(attach), released)
    page = rendered(made.cells[-1])
    assert "data:image/png;base64," in page and "“no such.png” did not come" in page
    nbformat.validate(made)
    html, _ = HTMLExporter().from_notebook_node(made)  # which refuses a notebook for one reference
    assert html.count("data:image/png;base64,") >= 2


def test_missing_cells_are_put_back_where_the_course_is_set_to(released: NotebookNode) -> None:
    def remove(data: Any) -> None:
        for name in ("scale-check", "relu-check", "why"):
            data["cells"].remove(cell(data, name))

    made, diagnostics = restore(changed(remove), released, add_missing=True)
    assert _marks(made) == _marks(released)
    assert [one.code for one in diagnostics] == [DiagnosticCode.CELL_MISSING] * 3
    assert all("put back" in one.text for one in diagnostics)
    nbformat.validate(made)


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
