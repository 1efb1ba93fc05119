"""The manifest, `course/syllabus.toml`, read: units in order, what each needs, its skills."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from course import paths
from course.errors import CourseError


@dataclass(frozen=True)
class Place:
    """A heading in a notebook, as a learner finds it in their folder."""

    notebook: str
    """Its path in the learner's folder, such as `02-jacobians.ipynb`."""
    heading: str

    def __str__(self) -> str:
        return f"“{self.heading}” in {self.notebook}"

    @property
    def link(self) -> str:
        """Where it is, from the learner's folder, as JupyterLab follows a link to a heading."""
        return f"{quote(self.notebook)}#{quote(self.heading.replace(' ', '-'))}"


@dataclass(frozen=True)
class Skill:
    """One thing a learner can master, such as `jacobians.scale`."""

    id: str
    title: str
    gates: bool
    _: KW_ONLY
    code: tuple[str, ...] = ()
    """The code exercises that have to be passed for it, by id, where it is about writing code."""
    core: tuple[str, ...] = ()
    """The short exercises, by id, one of which each row that masters it has, and which reviews ask; all, where empty."""
    example: Place | None = None
    """Where it is worked out step by step; what gates has one."""
    way_in: str = ""
    """Another way to see it, for a learner who is stuck, in a sentence or two; it never holds an answer."""
    way_in_at: Place | None = None
    """Where that other way is gone."""


@dataclass(frozen=True)
class Unit:
    """One lesson with its exercises. `requires` names the units whose gates open this one."""

    id: str
    title: str
    question: str
    minutes: int
    requires: tuple[str, ...]
    _: KW_ONLY
    skills: tuple[Skill, ...]

    @property
    def gated(self) -> tuple[Skill, ...]:
        return tuple(skill for skill in self.skills if skill.gates)


@dataclass(frozen=True)
class Syllabus:
    """The whole course in order."""

    version: int
    title: str
    units: tuple[Unit, ...]
    hard_gates: bool = False
    """Whether a closed gate stays closed; else a learner may continue without mastery, which is recorded."""

    def unit(self, name: str) -> Unit:
        """The unit called `name`: number and name, or either of them. `CourseError` where there is none."""
        for unit in self.units:
            if name in (unit.id, *unit.id.split("-", 1)):
                return unit
        raise CourseError(_unknown("unit", name, [unit.id for unit in self.units]))

    def skill(self, name: str) -> Skill:
        """The skill called `name`; `CourseError` where there is none."""
        skills = {skill.id: skill for unit in self.units for skill in unit.skills}
        if name not in skills:
            raise CourseError(_unknown("skill", name, list(skills)))
        return skills[name]

    def unit_of(self, skill: str) -> Unit:
        """The unit a skill belongs to; `CourseError` where there is none."""
        self.skill(skill)
        return next(unit for unit in self.units if any(s.id == skill for s in unit.skills))


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"There is no {what} “{name}”. " + (
        f"Did you mean “{near[0]}”?" if near else f"There are: {', '.join(known)}."
    )


def load(path: Path | None = None) -> Syllabus:
    """The manifest at `path`, else the course's own; `CourseError` where it cannot be read."""
    path = path or paths.root() / "course" / "syllabus.toml"
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"The course at {path.parent.parent} has no {path.parent.name}/{path.name}.") from None


@lru_cache(maxsize=8)
def _parse(text: str) -> Syllabus:
    try:
        data = tomllib.loads(text)
        _require_fields(data)
        units = tuple(
            Unit(
                id=unit["id"],
                title=unit["title"],
                question=unit["question"],
                minutes=int(unit["minutes"]),
                requires=tuple(unit["requires"]),
                skills=tuple(map(_skill, unit.get("skill", []))),
            )
            for unit in data["unit"]
        )
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"syllabus.toml is not TOML: {error}") from None
    gates = data.get("gates", "soft")
    if gates not in ("soft", "hard"):
        raise CourseError(f"syllabus.toml: gates is “{gates}”; it may be “soft” or “hard”.")
    known = {unit.id for unit in units}
    for unit in units:
        for name in unit.requires:
            if name not in known:
                raise CourseError(f"syllabus.toml: {unit.id} requires “{name}”, which is no unit.")
    return Syllabus(int(data["version"]), data["title"], units, gates == "hard")


FIELDS = {
    "the syllabus": ("version", "title", "unit"),
    "unit": ("id", "title", "question", "minutes", "requires"),
    "skill": ("id", "title", "gates"),
}
"""What the manifest, each unit and each skill must say."""


def _require_fields(data: dict[str, Any]) -> None:
    """Raise `CourseError` with all fields that one entry lacks, and which entry it is."""

    def ask(entry: dict[str, Any], kind: str, name: str) -> None:
        missing = [field for field in FIELDS[kind] if field not in entry]
        if missing:
            raise CourseError(f"syllabus.toml: {name} lacks {', '.join(missing)}. Write what is missing.")

    ask(data, "the syllabus", "the file")
    if not isinstance(data["unit"], list):
        raise CourseError("syllabus.toml: units are a list. Begin each with [[unit]].")
    for number, unit in enumerate(data["unit"], start=1):
        own = unit.get("id", f"no. {number}")
        ask(unit, "unit", f"the unit {own}")
        for place, skill in enumerate(unit.get("skill", []), start=1):
            ask(skill, "skill", f"the skill {skill.get('id', f'no. {place} of {own}')}")


def _skill(entry: dict[str, Any]) -> Skill:
    return Skill(
        id=entry["id"],
        title=entry["title"],
        gates=bool(entry["gates"]),
        code=tuple(entry.get("code", ())),
        core=tuple(entry.get("core", ())),
        example=_place(entry, "example"),
        way_in=" ".join(entry.get("way_in", "").split()),
        way_in_at=_place(entry, "way_in_at"),
    )


def _place(entry: dict[str, Any], field: str) -> Place | None:
    written = entry.get(field)
    if written is None:
        return None
    notebook, sign, heading = written.partition("#")
    if not (notebook and sign and heading.strip()):
        raise CourseError(
            f"syllabus.toml: {field} of {entry['id']} is “{written}”. Write the notebook and its heading, as in "
            "“02-jacobians.ipynb#3. One layer, many units”."
        )
    return Place(notebook, heading.strip())
