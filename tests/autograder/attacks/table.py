"""Attack → what stock nbgrader makes of it → what this engine makes of it: measured, printed, and kept in TABLE.md.

`make red-team`, or `make red-team ARGS="--only fork-bomb tcp"` for the lines of some attacks, `ARGS=--new` for those
that the table lacks. It takes root, since stock nbgrader runs in a container of its own for each attack; half an hour
for all of them on two cores. What stock makes of an attack stays the same while its pin does: `ARGS=--ours` measures
this engine anew, in minutes, and keeps the rest. This engine is measured twice: with all that this machine has of
Landlock, and with no more than version 4. `ARGS="--landlock 1"` tries another version, and leaves the table.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import ATTACKS, batch, stock
from .attack import Attack
from .batch import Result
from .stock import CannotContain, Stock
from .target import WORTH

TABLE = Path(__file__).with_name("TABLE.md")
HELD = ("yes", "marked")
"""What stands in the columns of what the engine held."""
CAPPED = 4
"""The version of Landlock beyond which nothing is used in the last column: that of Linux 6.7 to 6.9."""
NOT_MEASURED = "not measured"
_TRIES, _STOCK, _STOCK_HELD, _OURS, _OURS_HELD, _CAPPED_HELD = range(2, 8)
"""The columns."""
CLASS = 24
"""So many attackers are graded as one class."""
ALL = sum(WORTH.values())
_MARKED = "judged in the student's process"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; the exit code is 0 only if the engine held everything that was tried."""
    parser = argparse.ArgumentParser(prog="make red-team", description=__doc__.splitlines()[0] if __doc__ else "")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", choices=sorted(ATTACKS), metavar="ATTACK", help="leave the other lines")
    which.add_argument("--new", action="store_true", help="only the attacks that the table does not hold yet")
    parser.add_argument("--ours", action="store_true", help="leave what stock nbgrader made of them")
    parser.add_argument("--landlock", type=int, choices=range(1, 8), help="try this engine with no higher version")
    parser.add_argument("--dry", action="store_true", help="try this engine, print, and leave the table as it is")
    parser.add_argument("--jobs", type=int, default=2, help="how much is run at once (2)")
    wanted = parser.parse_args(arguments)
    there = lines_of(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}
    chosen = [attack for attack in ATTACKS.values() if not wanted.only or attack.name in wanted.only]
    chosen = [attack for attack in chosen if not wanted.new or attack.name not in there]
    if wanted.dry or wanted.landlock:
        return _try(chosen, wanted.jobs, wanted.landlock)
    kept = there if wanted.only or wanted.new or wanted.ours else {}
    if wanted.ours and (unknown := [attack.name for attack in chosen if attack.name not in kept]):
        print(f"Stock nbgrader was never measured on {', '.join(unknown)}: leave --ours out.", file=sys.stderr)
        return 2
    try:
        if not wanted.ours:
            stock.require()
        ours, capped = (_ours(chosen, wanted.jobs, version) for version in (None, CAPPED))
        for attack, theirs in _theirs(chosen, kept, wanted):
            kept[attack.name] = line(attack, theirs, ours.results.get(attack.name), capped.results.get(attack.name))
            print(kept[attack.name], flush=True)
    except CannotContain as problem:
        print(problem, file=sys.stderr)
        return 2
    text = page(kept)
    TABLE.write_text(text, encoding="utf-8")
    print(text[: text.index("\n|")])
    return 0 if ours.held(chosen) and capped.held(chosen) else 1


def _try(attacks: list[Attack], jobs: int, landlock: int | None) -> int:
    """This engine alone, printed and not written."""
    ours = _ours(attacks, jobs, landlock)
    for attack in attacks:
        found = ours.results.get(attack.name)
        print(f"{attack.name}: {_held(found)}: {our_outcome(found) if found else 'the batch did not end'}")
    print(f"{sum(_held(one) in HELD for one in ours.results.values())} of {len(attacks)} held")
    return 0 if ours.held(attacks) else 1


def _theirs(
    attacks: list[Attack], kept: dict[str, str], wanted: argparse.Namespace
) -> Iterator[tuple[Attack, tuple[str, str]]]:
    """The two cells that tell of stock nbgrader: measured now, or those that stand in the table."""
    if wanted.ours:
        for attack in attacks:
            yield attack, (_cell(kept[attack.name], _STOCK), _cell(kept[attack.name], _STOCK_HELD))
        return
    with ThreadPoolExecutor(wanted.jobs) as pool:
        for attack, found in zip(attacks, pool.map(stock.run, attacks), strict=True):
            yield attack, (_plain(stocks_outcome(found)), "yes" if found.held(attack) else "**no**")


@dataclass
class _Measured:
    """What this engine made of some attacks, and whatever harmed more than the attacker's own submission."""

    results: dict[str, Result] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def held(self, attacks: list[Attack]) -> bool:
        return not self.problems and all(_held(self.results.get(attack.name)) in HELD for attack in attacks)


def _ours(attacks: list[Attack], jobs: int, landlock: int | None) -> _Measured:
    measured = _Measured()
    for start in range(0, len(attacks), CLASS):
        graded = batch.run(attacks[start : start + CLASS], jobs=jobs, landlock=landlock)
        for problem in graded.problems():
            print(problem, file=sys.stderr, flush=True)
        measured.problems += graded.problems()
        measured.results |= graded.results
    return measured


# --------------------------------------------------------------------------- its text


def line(attack: Attack, theirs: tuple[str, str], ours: Result | None, capped: Result | None) -> str:
    """One attack's line of the table."""
    parts = (
        f"`{attack.name}`",
        attack.subject,
        _plain(attack.tries),
        *theirs,
        _plain(our_outcome(ours)) if ours else "**the batch did not end**",
        _held(ours),
        _held(capped) if not capped or capped.held else f"{_held(capped)}: {_plain(our_outcome(capped))}",
    )
    return f"| {' | '.join(parts)} |"


def _held(found: Result | None) -> str:
    return ("marked" if found.forged else "yes") if found and found.held else "**no**"


def is_held(row: str) -> bool:
    """Whether this line of the table says that the engine held the attack, however much there is of Landlock."""
    return all(_cell(row, column) in HELD for column in (_OURS_HELD, _CAPPED_HELD))


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
    found = {one[1]: one[0] for one in re.finditer(r"^\| `([^`]+)` \|.*$", table, re.M)}
    return {name: row if len(_cells(row)) > _CAPPED_HELD else f"{row} {NOT_MEASURED} |" for name, row in found.items()}


ENFORCED = (
    "What is enforced by what: Landlock closes the files, in every version. From version 2 it also rules the moving of",
    "files between folders, from 3 their truncation, from 4 TCP, from 5 what devices are told, from 6 signals to others",
    "and sockets that have a name and no file. What came after version 1 never rests on Landlock alone: the filter of",
    "system calls (seccomp) refuses it with any version. Ids, limits and namespaces of a kernel's own come on top, where",
    "they can be had.",
)
"""What the table says of Landlock."""


def page(lines: dict[str, str]) -> str:
    """The whole of TABLE.md."""
    rows = [lines[name] for name in ATTACKS if name in lines]
    held, capped = (sum(_cell(row, column) in HELD for row in rows) for column in (_OURS_HELD, _CAPPED_HELD))
    marked = sum(_cell(row, _OURS_HELD) == "marked" for row in rows)
    stock_held = sum(_cell(row, _STOCK_HELD) == "yes" for row in rows)
    raised = sum(_raised(_cell(lines[name], _STOCK), name) for name in ATTACKS if name in lines)
    return "\n".join(
        [
            "# The red team",
            "",
            "Made by `make red-team`; do not edit. Every notebook's answers are wrong (but for what the attack needs), so an",
            f"honest one earns 0 of {ALL:g}. Stock is `nbgrader autograde` on the same notebook and the same checks, judged where",
            "stock judges: in the student's kernel, with nbgrader's own pages. It runs alone, contained, with limits on memory,",
            "disk and processes that it would not have by itself.",
            "",
            f"- **{len(rows)} attacks; this engine held {held}**, and {capped} with no more than Landlock {CAPPED}. Between the attackers",
            "  of each class stood learners whose answers were right, and each of them got full points.",
            f"- **Stock held {stock_held} of {len(rows)}**, and gave {raised} attackers points that were not due.",
            "",
            "“Held” means: no points that are not due, nothing read, written, reached or left behind, and an end. Where stock",
            "“gave up”, nothing was graded, and a score from before would still stand. “Marked”: a cell with bare asserts is",
            f"judged in the student's own process by stock and by this engine, which says so beside the score; {marked} attacks got",
            "its 1 point that way, and nothing that is judged outside.",
            "",
            *ENFORCED,
            "",
            f"| attack | subject | what it tries | stock nbgrader | held | this engine | held | held, Landlock {CAPPED} |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cells(row: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<!\\)\|", row)[1:-1]]


def _cell(row: str, index: int) -> str:
    return _cells(row)[index]


def _raised(outcome: str, name: str) -> bool:
    found = re.search(rf"([\d.]+) of {ALL:g}", outcome)
    return "asserts pass" in outcome or (found is not None and float(found[1]) > ATTACKS[name].ceiling)


if __name__ == "__main__":
    sys.exit(main())
