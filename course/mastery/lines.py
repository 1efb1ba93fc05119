"""The lines of a record by their events' ids and times: what can be told of any version's, and all that merging needs."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""A date past this is damage: a review could not be planned after it."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """What every version of an event has."""

    id: str
    at: datetime
    v: int


header = msgspec.json.Decoder(Header).decode
headers = msgspec.json.Decoder(Header).decode_lines
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)


def count(content: bytes) -> int:
    """How many lines are not empty."""
    return sum(1 for line in content.split(b"\n") if line.strip())


def by_id(content: bytes) -> dict[str, bytes]:
    """The lines of a record by their events' ids, of any version, in the order of their times; torn ones left out."""
    return unique(content)[0]


def unique(content: bytes) -> tuple[dict[str, bytes], dict[str, datetime], int]:
    """One line for each id, in the order of their times; these times; and how many lines are no event.

    Where two lines claim one id, the same one of them is taken, whichever comes first.
    """
    found: dict[str, bytes] = {}
    times: dict[str, datetime] = {}
    torn = 0
    for line in _split(content):
        if not line:
            continue
        if (head := _head(line)) is None:
            torn += 1
            continue
        id, at = head
        if id not in found or (at, line) < (times[id], found[id]):
            found[id], times[id] = line, at
    # Sorted twice and not by pairs: a hundred thousand pairs keep the garbage collector busier than the sorting.
    ordered = sorted(sorted(found), key=times.__getitem__)
    return {id: found[id] for id in ordered}, times, torn


def as_utf8(content: bytes) -> bytes:
    """A file's bytes in UTF-8, where an editor saved it in UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content


def no_events(content: bytes) -> list[int]:
    """The numbers of the lines, counted from 1, that are neither empty nor an event."""
    return [number for number, line in enumerate(_split(content), start=1) if line and _head(line) is None]


def _split(content: bytes) -> Iterator[bytes]:
    """The lines of a record, also of one that an editor saved with byte order marks or other line ends."""
    for line in content.split(b"\n"):
        yield line.removeprefix(codecs.BOM_UTF8).strip()  # of several files joined to one, any may begin with a mark


def _head(line: bytes) -> tuple[str, datetime] | None:
    """The id and time of the event in a line; None where it is none."""
    try:
        head = header(line)
        at = _utc(head.at)
    except UNREADABLE:
        return None
    return (head.id, at) if at <= LATEST else None


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def merge(one: bytes, other: bytes) -> bytes:
    """Two records as one: every event of either, once, in the order of their times."""
    return b"".join(line + b"\n" for line in by_id(one + b"\n" + other).values())
