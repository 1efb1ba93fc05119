"""A standing that can take an event late: the last events it took can be taken back, and taken again in their order.

Clocks of two kernels differ, and a receipt gives an event another time. Replaying all of a long record for that takes
as long as it is long; here only what came after the last but one of the snapshots is taken again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from course.mastery.record import Event, order
from course.mastery.rule import Snapshot, Standing

STRIDE = 128
"""Events between two snapshots: so many, and at most as many again, are taken anew for one that comes late."""


class Timeline:
    """The events of a standing in order: `replay` begins anew, `take` and `wrote` add to it, `settle` puts it right."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.replay(())

    @property
    def last(self) -> Event | None:
        """The event that comes last of those that can be taken back."""
        return self._tail[-1] if self._tail else None

    def replay(self, events: Iterable[Event]) -> None:
        """Begin anew with these events, in order."""
        whole = list(events)
        head, self._tail = whole[:-STRIDE], whole[-STRIDE:]
        self.standing.replay(head)
        self._floor = order(head[-1]) if head else None
        self._base = self.standing.snapshot()
        self._middle: tuple[int, Snapshot] | None = None
        self._late = self._too_late = False
        for event in self._tail:
            self.standing.take(event)

    def wrote(self, event: Event) -> None:
        """Know of an event that the standing is given by whoever wrote it."""
        self._late |= not self._comes_next(event)
        self._tail.append(event)

    def take(self, events: Iterable[Event], redated: Mapping[str, datetime]) -> bool:
        """Take these events in their places, and give earlier ones another time where a receipt says so.

        False where that would change what cannot be taken back: then all has to be replayed.
        """
        if redated:
            self._redate(redated)
        for event in events:
            if not self._late and self._comes_next(event):
                self.standing.take(event)
            else:
                self._late = True
            self._tail.append(event)
        return self.settle()

    def settle(self) -> bool:
        """Take again, in order, what was taken out of order; False where that cannot be done."""
        if self._late:
            self._tail.sort(key=order)
            if self._too_late or (self._floor is not None and order(self._tail[0]) <= self._floor):
                return False
            self.standing.restore(self._base)
            for event in self._tail:
                self.standing.take(event)
            self._late, self._middle = False, None
        self._shorten()
        return True

    def _comes_next(self, event: Event) -> bool:
        last = order(self._tail[-1]) if self._tail else self._floor
        return last is None or order(event) > last

    def _redate(self, redated: Mapping[str, datetime]) -> None:
        found = {event.id for event in self._tail}
        self._too_late |= not found.issuperset(redated)
        for place, event in enumerate(self._tail):
            at = redated.get(event.id, event.at)
            if at < event.at:
                self._tail[place] = msgspec.structs.replace(event, at=at)
                self._late = True
        self._late |= self._too_late

    def _shorten(self) -> None:
        """Keep one snapshot at least `STRIDE` events back, and no more than twice as many events."""
        if self._middle is None and len(self._tail) >= STRIDE:
            self._middle = len(self._tail), self.standing.snapshot()
        elif self._middle is not None and len(self._tail) - self._middle[0] >= STRIDE:
            taken, self._base = self._middle
            self._floor = order(self._tail[taken - 1])
            self._tail = self._tail[taken:]
            self._middle = len(self._tail), self.standing.snapshot()
