"""The command `autograder export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder.commands.report import changed

if TYPE_CHECKING:
    from autograder.reports.lms.roster import Export


@click.command()
@click.argument("unit")
@click.option(
    "--to",
    type=click.Choice(["canvas", "moodle", "gradescope", "csv"]),
    required=True,
    help="Canvas's gradebook CSV; Moodle's grading worksheet or grade import; Gradescope's autograder zip; plain CSV.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write. It must be a new one.")
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="What the system exported: students are matched with it, and all it holds stays.",
)
@click.option("--id", "id_column", metavar="COLUMN", help="The roster's column of ids.  [default: the one that fits]")
@click.option("--column", metavar="NAME", help="The assignment's name in the system.  [default: UNIT]")
@click.option("--scale", is_flag=True, help="Scale scores to the points that the system has for the assignment.")
@click.option("--with-unread", is_flag=True, help="Export also what is not final: answers unread, submissions failed.")
@click.option("--replace", is_flag=True, help="Let grades take the place of others that stand in the roster already.")
@click.option(
    "--missing-as-zero", is_flag=True, help="Zero for those of the roster who handed nothing in, not nothing."
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The folder that the class was graded into.  [default: grading/ of the course]",
)
@click.option(
    "--gradebook",
    metavar="URL",
    envvar="ISOMETRY_GRADEBOOK",
    help="The database it was graded into, as for `grade`.  [default: gradebook.db in --into]",
)
@click.option("--course", type=click.Path(path_type=Path), help="The course's root.  [default: the one installed]")
def export(
    unit: str,
    to: str,
    out: Path,
    roster: Path | None,
    id_column: str | None,
    column: str | None,
    scale: bool,
    with_unread: bool,
    missing_as_zero: bool,
    replace: bool,
    into: Path | None,
    gradebook: str | None,
    course: Path | None,
) -> None:
    """Export the grades of UNIT to a learning management system.

    Automatic points are those that grading gave, also where something else has written others into the gradebook since;
    that is told. Scores that people gave go before them.

    Ids stay as they are, to the character. Who handed nothing in stays blank. What failed, or waits for somebody to
    read it, is named and not exported; so is a grade where the roster has another one already. A file that is there is
    never overwritten.
    """
    from autograder.errors import GradingError
    from autograder.paths import ROOT
    from autograder.reports import report
    from autograder.reports.lms.export import export as exported
    from autograder.reports.lms.export import write_new
    from autograder.reports.lms.roster import Options, Roster, System

    root = course or ROOT
    try:
        listed = Roster.read(roster.read_bytes(), roster.name) if roster else None
    except OSError as error:
        raise GradingError(f"The roster {roster} cannot be read ({(error.strerror or 'error').lower()}).") from None
    results = report.results(unit, into or root / "grading", root, gradebook)
    options = Options(
        column=column,
        id_column=id_column,
        with_unread=with_unread,
        missing_as_zero=missing_as_zero,
        scale=scale,
        replace=replace,
    )
    made = exported(System(to), unit, results.rows, listed, options, results.names)
    write_new(out, made.content)
    for line in [*told(made, out), *changed(unit, results.changes)]:
        click.echo(line)


def told(made: Export, out: Path) -> list[str]:
    """What an instructor should know, a line each."""
    from autograder.text import escape_invisible

    def listed(names: list[str]) -> str:
        return escape_invisible(", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else ""))

    number = len(made.exported)
    lines = [f"{number} grade{' is' if number == 1 else 's are'} in {out}"]
    lines += [
        f"not exported: {escape_invisible(student)} ({escape_invisible(why)})"
        for student, why in sorted(made.held_back.items())
    ]
    if made.held_back:
        lines.append("Finish these and export again into a new file, or take them as they are with --with-unread.")
    if made.unknown:
        lines.append(f"not in the roster, and not exported: {listed(made.unknown)}")
    if made.absent:
        lines.append(f"handed nothing in: {listed(made.absent)}")
    return lines + [escape_invisible(warning) for warning in made.warnings]
