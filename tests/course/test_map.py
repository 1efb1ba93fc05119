"""The map: where units lie, what is said of each, and what its buttons do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import clock, course_map, syllabus
from course.errors import CourseError
from course.map import page
from course.map.overview import SIGNS, layers, layout, overview, wire
from course.map.page import CourseMap, events_html
from course.mastery import record, rule
from course.mastery.record import Event
from course.mastery.rule import MapState, Standing
from course.record_sync import keeper
from course.record_sync.exchange import pack
from course.syllabus import Skill, Syllabus, Unit
from course.widgets import links

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def unit(name: str, *requires: str, skills: int = 1, minutes: int = 60) -> Unit:
    made = tuple(Skill(f"{name}.{k}", f"Skill {k} of {name}", gates=True) for k in range(skills))
    return Unit(f"{name}", f"{name.title()}: what it is", f"What is {name}?", minutes, requires, skills=made)


def course(*units: Unit, hard: bool = False) -> Syllabus:
    return Syllabus(1, "Small", units, hard)


@st.composite
def syllabi(draw: st.DrawFn) -> Syllabus:
    """Courses of up to a dozen units, each requiring any of those before it; listed in any order."""
    names = [f"{k:02}" for k in range(draw(st.integers(0, 12)))]
    units = [
        unit(name, *draw(st.lists(st.sampled_from(names[:k]), unique=True, max_size=4) if k else st.just([])))
        for k, name in enumerate(names)
    ]
    return course(*draw(st.permutations(units)))


def ancestors(syllabus: Syllabus, name: str) -> set[str]:
    """What has to be mastered before `name`, directly or not."""
    found: set[str] = set()
    waiting = list(syllabus.unit(name).requires)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += syllabus.unit(one).requires
    return found


# --------------------------------------------------------------------------- where units lie


@given(syllabi())
def test_a_unit_lies_one_layer_after_the_last_it_requires(syllabus: Syllabus) -> None:
    depth = layers(syllabus)
    for one in syllabus.units:
        assert depth[one.id] == (1 + max(depth[name] for name in one.requires) if one.requires else 0)


@given(syllabi())
def test_no_two_things_share_a_place_and_rows_have_no_holes(syllabus: Syllabus) -> None:
    made = layout(syllabus)
    places = [*made.places.values(), *(place for edge in made.edges for place in edge.path[1:-1])]
    assert len(set(places)) == len(places)
    for layer in {place[0] for place in places}:
        assert sorted(row for at, row in places if at == layer) == list(range(sum(at == layer for at, _ in places)))


@given(syllabi())
def test_a_line_runs_from_a_unit_to_one_that_requires_it_a_layer_at_a_time(syllabus: Syllabus) -> None:
    made = layout(syllabus)
    for edge in made.edges:
        assert edge.source in syllabus.unit(edge.target).requires
        assert (edge.path[0], edge.path[-1]) == (made.places[edge.source], made.places[edge.target])
        assert [layer for layer, _ in edge.path] == list(range(edge.path[0][0], edge.path[-1][0] + 1))


@given(syllabi())
def test_the_lines_say_what_the_manifest_says_and_none_says_it_twice(syllabus: Syllabus) -> None:
    edges = [(edge.source, edge.target) for edge in layout(syllabus).edges]
    drawn = course(*(unit(one.id, *(s for s, t in edges if t == one.id)) for one in syllabus.units))
    for one in syllabus.units:
        assert ancestors(drawn, one.id) == ancestors(syllabus, one.id)
    for source, target in edges:
        others = [s for s, t in edges if t == target and s != source]
        assert not any(source in ancestors(syllabus, other) for other in others)


def test_units_that_require_each_other_are_told_as_a_circle() -> None:
    with pytest.raises(CourseError, match="a requires c requires b requires a, a circle"):
        layers(course(unit("a", "c"), unit("b", "a"), unit("c", "b")))


def test_the_courses_own_units_all_have_a_place() -> None:
    whole = syllabus.load()
    made = layout(whole)
    assert set(made.places) == {one.id for one in whole.units}
    assert max(layer for layer, _ in made.places.values()) >= 2


# --------------------------------------------------------------------------- what is said of them

THREE = course(unit("01-one", skills=2), unit("02-two", "01-one"), unit("03-three", "02-two", minutes=30))


def practised(skill: str, times: int, at: datetime = NOW, start: int = 0) -> list[Event]:
    name = skill.split(".")[0]
    return [
        Event("answer", name, skill, f"{skill}.x", {"n": n}, right=True, at=at + timedelta(seconds=n))
        for n in range(start, start + times)
    ]


def mastered(one: Unit, at: datetime = NOW) -> list[Event]:
    events = [event for skill in one.gated for event in practised(skill.id, rule.IN_A_ROW, at)]
    events.append(Event("sitting", one.id, sitting=one.id, seed=0, at=at + timedelta(hours=1)))
    for n in range(rule.ITEMS):
        what = {"exercise": "x", "arguments": {"n": 100 + n}, "source": "checkpoint", "sitting": one.id}
        skill = one.gated[n % len(one.gated)].id
        events.append(Event("answer", one.id, skill, right=True, at=at + timedelta(hours=1, seconds=n + 1), **what))
    return events


def states(events: list[Event], now: datetime = NOW, syllabus: Syllabus = THREE) -> list[str]:
    return [one.word for one in overview(Standing(syllabus, events), now).nodes]


def test_a_beginner_finds_what_needs_nothing_open_and_the_rest_locked() -> None:
    assert states([]) == ["open", "locked", "locked"]
    shown = overview(Standing(THREE), NOW)
    assert shown.nodes[1].note == "opens after 01"
    assert shown.summary == "0.0 of 2.5 hours done · no review due today"


def test_practice_mastery_and_a_week_are_seen_on_the_map() -> None:
    one = THREE.units[0]
    assert states(practised(one.gated[0].id, 1)) == ["in progress", "locked", "locked"]
    assert states(mastered(one)) == ["mastered", "open", "locked"]
    later = overview(Standing(THREE, mastered(one)), NOW + WEEK)
    assert [node.word for node in later.nodes] == ["due", "open", "locked"]
    assert later.due == 2 and later.summary == "1.0 of 2.5 hours done · 2 reviews due today"
    assert "2 reviews due" in later.nodes[0].text


def test_each_state_has_a_sign_and_a_word_of_its_own() -> None:
    assert len(set(SIGNS.values())) == len(MapState) == len(SIGNS)
    seen = overview(Standing(THREE, mastered(THREE.units[0])), NOW + WEEK).nodes
    assert [(node.sign, node.word) for node in seen] == [("↻", "due"), ("○", "open"), ("⊘", "locked")]


def test_hours_are_the_syllabus_minutes_by_the_share_that_is_done() -> None:
    one = THREE.units[0]  # two skills and the checkpoint, an hour: each a third
    assert overview(Standing(THREE, practised(one.gated[0].id, 3)), NOW).hours == "0.3 of 2.5 hours"
    assert overview(Standing(THREE, mastered(one)), NOW).hours == "1.0 of 2.5 hours"


def test_a_unit_offers_practice_while_there_is_any_and_its_checkpoint_when_it_is_ready() -> None:
    one = THREE.units[0]
    first, second = (skill.id for skill in one.gated)

    def offered(events: list[Event], now: datetime = NOW) -> tuple[str, bool]:
        node = overview(Standing(THREE, events), now).nodes[0]
        return (node.practise.target if node.practise else "", node.checkpoint)

    assert offered([]) == (first, False)
    assert offered(practised(first, 3)) == (second, False)
    assert offered(practised(first, 3) + practised(second, 3)) == ("", True)
    assert offered(mastered(one)) == ("", False)
    assert offered(mastered(one), NOW + WEEK) == (first, False), "what is due"
    locked = overview(Standing(THREE), NOW).nodes[1]
    assert locked.practise is None and not locked.checkpoint


def test_a_gate_walked_past_is_shown_as_such() -> None:
    node = overview(Standing(THREE, [Event("continue", "02-two", at=NOW)]), NOW).nodes[1]
    assert (node.word, node.note) == ("open", "continued without mastery")


def test_a_unit_that_gates_nothing_is_counted_by_what_was_answered() -> None:
    advice = Unit("00-advice", "Advice", "Which?", 20, (), skills=(Skill("a.x", "X", False), Skill("a.y", "Y", False)))
    syllabus = course(advice)

    def seen(*answered: str) -> tuple[str, str, str]:
        events = [Event("answer", "00-advice", skill, skill, {"n": 1}, right=False, at=NOW) for skill in answered]
        node = overview(Standing(syllabus, events), NOW).nodes[0]
        assert node.note == "advises, never blocks" and node.practise is None and not node.checkpoint
        return node.sign, node.word, node.done

    assert seen() == ("○", "open", "0 of 2 answered")
    assert seen("a.x") == ("◐", "in progress", "1 of 2 answered")
    assert seen("a.x", "a.y") == ("✓", "done", "2 of 2 answered")


def test_the_static_form_says_all_of_it_in_words() -> None:
    shown = overview(Standing(THREE, mastered(THREE.units[0])), NOW + WEEK, "A warning.")
    text = shown.panel().text()
    for said in ("Small: 1.0 of 2.5 hours", "01         01-One: ↻ due", "○ open", "⊘ locked", "opens after 02"):
        assert said in text
    assert "`practice()`. A warning." in " ".join(text.split())


def test_what_stands_in_the_manifest_is_text_and_never_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    named = Unit("01-x", f"{evil}: y", evil, 5, (), skills=(Skill("x.y", evil, True),))
    shown = overview(Standing(course(named)), NOW, evil)
    assert "<img" not in shown.panel().html() and "&lt;img" in shown.panel().html()
    assert "<img" not in events_html(named, [f"✓ {evil}"])
    assert "<img" not in events_html(Unit(evil, "", "", 5, (), skills=()), [])
    assert wire(shown, {}, {})["units"][0]["label"] == f"01 {evil}", "the browser sets it as text"


def test_why_lists_the_latest_events_first_and_no_more_than_fit() -> None:
    said = events_html(THREE.units[0], [f"event {n}." for n in range(page.EVENTS + 3)])
    found = [int(n) for n in re.findall(r"event (\d+)\.", said)]
    assert found == list(reversed(range(3, page.EVENTS + 3)))
    assert f"the {page.EVENTS + 3} events behind it" in said and "3 earlier ones" in said


# --------------------------------------------------------------------------- what its buttons do


@pytest.fixture
def shown(small_course: Path, monkeypatch: pytest.MonkeyPatch) -> CourseMap:
    """The map of the small course, as `course_map` makes it in a notebook of the learner's folder."""
    for name in ("start", "01-sample", "02-next"):
        (small_course / f"{name}.ipynb").touch()
    monkeypatch.chdir(small_course)
    monkeypatch.setattr(keeper, "_kept", None)
    monkeypatch.setattr(record, "watchers", [])
    monkeypatch.setattr(page, "_latest", None)
    monkeypatch.setattr("course.kernel_info.kernel", lambda: object())
    course_map()
    made = page._latest
    assert made is not None
    return made


def seen(made: CourseMap) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in made.view.map["units"]}


def below(made: CourseMap) -> str:
    """All that is written below the map."""

    def texts(widget: Any) -> list[str]:
        own = [str(getattr(widget, name, "")) for name in ("value", "description", "outputs")]
        return own + [text for child in getattr(widget, "children", ()) for text in texts(child)]

    return "\n".join(text for child in made.place.children for text in texts(child))


def press(made: CourseMap, text: str) -> None:
    """Press the button called `text` below the map."""

    def buttons(widget: Any) -> list[Any]:
        own = [widget] if getattr(widget, "description", None) == text else []
        return own + [found for child in getattr(widget, "children", ()) for found in buttons(child)]

    (found,) = [one for child in made.place.children for one in buttons(child)]
    found.click()


def answer_right(form: Any) -> None:
    exercise, variant = form.session.exercise, form.session.variant
    form.session.answer(exercise.reference(*exercise.inputs(variant.arguments)))


def test_lessons_are_linked_from_where_the_notebook_lies(shown: CourseMap) -> None:
    assert seen(shown)["01-sample"]["lesson"] == "01-sample.ipynb"
    assert seen(shown)["01-sample"]["exercises"] == "", "it has none here"
    assert links.to_lesson(syllabus.load().unit("02-next")) == seen(shown)["02-next"]["lesson"]


def test_a_locked_unit_says_exactly_what_is_missing_and_starts_its_practice(shown: CourseMap) -> None:
    shown.handle({"do": "why", "unit": "02-next", "seq": "v:1"})
    said = below(shown)
    assert "⊘ Locked · The second" in said
    assert "Scale after some layers: 0 of 3 in a row" in said
    assert "the mixed checkpoint of 10" in said
    assert "has no event of 02-next yet" in said
    assert shown.view.map["seq"] == "v:1"
    press(shown, "Practise: Scale after some layers")
    assert "What is left of a gradient after" in below(shown)


def test_an_open_unit_tells_the_events_behind_its_state(shown: CourseMap) -> None:
    record.append(Event("answer", "01-sample", "sample.scale", "e", {"n": 1}, right=True, asked="What <is> it?"))
    shown.handle({"do": "why", "unit": "01-sample"})
    assert "the 1 event behind it" in below(shown)
    assert "What &lt;is&gt; it?" in below(shown) and "1 of 3 in a row" in below(shown)


def test_the_map_follows_what_is_answered_below_it(shown: CourseMap) -> None:
    assert seen(shown)["01-sample"]["word"] == "open"
    shown.handle({"do": "practise", "unit": "01-sample"})
    form = shown.form
    answer_right(form)
    assert seen(shown)["01-sample"]["word"] == "in progress"
    for _ in range(2):
        form.session.deal()
        answer_right(form)
    assert (seen(shown)["01-sample"]["done"], seen(shown)["01-sample"]["checkpoint"]) == (
        "1 of 1 skill, checkpoint next",
        True,
    )


def test_mastery_opens_the_next_unit_and_a_week_later_a_review_is_due(
    shown: CourseMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown.handle({"do": "practise", "unit": "01-sample"})
    for _ in range(3):
        answer_right(shown.form)
        shown.form.session.deal()
    shown.handle({"do": "checkpoint", "unit": "01-sample"})
    checkpoint = shown.form
    for _ in range(rule.ITEMS):
        answer_right(checkpoint)
        checkpoint._next()
    assert [one["word"] for one in seen(shown).values()] == ["mastered", "open"]
    assert shown.view.map["due"] == 0

    later = clock.now() + WEEK
    monkeypatch.setattr(clock, "now", lambda: later)
    shown.handle({"do": "refresh"})
    assert seen(shown)["01-sample"]["word"] == "due" and shown.view.map["due"] == 1
    shown.handle({"do": "due"})
    answer_right(shown.form)
    assert seen(shown)["01-sample"]["word"] == "mastered"
    assert shown.view.map["due"] == 0


def test_where_nothing_is_due_that_is_said(shown: CourseMap) -> None:
    record.add([msgspec.json.encode(event) for event in mastered(syllabus.load().unit("01-sample"), clock.now())])
    shown.handle({"do": "due"})
    assert "✓ Nothing is due" in below(shown)


def test_one_may_continue_anyway_and_the_map_says_so(shown: CourseMap) -> None:
    shown.handle({"do": "why", "unit": "02-next"})
    press(shown, "Continue anyway")
    assert (seen(shown)["02-next"]["word"], seen(shown)["02-next"]["note"]) == ("open", "continued without mastery")


def test_hard_gates_offer_no_way_past(shown: CourseMap, small_course: Path) -> None:
    path = small_course / "course" / "syllabus.toml"
    path.write_text('gates = "hard"\n' + path.read_text())
    course_map()
    assert page._latest is not None and page._latest is not shown
    page._latest.handle({"do": "why", "unit": "02-next"})
    assert "Continue anyway" not in below(page._latest)


def test_what_another_notebook_has_recorded_is_seen_after_a_refresh(shown: CourseMap) -> None:
    record.add([msgspec.json.encode(event) for event in mastered(syllabus.load().unit("01-sample"), clock.now())])
    assert seen(shown)["01-sample"]["word"] == "open"
    shown.handle({"do": "refresh", "seq": "v:9"})
    assert seen(shown)["01-sample"]["word"] == "mastered"
    assert shown.view.map["seq"] == "v:9"


def test_what_the_keeper_brings_back_is_seen_at_once(shown: CourseMap) -> None:
    events = [msgspec.json.encode(event) for event in mastered(syllabus.load().unit("01-sample"), clock.now())]
    shown.keeper.handle({"do": "take", "of": "x", "more": False}, [pack(events)])
    assert seen(shown)["01-sample"]["word"] == "mastered"


def test_what_cannot_be_done_now_is_told_with_the_reason(shown: CourseMap) -> None:
    shown.handle({"do": "checkpoint", "unit": "01-sample"})
    assert "! Not now" in below(shown) and "opens when every skill is mastered" in below(shown)
    shown.handle({"do": "why", "unit": "07-nowhere"})
    assert "There is no unit “07-nowhere”" in below(shown)


def test_a_record_that_cannot_be_read_is_told_on_the_map(shown: CourseMap, small_course: Path) -> None:
    (small_course / "record.jsonl").unlink(missing_ok=True)
    (small_course / "record.jsonl").mkdir()
    shown.handle({"do": "refresh"})
    assert "Your record cannot be read" in shown.view.map["warning"]


def test_without_a_kernel_the_map_is_words(small_course: Path) -> None:
    said = course_map()
    assert "⊘ locked" in said.text() and "0.0 of 0.2 hours" in said.text()


def test_a_notebook_shows_the_widget_and_a_page_without_widgets_the_words(shown: CourseMap) -> None:
    bundle = course_map()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "⊘ locked" in bundle["text/html"] and "⊘ locked" in bundle["text/plain"]
