"""Moodle's offline grading worksheet, recognised in whatever language the site wrote it.

Moodle translates the titles of the columns, and the words in them; what it never changes is their order, which
`mod/assign/gradingtable.php` of moodle/moodle sets: an identifier that ends in a number, the person's name and
details, status, **grade**, **maximum grade**, **whether it can be changed**, and the two dates. So the columns are found
by what stands in them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from autograder.errors import GradingError
from autograder.reports.lms.roster import Roster

TITLES = ("Identifier", "Grade", "Maximum Grade", "Grade can be changed")
"""The titles on a site in English."""

YES = frozenset("yes ja oui sí si sim tak ano да так evet igen kyllä da áno jah jā taip ναι 是 はい 예 có".split())
NO = frozenset("no nein non não nie nee nej ne нет ні hayır nem ei nei nu ni όχι 否 いいえ 아니요 không".split())
"""Moodle's words for yes and no, in the languages of most sites."""

_IDENTIFIER = re.compile(r"\D+\d+")
_NUMBER = re.compile(r"\d+([.,]\d+)?")


class Worksheet(NamedTuple):
    """Where the columns are that grades need."""

    identifier: int
    grade: int
    most: int | None
    locked: int | None

    def is_locked(self, roster: Roster, line: list[str]) -> bool:
        """Whether Moodle would not take another grade for the person of this line. `GradingError` where that is unknown."""
        if self.locked is None:
            return False
        word = roster.cell(line, self.locked).strip().casefold()
        if word in NO:
            return True
        if word in YES or not word:
            return False
        raise GradingError(
            f"Whether grades are locked cannot be read: “{word}” in the column “{roster.header[self.locked]}” is neither "
            "yes nor no in a language that is known. Download the worksheet with Moodle set to English."
        )


def worksheet(roster: Roster) -> Worksheet | None:
    """Find the columns of a worksheet; None where the roster is none."""
    if roster.column("Identifier") is not None and roster.column("Grade") is not None:
        columns = [roster.column(title) for title in TITLES]
        assert columns[0] is not None and columns[1] is not None
        return Worksheet(columns[0], columns[1], columns[2], columns[3])
    lines = [line for line in roster.lines if any(line)]
    cells = [[roster.cell(line, column).strip() for line in lines] for column in range(len(roster.header))]
    if not lines or not all(_IDENTIFIER.fullmatch(cell) for cell in cells[0]):
        return None
    for column in range(2, len(cells) - 2):
        grade, most, locked = cells[column : column + 3]
        words = set(map(str.casefold, locked))
        if (
            all(cell in ("", "-") or _NUMBER.fullmatch(cell) for cell in grade)
            and all(_NUMBER.fullmatch(cell) for cell in most)
            and len(set(most)) == 1
            and (words <= YES | NO or len(words) <= 2)
            and not any(_NUMBER.fullmatch(cell) for cell in locked)
        ):
            return Worksheet(0, column, column + 1, column + 2)
    return None
