"""How likely somebody who is right with one probability passes the gate, by arithmetic and without a learner."""

from __future__ import annotations

from math import comb, sqrt

import numpy as np


def in_a_row(right: float, tries: int, need: int = 3) -> float:
    """How likely `need` in a row come within `tries`: a Markov chain over the length of the row."""
    rows = np.zeros(need + 1)
    rows[0] = 1.0
    for _ in range(tries):
        after = np.zeros_like(rows)
        after[0] = (1 - right) * rows[:need].sum()
        after[1:] = right * rows[:need]
        after[need] += rows[need]
        rows = after
    return float(rows[need])


def at_least(right: float, items: int = 10, wanted: int = 8) -> float:
    """How likely at least `wanted` of `items` are right."""
    return sum(comb(items, k) * right**k * (1 - right) ** (items - k) for k in range(wanted, items + 1))


def error(share: float, n: int) -> float:
    """Four standard errors of a share of n."""
    return 4 * sqrt(share * (1 - share) / n)
