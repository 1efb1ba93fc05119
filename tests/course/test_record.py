"""The record: what was written is read back, whatever happens around it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import clock
from course.errors import CourseError
from course.mastery import record
from course.mastery.record import Event

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)

# No half surrogate pairs: `event_of` keeps them out, since no file can hold them.
text = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.recursive(
    st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), text, st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=2),
    max_leaves=6,
)
events = st.builds(
    Event,
    kind=st.sampled_from(["answer", "continue", "sitting", "stuck"]),
    unit=text,
    skill=text,
    exercise=text,
    arguments=st.dictionaries(text, plain, max_size=3),
    seed=st.one_of(st.none(), st.integers(0, 2**31)),
    right=st.booleans(),
    mistake=st.none() | text,
    hints=st.integers(0, 5),
    source=st.sampled_from(["practice", "check", "checkpoint"]),
    sitting=text,
    options=st.integers(0, 9),
    asked=text,
    given=text,
    accepted=text,
)
some_events = st.lists(events, max_size=8, unique_by=lambda event: event.id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.jsonl"


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """A clock that the test moves, and that leaves no trace in what later tests are dated."""
    now = [NOW]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    monkeypatch.setattr(record, "_last", datetime.min.replace(tzinfo=UTC))
    yield now


def line(event: Event, **other: object) -> bytes:
    """An event's line, with some of its fields made other."""
    return json.dumps(json.loads(msgspec.json.encode(event)) | other).encode() + b"\n"


# --------------------------------------------------------------------------- writing and reading


@given(some_events)
def test_what_was_written_is_read_back_in_order(tmp_path_factory: pytest.TempPathFactory, written: list[Event]) -> None:
    path = tmp_path_factory.mktemp("record") / "record.jsonl"
    for event in sorted(written, key=lambda event: event.at):
        record.append(event, path)
    replay = record.read(path)
    assert list(replay.events) == sorted(written, key=lambda event: event.at)
    assert replay.warning == ""


@given(some_events, st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_a_sound_record_read_at_once_and_line_by_line_tells_the_same(written: list[Event], minutes: list[int]) -> None:
    dated = [
        msgspec.structs.replace(event, at=NOW + timedelta(minutes=m))
        for event, m in zip(written, minutes, strict=False)
    ]
    content = b"".join(map(line, dated))
    assert record._all_at_once(content) == record._one_by_one(content)[0]
    for unsound in (b"{torn", line(Event("continue", "u"), v=99), line(Event("continue", "u"), at="2026-03-02T10:00")):
        assert record._all_at_once(content + unsound) is None
    assert not dated or record._all_at_once(content + line(dated[0])) is None


def test_events_of_one_kernel_never_tie_even_where_the_clock_stands_still(own_clock: list[datetime]) -> None:
    times = [Event("answer", "u").at for _ in range(50)]
    assert times == sorted(set(times))
    own_clock[0] -= timedelta(seconds=3)  # a correction of the clock, as a computer makes it
    assert Event("answer", "u").at > times[-1]


def test_a_clock_that_was_set_right_is_followed(own_clock: list[datetime]) -> None:
    own_clock[0] = NOW + timedelta(days=3650)
    Event("answer", "u")
    own_clock[0] = NOW
    assert Event("answer", "u").at == NOW


def test_events_share_no_arguments() -> None:
    one, other = Event("answer", "u"), Event("answer", "u")
    one.arguments["n"] = 1
    assert other.arguments == {}


def test_nan_and_infinity_leave_a_line_that_can_be_read(path: Path) -> None:
    event = Event("answer", "u", arguments={"a": float("nan"), "b": [float("inf"), 1.0]}, asked="nan", given="inf")
    record.append(event, path)
    (read,) = record.read(path).events
    assert read.arguments == {"a": None, "b": [None, 1.0]}
    assert (read.asked, read.given) == ("nan", "inf"), "the texts say what it was"
    assert record.variant_text(read.arguments) == record.variant_text(event.arguments), "it is the variant it was"


@given(st.dictionaries(text, plain, max_size=4))
def test_a_variant_has_one_text_before_and_after_it_was_written(arguments: dict) -> None:
    (read,) = record.parse(msgspec.json.encode(Event("answer", "u", arguments=arguments))).events
    assert record.variant_text(read.arguments) == record.variant_text(arguments)
    assert record.variant_text(dict(reversed(arguments.items()))) == record.variant_text(arguments)


# --------------------------------------------------------------------------- damage


@given(st.lists(events, min_size=2, max_size=4), st.data())
def test_a_torn_last_line_costs_that_line_alone(
    tmp_path_factory: pytest.TempPathFactory, written: list[Event], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("record") / "record.jsonl"
    for event in written[:-1]:
        record.append(event, path)
    whole = path.read_bytes()
    last = whole.splitlines()[-1]
    path.write_bytes(whole[: len(whole) - data.draw(st.integers(2, len(last)))])
    assert list(record.read(path).events) == written[:-2]
    record.append(written[-1], path)
    replay = record.read(path)
    assert list(replay.events) == [*written[:-2], written[-1]]
    assert replay.torn <= 1
    assert ("1 damaged line of your record was passed over" in replay.warning) == replay.torn


def test_a_last_line_that_lacks_only_its_end_counts(path: Path) -> None:
    first, second = Event("answer", "u"), Event("answer", "u")
    path.write_bytes(line(first).rstrip())
    record.append(second, path)
    assert record.read(path).events == (first, second)
    assert record.read(path).warning == ""


@pytest.mark.parametrize(
    "damage",
    [
        b"[1, 2]",
        b"null",
        b"not json",
        b"\xff\xfe\x00",
        b'{"kind":"answer","unit":"\xff","id":"a","at":"2026-01-01T00:00:00Z","v":2}',
        b'{"kind":"answer","unit":"u"}',
        b'{"kind":"answer","unit":"u","at":"2026-01-01T00:00:00Z","v":2}',
        b'{"kind":"answer","unit":"u","id":"a","v":2}',
        b'{"kind":"answer","unit":"u","id":"a","at":"2026-01-01T00:00:00Z"}',
        b'{"kind":"answer","unit":"u","id":"a","at":"yesterday","v":2}',
        b'{"kind":"answer","unit":"u","id":"a","at":"9999-12-31T23:59:59Z","v":2}',
        b'{"kind":"answer","unit":"u","id":"a","at":"0001-01-01T00:00:00+14:00","v":2}',
        b'{"kind":"sung","unit":"u","id":"a","at":"2026-01-01T00:00:00Z","v":2}',
        b'{"kind":"answer","unit":7,"id":"a","at":"2026-01-01T00:00:00Z","v":2}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda damage: repr(damage[:60]),
)
def test_a_damaged_line_is_passed_over_and_said(path: Path, damage: bytes) -> None:
    event = Event("answer", "u")
    path.write_bytes(damage + b"\n" + line(event) + b"\n  \n")
    replay = record.read(path)
    assert replay.events == (event,)
    assert (replay.torn, replay.newer) == (1, 0)
    assert replay.warning == "1 damaged line of your record was passed over; all others count."


@given(st.binary(max_size=400))
def test_no_bytes_break_it(content: bytes) -> None:
    record.parse(content)
    assert record.merge(content, content) == record.merge(content, b"")


def test_lines_that_an_editor_ended_in_its_own_way_are_read(path: Path) -> None:
    first, second = Event("answer", "u"), Event("answer", "u")
    path.write_bytes((line(first) + line(second)).replace(b"\n", b"\r\n"))
    assert record.read(path).events == (first, second)
    assert record.merge(path.read_bytes(), b"") == line(first) + line(second)


# --------------------------------------------------------------------------- duplicates, versions, clocks


def test_a_duplicate_counts_once() -> None:
    event = Event("answer", "u")
    assert record.parse(line(event) * 3).events == (event,)


def test_where_two_lines_claim_one_id_the_same_one_counts_whichever_comes_first() -> None:
    at = NOW - timedelta(days=1)
    one, other = Event("answer", "u", right=True, id="x", at=at), Event("answer", "u", right=False, id="x", at=at)
    early = Event("answer", "u", right=True, id="x", at=at - timedelta(days=1))
    assert record.parse(line(one) + line(other)) == record.parse(line(other) + line(one))
    assert record.parse(line(one) + line(early)).events == record.parse(line(early) + line(one)).events == (early,)


def test_a_later_version_is_kept_and_not_counted_and_survives_merging_and_taking_in(path: Path) -> None:
    event = Event("answer", "02-jacobians", right=True)
    alike = line(event, v=record.VERSION + 1, id="later", colour="green")
    other = line(event, v=99, id="latest", kind="sung", unit=["a", "b"])
    path.write_bytes(line(event) + alike + other)
    replay = record.read(path)
    assert replay.events == (event,)
    assert (replay.newer, replay.torn) == (2, 0)
    assert "2 events were written by a later version" in replay.warning and "kept" in replay.warning
    merged = record.merge(path.read_bytes(), line(Event("answer", "u")))
    assert alike in merged and other in merged
    elsewhere = path.with_name("elsewhere.jsonl")
    assert record.add(list(record.by_id(path.read_bytes()).values()), elsewhere) == 3
    assert elsewhere.read_bytes() == path.read_bytes()


V1 = (
    b'{"kind": "answer", "unit": "jacobians", "skill": "jacobians.scale", "exercise": "jacobians.gradient_scale", '
    b'"arguments": {"norm": 0.9, "depth": 10}, "seed": 77, "content": "0123456789ab", "right": false, '
    b'"mistake": "linear_in_depth", "hints": 0, "first": true, "source": "practice", '
    b'"at": "2026-01-05T09:30:00.123+00:00", "id": "5d41402abc4b2a76b9719d911017c592", "v": 1}\n'
    b'{"kind": "answer", "unit": "jacobians", "skill": "jacobians.vjp", "exercise": "jacobians.pull_back", '
    b'"arguments": {}, "seed": 0, "content": "0123456789ab", "right": true, "mistake": null, "hints": 1, '
    b'"first": true, "source": "check", "at": "2026-01-05T09:31:00.000+00:00", '
    b'"id": "7d793037a0760186574b0282f2f435e7", "v": 1}\n'
    b'{"kind": "continue", "unit": "02-jacobians", "skill": "", "exercise": "", "arguments": {}, "seed": null, '
    b'"content": "", "right": false, "mistake": null, "hints": 0, "first": true, "source": "practice", '
    b'"at": "2026-01-05T09:32:00.000+00:00", "id": "9bf31c7ff062936a96d3c8bd1f8f2ff3", "v": 1}\n'
)
"""Lines as the first version of the course wrote them."""


def test_what_the_first_version_wrote_is_read(path: Path) -> None:
    path.write_bytes(V1)
    replay = record.read(path)
    assert replay.warning == ""
    wrong, passed, went_on = replay.events
    assert (wrong.exercise, wrong.arguments) == ("jacobians.gradient_scale", {"norm": 0.9, "depth": 10})
    assert (wrong.mistake, wrong.right, wrong.options, wrong.asked) == ("linear_in_depth", False, 0, "")
    assert wrong.at == datetime(2026, 1, 5, 9, 30, 0, 123000, tzinfo=UTC)
    assert (passed.source, passed.right, passed.hints) == ("check", True, 1)
    assert (went_on.kind, went_on.unit, went_on.v) == ("continue", "02-jacobians", 1)
    record.append(Event("answer", "u"), path)
    assert path.read_bytes().startswith(V1), "old lines stay as they are"
    assert len(record.read(path).events) == 4


@pytest.mark.parametrize("at", ["2026-01-05T10:00:00", "2026-01-05T12:00:00+02:00", "2026-01-05T10:00:00.000Z"])
def test_any_form_of_a_time_is_read_as_utc(at: str) -> None:
    (event,) = record.parse(line(Event("answer", "u"), at=at)).events
    assert event.at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert event.at.tzinfo is UTC


def test_times_order_events_and_not_their_places_in_the_file() -> None:
    times = [NOW - timedelta(hours=h) for h in (3, 1, 2)]
    written = [Event("answer", "u", at=at.astimezone(timezone(timedelta(hours=h)))) for h, at in enumerate(times)]
    assert [e.at for e in record.parse(b"".join(map(line, written))).events] == sorted(times)


def test_events_dated_after_now_count_and_are_said(own_clock: list[datetime], path: Path) -> None:
    record.append(Event("answer", "u"), path)
    own_clock[0] += timedelta(days=30)
    record.append(Event("answer", "u"), path)
    assert record.read(path).warning == ""
    own_clock[0] -= timedelta(days=20)  # set back to before the second event
    replay = record.read(path)
    assert len(replay.events) == 2
    assert replay.warning.startswith(
        "1 event is dated after now: this computer's clock is, or was, wrong. It counts as of"
    )
    own_clock[0] -= timedelta(days=20)
    assert "2 events are dated after now" in record.read(path).warning


def test_a_clock_a_few_minutes_off_is_not_remarked_upon(own_clock: list[datetime], path: Path) -> None:
    record.append(Event("answer", "u", at=NOW + record.AHEAD), path)
    assert record.read(path).warning == ""
    record.append(Event("answer", "u", at=NOW + record.AHEAD + timedelta(seconds=1)), path)
    assert "1 event is dated after now" in record.read(path).warning


# --------------------------------------------------------------------------- merging


@st.composite
def records(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """Three records with some events, some damage and some claims to the same id in common."""
    pool = [line(event) for event in draw(some_events)]
    pool += [line(Event("answer", unit, id="x", at=NOW)) for unit in ("a", "b")]
    pool += [line(Event("answer", "u", id="y", at=NOW), v=9), b"torn\n", b"\n", line(Event("answer", "z")).rstrip()]
    some = st.lists(st.sampled_from(pool), max_size=12).map(b"".join)
    return draw(some), draw(some), draw(some)


@given(records())
def test_merging_is_commutative_associative_and_idempotent(of: tuple[bytes, bytes, bytes]) -> None:
    a, b, c = of
    merge = record.merge
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == merge(a, b"") and merge(merge(a, b), b) == merge(a, b)


@given(records())
def test_a_merge_has_every_event_of_either_and_nothing_else(of: tuple[bytes, bytes, bytes]) -> None:
    a, b, _ = of
    merged = record.merge(a, b)
    assert set(record.by_id(merged)) == set(record.by_id(a)) | set(record.by_id(b))
    assert record.parse(merged).events == record.parse(a + b"\n" + b).events
    assert record.parse(merged).torn == 0
    times = [event.at for event in record.parse(merged).events]
    assert times == sorted(times)


# --------------------------------------------------------------------------- adding


@given(some_events, some_events)
def test_adding_twice_is_adding_once(
    tmp_path_factory: pytest.TempPathFactory, mine: list[Event], theirs: list[Event]
) -> None:
    path = tmp_path_factory.mktemp("record") / "record.jsonl"
    for event in mine:
        record.append(event, path)
    lines = [line(event) for event in [*theirs, *mine[:2], *theirs[:2]]]
    assert record.add(lines, path) == len(theirs)
    content = path.read_bytes() if path.exists() else b""
    assert {event.id for event in record.parse(content).events} == {event.id for event in [*mine, *theirs]}
    assert record.add(lines, path) == 0
    assert (path.read_bytes() if path.exists() else b"") == content, "nothing is written where nothing is new"


def test_what_the_record_has_stays_as_it_is(path: Path) -> None:
    mine, theirs = Event("answer", "u", id="x", right=True), Event("answer", "u", id="x", right=False)
    record.append(mine, path)
    assert record.add([line(theirs)], path) == 0
    assert record.read(path).events == (mine,)


# --------------------------------------------------------------------------- many at once


def test_processes_writing_at_once_lose_nothing(path: Path, root: Path) -> None:
    program = (
        "from course.mastery.record import *; from pathlib import Path; import sys\n"
        "for i in range(100):\n"
        "    append(Event('answer', sys.argv[2], arguments={'i': i, 'pad': 'x' * 500}), Path(sys.argv[1]))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name], cwd=root) for name in ("a", "b", "c")]
    while any(process.poll() is None for process in running):
        assert record.read(path).torn == 0, "a reader never sees half an event"
    assert [process.wait() for process in running] == [0, 0, 0]
    replay = record.read(path)
    assert replay.warning == ""
    for name in "abc":
        assert [e.arguments["i"] for e in replay.events if e.unit == name] == list(range(100))


def test_who_reads_waits_for_who_is_writing(path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = line(Event("answer", "u"))
    program = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'wb', buffering=0)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "file.write(sys.argv[2].encode()); print('half is written', flush=True)\n"
        "sys.stdin.readline(); file.write(sys.argv[3].encode())"
    )
    halves = [whole[:50].decode(), whole[50:].decode()]
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(path), *halves], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"half is written\n"
    waits, real = threading.Event(), fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        waits.set()
        real(descriptor, how)

    monkeypatch.setattr("portalocker.portalocker.LOCKER", flock)
    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(record.read, path)
        while not waits.wait(0.01) and not reading.done():
            pass
        writer.communicate(b"\n")
        assert reading.result().warning == ""
        assert len(reading.result().events) == 1


def test_processes_adding_the_same_events_at_once_add_each_once(path: Path, root: Path) -> None:
    source = path.with_name("source.jsonl")
    source.write_bytes(b"".join(line(Event("answer", "u", arguments={"n": n})) for n in range(400)))
    program = (
        "from course.mastery import record; from pathlib import Path; import sys\n"
        "print(record.add(Path(sys.argv[2]).read_bytes().splitlines(), Path(sys.argv[1])))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(source)], cwd=root, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    assert sorted(int(process.communicate()[0]) for process in running) == [0, 0, 400]
    assert path.read_bytes() == source.read_bytes()


# --------------------------------------------------------------------------- no room, no right

FULL = """
import resource, signal, sys
from pathlib import Path
from course.errors import CourseError
from course.mastery import record
from course.mastery.record import Event

path = Path(sys.argv[1])
record.append(Event("answer", "kept"), path)
before = path.read_bytes()
many = [record._encode(Event("answer", "added", arguments={"n": n})) for n in range(50)]

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for room in (0, 1, 40, len(before) - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
    for write in (lambda: record.append(Event("answer", "lost", asked="x" * 999), path), lambda: record.add(many, path)):
        try:
            write()
        except CourseError as error:
            print(error)
        assert path.read_bytes() == before, "a half written line was cut off again"

resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
record.append(Event("answer", "after"), path)
assert record.add(many, path) == 50
"""


def test_on_a_full_disk_nothing_is_half_kept_and_one_sentence_says_so(path: Path, root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 8 and done.stderr == ""
    assert all("could not be written to your record" in one and "Free some space" in one for one in said[::2])
    assert all("could not be added to your record" in one and "is as it was" in one for one in said[1::2])
    replay = record.read(path)
    assert replay.warning == ""
    assert [event.unit for event in replay.events if event.unit != "added"] == ["kept", "after"]
    assert len(replay.events) == 52


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's way to have a full disk")
def test_a_device_without_room_gives_one_sentence() -> None:
    with pytest.raises(CourseError, match="No space left on device"):
        record.append(Event("answer", "u"), Path("/dev/full"))
    with pytest.raises(CourseError, match="What you did could not be written"):
        record.append(Event("continue", "u"), Path("/dev/full"))


def test_a_record_that_cannot_be_made_or_read_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="could not be written"):
        record.append(Event("answer", "u"), tmp_path / "file" / "record.jsonl")
    with pytest.raises(CourseError, match="could not be added"):
        record.add([line(Event("answer", "u"))], tmp_path / "file" / "record.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        record.read(tmp_path / "folder")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_folder_without_locks_has_a_record_too_and_a_broken_disk_is_said(
    path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(descriptor: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("portalocker.portalocker.LOCKER", flock)
    if number == errno.EIO:
        with pytest.raises(CourseError, match="Input/output error"):
            record.append(Event("answer", "u"), path)
        return
    record.append(Event("answer", "u"), path)
    assert record.add([line(Event("answer", "u"))], path) == 1
    assert len(record.read(path).events) == 2


def test_no_record_is_an_empty_record(tmp_path: Path) -> None:
    assert record.read(tmp_path / "none").events == ()
    assert record.text(tmp_path / "none") == b"" and record.size(tmp_path / "none") == 0


def test_the_record_is_the_learners_alone_and_holds_no_name(path: Path) -> None:
    record.append(Event("answer", "u"), path)
    assert os.stat(path).st_mode & 0o077 == 0
    assert not {"name", "user", "learner", "email", "host"} & set(json.loads(path.read_text()))
