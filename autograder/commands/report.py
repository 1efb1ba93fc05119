"""The command `autograder report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

FEW = 20
"""So many of a class's sentences are printed."""


@click.command()
@click.argument("unit")
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
def report(unit: str, into: Path | None, gradebook: str | None, course: Path | None) -> None:
    """Draw the instructor's page on UNIT, from the gradebook and what was handed in.

    One HTML file that loads and runs nothing: scores, how hard each exercise was, which misconceptions the class
    holds and who, what waits for a person, what could not be graded, and whose code is alike. Grades nothing, and
    changes nothing but that file.
    """
    from autograder.paths import ROOT
    from autograder.reports import report as reports

    root = course or ROOT
    path, changes = reports.write(unit, into or root / "grading", root, gradebook)
    click.echo(f"The report is in {path}")
    for line in changed(unit, changes):
        click.echo(line)


def changed(unit: str, sentences: Sequence[str]) -> list[str]:
    """What an instructor should know of a gradebook that others wrote to, a line each."""
    from autograder.text import escape_invisible

    if not sentences:
        return []
    lines = [escape_invisible(sentence) for sentence in sentences[:FEW]]
    if len(sentences) > FEW:
        lines.append(f"… and {len(sentences) - FEW} more")
    again = f"`autograder grade {unit} --submissions FOLDER` puts them back into the gradebook."
    return [*lines, f"Used were the automatic points that grading gave; {again}"]
