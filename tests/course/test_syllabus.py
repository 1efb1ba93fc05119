"""The manifest: every unit and skill is found by name, and what is wrong in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from course import syllabus
from course.errors import CourseError

UNIT = """
version = 1
title = "Small"
[[unit]]
id = "01-first"
title = "First"
question = "?"
minutes = 10
requires = {requires}
  [[unit.skill]]
  id = "first.a"
  title = "A"
  gates = true
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "syllabus.toml"
    path.write_text(text)
    return path


def test_units_and_skills_are_found_by_name(tmp_path: Path) -> None:
    whole = syllabus.load(written(tmp_path, UNIT.format(requires="[]")))
    assert whole.unit("first") is whole.unit("01-first") is whole.unit_of("first.a")
    assert whole.skill("first.a").gates
    with pytest.raises(CourseError, match="Did you mean “01-first”"):
        whole.unit("01-frst")
    with pytest.raises(CourseError, match=r"Did you mean “first.a”"):
        whole.skill("first.b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (UNIT.format(requires='["00-none"]'), "which is no unit"),
        ("version = 1\ntitle = 'x'\n[[unit]]\nid = 'a'", "the unit a lacks title, question, minutes, requires. Write"),
        ("version = 1\ntitle = 'x'\n[[unit]]\ntitle = 'a'", "the unit no. 1 lacks id, question, minutes, requires"),
        (UNIT.format(requires="[]").replace("  gates = true\n", ""), "the skill first.a lacks gates"),
        ("title = 'x'\n[[unit]]", "the file lacks version"),
        ("version = 1\ntitle = 'x'\n[unit]", r"units are a list. Begin each with \[\[unit\]\]"),
        ("version = = 1", "not TOML"),
        (UNIT.format(requires="[]") + '  example = "01-first.ipynb"', "Write the notebook and its heading"),
        (UNIT.format(requires="[]") + '  way_in_at = "01-first.ipynb# "', "way_in_at of first.a is"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(CourseError, match=says):
        syllabus.load(written(tmp_path, text))
    with pytest.raises(CourseError, match=r"has no .*syllabus.toml"):
        syllabus.load(tmp_path / "none" / "syllabus.toml")


def test_a_place_is_read_shown_and_linked(tmp_path: Path) -> None:
    text = (
        UNIT.format(requires="[]")
        + '  example = "01-first.ipynb#Who is tied to whom?"\n  way_in = """Fold\na strip."""'
    )
    skill = syllabus.load(written(tmp_path, text)).skill("first.a")
    assert skill.example == syllabus.Place("01-first.ipynb", "Who is tied to whom?")
    assert str(skill.example) == "“Who is tied to whom?” in 01-first.ipynb"
    assert skill.example.link == "01-first.ipynb#Who-is-tied-to-whom%3F"
    assert (skill.way_in, skill.way_in_at) == ("Fold a strip.", None)


def test_every_skill_of_the_course_belongs_to_its_unit() -> None:
    units = syllabus.load().units
    for unit in units:
        assert unit.gated or not any(unit.id in other.requires for other in units), f"{unit.id} would open nothing"
        for skill in unit.skills:
            assert skill.id.split(".")[0] == unit.id.split("-", 1)[1]


def test_gates_are_soft_unless_one_line_makes_them_hard(tmp_path: Path) -> None:
    text = UNIT.format(requires="[]")
    assert not syllabus.load(written(tmp_path, text)).hard_gates
    for kind, hard in (("soft", False), ("hard", True)):
        assert syllabus.load(written(tmp_path, f'gates = "{kind}"\n{text}')).hard_gates == hard
    with pytest.raises(CourseError, match="gates is “closed”; it may be “soft” or “hard”"):
        syllabus.load(written(tmp_path, f'gates = "closed"\n{text}'))


def test_a_skill_may_name_its_code_exercises(tmp_path: Path) -> None:
    text = UNIT.format(requires="[]")
    assert syllabus.load(written(tmp_path, text)).skill("first.a").code == ()
    written(tmp_path, text + '  code = ["first.one", "first.other"]\n')
    assert syllabus.load(tmp_path / "syllabus.toml").skill("first.a").code == ("first.one", "first.other")


def test_a_units_number_names_it_too(tmp_path: Path) -> None:
    whole = syllabus.load(written(tmp_path, UNIT.format(requires="[]")))
    assert whole.unit("01") is whole.unit("01-first")
    with pytest.raises(CourseError, match="There is no unit “”"):
        whole.unit("")
