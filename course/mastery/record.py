"""The learner's record: an append-only file of JSON lines, one event a line. Everything shown is replayed from it.

An event keeps the arguments that were drawn, not only the seed, so that an old answer stays readable after the
bank has changed. A line is written whole, in one call, at the end of the file; a line torn by a crash is passed over
when reading, and the next event starts on a line of its own.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from course import paths
from course.errors import CourseError

VERSION = 1

Kind = Literal["answer", "continue"]
Source = Literal["practice", "check"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Event:
    """One thing that happened. `kind` "answer" is an answer judged; "continue" is a gate walked past."""

    kind: Kind
    unit: str
    skill: str = ""
    exercise: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    content: str = ""
    """The version of the bank's text; a seed means the same variant only under it."""
    right: bool = False
    mistake: str | None = None
    hints: int = 0
    first: bool = True
    """Whether this was the first answer to this variant."""
    source: Source = "practice"
    at: str = field(default_factory=_now)
    """UTC, ISO 8601."""
    id: str = field(default_factory=_new_id)
    v: int = VERSION


_FIELDS = {f.name for f in fields(Event)}


@dataclass(frozen=True)
class Replay:
    """What a record holds, and how many lines could not be read (a torn line, a later version)."""

    events: tuple[Event, ...]
    torn: int = 0
    newer: int = 0

    @property
    def warning(self) -> str:
        """One sentence where something was passed over; empty where nothing was."""
        if self.newer:
            return (
                f"{self.newer} events were written by a later version of the course and are kept, but not counted here."
            )
        if self.torn:
            return f"{self.torn} damaged lines of your record were passed over; all others count."
        return ""


def append(event: Event, path: Path | None = None) -> None:
    """Write `event` at the end of the record. `CourseError` where it cannot be written; then nothing is half-kept."""
    path = path or paths.record()
    line = json.dumps(asdict(event), ensure_ascii=False, allow_nan=False).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # the last writer was torn off; its half line stays alone
            written = os.write(descriptor, line)
            if written != len(line):
                raise OSError(28, "the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CourseError(
            f"Your answer was judged, but could not be written to your record ({error.strerror or error}). "
            f"Free some space or check that {path.name} may be written, then answer again."
        ) from None


def read(path: Path | None = None) -> Replay:
    """All events of the record in order, each id once. A missing file is an empty record."""
    path = path or paths.record()
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return Replay(())
    except OSError as error:
        raise CourseError(
            f"Your record cannot be read ({error.strerror}). Check that {path.name} may be read."
        ) from None
    events: dict[str, Event] = {}
    torn = newer = 0
    for line in lines:
        if not line.strip():
            continue
        event = _parse(line)
        if event is None:
            torn += 1
        elif event.v > VERSION:
            newer += 1
        else:
            events.setdefault(event.id, event)
    return Replay(tuple(events.values()), torn, newer)


def _parse(line: bytes) -> Event | None:
    try:
        data = json.loads(line)
        if not isinstance(data, dict) or "id" not in data or not isinstance(data.get("v"), int):
            return None
        return Event(**{key: value for key, value in data.items() if key in _FIELDS})
    except (ValueError, TypeError):
        return None


def variants_seen(events: Iterable[Event], exercise: str) -> set[str]:
    """The arguments already asked of `exercise`, each as one text."""
    return {variant_text(e.arguments) for e in events if e.exercise == exercise}


def variant_text(arguments: dict[str, Any]) -> str:
    """Arguments as one text, equal for equal variants."""
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False)
