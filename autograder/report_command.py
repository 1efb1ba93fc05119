"""The command `autograder report`."""

from __future__ import annotations

from pathlib import Path

import click


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
    from autograder import report as reports
    from autograder.bank import ROOT

    root = course or ROOT
    path = reports.write(unit, into or root / "grading", root, gradebook)
    click.echo(f"The report is in {path}")
