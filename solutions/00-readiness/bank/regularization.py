"""The skill `readiness.regularization`."""

import math

from autograder.exercise import Number, exercise

from .shared import one


@exercise(
    skill="readiness.regularization",
    points=1,
    answer=Number(),
    hints=(
        "The gradient of a sum is the sum of gradients: the data's, and the penalty's.",
        "Differentiate λ w² by w as any other square.",
    ),
)
def penalised_gradient(w, gradient, strength):
    """The loss of the data has the gradient {gradient} at the weight w = {w}.
    Training also adds the penalty λ w², with λ = {strength}.

    What is the gradient of the whole?
    """
    return gradient + 2 * strength * w


@penalised_gradient.variant
def _(rng):
    return {"w": one(rng, 6, 2), "gradient": one(rng, 5), "strength": rng.choice([0.1, 0.2, 0.3, 0.5])}


@penalised_gradient.mistake("The square brings a factor when it is differentiated; you left it out.")
def factor_of_the_square_left_out(w, gradient, strength):
    return gradient + strength * w


@penalised_gradient.mistake("You added the penalty itself; its slope was needed.")
def penalty_for_its_slope(w, gradient, strength):
    return gradient + strength * w * w


@penalised_gradient.mistake("You took the penalty away; it is added to the loss.")
def penalty_subtracted(w, gradient, strength):
    return gradient - 2 * strength * w


@penalised_gradient.mistake("That is the L1 penalty's slope, which only asks for the sign of w; this one is a square.")
def as_if_l1(w, gradient, strength):
    return gradient + strength * math.copysign(1, w)


@exercise(
    skill="readiness.regularization",
    points=1,
    answer=Number(2),
    hints=(
        "Over many passes, the mean of what is handed on must be the activation itself.",
        "The unit hands something on only in the share of passes in which it is kept; it makes up for the others.",
    ),
)
def dropout_scale(activation, drop):
    """In training, inverted dropout drops each unit with probability {drop}; at test time nothing is done at all.
    A unit with activation {activation} is kept in this pass.

    Which number does it hand on?
    """
    return activation / (1 - drop)


@dropout_scale.variant
def _(rng):
    return {"activation": int(rng.integers(2, 13)), "drop": rng.choice([0.1, 0.2, 0.25, 0.4, 0.6, 0.75, 0.8])}


@dropout_scale.mistake(
    "You handed it on as it is; then at test time, with all units there, the sum would be too large."
)
def not_scaled(activation, drop):
    return activation


@dropout_scale.mistake("You scaled down; that is what the other kind of dropout does, and at test time.")
def scaled_down(activation, drop):
    return activation * (1 - drop)


@dropout_scale.mistake("You divided by the share that is dropped; what counts is the share that is kept.")
def divided_by_the_dropped(activation, drop):
    return activation / drop
