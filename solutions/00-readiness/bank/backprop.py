"""The skill `readiness.backprop`."""

from autograder.exercise import Integer, exercise

from .shared import one, whole


@exercise(
    skill="readiness.backprop",
    points=1,
    answer=Integer(),
    hints=(
        "Chain rule: first how the loss answers to ŷ, then how ŷ answers to w.",
        "The outer slope is twice the error; the inner one is whatever w is multiplied with.",
    ),
)
def weight_gradient(w, x, t):
    """A unit predicts ŷ = w · x, and its loss is L = (ŷ − t)². With w = {w}, x = {x} and t = {t}: what is dL/dw?"""
    return 2 * (w * x - t) * x


@weight_gradient.variant
def _(rng):
    return {"w": one(rng, 5), "x": one(rng, 5, 2), "t": one(rng, 6)}


@weight_gradient.mistake("You stopped at ŷ; there is one more link between ŷ and w.")
def stopped_at_the_prediction(w, x, t):
    return 2 * (w * x - t)


@weight_gradient.mistake("The square's own slope brings a factor that you left out.")
def factor_of_the_square_lost(w, x, t):
    return (w * x - t) * x


@weight_gradient.mistake("That is dL/dx: you multiplied with the weight, where the input belongs.")
def gradient_by_the_input(w, x, t):
    return 2 * (w * x - t) * w


@weight_gradient.mistake("The sign is turned round: the error is ŷ − t.")
def sign_turned(w, x, t):
    return 2 * (t - w * x) * x


@exercise(
    skill="readiness.backprop",
    points=1,
    answer=Integer(),
    hints=(
        "A unit that is off lets no gradient through; find out which are on.",
        "Each unit that is on is a path: multiply along it, and add the paths up.",
    ),
)
def input_gradient(a, b, x):
    """Three hidden units see one number x: unit i gives ReLU(aᵢ · x), with a = {a}.
    The output is s = b₁h₁ + b₂h₂ + b₃h₃, with b = {b}.

    At x = {x}, what is ds/dx?
    """
    return sum(b_i * a_i for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)


@input_gradient.variant
def _(rng):
    return {"a": whole(rng, 3), "b": whole(rng, 3), "x": one(rng, 4, 2)}


@input_gradient.mistake("You let gradient through units that are off; their ReLU is flat there.")
def relu_ignored(a, b, x):
    return sum(b_i * a_i for a_i, b_i in zip(a, b, strict=True))


@input_gradient.mistake("You stopped at the hidden units; from there to x there is still the first layer's weight.")
def stopped_at_the_units(a, b, x):
    return sum(b_i for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)


@input_gradient.mistake("You left the readout out: each path begins with the weight that s gives its unit.")
def readout_left_out(a, b, x):
    return sum(a_i for a_i in a if a_i * x > 0)


@input_gradient.mistake("You gave the value of s; its slope was asked for.")
def output_for_slope(a, b, x):
    return sum(b_i * a_i * x for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)
