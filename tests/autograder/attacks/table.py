"""Attack → what stock nbgrader makes of it → what this engine makes of it: measured, printed, and kept in TABLE.md.

`make red-team`, or `make red-team ARGS="--only fork-bomb tcp"` for the lines of some attacks. It takes root, since stock
nbgrader runs in a container of its own for each attack; half an hour for all of them on two cores. What stock makes of
an attack stays the same while its pin does: `ARGS=--ours` measures this engine anew, in minutes, and keeps the rest.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import ATTACKS, batch, stock
from .attack import Attack
from .batch import Result
from .stock import CannotContain, Stock
from .target import WORTH

TABLE = Path(__file__).with_name("TABLE.md")
HELD = ("| yes |", "| marked |")
"""How the lines of what the engine held end."""
CLASS = 24
"""So many attackers are graded as one class."""
ALL = sum(WORTH.values())
_MARKED = "judged in the student's process"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; the exit code is 0 only if the engine held everything that was tried."""
    parser = argparse.ArgumentParser(prog="make red-team", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", nargs="+", choices=sorted(ATTACKS), metavar="ATTACK", help="leave the other lines")
    parser.add_argument("--ours", action="store_true", help="leave what stock nbgrader made of them")
    parser.add_argument("--jobs", type=int, default=2, help="how much is run at once (2)")
    wanted = parser.parse_args(arguments)
    chosen = [attack for attack in ATTACKS.values() if not wanted.only or attack.name in wanted.only]
    kept = lines_of(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() and (wanted.only or wanted.ours) else {}
    if wanted.ours and (unknown := [attack.name for attack in chosen if attack.name not in kept]):
        print(f"Stock nbgrader was never measured on {', '.join(unknown)}: leave --ours out.", file=sys.stderr)
        return 2
    try:
        if not wanted.ours:
            stock.require()
        ours = dict(_ours(chosen, wanted.jobs))
        for attack, theirs in _theirs(chosen, kept, wanted):
            kept[attack.name] = line(attack, theirs, ours.get(attack.name))
            print(kept[attack.name], flush=True)
    except CannotContain as problem:
        print(problem, file=sys.stderr)
        return 2
    text = page(kept)
    TABLE.write_text(text, encoding="utf-8")
    print(text[: text.index("\n|")])
    return 0 if all(ours.get(attack.name) and ours[attack.name].held for attack in chosen) else 1


def _theirs(
    attacks: list[Attack], kept: dict[str, str], wanted: argparse.Namespace
) -> Iterator[tuple[Attack, tuple[str, str]]]:
    """The two cells that tell of stock nbgrader: measured now, or those that stand in the table."""
    if wanted.ours:
        yield from ((attack, (_cell(kept[attack.name], 3), _cell(kept[attack.name], 4))) for attack in attacks)
        return
    with ThreadPoolExecutor(wanted.jobs) as pool:
        for attack, found in zip(attacks, pool.map(stock.run, attacks), strict=True):
            yield attack, _plain_cells(attack, found)


def _plain_cells(attack: Attack, found: Stock | None) -> tuple[str, str]:
    if found is None:
        return "not measured", ""
    return _plain(stocks_outcome(found)), "yes" if found.held(attack) else "**no**"


def _ours(attacks: list[Attack], jobs: int) -> Iterator[tuple[str, Result]]:
    for start in range(0, len(attacks), CLASS):
        graded = batch.run(attacks[start : start + CLASS], jobs=jobs)
        for problem in graded.problems():
            print(problem, file=sys.stderr, flush=True)
        yield from graded.results.items()


# --------------------------------------------------------------------------- its text


def line(attack: Attack, theirs: tuple[str, str], ours: Result | None) -> str:
    """One attack's line of the table."""
    parts = (
        f"`{attack.name}`",
        attack.subject,
        _plain(attack.tries),
        *theirs,
        _plain(our_outcome(ours)) if ours else "**the batch did not end**",
        ("marked" if ours.forged else "yes") if ours and ours.held else "**no**",
    )
    return f"| {' | '.join(parts)} |"


def stocks_outcome(found: Stock) -> str:
    said = [found.ended] if found.ended else []
    said += [] if found.points is None else [_points(found.points)]
    said += ["and the asserts pass"] if found.forged else []
    return "; ".join([*said, *found.harms]) or "no score"


def our_outcome(found: Result) -> str:
    said = [f"failed: {found.row['reason']}"] if found.row["state"] != "graded" else [_points(found.points)]
    said += [f"and the asserts pass, marked “{_MARKED}”"] if found.forged else []
    if found.row["state"] == "graded":
        reason = re.sub(rf"The cell \S+ was {_MARKED}\.", "", found.row["reason"]).strip()
        said += [reason] if reason else []
    return "; ".join([*said, *found.harms])


def _points(points: float) -> str:
    return f"{points:g} of {ALL:g}"


def _plain(text: str) -> str:
    """Text as one table cell: one line, nothing that Markdown or a terminal takes for more."""
    one = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return one.replace("|", "\\|").replace("<", "&lt;")[:240]


def lines_of(table: str) -> dict[str, str]:
    """The lines of a table that was written before, by the attack's name."""
    return {found[1]: found[0] for found in re.finditer(r"^\| `([^`]+)` \|.*$", table, re.M)}


def page(lines: dict[str, str]) -> str:
    """The whole of TABLE.md."""
    rows = [lines[name] for name in ATTACKS if name in lines]
    held, marked = (sum(row.endswith(end) for row in rows) for end in (HELD, "| marked |"))
    stock_held, measured = (sum(_cell(row, 4) in among for row in rows) for among in (("yes",), ("yes", "**no**")))
    raised = sum(_raised(_cell(lines[name], 3), name) for name in ATTACKS if name in lines)
    return "\n".join(
        [
            "# The red team",
            "",
            "Made by `make red-team`; do not edit. Every notebook's answers are wrong (but for what the attack needs), so an",
            f"honest one earns 0 of {ALL:g}. Stock is `nbgrader autograde` on the same notebook and the same checks, judged where",
            "stock judges: in the student's kernel, with nbgrader's own pages. It runs alone, contained, with limits on memory,",
            "disk and processes that it would not have by itself.",
            "",
            f"- **{len(rows)} attacks; this engine held {held}.** Between the attackers of each class stood learners whose answers",
            "  were right, and each of them got full points.",
            f"- **Stock held {stock_held} of {measured}**, and gave {raised} attackers points that were not due.",
            "",
            "“Held” means: no points that are not due, nothing read, written, reached or left behind, and an end. Where stock",
            "“gave up”, nothing was graded, and a score from before would still stand. “Marked”: a cell with bare asserts is",
            f"judged in the student's own process by stock and by this engine, which says so beside the score; {marked} attacks got",
            "its 1 point that way, and nothing that is judged outside.",
            "",
            "| attack | subject | what it tries | stock nbgrader | held | this engine | held |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(row: str, index: int) -> str:
    return re.split(r"(?<!\\)\|", row)[index + 1].strip()


def _raised(outcome: str, name: str) -> bool:
    found = re.search(rf"([\d.]+) of {ALL:g}", outcome)
    return "asserts pass" in outcome or (found is not None and float(found[1]) > ATTACKS[name].ceiling)


if __name__ == "__main__":
    sys.exit(main())
