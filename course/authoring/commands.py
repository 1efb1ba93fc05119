"""`course lint`, `course sync`, `course exercises`, `course new`, `course ask`."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from course.authoring.course_files import PROJECT

if TYPE_CHECKING:
    from course.authoring import pairing

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True),
    default=PROJECT,
    show_default="this course",
    help="The course to work on.",
)


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)


def _plainly(work: Callable[[], Any]) -> Any:
    """Return `work()`, with an error of ours as one sentence and no traceback."""
    from autograder.errors import IsometryError

    try:
        return work()
    except IsometryError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.argument("unit", required=False)
@click.option("--quick", is_flag=True, help="Leave out what runs notebooks.")
@_root
def lint(unit: str | None, quick: bool, root: Path) -> None:
    """Say what is wrong with the course, or with UNIT: where, what, and how to mend it. Exit code 1 if anything is."""
    from course.authoring.course_files import Tree
    from course.authoring.lint import complaints

    console, started = _console(), time.perf_counter()

    def work() -> Counter[str]:
        files: Counter[str] = Counter()
        with console.status("") as status:
            for complaint in complaints(Tree(root), unit, quick=quick, doing=status.update):
                files[re.sub(r":\d+.*|[ (].*", "", complaint.where)] += 1
                _, _, rest = str(complaint).partition(f"{complaint.where}: ")
                console.print(f"[bold]{_escaped(complaint.where)}[/bold]: {_escaped(rest)}")
        return files

    files = _plainly(work)
    whole = unit or "the course"
    took = f"{time.perf_counter() - started:.0f} s{', notebooks not run' if quick else ', lessons not run: `make test` runs them'}"
    if not files:
        console.print(f"[green]✓[/green] {whole}: nothing to complain of ({took})")
        return
    if len(files) > 1:
        table = Table(box=None, pad_edge=False)
        table.add_column("complaints", justify="right")
        table.add_column("file")
        for name, count in files.most_common():
            table.add_row(str(count), _escaped(name))
        console.print("", table, "", sep="\n")
    count = files.total()
    console.print(f"[red]✗[/red] {whole}: {count} complaint{'' if count == 1 else 's'} ({took})")
    raise SystemExit(1)


@click.command()
@click.argument("units", nargs=-1)
@click.option("--check", "only_check", is_flag=True, help="Say what is out of step and write nothing.")
@click.option("--from-text", "wins", flag_value="text", help="The text wins, even over a notebook saved later.")
@click.option("--from-notebook", "wins", flag_value="notebook", help="The notebook wins: its text is written anew.")
@_root
def sync(units: tuple[str, ...], only_check: bool, wins: str | None, root: Path) -> None:
    """Bring notebooks and their text halves in step, and take outputs out of notebooks.

    The text half wins: a notebook is written anew from it, unless --from-notebook says the other way round.
    A notebook saved later than its text is never overwritten unasked.
    """
    from course.authoring import pairing

    console = _console()

    def work() -> bool:
        apart = False
        for pair in pairing.named(pairing.pairs(root), units):
            where = _escaped(pair.text.relative_to(root))
            try:
                if only_check:
                    for text in _out_of_step(pair):
                        apart = True
                        console.print(f"[bold]{where}[/bold]: {_escaped(text)}. Run `course sync`.")
                else:
                    for path in pairing.sync(pair, wins):
                        console.print(f"wrote {_escaped(path.relative_to(root))}")
            except pairing.TextError as error:
                apart = True
                for line, what, how in error.problems:
                    console.print(f"[bold]{where}:{line}[/bold]: {_escaped(what)}. {_escaped(how)}")
        return apart

    if _plainly(work):
        raise SystemExit(1)
    console.print("[green]✓[/green] halves in step")


@click.command()
@click.argument("unit", required=False)
@click.option("--check", "only_check", is_flag=True, help="Say which unit is out of step and write nothing.")
@_root
def exercises(unit: str | None, only_check: bool, root: Path) -> None:
    """Make exercises/ anew from solutions/, through nbgrader: without solutions, banks and text halves."""
    from course.authoring import release

    console = _console()
    if only_check:
        found = _plainly(lambda: release.out_of_step(root, unit))
        for name, what in found:
            console.print(f"[bold]exercises/{_escaped(name)}[/bold]: {_escaped(what)}. Run `make exercises`.")
        if found:
            raise SystemExit(1)
    else:
        for name in _plainly(lambda: release.regenerate(root, unit)):
            console.print(f"released {_escaped(name)}")
    console.print("[green]✓[/green] exercises/ in step with solutions/")


@click.command()
@click.argument("unit")
@click.option("--title", required=True, help="Its title.")
@click.option("--question", required=True, help="The one question that it answers.")
@_root
def new(unit: str, title: str, question: str, root: Path) -> None:
    """Begin a unit, UNIT such as 03-memory: its entry in the manifest, its lesson, its exercises, its bank."""
    from course.authoring import drafts

    console = _console()
    for path in _plainly(lambda: drafts.unit(root, unit, title, question)):
        console.print(f"wrote {_escaped(path.relative_to(root))}")
    console.print(f"Now `course lint {unit}` says what is still to be written.")


@click.command()
@click.argument("exercise")
@click.option("--seed", default=0, show_default=True, help="Deal other numbers.")
@_root
def ask(exercise: str, seed: int, root: Path) -> None:
    """Print the cells that ask EXERCISE, such as jacobians.gradient_scale, to paste into a text half."""
    from course.authoring import drafts

    click.echo(_plainly(lambda: drafts.question(root, exercise, seed)), nl=False)


def _out_of_step(pair: pairing.Pair) -> Iterator[str]:
    """What `course sync` would mend in a pair, each as the end of a sentence."""
    from course.authoring import pairing

    what = pairing.difference(pair)
    if what:
        yield what
    left = pairing.untidy(pairing.read(pair.notebook)) if pair.notebook.exists() else []
    if left:
        yield f"it is committed with {' and '.join(left)}"


def _escaped(text: object) -> str:
    from rich.markup import escape

    return escape(str(text))
