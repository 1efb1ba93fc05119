"""When what was mastered comes back: FSRS, one card a skill, through the `fsrs` library.

Desired retention 0.9; no learning steps and no fuzz, so that a record replays to the same days on any machine. An
answer wrong at the first try is Again, right with a hint Hard, right at once Good.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

RETENTION = 0.9


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
