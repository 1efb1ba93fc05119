"""The red team, graded by the real engine: nobody gains, nobody else is harmed, and the batch ends.

In CI a dozen attacks that differ most; `make prove` tries them all. `make red-team` lays them beside stock nbgrader's.
"""

from __future__ import annotations

import os
from functools import cache

import pytest
from attacks import ATTACKS, Attack, Handed, Place, batch, looking, table, target
from attacks.batch import Batch, Result

PROVE = os.environ.get("ISOMETRY_PROVE") == "1"
pytestmark = [pytest.mark.slow, pytest.mark.prove]

TRIED = [attack for attack in ATTACKS.values() if PROVE or attack.quick]


@cache
def graded(start: int) -> Batch:
    return batch.run(TRIED[start : start + table.CLASS])


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return [graded(start) for start in range(0, len(TRIED), table.CLASS)]


@pytest.fixture(scope="module")
def results(batches: list[Batch]) -> dict[str, Result]:
    return {name: result for found in batches for name, result in found.results.items()}


@pytest.mark.parametrize("name", [attack.name for attack in TRIED])
def test_an_attack_gains_nothing_and_reaches_nothing(results: dict[str, Result], name: str) -> None:
    result = results[name]
    assert result.points <= result.attack.ceiling, result.row
    assert result.harms == ()
    assert result.forged == 0 or result.marked, "points that a student's own process gave are said to be so"
    assert result.row["state"] in ("graded", "failed", "quarantined")
    assert result.row["state"] == "graded" or result.row["score"] == 0


def test_honest_learners_between_attackers_get_what_they_earned(batches: list[Batch]) -> None:
    for found in batches:
        assert {(row["state"], row["score"]) for row in found.honest.values()} == {("graded", batch.FULL)}
        pages = [found.pages[name] for name in found.honest]
        assert all(page.count("Right") >= len(target.WORTH) for page in pages)


def test_who_is_honest_and_wrong_earns_nothing(batches: list[Batch]) -> None:
    assert all((found.wrong["state"], found.wrong["score"]) == ("graded", 0.0) for found in batches)


def test_the_batch_ends_and_says_nothing(batches: list[Batch]) -> None:
    assert [(found.ended, found.code, found.said) for found in batches] == [(True, 0, "")] * len(batches)
    assert sum(len(found.results) for found in batches) == len(TRIED)


def test_no_process_and_no_file_is_left_outside_the_gradebooks_folder(batches: list[Batch]) -> None:
    assert [found.processes for found in batches] == [[]] * len(batches)
    assert [found.files for found in batches] == [[]] * len(batches)


# --------------------------------------------------------------------------- the red team itself


def written(attack: Attack) -> Handed:
    from pathlib import Path

    handed = Handed(target.notebook(target.WRONG))
    places = [Path(f"/nowhere/{name}") for name in ("course", "handed-in", "grading", "home")]
    attack.write(handed, Place(*places, mark="mark", honest="ada"))
    return handed


def test_no_two_attacks_hand_in_the_same() -> None:
    made = [repr(written(attack)) for attack in ATTACKS.values() if not attack.student]
    assert len(set(made)) == len(made) and len(ATTACKS) >= 45
    assert {attack.subject for attack in ATTACKS.values()} == set(
        "answers cells processes files network notebooks outputs channel line".split()
    )


def test_the_table_holds_every_attack_once_and_all_are_held() -> None:
    lines = table.lines_of(table.TABLE.read_text(encoding="utf-8"))
    assert set(lines) == set(ATTACKS)
    assert {name for name, line in lines.items() if not line.endswith(table.HELD)} == set()


def test_what_an_attack_does_is_found_out() -> None:
    """The detectors, on what a successful attack would leave."""
    page = "<p onclick='mark_m()'>x</p><script>mark_m()</script><a href='javascript:mark_m()'>x</a><img src='//mark_m'>"
    assert looking.active(page, "mark_m") == ["a href", "img src", "p onclick", "script"]
    assert looking.active("<pre>&lt;script&gt;mark_m()&lt;/script&gt;</pre>", "mark_m") == []
    said = '{"cells": [{"outputs": [{"text": ["boasts: traced its ", "parent;"]}], "source": "boasts: nothing;"}]}'
    assert looking.boasts(looking.shown(said)) == ["traced its parent"]
    assert looking.escapes("\x1b[2J") and not looking.escapes("plain")
