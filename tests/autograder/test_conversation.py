"""A kernel and the line to it: what comes through, what a notebook shows of it, and what ends when, whatever is done to it."""

from __future__ import annotations

import json
import os
import re
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from test_warm import outputs_in_ipykernel

from autograder import channel, conversation, frames, outputs, sandbox
from autograder.conversation import Conversation, Died, Stubborn
from autograder.examiner import Examiner
from autograder.frames import LARGEST, Clear, Display, Done, Failure, Frame, Reader, Result, Run, Stream
from autograder.outputs import MOST, TRUNCATED, Outputs
from autograder.sandbox import Fence
from autograder.sandboxed import Plan
from autograder.warm import Client, Server

ALIKE = Path(__file__).with_name("alike.txt")

# --------------------------------------------------------------------------- what comes through

WORDS = st.text(st.characters(), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    "text/plain text/html image/png image/svg+xml application/json application/x+json application/x+json\n +json x".split(
        " "
    )
)
BUNDLES = st.dictionaries(KINDS | WORDS, JSON, max_size=4)
NAMES = st.none() | st.sampled_from("abc")
NUMBERS = st.integers(0, 2**53 - 1)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Stream, st.sampled_from(["stdout", "stderr"]), WORDS),
    st.builds(Display, BUNDLES, st.dictionaries(WORDS, JSON, max_size=3), NAMES, st.booleans()),
    st.builds(Result, BUNDLES, st.dictionaries(WORDS, JSON, max_size=3), NUMBERS),
    st.builds(Failure, WORDS, WORDS, st.lists(WORDS, max_size=3)),
    st.builds(Clear, st.booleans()),
    st.builds(Done, NUMBERS, st.none() | NUMBERS, st.none() | st.builds(Failure, WORDS, WORDS, st.lists(WORDS))),
)


def framed(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def read(data: bytes, cuts: Sequence[int]) -> tuple[list[Frame], bool]:
    """What comes of these bytes, which arrive in pieces; and whether something did not."""
    reader, found = Reader(), []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        found += reader.frames(data[start:end])
    return found, reader.lost


def told(frame: Frame) -> Any:
    """A frame as it is sent: what is no JSON is made some."""
    return msgspec.json.decode(frames.packed(frame)[4:])


@given(st.lists(FRAMES, max_size=6), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent: list[Frame], data: st.DataObject) -> None:
    whole = b"".join(map(frames.packed, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    found, lost = read(whole, cuts)
    assert [told(frame) for frame in found] == [told(frame) for frame in sent] and not lost


DEEP = b'{"type":"display","data":{"application/json":' + b"[" * 100_000 + b"]" * 100_000 + b'},"metadata":{}}'
JUNK = {
    "nothing": b"",
    "no JSON": b"\xff\x00{{",
    "no frame": b'{"type":"execute_reply"}',
    "parts of a frame": b'{"type":"stream","name":"stdout"}',
    "another stream": b'{"type":"stream","name":"stdin","text":""}',
    "no number of a cell": b'{"type":"done","cell":-1}',
    "no number of a result": b'{"type":"result","data":{},"metadata":{},"number":1e400}',
    "a number that is none": b'{"type":"done","cell":NaN}',
    "too deep": DEEP,
    "half a character": b'{"type":"stream","name":"stdout","text":"\\ud800"}',
    "bytes that are no text": b'{"type":"stream","name":"stdout","text":"\xed\xa0\x80"}',
    "a number of many digits": b'{"type":"display","data":{"application/json":1' + b"0" * 100_000 + b'},"metadata":{}}',
    "too large": b" " * (LARGEST + 1),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_what_is_no_frame_is_left_out_and_said_to_be_and_the_next_still_comes(junk: bytes) -> None:
    before, after = Stream("stdout", "before"), Done(1)
    whole = frames.packed(before) + framed(junk) + frames.packed(after)
    for step in (1 << 18, 4096, len(whole)):
        assert read(whole, range(step, len(whole), step)) == ([before, after], True)


@given(st.lists(st.binary(max_size=40) | FRAMES, max_size=8), st.data())
def test_frames_between_any_other_bytes_of_an_honest_length_come_out(
    sent: list[bytes | Frame], data: st.DataObject
) -> None:
    whole = b"".join(framed(part) if isinstance(part, bytes) else frames.packed(part) for part in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    found, _ = read(whole, cuts)
    assert [told(f) for f in found] == [told(f) for f in sent if not isinstance(f, bytes)]


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_are_read_and_no_more_is_held_than_one_frame(pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        reader.frames(piece)
        assert len(reader._held) <= LARGEST + 4


def test_of_four_gigabytes_that_were_promised_nothing_is_held() -> None:
    reader = Reader()
    reader.frames(struct.pack(">I", 2**32 - 1))
    for _ in range(2**32 // (1 << 24)):
        assert reader.frames(bytes(1 << 24)) == [] and len(reader._held) <= 4
    assert reader.lost
    assert reader.frames(frames.packed(Done(3))[1:]) == [Done(3)], "the promise was one byte short of 2³²"


def test_half_of_a_pair_is_packed_as_a_question_mark() -> None:
    data = {"text/plain": "a\ud800b", "\udfff": ["\ud800", {"x": "\ud800"}]}
    (found,), _ = read(frames.packed(Display(data, {})), [])
    assert found == Display({"text/plain": "a?b", "?": ["?", {"x": "?"}]}, {})
    assert frames.packed(Run(1, "\ud83d\ude00"))[4:] == b'{"number":1,"source":"??"}'


# --------------------------------------------------------------------------- what a notebook shows of it


def shown(*given: Frame, before: Outputs | None = None) -> list[NotebookNode]:
    kept = before or Outputs()
    kept.begin()
    for frame in given:
        kept.take(frame)
    return kept.end()


def out(text: str) -> Stream:
    return Stream("stdout", text)


def text(value: str, name: str | None = None, update: bool = False) -> Display:
    return Display({"text/plain": value}, {}, name, update)


def brief(found: Sequence[NotebookNode]) -> list[str]:
    """Outputs in short: the text of streams, what is displayed in brackets."""
    return [o.text if o.output_type == "stream" else f"[{o.data['text/plain']}]" for o in found]


NOW, LATER = Clear(False), Clear(True)
SHOWN: dict[str, tuple[list[Frame], list[str]]] = {
    "streams join": ([out("a"), out("b"), Stream("stderr", "c"), out("d")], ["ab", "c", "d"]),
    "a picture parts them": ([out("a"), text("x"), out("b")], ["a", "[x]", "b"]),
    "cleared at once": ([out("a"), NOW, out("b")], ["b"]),
    "cleared by the next": ([out("a"), LATER, out("b")], ["b"]),
    "not cleared if there is no next": ([out("a"), LATER], ["a"]),
    "cleared once": ([LATER, out("a"), out("b"), text("x")], ["ab", "[x]"]),
    "an update clears nothing": ([text("x", "n"), LATER, text("y", "n", True)], ["[y]"]),
    "an update": ([text("x", "n"), text("y", "n", True)], ["[y]"]),
    "an update of what is not there": ([text("y", "n", True)], []),
    "an update without a name": ([text("x"), Display({"text/plain": "y"}, {}, None, True)], ["[x]"]),
    "all of one name": ([text("x", "n"), text("y", "n"), text("z", "m")], ["[y]", "[y]", "[z]"]),
    "an update of what was cleared": ([text("x", "n"), NOW, text("y", "n", True), text("z", "n")], ["[z]"]),
}


@pytest.mark.parametrize(("given", "left"), SHOWN.values(), ids=SHOWN)
def test_what_a_cell_has_shown_is_what_is_left_at_its_end(given: list[Frame], left: list[str]) -> None:
    assert brief(shown(*given)) == left


def test_an_update_changes_what_earlier_cells_show() -> None:
    kept = Outputs()
    first = shown(text("x", "n"), before=kept)
    second = shown(text("y", "n"), NOW, text("z", "n", True), before=kept)
    assert brief(first) == ["[z]"] and second == []


def test_what_is_too_much_is_said_to_be_and_what_was_cleared_does_not_count() -> None:
    half = "x" * (MOST // 2)
    assert brief(shown(out(half), out(half), out("more"))) == [half, TRUNCATED]
    assert brief(shown(*[out(half), NOW] * 9, out("left"))) == ["left"]
    assert brief(shown(*[out(half), LATER] * 9, out("left"))) == ["left"]
    assert brief(shown(out(half), out(half), NOW, out("left"))) == ["left"]
    assert brief(shown(text("x", "n"), *[text(half, "n", True)] * 9, text("left"))) == [f"[{half}]", "[left]"]


def test_a_notebook_is_bounded_too() -> None:
    kept, cell = Outputs(), "x" * (MOST - 1000)
    found = [brief(shown(out(cell), before=kept)) for _ in range(30)]
    assert found[0] == [cell] and found[-1] == [TRUNCATED]
    assert sum(map(len, map("".join, found))) < outputs.ALL + 30 * len(TRUNCATED)


def held(found: Sequence[NotebookNode]) -> int:
    return len(json.dumps(found))


def test_one_update_of_many_outputs_adds_no_more_than_a_cell_may() -> None:
    kept = Outputs()
    first = shown(*[text("x", "n")] * 2000, before=kept)
    second = shown(*[text("x" * 1_000_000, "n", True)] * 3, before=kept)
    assert held(first) < MOST and brief(second) == [TRUNCATED]


@pytest.mark.parametrize(
    "frame",
    [text("", "n"), Display({}, {}), Display({}, {}, "n", True), out(""), Failure("", "", []), NOW, LATER],
    ids=lambda frame: type(frame).__name__,
)
def test_a_million_empty_frames_cost_little_time_and_are_not_all_kept(frame: Frame) -> None:
    kept, started = Outputs(), time.process_time()
    left = shown(text("x", "n"), *[frame] * 100_000, before=kept)
    assert time.process_time() - started < 10.0 and len(left) < MOST // 300 + 2


def test_names_of_what_was_cleared_are_forgotten() -> None:
    kept = Outputs()
    shown(*(frame for i in range(10_000) for frame in (text("x", str(i)), NOW)), before=kept)
    assert not kept._named


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [10, 100, 400, 800])
def test_what_is_deep_is_cut_where_others_could_not_follow(levels: int) -> None:
    found, _ = read(frames.packed(Display({"application/json": deep(levels)}, {"x": deep(levels)}, "n")), [])
    left = shown(*found, *found)
    require_valid(left)
    assert ("…" in json.dumps(left, ensure_ascii=False)) == (levels > 60)


def require_valid(*cells: list[NotebookNode]) -> None:
    """A notebook with these outputs can be written, and is one."""
    made = new_notebook(cells=[new_code_cell(outputs=found) for found in cells])
    nbformat.validate(made)
    again = nbformat.reads(nbformat.writes(made), as_version=4)
    nbformat.validate(again)


@settings(max_examples=400)
@given(st.lists(FRAMES, max_size=12), st.integers(0, 12))
def test_whatever_frames_come_the_notebook_is_one(sent: list[Frame], cut: int) -> None:
    found, _ = read(b"".join(map(frames.packed, sent)), [])
    kept = Outputs()
    require_valid(shown(*found[:cut], before=kept), shown(*found[cut:], before=kept))


ODD: dict[str, dict[str, Any]] = {
    "a number for text": {"text/plain": 7, "text/html": None, "image/png": {"a": 1}},
    "lists for text": {"text/plain": ["a", "b"], "text/html": ["a", 1], "image/png": []},
    "JSON by name only": {"application/json\n": [], "x/json": [1], "application/+json": 1, "application/a/b+json": {}},
    "no kinds": {"": "x", "\x00": "y", "a" * 1000: "z", "text/plain ": []},
    "numbers": {"application/json": [10**400, -(10**4000), 1e308, float("nan"), float("-inf")]},
    "words of Python": {"__class__": "x", "update": "y", "application/json": {"__class__": 1, "items": 2}},
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_odd_bundles_leave_a_valid_notebook(data: dict[str, Any]) -> None:
    raw = json.dumps(data).replace("NaN", "1e308").replace("-Infinity", "null").encode()
    found, lost = read(framed(b'{"type":"display","data":' + raw + b',"metadata":' + raw + b"}"), [])
    assert found or lost
    require_valid(shown(*found))
