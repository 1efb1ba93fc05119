"""`course progress`: where you stand, in a terminal."""

from __future__ import annotations

import click

from course import manifest
from course.gates import progress_panel
from course.mastery import record, rule


@click.command()
@click.argument("unit", required=False)
def command(unit: str | None) -> None:
    """Print which skills are mastered, for UNIT or for all units."""
    syllabus = manifest.load()
    replay = record.read()
    states = rule.skills(replay.events)
    units = [syllabus.unit(unit)] if unit else list(syllabus.units)
    for one in units:
        click.echo(progress_panel(one, states).text())
    if replay.warning:
        click.echo(replay.warning)
