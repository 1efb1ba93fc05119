"""The learner's record: an append-only file of JSON lines, one event a line. Everything shown is replayed from it.

An event keeps what was asked, answered and accepted as text, and the arguments that were drawn, not only the seed, so
that an old answer stays readable after the exercise has changed. It holds no name. A line is written whole, under a
lock, at the end of the file; a line torn by a crash is passed over when reading, and the next event starts on a line
of its own.

What is replayed is the set of events, each id once, in the order of their times: two records with the same events tell
the same, in whatever order their lines stand, and however often.

An event dated ahead of the clock is met with a receipt, which is an event, too: whose id it is about, and when it was
first read. From then on it counts as of the receipt, on every machine, so that a clock once set wrong cannot put right
answers behind all later misses.
"""

from __future__ import annotations

import gc
import threading
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from course import clock, kernel_info, paths
from course.errors import CourseError
from course.mastery import lines as _lines
from course.mastery.lines import LATEST as LATEST
from course.mastery.lines import by_id as by_id
from course.mastery.lines import merge as merge
from course.mastery.record_file import READING, lock, locked, write_lines

VERSION = 3
"""Of the format, and of the rule under which an event was written: `course.mastery.rule` reads each by its own. A new kind
of event takes a new version, so that older courses keep it and do not count it."""

Kind = Literal["answer", "continue", "sitting", "stuck", "receipt"]
Source = Literal["practice", "check", "checkpoint"]

AHEAD = timedelta(minutes=10)
"""How far an event may lie ahead of the clock before it is remarked upon, and met with a receipt."""
EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock before this is itself wrong (an empty battery): by it no event is met with a receipt."""

watchers: list[Callable[[Event, bytes], None]] = []
"""Called with each event that this process has appended, and its line; they raise nothing."""

_last = datetime.min.replace(tzinfo=UTC)
_one_at_a_time = threading.Lock()


def _now() -> datetime:
    """The time in UTC; later than any this process has given, so that events of one kernel never tie.

    Where the clock went back by more than a correction of seconds, it was set right, and is followed.
    """
    global _last
    with _one_at_a_time:
        now = clock.now()
        _last = now if _last - now > AHEAD else max(now, _last + timedelta(microseconds=1))
        return _last


def _new_id() -> str:
    return uuid.uuid4().hex


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened.

    "answer": an answer judged · "continue": a gate walked past · "sitting": a checkpoint begun · "stuck": a skill not
    mastered after many tries, when another way in was offered · "receipt": an event dated ahead of the clock was read.
    """

    kind: Kind
    unit: str
    skill: str = ""
    exercise: str = ""
    arguments: dict[str, Any] = {}
    """What was drawn. JSON has no NaN and no infinity; they are kept as null."""
    seed: int | None = None
    content: str = ""
    """The version of the bank's text; a seed means the same variant only under it."""
    right: bool = False
    mistake: str | None = None
    hints: int = 0
    first: bool = True
    """Whether this was the first answer to this variant."""
    core: bool = True
    """Whether the question was one of its skill's core kinds when it was asked; all were before there were any."""
    source: Source = "practice"
    sitting: str = ""
    """Which checkpoint it belongs to."""
    options: int = 0
    """How many options there were to choose from; 0 where the answer was typed or written."""
    asked: str = ""
    given: str = ""
    accepted: str = ""
    """The question, the answer and the right answer, as a learner read them then."""
    of: str = ""
    """The id of the event that a receipt is about."""
    at: datetime = msgspec.field(default_factory=_now)
    """UTC."""
    id: str = msgspec.field(default_factory=_new_id)
    v: int = VERSION


class Replay(msgspec.Struct, frozen=True):
    """The events of a record in the order of their times, and what there is to say about the rest."""

    events: tuple[Event, ...]
    """All but receipts, each at the time as of which it counts."""
    torn: int = 0
    """Lines that could not be read."""
    newer: int = 0
    """Lines that a later version of the course wrote."""
    dated_ahead: tuple[datetime, ...] = ()
    """Times after now that events were written with, whether a receipt met them or not."""
    receipts: tuple[Event, ...] = ()
    uncounted: frozenset[str] = frozenset()
    """Ids of lines that are no event this version can read."""

    @property
    def ahead(self) -> int:
        """How many events were dated after now."""
        return len(self.dated_ahead)

    @property
    def unmet(self) -> tuple[Event, ...]:
        """The events ahead of a clock that may be right, which no receipt met."""
        return tuple(self.events[_place_after(self.events, _horizon()) :])

    @property
    def warning(self) -> str:
        """What a learner should know of the record; empty where there is nothing."""
        said = []
        if n := self.newer:
            them = "1 event was" if n == 1 else f"{n} events were"
            said.append(f"{them} written by a later version of the course; kept, but not counted here.")
        if n := self.torn:
            them = "1 damaged line of your record was" if n == 1 else f"{n} damaged lines of your record were"
            said.append(f"{them} passed over; all others count.")
        if n := self.ahead:
            them, count = ("1 event is", "It counts") if n == 1 else (f"{n} events are", "They count")
            said.append(
                f"{them} dated after now: this computer's clock is, or was, wrong. {count} as of the first reading; "
                "set the clock, or reviews may come at odd times."
            )
        return " ".join(said)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
_decode_events = msgspec.json.Decoder(Event).decode_lines
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


# --------------------------------------------------------------------------- writing


def line_of(event: Event) -> bytes:
    """`event` as it stands in the record, with the end of its line."""
    return _encode(event) + b"\n"


def append(event: Event, path: Path | None = None) -> None:
    """Write `event` at the end of the record.

    Raises `CourseError` where it cannot be written; then nothing is half-kept.
    """
    _append([event], path or paths.record())


def _append(events: list[Event], path: Path) -> None:
    lines = [_encode(event) for event in events]
    try:
        with locked(path) as file:
            write_lines(file, lines)
    except OSError as error:
        judged = any(event.kind == "answer" for event in events)
        what, then = ("Your answer was judged, but", "answer") if judged else ("What you did", "try")
        raise CourseError(
            f"{what} could not be written to your record ({error.strerror or error}). "
            f"Free some space or check that {path.name} may be written, then {then} again."
        ) from None
    for event, line in zip(events, lines, strict=True):
        for watcher in watchers:
            watcher(event, line)


def add(lines: list[bytes], path: Path | None = None) -> int:
    """Write those of `lines` whose events the record lacks, all or none; how many they were.

    Raises `CourseError` where they cannot be written.
    """
    path = path or paths.record()
    try:
        with locked(path) as file:
            file.seek(0)
            have = set(by_id(file.read()))
            new = [line for id, line in by_id(b"\n".join(lines)).items() if id not in have]
            if new:
                write_lines(file, new)
    except OSError as error:
        raise CourseError(
            f"The events could not be added to your record ({error.strerror or error}), which is as it was. "
            f"Free some space or check that {path.name} may be written, then try again."
        ) from None
    return len(new)


# --------------------------------------------------------------------------- reading


def read(path: Path | None = None) -> Replay:
    """All events of the record, each id once, in the order of their times. A missing file is an empty record."""
    return read_whole(path)[1]


def read_whole(path: Path | None = None) -> tuple[bytes, Replay]:
    """The record's bytes, and what they hold, every event that is dated ahead of the clock met with a receipt.

    The receipts are written where a person is there, and the record may be written; else they hold for this reading.
    """
    content = text(path)
    replay = parse(content)
    if not replay.unmet:
        return content, replay
    receipts = [Event("receipt", event.unit, of=event.id) for event in replay.unmet]
    if kernel_info.person_present():
        with suppress(CourseError):
            _append(receipts, path or paths.record())
            content = text(path)
            return content, parse(content)
    return content, parse(b"".join([content, b"\n", *map(line_of, receipts)]))


def size(path: Path | None = None) -> int:
    """How many bytes the record has; 0 where there is no file."""
    try:
        return (path or paths.record()).stat().st_size
    except OSError:
        return 0


def text(path: Path | None = None, start: int = 0) -> bytes:
    """The record's bytes, from place `start` on; none where there is no file. `CourseError` where it cannot be read."""
    path = path or paths.record()
    try:
        with open(path, "rb", buffering=0) as file, lock(file, READING):
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise CourseError(
            f"Your record cannot be read ({error.strerror}). Check that {path.name} may be read."
        ) from None


def parse(content: bytes, met: Mapping[str, datetime] | None = None) -> Replay:
    """What the lines of a record hold. `met` is what receipts that stand elsewhere say: event id to time."""
    with collector_at_rest():
        return _parse(content, met or {})


def _parse(content: bytes, met: Mapping[str, datetime]) -> Replay:
    torn, uncounted = 0, frozenset[str]()
    newer = 0
    events = _all_at_once(content)
    if events is None:
        events, torn, newer, uncounted = _one_by_one(content)
    receipts = [event for event in events if event.kind == "receipt"]
    if receipts:
        events = [event for event in events if event.kind != "receipt"]
    ahead = tuple(event.at for event in events[_place_after(events, clock.now() + AHEAD) :])
    if receipts or met:
        events = _as_met(events, earliest(receipts, met))
    return Replay(tuple(events), torn, newer, dated_ahead=ahead, receipts=tuple(receipts), uncounted=uncounted)


def _horizon() -> datetime:
    """Past which an event is met with a receipt."""
    now = clock.now()
    return now + AHEAD if now >= EARLIEST else LATEST


def is_ahead(event: Event) -> bool:
    """Whether `event` is dated so far ahead of the clock that it is to be met with a receipt."""
    return event.at > _horizon()


def _place_after(events: Sequence[Event], at: datetime) -> int:
    """Where in `events`, which are in order, those dated after `at` begin."""
    return bisect_right(events, at, key=lambda event: event.at)


def earliest(receipts: Iterable[Event], met: Mapping[str, datetime]) -> dict[str, datetime]:
    """`met`, and what these receipts say, where that is earlier."""
    found = dict(met)
    for receipt in receipts:
        found[receipt.of] = min(receipt.at, found.get(receipt.of, receipt.at))
    return found


def _as_met(events: list[Event], met: Mapping[str, datetime]) -> list[Event]:
    """`events` in order, each at its own time or at its receipt's, whichever is earlier."""
    return sorted((_redated(event, met.get(event.id)) for event in events), key=order)


def _redated(event: Event, met: datetime | None) -> Event:
    return event if met is None or met >= event.at else msgspec.structs.replace(event, at=met)


def order(event: Event) -> tuple[datetime, str]:
    """Events are replayed in this order."""
    return event.at, event.id


def _all_at_once(content: bytes) -> list[Event] | None:
    """The events in order where every line is a whole event, each once, and none newer: quicker. None where not."""
    try:
        headers, events = _lines.headers(content), _decode_events(content)
    except _lines.UNREADABLE:
        return None
    if len({header.id for header in headers}) < len(headers) or len(headers) != _lines.count(content):
        return None  # an id twice, or lines that hold two events or none: to be looked at one by one
    if not all(header.v <= VERSION and header.at.tzinfo is UTC and header.at <= LATEST for header in headers):
        return None
    return sorted(events, key=order)


def _one_by_one(content: bytes) -> tuple[list[Event], int, int, frozenset[str]]:
    """The events in order; how many lines are no event, how many a later version's; and the ids that these have."""
    found, times, torn = _lines.unique(content)
    events: list[Event] = []
    uncounted = set()
    newer = 0
    for id, line in found.items():
        try:
            event = _decode(line)
        except _lines.UNREADABLE:
            event = None
        if event is not None and event.v <= VERSION:
            events.append(event if event.at.tzinfo is UTC else msgspec.structs.replace(event, at=times[id]))
            continue
        uncounted.add(id)
        if _lines.header(line).v > VERSION:
            newer += 1
        else:
            torn += 1
    return events, torn, newer, frozenset(uncounted)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Work that makes a great many small things and no garbage: Python's collector would only count them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def variant_text(arguments: dict[str, Any]) -> str:
    """Arguments as one text, equal for equal variants."""
    return _encode_sorted(arguments).decode()
