"""Answers dated ahead of the clock: from their first reading on they count as of that reading, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from histories import said_of
from hypothesis import given
from hypothesis import strategies as st
from practice_course import UNIT, mistaken, right

from course import clock, kernel_info, syllabus
from course.mastery import record
from course.mastery.record import Event
from course.mastery.rule import Standing
from course.tutoring.follower import Follower, standing
from course.tutoring.questions import start

NOW = datetime(2026, 12, 7, 10, tzinfo=UTC)
SKILL = "rounds.scale"


@pytest.fixture
def now(two_units: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The course being studied, and a clock that goes on by a second whenever it is read, and that a test sets."""
    at = [NOW]

    def read() -> datetime:
        at[0] += timedelta(seconds=1)
        return at[0]

    monkeypatch.setattr(clock, "now", read)
    monkeypatch.setattr(record, "_last", datetime.min.replace(tzinfo=UTC))
    yield at


def two_right_ones_ahead(now: list[datetime]) -> None:
    """With the clock two years ahead; then it is set right."""
    now[0] += timedelta(days=730)
    session = start(SKILL)
    for _ in range(2):
        session.answer(right(session))
        session.deal()
    now[0] -= timedelta(days=730)


def receipts() -> list[Event]:
    return list(record.read().receipts)


# --------------------------------------------------------------------------- what a learner meets


def test_after_two_right_ones_ahead_misses_count_and_one_right_one_does_not_master(now: list[datetime]) -> None:
    two_right_ones_ahead(now)
    session = start(SKILL)
    assert session.state.row == 2
    session.answer(mistaken(session))
    assert session.did == "a miss: the row starts anew" and session.state.row == 0
    session.deal()
    session.answer(right(session))
    assert (session.state.row, session.state.mastered) == (1, False)
    assert (standing()[0].skill(SKILL).row, len(receipts())) == (1, 2)


def test_the_same_holds_in_a_session_in_which_the_clock_is_set_right(
    now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    now[0] += timedelta(days=730)
    session = start(SKILL)
    for _ in range(2):
        session.answer(right(session))
        session.deal()
    now[0] -= timedelta(days=730)
    session.answer(mistaken(session))
    assert session.state.row == 0
    with monkeypatch.context() as patch:
        patch.setattr(Standing, "replay", lambda *_: pytest.fail("once is enough"))
        session.deal()
        session.answer(right(session))
    assert (session.state.row, len(receipts())) == (1, 2)
    assert said_of(session.standing) == said_of(standing()[0])


def test_without_receipts_the_same_answers_would_master(now: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: what this file is about, with the receipts taken away."""
    two_right_ones_ahead(now)
    monkeypatch.setattr(record, "_horizon", lambda: record.LATEST)
    session = start(SKILL)
    session.answer(mistaken(session))
    session.deal()
    session.answer(right(session))
    assert standing()[0].skill(SKILL).mastered


def test_it_is_said_while_the_date_lies_ahead_and_met_once(now: list[datetime]) -> None:
    two_right_ones_ahead(now)
    for _ in range(3):
        assert standing()[1].startswith("2 events are dated after now")
        assert len(receipts()) == 2
    assert Follower().warning == standing()[1]
    now[0] += timedelta(days=731)
    assert standing()[1] == Follower().warning == ""


def test_what_is_a_few_minutes_ahead_needs_no_receipt(now: list[datetime]) -> None:
    record.append(Event("answer", UNIT, skill=SKILL, at=NOW + timedelta(minutes=5)))
    assert receipts() == []


def test_a_clock_that_cannot_be_right_writes_no_receipts(now: list[datetime]) -> None:
    for n in range(5):
        record.append(Event("answer", UNIT, SKILL, SKILL, {"n": n}, right=True))
    before = said_of(standing()[0])
    now[0] = datetime(2000, 1, 1, tzinfo=UTC)  # an empty battery
    assert said_of(Follower().standing) == said_of(standing()[0]) == before
    assert receipts() == [] and "5 events are dated after now" in standing()[1]


@pytest.mark.parametrize("why", ["nobody is there", "the record cannot be written"])
def test_where_no_receipt_can_be_written_it_holds_for_the_reading(
    now: list[datetime], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    two_right_ones_ahead(now)
    content = record.text()
    if why == "nobody is there":
        monkeypatch.setattr(kernel_info, "person_present", lambda: False)
    else:
        monkeypatch.setattr(record, "write_lines", lambda *_: (_ for _ in ()).throw(OSError(30, "read-only")))
    replay = record.read()
    assert record.text() == content
    assert all(event.at <= now[0] for event in replay.events) and len(replay.events) == 2


def test_an_earlier_receipt_is_taken_whoever_wrote_it(now: list[datetime]) -> None:
    two_right_ones_ahead(now)
    ahead = record.parse(record.text()).events[0]
    for hours in (1, 5, 3):
        record.append(Event("receipt", UNIT, of=ahead.id, at=NOW - timedelta(hours=hours)))
    assert next(event.at for event in record.read().events if event.id == ahead.id) == NOW - timedelta(hours=5)


def test_a_receipt_moves_no_event_to_a_later_time(now: list[datetime]) -> None:
    event = Event("answer", UNIT, skill=SKILL)
    record.append(event)
    record.append(Event("receipt", UNIT, of=event.id, at=event.at + timedelta(days=1)))
    assert record.read().events == (event,)


def test_an_older_course_keeps_receipts_and_does_not_count_them(
    now: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_right_ones_ahead(now)
    written = receipts()
    monkeypatch.setattr(record, "VERSION", 2)
    replay = record.parse(record.text())
    assert {receipt.id for receipt in written} <= replay.uncounted and replay.torn == 0
    assert all(record.line_of(receipt) in record.merge(record.text(), b"") for receipt in written)


# --------------------------------------------------------------------------- the same on any machine


@given(
    answered=st.lists(st.tuples(st.integers(-9, 9), st.booleans()), max_size=10),
    met=st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 9)), max_size=8),
    chance=st.randoms(use_true_random=False),
)
def test_the_same_lines_tell_the_same_in_any_order_and_however_they_were_joined(
    answered: list[tuple[int, bool]], met: list[tuple[int, int]], chance: random.Random
) -> None:
    events = [
        Event("answer", "01-composition", "composition.count", "e", {"n": n}, right=right, at=NOW + timedelta(days=day), id=f"e{n}")
        for n, (day, right) in enumerate(answered)
    ]  # fmt: skip
    events += [
        Event("receipt", "01-composition", of=f"e{of}", at=NOW + timedelta(days=day), id=f"r{n}")
        for n, (of, day) in enumerate(met)
    ]
    lines = [record.line_of(event) for event in events]
    told = record.parse(b"".join(lines))
    shuffled = lines * 2
    chance.shuffle(shuffled)
    cut = chance.randrange(len(shuffled) + 1)
    joined = record.merge(b"".join(shuffled[:cut]), b"".join(shuffled[cut:]))
    again = record.parse(joined)
    assert again.events == told.events
    where = [Standing(syllabus.load(), replay.events) for replay in (told, again)]
    assert said_of(where[0]) == said_of(where[1])
    for event in told.events:
        own = next(e for e in events if e.id == event.id)
        assert event.at == min([own.at, *(r.at for r in events if r.of == event.id)])
        assert msgspec.structs.replace(event, at=own.at) == own
