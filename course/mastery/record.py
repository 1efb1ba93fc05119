"""The learner's record: an append-only file of JSON lines, one event a line. Everything shown is replayed from it.

An event keeps what was asked, answered and accepted as text, and the arguments that were drawn, not only the seed, so
that an old answer stays readable after the exercise has changed. It holds no name. A line is written whole, under a
lock, at the end of the file; a line torn by a crash is passed over when reading, and the next event starts on a line
of its own.

What is replayed is the set of events, each id once, in the order of their times: two records with the same events tell
the same, in whatever order their lines stand, and however often.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import threading
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from course import clock, paths
from course.errors import CourseError

VERSION = 2

Kind = Literal["answer", "continue", "sitting", "stuck"]
Source = Literal["practice", "check", "checkpoint"]

AHEAD = timedelta(minutes=10)
"""How far an event may lie ahead of the clock before it is remarked upon."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""A date past this is damage: a review could not be planned after it."""

watchers: list[Callable[[Event, bytes, int], None]] = []
"""Called with each event that this process has appended, its line, and how many bytes were written; they raise nothing."""

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
    mastered after many tries, when another way in was offered.
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
    source: Source = "practice"
    sitting: str = ""
    """Which checkpoint it belongs to."""
    options: int = 0
    """How many options there were to choose from; 0 where the answer was typed or written."""
    asked: str = ""
    given: str = ""
    accepted: str = ""
    """The question, the answer and the right answer, as a learner read them then."""
    at: datetime = msgspec.field(default_factory=_now)
    """UTC."""
    id: str = msgspec.field(default_factory=_new_id)
    v: int = VERSION


class _Header(msgspec.Struct, frozen=True, gc=False):
    """What every version of an event has."""

    id: str
    at: datetime
    v: int


class Replay(msgspec.Struct, frozen=True):
    """The events of a record in the order of their times, and what there is to say about the rest."""

    events: tuple[Event, ...]
    torn: int = 0
    """Lines that could not be read."""
    newer: int = 0
    """Lines that a later version of the course wrote."""
    ahead: int = 0
    """Events dated after now."""

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
                f"{them} dated after now: this computer's clock is, or was, wrong. {count}; "
                "set the clock, or reviews may come at odd times."
            )
        return " ".join(said)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
_decode_events = msgspec.json.Decoder(Event).decode_lines
_decode_header = msgspec.json.Decoder(_Header).decode
_decode_headers = msgspec.json.Decoder(_Header).decode_lines
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


# --------------------------------------------------------------------------- writing


def line_of(event: Event) -> bytes:
    """`event` as it stands in the record, with the end of its line."""
    return _encode(event) + b"\n"


def append(event: Event, path: Path | None = None) -> int:
    """Write `event` at the end of the record, and return by how many bytes that grew.

    Raises `CourseError` where it cannot be written; then nothing is half-kept.
    """
    path, line = path or paths.record(), _encode(event)
    try:
        with _locked(path) as descriptor:
            written = _write(descriptor, [line])
    except OSError as error:
        judged = event.kind == "answer"
        what, then = ("Your answer was judged, but", "answer") if judged else ("What you did", "try")
        raise CourseError(
            f"{what} could not be written to your record ({error.strerror or error}). "
            f"Free some space or check that {path.name} may be written, then {then} again."
        ) from None
    for watcher in watchers:
        watcher(event, line, written)
    return written


def add(lines: list[bytes], path: Path | None = None) -> int:
    """Write those of `lines` whose events the record lacks, all or none; how many they were.

    Raises `CourseError` where they cannot be written.
    """
    path = path or paths.record()
    try:
        with _locked(path) as descriptor:
            have = set(by_id(path.read_bytes()))
            new = [line for id, line in by_id(b"\n".join(lines)).items() if id not in have]
            if new:
                _write(descriptor, new)
    except OSError as error:
        raise CourseError(
            f"The events could not be added to your record ({error.strerror or error}), which is as it was. "
            f"Free some space or check that {path.name} may be written, then try again."
        ) from None
    return len(new)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The record, opened at its end, and no other kernel's while this lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> None:
    """Lock the record until it is closed, where that can be: some network folders know no locks."""
    try:
        fcntl.flock(descriptor, how)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def _write(descriptor: int, lines: list[bytes]) -> int:
    size = os.fstat(descriptor).st_size
    text = b"".join(line + b"\n" for line in lines)
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        text = b"\n" + text  # the last writer was torn off; its half line stays alone
    try:
        written = os.write(descriptor, text)
        if written != len(text):
            raise OSError(28, "the disk is full")
        os.fsync(descriptor)
    except OSError:
        if os.fstat(descriptor).st_size > size:
            os.ftruncate(descriptor, size)
        raise
    return len(text)


# --------------------------------------------------------------------------- reading


def read(path: Path | None = None) -> Replay:
    """All events of the record, each id once, in the order of their times. A missing file is an empty record."""
    return parse(text(path))


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
        with open(path, "rb") as file:
            _lock(file.fileno(), fcntl.LOCK_SH)
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise CourseError(
            f"Your record cannot be read ({error.strerror}). Check that {path.name} may be read."
        ) from None


def parse(content: bytes) -> Replay:
    """What the lines of a record hold."""
    with collector_at_rest():
        return _parse(content)


def _parse(content: bytes) -> Replay:
    torn = newer = 0
    events = _all_at_once(content)
    if events is None:
        events, torn, newer = _one_by_one(content)
    ahead = len(events) - bisect_right(events, clock.now() + AHEAD, key=lambda e: e.at)
    return Replay(tuple(events), torn, newer, ahead)


def _all_at_once(content: bytes) -> list[Event] | None:
    """The events in order where every line is a whole event, each once, and none newer: quicker. None where not."""
    try:
        headers, events = _decode_headers(content), _decode_events(content)
    except _UNREADABLE:
        return None
    if len({header.id for header in headers}) < len(headers) or len(headers) != _count(content):
        return None  # an id twice, or lines that hold two events or none: to be looked at one by one
    if not all(header.v <= VERSION and header.at.tzinfo is UTC and header.at <= LATEST for header in headers):
        return None
    return sorted(events, key=lambda event: (event.at, event.id))


def _count(content: bytes) -> int:
    """How many lines are not empty."""
    return sum(1 for line in content.split(b"\n") if line.strip())


def _one_by_one(content: bytes) -> tuple[list[Event], int, int]:
    """The events in order; how many lines are no event, and how many a later version's."""
    lines, times, torn = _lines(content)
    events: list[Event] = []
    newer = 0
    for id, line in lines.items():
        try:
            event = _decode(line)
        except _UNREADABLE:
            event = None
        if event is not None and event.v <= VERSION:
            events.append(event if event.at.tzinfo is UTC else msgspec.structs.replace(event, at=times[id]))
        elif _decode_header(line).v > VERSION:
            newer += 1
        else:
            torn += 1
    return events, torn, newer


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


def by_id(content: bytes) -> dict[str, bytes]:
    """The lines of a record by their events' ids, of any version, in the order of their times; torn ones left out."""
    return _lines(content)[0]


def _lines(content: bytes) -> tuple[dict[str, bytes], dict[str, datetime], int]:
    """One line for each id, in the order of their times; these times; and how many lines are no event.

    Where two lines claim one id, the same one of them is taken, whichever comes first.
    """
    found: dict[str, bytes] = {}
    times: dict[str, datetime] = {}
    torn = 0
    for line in content.split(b"\n"):
        line = line.strip()
        if not line:
            continue
        try:
            header = _decode_header(line)
            id, at = header.id, _utc(header.at)
        except _UNREADABLE:
            torn += 1
            continue
        if at > LATEST:
            torn += 1
        elif id not in found or (at, line) < (times[id], found[id]):
            found[id], times[id] = line, at
    # Sorted twice and not by pairs: a hundred thousand pairs keep the garbage collector busier than the sorting.
    ordered = sorted(sorted(found), key=times.__getitem__)
    return {id: found[id] for id in ordered}, times, torn


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def merge(one: bytes, other: bytes) -> bytes:
    """Two records as one: every event of either, once, in the order of their times."""
    return b"".join(line + b"\n" for line in by_id(one + b"\n" + other).values())


def variant_text(arguments: dict[str, Any]) -> str:
    """Arguments as one text, equal for equal variants."""
    return _encode_sorted(arguments).decode()
