"""Practice: fresh questions, first tries, and what is typed, read."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from autograder import bank
from autograder.compare import Unreadable
from autograder.exercise import Array, Choice, Integer, Number, State
from course.errors import CourseError
from course.mastery import record
from course.mastery.record import Event
from course.practising import Session, typed

SAMPLE = bank.load(Path(__file__).parents[1] / "autograder" / "sample_bank.py")


def session(written: list[Event] | None = None, seeds=None) -> Session:
    write = (written if written is not None else []).append
    counter = itertools.count() if seeds is None else iter(seeds)
    return Session(
        "sample.scale", [SAMPLE.exercises["sample.gradient_scale"]], write=write, new_seed=lambda: next(counter)
    )


def right(s: Session) -> float:
    return s.variant.arguments["norm"] ** s.variant.arguments["depth"]


def test_three_fresh_right_answers_master_the_skill_and_are_recorded() -> None:
    written: list[Event] = []
    s = session(written)
    for n in range(3):
        assert not s.state.mastered
        assert s.answer(right(s)).right
        assert s.state.row == n + 1
        s.deal()
    assert s.state.mastered
    assert [e.arguments for e in written] == [e.arguments for e in s.events]
    assert len({record.variant_text(e.arguments) for e in written}) == 3
    assert all(e.content == SAMPLE.version and e.first and e.right and e.source == "practice" for e in written)


def test_a_wrong_answer_is_diagnosed_and_a_second_try_does_not_count() -> None:
    s = session()
    verdict = s.answer(s.variant.arguments["norm"] * s.variant.arguments["depth"])
    assert verdict.mistake == "linear_in_depth"
    s.answer(right(s))
    assert (s.state.row, s.state.tries) == (0, 1)
    assert [e.first for e in s.events] == [True, False]


def test_a_hint_makes_the_answer_not_count() -> None:
    s = session()
    assert s.hint() == "A nudge."
    assert s.hint() == s.hint() == "Nearly the way."
    s.answer(right(s))
    assert s.state.tries == 0


def test_not_knowing_counts_as_a_miss() -> None:
    s = session()
    s.answer(right(s))
    s.deal()
    s.give_up()
    assert (s.state.row, s.state.tries) == (0, 2)


def test_what_cannot_be_read_is_no_attempt() -> None:
    s = session()
    assert s.answer(...).state is State.NOT_ATTEMPTED
    assert s.answer("text").state is State.UNREADABLE
    assert s.events == []
    s.answer(right(s))
    assert s.state.row == 1


def test_a_variant_already_answered_is_not_dealt_again() -> None:
    s = session(seeds=[1, 1, 1, 2, 2, 2, 1, 3])
    first = s.variant
    s.answer(right(s))
    s.deal()
    assert s.variant.arguments != first.arguments


def test_an_answer_that_could_not_be_recorded_says_so_and_does_not_count() -> None:
    s = session()

    def full(event: Event) -> None:
        raise CourseError("could not be written to your record")

    s.write = full
    s.answer(right(s))
    assert "could not be written" in s.problem
    assert s.state.row == 0


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Number(), "0.35", 0.35),
        (Number(), " 0.9^10 ", 0.9**10),
        (Number(), "0.9**10", 0.9**10),
        (Number(), "35%", 0.35),
        (Number(), "−2", -2),
        (Number(), "3·4", 12),
        (Number(), "1e-3", 0.001),
        (Number(), "sqrt(2)", 2**0.5),
        (Integer(), "7", 7),
        (Array(), "[[1, 2], [3, 1/4]]", [[1, 2], [3, 0.25]]),
        (Choice(("a b", "c")), "a b", "a b"),
        (Number(), "  ", ...),
    ],
)
def test_what_people_type_is_read(kind, text: str, value) -> None:
    assert typed(kind, text) == value


@pytest.mark.parametrize(
    "text", ["a", "0,35", "1/0", "9**9**9**9", "__import__('os')", "'a'*5", "[1", "open('x')", "0.3.4", "()", "x=3"]
)
def test_what_cannot_be_read_gets_a_sentence(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        typed(Number(), text)
    assert str(caught.value).endswith(".")
