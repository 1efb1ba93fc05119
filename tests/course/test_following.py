"""Following a record that others write, too: what was taken as it came is what a replay of all of it tells."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from histories import said_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from practice_course import UNIT
from proving import count

from course import clock
from course.mastery import record, timeline
from course.mastery.record import Event
from course.mastery.rule import Standing
from course.tutoring.follower import Follower, standing

BEGAN = datetime(2024, 1, 5, 9, tzinfo=UTC)


def answered(number: int, right: bool, **what: object) -> Event:
    """The answer to a short question, on a variant of its own, `number` minutes after the beginning."""
    said = {"at": BEGAN + timedelta(minutes=number), "id": f"{number:032x}", "arguments": {"n": number}} | what
    skill = "rounds.scale" if number % 3 else "rounds.trend"
    return Event("answer", UNIT, skill=skill, exercise=f"{skill}.short", right=right, **said)  # type: ignore[arg-type]


class Shelf:
    """A record, whoever follows it, and all that may happen to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number: Iterator[int] = itertools.count(100)
        self.follower = Follower()

    def next(self, right: bool, **what: object) -> Event:
        return answered(next(self.number), right, **what)

    def do(self, step: str, right: bool) -> None:
        getattr(self, step)(right)

    def elsewhere(self, right: bool) -> None:
        record.append(self.next(right))

    def several_elsewhere(self, right: bool) -> None:
        record.add([record.line_of(self.next(one)) for one in (right, True, True, right)])

    def here(self, right: bool) -> None:
        event = self.next(right)
        self.follower.catch_up()
        self.follower.write(event)
        self.follower.standing.take(event)

    def in_another_form(self, right: bool) -> None:
        event = self.next(right)
        record.append(event)
        self.follower.catch_up()

    def in_another_form_with_more_before(self, right: bool) -> None:
        self.elsewhere(right)
        self.in_another_form(right)

    def a_little_late(self, right: bool) -> None:
        """Another kernel's clock is behind, or it wrote while this one was about to."""
        at = BEGAN + timedelta(minutes=next(self.number) - 1.5)
        record.append(self.next(right, at=at))

    def while_this_one_writes(self, right: bool) -> None:
        mine, other = self.next(right), self.next(not right)
        self.follower.catch_up()
        record.append(other)
        self.follower.write(mine)
        self.follower.standing.take(mine)

    def a_receipt(self, right: bool) -> None:
        """For the last event, which counts as of a minute before the one before it; or for one that is to come."""
        events = record.read().events
        of = events[-1].id if right and events else f"{next(self.number) + 1:032x}"
        at = events[-1].at - timedelta(minutes=1.5) if events else BEGAN
        record.append(Event("receipt", UNIT, of=of, at=at))

    def a_kind_of_a_later_version(self, right: bool) -> None:
        line = record.line_of(msgspec.structs.replace(self.next(right), v=record.VERSION + 1))
        self.append(line.replace(b'"kind":"answer"', b'"kind":"sung"'))

    def dated_before_all(self, right: bool) -> None:
        record.append(answered(100 - next(self.number), right))

    def dated_after_now(self, right: bool) -> None:
        record.append(self.next(right, at=clock.now() + timedelta(days=2)))

    def of_two_questions(self, right: bool) -> None:
        record.append(self.next(right, options=2))

    def a_line_again(self, right: bool) -> None:
        self.append(self.path.read_bytes().splitlines(keepends=True)[0] if self.path.exists() else b"\n")

    def an_id_again(self, right: bool) -> None:
        events = record.read().events
        self.append(record.line_of(self.next(right, id=events[0].id if events else "a")))

    def a_torn_line(self, right: bool) -> None:
        self.append(record.line_of(self.next(right))[:40] + b"\n")

    def written_by_hand(self, right: bool) -> None:
        self.append(record.line_of(self.next(right)))

    def half_a_line(self, right: bool) -> None:
        self.append(record.line_of(self.next(right))[:40])

    def a_line_without_its_end(self, right: bool) -> None:
        self.append(record.line_of(self.next(right))[:-1])

    def a_later_versions_line(self, right: bool) -> None:
        self.append(record.line_of(msgspec.structs.replace(self.next(right), v=record.VERSION + 1)))

    def another_order_and_more(self, right: bool) -> None:
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        self.path.write_bytes(b"".join(line + b"\n" for line in reversed(lines)))
        self.elsewhere(right)

    def less(self, right: bool) -> None:
        if self.path.exists():
            self.path.write_bytes(b"".join(self.path.read_bytes().splitlines(keepends=True)[:-1]))

    def less_and_more(self, right: bool) -> None:
        self.less(right)
        self.several_elsewhere(right)

    def append(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(content)


STEPS = sorted(name for name in vars(Shelf) if name not in ("next", "do", "append") and not name.startswith("_"))
GROWTH = ["elsewhere", "several_elsewhere", "here", "in_another_form", "in_another_form_with_more_before", "a_little_late",
          "while_this_one_writes", "a_torn_line", "a_later_versions_line", "a_kind_of_a_later_version"]  # fmt: skip
MANY = st.lists(st.tuples(st.sampled_from(STEPS) | st.sampled_from(GROWTH), st.booleans()), min_size=1, max_size=12)


@pytest.fixture
def path(two_units: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISOMETRY_RECORD", str(two_units / "followed.jsonl"))
    monkeypatch.setattr(timeline, "STRIDE", 4)
    return Path(os.environ["ISOMETRY_RECORD"])


@settings(max_examples=count(600, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=MANY)
@example(steps=[("elsewhere", True), ("an_id_again", False), ("elsewhere", True)])
@example(steps=[("a_later_versions_line", True), ("elsewhere", True), ("here", True)])
@example(steps=[("a_line_without_its_end", True), ("elsewhere", True)])
@example(steps=[("a_line_without_its_end", True), ("written_by_hand", True)])
@example(steps=[("elsewhere", True), ("elsewhere", True), ("dated_before_all", False)])
@example(steps=[("dated_after_now", True), ("here", True), ("elsewhere", True)])
@example(steps=[("dated_after_now", True), ("dated_after_now", True)])
@example(steps=[*[("elsewhere", True)] * 9, ("a_little_late", False), *[("here", True)] * 5, ("a_little_late", False)])
@example(steps=[("here", True), ("while_this_one_writes", False), ("while_this_one_writes", True)])
@example(steps=[("a_receipt", False), ("here", True), ("here", True), ("a_receipt", True), ("elsewhere", True)])
@example(steps=[*[("several_elsewhere", True)] * 3, ("a_receipt", True), ("a_receipt", True)])
@example(steps=[("elsewhere", True), ("dated_after_now", True), ("a_line_again", True), ("dated_after_now", True)])
def test_a_followed_standing_is_what_a_replay_tells_whatever_happened_to_the_record(
    path: Path, steps: list[tuple[str, bool]]
) -> None:
    path.unlink(missing_ok=True)
    shelf = Shelf(path)
    for step, right in steps:
        shelf.do(step, right)
        shelf.follower.catch_up()
        replayed, warning = standing()
        assert said_of(shelf.follower.standing) == said_of(replayed), step
        assert shelf.follower.warning == warning


@given(steps=st.lists(st.tuples(st.sampled_from(GROWTH), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=count(200, 15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_a_record_only_grew_nothing_is_replayed_and_only_what_is_new_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, bool]]
) -> None:
    path.unlink(missing_ok=True)
    record.add([record.line_of(answered(number, True)) for number in range(50)])
    shelf = Shelf(path)
    read: list[int] = []
    real = record.text
    with monkeypatch.context() as patch:
        patch.setattr(Standing, "replay", lambda *_: pytest.fail("all of it was replayed"))
        patch.setattr(record, "text", lambda *a, **k: read.append(len(got := real(*a, **k))) or got)
        for step, right in steps:
            before = record.size()
            shelf.do(step, right)
            shelf.follower.catch_up()
            longest = len(record.line_of(answered(999, False)))
            assert sum(read) <= record.size() - before + longest, "what is new, and the line before it"
            read.clear()
    assert said_of(shelf.follower.standing) == said_of(standing()[0])


@pytest.mark.parametrize("fault", ["what comes late is taken last", "what was seen is not taken back"])
def test_a_timeline_that_does_not_put_late_events_in_their_place_is_found_out(
    path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The planted faults: the property above is one that can fail."""
    if fault == "what comes late is taken last":
        monkeypatch.setattr(timeline.Timeline, "_comes_next", lambda *_: True)
    else:
        monkeypatch.setattr(Standing, "restore", lambda self, then: self.skills.update(self._copied(then).skills))
    shelf = Shelf(path)
    for right in [False] * 7 + [True]:
        shelf.do("elsewhere", right)
        shelf.follower.catch_up()
    shelf.do("a_little_late", False)
    shelf.follower.catch_up()
    assert said_of(shelf.follower.standing) != said_of(standing()[0])
