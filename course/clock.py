"""The time, asked for in one place: call `clock.now()`, so that whoever tests what a week does can move it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
