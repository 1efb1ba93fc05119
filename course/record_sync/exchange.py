"""Keeping the record: a file to download and upload, and a copy in the browser's storage.

A server may be lost with all its files (Binder's closes after ten idle minutes), and the browser's storage belongs to
one host; so the browser's copy is a cache, and the downloaded file is the truth. Both are merged into the record by
event id, and so can be brought back any number of times.

How browser and kernel meet, when a keeper is opened (`keeper.js` asks, `Exchange` answers, a message at a time and each
of bounded size): the kernel tells its ids; the browser sends the lines that the kernel lacks, and asks for those it
lacks itself. Then both have the union. What is answered later is sent as it is written. Where both have events and none
in common, they may be two people's: then the reader is asked first.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from course import clock
from course.errors import CourseError
from course.mastery import record
from course.mastery.lines import as_utf8, no_events

IDS = 10_000
"""Ids in one message: some 350 kB."""
BYTES = 1_000_000
"""Bytes of lines in one message, before they are compressed (to about a tenth); a single longer line goes alone."""
LARGEST = 256_000_000
"""Bytes of the largest file that is taken; a hundred thousand events are some 50 million."""

Buffers = list[bytes]


# --------------------------------------------------------------------------- what is kept


def bring_in(content: bytes, name: str, add: Callable[[list[bytes]], int] = record.add) -> str:
    """Take the events in `content`, which was called `name`, into the record; the sentence that says how many were new.

    `add` takes lines, and says how many were new. Raises `CourseError` where `content` holds no event, or the record
    cannot be written; then the record is as it was.
    """
    content = as_utf8(content)
    found = record.by_id(content)
    if not found:
        raise CourseError(f"{name} is no record of this course: no line of it is an event. Nothing was taken.")
    new = add(list(found.values()))
    known = len(found) - new
    which = f"the other {known}" if new else "the one in it" if known == 1 else f"all {known}"
    already = f"; {which} {'was' if known == 1 else 'were'} in your record already" if known else ""
    took = f"Took {new} new {'event' if new == 1 else 'events'} from {name}{already}."
    if not (damaged := no_events(content)):
        return took
    named = ", ".join(map(str, damaged[:10])) + (f" and {len(damaged) - 10} more" if len(damaged) > 10 else "")
    return (
        f"{took} No event, and left out: line {named}."
        if len(damaged) == 1
        else f"{took} No events, and left out: lines {named}."
    )


def file_name(title: str) -> str:
    """What a downloaded record is called: the course and the day, and nobody's name."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "course"
    return f"{slug}-record-{clock.now():%Y-%m-%d}.jsonl"


# --------------------------------------------------------------------------- how browser and kernel meet


def pack(lines: Iterable[bytes]) -> bytes:
    """Lines for the way: joined and compressed (zlib), as the browser's `CompressionStream("deflate")` does."""
    return zlib.compress(b"\n".join(lines), 1)


def unpack(buffers: Buffers) -> bytes:
    """What came the same way. `CourseError` where it is damaged."""
    try:
        return b"\n".join(zlib.decompress(bytes(part)) for part in buffers)
    except zlib.error:
        raise CourseError("What the browser sent was damaged on the way. Nothing was taken; try again.") from None


class Exchange:
    """The kernel's half of the meeting: answers one question at a time.

    read: the record's bytes; add: takes lines into it, and says how many were new.
    """

    def __init__(self, read: Callable[[], bytes], add: Callable[[list[bytes]], int]) -> None:
        self._read, self._add = read, add
        self._lines: dict[str, bytes] = {}
        self._coming: dict[str, list[bytes]] = {}

    def answer(self, asked: dict[str, Any], buffers: Buffers) -> tuple[dict[str, Any], Buffers]:
        """The answer to one question, and the bytes that go with it. `CourseError` where it cannot be given."""
        what = asked.get("do")
        if what == "ids":
            return self._ids(int(asked.get("after", 0))), []
        if what == "give":
            return self._give(list(asked["ids"]))
        if what == "take":
            found = self._whole(asked, buffers)
            return {} if found is None else {"new": self._add(list(record.by_id(found).values()))}, []
        if what == "upload":
            found = self._whole(asked, buffers)
            return {} if found is None else {"said": bring_in(found, str(asked["name"]), self._add)}, []
        if what == "done":
            self._lines = {}
            return {}, []
        raise CourseError(f"The keeper does not know what “{what}” asks for. Reload the page, and run the cell again.")

    def _ids(self, after: int) -> dict[str, Any]:
        """Some ids, from the one at place `after` on. The first question takes the record as it is then."""
        if after == 0:
            self._lines = record.by_id(self._read())
        return {"ids": list(islice(self._lines, after, after + IDS)), "of": len(self._lines)}

    def _give(self, ids: list[str]) -> tuple[dict[str, Any], Buffers]:
        """The lines of the first of these ids, as many as one message holds; how many ids these were."""
        if any(id not in self._lines for id in ids):  # another page of this kernel has met it meanwhile, and is done
            self._lines = record.by_id(self._read())
        lines: list[bytes] = []
        done = size = 0
        for id in ids:
            line = self._lines.get(id)
            if line is not None:
                if lines and size + len(line) > BYTES:
                    break
                lines.append(line)
                size += len(line)
            done += 1
        return {"done": done}, [pack(lines)]

    def _whole(self, asked: dict[str, Any], buffers: Buffers) -> bytes | None:
        """What came in several parts, when the last is there: what is taken is taken at once, or not at all."""
        parts = self._coming.setdefault(str(asked.get("of")), [])
        try:
            parts.append(unpack(buffers))
            if sum(map(len, parts)) > LARGEST:
                raise CourseError(f"That is larger than {LARGEST // 10**6} MB, and so no record. Nothing was taken.")
        except CourseError:
            del self._coming[str(asked.get("of"))]
            raise
        if asked.get("more"):
            return None
        return b"".join(self._coming.pop(str(asked.get("of"))))
