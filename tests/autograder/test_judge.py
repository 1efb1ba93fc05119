"""The judge: right is accepted however it is written, wrong is diagnosed as itself, and nothing is given away."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.judging import answer_key, bank, judge
from autograder.judging.exercise import BankError, Choice, Exercise, Function, Number, exercise
from autograder.judging.verdict import Verdict, VerdictState

SAMPLE = bank.load(Path(__file__).with_name("sample_bank.py"))
SCALE = SAMPLE.exercises["sample.gradient_scale"]
LAYER = SAMPLE.exercises["sample.layer_jacobian"]
ASKED = {"norm": 0.9, "depth": 10}


def judged(answer: Any) -> Verdict:
    return judge.judge(SCALE, answer, ASKED)


@pytest.mark.parametrize(
    "form", [0.349, 0.9**10, np.float32(0.9**10), jnp.asarray(0.9**10), [0.349], np.float16(0.3487)]
)
def test_a_right_number_is_right_in_any_form(form: Any) -> None:
    assert judged(form).state is VerdictState.RIGHT
    assert judged(form).points == 2


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_on_every_dealt_variant_each_mistake_is_diagnosed_as_itself(seed: int) -> None:
    variant = answer_key.deal(SCALE, seed)
    assert judge.judge(SCALE, answer_key.expected(SCALE, variant.arguments), variant.arguments).right
    for mistake in SCALE.mistakes:
        verdict = judge.judge(SCALE, mistake.answer(**variant.arguments), variant.arguments)
        assert (verdict.state, verdict.mistake, verdict.score) == (VerdictState.WRONG, mistake.name, 0.0)
        assert verdict.sentence == mistake.sentence


def test_a_dealt_variant_is_the_same_for_the_same_seed_and_plain_data() -> None:
    one = answer_key.deal(SCALE, 7)
    answer_key.forget()
    assert answer_key.deal(SCALE, 7) == one
    assert all(type(value) in (int, float) for value in one.arguments.values())


def test_variants_on_which_a_mistake_meets_the_reference_are_never_dealt() -> None:
    # 1.5⁵ = 7.59 and 1.5 · 5 = 7.5 are nearer than two figures can tell apart.
    coarse = Exercise(SCALE.reference, "sample.scale", 2, Number(2), mistakes=SCALE.mistakes)
    assert ("gradient_scale", "linear_in_depth") in answer_key.confusable(coarse, {"norm": 1.5, "depth": 5})
    coarse.draw = lambda rng: {"norm": 1.5, "depth": int(rng.choice([5, 9]))}
    assert {answer_key.deal(coarse, seed).arguments["depth"] for seed in range(20)} == {9}
    coarse.draw = lambda rng: {"norm": 1.5, "depth": 5}
    answer_key.forget()
    with pytest.raises(BankError, match="could not be told apart"):
        answer_key.deal(coarse, 0)


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (None, VerdictState.NOT_ATTEMPTED, "Not answered"),
        (..., VerdictState.NOT_ATTEMPTED, "Not answered"),
        (float("nan"), VerdictState.UNREADABLE, "NaN or infinity"),
        (float("inf"), VerdictState.UNREADABLE, "NaN or infinity"),
        ("0.349", VerdictState.UNREADABLE, "text"),
        ([0.3, 0.4], VerdictState.UNREADABLE, "shape"),
        (-0.349, VerdictState.WRONG, "sign"),
        (0.5, VerdictState.WRONG, "none of the slips"),
        (9.0, VerdictState.WRONG, "compound"),
    ],
)
def test_every_way_of_not_being_right_is_told_apart(answer: Any, state: VerdictState, says: str) -> None:
    verdict = judged(answer)
    assert verdict.state is state
    assert says in verdict.sentence
    assert verdict.points == 0


@given(
    st.one_of(
        st.floats(), st.text(), st.booleans(), st.lists(st.floats()), st.none(), st.binary(), st.complex_numbers()
    )
)
@settings(deadline=None)
def test_no_answer_makes_the_judge_raise_or_tell_the_answer(answer: Any) -> None:
    verdict = judged(answer)
    assert 0 <= verdict.score <= 1
    if not verdict.right:
        assert "0.349" not in verdict.sentence + verdict.advice
        assert "0.3486" not in verdict.sentence + verdict.advice


# --------------------------------------------------------------------------- functions


def test_a_right_function_is_right_in_any_style() -> None:
    def with_autodiff(W, b, h):
        return jax.jacrev(lambda x: jnp.tanh(W @ x + b))(h)

    def with_diag(W, b, h):
        return jnp.diag(1 - jnp.tanh(W @ h + b) ** 2) @ W

    for f in (LAYER.reference, with_autodiff, jax.jit(with_diag), lambda W, b, h: with_diag(W, b, h)):
        assert judge.judge(LAYER, f).state is VerdictState.RIGHT


def test_a_function_that_writes_into_its_inputs_does_not_spoil_the_next_judgement() -> None:
    def careless(W, b, h):
        J = np.array((1 - np.tanh(W @ h + b) ** 2)[:, None] * W)
        W *= 0
        return J

    first = judge.judge(LAYER, careless)
    assert judge.judge(LAYER, careless) == first
    assert judge.judge(LAYER, LAYER.reference).right


def test_an_unmet_requirement_costs_its_share_and_is_diagnosed() -> None:
    verdict = judge.judge(LAYER, next(m for m in LAYER.mistakes if m.breaks).answer)
    assert (verdict.state, verdict.points, verdict.mistake) == (VerdictState.PARTLY, 2.0, "not_traceable")


def test_partial_credit_counts_the_variants_that_are_right() -> None:
    variants = answer_key.deal_inputs(LAYER, 0)
    tall = [v.arguments["W"].shape[0] > v.arguments["W"].shape[1] for v in variants]

    def only_when_not_tall(W, b, h):
        return LAYER.reference(W, b, h) * (0 if W.shape[0] > W.shape[1] else 1)

    assert 0 < sum(tall) < len(tall), "the seed should draw both kinds"
    verdict = judge.judge(LAYER, only_when_not_tall)
    assert verdict.state is VerdictState.PARTLY
    assert verdict.score == pytest.approx(1 - sum(tall) / len(tall))


def released(W, b, h):
    """As it is handed out."""


def no_return(W, b, h):
    W @ h


def divides(W, b, h):
    x = 1
    return x / 0


def endless(W, b, h):
    while True:
        with contextlib.suppress(Exception):
            W = W + 0 * b[0]


def swallows_everything(W, b, h):
    while True:
        try:
            while True:
                pass
        except BaseException:
            return


def not_written(W, b, h):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("f", "state", "says"),
    [
        (released, VerdictState.NOT_ATTEMPTED, "Not written"),
        (not_written, VerdictState.NOT_ATTEMPTED, "Not written"),
        (None, VerdictState.NOT_ATTEMPTED, "Not written"),
        (3.0, VerdictState.UNREADABLE, "A function was asked for"),
        (no_return, VerdictState.UNREADABLE, "`return` missing"),
        (divides, VerdictState.RAISED, "ZeroDivisionError in its line 3"),
        (endless, VerdictState.ENDLESS, "loop that cannot end"),
        (lambda W, b: W, VerdictState.RAISED, "TypeError"),
        (lambda W, b, h: W * jnp.nan, VerdictState.UNREADABLE, "NaN"),
        (lambda W, b, h: W @ h, VerdictState.UNREADABLE, "shape"),
        (lambda W, b, h: "J", VerdictState.UNREADABLE, "text"),
        (lambda W, b, h: exit(), VerdictState.RAISED, "SystemExit"),
        (lambda W, b, h: -LAYER.reference(W, b, h), VerdictState.WRONG, "sign"),
        (lambda W, b, h: jnp.tanh(W @ h + b)[:, None] * W, VerdictState.WRONG, "taken at z"),
    ],
)
def test_every_way_a_function_fails_is_told_apart(f: Any, state: VerdictState, says: str) -> None:
    verdict = judge.judge(LAYER, f)
    assert verdict.state is state
    assert says in verdict.sentence
    assert verdict.points == 0


def test_a_function_that_swallows_the_alarm_still_comes_back_without_credit() -> None:
    quick = dataclasses.replace(LAYER, answer=dataclasses.replace(LAYER.answer, seconds=2.0))
    verdict = judge.judge(quick, swallows_everything)
    assert verdict.points == 0
    assert verdict.state in (VerdictState.UNREADABLE, VerdictState.ENDLESS)


# --------------------------------------------------------------------------- the bank's own faults


def test_missing_and_unknown_arguments_are_named() -> None:
    with pytest.raises(BankError, match=r"lacks .'depth'"):
        judge.judge(SCALE, 1.0, {"norm": 0.9})
    with pytest.raises(BankError, match="does not know"):
        judge.judge(SCALE, 1.0, {**ASKED, "width": 3})


def test_a_mistake_may_only_break_what_is_required() -> None:
    @exercise(skill="sample.x", points=1, answer=Function())
    def f(x):
        """Write it."""
        return x

    with pytest.raises(BankError, match="does not require"):
        f.mistake("No.", breaks="works under jit")


def test_a_choice_is_judged_by_its_text() -> None:
    @exercise(skill="sample.order", points=1, answer=Choice(("J³ J² J¹", "J¹ J² J³", "J² J¹ J³", "J¹ + J² + J³")))
    def order(depth):
        """Which product?"""
        return "J³ J² J¹"

    @order.mistake("The last layer stands leftmost.")
    def reversed_(depth):
        return "J¹ J² J³"

    assert judge.judge(order, "j³ j² j¹", {"depth": 3}).right
    verdict = judge.judge(order, "J¹ J² J³", {"depth": 3})
    assert verdict.mistake == "reversed_"
    assert judge.judge(order, "J² J¹ J³", {"depth": 3}).mistake is None
