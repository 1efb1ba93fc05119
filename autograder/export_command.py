"""The command `autograder export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from autograder.lms import Export


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
    into: Path | None,
    gradebook: str | None,
    course: Path | None,
) -> None:
    """Export the grades of UNIT to a learning management system.

    Ids stay as they are, to the character. Who handed nothing in stays blank. What failed, or waits for somebody to
    read it, is named and not exported. A file that is there is never overwritten.
    """
    from autograder import lms, report
    from autograder.bank import ROOT
    from autograder.errors import GradingError

    root = course or ROOT
    try:
        listed = lms.Roster.read(roster.read_bytes(), roster.name) if roster else None
    except OSError as error:
        raise GradingError(f"The roster {roster} cannot be read ({(error.strerror or 'error').lower()}).") from None
    rows, names = report.results(unit, into or root / "grading", root, gradebook)
    options = lms.Options(column, id_column, with_unread, missing_as_zero, scale)
    made = lms.export(lms.System(to), unit, rows, listed, options, names)
    lms.write_new(out, made.content)
    for line in told(made, out):
        click.echo(line)


def told(made: Export, out: Path) -> list[str]:
    """What an instructor should know, a line each."""
    from autograder.plain import shown

    def listed(names: list[str]) -> str:
        return shown(", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else ""))

    number = len(made.exported)
    lines = [f"{number} grade{' is' if number == 1 else 's are'} in {out}"]
    lines += [f"not exported: {shown(student)} ({shown(why)})" for student, why in sorted(made.held_back.items())]
    if made.held_back:
        lines.append("Finish these and export again into a new file, or take them as they are with --with-unread.")
    if made.unknown:
        lines.append(f"not in the roster, and not exported: {listed(made.unknown)}")
    if made.absent:
        lines.append(f"handed nothing in: {listed(made.absent)}")
    return lines + [shown(warning) for warning in made.warnings]
