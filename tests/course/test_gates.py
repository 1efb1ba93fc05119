"""The gate: closed, it says what is missing and stops; mastery of what it requires opens it, and so does walking past."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from answering import answer, master, master_rounds, sit
from practice_course import NEXT, UNIT, later

from course import check, gate, progress, syllabus
from course.errors import CourseError
from course.forms import gate_panels
from course.mastery import record
from course.mastery.rule import Gate, Standing
from course.notebook.gates import GateClosed
from course.syllabus import Unit
from course.tutoring.follower import standing
from course.tutoring.questions import start
from course.tutoring.rounds import checkpoint
from course.widgets.panel import Panel

pytestmark = pytest.mark.usefixtures("two_units")


def test_closed_it_says_exactly_what_is_missing_and_stops(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GateClosed) as caught:
        gate(NEXT)
    assert str(caught.value) == (
        "The gate of 02-next is closed: 3 skills and the checkpoint of 01-rounds are missing. See the panel above."
    )
    assert caught.value._render_traceback_() == [str(caught.value)], "no traceback for a learner"
    said = capsys.readouterr()
    for step in (
        "Scale after some layers: 0 of 3 in a row",
        "What becomes of a signal: 0 of 3 in a row",
        "Doubling, in code: 0 of 2 in a row",
        "`rounds.doubled` in the unit's exercises is to be passed",
        "8 right are needed",
    ):
        assert step in " ".join(said.out.split())
    assert said.err == ""


def test_it_says_less_and_less_until_it_opens() -> None:
    def closed() -> str:
        with pytest.raises(GateClosed) as caught:
            gate(NEXT)
        return str(caught.value).removesuffix(" See the panel above.").partition(": ")[2]

    assert "Open" in gate(UNIT).heading
    master("rounds.scale", "rounds.trend")
    assert closed() == "one skill and the checkpoint of 01-rounds are missing."
    master("rounds.code")
    assert closed() == "one skill and the checkpoint of 01-rounds are missing.", "its code is not passed yet"
    check("rounds.doubled", lambda x: 2 * x)
    assert closed() == "the checkpoint of 01-rounds is missing."
    assert not sit(UNIT, 7).passed
    assert closed() == "the checkpoint of 01-rounds is missing."
    with pytest.raises(CourseError, match="Review what was missed"):
        checkpoint(UNIT)
    for skill in standing()[0].units[UNIT].to_review:
        answer(skill, True)
    assert sit(UNIT, 8).passed
    assert "Open" in gate(NEXT).heading


def test_a_session_goes_on_where_the_record_stands() -> None:
    for n in range(3):
        session = start("rounds.scale")
        assert session.state.row == n
        answer("rounds.scale", True)
    assert start("rounds.scale").state.mastered


def test_walking_past_is_recorded_and_shown() -> None:
    assert "Recorded" in gate_panels.override_gate(syllabus.load().unit(NEXT)).heading
    assert [event.kind for event in record.read().events] == ["continue"]
    assert "without mastery" in gate(NEXT).note
    assert "continued without mastery" in progress().text()


def test_walking_past_says_so_where_it_cannot_be_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / "file" / "record.jsonl"))
    panel = gate_panels.override_gate(syllabus.load().unit(NEXT))
    assert "Not recorded" in panel.heading and "could not be written" in panel.text()


def test_one_line_of_configuration_makes_gates_hard(two_units: Path) -> None:
    gate_panels.override_gate(syllabus.load().unit(NEXT))
    assert "Open" in gate(NEXT).heading
    path = two_units / "course" / "syllabus.toml"
    path.write_text(path.read_text().replace('title = "Small"', 'title = "Small"\ngates = "hard"'))
    with pytest.raises(GateClosed):
        gate(NEXT)
    master_rounds()
    sit(UNIT)
    assert "Open" in gate(NEXT).heading, "mastery opens a hard gate"


def test_unattended_runs_open_it_explicitly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOMETRY_GATES", "open")
    assert "Open" in gate(NEXT).heading


def test_unknown_names_give_a_sentence() -> None:
    with pytest.raises(CourseError, match="Did you mean “02-next”"):
        gate("02-nxt")
    with pytest.raises(CourseError, match=r"Did you mean “rounds.scale”"):
        start("rounds.scal")


def test_progress_shows_each_skill_and_the_checkpoint_in_a_terminal() -> None:
    answer("rounds.scale", True, True)
    assert flat(progress(UNIT)) == (
        "◐ 0 of 3 skills mastered · 01-rounds ●●○ Scale after some layers ○○○ What becomes of a signal "
        "○○ Doubling, in code to write `rounds.doubled`, in the unit's exercises "
        "checkpoint 8 right are needed; it opens when every skill is mastered "
        "Each needs fresh ones right in a row, at the first try."
    )
    master_rounds()
    assert "checkpoint ready: 10 fresh questions, 8 right are needed" in flat(progress(UNIT))
    sit(UNIT, 0)
    assert "to review What becomes of a signal: missed in the checkpoint" in flat(progress(UNIT))


def flat(panel: Panel) -> str:
    return " ".join(panel.text().split())


def test_progress_says_what_a_mastered_unit_opened_and_later_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    master_rounds()
    sit(UNIT)
    shown = flat(progress(UNIT))
    assert "✓ Mastered · 01-rounds" in shown and "checkpoint ✓ passed" in shown and "It opens 02-next." in shown
    later(monkeypatch, days=60)
    assert flat(progress(UNIT)).count("✓ due") == 3
    answer("rounds.scale", False)
    assert "↻ ○○○ Scale after some layers" in flat(progress(UNIT))
    assert "Open" in gate(NEXT).heading, "a failed review reopens the skill, not the unit"


def test_progress_of_all_units_is_the_map() -> None:
    text = progress().text()
    assert "01" in text and "○ open" in text and "⊘ locked" in text and "hours done" in text


def test_what_there_is_to_say_of_the_record_is_said(two_units: Path) -> None:
    (two_units / "record.jsonl").write_text("damaged\n")
    for panel in (gate(UNIT), progress(), progress(UNIT)):
        assert "1 damaged line of your record was passed over" in flat(panel)


def test_a_record_that_cannot_be_read_stops_with_a_sentence(two_units: Path) -> None:
    (two_units / "record.jsonl").mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        gate(UNIT)


@pytest.mark.parametrize(
    ("skills", "checkpoints", "said"),
    [
        (1, (), "one skill is missing."),
        (2, (), "2 skills are missing."),
        (0, ("a",), "the checkpoint of a is missing."),
        (0, ("a", "b"), "the checkpoint of a and the checkpoint of b are missing."),
        (3, ("a", "b"), "3 skills, the checkpoint of a and the checkpoint of b are missing."),
    ],
)
def test_the_sentence_is_one_whatever_is_missing(skills: int, checkpoints: tuple[str, ...], said: str) -> None:
    class Where:
        def gate(self, unit: Unit) -> Gate:
            return Gate(unit.id, ((UNIT, "x"),) * skills, checkpoints)

    sentence = gate_panels.in_a_sentence(cast(Standing, Where()), syllabus.load().unit(NEXT))
    assert sentence == f"The gate of 02-next is closed: {said}"
