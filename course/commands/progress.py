"""`course progress`, `course why`, `course open`: where you stand, in a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from course import clock
from course.errors import CourseError
from course.forms.gate_panels import in_a_sentence, is_open, progress_panel, step_rows
from course.map.overview import overview
from course.mastery import plan, record, steps, why
from course.mastery.rule import Standing
from course.record_sync.exchange import bring_in
from course.syllabus import Unit
from course.tutoring.follower import standing
from course.widgets.panel import Panel


@click.command(epilog="Your record is one file: --export makes a copy, --import brings it back, on any machine.")
@click.argument("unit", required=False)
@click.option(
    "--export",
    "copy",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a copy of your record to FILE, which must not be there yet.",
)
@click.option(
    "--import",
    "taken",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take the events of FILE into your record. None is taken twice, and none of yours is lost.",
)
def command(unit: str | None, copy: Path | None, taken: Path | None) -> None:
    """Print the map: what is locked, open, in progress, mastered or due, and the hours done.

    With UNIT, such as 02-jacobians, print where you stand with each of its skills.
    """
    if taken is not None:
        click.echo(take_in(taken))
    if copy is not None:
        click.echo(copy_out(copy))
    if unit is None and (copy or taken):
        return
    where, warning = standing()
    if unit:
        panel = progress_panel(where, where.syllabus.unit(unit), warning)
    else:
        panel = map_panel(where, clock.now(), warning)
    click.echo(panel.text())


def map_panel(where: Standing, now: datetime, warning: str = "") -> Panel:
    """The map as a panel, and below it the skills that are due by name, or when the next one will be."""
    panel = overview(where, now, warning).panel()
    due = [
        (unit.id, "; ".join(skill.title for skill in unit.gated if skill.id in names))
        for unit in where.syllabus.units
        if (names := where.due(unit, now))
    ]
    rows = [("due today" if n == 0 else "", f"{unit}: {titles}") for n, (unit, titles) in enumerate(due)]
    if not due and (day := plan.next_due(where)):
        rows = [("next", f"A review on {day:%Y-%m-%d}; nothing is due before.")]
    return replace(panel, rows=(*panel.rows, *rows))


def copy_out(path: Path) -> str:
    """Write the record to `path`; the sentence that says so. An existing file is not overwritten."""
    content, made = record.merge(record.text(), b""), False
    try:
        with open(path, "xb") as file:
            made = True
            file.write(content)
    except FileExistsError:
        raise CourseError(f"{path} is there already, and is not overwritten. Name another file.") from None
    except OSError as error:
        if made:
            path.unlink(missing_ok=True)  # half a copy is none
        raise CourseError(f"{path} cannot be written ({error.strerror}). Name another place.") from None
    count = content.count(b"\n")
    return f"Wrote {count} {'event' if count == 1 else 'events'} to {path}."


def take_in(path: Path) -> str:
    """Take the events of the file at `path` into the record; the sentence that says how many were new."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}). Nothing was taken.") from None
    return bring_in(content, str(path))


@click.command("why")
@click.argument("unit")
def why_command(unit: str) -> None:
    """Print the events behind UNIT's state: what was asked, what you answered, what it did."""
    where, warning = standing()
    this = where.syllabus.unit(unit)
    shown = progress_panel(where, this, warning) if where.gate(this).open else missing_panel(where, this, warning)
    click.echo(shown.text())
    lines = why.explain(where.syllabus, record.read().events, this)
    click.echo("")
    click.echo("What happened (times in UTC):" if lines else f"Your record has no event of {this.id} yet.")
    for line in lines:
        click.echo(line.paragraph)


def missing_panel(where: Standing, unit: Unit, warning: str = "") -> Panel:
    """That `unit` is not open, and every step that is missing."""
    return Panel("partly", in_a_sentence(where, unit), step_rows(steps.before(where, unit)), warning)


@click.command("open")
@click.argument("unit")
@click.pass_context
def open_command(context: click.Context, unit: str) -> None:
    """Open UNIT's lesson in JupyterLab, if its gate is open; else say what is missing.

    Exit code 1 says that the gate is closed.
    """
    where, warning = standing()
    this = where.syllabus.unit(unit)
    if not is_open(where, this):
        click.echo(missing_panel(where, this, warning).text())
        click.echo("  `course study` opens the map in JupyterLab; a click there starts each practice.")
        sys.exit(1)
    from course.jupyter.study import command as study

    context.invoke(
        study, root=None, into=None, prepare_only=False, options=(f"--LabApp.default_url=/lab/tree/{this.id}.ipynb",)
    )
