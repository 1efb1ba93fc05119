"""The gate: closed, it says what is missing and stops; three in a row a skill open it, and so does walking past."""

from __future__ import annotations

import pytest

from course import gate, gates, manifest, progress
from course.errors import CourseError
from course.gates import GateClosed
from course.mastery import record
from course.practising import start

pytestmark = pytest.mark.usefixtures("small_course")


def test_closed_it_names_what_is_missing_and_stops(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GateClosed, match="gate of 02-next is closed") as caught:
        gate("02-next")
    said = capsys.readouterr().out
    assert "Scale after some layers: 0 of 3 in a row" in said
    assert "Jacobian" not in said, "a skill that does not gate is not missing"
    assert caught.value._render_traceback_() == [str(caught.value)], "no traceback for a learner"


def test_practising_to_mastery_opens_it() -> None:
    assert "Open" in gate("01-sample").heading
    practice = start("sample.scale")
    for _ in range(3):
        a = practice.variant.arguments
        assert practice.answer(a["norm"] ** a["depth"]).right
        practice.deal()
    assert "Open" in gate("02-next").heading
    assert "All skills mastered" in progress("01-sample").heading


def test_a_session_goes_on_where_the_record_stands() -> None:
    for n in range(3):
        practice = start("sample.scale")
        assert practice.state.row == n
        a = practice.variant.arguments
        practice.answer(a["norm"] ** a["depth"])
    assert "Open" in gate("02-next").heading


def test_walking_past_is_recorded_and_shown() -> None:
    assert "Recorded" in gates.walk_past(manifest.load().unit("02-next")).heading
    assert [event.kind for event in record.read().events] == ["continue"]
    assert "without mastery" in gate("02-next").note


def test_unattended_runs_open_it_explicitly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOMETRY_GATES", "open")
    assert "Open" in gate("02-next").heading


def test_unknown_names_give_a_sentence() -> None:
    with pytest.raises(CourseError, match="Did you mean “02-next”"):
        gate("02-nxt")
    with pytest.raises(CourseError, match=r"Did you mean “sample.scale”"):
        start("sample.scal")
    with pytest.raises(CourseError, match="no short questions"):
        start("sample.layer")


def test_progress_shows_each_skill_in_a_terminal() -> None:
    text = progress("01-sample").text()
    assert "0 of 1 skills mastered" in text
    assert "does not gate" in text
