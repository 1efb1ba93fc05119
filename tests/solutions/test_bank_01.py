"""Unit 01's own exercises: the seed's example, choices tried out, and the mistakes that the syllabus names."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from units import BANKS

from autograder.judging import answer_key, judge
from course import syllabus

BANK = BANKS["01-composition"]


def test_the_seeds_example() -> None:
    """z¹ = [−1, −4, 1], h¹ = [0, 0, 1], s = 1, ŷ ≈ 0.731."""
    W, b, x = [[1, 1], [-1, 2], [0, -1]], [0, 1, -1], [1, -2]
    ask = BANK.exercises
    assert judge.judge(ask["composition.pre_activation"], [-1, -4, 1], {"W": W, "b": b, "x": x}).right
    assert judge.judge(ask["composition.relu_of"], [0, 0, 1], {"z": [-1, -4, 1]}).right
    assert judge.judge(ask["composition.readout_logit"], 1, {"w": [2, -1, 1], "b": 0, "h": [0, 0, 1]}).right
    assert judge.judge(ask["composition.squash"], 0.731, {"s": 1.0}).right


BEND = {
    "linear itself": [
        lambda z: 2 * z,
        lambda z: -3 * z,
        lambda z: z[::-1],
        lambda z: z - z.mean(),
        lambda z: z.sum() + 0 * z,
    ],
    "a shift": [lambda z: z + 1, lambda z: z - 0.5, lambda z: z + np.arange(len(z))],
    "jumps": [lambda z: np.maximum(z, 0), np.abs, lambda z: np.where(z < 0, z / 100, z), lambda z: np.minimum(z, 6)],
    "smoothly": [np.tanh, lambda z: 1 / (1 + np.exp(-z)), np.square, np.exp],
}


def test_whether_a_step_collapses_is_what_its_second_differences_say() -> None:
    """In the order of the bank's table: affine where the middle of two points goes to the middle, linear where 0 goes to 0."""
    exercise = BANK.exercises["composition.does_it_collapse"]
    table = exercise.reference.__globals__["BETWEEN"]
    steps = [(kind, step) for kind, group in BEND.items() for step in group]
    rng = np.random.default_rng(0)
    for (kind, step), between in zip(steps, table, strict=True):
        answer = exercise.reference(between)
        assert kind in answer, (kind, between)
        a, c = 8 * rng.normal(size=(2, 40, 5))
        middle = all(np.allclose(step((u + v) / 2), (step(u) + step(v)) / 2) for u, v in zip(a, c, strict=True))
        assert middle == answer.startswith("yes"), between
        assert (middle and np.allclose(step(np.zeros(5)), 0)) == ("linear itself" in answer), between


def test_in_axes_are_what_vmap_accepts() -> None:
    exercise = BANK.exercises["composition.which_in_axes"]
    one, rows, columns = jnp.ones(8), jnp.ones((50, 8)), jnp.ones((8, 50))
    nets, examples = [one] * 20, [one] * 50
    given = {
        "one net, and X with one example a row": (one, rows),
        "one net, and X with one example a column": (one, columns),
        "W with one net along its first axis, and a single example": (rows, one),
        "W with one net along its second axis, and a single example": (columns, one),
        "w of shape (8,), and X of shape (50, 8)": (one, rows),
        "w of shape (8,), and X of shape (8, 50)": (one, columns),
        "W of shape (20, 8), and x of shape (8,)": (jnp.ones((20, 8)), one),
        "W of shape (8, 20), and x of shape (8,)": (jnp.ones((8, 20)), one),
        "one net, and `X = jnp.stack(examples)`": (one, jnp.stack(examples)),
        "one net, and `X = jnp.stack(examples, axis=1)`": (one, jnp.stack(examples, axis=1)),
        "`W = jnp.stack(nets)`, and a single example": (jnp.stack(nets), one),
        "`W = jnp.stack(nets, axis=1)`, and a single example": (jnp.stack(nets, axis=1), one),
        "one net, and `X = table.T`, where `table` has one example a column": (one, columns.T),
        "one net, and `X = table.T`, where `table` has one example a row": (one, rows.T),
        "`W = table.T`, where `table` has one net a column, and a single example": (columns.T, one),
        "`W = table.T`, where `table` has one net a row, and a single example": (rows.T, one),
    }
    assert set(given) == set(exercise.reference.__globals__["LAYOUTS"])
    dealt = {answer_key.deal(exercise, seed).arguments["layout"] for seed in range(400)}
    assert dealt == set(given), "every one is asked, so that no two mistakes meet on it"
    for layout, (w, x) in given.items():
        right = exercise.reference(layout)
        for option in exercise.answer.options:
            axes = tuple({"0": 0, "1": 1, "None": None}[part] for part in option.strip("()").split(", "))
            try:
                worked = jax.vmap(lambda w, x: jnp.dot(w, x), in_axes=axes)(w, x).ndim == 1
            except (TypeError, ValueError):
                worked = False
            assert worked == (option == right), (layout, option)


@pytest.mark.parametrize(
    ("exercise", "mistake"),
    [
        ("hidden_vector", "relu_skipped"),
        ("probability", "no_relu_in_the_middle"),
        ("two_layers", "hidden_relu_skipped"),
        ("mlp", "relus_skipped"),
        ("hidden_vector", "bias_dropped"),
        ("probability", "hidden_biases_dropped"),
        ("two_layers", "without_biases"),
        ("mlp", "layer_biases_dropped"),
        ("hidden_vector", "weights_transposed"),
        ("logit", "hidden_weights_transposed"),
        ("two_layers", "first_weights_transposed"),
        ("mlp", "rows_times_weights"),
        ("squash", "sigmoid_left_out"),
        ("probability", "logit_for_probability"),
        ("two_layers", "without_sigmoid"),
        ("readout_logit", "relu_on_the_logit"),
        ("logit", "relu_at_the_end"),
        ("probability", "relu_before_sigmoid"),
        ("mlp", "logits_activated"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"composition.{exercise}"].mistakes}


def test_its_five_skills_all_gate() -> None:
    skills = syllabus.load().unit(BANK.unit).skills
    assert len(skills) == 5 and all(skill.gates for skill in skills)
