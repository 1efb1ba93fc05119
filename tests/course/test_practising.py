"""Practice: fresh questions, first tries, what the record keeps of them, and what is typed, read."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from answering import answer, master, sit
from hypothesis import given
from hypothesis import strategies as st
from practice_course import UNIT, right

from autograder.judging import bank
from autograder.judging.compare import Unreadable
from autograder.judging.exercise import Array, Choice, Exercise, Integer, Number
from autograder.judging.verdict import VerdictState
from course import kernel_info as who
from course.errors import CourseError
from course.mastery import record, rule
from course.mastery.record import Event
from course.tutoring.answers import as_text, event_of, recordable
from course.tutoring.follower import Follower, standing
from course.tutoring.parsing import parse_answer
from course.tutoring.questions import short_questions, start
from course.tutoring.session import Session

SAMPLE = bank.load(Path(__file__).parents[1] / "autograder" / "sample_bank.py")
SCALE, LAYER = SAMPLE.exercises["sample.gradient_scale"], SAMPLE.exercises["sample.layer_jacobian"]


def session(written: list[Event] | None = None, seeds: Any = None) -> Session:
    write = (written if written is not None else []).append
    counter = itertools.count() if seeds is None else iter(seeds)
    return Session("sample.scale", [SCALE], write=write, new_seed=lambda: next(counter))


# --------------------------------------------------------------------------- a session


def test_three_fresh_right_answers_master_the_skill_and_are_recorded() -> None:
    written: list[Event] = []
    s = session(written)
    for n in range(3):
        assert not s.state.mastered
        assert s.answer(right(s)).right
        assert s.state.row == n + 1
        s.deal()
    assert s.state.mastered
    assert len({record.variant_text(event.arguments) for event in written}) == 3
    for event in written:
        assert event.content == SAMPLE.version and event.first and event.right and event.source == "practice"
        assert event.asked == SCALE.prompt(event.arguments)
        assert float(event.given) == pytest.approx(float(event.accepted), rel=1e-4)


def test_a_wrong_answer_is_diagnosed_and_a_second_try_does_not_count() -> None:
    written: list[Event] = []
    s = session(written)
    verdict = s.answer(s.variant.arguments["norm"] * s.variant.arguments["depth"])
    assert verdict.mistake == "linear_in_depth"
    assert not s.first_right and s.did == "a miss: the row starts anew"
    s.answer(right(s))
    assert (s.state.row, s.state.tries) == (0, 1)
    assert [(event.first, event.mistake) for event in written] == [(True, "linear_in_depth"), (False, None)]
    assert not s.first_right, "the first try was wrong, and stays so"


def test_a_hint_makes_the_answer_not_count() -> None:
    written: list[Event] = []
    s = session(written)
    assert s.hint() == "A nudge."
    assert s.hint() == s.hint() == "Nearly the way."
    s.answer(right(s))
    assert s.state.tries == 0 and written[0].hints == 3
    s.deal()
    assert s.hints == 0, "the next question has none yet"


def test_not_knowing_counts_as_a_miss() -> None:
    s = session()
    s.answer(right(s))
    s.deal()
    assert s.give_up().sentence == "A nudge."
    assert (s.state.row, s.state.tries) == (0, 2)


def test_what_cannot_be_read_is_no_attempt() -> None:
    written: list[Event] = []
    s = session(written)
    assert s.answer(...).state is VerdictState.NOT_ATTEMPTED
    for unreadable in ("text", float("nan"), float("inf"), [1, 2], None, lambda x: x, object()):
        assert s.answer(unreadable).state in (VerdictState.UNREADABLE, VerdictState.NOT_ATTEMPTED)
    assert written == []
    s.answer(right(s))
    assert s.state.row == 1


def test_a_variant_already_answered_is_not_dealt_again() -> None:
    s = session(seeds=[1, 1, 1, 2, 2, 2, 1, 3])
    first = s.variant
    s.answer(right(s))
    s.deal()
    assert s.variant.arguments != first.arguments


def test_where_nothing_fresh_is_left_an_old_one_is_asked_and_does_not_count() -> None:
    s = session(seeds=itertools.repeat(1))
    for _ in range(4):
        s.answer(right(s))
        s.deal()
    assert (s.state.row, s.state.tries) == (1, 1)


def test_exercises_take_turns_and_one_that_is_used_up_is_passed_over() -> None:
    seeds = itertools.chain([1], itertools.repeat(1, 61), itertools.count(2))
    other = bank.load(Path(__file__).parents[1] / "practice_course" / "next_bank.py").exercises["next.root"]
    s = Session("sample.scale", [SCALE, other], write=lambda event: None, new_seed=lambda: next(seeds))
    asked = []
    for _ in range(4):
        asked.append(s.exercise.id)
        s.answer(right(s))
        s.deal()
    assert asked[:2] == ["sample.gradient_scale", "next.root"]
    assert asked[2:] == ["next.root", "sample.gradient_scale"], "the first had nothing fresh in sixty draws"


def test_an_answer_that_could_not_be_recorded_says_so_and_does_not_count() -> None:
    s = session()
    stored = s.write

    def full(event: Event) -> None:
        raise CourseError("could not be written to your record")

    s.write = full
    assert s.answer(right(s)).right, "it is judged all the same"
    assert "could not be written" in s.problem and s.state.row == 0 and not s.done
    s.write = stored
    s.answer(right(s))
    assert s.problem == "" and s.state.row == 1, "answered again, it counts"


def test_ten_tries_without_mastery_are_marked_in_the_record_once() -> None:
    written: list[Event] = []
    s = session(written)
    for _ in range(12):
        s.give_up()
        s.deal()
    assert s.state.stuck and s.state.marked
    marks = [place for place, event in enumerate(written) if event.kind == "stuck"]
    assert marks == [rule.STUCK_AFTER]
    assert (written[10].skill, written[10].unit) == ("sample.scale", "sample")


# --------------------------------------------------------------------------- the record behind it


def test_a_session_without_a_person_writes_nothing(two_units: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "person_present", lambda: False)
    assert answer("rounds.scale", True, True).state.row == 2, "the session itself goes on"
    assert not (two_units / "record.jsonl").exists()


def test_what_cannot_be_practised_is_said_in_a_sentence(two_units: Path) -> None:
    with pytest.raises(CourseError, match=r"There is no skill “rounds.none”"):
        start("rounds.none")
    path = two_units / "solutions" / UNIT / "bank.py"
    path.write_text(path.read_text().replace('skill="rounds.trend"', 'skill="rounds.scale"'))
    with pytest.raises(CourseError, match=r"“rounds.trend” has no short questions"):
        start("rounds.trend")
    path.unlink()
    with pytest.raises(CourseError, match=r"The exercises of “rounds.scale” are not here"):
        start("rounds.scale")


def test_a_choice_of_two_is_practised_and_no_item_of_a_checkpoint(two_units: Path) -> None:
    path = two_units / "solutions" / UNIT / "bank.py"
    text = path.read_text().replace('"it shrinks", "it stays as it is"', '"it shrinks"')
    path.write_text(text)
    assert [e.name for e in short_questions("rounds.trend")] == ["trend"]
    assert short_questions("rounds.trend", gating=True) == []
    assert answer("rounds.trend", True, True, True).state.tries == 0


def test_two_kernels_write_one_record_and_each_sees_what_the_other_did(two_units: Path) -> None:
    one, other = start("rounds.scale"), start("rounds.scale")
    assert one.answer(right(one)).right and other.answer(right(other)).right
    assert other.state.row == 2, "what the first wrote was read before the second was counted"
    one.deal()
    assert one.state.row == 2
    one.answer(right(one))
    assert one.state.mastered and standing()[0].skill("rounds.scale").mastered
    other.deal()
    other.answer(right(other))
    assert other.did == "mastered already, and no review due"
    assert len(record.read().events) == 4


def test_a_follower_reads_the_record_only_where_others_wrote(two_units: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower()
    session = Session(
        "rounds.scale",
        short_questions("rounds.scale"),
        write=follower.write,
        standing=follower.standing,
        catch_up=follower.catch_up,
    )
    reads: list[int] = []
    real = record.text
    monkeypatch.setattr(record, "text", lambda *a, **k: reads.append(1) or real(*a, **k))
    for _ in range(4):
        session.answer(right(session))
        session.deal()
    assert reads == []
    record.append(Event("continue", "02-next"))
    session.deal()
    assert reads == [1] and follower.standing.units["02-next"].walked_past


def test_a_live_standing_is_what_a_replay_tells(two_units: Path) -> None:
    from histories import said_of

    master("rounds.scale", "rounds.trend")
    session = start("rounds.code")
    for n in range(3):
        if n == 1:
            session.hint()
        session.answer(right(session))
        session.deal()
    live = said_of(session.standing)
    assert live == said_of(standing()[0])
    path = two_units / "record.jsonl"
    path.write_bytes(b"\n".join(reversed(path.read_bytes().splitlines() * 2)))
    assert live == said_of(standing()[0])


def test_a_checkpoint_whose_exercises_are_gone_is_refused_in_a_sentence(two_units: Path) -> None:
    from answering import master_rounds

    master_rounds()
    (two_units / "solutions" / UNIT / "bank.py").rename(two_units / "bank.py")
    with pytest.raises(CourseError, match="The exercises of 01-rounds are not here"):
        sit(UNIT)
    assert not any(event.kind == "sitting" for event in record.read().events)


# --------------------------------------------------------------------------- what an event keeps


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


ODD: list[Any] = [
    float("nan"),
    float("-inf"),
    10**400,
    1j,
    "\ud83d",
    "a" * 10_000,
    "\x00\n\t",
    b"bytes",
    {1, 2},
    {(1, 2): 3},
    lambda x: x,
    Unprintable(),
    [Unprintable()],
    object,
    np.array([object()]),
    np.zeros((300, 300)),
    np.float32(0.1),
    np.datetime64("2026-01-01"),
    jnp.arange(3),
    jnp.float32(2.5),
    [jnp.float32(1), 2],
    [0.5] * 100_000,
]
SELF: list[Any] = []
SELF.append(SELF)


@pytest.mark.parametrize("value", [*ODD, SELF], ids=lambda value: type(value).__name__)
def test_any_answer_and_any_argument_leaves_an_event_that_reads_back(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "record.jsonl"
    event = event_of(LAYER, {"n": value}, given=as_text(value))
    record.append(event, path)
    replay = record.read(path)
    assert replay.warning == ""
    (read,) = replay.events
    assert read.given == event.given and len(read.given) <= 400
    assert record.variant_text(read.arguments) == record.variant_text(event.arguments)
    json.loads(path.read_text())


@given(st.recursive(st.integers() | st.floats() | st.text() | st.none(), lambda inner: st.lists(inner, max_size=4)))
def test_what_is_kept_of_arguments_is_the_same_after_writing(value: Any) -> None:
    arguments = recordable({"a": value})
    (read,) = record.parse(record._encode(Event("answer", "u", arguments=arguments))).events
    assert record.variant_text(read.arguments) == record.variant_text(arguments)


def test_arrays_are_kept_as_their_numbers_and_answers_as_a_learner_reads_them() -> None:
    assert recordable({"W": jnp.ones((1, 2)), "n": np.int64(3)}) == {"W": [[1.0, 1.0]], "n": 3}
    assert as_text(jnp.arange(3)) == as_text(np.arange(3)) == as_text([0, 1, 2]) == "[0, 1, 2]"
    assert as_text(np.zeros((300, 300))) == "an array of shape (300, 300) and dtype float64"
    assert as_text(len) == "the function len"
    assert as_text(0.123456789) == "0.123457"


def test_a_code_answer_keeps_the_first_line_of_its_question_and_no_code() -> None:
    event = event_of(LAYER, {}, right=True, source="check")
    assert (event.asked, event.accepted, event.given) == ("Write the Jacobian of tanh(W h + b).", "", "")


def test_how_many_options_a_choice_had_is_kept() -> None:
    def asks(kind: Any) -> Event:
        def reference(x):  # the question's own annotations are not looked at
            return "a"

        reference.__doc__ = "Which?"
        return event_of(Exercise(reference, "sample.scale", 1, kind), {"x": 1})

    assert asks(Choice(("a", "b"))).options == 2
    assert asks(Choice(("a", "b", "c"))).options == 3
    assert asks(Number()).options == 0


# --------------------------------------------------------------------------- what a learner types


TYPED = [
    (Integer(), "1,792", 1792),
    (Integer(), "1 792", 1792),
    (Integer(), "12,345,678", 12345678),
    (Number(), "0,378", 0.378),
    (Number(), "−0,378", -0.378),
    (Number(), "√(2/14)", (2 / 14) ** 0.5),
    (Number(), "√2", 2**0.5),
    (Number(), "√2/2", 2**0.5 / 2),
    (Number(), "np.sqrt(2/14)", (2 / 14) ** 0.5),
    (Number(), "jnp.sqrt(2)", 2**0.5),
    (Number(), "math.sqrt(2)", 2**0.5),
    (Number(), "0.9¹⁰", 0.9**10),
    (Number(), "3.49 × 10⁻¹", 0.349),
    (Number(), "3.49·10^-1", 0.349),
    (Number(), "–3", -3),
    (Number(), "— 3", -3),
    (Number(), "σ(1)", 1 / (1 + math.exp(-1))),
    (Number(), "1/(1+e^-1)", 1 / (1 + math.exp(-1))),
    (Number(), "2π", 2 * math.pi),
    (Number(), "½", 0.5),
    (Number(), "1/3", 1 / 3),
    (Number(), "35 %", 0.35),
    (Number(), "35%", 0.35),
    (Number(), "ln 2", math.log(2)),
    (Number(), "ln(2)", math.log(2)),
    (Number(), "log₁₀(2)", math.log10(2)),
    (Number(), "log10 2", math.log10(2)),
    (Number(), "log₂(8)", 3),
    (Number(), "2^10", 1024),
    (Number(), "2**10", 1024),
    (Number(), "(1)(2)", 2),
    (Number(), "3(4+1)", 15),
    (Number(), "1e-3", 0.001),
    (Number(), "1E-3", 0.001),
    (Number(), ".5", 0.5),
    (Number(), "+3", 3),
    (Number(), "tanh(1)^2", math.tanh(1) ** 2),
    (Number(), "1 - tanh(0.5)²", 1 - math.tanh(0.5) ** 2),
    (Number(), "[0.35]", 0.35),
    (Number(), "(0.35)", 0.35),
    (Number(), "float(3)", 3),
    (Number(), "3÷4", 0.75),
    (Number(), "exp(-1)", math.exp(-1)),
    (Number(), "np.exp(-1)", math.exp(-1)),
    (Number(), "2 sqrt(3)", 2 * 3**0.5),
    (Number(), "10^-0.5", 10**-0.5),
    (Number(), "0.25⁵", 0.25**5),
    (Number(), "3*4", 12),
    (Number(), "3·4", 12),
    (Number(), "7 ", 7),
    (Integer(), "7.0", 7.0),
    (Array(), "[1, 2, 3]", [1, 2, 3]),
    (Array(), "1, 2, 3", [1, 2, 3]),
    (Array(), "1 2 3", [1, 2, 3]),
    (Array(), "[1 2 3]", [1, 2, 3]),
    (Array(), "(1, 2, 3)", (1, 2, 3)),
    (Array(), "[[1, 0], [0.5, 2]]", [[1, 0], [0.5, 2]]),
    (Array(), "[1 0; 0.5 2]", [[1, 0], [0.5, 2]]),
    (Array(), "1 0; 0.5 2", [[1, 0], [0.5, 2]]),
    (Array(), "[[1 0] [0.5 2]]", [[1, 0], [0.5, 2]]),
    (Array(), "[[1,0],[1/2,2]]", [[1, 0], [0.5, 2]]),
    (Array(), "np.array([[1, 0], [0, 1]])", [[1, 0], [0, 1]]),
    (Array(), "{1, 2}", [1, 2]),
    (Array(), "[0,5; 1,5]", [0.5, 1.5]),
    (Array(), "[-1, –2]", [-1, -2]),
    (Array(), "[√2, 1]", [2**0.5, 1]),
    (Array(), "[[1, 0],\n [0, 1]]", [[1, 0], [0, 1]]),
    (Array(), "[1/2, 1/4]", [0.5, 0.25]),
    (Array(), "1 -2 3", [1, -2, 3]),
    (Array(), "[1, 2,]", [1, 2]),
]
"""What people type, and what they mean: one table for every form."""


@pytest.mark.parametrize(("kind", "text", "value"), TYPED)
def test_what_people_type_is_read(kind: Any, text: str, value: Any) -> None:
    read = parse_answer(kind, text, 1)
    assert np.shape(read) == np.shape(value) and np.allclose(np.asarray(read, float), np.asarray(value, float))


def test_a_choice_is_its_text_and_nothing_is_no_answer() -> None:
    assert parse_answer(Choice(("a b", "c")), " a b ") == "a b"
    assert parse_answer(Number(), "  ") is ...


def test_an_example_is_of_the_kind_that_is_asked_for() -> None:
    for ndim, example in ((1, "`[1, 0.5, 2]`"), (2, "`[[1, 0], [0.5, 2]]`")):
        with pytest.raises(Unreadable) as caught:
            parse_answer(Array(), "one, two", ndim)
        assert example in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a", "0,35,3", "1/0", "9**9**9**9", "__import__('os')", "'a'*5", "[1", "open('x')", "0.3.4", "()", "x=3"]
)
def test_what_cannot_be_read_gets_a_sentence(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_answer(Number(), text)
    assert str(caught.value).endswith(".")
