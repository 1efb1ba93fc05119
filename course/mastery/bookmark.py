"""How far a record was read, so that what was written since can be taken without replaying all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from course import clock
from course.mastery import record
from course.mastery.record import Event, Replay


@dataclass(frozen=True)
class News:
    """What was written into a record since it was read last."""

    events: tuple[Event, ...]
    """New ones in order, but for those that this process wrote itself."""
    redated: Mapping[str, datetime]
    """Events that were read before and that a receipt has met since: by id, as of when they count."""


class Bookmark:
    """The place in the record up to which its lines were read.

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
        self._whole = not content or content.endswith(b"\n")
        self._ids: set[str] = set()
        self._met: dict[str, datetime] = {}
        self._ahead: tuple[datetime, ...] = ()
        self._own: dict[str, bytes] = {}
        self._torn = self._newer = 0
        self._pass(replay)

    @property
    def warning(self) -> str:
        """What there is to say about the record, as far as it was read."""
        now = clock.now() + record.AHEAD
        ahead = tuple(at for at in self._ahead if at > now)
        return Replay((), self._torn, self._newer, dated_ahead=ahead).warning

    def writes(self, event: Event) -> None:
        """This process is about to write `event`, and takes it itself: it will not be among the news."""
        self._own[event.id] = record.line_of(event)

    def wrote(self, event: Event) -> None:
        """It is written. Where nobody else wrote meanwhile, it need not be read again."""
        line = self._own.get(event.id)
        if line is not None and self._whole and record.size() == self.place + len(line):
            del self._own[event.id]
            self._ids.add(event.id)
            self.place += len(line)
            self._end = line

    def wrote_nothing(self, event: Event) -> None:
        """It could not be written."""
        self._own.pop(event.id, None)

    def since(self) -> News | None:
        """What was written since, and move past it; `CourseError` where the record cannot be read.

        None where a replay of all might tell something else: the record did not only grow by whole lines, or one of
        them claims the id of an earlier one.
        """
        content = record.text(start=self.place - len(self._end))
        new = content[len(self._end) :]
        if not self._whole or not content.startswith(self._end) or not new.endswith(b"\n"):
            return None
        replay = record.parse(new, self._met)
        own = [event for event in replay.events if event.id in self._own]
        if self._known(replay) or any(self._own[event.id] != record.line_of(event) for event in own):
            return None
        read_before = self._ids | self._own.keys() if replay.receipts else set()
        for event in own:
            del self._own[event.id]
        self._pass(replay)
        self.place += len(new)
        self._end = new[new.rfind(b"\n", 0, -1) + 1 :]
        mine = {event.id for event in own}
        return News(
            tuple(event for event in replay.events if event.id not in mine),
            {receipt.of: self._met[receipt.of] for receipt in replay.receipts if receipt.of in read_before},
        )

    def _known(self, replay: Replay) -> bool:
        """Whether any line has an id that an earlier one has."""
        events = (*replay.events, *replay.receipts)
        return any(event.id in self._ids for event in events) or not self._ids.isdisjoint(replay.uncounted)

    def _pass(self, replay: Replay) -> None:
        self._ids.update(event.id for event in replay.events)
        self._ids.update(event.id for event in replay.receipts)
        self._ids |= replay.uncounted
        self._met = record.earliest(replay.receipts, self._met)
        self._ahead += replay.dated_ahead
        self._torn += replay.torn
        self._newer += replay.newer
