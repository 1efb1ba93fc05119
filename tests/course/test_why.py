"""Why a unit stands as it does: each event, what was asked and answered, and what it did."""

from __future__ import annotations

from dataclasses import replace

from histories import APART, FIRST, SECOND, SYLLABUS, Life

from course.mastery import why
from course.mastery.record import Event
from course.syllabus import Syllabus

A, B, C = FIRST.skills


def did(life: Life, unit=FIRST) -> list[str]:
    return [line.did for line in why.explain(SYLLABUS, life.events, unit)]


def test_each_event_says_what_it_did() -> None:
    life = Life().answers("first.a", False, True).answers("first.a", True, hints=1)
    life.answers("first.a", True, first=False).answers("first.a", True, options=2)
    life.answers("first.a", True, arguments=life.events[0].arguments).answers("first.a", True, True, True)
    assert did(life) == [
        "a miss: the row starts anew",
        "1 of 3 in a row",
        "with a hint: does not count",
        "a second try: does not count",
        "a choice of two: does not count",
        "a variant answered before: does not count",
        "2 of 3 in a row",
        "mastered",
        "mastered already, and no review due",
    ]


def test_code_says_what_it_did() -> None:
    life = Life().checks("first.write_b", "first.b", right=False).answers("first.b", True, True, True)
    life.checks("first.write_b", "first.b").checks("first.other", "first.a")
    assert did(life) == [
        "not passed yet",
        "1 of 2 in a row",
        "2 of 2 in a row and its code exercise is to be passed",
        "2 of 2 in a row and its code exercise is to be passed",
        "mastered",
        "an exercise; no gate asks for it",
    ]
    assert did(Life().checks("first.write_b", "first.b")) == ["code passed; 0 of 2 short ones in a row"]


def test_a_checkpoint_and_its_review_say_what_they_did() -> None:
    life = Life().masters(*FIRST.gated).sits(FIRST, *[True] * 7, False, False, False, sitting="one")
    life.answers("first.a", True, source="checkpoint", sitting="one").answers("first.a", True)
    life.answers("first.b", True).sits(FIRST, *[True] * 10)
    life.waits(60).answers("first.a", True, False, True, True).answers("first.b", False, True, True)
    said = did(life)[len(Life().masters(*FIRST.gated).events) :]
    assert said[0] == "checkpoint begun"
    assert said[1] == "checkpoint, item 1 of 10: right"
    assert said[8:11] == [
        "checkpoint, item 8 of 10: missed",
        "checkpoint, item 9 of 10: missed",
        "checkpoint, item 10 of 10: missed; 7 of 10, and 8 are needed",
    ]
    assert said[11:14] == [
        "this checkpoint has that item already: does not count",
        "reviewed for the checkpoint; mastered already, and no review due",
        "reviewed for the checkpoint; mastered already, and no review due",
    ]
    assert said[24] == "checkpoint, item 10 of 10: right; passed with 10 of 10"
    assert said[25].startswith("review passed; comes back on 2026-")
    assert said[26:29] == ["mastered already, and no review due"] * 3
    assert said[29:] == ["review failed: the skill is open again", "1 of 2 in a row", "mastered again"]


def test_walking_past_and_another_way_in_are_told() -> None:
    life = Life()
    life.event("continue", "02-second")
    life.event("stuck", "second", skill="second.a")
    assert did(life, SECOND) == ["continued without mastery", "offered another way in"]
    assert did(life, FIRST) == did(life, APART) == []


def test_every_event_is_told_in_exactly_the_unit_it_has_to_do_with() -> None:
    life = Life().completes(FIRST, SECOND).answers("apart.a", True)
    told = [why.explain(SYLLABUS, life.events, unit) for unit in SYLLABUS.units]
    assert [len(lines) for lines in told] == [17, 14, 0, 1]
    assert sorted(line.event.id for lines in told for line in lines) == [event.id for event in life.events]


def test_a_line_has_all_that_was_asked_answered_and_accepted() -> None:
    life = Life()
    life.answers("first.a", False, asked="What is\n  2²?", given="2", accepted="4", mistake="no_square")
    life.answers("first.a", True, asked="What is 3²?", given="9", accepted="9")
    wrong, right = [line.text for line in why.explain(SYLLABUS, life.events, FIRST)]
    assert wrong == (
        "2026-01-05 09:01  ✗ first.a: What is 2²? → 2 (no_square), accepted was 4 · a miss: the row starts anew"
    )
    assert right == "2026-01-05 09:02  ✓ first.a: What is 3²? → 9 · 1 of 3 in a row"


def test_a_paragraph_has_the_same_within_88_columns() -> None:
    life = Life()
    long = "How many straight pieces has a zigzag of four pieces composed with itself again and again? " * 3
    life.answers("first.a", False, asked=long, given="[1, 2, 3], " * 20, accepted="4", mistake="no_square")
    life.event("continue", "01-first")
    wrong, went_on = why.explain(SYLLABUS, life.events, FIRST)
    lines = wrong.paragraph.splitlines()
    assert lines[0] == "2026-01-05 09:01  ✗ first.a · a miss: the row starts anew"
    assert all(len(line) <= 88 and line.startswith(" " * 18) for line in lines[1:])
    flat = " ".join(" ".join(lines).split())
    assert " ".join(long.split()) in flat
    assert flat.endswith("3], (no_square), accepted was 4")
    assert went_on.paragraph == "2026-01-05 09:02  continued without mastery"


def test_an_event_of_the_first_version_shows_its_arguments() -> None:
    old = Event("answer", "first", "first.a", "first.short", {"n": 3}, right=True, v=1)
    (line,) = why.explain(SYLLABUS, [old], FIRST)
    assert "first.short {'n': 3}" in line.text and "first.short {'n': 3}" in line.paragraph


def test_a_terminal_is_told_nothing_it_would_obey() -> None:
    life = Life().answers("first.a", False, asked="red \x1b[31m\x07", given="\x1b]0;title\x07 7", accepted="\x1b[2J8")
    (line,) = why.explain(SYLLABUS, life.events, FIRST)
    assert line.text.isprintable() and line.paragraph.replace("\n", "").isprintable()
    assert "7" in line.text and "8" in line.text


def test_answers_on_a_skill_that_is_gone_are_still_told() -> None:
    life = Life().answers("first.b", True)
    without = Syllabus(2, "Small", (replace(FIRST, skills=(A,)),))
    (line,) = why.explain(without, life.events, without.units[0])
    assert "first.b: Which letter is number 0?" in line.text
