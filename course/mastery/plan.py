"""What `practice()` asks: what is due first, then what a checkpoint missed, what is weak, what is new; interleaved.

Pure functions of a standing, a time and a source of chance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

from course.mastery import review
from course.mastery.rule import MapState, Standing

ITEMS = 12
"""Questions of a session: some fifty seconds each make ten minutes."""
MINUTES = 10
"""A session ends with the question in which these have passed."""
WEAK = 3
"""Questions on a skill that is not mastered, or not any more."""


def due(standing: Standing, now: datetime) -> list[str]:
    """The skills whose review is due: those reopened first, then the likeliest forgotten."""

    def key(skill: str) -> tuple[bool, float]:
        state = standing.skill(skill)
        return not state.reopened, review.recall(state.card, now) if state.card else 0.0

    return sorted((s for unit in standing.syllabus.units for s in standing.due(unit, now)), key=key)


def missed(standing: Standing) -> list[str]:
    """The skills missed in a checkpoint, which may be sat again when each was answered right."""
    return [skill for state in standing.units.values() for skill in state.to_review]


def weak(standing: Standing, now: datetime) -> list[str]:
    """The skills of open units that are not mastered: those begun first, nearest to mastery last; then new ones.

    A skill whose row is complete and only lacks its code exercise is none: short questions do nothing for it.
    """
    open_units = [u for u in standing.syllabus.units if u.gated and standing.state(u, now) is not MapState.LOCKED]
    skills = [s for unit in open_units for s in standing.unmastered(unit)]
    skills = [s for s in skills if not standing.skill(s).complete]
    begun = sorted((s for s in skills if standing.skill(s).tries), key=lambda s: standing.skill(s).reached)
    return begun + [s for s in skills if not standing.skill(s).tries]


def choose(
    standing: Standing, now: datetime, chance: Random, practicable: Callable[[str], bool] = lambda skill: True
) -> list[str]:
    """The skills to ask for, one a question, in order: a dozen at most, and no skill twice running if it can be helped.

    Empty where nothing is due and everything open is mastered.
    """
    counts: dict[str, int] = {}
    room = ITEMS

    def add(skill: str, times: int) -> None:
        nonlocal room
        if skill not in counts and practicable(skill) and (times := min(times, room)):
            counts[skill] = times
            room -= times

    for skill in due(standing, now):
        add(skill, WEAK if standing.skill(skill).reopened else 1)
    for skill in missed(standing):
        add(skill, 1)
    for skill in weak(standing, now):
        state = standing.skill(skill)
        add(skill, state.need - state.reached if state.row else WEAK)
    return interleaved(counts, chance)


def interleaved(counts: dict[str, int], chance: Random) -> list[str]:
    """Each skill as often as counted, the most frequent spread widest; none twice running if it can be helped."""
    left = dict(counts)
    order: list[str] = []
    while left:
        last = order[-1] if order else None
        others = [s for s in left if s != last] or list(left)
        most = max(left[s] for s in others)
        skill = chance.choice([s for s in others if left[s] == most])
        order.append(skill)
        left[skill] -= 1
        if not left[skill]:
            del left[skill]
    return order


def mixed(skills: Sequence[str], items: int, chance: Random) -> list[str]:
    """`items` questions over all `skills`, as evenly as can be, shuffled: the order of a checkpoint."""
    rounds = deque(chance.sample(list(skills), len(skills)))
    counts: dict[str, int] = {}
    for _ in range(items):
        counts[rounds[0]] = counts.get(rounds[0], 0) + 1
        rounds.rotate(-1)
    return interleaved(counts, chance)


def next_due(standing: Standing) -> datetime | None:
    """When the next review comes; None where none is planned."""
    days = [state.card.due for state in standing.skills.values() if state.card and not state.reopened]
    return min(days, default=None)
