"""A score is explained from what the gradebook keeps: each answer, its verdict and mistake, the seed, the attempt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fake_grading
import pytest
from fake_grading import UNIT

from autograder import cli
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.judging import secret

Said = tuple[int, str, str]


@pytest.fixture(scope="module")
def into(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a class that was graded; the course and what was handed in are gone."""
    folder = tmp_path_factory.mktemp("why")
    handed_in = fake_grading.hand_in(folder / "handed-in", {"ada": "right", "cyd": "wrong", "dan": "garbled"})
    with ThreadPoolExecutor(2) as threads:
        settings = Settings(folder / "into", seconds=5)
        course = fake_grading.course(folder)
        grade_class(UNIT, handed_in, settings, root=course, executor=threads, grade=fake_grading.grade)
    course.rename(folder / "gone")
    return folder / "into"


@pytest.fixture
def said(into: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["autograder", *arguments, "--into", str(into)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_it_names_answer_verdict_mistake_seed_and_attempt(into: Path, said: Callable[..., Said]) -> None:
    code, out, _ = said("why", UNIT, "cyd", "--json")
    told = json.loads(out)
    assert code == 0 and (told["state"], told["score"], told["batch"], told["attempt"]) == ("graded", 0.0, 1, 1)
    checks = {check["cell"]: check for check in told["checks"]}
    assert (checks["scale-check"]["mistake"], checks["scale-check"]["verdict"]) == ("linear", "wrong")
    assert checks["relu-check"]["answer"] == "wrong" and checks["relu-check"]["of"] == 4.0
    key = bytes.fromhex((into / f"{UNIT}.secret").read_text())
    assert checks["relu-check"]["seed"] == secret.seed(key, UNIT, "tiny.relu")
    assert checks["scale-check"]["seed"] is None and told["others"] == {"why": 0.0} and told["unread"] == ["why"]


def test_people_read_the_same_as_a_table_also_from_the_option_of_grade(said: Callable[..., Said]) -> None:
    code, out, err = said("why", UNIT, "cyd")
    assert (code, err) == (0, "") and "linear" in out and "0 of 4" in out and "batch 1, attempt 1" in out
    assert said("grade", UNIT, "--why", "cyd") == (0, out, "")
    _, out, _ = said("why", UNIT, "dan")
    assert "failed: The file is not a notebook." in out


def test_who_is_not_there_and_a_folder_without_a_gradebook_are_one_sentence(
    said: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said("why", UNIT, "eve")
    assert code == 2 and "no result of eve for 90-tiny. It has: ada, cyd, dan." in err
    monkeypatch.setattr(sys, "argv", ["autograder", "why", UNIT, "ada", "--into", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    err = capsys.readouterr().err
    assert ended.value.code == 2 and "There is no gradebook" in err and err.endswith("or name its folder (--into).\n")
    assert list(tmp_path.iterdir()) == []
