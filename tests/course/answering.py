"""Answering as a learner does, through the sessions themselves: right, wrong, to mastery, through a checkpoint."""

from __future__ import annotations

from practice_course import mistaken, right

from course import check
from course.tutoring.questions import start
from course.tutoring.rounds import Round, checkpoint
from course.tutoring.session import Session


def answer(skill: str, *rights: bool) -> Session:
    """Answer fresh questions on `skill`, each right or not."""
    session = start(skill)
    for place, one in enumerate(rights):
        if place:
            session.deal()
        assert session.answer(right(session) if one else mistaken(session)).right == one
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
        session.answer(right(session) if round.position < rights else mistaken(session))
        round.move_on()
    return round


def master_rounds() -> None:
    """Master every skill of the first unit of `practice_course`."""
    master("rounds.scale", "rounds.trend", "rounds.code")
    assert check("rounds.doubled", lambda x: x + x) == 2.0
