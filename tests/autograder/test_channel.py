"""The channel between a stranger's kernel and the judge: what crosses is data, and nothing that comes breaks the judge."""

from __future__ import annotations

import functools
import io
import json
import os
import socket
import stat
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.judging import answer_key, bank, judge
from autograder.judging.examiner import NO_ANSWER, Examiner, GradedItem, rejudge
from autograder.judging.exercise import Measurement
from autograder.judging.protocol import arrays as npz_arrays
from autograder.judging.protocol import hand_in, limits, transcript
from autograder.judging.protocol import messages as protocol_messages
from autograder.judging.protocol import values as protocol_values
from autograder.judging.protocol.limits import Refused
from autograder.judging.protocol.messages import Answer, MeasurementReply, Recorded, Value
from autograder.judging.protocol.transcript import Transcript
from autograder.judging.secret import secret, seed
from autograder.judging.verdict import Verdict, VerdictState

BANKS = [
    Path(__file__).with_name("sample_bank.py"),
    Path(__file__).parent / "fixtures" / "course" / "solutions" / "90-tiny" / "bank.py",
]
EXERCISES = {e.id: (path, e) for path in BANKS for e in bank.load(path).exercises.values()}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "sample.gradient_scale": {"norm": 0.9, "depth": 10},
    "tiny.scale": {"norm": 0.9, "depth": 10},
    "tiny.weights": {"inputs": 12, "outputs": 7},
}
ANSWER = "the-cell"


def item(exercise: str) -> GradedItem:
    path, declared = EXERCISES[exercise]
    return GradedItem(ANSWER, exercise, path, answer_key.keys_of(declared, ARGUMENTS.get(exercise, {}), 0))


PAPERS = {exercise: item(exercise) for exercise in EXERCISES}


def examined(tmp: Path, exercise: str, act: Callable[[str], Any], patience: float = 60.0) -> tuple[Verdict, Examiner]:
    """The verdict after `act(path of the socket)` while the cell that asks `exercise` runs."""
    with Examiner(tmp / "answers", {ANSWER: PAPERS[exercise]}, patience) as examiner:
        examiner.begin(ANSWER)
        act(str(tmp / "answers"))
        examiner.end()
        return examiner.verdicts()[ANSWER], examiner


def handed_in(tmp: Path, exercise: str, answer: Any) -> Verdict:
    def act(place: str) -> None:
        assert hand_in.hand_in(exercise, answer, place) == ""

    return examined(tmp, exercise, act)[0]


# --------------------------------------------------------------------------- the same verdict as in the kernel


@pytest.mark.parametrize("exercise", sorted(EXERCISES))
def test_the_reference_and_every_mistake_get_the_verdict_they_get_in_the_kernel(tmp_path: Path, exercise: str) -> None:
    _, declared = EXERCISES[exercise]
    arguments = ARGUMENTS.get(exercise, {})
    for answer in (declared.reference, *(m.answer for m in declared.mistakes)):
        given = answer if declared.is_code else answer(**arguments)
        here = judge.judge(declared, given, arguments)
        assert handed_in(tmp_path, exercise, given) == here
        assert here.right or here.mistake == answer.__name__


class Odd(float):
    """A number that says it equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return np.array(7.0)


class Unwilling:
    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ...,
        0.349,
        np.float32(0.349),
        jnp.float32(0.349),
        [0.349],
        "0.349",
        b"0.349",
        "\ud800",
        float("nan"),
        -0.349,
        1e300,
        10**400,
        1 + 2j,
        True,
        {"a": 1},
        [[1], [2, 3]],
        np.array(["x"]),
        np.array([object()]),
        np.ones((3, 4)),
        list(range(5)),
        Odd(0.349),
        Unwilling(),
        len,
        lambda: 0.349,
        np.ones(3, [("a", "f4")]),
        jnp.ones(2, jnp.bfloat16),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_every_kind_of_value_is_judged_as_it_is_in_the_kernel(tmp_path: Path, answer: Any) -> None:
    outside = handed_in(tmp_path, "sample.gradient_scale", answer)
    here = judge.judge(EXERCISES["sample.gradient_scale"][1], answer, ARGUMENTS["sample.gradient_scale"])
    assert (outside.state, outside.score, outside.mistake) == (here.state, here.score, here.mistake)


def test_an_answer_whose_own_code_ends_is_no_number(tmp_path: Path) -> None:
    class Leaving:
        def __array__(self, *args: Any, **kwargs: Any) -> Any:
            raise SystemExit

    assert handed_in(tmp_path, "tiny.scale", Leaving()).state is VerdictState.UNREADABLE


@pytest.mark.parametrize(
    ("f", "state", "says"),
    [
        (None, VerdictState.NOT_ATTEMPTED, "Not written"),
        (3.0, VerdictState.UNREADABLE, "of type float"),
        (lambda z: print(end=""), VerdictState.UNREADABLE, "`return` missing"),
        (lambda z: z / [], VerdictState.RAISED, "raised"),
        (lambda z: "text", VerdictState.UNREADABLE, "is text"),
        (lambda z: z[:2], VerdictState.UNREADABLE, "shape"),
        (lambda z: np.maximum(z, 0) * np.nan, VerdictState.UNREADABLE, "NaN"),
        (lambda z: exit(), VerdictState.RAISED, "SystemExit"),
        (lambda z: Odd(0), VerdictState.UNREADABLE, "shape"),
        (lambda z: len, VerdictState.UNREADABLE, "function itself"),
        (lambda z: hand_in.hand_in("tiny.relu", np.abs, None), VerdictState.UNREADABLE, "is text"),
    ],
)
def test_every_way_a_function_fails_is_told_apart_from_outside_too(
    tmp_path: Path, f: Any, state: VerdictState, says: str
) -> None:
    verdict = handed_in(tmp_path, "tiny.relu", f)
    assert verdict.state is state and says in verdict.sentence and verdict.points == 0


def test_an_untouched_function_is_not_attempted(tmp_path: Path) -> None:
    def relu(z: Any) -> Any:
        """As it is handed out."""

    assert handed_in(tmp_path, "tiny.relu", relu).state is VerdictState.NOT_ATTEMPTED


def test_a_function_is_called_on_what_the_judge_chose_and_may_not_spoil_it(tmp_path: Path) -> None:
    seen: list[Any] = []

    def careless(z: Any) -> Any:
        seen.append(np.array(z))
        right = np.maximum(z, 0.0)
        z *= 0
        return right

    verdict = handed_in(tmp_path, "tiny.relu", careless)
    asked = [one.arguments["z"] for one in PAPERS["tiny.relu"].asked]
    assert len(seen) == len(asked) + 1
    (fresh,) = answer_key.fresh_inputs(PAPERS["tiny.relu"].declared(), PAPERS["tiny.relu"].asked)
    assert all(np.array_equal(a, b) for a, b in zip(seen, [*asked, fresh], strict=True))
    assert not any(np.array_equal(fresh, one) for one in asked)
    assert verdict.mistake == "in_place"


# --------------------------------------------------------------------------- one answer, while the cell runs


def test_without_an_answer_there_are_no_points(tmp_path: Path) -> None:
    verdict, _ = examined(tmp_path, "tiny.scale", lambda place: None)
    assert (verdict.state, verdict.points, verdict.sentence) == (VerdictState.NOT_ATTEMPTED, 0.0, NO_ANSWER)
    assert verdict.out_of == 2 and "10 layers" in verdict.asked


def test_an_answer_before_or_after_the_cell_counts_for_nothing(tmp_path: Path) -> None:
    with Examiner(tmp_path / "answers", {ANSWER: PAPERS["tiny.scale"]}, 60.0) as examiner:
        place = str(tmp_path / "answers")
        assert hand_in.hand_in("tiny.scale", 0.349, place) == ""
        examiner.begin("another-cell")
        assert hand_in.hand_in("tiny.scale", 0.349, place) == ""
        examiner.end()
        examiner.begin(ANSWER)
        examiner.end()
        assert hand_in.hand_in("tiny.scale", 0.349, place) == ""
    assert examiner.verdicts()[ANSWER].sentence == NO_ANSWER


def test_an_answer_to_another_exercise_is_not_counted_and_the_right_one_still_is(tmp_path: Path) -> None:
    def act(place: str) -> None:
        hand_in.hand_in("tiny.weights", 84, place)
        hand_in.hand_in("tiny.scale", 0.349, place)

    verdict, examiner = examined(tmp_path, "tiny.scale", act)
    assert verdict.right
    assert examiner.diagnostics[0].code is DiagnosticCode.ANSWER_TO_ANOTHER_EXERCISE


def test_the_first_of_two_answers_counts(tmp_path: Path) -> None:
    def act(place: str) -> None:
        for answer in (9.0, 0.349, 0.349):
            assert hand_in.hand_in("tiny.scale", answer, place) == ""

    verdict, examiner = examined(tmp_path, "tiny.scale", act)
    assert (verdict.mistake, verdict.points) == ("linear", 0.0)
    assert [(one.code, one.cell) for one in examiner.diagnostics] == [(DiagnosticCode.ANSWER_REPEATED, ANSWER)]


def test_what_the_judge_says_is_the_same_whatever_the_answer_is_worth(tmp_path: Path) -> None:
    def said(exercise: str, value: Value, arrays: list[Any]) -> bytes:
        heard = b""

        def act(place: str) -> None:
            nonlocal heard
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(place)
                protocol_messages.send(connection, Answer(exercise, value), arrays)
                connection.shutdown(socket.SHUT_WR)  # it could carry another
                while part := connection.recv(4096):
                    heard += part

        examined(tmp_path, "tiny.scale", act)
        return heard

    number = Value("array", "float")
    right, wrong = said("tiny.scale", number, [np.array(0.349)]), said("tiny.scale", number, [np.array(9.0)])
    other, text = said("tiny.weights", number, [np.array(84.0)]), said("tiny.scale", Value("text", "str", "x"), [])
    assert right == wrong == other == text != b""


def test_right_and_wrong_functions_are_asked_the_same(tmp_path: Path) -> None:
    def asked(f: Any) -> list[Any]:
        calls: list[Any] = []

        def counted(z: Any) -> Any:
            calls.append(z.tolist())
            return f(z)

        handed_in(tmp_path, "tiny.relu", counted)
        return calls

    assert asked(lambda z: np.maximum(z, 0)) == asked(lambda z: z - 1) == asked(lambda z: float("nan"))


# --------------------------------------------------------------------------- whatever else may come


def frame(text: bytes, arrays: bytes = b"") -> bytes:
    return struct.pack(">II", len(text), len(arrays)) + text + arrays


def npz(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def saved(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@functools.cache
def bomb() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, a0=np.zeros(50_000_000))
    return file.getvalue()


NUMBER = json.dumps({"type": "answer", "exercise": "tiny.scale", "value": {"kind": "array", "type": "float"}}).encode()
BAD_ARRAYS = {
    "no npz at all": b"PK\x03\x04 nothing",
    "compressed": bomb(),
    "pickled objects": npz(a0=saved(np.array([{"x": 1}], dtype=object), allow_pickle=True)),
    "text": npz(a0=saved(np.array(["x"]))),
    "records": npz(a0=saved(np.ones(2, [("a", "f4")]))),
    "a shape without its entries": npz(a0=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")),
    "a negative shape": npz(a0=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", b"\0" * 8)),
    "a shape of True": npz(a0=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1.0,), }", b"\0" * 8)),
    "a header with code": npz(a0=npy("__import__('os').system('true')")),
    "a deep header": npz(a0=npy("(" * 900)),
    "an endless header": npz(a0=npy(" " * 60_000)),
    "the second version": npz(a0=b"\x93NUMPY\x02\x00\x10\x00\x00\x00" + b" " * 16),
    "another name": npz(x=saved(np.array(0.349))),
    "too many": npz(**{f"a{i}": saved(np.array(0.349)) for i in range(limits.MOST_ARRAYS + 1)}),
    "none": b"",
}


@pytest.mark.parametrize("packed", BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_arrays_that_are_not_plain_end_the_question_with_a_sentence(tmp_path: Path, packed: bytes) -> None:
    verdict, examiner = spoken(tmp_path, frame(NUMBER, packed))
    assert (verdict.state, verdict.points) == (VerdictState.UNREADABLE, 0.0)
    assert "arrays that cannot be read" in verdict.sentence
    assert examiner.diagnostics[0].cell == ANSWER


def spoken(tmp: Path, raw: bytes, patience: float = 60.0, close: bool = True) -> tuple[Verdict, Examiner]:
    """What comes of these bytes, followed by the right answer."""

    def act(place: str) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(place)
            try:
                connection.sendall(raw)
                if close:
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except OSError:
                pass  # the judge had heard enough
        hand_in.hand_in("tiny.scale", 0.349, place)

    return examined(tmp, "tiny.scale", act, patience)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00" * 50,
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b"1e999",
        NUMBER[:-1],
        NUMBER.replace(b"array", b"pickle"),
        NUMBER.replace(b"answer", b"verdict"),
        NUMBER.replace(b"answer", b"came"),
        NUMBER.replace(b"}}", b'}, "points": 2}'),
        NUMBER.replace(b'"float"', b"7"),
        NUMBER.replace(b"float", b"f" * 61),
        NUMBER.replace(b"tiny.scale", b"t" * 201),
    ],
)
def test_text_that_is_no_message_ends_the_question_with_a_sentence(tmp_path: Path, text: bytes) -> None:
    verdict, _ = spoken(tmp_path, frame(text, npz(a0=saved(np.array(0.349)))))
    assert (verdict.state, verdict.points) == (VerdictState.UNREADABLE, 0.0)
    assert "nobody sends who answers with `check`" in verdict.sentence


def test_a_message_said_to_be_huge_is_not_waited_for(tmp_path: Path) -> None:
    for header in ((2**32 - 1, 0), (10, 2**32 - 1), (limits.LARGEST_TEXT + 1, 0), (10, limits.LARGEST_ARRAYS + 1)):
        verdict, _ = spoken(tmp_path, struct.pack(">II", *header), close=False)
        assert verdict.state is VerdictState.UNREADABLE and "16 MB" in verdict.sentence


def test_an_answer_that_is_too_large_is_said_to_be(tmp_path: Path) -> None:
    verdict, _ = examined(
        tmp_path, "tiny.scale", lambda place: hand_in.hand_in("tiny.scale", np.zeros(3_000_000), place)
    )
    assert verdict.state is VerdictState.UNREADABLE and "more than 16 MB" in verdict.sentence


def test_who_closes_early_or_says_half_of_it_has_said_nothing_yet(tmp_path: Path) -> None:
    whole = frame(NUMBER, npz(a0=saved(np.array(9.0))))
    for raw in (b"", b"\x00", whole[:7], whole[:30], whole[:-1]):
        assert spoken(tmp_path, raw)[0].right


def test_who_says_nothing_is_waited_for_only_so_long(tmp_path: Path) -> None:
    verdict, _ = spoken(tmp_path, b"\x00\x00", patience=0.2, close=False)
    assert verdict.right, "the next answer is taken"


def test_who_keeps_the_judge_waiting_is_cut_off_with_the_cell(tmp_path: Path) -> None:
    with Examiner(tmp_path / "answers", {ANSWER: PAPERS["tiny.relu"]}, 600.0) as examiner:
        examiner.begin(ANSWER)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(tmp_path / "answers"))
            protocol_messages.send(connection, Answer("tiny.relu", Value("function", "function", "relu")))
            assert isinstance(
                protocol_messages.receive(connection, protocol_messages.Measure, 60.0).message,
                protocol_messages.Measure,
            )
            examiner.end()
            while connection.recv(4096):
                pass
    assert examiner.verdicts()[ANSWER].state is VerdictState.ENDLESS


REPLIES: list[tuple[bytes, VerdictState]] = [
    (b"", VerdictState.ENDLESS),
    (frame(b'{"type":"came","how":"timed out"}'), VerdictState.ENDLESS),
    (frame(b'{"type":"came","how":"returned"}'), VerdictState.ENDLESS),
    (frame(b'{"type":"came","how":"raised","error":"<b>","text":"\\u001b[31m<script>","line":1}'), VerdictState.RAISED),
    (frame(b'{"type":"came","how":"raised","line":-1}'), VerdictState.UNREADABLE),
    (frame(b'{"type":"came","how":"won"}'), VerdictState.UNREADABLE),
    (frame(b'{"type":"came","how":"returned","value":{"kind":"array"}}'), VerdictState.UNREADABLE),
    (frame(b'{"type":"came","how":"returned","value":{"kind":"array"}}', bomb()), VerdictState.UNREADABLE),
    (frame(NUMBER), VerdictState.UNREADABLE),
    (b"\xff" * 100, VerdictState.UNREADABLE),
]


@pytest.mark.parametrize(("reply", "state"), REPLIES)
def test_a_kernel_that_replies_with_anything_else_ends_its_own_question(
    tmp_path: Path, reply: bytes, state: VerdictState
) -> None:
    def act(place: str) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(place)
            protocol_messages.send(connection, Answer("tiny.relu", Value("function", "function", "relu")))
            for _ in range(4):
                try:
                    protocol_messages.receive(connection, protocol_messages.Measure | Recorded, 60.0)
                    connection.sendall(reply)
                    if not reply:
                        return
                except (limits.Gone, OSError):
                    return

    verdict, _ = examined(tmp_path, "tiny.relu", act)
    assert (verdict.state, verdict.points) == (state, 0.0)
    assert all(c.isprintable() for c in verdict.sentence)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from(["nothing", "text", "array", "ragged", "function", "other", "object", ""])
values = st.fixed_dictionaries(
    {"kind": kinds | json_values},
    optional={"type": st.text(max_size=70) | json_values, "text": st.text(), "untouched": st.booleans() | st.none()},
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["answer", "came", "recorded", "measure"]) | json_values},
    optional={
        "exercise": st.sampled_from(sorted(EXERCISES)) | json_values,
        "value": values | json_values,
        "how": st.sampled_from(["returned", "raised", "timed out", "x"]),
        "error": st.text(max_size=70),
        "line": st.integers(),
        "extra": json_values,
    },
)
plain_arrays = st.sampled_from(
    [
        saved(np.array(x))
        for x in (0.349, np.nan, 10**30, True, 1j, np.ones(3), np.ones((0, 10**9)), np.float16(1), [[1, 2], [3, 4]])
    ]
)


@given(messages | json_values, st.lists(plain_arrays | st.binary(max_size=300), max_size=3), st.binary(max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_message_does_anything_but_be_understood_or_refused(message: Any, arrays: list[bytes], junk: bytes) -> None:
    text = json.dumps(message).encode("utf-8", "surrogatepass")
    packed = npz(**{f"a{i}": content for i, content in enumerate(arrays)}) + junk
    for kind in (Answer, MeasurementReply):
        try:
            read = protocol_messages.decoded(text, kind)
            found = npz_arrays.unpack(packed)
        except Refused:
            continue
        value = read.value
        if value is not None:
            try:
                answer = protocol_values.decode_value(value, found)
            except Refused:
                continue
            for exercise, asked in PAPERS.items():
                declared = EXERCISES[exercise][1]
                verdict = (
                    judge.no_function(declared, answer, untouched=value.untouched)
                    if declared.is_code
                    else judge.judge_value(declared, answer, asked.asked[0])
                )
                assert verdict is None or 0 <= verdict.points <= verdict.out_of
        if isinstance(read, MeasurementReply):
            try:
                outcome = protocol_values.decode_result(protocol_messages.Received(read, found), 1.0)
            except Refused:
                continue
            asked = PAPERS["tiny.relu"].asked
            verdict = judge.judge_outcomes(EXERCISES["tiny.relu"][1], asked, [outcome] * len(asked))
            assert 0 <= verdict.points <= verdict.out_of and "\x1b" not in verdict.sentence


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examiner]:
    with Examiner(tmp_path_factory.mktemp("run") / "answers", {ANSWER: PAPERS["tiny.scale"]}, 60.0) as examiner:
        yield examiner


@given(st.binary(max_size=200) | st.builds(frame, st.binary(max_size=60), st.binary(max_size=60)))
@settings(max_examples=200, deadline=None)
def test_no_bytes_hang_or_end_the_examiner(listening: Examiner, raw: bytes) -> None:
    listening.begin(ANSWER)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(listening.place))
        try:
            connection.sendall(raw)
        except OSError:
            pass
        listening.end()
    assert listening.verdicts()[ANSWER].points == 0.0
    assert [t.name for t in threading.enumerate()].count("examiner") == 1


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.sampled_from([np.float32(0.5), np.int64(3), np.ones((2, 3), np.float32), np.arange(4)]),
        lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
@settings(deadline=None)
def test_inputs_arrive_as_they_were_drawn(value: Any) -> None:
    arrays: list[Any] = []
    spec = json.loads(json.dumps(protocol_values.encode_input(value, arrays)))
    np.testing.assert_equal(protocol_values.decode_input(spec, npz_arrays.unpack(npz_arrays.pack(arrays))), value)


# --------------------------------------------------------------------------- the secret


def test_the_secret_is_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "unit.secret"
    first = secret(path)
    assert len(first) == 32 and secret(path) == first
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert secret(tmp_path / "other.secret") != first
    assert seed(first, "90-tiny", "tiny.relu") == seed(first, "90-tiny", "tiny.relu")
    assert len({seed(first, unit, e) for unit in ("a", "b") for e in ("tiny.relu", "tiny.scale")}) == 4


def test_a_secret_that_cannot_be_used_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "bad.secret").write_text("not hexadecimal")
    with pytest.raises(GradingError, match="is damaged"):
        secret(tmp_path / "bad.secret")
    with pytest.raises(GradingError, match="cannot be used"):
        secret(tmp_path / "no" / "folder.secret")


# --------------------------------------------------------------------------- judged again from what was handed over


def transcribed(tmp: Path, exercise: str, answer: Any) -> tuple[Verdict, Transcript]:
    """The verdict, and the transcript after it was written down and read."""

    def act(place: str) -> None:
        hand_in.hand_in(exercise, answer, place)

    verdict, examiner = examined(tmp, exercise, act)
    return verdict, Transcript.from_text(examiner.transcripts()[ANSWER].to_text())


POOL = [
    (name, answer)
    for name, (_, declared) in sorted(EXERCISES.items())
    for answer in (
        *(
            f if declared.is_code else f(**ARGUMENTS[name])
            for f in (declared.reference, *(m.answer for m in declared.mistakes))
        ),
        None,
        "a word",
        np.eye(3),
        lambda *xs: 1 / 0,
        lambda *xs: None,
    )
]


@given(st.sampled_from(POOL), st.floats(-2, 2))
def test_the_transcript_judged_again_gives_the_verdict(
    tmp_path_factory: pytest.TempPathFactory, asked: tuple[str, Any], change: float
) -> None:
    exercise, answer = asked
    if isinstance(answer, int | float | np.generic):
        answer = answer + round(change, 1)
    verdict, transcript = transcribed(tmp_path_factory.mktemp("t"), exercise, answer)
    assert rejudge(PAPERS[exercise], transcript) == verdict


def test_silence_and_what_was_refused_are_judged_again_too(tmp_path: Path) -> None:
    assert rejudge(PAPERS["sample.gradient_scale"], None).sentence == NO_ANSWER
    refused = Transcript("sample.gradient_scale", refused="came in a form that nobody sends")
    assert rejudge(PAPERS["sample.gradient_scale"], refused).state is VerdictState.UNREADABLE


def test_where_something_else_is_asked_by_now_only_running_again_tells(tmp_path: Path) -> None:
    _, declared = EXERCISES["sample.layer_jacobian"]
    _, transcript = transcribed(tmp_path, "sample.layer_jacobian", declared.reference)
    other = GradedItem(ANSWER, declared.id, PAPERS[declared.id].bank, answer_key.keys_of(declared, {}, 1))
    with pytest.raises(LookupError):
        rejudge(other, transcript)
    with pytest.raises(LookupError):
        rejudge(PAPERS["sample.gradient_scale"], transcript)


def test_a_transcript_that_would_be_too_large_is_not_kept() -> None:
    large = Transcript("x", Value("array", "ndarray"), transcript.kept([np.zeros(1_000_000)]))
    assert large.to_text() == ""
    with pytest.raises(Refused):
        Transcript.from_text("{}")


def test_what_stands_for_a_value_that_is_no_data_reads_the_same_every_time() -> None:
    one, other = (protocol_values.decode_value(protocol_messages.Value("other", "Strange"), []) for _ in range(2))
    assert repr(one) == repr(other) == "<Strange>"
    function = protocol_messages.Value("function", "function", "f")
    assert repr(protocol_values.decode_value(function, [])) == repr(protocol_values.decode_value(function, []))


def test_what_was_asked_twice_is_told_again_in_the_order_in_which_it_came() -> None:
    asked = Measurement("value", (1.0,))
    transcript = Transcript("an.exercise", protocol_messages.Value("nothing"))
    for number in (1.0, 2.0):
        value, arrays = protocol_values.encode_value(number)
        transcript.keep(asked, protocol_messages.MeasurementReply("returned", value), arrays)
    replay = Transcript.from_text(transcript.to_text()).replay()
    assert [replay(asked, 1.0).value for _ in range(3)] == [1.0, 2.0, 2.0]
    with pytest.raises(LookupError):
        replay(Measurement("jit", (1.0,)), 1.0)


# --------------------------------------------------------------------------- connections that are made beforehand

RELU, SCALE = "tiny.relu", "tiny.scale"
TWO = {name: replace(PAPERS[name], cell=name) for name in (RELU, SCALE)}


def right(exercise: str) -> Any:
    declared = EXERCISES[exercise][1]
    return declared.reference if declared.is_code else declared.reference(**ARGUMENTS[exercise])


def idle(place: str) -> int:
    return len(hand_in._idle[place])


def test_one_connection_carries_answer_after_answer(tmp_path: Path) -> None:
    with Examiner(tmp_path / "answers", TWO, 60.0) as examiner:
        place = hand_in.connections(str(tmp_path / "answers"))
        for _ in range(3):
            for name in (RELU, SCALE):
                examiner.begin(name)
                assert hand_in.hand_in(name, right(name), place) == ""
                examiner.end()
                assert idle(place) == hand_in.CONNECTIONS, "it is free again, and none was lost"
        assert all(verdict.right for verdict in examiner.verdicts().values())


def test_a_conversation_that_is_broken_off_costs_its_connection_and_no_later_answer(tmp_path: Path) -> None:
    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    with Examiner(tmp_path / "answers", TWO, 60.0) as examiner:
        place = hand_in.connections(str(tmp_path / "answers"))
        examiner.begin(RELU)
        with pytest.raises(KeyboardInterrupt), monkeypatched(hand_in, "encode_result", interrupted):
            hand_in.hand_in(RELU, right(RELU), place)
        examiner.end()
        assert idle(place) == hand_in.CONNECTIONS - 1
        examiner.begin(SCALE)
        assert hand_in.hand_in(SCALE, right(SCALE), place) == ""
        examiner.end()
        assert examiner.verdicts()[SCALE].right and not examiner.verdicts()[RELU].right


@contextmanager
def monkeypatched(module: Any, name: str, value: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value)
        yield


def test_what_is_left_over_from_a_cell_is_no_part_of_the_next_ones_answer(tmp_path: Path) -> None:
    """A cell ends while its function is being measured: the examiner hangs up, and the next answer goes elsewhere."""
    measuring, go_on = threading.Event(), threading.Event()

    def slow(z: Any) -> Any:
        measuring.set()
        go_on.wait(30)
        return z

    with Examiner(tmp_path / "answers", TWO, 60.0) as examiner:
        place = hand_in.connections(str(tmp_path / "answers"))
        examiner.begin(RELU)
        late = threading.Thread(target=hand_in.hand_in, args=(RELU, slow, place))
        late.start()
        assert measuring.wait(30)
        examiner.end()  # returns, though the function does not
        examiner.begin(SCALE)
        go_on.set()
        late.join()
        assert hand_in.hand_in(SCALE, right(SCALE), place) == ""
        examiner.end()
        assert examiner.verdicts()[SCALE].right and not examiner.verdicts()[RELU].right


def test_where_all_were_broken_off_it_is_said(tmp_path: Path) -> None:
    with Examiner(tmp_path / "answers", {SCALE: TWO[SCALE]}, 60.0):
        place = hand_in.connections(str(tmp_path / "answers"))
        for _ in range(hand_in.CONNECTIONS):
            hand_in._connected(place).close()
        assert "could not be handed over" in hand_in.hand_in(SCALE, right(SCALE), place)


def test_a_kernel_that_takes_no_receipt_keeps_nobody_waiting(tmp_path: Path) -> None:
    with Examiner(tmp_path / "answers", {SCALE: TWO[SCALE]}, 60.0) as examiner:
        examiner.begin(SCALE)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(tmp_path / "answers"))
            value, arrays = protocol_values.encode_value(right(SCALE))
            protocol_messages.send(line, Answer(SCALE, value), arrays)
            examiner.end()
        assert examiner.verdicts()[SCALE].right or examiner.verdicts()[SCALE].state is VerdictState.NOT_ATTEMPTED
