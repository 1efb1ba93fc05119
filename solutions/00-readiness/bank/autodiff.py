"""The skill `readiness.autodiff`."""

import numpy as np

from autograder.exercise import Array, Integer, Number, exercise

from .shared import one, whole


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Integer(),
    hints=(
        "A tangent is a derivative carried beside its value; here the product rule carries it on.",
        "Each factor's tangent is multiplied with the value of the other one.",
    ),
)
def product_tangent(u, du, v, dv):
    """Forward-mode differentiation carries a tangent beside every value.
    Here u = {u} has the tangent {du}, and v = {v} has the tangent {dv}.

    Which tangent does u · v get?
    """
    return u * dv + v * du


@product_tangent.variant
def _(rng):
    return {"u": one(rng, 6), "du": one(rng, 4), "v": one(rng, 6), "dv": one(rng, 4)}


@product_tangent.mistake("You multiplied the tangents; the slope of a product is no product of slopes.")
def tangents_multiplied(u, du, v, dv):
    return du * dv


@product_tangent.mistake("You added the tangents, as for a sum; this is a product.")
def tangents_added(u, du, v, dv):
    return du + dv


@product_tangent.mistake("You multiplied each value with its own tangent; it goes crosswise.")
def not_crosswise(u, du, v, dv):
    return u * du + v * dv


@product_tangent.mistake("You took the two terms from each other; the product rule adds them.")
def as_a_quotient(u, du, v, dv):
    return v * du - u * dv


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Array(),
    hints=(
        "An entry of x reaches every output; its gradient gathers what comes back from all of them.",
        "Entry j of the answer goes down column j of W.",
    ),
)
def pulled_back(W, g):
    """A layer computes y = W x with W = {W} (rows in brackets).
    Reverse mode arrives with the gradient by y, which is {g}.

    What is the gradient by x, as a list [ , ]?
    """
    return np.array(W).T @ np.array(g)


@pulled_back.variant
def _(rng):
    return {"W": whole(rng, 2, 2), "g": whole(rng, 2)}


@pulled_back.mistake("You went forwards through W; on the way back its columns meet the gradient.")
def pushed_forward(W, g):
    return np.array(W) @ np.array(g)


@pulled_back.mistake("You used the diagonal of W alone; every output sends something back to every input.")
def diagonal_only(W, g):
    return np.diag(np.array(W)) * np.array(g)


@pulled_back.mistake("You added up the columns of W and left out the gradient that arrives.")
def gradient_left_out(W, g):
    return np.array(W).sum(axis=0)


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Number(),
    hints=(
        "Automatic differentiation gives the slope itself, without any step; the quotient has a step in it.",
        "Write out (x + h)³: the term with x³ drops out, the next is the slope, and what remains is the error.",
    ),
)
def quotient_error(x, h):
    """For f(x) = x³ at x = {x}, automatic differentiation gives the slope to rounding.

    How far above it is the difference quotient (f(x + h) − f(x)) / h with h = {h}?
    """
    return 3 * x * h + h * h


@quotient_error.variant
def _(rng):
    return {"x": int(rng.integers(1, 9)), "h": rng.choice([0.1, 0.2, 0.3, 0.4, 0.5])}


@quotient_error.mistake("They do not agree: a step of finite size bends away from the slope.")
def no_difference(x, h):
    return 0.0


@quotient_error.mistake("You gave the quotient; how far it is from the slope was asked for.")
def the_quotient(x, h):
    return ((x + h) ** 3 - x**3) / h


@quotient_error.mistake("You gave the slope; how far the quotient is from it was asked for.")
def the_slope(x, h):
    return 3 * x * x


@quotient_error.mistake("You lost the middle term of (x + h)³, the one with h².")
def middle_term_lost(x, h):
    return h * h
