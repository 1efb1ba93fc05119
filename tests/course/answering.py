"""Answering as a learner does, through the sessions themselves: right, wrong, to mastery, through a checkpoint."""

from __future__ import annotations

from typing import Any

from course import check
from course.practising import Session, start
from course.rounds import Round, checkpoint


def right(session: Session) -> Any:
    """The right answer to the question that stands."""
    return session.exercise.reference(*session.exercise.inputs(session.variant.arguments))


def wrong(session: Session) -> Any:
    """The answer of the first mistake that is known."""
    return session.exercise.mistakes[0].answer(*session.exercise.inputs(session.variant.arguments))


def answer(skill: str, *rights: bool) -> Session:
    """Answer fresh questions on `skill`, each right or not."""
    session = start(skill)
    for place, one in enumerate(rights):
        if place:
            session.deal()
        assert session.answer(right(session) if one else wrong(session)).right == one
    return session


def master(*skills: str) -> None:
    """Answer right until each skill's row is complete."""
    for skill in skills:
        session = start(skill)
        while session.state.row < session.state.need:
            assert session.answer(right(session)).right
            session.deal()


def sit(unit: str, rights: int = 10) -> Round:
    """Sit the checkpoint of `unit`, from the item at which it stands, and answer the first `rights` items right."""
    round = checkpoint(unit)
    while round.session is not None:
        session = round.session
        session.answer(right(session) if round.position < rights else wrong(session))
        round.move_on()
    return round


def master_rounds() -> None:
    """Master every skill of the first unit of `practice_course`."""
    master("rounds.scale", "rounds.trend", "rounds.code")
    assert check("rounds.doubled", lambda x: x + x) == 2.0
