"""The simulated class: the same for the same seed, of every kind, and worth what its mistakes imply."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest

from autograder.errors import GradingError
from autograder.grading import simulated_class
from autograder.grading.simulated_class import RIGHT, Kind, SimulatedLearner
from autograder.judging import judge
from autograder.submissions import fill_in
from autograder.submissions.assignment import find

COURSE = Path(__file__).parent / "fixtures" / "course"
UNIT = "90-tiny"


@pytest.fixture(scope="module")
def learners() -> list[SimulatedLearner]:
    return simulated_class.make(UNIT, 30, seed=5, root=COURSE)


def one(learners: list[SimulatedLearner], kind: Kind) -> SimulatedLearner:
    return next(learner for learner in learners if learner.kind is kind)


def test_the_same_seed_makes_the_same_class_and_another_seed_another(learners: list[SimulatedLearner]) -> None:
    assert simulated_class.make(UNIT, 30, seed=5, root=COURSE) == learners
    assert simulated_class.make(UNIT, 30, seed=6, root=COURSE) != learners


@pytest.mark.parametrize("size", [8, 30])
def test_every_kind_of_learner_is_there(size: int) -> None:
    kinds = [learner.kind for learner in simulated_class.make(UNIT, size, seed=1, root=COURSE)]
    assert len(kinds) == size
    assert set(kinds) == set(Kind)
    assert [kinds.count(kind) for kind in (Kind.MALFORMED, Kind.ENDLESS, Kind.DELETED)] == [1, 1, 1]


def test_names_say_nothing_of_what_a_learner_did(learners: list[SimulatedLearner]) -> None:
    assert [learner.name for learner in learners] == [f"learner-{i:02d}" for i in range(1, 31)]
    assert [learner.kind for learner in learners] != sorted((x.kind for x in learners), key=list(Kind).index)


def test_a_perfect_learner_is_expected_to_have_all_points_and_an_untouched_one_none(
    learners: list[SimulatedLearner],
) -> None:
    worth = {"scale-check": 2.0, "count-check": 1.0, "relu-check": 4.0}
    assert one(learners, Kind.PERFECT).expected == worth
    assert set(one(learners, Kind.PERFECT).answers.values()) == {RIGHT}
    assert one(learners, Kind.UNTOUCHED).expected == dict.fromkeys(worth, 0.0)
    assert one(learners, Kind.UNTOUCHED).answers == {}


def test_a_mistake_costs_its_points_and_is_to_be_found(learners: list[SimulatedLearner]) -> None:
    held = [(learner, cell, name) for learner in learners for cell, name in learner.diagnosis.items()]
    assert {name for _, _, name in held} >= {"linear", "root", "added", "absolute", "flipped"}
    worth = {"scale-check": 2.0, "count-check": 1.0, "relu-check": 4.0}
    for learner, cell, name in held:
        assert learner.answers[cell] == name
        # Writing into the caller's array costs a quarter; every other mistake costs it all.
        assert learner.expected[cell] == (3.0 if name == "in_place" else 0.0)
        assert learner.expected[cell] < worth[cell]


def test_several_means_more_than_one(learners: list[SimulatedLearner]) -> None:
    assert all(len(x.diagnosis) > 1 for x in learners if x.kind is Kind.SEVERAL)
    assert all(len(x.diagnosis) == 1 for x in learners if x.kind is Kind.ONE)


def test_the_deleted_cell_is_gone_and_counts_nothing_while_the_rest_counts(learners: list[SimulatedLearner]) -> None:
    learner = one(learners, Kind.DELETED)
    there = {c.metadata.get("nbgrader", {}).get("grade_id") for c in nbformat.reads(learner.content.decode(), 4).cells}
    gone = set(learner.expected) - there
    assert len(gone) == 1
    assert {cell for cell, points in learner.expected.items() if points == 0} == gone


def test_the_malformed_file_is_no_json_and_the_endless_one_is(learners: list[SimulatedLearner]) -> None:
    with pytest.raises(ValueError):
        json.loads(one(learners, Kind.MALFORMED).content)
    assert b"while True" in one(learners, Kind.ENDLESS).content
    assert sum(one(learners, Kind.MALFORMED).expected.values()) == 0


def test_nothing_that_is_expected_stands_in_what_is_handed_in(learners: list[SimulatedLearner], tmp_path: Path) -> None:
    folder = simulated_class.hand_in(learners, UNIT, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len([path for path in files if path.is_relative_to(folder)]) == 30
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "expected" not in text and "diagnosis" not in text
        assert not any(kind.value in text for kind in (Kind.PERFECT, Kind.ONE, Kind.SEVERAL))


def test_a_code_answer_is_the_mistakes_own_source_under_the_name_checked() -> None:
    exercise = find(UNIT, COURSE).bank.exercises["tiny.relu"]
    for mistake in exercise.mistakes:
        source = fill_in.source_of(mistake.answer, "relu")
        names: dict[str, object] = {}
        exec(source, names)
        again = judge.judge(exercise, names["relu"])
        assert again.mistake == mistake.name
        assert again == judge.judge(exercise, mistake.answer)
        assert isinstance(ast.parse(source).body[-1], ast.FunctionDef)


def test_only_what_is_used_and_not_there_yet_is_imported() -> None:
    source = fill_in.source_of(find(UNIT, COURSE).bank.exercises["tiny.relu"].reference, "relu")
    assert source.startswith("import numpy as np\n") and "jax" not in source
    assert "import" not in fill_in.source_of(find(UNIT, COURSE).bank.exercises["tiny.relu"].reference, "relu", {"np"})


def test_a_made_up_class_never_replaces_a_real_one(learners: list[SimulatedLearner], tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_bytes(b"real")
    with pytest.raises(GradingError, match="holds a class of yours"):
        simulated_class.hand_in(learners, UNIT, tmp_path)
    assert (tmp_path / "gradebook.db").read_bytes() == b"real"
    assert not (tmp_path / "submitted").exists()


def test_nor_a_real_submission_that_was_put_beside_it(learners: list[SimulatedLearner], tmp_path: Path) -> None:
    simulated_class.hand_in(learners, UNIT, tmp_path)
    (tmp_path / "submitted" / "ada").mkdir()
    with pytest.raises(GradingError, match="ada"):
        simulated_class.hand_in(learners, UNIT, tmp_path)


def test_a_course_without_a_release_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "solutions").symlink_to(COURSE / "solutions")
    with pytest.raises(GradingError, match="make exercises"):
        simulated_class.make(UNIT, 3, root=tmp_path)


def test_a_perfect_learner_of_unit_02_answers_every_question_and_has_all_points(root: Path) -> None:
    made = simulated_class.make("02-jacobians", 8, seed=3, root=root)
    perfect = one(made, Kind.PERFECT)
    assert sum(perfect.expected.values()) == sum(q.points or 0 for q in find("02-jacobians", root).questions)
    assert b"YOUR CODE HERE" not in perfect.content.replace(b"`# YOUR CODE HERE`", b"")
