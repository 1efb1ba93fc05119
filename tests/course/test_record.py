"""The record: what was written is read back, whatever happens around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.errors import CourseError
from course.mastery import record
from course.mastery.record import Event

plain = st.recursive(
    st.one_of(st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False), st.text(), st.booleans()),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
events = st.builds(
    Event,
    kind=st.sampled_from(["answer", "continue"]),
    unit=st.text(),
    skill=st.text(),
    exercise=st.text(),
    arguments=st.dictionaries(st.text(), plain, max_size=3),
    seed=st.one_of(st.none(), st.integers(0, 2**31)),
    right=st.booleans(),
    hints=st.integers(0, 5),
)


@given(st.lists(events, max_size=8))
def test_what_was_written_is_read_back_in_order(tmp_path_factory: pytest.TempPathFactory, written: list[Event]) -> None:
    path = tmp_path_factory.mktemp("record") / "record.jsonl"
    for event in written:
        record.append(event, path)
    replay = record.read(path)
    assert list(replay.events) == written
    assert replay.warning == ""


@given(st.lists(events, min_size=2, max_size=5), st.data())
def test_a_torn_last_line_costs_that_line_alone(
    tmp_path_factory: pytest.TempPathFactory, written: list[Event], data
) -> None:
    path = tmp_path_factory.mktemp("record") / "record.jsonl"
    for event in written[:-1]:
        record.append(event, path)
    whole = path.read_bytes()
    last = whole.splitlines()[-1]
    path.write_bytes(whole[: len(whole) - data.draw(st.integers(2, len(last)))])
    record.append(written[-1], path)
    replay = record.read(path)
    assert list(replay.events) == [*written[:-2], written[-1]]
    assert replay.torn <= 1


def test_a_duplicate_counts_once_and_a_later_version_is_kept_but_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    event = Event("answer", "02-jacobians", right=True)
    record.append(event, path)
    line = path.read_text()
    future = json.loads(line) | {"v": 99, "id": "later", "colour": "green"}
    path.write_text(line + line + json.dumps(future) + "\n[1, 2]\n\n")
    replay = record.read(path)
    assert replay.events == (event,)
    assert (replay.newer, replay.torn) == (1, 1)
    assert "later version" in replay.warning
    assert "99" in path.read_text()


def test_two_processes_writing_at_once_lose_nothing(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "record.jsonl"
    program = (
        "from course.mastery.record import *; from pathlib import Path; import sys\n"
        "for i in range(100):\n"
        "    append(Event('answer', sys.argv[2], arguments={'i': i, 'pad': 'x' * 500}), Path(sys.argv[1]))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name], cwd=root) for name in ("a", "b", "c")]
    assert [process.wait() for process in running] == [0, 0, 0]
    replay = record.read(path)
    assert replay.warning == ""
    for name in "abc":
        assert [e.arguments["i"] for e in replay.events if e.unit == name] == list(range(100))


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's way to have a full disk")
def test_a_full_disk_gives_one_sentence() -> None:
    with pytest.raises(CourseError, match="could not be written"):
        record.append(Event("answer", "u"), Path("/dev/full"))


def test_a_record_that_cannot_be_made_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="could not be written"):
        record.append(Event("answer", "u"), tmp_path / "file" / "record.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        record.read(tmp_path / "folder")


def test_no_record_is_an_empty_record(tmp_path: Path) -> None:
    assert record.read(tmp_path / "none").events == ()


def test_the_record_is_the_learners_alone(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    record.append(Event("answer", "u"), path)
    assert os.stat(path).st_mode & 0o077 == 0
