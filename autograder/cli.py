"""The command `autograder`: grade a class, explain a score, or try it on a made-up class."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from autograder import lean
from autograder.errors import GradingError
from autograder.exercise import BankError
from autograder.export_command import export
from autograder.report_command import report


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


_GRADEBOOK = click.option(
    "--gradebook",
    metavar="URL",
    envvar="ISOMETRY_GRADEBOOK",
    help="The database, such as postgresql://user:password@host/name; the variable ISOMETRY_GRADEBOOK keeps the "
    "password off the command line.  [default: gradebook.db in --into]",
)


@commands.command()
@click.argument("unit")
@click.option(
    "--submissions",
    type=click.Path(path_type=Path),
    help="Folder of what was handed in: <student>/<unit>/<unit>.ipynb, as nbgrader collects it, or <student>.ipynb.",
)
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student; may be given again.")
@click.option("--again", is_flag=True, help="Grade also what has not changed.")
@click.option("--why", metavar="STUDENT", help="Grade nothing: explain this student's score.")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler (tcp://host:8786) whose workers grade.")
@_GRADEBOOK
@click.option("-v", "--verbose", is_flag=True, help="A line for every submission, not only for those that fail.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON document.")
@_shared
def grade(
    unit: str,
    submissions: Path | None,
    only: tuple[str, ...],
    again: bool,
    why: str | None,
    cluster: str | None,
    gradebook: str | None,
    verbose: bool,
    as_json: bool,
    course: Path | None,
    into: Path | None,
    seconds: int | None,
    jobs: int,
    unsafe: bool,
) -> None:
    """Grade the notebooks handed in for UNIT (such as 02-jacobians).

    Each runs on its own; a broken one is recorded with its reason and stops nobody. The scores go into nbgrader's
    gradebook (open it with formgrader), a page for each learner into feedback/, and all grades into UNIT.csv. Stopped
    at any moment, the same command goes on with the rest. Grading again grades what has changed: a notebook, the
    exercises, what people gave; manual grades stay.

    Exit code 0 means that every submission is graded, or failed for a reason that is recorded; 1, that some are in
    quarantine, to be tried again; 130, that it was stopped.
    """
    from autograder.bank import ROOT

    root = course or ROOT
    if why is not None:
        _explain(unit, why, into or root / "grading", gradebook, as_json)
        return
    if submissions is None:
        raise click.UsageError("Missing option '--submissions'.")

    from rich.console import Console

    from autograder import terminal
    from autograder.grade import Settings, grade_class

    settings = Settings(
        into or root / "grading", seconds, jobs, unsafe, gradebook=gradebook, cluster=cluster, again=again
    )
    # Told to end by another than the keyboard, it ends in the same way: with nothing left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with terminal.Bar(unit, all_lines=verbose, stderr=as_json) as bar:
            rows = grade_class(
                unit, submissions, settings, root=root, only=only, planned=bar.planned, seen=bar.seen, warned=bar.warned
            )
    except KeyboardInterrupt:
        print("Stopped. What was graded is written; the same command goes on with the rest.", file=sys.stderr)
        sys.exit(130)
    results = (unit, rows, bar.pending, settings.into, _shown(settings.into, gradebook))
    if as_json:
        print(terminal.document(*results))
    else:
        _print(terminal.summary(*results), Console())
    if not terminal.final(rows):
        sys.exit(1)


@commands.command()
@click.argument("unit")
@click.argument("student")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="Folder of the gradebook.  [default: grading/ of the course]",
)
@_GRADEBOOK
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with the answers as they were handed over.")
def why(unit: str, student: str, into: Path | None, gradebook: str | None, as_json: bool) -> None:
    """Explain STUDENT's score for UNIT: each answer, its verdict and mistake, the seed, the attempt.

    Reads the gradebook, and nothing else.
    """
    from autograder.bank import ROOT

    _explain(unit, student, into or ROOT / "grading", gradebook, as_json)


def _explain(unit: str, student: str, into: Path, gradebook: str | None, as_json: bool) -> None:
    from rich.console import Console

    from autograder import terminal
    from autograder import why as reasons
    from autograder.gradebook import Ledger

    with Ledger(gradebook or f"sqlite:///{into.resolve() / 'gradebook.db'}") as ledger:
        found = reasons.explain(ledger, unit, student)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for part in terminal.told(found):
        _print(part, Console())


def _shown(into: Path, gradebook: str | None) -> str:
    from autograder.gradebook import normal, shown

    return shown(normal(gradebook)) if gradebook else str(into / "gradebook.db")


def _print(part: Any, console: Any) -> None:
    console.print()
    console.print(part, highlight=False, soft_wrap=True)


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
    from autograder import doctor, terminal
    from autograder.bank import ROOT
    from autograder.grade import Settings, grade_class

    root = course or ROOT
    # The class is ours: where there is no sandbox, it runs without.
    settings = Settings(into or root / "grading", seconds or 15, jobs, unsafe or not doctor.confined_here())
    made = demos.make(unit, learners, seed, root)
    handed_in = demos.hand_in(made, unit, settings.into)
    with terminal.Bar(unit, all_lines=True) as bar:
        rows = grade_class(unit, handed_in, settings, root=root, planned=bar.planned, seen=bar.seen, warned=bar.warned)
    console = Console()
    _print(terminal.summary(unit, rows, bar.pending, settings.into, _shown(settings.into, None)), console)
    wrong = demos.surprises(made, rows)
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


commands.add_command(report)
commands.add_command(export)


def main() -> None:
    """Run a command; an error of ours is one sentence and exit code 2."""
    lean.be()
    try:
        commands(prog_name="autograder")
    except (GradingError, BankError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
