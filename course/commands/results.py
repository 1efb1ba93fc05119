"""`course results`: make recorded runs anew."""

from __future__ import annotations

import click

from course.results import recording


@click.command()
@click.argument("runs", nargs=-1)
def command(runs: tuple[str, ...]) -> None:
    """Run RUNS anew (all that are stale, where none is named) and write their figures to course/results/."""
    for name in runs or [name for name in recording.names() if _needs_a_run(name)]:
        click.echo(f"{name}: running …")
        path = recording.make(name)
        click.echo(f"{name}: wrote {path.name}, in {recording.load(name).seconds:.0f} s")
    click.echo("recorded runs are in step with their code")


def _needs_a_run(name: str) -> bool:
    return not (recording.HERE / f"{name}.json").is_file() or recording.is_stale(name)
