"""The command `autograder`: grade a class, or try it on a made-up one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder.errors import GradingError
from autograder.exercise import BankError

if TYPE_CHECKING:
    from autograder.gradebook import Row
    from autograder.outcome import Outcome


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Grade the exercises of the course with nbgrader, and see what each learner misunderstood."""


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that grading has, whoever is graded."""
    for option in (
        click.option(
            "--jobs",
            type=click.IntRange(1),
            default=lambda: min(4, os.cpu_count() or 1),
            show_default="a processor each, 4 at most",
            help="How many notebooks run at once. Each takes some 400 MB of memory.",
        ),
        click.option(
            "--seconds",
            type=click.IntRange(1),
            help="How long one cell may run.  [default: c.Execute.timeout of nbgrader_config.py]",
        ),
        click.option(
            "--into",
            type=click.Path(path_type=Path),
            help="Folder for the gradebook, feedback and CSV.  [default: grading/ of the course]",
        ),
        click.option(
            "--course", type=click.Path(path_type=Path), help="The course's root.  [default: the one installed]"
        ),
        click.option(
            "--unsafe",
            is_flag=True,
            help="Run notebooks without the sandbox: they can read, change and send whatever you can.",
        ),
    ):
        command = option(command)
    return command


@commands.command()
@click.argument("unit")
@click.option(
    "--submissions",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of what was handed in: <student>/<unit>/<unit>.ipynb, as nbgrader collects it, or <student>.ipynb.",
)
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student; may be given again.")
@_shared
def grade(
    unit: str,
    submissions: Path,
    only: tuple[str, ...],
    course: Path | None,
    into: Path | None,
    seconds: int | None,
    jobs: int,
    unsafe: bool,
) -> None:
    """Grade the notebooks handed in for UNIT (such as 02-jacobians).

    Each runs on its own, through nbgrader's pipeline; a broken one is recorded with its reason and stops nobody. The
    scores go into nbgrader's gradebook (open it with formgrader), a page for each learner into feedback/, and all
    grades into UNIT.csv. Grading again replaces what the earlier run gave; manual grades stay.

    Exit code 0 means that every submission is graded, or failed for a reason that is recorded.
    """
    from autograder.bank import ROOT
    from autograder.grade import Settings, grade_class

    root = course or ROOT
    settings = Settings(into or root / "grading", seconds, jobs, unsafe)
    with _Progress(unit) as progress:
        rows = grade_class(unit, submissions, settings, root=root, only=only, seen=progress.seen)
    _summary(unit, rows, settings.into)


@commands.command()
@click.argument("unit", default="02-jacobians")
@click.option("--learners", type=click.IntRange(1), default=30, show_default=True, help="How many there are.")
@click.option("--seed", type=int, default=2, show_default=True, help="Which class: the same seed makes the same one.")
@_shared
def demo(
    unit: str,
    learners: int,
    seed: int,
    course: Path | None,
    into: Path | None,
    seconds: int | None,
    jobs: int,
    unsafe: bool,
) -> None:
    """Make a class of simulated learners for UNIT, and grade it.

    Each holds some of the mistakes that the unit's bank declares. Some are perfect, some did nothing, some did a part;
    one notebook is garbled, one never ends, and one lost a graded cell. Every score is compared with what the
    learner's mistakes imply, and the exit code is 1 where one differs.
    """
    from rich.console import Console

    from autograder import demo as demos
    from autograder import doctor
    from autograder.bank import ROOT
    from autograder.grade import Settings, grade_class

    root = course or ROOT
    # The class is ours: where there is no sandbox, it runs without.
    settings = Settings(into or root / "grading", seconds or 30, jobs, unsafe or not doctor.confined_here())
    made = demos.make(unit, learners, seed, root)
    handed_in = demos.hand_in(made, unit, settings.into)
    with _Progress(unit) as progress:
        rows = grade_class(unit, handed_in, settings, root=root, seen=progress.seen)
    _summary(unit, rows, settings.into)
    wrong = demos.surprises(made, rows)
    console = Console()
    for line in wrong:
        console.print(line, style="red", highlight=False, soft_wrap=True)
    console.print(
        f"{len(rows) - len(wrong)} of {len(rows)} scores are what the learners' mistakes imply.", highlight=False
    )
    if wrong:
        sys.exit(1)


@commands.command("doctor")
def see() -> None:
    """Try the sandbox on this machine, and say what it enforces.

    A process is confined as a kernel is, and attempts what it may not. Exit code 0 means that all of it holds.
    """
    from rich.console import Console
    from rich.table import Table

    from autograder import doctor

    table = Table(show_header=False, box=None)
    for name, value in doctor.setting():
        table.add_row("", name, value)
    found = doctor.examine()
    for finding in found:
        sign = "[green]✓[/]" if finding.enforced else "[red]✗[/]"
        table.add_row(sign, finding.name, doctor.WHAT[finding.name] if finding.enforced else f"open: {finding.said}")
    console = Console()
    console.print(table, highlight=False, soft_wrap=True)
    if not all(finding.enforced for finding in found):
        console.print("Notebooks are graded here only with --unsafe.", highlight=False)
        sys.exit(1)


class _Progress:
    """A progress bar, and a line for each submission as it is written."""

    def __init__(self, unit: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(),
            transient=True,
        )
        self._task = self._progress.add_task(f"Grading {unit}", total=None)

    def __enter__(self) -> _Progress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def seen(self, outcome: Outcome, row: Row, of: int) -> None:
        self._progress.update(self._task, total=of, advance=1)
        self._progress.console.print(_line(row, outcome.seconds), highlight=False, soft_wrap=True)


def _line(row: Row, seconds: float) -> str:
    from rich.markup import escape

    colour = (
        "green"
        if row.state.value == "graded" and not row.reason
        else "yellow"
        if row.state.value == "graded"
        else "red"
    )
    points = f"{row.score:6.4g} / {row.max_score:g}"
    return (
        f"{escape(row.student):<16} {points}  [{colour}]{row.state}[/]  {seconds:4.1f} s  {escape(row.reason)}".rstrip()
    )


def _summary(unit: str, rows: list[Row], into: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    graded = [row for row in rows if row.state.value == "graded"]
    scores = sorted(row.score for row in graded)
    table = Table(title=unit, title_justify="left", show_header=False, box=None)
    table.add_row("graded", str(len(graded)))
    table.add_row("failed", str(len(rows) - len(graded)))
    if scores:
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
        table.add_row(
            "scores", f"lowest {scores[0]:g}, median {middle:g}, highest {scores[-1]:g} of {rows[0].max_score:g}"
        )
    unread = [row for row in rows if row.unread]
    if unread:
        table.add_row("to be read", f"{len(unread)} notebooks have answers that wait for a person, in formgrader")
    table.add_row("gradebook", str(into / "gradebook.db"))
    table.add_row("feedback", str(into / "feedback"))
    table.add_row("grades", str(into / f"{unit}.csv"))
    console.print()
    console.print(table, highlight=False, soft_wrap=True)


def main() -> None:
    """Run a command; an error of ours is one sentence and exit code 2."""
    try:
        commands(prog_name="autograder")
    except (GradingError, BankError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
