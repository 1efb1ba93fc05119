"""What a class's points say of the class and of the exercises: pure functions over plain numbers.

Terms are those of classical test theory: an exercise's *difficulty* is the mean share of its points (so a hard one is
near 0), its *discrimination* the item-rest correlation (Ebel & Frisbie, Essentials of Educational Measurement, ch. 13).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ENOUGH = 10
"""So many students at least, or a correlation is not given: with fewer, chance alone makes large ones."""

LOW = 0.2
"""Below this item-rest correlation an exercise is customarily looked at again (Ebel's rule)."""


class Summary(NamedTuple):
    """The usual figures of some numbers, in their own unit. `sd` is None for fewer than two."""

    n: int
    mean: float
    sd: float | None
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float


def summary(values: Sequence[float]) -> Summary | None:
    """The figures of `values`; None where there are none. Quartiles interpolate linearly; `sd` divides by n - 1."""
    if not values:
        return None
    x = np.asarray(values, dtype=float)
    quartiles = np.quantile(x, [0.0, 0.25, 0.5, 0.75, 1.0])
    low, lower, middle, upper, high = (float(q) for q in quartiles)
    sd = float(x.std(ddof=1)) if len(x) > 1 else None
    return Summary(
        n=len(x),
        mean=float(x.mean()),
        sd=sd,
        lowest=low,
        lower_quartile=lower,
        median=middle,
        upper_quartile=upper,
        highest=high,
    )


class Bar(NamedTuple):
    """One interval of a histogram: `start` belongs to it, `stop` only in the last one."""

    start: float
    stop: float
    number: int


def histogram(values: Sequence[float], top: float, bars: int = 10) -> list[Bar]:
    """How many of `values` fall into each of `bars` equal intervals of 0 to `top`.

    Where a value lies outside (extra credit, a penalty), the interval is widened to hold it. None are made of no
    values.
    """
    if not values:
        return []
    low, high = min(0.0, *values), max(top, *values)
    counts, edges = np.histogram(values, bins=bars, range=(low, high if high > low else low + 1.0))
    return [Bar(float(a), float(b), int(n)) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)]


def correlation(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's correlation; None where either does not vary."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(a) < 2:
        return None
    a, b = a - a.mean(), b - b.mean()
    # What is left of equal numbers after their mean is taken away is rounding, no variation.
    sizes = [float(np.abs(v).max()) for v in (a, b)]
    whole = [float(np.abs(np.asarray(v, dtype=float)).max()) for v in (x, y)]
    if any(size <= 1e-12 * max(1.0, most) for size, most in zip(sizes, whole, strict=True)):
        return None
    a, b = a / sizes[0], b / sizes[1]
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


@dataclass(frozen=True)
class Item:
    """How one exercise did."""

    cell: str
    n: int
    """How many students' points it is worked out from."""
    difficulty: float | None
    """The mean share of its points; None where there are none."""
    discrimination: float | None
    """The item-rest correlation; None where it cannot be given."""
    few: bool
    """Whether it is not given because there are too few students."""


def items(points: Sequence[Mapping[str, float]], most: Mapping[str, float]) -> list[Item]:
    """Difficulty and discrimination of every cell in `most`, which holds the points each is worth.

    `points` holds a student's points by cell. A cell that is missing there (nobody has read the answer yet) is left
    out of this cell's figures, and counts as nothing in the rest of the others'.
    """
    made = []
    for cell, worth in most.items():
        who = [p for p in points if cell in p]
        own = [p[cell] for p in who]
        rest = [sum(value for other, value in p.items() if other != cell and other in most) for p in who]
        few = len(who) < ENOUGH
        difficulty = float(np.mean(own)) / worth if who and worth > 0 else None
        made.append(Item(cell, len(who), difficulty, None if few else correlation(own, rest), few))
    return made


@dataclass(frozen=True)
class Held:
    """A mistake, in which exercise it was found, and who made it."""

    exercise: str
    mistake: str
    students: tuple[str, ...]
    share: float
    """Of the students looked at."""


def misconceptions(mistakes: Mapping[str, Iterable[tuple[str, str]]]) -> list[Held]:
    """Who made which mistake, the most frequent first.

    `mistakes` holds what each student made, as exercise and name; also of those who made none. Who makes one in
    several questions of an exercise holds it once.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for student, made in mistakes.items():
        for one in set(made):
            found.setdefault(one, []).append(student)
    held = [Held(where, name, tuple(sorted(who)), len(who) / len(mistakes)) for (where, name), who in found.items()]
    return sorted(held, key=lambda one: (-len(one.students), one.exercise, one.mistake))


def share(part: int, whole: int) -> float:
    """`part` of `whole`, 0 where there is no whole."""
    return part / whole if whole else 0.0


def longest(seconds: Mapping[str, float], number: int = 5) -> list[tuple[str, float]]:
    """The students whose grading took longest, with its seconds."""
    ranked: Iterable[tuple[str, float]] = sorted(seconds.items(), key=lambda one: (-one[1], one[0]))
    return list(ranked)[:number]
