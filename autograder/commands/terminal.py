"""What grading says on the terminal: a bar while it runs, a line for what failed, a table at the end, or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograder.gradebook.rows import Row
    from autograder.submissions.result import GradingResult

_COLOURS = {"graded": "green", "failed": "red", "quarantined": "magenta"}


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{60 * task.speed:.3g} a minute" if task.speed else "", style="dim")


class Bar:
    """A progress bar, and a line for each submission that was not simply graded, or for all. A context manager."""

    def __init__(self, unit: str, *, all_lines: bool = False, stderr: bool = False) -> None:
        self.pending = self.of = 0
        self._all = all_lines
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=Console(stderr=stderr),
            transient=True,
        )
        self._task = self._progress.add_task(f"Grading {unit}", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def planned(self, pending: int, of: int) -> None:
        """Set the bar to `pending` submissions, out of `of`."""
        self.pending, self.of = pending, of
        self._progress.update(self._task, total=pending)

    def warned(self, sentence: str) -> None:
        """Print a warning about the class."""
        self._progress.console.print(escape(sentence), style="yellow", highlight=False, soft_wrap=True)

    def seen(self, result: GradingResult, row: Row, of: int) -> None:
        """Count one written result, and print its line where it is worth one."""
        self._progress.update(self._task, advance=1)
        if self._all or row.state.value != "graded":
            self._progress.console.print(line(row, result.seconds), highlight=False, soft_wrap=True)


def line(row: Row, seconds: float) -> str:
    """Format one result in rich's markup."""
    colour = "yellow" if row.state.value == "graded" and row.reason else _COLOURS[row.state.value]
    points = f"{row.score:6.4g} / {row.max_score:g}"
    return (
        f"{escape(row.student):<16} {points}  [{colour}]{row.state}[/]  {seconds:4.1f} s  {escape(row.reason)}".rstrip()
    )


def summary(unit: str, rows: Sequence[Row], pending: int, into: Path, gradebook: str) -> Table:
    """Build the table at the end."""
    of = {state: [row for row in rows if row.state.value == state] for state in _COLOURS}
    scores = sorted(row.score for row in of["graded"])
    table = Table(title=escape(unit), title_justify="left", show_header=False, box=None)
    for state, found in of.items():
        if found or state != "quarantined":
            table.add_row(state, str(len(found)))
    if pending < len(rows):
        table.add_row("unchanged", f"{len(rows) - pending}, not graded again")
    if scores:
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
        table.add_row(
            "scores", f"lowest {scores[0]:g}, median {middle:g}, highest {scores[-1]:g} of {rows[0].max_score:g}"
        )
    if unread := [row for row in rows if row.unread]:
        table.add_row("to be read", f"{len(unread)} notebooks have answers that wait for a person, in formgrader")
    table.add_row("gradebook", escape(gradebook))
    table.add_row("feedback", escape(str(into / "feedback")))
    table.add_row("grades", escape(str(into / f"{unit}.csv")))
    return table


def document(unit: str, rows: Sequence[Row], pending: int, into: Path, gradebook: str) -> str:
    """Encode all results as one JSON document."""
    states = [row.state.value for row in rows]
    return json.dumps(
        {
            "unit": unit,
            "counts": {state: states.count(state) for state in _COLOURS} | {"unchanged": len(rows) - pending},
            "final": final(rows),
            "gradebook": gradebook,
            "folder": str(into),
            "submissions": [
                {
                    "student": row.student,
                    "state": row.state.value,
                    "score": row.score,
                    "max_score": row.max_score,
                    "reason": row.reason,
                    "cell": row.cell,
                    "diagnostics": [one._asdict() for one in row.diagnostics],
                    "scores": row.scores,
                    "mistakes": row.mistakes,
                    "unread": list(row.unread),
                }
                for row in rows
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def final(rows: Sequence[Row]) -> bool:
    """Return whether every submission is graded, or failed for a reason of its own. A quarantined one waits for another try."""
    return all(row.state.value in ("graded", "failed") for row in rows)


def told(why: dict[str, Any]) -> list[Any]:
    """Build the parts that rich prints of an explanation (`explain.explain`)."""
    head = Table(title=escape(f"{why['student']}, {why['unit']}"), title_justify="left", show_header=False, box=None)
    head.add_row("score", f"{why['score']:g} of {why['max_score']:g}")
    head.add_row("state", why["state"] + (f": {escape(why['reason'])}" if why["reason"] else ""))
    if why["diagnostics"]:
        head.add_row("codes", ", ".join(dict.fromkeys(one["code"] for one in why["diagnostics"])))
    head.add_row("graded", f"batch {why['batch']}, attempt {why['attempt']}, {why['at']}, {why['seconds']:g} s")
    for sentence in why["changed"]:
        head.add_row("changed", escape(sentence))
    if why["late_penalty"]:
        head.add_row("late", f"−{why['late_penalty']:g}")
    for cell, given in why["by_hand"].items():
        said = [f"{given['score']:g} by hand"] if given["score"] is not None else []
        said += [f"{given['extra']:+g} extra"] if given["extra"] is not None else []
        head.add_row(escape(cell), ", ".join(said))
    for cell, score in why["others"].items():
        waits = ", waits to be read" if cell in why["unread"] else ""
        head.add_row(escape(cell), f"{score:g} in the gradebook{waits}")
    parts: list[Any] = [head]
    for check in why["checks"]:
        table = Table(title=escape(check["cell"]), title_justify="left", show_header=False, box=None)
        table.add_row("exercise", escape(check["exercise"]))
        table.add_row("points", f"{check['points']:g} of {check['of']:g}")
        if check["in_the_gradebook"] not in (None, check["points"]):
            table.add_row("gradebook", f"{check['in_the_gradebook']:g}")
        table.add_row("verdict", check["verdict"])
        for name in ("came_back", "sentence", "mistake"):
            if check[name]:
                table.add_row(name.replace("_", " "), escape(str(check[name])))
        if check["seed"] is not None:
            table.add_row("seed", str(check["seed"]))
        parts.append(table)
    return parts
