"""Learners who forget by a law that is none of the scheduler's, and what they are asked day by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from course.authoring.learners import Desk, Learner
from course.mastery import plan
from course.mastery.rule import SkillState


@dataclass
class TwoMemories(Learner):
    """Learns at once, and forgets by a law that is none of the scheduler's: a quick memory and a slow one.

    What is recalled after t days is `(1 − w) exp(−t / quick) + w (1 + t / slow)^−fall`: some is lost within days, and
    what is left goes by a power law. Each recall moves a share of the rest into the slow memory, and stretches it, the
    more the longer ago the last one was (spacing). A miss takes back much of the stretch, and is learnt anew.
    """

    quick: float = 4.0
    """Days."""
    slow: float = 25.0
    """Days, of a skill just learnt."""
    fall: float = 0.5
    share: float = 0.75
    """Of what is not in the slow memory, what a first learning or a recall that was needed moves there."""
    stretch: float = 1.5
    _kept: dict[int, tuple[float, float, datetime]] = field(init=False, default_factory=dict)
    """By card: w, the slow memory's days, and when it was last practised."""

    @classmethod
    def anyone(cls, chance: np.random.Generator) -> TwoMemories:
        """One of many who differ: at reviews they recall between eight and nine of ten, where the scheduler aims at nine."""
        return cls(
            quick=chance.uniform(2, 6),
            slow=chance.uniform(10, 40),
            fall=chance.uniform(0.3, 0.8),
            share=chance.uniform(0.6, 0.9),
            stretch=chance.uniform(0.8, 2.5),
        )

    def knows(self, state: SkillState, now: datetime, chance: np.random.Generator) -> bool:
        if state.card is None:
            return True
        name = state.card.card_id
        weight, slow, last = self._kept.get(name, (self.share, self.slow, state.card.last_review or now))
        days = (now - last) / timedelta(days=1)
        recall = (1 - weight) * np.exp(-days / self.quick) + weight * (1 + days / slow) ** -self.fall
        known = bool(chance.random() < recall)
        if known:
            weight += self.share * (1 - weight) * (1 - recall)
            slow *= 1 + self.stretch * min(1.0, days / slow)
        else:
            weight, slow = self.share, max(slow / 2, self.slow)
        self._kept[name] = (weight, slow, now)
        return known


def keep_up(desk: Desk, days: int) -> list[int]:
    """Come back once a day and answer what is due, until nothing is; how many questions that took, day by day.

    What was missed is practised until it is mastered again.
    """
    asked = []
    for _ in range(days):
        evening, before = desk.now, len(desk.events)
        while due := plan.due(desk.standing, desk.now):
            for name in due:
                desk.practise(name)
        asked.append(sum(event.kind == "answer" for event in desk.events[before:]))
        desk.now = max(desk.now, evening + timedelta(days=1))
    return asked
