"""A kernel and the line to it: what comes through, what a notebook shows of it, and what ends when, whatever is done to it."""

from __future__ import annotations

import json
import os
import re
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
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

from autograder.judging.examiner import Examiner
from autograder.judging.protocol import limits
from autograder.kernels import connection, frames, outputs, sandbox
from autograder.kernels.connection import CellWontStop, Died, KernelConnection
from autograder.kernels.forkserver.client import ForkClient
from autograder.kernels.forkserver.server import ForkServer
from autograder.kernels.frames import LARGEST, Clear, Display, Done, Failure, Frame, Reader, Result, Run, Stream
from autograder.kernels.kernel_entry import SandboxSpec
from autograder.kernels.outputs import MOST, TRUNCATED, Outputs
from autograder.kernels.sandbox import SandboxPolicy

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
    outputs = shown(*found)
    require_valid(outputs)
    for output in outputs:  # a page is made of them: nbconvert looks up names in what is said of a kind
        assert all(isinstance(said, dict) for kind, said in output.metadata.items() if kind in output.data)


# --------------------------------------------------------------------------- the same as in a notebook

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def client() -> Iterator[ForkClient]:
    with ForkServer() as server:
        made = ForkClient(server.place)
        yield made
        made.close()


@contextmanager
def kernel(
    client: ForkClient, folder: Path, plan: Path | None = None, **environment: str
) -> Iterator[KernelConnection]:
    """A kernel that is ready; it ends with the block."""
    made = KernelConnection(client, folder, {"HOME": str(folder), **environment}, plan)
    try:
        yield made
    finally:
        made.end()


def run(
    kernel: KernelConnection, source: str, seconds: float = 60.0, into: Outputs | None = None
) -> list[NotebookNode]:
    """What a cell shows."""
    kept = into or Outputs()
    kept.begin()
    kernel.run(source, seconds, kept.take, lambda: None)
    return kept.end()


def said(found: Sequence[NotebookNode]) -> str:
    """What it printed, what it displayed as text, and the names of its errors."""
    return "".join(o.get("text", "") + o.get("ename", "") + o.get("data", {}).get("text/plain", "") for o in found)


def alike() -> tuple[list[str], dict[str, str]]:
    """The cells of `alike.txt`; and those that show something else, with the reason."""
    found, reasons = list[str](), dict[str, str]()
    for part in ALIKE.read_text(encoding="utf-8").split("\n# %%")[1:]:
        reason, _, source = part.partition("\n")
        found.append(source)
        if reason:
            reasons[source] = reason.strip()
    return found, reasons


OTHER = (
    (r"0x[0-9a-f]{6,}|(?<=object at )[0-9a-f]{6,}", "ADDRESS"),
    (r"[0-9a-f]{32}", "MODEL"),
    (r"\d[\d.e+]* ?([nmuµμ]?s)\b", "TIME"),
    (r"/[^\s\"']*/ipykernel_\d+/\d+\.py", "CELL"),
    (r"\d+ times\)", "TIMES)"),
)
"""What is another each time."""


def as_compared(found: Sequence[NotebookNode]) -> list[Any]:
    """Outputs without what may differ: how streams were cut, and by which files of ipykernel or ours an error went."""
    kept: list[Any] = []
    for o in found:
        last = kept[-1] if kept else {}
        if o.output_type == "stream" and (last.get("output_type"), last.get("name")) == ("stream", o.name):
            last["text"] += o.text
            continue
        kept.append(dict(o))
        if o.output_type == "error":
            parts = [part for part in o.traceback if not re.search(r"/(ipykernel|autograder)/[\w/]+\.py", part)]
            kept[-1]["traceback"] = [part for part, _ in groupby(parts)]  # how deep a recursion comes
    text = json.dumps(kept, ensure_ascii=False).replace("/here", "/there")
    for pattern, instead in OTHER:
        text = re.sub(pattern, instead, text)
    read: list[Any] = json.loads(text)
    return read


@slow
def test_cells_of_every_kind_show_what_they_show_in_ipykernel(client: ForkClient, tmp_path: Path) -> None:
    sources, reasons = alike()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    kept = Outputs()
    with kernel(client, tmp_path / "here") as started:
        ours = [run(started, source, into=kept) for source in sources]
    theirs = outputs_in_ipykernel(tmp_path / "there", sources)
    differ = {}
    for source, here, there in zip(sources, map(as_compared, ours), map(as_compared, theirs), strict=True):
        if here != there:
            differ[source] = {"here": here, "there": there}
    assert {source: found for source, found in differ.items() if source not in reasons} == {}
    assert set(reasons) == set(differ), "a reason stands only where it is one"
    require_valid(*ours)


ENDS = {
    "exit()": None,
    "quit": None,
    "exit(keep_kernel=True)": None,
    "import sys; sys.exit()": "SystemExit",
    "class Odd(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Odd()": "RuntimeError",
    "class Odd(BaseException):\n    def __str__(self): raise SystemExit\nraise Odd()": "SystemExit",
    "import asyncio\nasyncio.get_running_loop().stop()": None,
    "import asyncio\nasyncio.get_running_loop().stop()\nawait asyncio.sleep(0.1)": None,
    "import asyncio\nasyncio.get_running_loop().call_soon(exit)": None,
    "import asyncio, sys\nasyncio.get_running_loop().call_soon(sys.exit)\nawait asyncio.sleep(0.1)": None,
    "import asyncio\nasyncio.current_task().cancel()\nawait asyncio.sleep(0.1)": "CancelledError",
    "async def leaves(): raise SystemExit\nimport asyncio\nt = asyncio.create_task(leaves())\n"
    "await asyncio.sleep(0.1)": None,
}
"""Where an ipykernel ends, or says nothing any more: the error that ends the cell here, if one does."""


@slow
def test_what_would_end_an_ipykernel_ends_its_cell_at_most(client: ForkClient, tmp_path: Path) -> None:
    with kernel(client, tmp_path) as started:
        for source, error in ENDS.items():
            done = started.run(source, 60.0, lambda frame: None, lambda: None)
            assert (done.failure and done.failure.name) == error, source
            assert said(run(started, "print('here')")) == "here\n", source


# --------------------------------------------------------------------------- time, and what ends when

ENDLESS = {
    "a loop": "while True: pass",
    "sleep": "import time; time.sleep(1000)",
    "waiting": "import asyncio; await asyncio.sleep(1000)",
    "waiting for nothing": "import asyncio; await asyncio.get_running_loop().create_future()",
    "waiting, busily": "import asyncio\nwhile True: await asyncio.sleep(0)",
    "another task": "import asyncio\nasync def other():\n    while True: pass\nt = asyncio.create_task(other())\nawait t",
    "a callback": "import asyncio\ndef on():\n    while True: pass\nasyncio.get_running_loop().call_soon(on)\nawait asyncio.sleep(9)",
    "printing": "while True: print('x' * 1000)",
    "printing, from a thread, too": "import threading\nstop = []\ndef show():\n    while not stop: print('y' * 100)\n"
    "threading.Thread(target=show).start()\ntry:\n    while True: print('x' * 100, flush=True)\nfinally: stop.append(1)",
    "a repr": "class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()",
    "JAX": "import jax\nx = jax.numpy.ones((300, 300))\nwhile True: x = jax.numpy.tanh(x @ x)",
}


@slow
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_cell_is_interrupted_and_the_next_runs(client: ForkClient, tmp_path: Path, source: str) -> None:
    overdue: list[int] = []
    with kernel(client, tmp_path) as started:
        run(started, "kept = 7")
        begun = time.monotonic()
        done = started.run(source, 1.0, lambda frame: None, lambda: overdue.append(1))
        assert overdue == [1] and time.monotonic() - begun < 1.0 + connection.GRACE
        assert done.failure is None or done.failure.name in ("KeyboardInterrupt", "CancelledError")
        assert said(run(started, "print(kept)")) == "7\n" and not started.lost


INTERRUPTED_BY_ITSELF = (
    "import asyncio, functools, signal\n"
    "once = map(signal.raise_signal, [signal.SIGINT])\n"
    "asyncio.get_running_loop()._check_closed = functools.partial(next, once, None)\n"
)
"""What follows is interrupted where the loop first checks that it is open: where it notes what to run next."""


@slow
@pytest.mark.parametrize(
    ("source", "error"),
    {
        "await asyncio.sleep(0)\nawait asyncio.sleep(1000)": "CancelledError",
        "async def short(): return 1\nawait asyncio.create_task(short())\nawait asyncio.sleep(1000)": "KeyboardInterrupt",
        "asyncio.get_running_loop().call_soon(print)\nawait asyncio.sleep(1000)": "KeyboardInterrupt",
    }.items(),
)
def test_an_interrupt_amid_the_loops_own_work_loses_no_task(
    client: ForkClient, tmp_path: Path, source: str, error: str
) -> None:
    with kernel(client, tmp_path) as started:
        done = started.run(INTERRUPTED_BY_ITSELF + source, 60.0, lambda frame: None, lambda: None)
        assert done.failure is not None and done.failure.name == error
        assert said(run(started, "print(next(once, 'interrupted'))")) == "interrupted\n"


STUBBORN = {
    "it swallows interrupts": "import time\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass",
    "it swallows them while it waits": "import asyncio\nwhile True:\n    try: await asyncio.sleep(1000)\n"
    "    except BaseException: pass",
    "it does not hear them": "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    "it blocks them": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
    "it is in C": "sum(range(10**12))",
    "it stands still": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "it cannot print": "import sys, time\nclass Still:\n    def write(self, text): pass\n"
    "    def flush(self):\n        while True: time.sleep(1)\nsys.stdout = Still()",
    "it floods both outputs": "import os, threading\ndef flood(fd):\n    while True: os.write(fd, bytes(10_000))\n"
    "for fd in (1, 2): threading.Thread(target=flood, args=(fd,), daemon=True).start()\n"
    "import time\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass",
    "it promises four gigabytes": "import os; os.write(3, b'\\xff' * 4); 1",
    "it promises what does not come": "import os; os.write(3, b'\\x00\\x10\\x00\\x00'); import time; time.sleep(1000)",
}


DEAD = {
    "it leaves": "import os; os._exit(0)",
    "it is killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "it crashes": "import ctypes; ctypes.string_at(0)",
    "it leaves amid a frame": "import os; os.write(3, b'\\x00\\x00\\x10\\x00{\"type\"'); os._exit(0)",
    "it has closed the line": "import os; os.close(3)",
    "it has shut the line": "import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)",
    "it has put something else there": "import os; os.dup2(os.open('/dev/null', os.O_RDWR), 3)",
}


def descriptors() -> dict[str, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")
    return found


@contextmanager
def nothing_left(client: ForkClient, folder: Path) -> Iterator[None]:
    """Afterwards no process and no descriptor is left, and the next kernel runs."""
    run_one(client, folder)
    open_before, running = descriptors(), {p.pid for p in psutil.Process().children(recursive=True)}
    yield
    run_one(client, folder)
    assert descriptors() == open_before
    assert {p.pid for p in psutil.Process().children(recursive=True)} == running


def run_one(client: ForkClient, folder: Path) -> None:
    with kernel(client, folder) as started:
        assert said(run(started, "print('well')")) == "well\n"


@slow
@pytest.mark.parametrize("source", STUBBORN.values(), ids=STUBBORN)
def test_a_cell_that_would_not_stop_is_said_to_be_in_time(client: ForkClient, tmp_path: Path, source: str) -> None:
    with nothing_left(client, tmp_path):
        begun = time.monotonic()
        with pytest.raises(CellWontStop), kernel(client, tmp_path) as started:
            run(started, source, seconds=1.0)
        assert time.monotonic() - begun < 1.0 + connection.GRACE + 3.0


@slow
@pytest.mark.parametrize("source", DEAD.values(), ids=DEAD)
def test_a_kernel_that_ends_or_hangs_up_is_said_to_have(client: ForkClient, tmp_path: Path, source: str) -> None:
    with nothing_left(client, tmp_path), pytest.raises(Died), kernel(client, tmp_path) as started:
        begun = time.monotonic()
        try:
            run(started, f"print('before', flush=True)\n{source}", seconds=30.0)
        finally:
            assert time.monotonic() - begun < 10.0


def forging(*sent: Frame) -> str:
    """A cell that sends these itself."""
    return f"import os\nos.write(3, {b''.join(map(frames.packed, sent))!r})"


@slow
def test_what_a_cell_says_of_other_cells_ends_none(client: ForkClient, tmp_path: Path) -> None:
    with kernel(client, tmp_path) as started:
        found = run(started, forging(Done(0), Done(7), Done(2**53 - 1)) + "\nprint('on')")
        assert said(found) == "on\n" and not started.lost
        assert said(run(started, "print('and on')")) == "and on\n"


@slow
def test_a_cell_that_says_it_is_over_goes_on_alone(client: ForkClient, tmp_path: Path) -> None:
    with kernel(client, tmp_path) as started:
        assert said(run(started, forging(Done(1)) + "\nimport time; time.sleep(1); print('late')")) == ""
        assert said(run(started, "print('next')")) == "late\nnext\n"


@slow
@pytest.mark.parametrize("junk", ["no JSON", "no frame", "too deep", "half a character", "too large"])
def test_what_cannot_be_read_is_said_to_be_lost_and_the_rest_is_there(
    client: ForkClient, tmp_path: Path, junk: str
) -> None:
    (tmp_path / "junk").write_bytes(framed(JUNK[junk]))
    with kernel(client, tmp_path) as started:
        found = run(
            started,
            "print('a', flush=True)\nimport socket\nline = socket.socket(fileno=3)\n"
            "line.sendall(open('junk', 'rb').read())\nline.detach()\nprint('b')",
        )
        assert said(found) == "a\nb\n" and started.lost
        assert said(run(started, "print('c')")) == "c\n" and not started.lost


LONG = "x = '" + "y" * 5_000_000 + "'; print(len(x))"


@slow
def test_a_long_cell_is_handed_over_in_no_time(client: ForkClient, tmp_path: Path) -> None:
    with kernel(client, tmp_path) as started:
        begun = time.monotonic()
        assert said(run(started, LONG)) == "5000000\n"
        assert time.monotonic() - begun < 5.0


@slow
@pytest.mark.parametrize(
    "first",
    [
        "import os, signal, threading\nthreading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGSTOP)).start()",
        "import threading\nthreading.Timer(0.2, lambda: sum(range(10**12))).start()",
    ],
    ids=["it stands still", "a thread holds the interpreter"],
)
def test_a_kernel_that_does_not_take_its_cell_is_stubborn(client: ForkClient, tmp_path: Path, first: str) -> None:
    with nothing_left(client, tmp_path), pytest.raises(CellWontStop), kernel(client, tmp_path) as started:
        run(started, first)
        time.sleep(0.5)
        begun = time.monotonic()
        try:
            run(started, LONG, seconds=1.0)
        finally:
            assert 1.0 < time.monotonic() - begun < 1.0 + 2 * connection.GRACE


@slow
def test_an_interrupt_that_comes_as_a_cell_ends_harms_nothing(client: ForkClient, tmp_path: Path) -> None:
    overdue: list[int] = []
    with kernel(client, tmp_path) as started:
        run(started, "import time, asyncio, jax; x = jax.numpy.ones(3).sum(); print(x)")
        for i in range(300):
            limit = 0.002 + 0.002 * (i % 7)
            waits = "await asyncio.sleep" if i % 2 else "time.sleep"
            source = f"{waits}({limit - 0.0015 + i % 11 * 0.0003})\nprint('done', flush=True)"
            started.run(source, limit, lambda frame: None, lambda: overdue.append(1))
            assert said(run(started, f"print({i})")) == f"{i}\n" and not started.lost
    assert 30 < len(overdue) < 299, "some were, and some were not"


@slow
def test_an_interrupt_never_breaks_off_a_frame(client: ForkClient, tmp_path: Path) -> None:
    """With threads that may hear the signal in place of the one that is sending."""
    with kernel(client, tmp_path) as started:
        run(
            started,
            "import threading, time\nfor _ in range(4): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        )
        for i in range(60):
            started.run("while True: print('z' * 300_000)", 0.02 + i * 0.0007, lambda frame: None, lambda: None)
            assert not started.lost and said(run(started, "print('still')")) == "still\n"


# --------------------------------------------------------------------------- alone


LOOKS = """
import asyncio, json, os
loop = asyncio.get_running_loop()
own = {str(end.fileno()) for end in (loop._ssock, loop._csock)}  # with which it wakes itself
found = {}
for name in {*os.listdir('/proc/self/fd')} - own:
    try: found[name] = os.readlink(f'/proc/self/fd/{name}').split(':')[0]
    except OSError: pass
threads = next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('Threads:'))
print(json.dumps([found, threads, os.environ.get('ISOMETRY_CHANNEL', '')]))
"""


@slow
def test_a_fresh_confined_kernel_has_one_thread_the_line_and_its_connections_to_the_judge(
    client: ForkClient, tmp_path: Path
) -> None:
    work = tmp_path / "run" / "work"
    work.mkdir(parents=True)
    SandboxSpec(
        SandboxPolicy(sandbox.installation(), [str(tmp_path / "run")]), str(work), str(tmp_path / "door")
    ).write(tmp_path / "plan")
    with Examiner(tmp_path / "door", {}, 10):
        place = {limits.PLACE: str(tmp_path / "door")}
        with kernel(client, tmp_path / "run", tmp_path / "plan", **place) as started:
            found, threads, door = json.loads(said(run(started, LOOKS)))
    sockets = {name for name, what in found.items() if what == "socket"}
    assert threads == 1 and sockets == {"3", *door.removeprefix("fd:").split(",")}
    others = {what for name, what in found.items() if name not in sockets}
    assert others <= {"/dev/null", "pipe", "anon_inode", "/proc/self/fd"} | {
        w for w in others if w.startswith("/proc/")
    }
