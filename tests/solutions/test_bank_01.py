"""Unit 01's exercises: what is called right is right, what is called a mistake is told apart, and nothing gives the answer away."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_answers_01 import SECOND

from autograder import bank, judge
from autograder.compare import agrees
from autograder.exercise import Choice, Exercise, Function, Integer, Number, State, plain, show
from course import manifest
from course.nets.composition import TwoLayers, forward_pass
from course.nets.layers import Layer
from course.nets.pieces import count_pieces_of_one_layer

BANK = bank.load(Path(__file__).parents[2] / "solutions" / "01-composition" / "bank.py")
VALUES = [e for e in BANK.exercises.values() if not e.is_code]
CODE = [e for e in BANK.exercises.values() if e.is_code]
GATED = [s.id for s in manifest.load().unit("01-composition").skills if s.gates]
SEEDS = st.integers(0, 2**32 - 1)


def each(exercises: list[Exercise]) -> Any:
    return pytest.mark.parametrize("exercise", exercises, ids=[e.name for e in exercises])


# ------------------------------------------------------------------ what is right is right


def net_of(W1: Any, b1: Any, w2: Any, b2: Any) -> TwoLayers:
    return TwoLayers(
        Layer(jnp.asarray(W1, jnp.float32), jnp.asarray(b1, jnp.float32)),
        Layer(jnp.asarray([w2], jnp.float32), jnp.asarray([b2], jnp.float32)),
    )


def held(widths: list[int]) -> int:
    """The numbers that a net of these widths really holds."""
    return sum(np.empty((n, m)).size + np.empty(n).size for m, n in itertools.pairwise(widths))


def pieces_of(f: Callable[[Fraction], Fraction], cells: int) -> int:
    """Straight pieces of f on [0, 1], from exact slopes over equal cells that no corner falls into."""
    values = [f(Fraction(k, cells)) for k in range(cells + 1)]
    slopes = [b - a for a, b in itertools.pairwise(values)]
    return 1 + sum(a != b for a, b in itertools.pairwise(slopes))


def zigzag(folds: int) -> Callable[[Fraction], Fraction]:
    def f(x: Fraction) -> Fraction:
        k, rest = divmod(x * folds, 1)
        return rest if k % 2 == 0 else 1 - rest

    return f


def repeated(f: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    def g(x: Any) -> Any:
        for _ in range(times):
            x = f(x)
        return x

    return g


def tent(x: Any) -> Any:
    return 2 * jnp.maximum(x, 0) - 4 * jnp.maximum(x - 0.5, 0)


def slope_and_height(line: Callable[[int], int]) -> list[int]:
    return [line(1) - line(0), line(0)]


def affine(W: Any, b: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.array(W) @ x + np.array(b)


def jacobian_at_zero(f: Callable[[np.ndarray], np.ndarray], d: int) -> np.ndarray:
    return np.stack([f(e) - f(np.zeros(d)) for e in np.eye(d)], axis=1)


def most_pieces(width: int) -> int:
    """The pieces of a hidden layer whose corners all lie apart, counted."""
    rng = np.random.default_rng(width)
    readout = Layer(rng.normal(size=(1, width)), np.zeros(1))
    return count_pieces_of_one_layer(Layer(rng.normal(size=(width, 1)), rng.normal(size=width)), readout)


def narrowest_with(pieces: int) -> int:
    return next(n for n in range(max(pieces - 4, 1), pieces + 4) if most_pieces(n) >= pieces)


def widest_in_budget(d_in: int, d_out: int, budget: int) -> int:
    return max(n for n in range(1, budget) if held([d_in, n, d_out]) <= budget)


ORACLES: dict[str, Callable[..., Any]] = {
    "pre_activation": lambda W, b, x: forward_pass(net_of(W, b, [0] * 3, 0), jnp.asarray(x, jnp.float32)).z,
    "relu_of": lambda z: [v if v > 0 else 0 for v in z],
    "hidden_vector": lambda W, b, h: forward_pass(net_of(W, b, [0] * len(b), 0), jnp.asarray(h, jnp.float32)).h,
    "readout_logit": lambda w, b, h: sum(w_i * h_i for w_i, h_i in zip(w, h, strict=True)) + b,
    "squash": lambda s: float(jax.nn.sigmoid(s)),
    "probability": lambda W1, b1, w2, b2, x: forward_pass(net_of(W1, b1, w2, b2), jnp.asarray(x, jnp.float32)).y,
    "layer_parameters": lambda d_in, d_out: held([d_in, d_out]),
    "mlp_parameters": held,
    "deeper_by": lambda width, more: held([3] + [width] * (2 + more) + [5]) - held([3, width, width, 5]),
    "widest_within": widest_in_budget,
    "composed_value": lambda a, b, c, d, x: (lambda h: c * h + d)((lambda x: a * x + b)(x)),
    "weight_shape": lambda widths, layer: np.empty((widths[layer], widths[layer - 1])).shape,
    "batch_shape": lambda n, widths, layer: (
        jax.eval_shape(
            jax.vmap(lambda x: chain_of_zeros(widths[: layer + 1], x)),
            jax.ShapeDtypeStruct((n, widths[0]), jnp.float32),
        ).shape
    ),
    "collapsed_matrix": lambda W1, W2: jacobian_at_zero(lambda x: affine(W2, [0, 0])(affine(W1, [0, 0])(x)), 2),
    "collapsed_bias": lambda W2, b1, b2: affine(W2, b2)(affine(np.eye(2), b1)(np.zeros(2))),
    "collapsed_line": lambda a1, c1, a2, c2: slope_and_height(lambda x: a2 * (a1 * x + c1) + c2),
    "parameters_that_matter": lambda widths: held([widths[0], widths[-1]]),
    "tent_pieces": lambda times, already: pieces_of(
        lambda x: repeated(zigzag(2), times)(zigzag(already)(x)), already * 2**times * 2
    ),
    "zigzag_pieces": lambda folds, times: pieces_of(repeated(zigzag(folds), times), folds**times * 2),
    "shallow_pieces": most_pieces,
    "width_to_match": lambda folds, times: narrowest_with(folds**times),
    "tent_value": lambda x, times: float(repeated(lambda h: 1 - abs(2 * h - 1), times)(Fraction(str(x)))),
    "tent_slope": lambda x, times: float(jax.grad(repeated(tent, times))(x)),
}
"""The same questions answered by counting, by exact fractions, by the course's own nets or by automatic differentiation."""


def chain_of_zeros(widths: list[int], x: Any) -> Any:
    for m, n in itertools.pairwise(widths):
        x = jnp.zeros((n, m)) @ x
    return x


@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_what_another_way_gives(name: str) -> None:
    exercise = BANK.exercises[f"composition.{name}"]
    slow = name in ("tent_pieces", "zigzag_pieces", "width_to_match")
    for seed in range(6 if slow else 20):
        arguments = judge.deal(exercise, seed).arguments
        if slow and arguments.get("folds", 2) ** arguments["times"] > 20_000:
            continue  # counting these takes long, and says no more
        verdict = judge.judge(exercise, ORACLES[name](**arguments), arguments)
        assert verdict.right, (arguments, verdict)


def test_every_number_and_array_has_such_an_oracle() -> None:
    assert {e.name for e in VALUES if not isinstance(e.answer, Choice)} == set(ORACLES)


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
    W, X = {"one": jnp.ones(3), "first": jnp.ones((4, 3)), "second": jnp.ones((3, 4))}, jnp.ones((5, 3))
    given = {
        "one net, and X with one example a row": (W["one"], X),
        "one net, and X with one example a column": (W["one"], X.T),
        "W with one net along its first axis, and a single example": (W["first"], jnp.ones(3)),
        "W with one net along its second axis, and a single example": (W["second"], jnp.ones(3)),
    }
    for layout, (w, x) in given.items():
        right = exercise.reference(layout)
        for option in exercise.answer.options:
            axes = tuple({"0": 0, "1": 1, "None": None}[part] for part in option.strip("()").split(", "))
            try:
                worked = jax.vmap(lambda w, x: jnp.dot(w, x), in_axes=axes)(w, x).ndim == 1
            except (TypeError, ValueError):
                worked = False
            assert worked == (option == right), (layout, option)


@each(VALUES)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_reference_is_accepted_in_any_form(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    answer = exercise.reference(**arguments)
    forms = [answer, plain(answer)]
    if not isinstance(exercise.answer, Choice):
        forms += [np.asarray(answer), np.asarray(answer, np.float32), jnp.asarray(np.asarray(answer, np.float32))]
    for form in forms:
        assert judge.judge(exercise, form, arguments).right, (arguments, form)


@each([e for e in VALUES if isinstance(e.answer, Number)])
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_number_rounded_as_asked_is_accepted(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    rounded = float(f"{exercise.reference(**arguments):.{exercise.answer.figures}g}")
    assert judge.judge(exercise, rounded, arguments).right


@each(CODE)
@pytest.mark.parametrize("seed", [0, 1, 2026])
def test_the_reference_function_scores_full(exercise: Exercise, seed: int) -> None:
    verdict = judge.judge(exercise, exercise.reference, seed=seed)
    assert verdict.right, verdict


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        pytest.param(BANK.exercises[name], f, id=f"{name.split('.')[1]}-{f.__name__}")
        for name, answers in SECOND.items()
        for f in answers
    ],
)
def test_a_right_function_written_another_way_scores_full(exercise: Exercise, answer: Callable[..., Any]) -> None:
    verdict = judge.judge(exercise, answer, seed=7)
    assert verdict.score == 1 and verdict.state is State.RIGHT, verdict


@each(CODE)
def test_every_function_has_other_right_answers(exercise: Exercise) -> None:
    assert len(SECOND[exercise.id]) >= 3


# ------------------------------------------------------------------ a mistake is told apart


@each(VALUES)
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_each_mistake_is_rejected_and_diagnosed_as_itself(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, plain(mistake.answer(**arguments)), arguments)
        assert (verdict.score, verdict.mistake) == (0, mistake.name), (arguments, verdict)
        assert verdict.sentence == mistake.sentence


@each([e for e in VALUES if isinstance(e.answer, Number)])
@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_mistake_rounded_as_asked_is_still_that_mistake(exercise: Exercise, seed: int) -> None:
    arguments = judge.deal(exercise, seed).arguments
    for mistake in exercise.mistakes:
        rounded = float(f"{mistake.answer(**arguments):.{exercise.answer.figures}g}")
        assert judge.judge(exercise, rounded, arguments).mistake == mistake.name, (arguments, mistake.name)


@each(CODE)
@pytest.mark.parametrize("seed", [0, 5])
def test_each_mistaken_function_loses_what_it_should_and_is_named(exercise: Exercise, seed: int) -> None:
    assert isinstance(exercise.answer, Function)
    share = {requirement.name: requirement.share for requirement in exercise.answer.must}
    for mistake in exercise.mistakes:
        verdict = judge.judge(exercise, mistake.answer, seed=seed)
        implied = 1 - share[mistake.breaks] if mistake.breaks else 0
        assert (verdict.score, verdict.mistake) == (implied, mistake.name), verdict


@each([e for e in CODE if e.answer.must])
def test_every_requirement_has_a_mistake_that_breaks_it_alone(exercise: Exercise) -> None:
    assert {r.name for r in exercise.answer.must} == {m.breaks for m in exercise.mistakes} - {None}


@each([*VALUES, *CODE])
def test_it_has_three_mistakes_or_more(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3


@each([e for e in VALUES if isinstance(e.answer, Choice)])
def test_a_choice_is_no_coin_toss(exercise: Exercise) -> None:
    assert len(exercise.answer.options) >= 4
    right = {exercise.reference(**judge.deal(exercise, seed).arguments) for seed in range(60)}
    assert len(right) >= 2, "the same option is always right"


@pytest.mark.parametrize("skill", GATED)
def test_a_gated_skill_has_forty_variants_to_deal(skill: str) -> None:
    seen = {
        (exercise.id, str(judge.deal(exercise, seed).arguments))
        for exercise in BANK.of_skill(skill)
        if not exercise.is_code
        for seed in range(80)
    }
    assert len(seen) >= 40


def test_the_bank_asks_the_five_gated_skills_and_no_other() -> None:
    assert set(BANK.skills) == set(GATED) and len(GATED) == 5


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
        ("two_layers", "first_weights_transposed"),
        ("mlp", "rows_times_weights"),
        ("squash", "sigmoid_left_out"),
        ("probability", "logit_for_probability"),
        ("two_layers", "without_sigmoid"),
        ("readout_logit", "relu_on_the_logit"),
        ("probability", "relu_before_sigmoid"),
        ("mlp", "logits_activated"),
    ],
)
def test_the_syllabus_mistakes_are_declared(exercise: str, mistake: str) -> None:
    assert mistake in {m.name for m in BANK.exercises[f"composition.{exercise}"].mistakes}


# ------------------------------------------------------------------ nothing gives the answer away


def told(exercise: Exercise, arguments: dict[str, Any], text: str) -> bool:
    """Whether the answer to these arguments stands in the text: an option's words, a number, or an array as written."""
    answer = exercise.reference(**arguments)
    if isinstance(exercise.answer, Choice):
        return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text) is not None
    if isinstance(exercise.answer, Number | Integer):
        numbers = [
            float(n.replace("−", "-")) for n in re.findall(r"(?<![\w.^])[−-]?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])", text)
        ]
        return any(agrees(exercise.answer, np.asarray(float(answer)), np.asarray(n)) for n in numbers)
    return show(plain(np.asarray(answer))) in text


@each(VALUES)
def test_hints_and_sentences_hold_no_answer(exercise: Exercise) -> None:
    """They are the same for all variants; a principle's digit that happens to answer one of them is no leak."""
    dealt = [judge.deal(exercise, seed).arguments for seed in range(60)]
    for text in (*exercise.hints, *(m.sentence for m in exercise.mistakes)):
        assert sum(told(exercise, arguments, text) for arguments in dealt) <= 3, text


@each(VALUES)
def test_the_question_seldom_holds_a_number_that_happens_to_answer_it(exercise: Exercise) -> None:
    dealt = [judge.deal(exercise, seed).arguments for seed in range(60)]
    assert sum(told(exercise, arguments, exercise.prompt(arguments)) for arguments in dealt) <= 3


@each([*VALUES, *CODE])
def test_it_is_said_in_plain_text(exercise: Exercise) -> None:
    texts = [exercise.prompt(), *exercise.hints, *(m.sentence for m in exercise.mistakes)]
    for text in texts:
        assert not re.search(r"\$|\\[a-z]|\^\{", text), f"LaTeX in {text!r}"
    assert 2 <= len(exercise.hints) <= 3


@each([*VALUES, *CODE])
def test_a_mistake_is_met_with_one_sentence(exercise: Exercise) -> None:
    for mistake in exercise.mistakes:
        assert mistake.sentence[-1] in ".?", mistake.sentence
        assert not re.search(r"[.?!] [A-Z]", mistake.sentence), mistake.sentence
        assert len(mistake.sentence) <= 170, mistake.sentence


@each(VALUES)
def test_every_number_of_a_question_is_printed_in_it(exercise: Exercise) -> None:
    text = exercise.prompt()
    assert set(exercise.parameters) == set(re.findall(r"\{(\w+)\}", text))
    assert "{" not in exercise.prompt(judge.deal(exercise, 0).arguments)
