"""A class list as a learning platform exports it, kept to the character."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum

from autograder.errors import GradingError


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

ENCODINGS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"": "utf-8",
}
"""What a file's byte order mark says of its encoding."""

SEPARATORS = ",;\t"

_COMMA, _POINT = re.compile(r"-?\d+,\d+"), re.compile(r"-?\d+\.\d+")


def _fits(lines: Sequence[Sequence[str]]) -> tuple[int, int, int]:
    """How well a separator fits the lines that it makes: by titles that are known, then by lines as wide as the first."""
    if not lines:
        return (0, 0, 0)
    known = {title for titles in IDS.values() for title in titles}
    titles = sum(title.strip() in known for title in lines[0])
    widths = Counter(len(line) for line in lines)
    return (titles, widths[len(lines[0])] if len(lines[0]) > 1 else 0, len(lines[0]))


@dataclass
class Roster:
    """A CSV that the system exported, as it is written: its marks, its separator, its line ends."""

    header: list[str]
    lines: list[list[str]]
    separator: str = ","
    ends: str = "\n"
    mark: bytes = b""
    """The byte order mark with which it begins."""

    @classmethod
    def read(cls, data: bytes, name: str = "The roster") -> Roster:
        """The roster in a file's bytes; `GradingError` where it is no such thing."""
        mark = next((mark for mark in ENCODINGS if mark and data.startswith(mark)), b"")
        try:
            text = data[len(mark) :].decode(ENCODINGS[mark])
        except UnicodeDecodeError:
            raise GradingError(f"{name} is not UTF-8 text. Export it from the system again as CSV (UTF-8).") from None
        read: dict[str, list[list[str]]] = {}
        wrong: csv.Error | None = None
        for separator in SEPARATORS:
            try:
                read[separator] = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
            except csv.Error as error:
                wrong = wrong or error
        if not read:
            raise GradingError(f"{name} is not a CSV file ({wrong}). Export it from the system again.")
        separator = max(read, key=lambda separator: _fits(read[separator]))
        lines = read[separator]
        if not lines or not any(lines[0]):
            raise GradingError(f"{name} is empty: its first line should name the columns.")
        first = text.split("\n", 1)[0]
        return cls(lines[0], lines[1:], separator, "\r\n" if first.endswith("\r") else "\n", mark)

    def content(self) -> bytes:
        """The file's bytes, in the encoding in which it came."""
        return self.mark + self.text().encode(ENCODINGS[self.mark])

    def text(self) -> str:
        made = []
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

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers in it are written as `8,50`."""
        cells = [cell.strip() for line in self.lines for cell in line]
        return any(map(_COMMA.fullmatch, cells)) and not any(map(_POINT.fullmatch, cells))

    def cell(self, line: Sequence[str], column: int) -> str:
        """A cell, empty where the line is too short for it."""
        return line[column] if column < len(line) else ""


@dataclass(frozen=True, kw_only=True)
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
    replace: bool = False
    """Whether what stands in the roster in the place of a grade gives way to it."""


@dataclass
class Export:
    """What is to be written, and what an instructor should know of it."""

    content: bytes
    _: KW_ONLY
    exported: list[str] = field(default_factory=list)
    held_back: dict[str, str] = field(default_factory=dict)
    """Who was graded, and is not exported, and why."""
    absent: list[str] = field(default_factory=list)
    """Who is in the roster, and handed nothing in."""
    unknown: list[str] = field(default_factory=list)
    """Who handed in, and is not in the roster."""
    warnings: list[str] = field(default_factory=list)


def pad(line: list[str], column: int) -> None:
    line.extend([""] * (column + 1 - len(line)))
