"""`course progress`, `course why`, `course open` in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import answer, master_rounds, sit
from click.testing import CliRunner
from practice_course import NEXT, UNIT, later

from course import cli, syllabus
from course.forms import gate_panels
from course.mastery import plan, record
from course.mastery.record import Event

pytestmark = pytest.mark.usefixtures("two_units")


def course(*arguments: str) -> str:
    """What `course …` prints; it must end well."""
    done = CliRunner().invoke(cli.commands, arguments)
    assert done.exit_code == 0, done.output
    assert done.exception is None
    return done.output


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What `course …` says on stderr where it refuses: one sentence, nothing else, and exit code 2."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended, monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["course", *arguments])
            cli.main()
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and err.startswith("course: ")
        return err.removeprefix("course: ").strip()

    return run


def flat(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------- progress


def test_progress_prints_the_map_each_unit_with_its_state_and_the_hours() -> None:
    shown = course("progress")
    assert "0.0 of 0.2 hours done · no review due today" in shown
    assert "Rounds: ○ open · 0 of 3 skills" in flat(shown)
    assert "Next: ⊘ locked · 0 of 1 skill" in flat(shown) and "opens after 01" in flat(shown)
    answer("rounds.scale", True)
    assert "◐ in progress" in course("progress")
    master_rounds()
    sit(UNIT)
    shown = flat(course("progress"))
    assert "0.1 of 0.2 hours done" in shown
    assert "✓ mastered · 3 of 3 skills, checkpoint passed" in shown
    assert "Next: ○ open" in shown
    assert all(len(line) <= 88 for line in course("progress").splitlines())


def test_progress_names_what_is_due_today_and_else_when_the_next_review_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    master_rounds()
    sit(UNIT)
    from course.tutoring.follower import standing

    day = plan.next_due(standing()[0])
    assert f"A review on {day:%Y-%m-%d}; nothing is due before." in course("progress")
    later(monkeypatch, days=60)
    shown = flat(course("progress"))
    assert "↻ due" in shown and "3 reviews due" in shown
    assert "due today 01-rounds: Scale after some layers; What becomes of a signal; Doubling, in code" in shown
    answer("rounds.scale", True)
    assert "due today 01-rounds: What becomes of a signal; Doubling, in code" in flat(course("progress"))


def test_progress_of_a_unit_shows_its_skills_and_takes_any_of_its_names() -> None:
    answer("rounds.scale", True, True)
    shown = course("progress", UNIT)
    assert "●●○ Scale after some layers" in flat(shown)
    assert shown == course("progress", "rounds") == course("progress", "01")


def test_an_unknown_unit_is_a_sentence_and_exit_code_2(refused: Callable[..., str]) -> None:
    for command in ("progress", "why", "open"):
        assert refused(command, "01-round") == "There is no unit “01-round”. Did you mean “01-rounds”?"


def test_what_there_is_to_say_of_the_record_is_said(two_units: Path) -> None:
    (two_units / "record.jsonl").write_text("damaged\n")
    for arguments in (["progress"], ["progress", UNIT], ["why", UNIT]):
        assert "1 damaged line of your record was passed over" in flat(course(*arguments))


def test_help_says_what_each_does() -> None:
    assert all(name in course("--help") for name in ("progress", "why", "open"))
    assert "hours done" in flat(course("progress", "--help"))
    assert "what was asked, what you answered, what it did" in flat(course("why", "--help"))
    assert "if its gate is open; else say what is missing" in flat(course("open", "--help"))


# --------------------------------------------------------------------------- keeping the record


def test_a_record_that_was_exported_and_imported_elsewhere_stands_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master_rounds()
    sit(UNIT)
    before, copy = course("progress"), tmp_path / "copy.jsonl"
    count = len(record.read().events)
    assert course("progress", "--export", str(copy)) == f"Wrote {count} events to {copy}.\n"
    monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / "elsewhere" / "record.jsonl"))
    assert "○ open" in course("progress")
    assert course("progress", "--import", str(copy)) == f"Took {count} new events from {copy}.\n"
    assert course("progress") == before
    content = (tmp_path / "elsewhere" / "record.jsonl").read_bytes()
    assert course("progress", "--import", str(copy)) == (
        f"Took 0 new events from {copy}; all {count} were in your record already.\n"
    )
    assert (tmp_path / "elsewhere" / "record.jsonl").read_bytes() == content, "taking it twice is taking it once"


def test_two_records_become_one_in_either_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []
    for name in ("one", "other"):
        monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / name / "record.jsonl"))
        answer("rounds.scale", True, True)
        copies.append(str(tmp_path / f"{name}.jsonl"))
        course("progress", "--export", copies[-1])
    states = []
    for number, order in enumerate((copies, copies[::-1])):
        monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / f"both{number}" / "record.jsonl"))
        for copy in order:
            course("progress", "--import", copy)
        states.append((record.read().events, course("progress", UNIT)))
    assert states[0] == states[1]
    assert len(states[0][0]) == 4 and "✓ mastered Scale after some layers" in flat(states[0][1])


def test_an_import_into_a_record_that_has_some_of_it_says_so(tmp_path: Path) -> None:
    answer("rounds.scale", True)
    copy = tmp_path / "copy.jsonl"
    course("progress", "--export", str(copy))
    with copy.open("ab") as file:
        file.write(record._encode(Event("continue", NEXT)))
    assert course("progress", "--import", str(copy)) == (
        f"Took 1 new event from {copy}; the other 1 was in your record already.\n"
    )


def test_import_and_export_at_once_take_first_and_with_a_unit_show_it(tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    source.write_bytes(record._encode(Event("continue", NEXT)) + b"\n")
    shown = course("progress", NEXT, "--import", str(source), "--export", str(tmp_path / "copy.jsonl"))
    assert "Took 1 new event" in shown and "Wrote 1 event to" in shown and "0 of 1 skills mastered" in shown
    assert (tmp_path / "copy.jsonl").read_bytes() == source.read_bytes()


def test_an_export_never_overwrites(tmp_path: Path, refused: Callable[..., str]) -> None:
    answer("rounds.scale", True)
    mine = tmp_path / "mine.txt"
    mine.write_text("something else")
    assert "is there already, and is not overwritten" in refused("progress", "--export", str(mine))
    assert mine.read_text() == "something else"
    assert "is there already" in refused("progress", "--export", str(tmp_path))


def test_an_export_that_cannot_be_written_is_a_sentence(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "none" / "copy.jsonl", tmp_path / "file" / "copy.jsonl"):
        said = refused("progress", "--export", str(place))
        assert "cannot be written" in said and said.endswith("Name another place.")


def test_an_export_on_a_full_disk_leaves_no_half_copy(tmp_path: Path, root: Path) -> None:
    answer("rounds.scale", True, True)
    copy = tmp_path / "copy.jsonl"
    program = (
        "import resource, sys; from course.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "progress", "--export", str(copy)], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 2 and "cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not copy.exists()


def test_what_is_no_record_is_not_taken(tmp_path: Path, refused: Callable[..., str]) -> None:
    answer("rounds.scale", True)
    before = record.text()
    for content in (b"", b"\x89PNG\r\n\x1a\n\x00\xff", b'{"cells": []}\n', b"torn\n" * 3):
        (tmp_path / "other").write_bytes(content)
        said = refused("progress", "--import", str(tmp_path / "other"))
        assert "is no record of this course" in said and said.endswith("Nothing was taken.")
    for missing in (tmp_path / "none.jsonl", tmp_path):
        assert "cannot be read" in refused("progress", "--import", str(missing))
    assert record.text() == before


# --------------------------------------------------------------------------- why


def test_why_tells_each_event_with_what_was_asked_and_what_it_did() -> None:
    session = answer("rounds.scale", False, True)
    shown = course("why", UNIT)
    norm_and_depth = session.variant.arguments
    assert "What happened (times in UTC):" in shown
    assert "✗ rounds.scale · a miss: the row starts anew" in shown
    assert "✓ rounds.scale · 1 of 3 in a row" in shown
    assert f"after {norm_and_depth['depth']} layers of norm {norm_and_depth['norm']}?" in flat(shown)
    assert "(product), accepted was" in flat(shown)
    assert all(len(line) <= 88 for line in shown.splitlines())


def test_why_of_a_locked_unit_says_what_is_missing_and_of_an_untouched_one_that_nothing_happened() -> None:
    shown = course("why", NEXT)
    assert "The gate of 02-next is closed: 3 skills and the checkpoint of 01-rounds are missing." in shown
    assert "Your record has no event of 02-next yet." in shown
    assert "Your record has no event of 01-rounds yet." in course("why", UNIT)
    gate_panels.override_gate(syllabus.load().unit(NEXT))
    assert "continued without mastery" in course("why", NEXT)


# --------------------------------------------------------------------------- open


@pytest.fixture
def opened(two_units: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], dict[str, str]]]:
    """What JupyterLab would have been started with."""
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *what: started.append(what))
    monkeypatch.setattr(os, "chdir", lambda path: None)
    for name in ("start", UNIT, NEXT):
        (two_units / "course" / f"{name}.ipynb").write_text('{"cells": []}')
    return started


def test_open_starts_a_lesson_whose_gate_is_open(two_units: Path, opened: list[Any]) -> None:
    shown = course("open", UNIT)
    assert "JupyterLab is starting" in shown
    ((_, command, environment),) = opened
    urls = [part for part in command if "default_url" in part]
    assert urls[-1] == "--LabApp.default_url=/lab/tree/01-rounds.ipynb", "the last one wins"
    assert environment["ISOMETRY_COURSE"] == str(two_units)
    assert (two_units / "my-work" / "01-rounds.ipynb").exists(), "it was handed out first"


def test_open_refuses_a_closed_one_with_every_reason_and_exit_code_1(opened: list[Any], two_units: Path) -> None:
    answer("rounds.scale", True, True)
    done = CliRunner().invoke(cli.commands, ["open", NEXT])
    assert done.exit_code == 1 and opened == []
    shown = flat(done.output)
    assert "The gate of 02-next is closed: 3 skills and the checkpoint of 01-rounds are missing." in shown
    assert "Scale after some layers: 2 of 3 in a row" in shown and "`rounds.doubled`" in shown
    assert "`course study` opens the map in JupyterLab" in shown
    assert not (two_units / "my-work").exists(), "nothing was handed out"
    assert all(len(line) <= 88 for line in done.output.splitlines())


def test_open_follows_mastery_walking_past_and_those_who_open_all_gates(
    opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("ISOMETRY_GATES", "open")
        course("open", NEXT)
    assert len(opened) == 1
    assert CliRunner().invoke(cli.commands, ["open", NEXT]).exit_code == 1
    gate_panels.override_gate(syllabus.load().unit(NEXT))
    course("open", NEXT)
    assert len(opened) == 2
