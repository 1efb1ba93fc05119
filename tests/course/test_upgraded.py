"""A course that changed: what an old event asked and accepted stays readable, and what was mastered stays so."""

from __future__ import annotations

from pathlib import Path

import pytest
from answering import answer, master, master_rounds, sit
from histories import said_of
from practice_course import NEXT, UNIT, right

from autograder.judging import bank
from course import gate, syllabus
from course.mastery import record, why
from course.tutoring.follower import standing
from course.tutoring.questions import start

pytestmark = pytest.mark.usefixtures("two_units")

NEW = """def power(scale, layers, start):
    \"\"\"A signal of size {start} meets {layers} layers of scale {scale}. How large is it then?\"\"\"
    return start * scale**layers


@power.variant
def _(rng):
    return {"scale": rng.choice([0.5, 0.9, 1.1]), "layers": rng.integers(5, 60), "start": rng.integers(2, 9)}


@power.mistake("Factors compound: each layer multiplies what the last one left.")
def product(scale, layers, start):
    return start * scale * layers
"""


def upgrade(course: Path) -> None:
    """Another prompt, other arguments, another right answer, another mistake under the same names."""
    path = course / "solutions" / UNIT / "bank.py"
    before, rest = path.read_text().split("def power", 1)
    _, after = rest.split("\n\nKINDS = ", 1)
    path.write_text(f"{before}{NEW}\n\nKINDS = {after}")


def told() -> list[str]:
    whole = syllabus.load()
    return [line.text for line in why.explain(whole, record.read().events, whole.unit(UNIT))]


def test_what_was_asked_given_and_accepted_then_is_still_shown(two_units: Path) -> None:
    session = answer("rounds.scale", False)
    drawn = dict(session.variant.arguments)
    content = record.text()
    before = told()
    upgrade(two_units)
    assert told() == before and record.text() == content
    (line,) = before
    asked = f"What is left of a gradient after {drawn['depth']} layers of norm {drawn['norm']}?"
    given, accepted = drawn["norm"] * drawn["depth"], drawn["norm"] ** drawn["depth"]
    assert f"✗ rounds.scale: {asked} → {given:.6g} (product), accepted was {accepted:.6g} ·" in line
    (event,) = record.read().events
    assert event.arguments == drawn, "not only a seed, that now means something else"
    assert event.content != bank.find("rounds.power").version  # type: ignore[union-attr]


def test_an_old_record_replays_to_the_same_standing(two_units: Path) -> None:
    master_rounds()
    sit(UNIT, 7)
    before = said_of(standing()[0])
    upgrade(two_units)
    assert said_of(standing()[0]) == before


def test_practice_goes_on_in_the_changed_exercise_where_the_record_stands(two_units: Path) -> None:
    answer("rounds.scale", True, True)
    upgrade(two_units)
    session = start("rounds.scale")
    assert session.state.row == 2
    assert "A signal of size" in session.question
    assert session.answer(right(session)).right
    assert session.state.mastered
    old, _, new = record.read().events
    assert set(old.arguments) == {"norm", "depth"} and set(new.arguments) == {"scale", "layers", "start"}


def test_an_open_session_goes_on_with_the_question_it_dealt(two_units: Path) -> None:
    session = start("rounds.scale")
    upgrade(two_units)
    assert session.answer(right(session)).right, "it is judged as it was asked"
    session.deal()
    assert session.answer(right(session)).right
    assert [event.asked.startswith("What is left") for event in record.read().events] == [True, True]


def test_a_checkpoint_begun_before_goes_on_after(two_units: Path) -> None:
    from course.tutoring.rounds import checkpoint

    master_rounds()
    round = checkpoint(UNIT)
    for _ in range(4):
        assert round.session is not None
        round.session.answer(right(round.session))
        round.move_on()
    upgrade(two_units)
    assert checkpoint(UNIT).position == 4
    assert sit(UNIT).passed
    assert "Open" in gate(NEXT).heading


def test_an_exercise_that_is_gone_leaves_its_answers_readable_and_mastered(two_units: Path) -> None:
    master("rounds.scale")
    before = told()
    path = two_units / "solutions" / UNIT / "bank.py"
    path.write_text(path.read_text().replace("power", "strength"))
    assert standing()[0].skill("rounds.scale").mastered
    assert told() == before
    assert start("rounds.scale").exercise.id == "rounds.strength"


def test_a_unit_that_moved_keeps_its_mastery_and_its_checkpoint(two_units: Path) -> None:
    master_rounds()
    sit(UNIT)
    path = two_units / "course" / "syllabus.toml"
    path.write_text(path.read_text().replace(UNIT, "03-rounds"))
    (two_units / "solutions" / UNIT).rename(two_units / "solutions" / "03-rounds")
    where, _ = standing()
    assert where.mastered(where.syllabus.unit("03-rounds"))
    assert "Open" in gate(NEXT).heading


def test_a_record_of_the_first_version_goes_on(two_units: Path) -> None:
    lines = [
        '{"kind": "answer", "unit": "rounds", "skill": "rounds.scale", "exercise": "rounds.power", '
        f'"arguments": {{"norm": 0.9, "depth": {depth}}}, "seed": {depth}, "content": "0123456789ab", "right": true, '
        '"mistake": null, "hints": 0, "first": true, "source": "practice", '
        f'"at": "2026-01-05T09:{depth}:00.123+00:00", "id": "{depth:032x}", "v": 1}}\n'
        for depth in (20, 30)
    ]
    (two_units / "record.jsonl").write_text("".join(lines))
    session = start("rounds.scale")
    assert session.state.row == 2
    session.answer(right(session))
    assert session.state.mastered
    assert "rounds.power {'norm': 0.9, 'depth': 20}" in told()[0], "what it had no words for is shown as it was drawn"
