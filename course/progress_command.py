"""`course progress`, `course why`, `course open`: where you stand, in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from course.errors import CourseError
from course.gates import in_a_sentence, overview_panel, progress_panel, step_rows
from course.keeping import bring_in
from course.mastery import record, steps, why
from course.panel import Panel
from course.practising import standing


@click.command()
@click.argument("unit", required=False)
@click.option("--export", "export", type=click.Path(path_type=Path), help="Write a copy of your record to this file.")
@click.option(
    "--import", "taken", type=click.Path(path_type=Path), help="Take the events of this file into your record."
)
def command(unit: str | None, export: Path | None, taken: Path | None) -> None:
    """Print which skills are mastered, for UNIT or for all units; keep your record, or bring it back."""
    if taken is not None:
        click.echo(take_in(taken))
    if export is not None:
        click.echo(copy_out(export))
    if unit is None and (export or taken):
        return
    where, warning = standing()
    panel = progress_panel(where, where.syllabus.unit(unit), warning) if unit else overview_panel(where, warning)
    click.echo(panel.text())


def copy_out(path: Path) -> str:
    """Write the record to `path`; the sentence that says so. An existing file is not overwritten."""
    content = record.merge(record.text(), b"")
    try:
        with open(path, "xb") as file:
            file.write(content)
    except FileExistsError:
        raise CourseError(f"{path} is there already, and is not overwritten. Name another file.") from None
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CourseError(f"{path} cannot be written ({error.strerror}). Name another place.") from None
    return f"Wrote {content.count(bytes([10]))} events to {path}."


def take_in(path: Path) -> str:
    """Take the events of the file at `path` into the record; the sentence that says how many were new."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from None
    return bring_in(content, str(path))


@click.command("why")
@click.argument("unit")
def why_command(unit: str) -> None:
    """Print the events behind UNIT's state: what was asked, what you answered, what it did."""
    where, warning = standing()
    this = where.syllabus.unit(unit)
    lines = why.explain(where.syllabus, record.read().events, this)
    click.echo(progress_panel(where, this, warning).text())
    for line in lines:
        click.echo("  " + line.text)
    if not lines:
        click.echo(f"  Your record has no event of {this.id} yet.")


@click.command("open")
@click.argument("unit")
@click.pass_context
def open_command(context: click.Context, unit: str) -> None:
    """Open UNIT's lesson in JupyterLab, if its gate is open; else say what is missing."""
    where, warning = standing()
    this = where.syllabus.unit(unit)
    if not where.gate(this).open:
        left = Panel("partly", in_a_sentence(where, this), step_rows(steps.before(where, this)), warning)
        click.echo(left.text())
        click.echo("  `course study` opens JupyterLab; the lesson's first cell, or the map, starts each practice.")
        sys.exit(1)
    from course.study import command as study

    context.invoke(
        study, root=None, into=None, prepare_only=False, options=(f"--LabApp.default_url=/lab/tree/{this.id}.ipynb",)
    )
