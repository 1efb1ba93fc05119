"""What is left to do, in words: exactly that, in order, and each thing once."""

from __future__ import annotations

from histories import APART, FIRST, SECOND, THIRD, Life
from hypothesis import given
from hypothesis import strategies as st

from course.mastery import steps
from course.mastery.rule import Standing

A, B, C = FIRST.skills


def told(life: Life) -> list[str]:
    """What is left of the first unit."""
    return [step.text for step in steps.of_unit(life.standing(), FIRST)]


def test_each_step_says_how_far_it_is() -> None:
    life = Life()
    checkpoint = "the mixed checkpoint of 10: "
    later = checkpoint + "8 right are needed; it opens when every skill is mastered"
    write = "The letter B, in code: `first.write_b` in the unit's exercises is to be passed"
    assert told(life) == ["The letter A: 0 of 3 in a row", "The letter B, in code: 0 of 2 in a row", write, later]
    assert told(life.answers("first.a", True, True).answers("first.b", True)) == [
        "The letter A: 2 of 3 in a row",
        "The letter B, in code: 1 of 2 in a row",
        write,
        later,
    ]
    assert told(life.answers("first.a", True).answers("first.b", True)) == [write, later]
    assert told(life.checks("first.write_b", "first.b")) == [
        checkpoint + "ready: 10 fresh questions, 8 right are needed"
    ]
    assert told(life.sits(FIRST, True, False, True, sitting="one")) == [checkpoint + "begun: 3 of 10 answered"]
    life.answers("first.a", *[False] * 7, source="checkpoint", sitting="one")
    assert told(life) == [
        "The letter B, in code: missed in the checkpoint; one fresh one right",
        "The letter A: missed in the checkpoint; one fresh one right",
        checkpoint + "to be sat again after reviewing what was missed",
    ]
    life.answers("first.a", True).answers("first.b", True)
    assert told(life) == [checkpoint + "ready: 10 fresh questions, 8 right are needed"]
    assert told(life.sits(FIRST, *[True] * 10)) == []


def test_what_can_be_done_now_is_told_from_what_must_wait() -> None:
    life = Life().masters(A)
    practise, write, checkpoint = steps.of_unit(life.standing(), FIRST)
    assert (practise.kind, practise.target, practise.ready) == ("practise", "first.b", True)
    assert (write.kind, write.target, write.ready) == ("write", "first.write_b", True)
    assert (checkpoint.kind, checkpoint.target, checkpoint.ready) == ("checkpoint", "01-first", False)
    (checkpoint,) = steps.of_unit(life.masters(B).standing(), FIRST)
    assert checkpoint.ready
    life.sits(FIRST, *[False] * 10)
    assert not steps.of_unit(life.standing(), FIRST)[-1].ready


def test_a_unit_in_which_nothing_gates_leaves_nothing_to_do() -> None:
    assert steps.of_unit(Life().standing(), APART) == []


def test_before_a_unit_stand_the_steps_of_every_unit_it_requires() -> None:
    life = Life()
    assert steps.before(life.standing(), FIRST) == []
    assert [step.unit for step in steps.before(life.standing(), THIRD)] == ["01-first"] * 4 + ["02-second"] * 2
    life.completes(FIRST)
    assert [step.text for step in steps.before(life.standing(), THIRD)] == [
        "A2: 0 of 3 in a row",
        "the mixed checkpoint of 10: 8 right are needed; it opens when every skill is mastered",
    ]
    assert steps.before(life.standing(), SECOND) == []


def test_a_failed_review_is_a_step_of_its_unit_and_not_before_the_next() -> None:
    life = Life().completes(FIRST).waits(60).answers("first.a", False, True)
    assert steps.of_unit(life.standing(), FIRST) == [] == steps.before(life.standing(), SECOND)
    assert [step.text for step in steps.to_do(life.standing(), FIRST, life.at)] == [
        "The letter A: review failed; 1 of 3 in a row",
        "The letter B, in code: review due",
    ]


def test_what_is_to_be_done_is_named_once_due_first() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True, False] * 5).waits(60)
    found = steps.to_do(life.standing(), FIRST, life.at)
    assert [(step.kind, step.target) for step in found] == [
        ("practise", "first.a"),
        ("practise", "first.b"),
        ("checkpoint", "01-first"),
    ]
    assert [step.standing for step in found[:2]] == ["review due", "review due"]


answers = st.tuples(
    st.sampled_from(["first.a", "first.b", "second.a"]), st.booleans(), st.sampled_from(["practice", "check"])
)


@given(st.lists(answers, max_size=25))
def test_nothing_is_left_exactly_where_the_unit_is_mastered_and_doing_all_steps_masters_it(
    of: list[tuple[str, bool, str]],
) -> None:
    life = Life()
    for skill, right, source in of:
        what = {"exercise": "first.write_b"} if source == "check" else {}
        life.event("answer", "", skill=skill, right=right, source=source, arguments={"n": len(life.events)}, **what)
    for _ in range(20):
        left = steps.of_unit(life.standing(), FIRST)
        assert (not left) == life.standing().mastered(FIRST)
        if not left:
            break
        step = next(step for step in left if step.ready)
        match step.kind:
            case "practise":
                life.answers(step.target, True)
            case "write":
                life.checks(step.target, "first.b")
            case "checkpoint":
                life.sits(FIRST, *[True] * 10)
    assert Standing(life.standing().syllabus, life.events).gate(SECOND).complete
