"""`check` and `hint`: a bare number for nbgrader, a panel for people, a record only where someone is there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from nbgrader.utils import get_partial_grade

from course import check, hint, kernel_info
from course.mastery import record
from course.notebook import checking


@pytest.fixture(autouse=True)
def _nobody_yet(small_course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: False)
    monkeypatch.setattr(checking, "_hints_taken", {})


def nbgraders(points: Any, out_of: float) -> float:
    return get_partial_grade({"data": points._repr_mimebundle_()}, out_of)


def test_nbgrader_reads_the_points_and_people_the_panel() -> None:
    right = check("sample.gradient_scale", 0.349, norm=0.9, depth=10)
    wrong = check("sample.gradient_scale", 9.0, norm=0.9, depth=10)
    assert (nbgraders(right, 2), nbgraders(wrong, 2)) == (2.0, 0.0)
    html = wrong._repr_mimebundle_()["text/html"]
    assert "Factors compound" in html and "Not yet" in html and "9" in html
    assert "0 of 2 points" in html and "<script" not in html
    assert "Factors compound" in wrong.panel.text()


def test_partial_credit_reaches_nbgrader() -> None:
    bank = sys.modules["autograder.judging.bank"].find("sample.layer_jacobian")
    assert bank is not None
    broken = next(m for m in bank.mistakes if m.breaks)
    assert nbgraders(check("sample.layer_jacobian", broken.answer), 4) == 2.0


def test_what_a_learner_wrote_cannot_become_markup() -> None:
    points = check("sample.gradient_scale", "<img src=x onerror=alert(1)>", norm=0.9, depth=10)
    assert "<img" not in points._repr_mimebundle_()["text/html"]


def test_nothing_is_raised_and_nothing_scored_when_the_question_is_at_fault() -> None:
    for call in (
        lambda: check("sample.no_such_thing", 1),
        lambda: check("sample.gradient_scale", 1),
        lambda: check("absent.exercise", 1),
    ):
        assert nbgraders(call(), 2) == 0.0
    assert "it will be judged when you submit" in check("absent.exercise", 1).panel.text()


def test_in_a_terminal_the_panel_is_printed_and_stderr_stays_silent(capfd: pytest.CaptureFixture[str]) -> None:
    check("sample.gradient_scale", None, norm=0.9, depth=10)
    out, err = capfd.readouterr()
    assert "Not attempted" in out
    assert err == ""


def test_events_are_written_only_where_a_person_is(monkeypatch: pytest.MonkeyPatch) -> None:
    check("sample.gradient_scale", 9.0, norm=0.9, depth=10)
    assert record.read().events == ()
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    check("sample.gradient_scale", 9.0, norm=0.9, depth=10)
    check("sample.gradient_scale", None, norm=0.9, depth=10)
    (event,) = record.read().events
    assert (event.mistake, event.right, event.source) == ("linear_in_depth", False, "check")
    assert event.arguments == {"norm": 0.9, "depth": 10}


def test_grading_and_validating_have_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setattr(sys, "stdin", type("Tty", (), {"isatty": lambda self: True})())
    assert not kernel_info.person_present()
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert kernel_info.person_present()


def test_a_record_that_cannot_be_written_is_said_and_the_verdict_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / "file" / "record.jsonl"))
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    points = check("sample.gradient_scale", 0.349, norm=0.9, depth=10)
    assert points == 2.0
    assert "could not be written" in points.panel.text()


def test_hints_come_in_levels() -> None:
    assert "A nudge." in hint("sample.gradient_scale").text()
    last = hint("sample.gradient_scale")
    assert "Nearly the way." in last.text() and last.note == ""
    assert "No hint" in hint("sample.layer_jacobian").text()
    assert "No hint" in hint("absent.exercise").text()


# --------------------------------------------------------------------------- the record behind it


def test_a_check_neither_reads_nor_parses_the_record_so_it_is_as_quick_however_long_the_record_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    check("sample.gradient_scale", 9.0, norm=0.9, depth=10)
    before = record.size()

    def looked(*_: Any) -> Any:
        raise AssertionError("a check looked into the record")

    with monkeypatch.context() as patch:
        for name in ("read", "text", "parse", "by_id", "_lines"):
            patch.setattr(record, name, looked)
        for name in ("read_bytes", "read_text"):
            patch.setattr(Path, name, looked_at_record(getattr(Path, name)))
        assert check("sample.gradient_scale", 0.349, norm=0.9, depth=10) == 2.0
        assert check("sample.layer_jacobian", lambda W, b, h: W) == 0.0
    assert record.size() > before
    assert [event.exercise for event in record.read().events] == [
        "sample.gradient_scale",
        "sample.gradient_scale",
        "sample.layer_jacobian",
    ]


def looked_at_record(real: Callable[..., Any]) -> Callable[..., Any]:
    """A way to read files that refuses the record."""

    def read(path: Path, *rest: Any, **more: Any) -> Any:
        assert path.name != "record.jsonl", "a check looked into the record"
        return real(path, *rest, **more)

    return read


def test_a_check_keeps_what_was_asked_given_and_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    hint("sample.gradient_scale")
    check("sample.gradient_scale", jnp.float32(9), norm=jnp.float32(0.5), depth=np.int64(10))
    (event,) = record.read().events
    assert event.asked == "What is left of a gradient after 10 layers of norm 0.5?"
    assert (event.given, event.accepted, event.hints, event.seed) == ("9", "0.000976562", 1, None)
    assert event.arguments == {"norm": 0.5, "depth": 10}


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "answer",
    [float("nan"), 10**400, "\ud83d", Unprintable(), lambda: 1, np.zeros((300, 300)), {1: {2}}, b"x", object],
    ids=lambda answer: type(answer).__name__,
)
def test_no_answer_is_too_odd_to_be_recorded(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    assert check("sample.gradient_scale", answer, norm=0.9, depth=10) == 0.0
    check("sample.layer_jacobian", answer)
    replay = record.read()
    assert replay.warning == "" and len(replay.events) == 2
    assert not any(event.right for event in replay.events)
