"""The lines of a record by their events' ids and times: what can be told of any version's, and all that merging needs."""

from __future__ import annotations

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
    for line in content.split(b"\n"):
        line = line.strip()
        if not line:
            continue
        try:
            head = header(line)
            id, at = head.id, _utc(head.at)
        except UNREADABLE:
            torn += 1
            continue
        if at > LATEST:
            torn += 1
        elif id not in found or (at, line) < (times[id], found[id]):
            found[id], times[id] = line, at
    # Sorted twice and not by pairs: a hundred thousand pairs keep the garbage collector busier than the sorting.
    ordered = sorted(sorted(found), key=times.__getitem__)
    return {id: found[id] for id in ordered}, times, torn


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def merge(one: bytes, other: bytes) -> bytes:
    """Two records as one: every event of either, once, in the order of their times."""
    return b"".join(line + b"\n" for line in by_id(one + b"\n" + other).values())
