"""The skill `readiness.conditioning`."""

import math

from autograder.exercise import Number, exercise


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(2),
    hints=(
        "Errors of the two numbers may point in opposite directions, and then they add up in the difference.",
        "Relative means: compared with the size of the result, and the result is small.",
    ),
)
def cancellation(a, b, error):
    """Two measured numbers are a = {a} and b = {b}; each may be off by up to {error}.

    How large can the relative error of a − b be, as a share of a − b?
    """
    return 2 * error / (a - b)


@cancellation.variant
def _(rng):
    b = int(rng.integers(20, 90))
    return {
        "a": round(b + int(rng.integers(2, 10)) / 10, 1),
        "b": float(b),
        "error": rng.choice([0.001, 0.002, 0.004, 0.005]),
    }


@cancellation.mistake("You let only one of the two numbers be off; at worst both are, in opposite directions.")
def one_error(a, b, error):
    return error / (a - b)


@cancellation.mistake("You compared with a; what counts is the size of the difference.")
def relative_to_the_inputs(a, b, error):
    return 2 * error / a


@cancellation.mistake("That is how far the difference may be off; compare it with the difference.")
def absolute(a, b, error):
    return 2 * error


@cancellation.mistake("You divided the wrong way round: the error is to be a share of the difference.")
def wrong_way_round(a, b, error):
    return (a - b) / (2 * error)


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(),
    hints=(
        "Take the largest logit out of the sum first: only differences are left in the exponents.",
        "One term is then e⁰; the other is e to a negative number, and a logarithm is still to be taken.",
    ),
)
def above_the_largest(largest, other):
    """The logits are {largest} and {other}. Their exponentials overflow.
    Yet the logarithm of the sum of these exponentials is a plain number.

    By how much does it exceed {largest}? An expression such as log(3) or exp(-2) may be typed.
    """
    return math.log1p(math.exp(other - largest))


@above_the_largest.variant
def _(rng):
    largest = int(rng.integers(3, 31)) * 100
    return {"largest": largest, "other": largest - int(rng.integers(1, 4))}


@above_the_largest.mistake("You stopped at the exponential; the largest logit counts too, and then comes a logarithm.")
def logarithm_left_out(largest, other):
    return math.exp(other - largest)


@above_the_largest.mistake("You turned the difference round: after the largest is taken out, no exponent is positive.")
def difference_turned(largest, other):
    return math.log1p(math.exp(largest - other))


@above_the_largest.mistake("You gave the sum itself, after the largest was taken out; its logarithm was asked for.")
def sum_without_logarithm(largest, other):
    return 1 + math.exp(other - largest)


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(),
    hints=(
        "Each direction shrinks by its own factor, 1 − η times its curvature.",
        "η is set by the steep direction; put it into the factor of the flat one.",
    ),
)
def slow_direction(steep, flat):
    """A loss ½({steep} x² + {flat} y²) has the curvatures {steep} and {flat}.
    Gradient descent takes the learning rate η = 1/{steep}, which brings x to 0 in one step.

    By which factor does one step multiply y?
    """
    return 1 - flat / steep


@slow_direction.variant
def _(rng):
    return {"steep": int(rng.integers(4, 11)) * 10, "flat": int(rng.integers(2, 16))}


@slow_direction.mistake("That is the share y loses in a step; what is left was asked for.")
def the_share_lost(steep, flat):
    return flat / steep


@slow_direction.mistake("You gave the condition number; it tells how slow, the factor of one step is another thing.")
def the_condition_number(steep, flat):
    return steep / flat


@slow_direction.mistake("You forgot the learning rate: the gradient is the curvature times y, and η scales it.")
def learning_rate_forgotten(steep, flat):
    return 1 - flat


@slow_direction.mistake("That is what happens to x; y has a curvature of its own.")
def as_fast_as_x(steep, flat):
    return 0.0
