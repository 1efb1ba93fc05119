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

from autograder import import_stubs, text
from autograder.commands.export import export
from autograder.commands.report import report
from autograder.errors import IsometryError


class _Commands(click.Group):
    """A group of commands that tell an error of ours as one sentence, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        text.print_anything()
        try:
            return super().invoke(ctx)
        except IsometryError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand) if ctx.invoked_subcommand else None
            print(f"autograder: {_sentence(error, command)}", file=sys.stderr)
            sys.exit(2)


def _sentence(error: IsometryError, command: click.Command | None) -> str:
    """The text of `error`, with the option of `command` for the parameter that its last words ask to change."""
    options = [one for one in command.params if isinstance(one, click.Option)] if command else []
    option = next((one.opts[-1] for one in options if one.name == error.parameter), None)
    return f"{str(error).removesuffix('.')} ({option})." if option else str(error)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
@click.option(
    "--log",
    type=click.Path(path_type=Path),
    help="Write to the end of this file when processes start, die and are ended, and what is tried again or given up.",
)
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
    log: Path | None,
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
    quarantine, which are tried again with --only STUDENT --again, or once they have changed; 130, that it was stopped.
    """
    from autograder.paths import ROOT

    root = course or ROOT
    if why is not None:
        _explain(unit, why, into or root / "grading", gradebook, as_json)
        return
    if submissions is None:
        raise click.UsageError("Missing option '--submissions'.")

    from rich.console import Console

    from autograder.commands import terminal
    from autograder.grading import logs
    from autograder.grading.grade import grade_class
    from autograder.grading.settings import Settings

    settings = Settings(
        into or root / "grading",
        seconds=seconds,
        jobs=jobs,
        unsafe=unsafe,
        gradebook=gradebook,
        cluster=cluster,
        again=again,
    )
    # Told to end by another than the keyboard, it ends in the same way: with nothing left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with logs.writing(log), terminal.Bar(unit, all_lines=verbose, stderr=as_json) as bar:
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
    from autograder.paths import ROOT

    _explain(unit, student, into or ROOT / "grading", gradebook, as_json)


def _explain(unit: str, student: str, into: Path, gradebook: str | None, as_json: bool) -> None:
    from rich.console import Console

    from autograder.commands import terminal
    from autograder.gradebook.ledger import GradebookStore
    from autograder.reports import explain as reasons

    with GradebookStore(gradebook or f"sqlite:///{into.resolve() / 'gradebook.db'}") as ledger:
        found = reasons.explain(ledger, unit, student)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for part in terminal.told(found):
        _print(part, Console())


def _shown(into: Path, gradebook: str | None) -> str:
    from autograder.gradebook.database import normal, without_password

    return without_password(normal(gradebook)) if gradebook else str(into / "gradebook.db")


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

    from autograder.commands import terminal
    from autograder.grading import simulated_class as demos
    from autograder.grading.grade import grade_class
    from autograder.grading.settings import Settings
    from autograder.kernels import doctor
    from autograder.paths import ROOT

    root = course or ROOT
    # The class is ours: where there is no sandbox, it runs without.
    settings = Settings(
        into or root / "grading", seconds=seconds or 15, jobs=jobs, unsafe=unsafe or not doctor.confined_here()
    )
    made = demos.make(unit, learners, seed, root)
    handed_in = demos.hand_in(made, unit, settings.into)
    with terminal.Bar(unit, all_lines=True) as bar:
        rows = grade_class(unit, handed_in, settings, root=root, planned=bar.planned, seen=bar.seen, warned=bar.warned)
    console = Console()
    _print(terminal.summary(unit, rows, bar.pending, settings.into, _shown(settings.into, None)), console)
    wrong = demos.mismatches(made, rows)
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

    A process is confined as a kernel is, and attempts what it may not; then again with less, to learn what each thing
    rests on. Exit code 0 means that all of it holds. ISOMETRY_LANDLOCK_MOST=4 in the environment holds Landlock at
    that version, as on an older Linux.
    """
    from rich.console import Console
    from rich.table import Table

    from autograder.kernels import doctor

    table = Table(show_header=False, box=None)
    for name, value in doctor.setting():
        table.add_row("", name, value)
    found = doctor.examine()
    by = doctor.held_by()
    for finding in found:
        sign = "[green]✓[/]" if finding.enforced else "[red]✗[/]"
        said = f"{doctor.WHAT[finding.name]} ({by[finding.name]})" if finding.enforced else f"open: {finding.said}"
        table.add_row(sign, finding.name, said)
    console = Console()
    console.print(table, highlight=False, soft_wrap=True)
    if not all(finding.enforced for finding in found):
        console.print("Notebooks are graded here only with --unsafe.", highlight=False)
        sys.exit(1)


commands.add_command(report)
commands.add_command(export)


def main() -> None:
    """Run a command."""
    import_stubs.install()
    commands(prog_name="autograder")


if __name__ == "__main__":
    main()
