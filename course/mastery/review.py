"""When what was mastered comes back: FSRS, one card a skill, through the `fsrs` library.

Desired retention 0.9; no learning steps and no chance, so that a record replays to the same days on any machine. An
answer wrong at the first try is Again, right with a hint or to a side question Hard, right at once Good.

What was mastered in one evening is spread over the days round the one that FSRS names, within the tolerance of its own
fuzz: onto the day with the fewest reviews, and of several such days onto one that follows from the skill's name.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

RETENTION = 0.9
TOLERANCE = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, float("inf"), 0.05))
"""By FSRS's fuzz an interval may be a day longer or shorter, and this share of each part of it: (from, to, share)."""


@cache
def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    return Scheduler(desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def first(skill: str, at: datetime) -> Card:
    """The card of a skill mastered at `at`."""
    from fsrs import Card

    return answered(Card(card_id=zlib.crc32(skill.encode())), at, right=True, hinted=False)


def answered(card: Card, at: datetime, *, right: bool, hinted: bool) -> Card:
    """The card after an answer at `at`; one dated before the card's last is taken to have come right after it."""
    from fsrs import Rating

    rating = Rating.Again if not right else Rating.Hard if hinted else Rating.Good
    at = max(at, card.last_review) if card.last_review else at
    return _scheduler().review_card(card, rating, at)[0]


def recall(card: Card, now: datetime) -> float:
    """How likely it is to be remembered now, from 0 to 1."""
    return _scheduler().get_card_retrievability(card, now)


def tolerance(days: int) -> int:
    """By how many days an interval of so many may be longer or shorter."""
    return int(1 + sum(share * max(min(days, end) - start, 0) for start, end, share in TOLERANCE))


def spread(card: Card, at: datetime, due_on: Mapping[int, int]) -> Card:
    """`card`, planned at `at`, on a day within the tolerance for which few are planned.

    due_on: how many reviews are planned for a day, by its ordinal.
    """
    days = (card.due - at).days
    room = min(tolerance(days), days - 1)
    if room <= 0:
        return card
    count = 2 * room + 1
    planned, turn = card.due.toordinal(), card.card_id % count
    shifts = [(turn + place) % count - room for place in range(count)]
    least = min(shifts, key=lambda shift: due_on.get(planned + shift, 0))
    moved = copy(card)
    moved.due = card.due + timedelta(days=least)
    return moved
