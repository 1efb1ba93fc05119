"""What marks an answer in a cell: nbgrader's two lines around it, or `# SOLUTION` behind it.

    rows = 4 * 8  # SOLUTION

is short for the cell that nbgrader reads:

    rows = ...  # replace the dots with your answer
    ### BEGIN SOLUTION
    rows = 4 * 8
    ### END SOLUTION

The short form stands in text halves alone: `expanded` makes the long one of it, `shortened` goes back.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

from autograder.errors import IsometryError

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
MARK = "# SOLUTION"
STUB = "...  # replace the dots with your answer"

_MARKED = re.compile(rf"\s*{MARK}\s*$")
_MEANT = re.compile(r"#\s*solution\W*$", re.IGNORECASE)
"""A comment that was meant for the mark, whether or not it is spelt like it."""
_DELIMITER = re.compile(r"#+\s*(begin|end)\s*_?\s*(?:the\s+)?solutions?\b", re.IGNORECASE)
_REGION = re.compile(rf"{BEGIN}.*?{END}", re.DOTALL)
_LONG = re.compile(rf"^(\w+) = {re.escape(STUB)}\n{BEGIN}\n(.+?)\n{END}$", re.DOTALL | re.MULTILINE)


class CellError(IsometryError):
    """A cell of an exercise notebook that cannot be read: what is wrong with it, and how to mend it."""

    def __init__(self, what: str, how: str) -> None:
        super().__init__(f"{what}. {how}")
        self.what, self.how = what, how


def holds_solution(source: str) -> bool:
    """Whether part of a cell, in its long form, is taken out when it is released."""
    return BEGIN in source


def released(source: str) -> str:
    """What a learner sees of a cell in its long form: all but the solution."""
    return _REGION.sub("", source)


def python(source: str) -> str:
    """The source with IPython's magics and shell lines blanked, so that every other line keeps its number."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))


def check_delimiters(source: str) -> None:
    """Raise `CellError` unless the lines that begin and end a solution are spelt right and come in pairs."""
    inside = False
    for line in source.split("\n"):
        if BEGIN in line:
            if inside:
                raise CellError(f"a second {BEGIN} stands before the first one's end", f"Write {END} between them.")
            inside = True
        elif END in line:
            if not inside:
                raise CellError(f"{END} stands without its beginning", f"Write {BEGIN} above the answer.")
            inside = False
        elif found := _DELIMITER.search(line):
            word = found[1].upper()
            raise CellError(
                f"“{line.strip()}” is not how a solution {found[1].lower()}s, so the answer would be released",
                f"Write ### {word} SOLUTION.",
            )
    if inside:
        raise CellError(f"its solution has no end: {BEGIN} stands without {END}", f"Write {END} below the answer.")


def expanded(source: str) -> str:
    """A code cell's source in its long form; the same where nothing is marked with `# SOLUTION`.

    Raises `CellError` where a mark does not stand behind the assignment of one name.
    """
    if not re.search("solution", source, re.IGNORECASE):
        return source
    marks = _marks(source)
    if not marks:
        return source
    try:
        statements = ast.parse(python(source)).body
    except (SyntaxError, ValueError):
        raise CellError(f"this cell is no valid Python, so its {MARK} cannot be read", "Mend it.") from None
    lines = source.split("\n")
    for number in sorted(marks, reverse=True):
        name, first = _assigned(statements, number, lines[number - 1])
        answer = lines[first - 1 : number]
        answer[-1] = _MARKED.sub("", answer[-1])
        lines[first - 1 : number] = [f"{name} = {STUB}", BEGIN, *answer, END]
    return "\n".join(lines)


def shortened(source: str) -> str:
    """The short form of a code cell's source; the same where it has none, so that `expanded` always leads back."""
    short = _LONG.sub(lambda found: f"{found[2]}  {MARK}", source)
    try:
        return short if expanded(short) == source else source
    except CellError:
        return source


def _marks(source: str) -> list[int]:
    """The numbers of the lines that end with the mark, from 1."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(python(source)).readline):
            if token.type == tokenize.COMMENT and _MEANT.search(token.string):
                if not _MARKED.search(token.string):
                    raise CellError(
                        f"“{token.string}” is not how a solution is marked, so the answer would be released",
                        f"Write {MARK}.",
                    )
                found.append(token.start[0])
    except (tokenize.TokenError, SyntaxError):  # broken: said by whoever reads the cell
        return [number for number, line in enumerate(source.split("\n"), start=1) if _MARKED.search(line)]
    return found


def _assigned(statements: list[ast.stmt], number: int, line: str) -> tuple[str, int]:
    """The one name that the statement ending on line `number` assigns, and the line it begins on."""
    here = [s for s in statements if s.lineno <= number <= (s.end_lineno or s.lineno)]
    if len(here) == 1 and here[0].end_lineno == number and isinstance(here[0], ast.Assign):
        [statement] = here
        assert isinstance(statement, ast.Assign)
        alone = not any(s is not statement and statement.lineno == s.end_lineno for s in statements)
        if alone and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            return statement.targets[0].id, statement.lineno
    shown = _MARKED.sub("", line).strip()
    raise CellError(
        f"{MARK} stands behind “{shown}”, which does not assign one name",
        f"Write name = value  {MARK}, or put the answer between {BEGIN} and {END}.",
    )
