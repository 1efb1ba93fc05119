"""How far a record was read, so that what was written since can be taken without replaying all of it."""

from __future__ import annotations

from course.mastery import record
from course.mastery.record import Event, Replay


class Bookmark:
    """The place in the record up to which its events were taken.

    Parameters
    ----------
    content:
        The record's bytes, all of which were read.
    replay:
        What they hold.
    """

    def __init__(self, content: bytes, replay: Replay) -> None:
        self.place = len(content)
        """How many bytes were read."""
        self._end = content[content.rfind(b"\n", 0, -1) + 1 :]
        self._ids = {event.id for event in replay.events}
        self._last = _key(replay.events[-1]) if replay.events else None
        # A line that is not counted has an id and a date, too, by which a later line may count or not.
        counted = not (replay.torn or replay.newer or replay.ahead)
        self._only_grows = counted and (not content or content.endswith(b"\n"))
        self.in_order = True
        """Whether what was taken was taken in the order of a replay."""

    def wrote(self, event: Event, written: int) -> None:
        """Move past `event`, which was written at this place as so many bytes, and taken."""
        self.place += written
        self._end = record.line_of(event)
        self.in_order = self.in_order and self._after((event,))
        self._pass(event)

    def since(self) -> Replay | None:
        """What was written since, and move past it; `CourseError` where the record cannot be read.

        None where taking it now might tell something else than replaying all: the record did not only grow, or not by
        new events alone, or one of them is dated before those that were taken.
        """
        if not (self.in_order and self._only_grows):
            return None
        content = record.text(start=self.place - len(self._end))
        new = content[len(self._end) :]
        if not content.startswith(self._end) or not new.endswith(b"\n"):
            return None
        replay = record.parse(new)
        if replay.torn or replay.newer:
            return None
        if any(event.id in self._ids for event in replay.events) or not self._after(replay.events[:1]):
            return None
        for event in replay.events:
            self._pass(event)
        self.place += len(new)
        self._end = new[new.rfind(b"\n", 0, -1) + 1 :]
        self._only_grows = not replay.ahead
        return replay

    def _pass(self, event: Event) -> None:
        self._ids.add(event.id)
        self._last = _key(event)

    def _after(self, events: tuple[Event, ...]) -> bool:
        """Whether the first of `events`, where there is one, comes after all that were taken."""
        return not events or self._last is None or _key(events[0]) > self._last


def _key(event: Event) -> tuple[object, str]:
    return event.at, event.id
