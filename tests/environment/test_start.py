"""The start page says what the manifest says, and its links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

from course import syllabus
from course.jupyter.study import prepare

LINK = re.compile(r"\]\(([^)]+)\)")


def test_every_unit_is_on_the_start_page_and_every_link_leads_to_a_notebook(root: Path, tmp_path: Path) -> None:
    prepare(root, tmp_path / "my-work")
    page = json.loads((tmp_path / "my-work" / "start.ipynb").read_bytes())
    prose = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "markdown")
    code = "\n".join("".join(c["source"]) for c in page["cells"] if c["cell_type"] == "code")
    rows = [line for line in prose.splitlines() if line.startswith("| ") and ".ipynb" in line]
    units = syllabus.load(root / "course" / "syllabus.toml").units
    assert len(rows) == len(units)
    for row, unit in zip(rows, units, strict=True):
        assert f"]({unit.id}.ipynb)" in row
        exercises = f"exercises/{unit.id}/{unit.id}.ipynb"
        assert (f"]({exercises})" in row) == (root / exercises).is_file()
        assert f"{unit.minutes} minutes" in row and unit.question in row
        assert unit.title.split(":")[0] in row
    assert "course_map()" in code
    for target in LINK.findall(prose):
        assert (tmp_path / "my-work" / target).is_file(), f"the start page links to {target}, which is not handed out"
