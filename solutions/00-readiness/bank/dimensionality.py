"""The skill `readiness.dimensionality`."""

from autograder.exercise import Integer, Number, exercise


@exercise(
    skill="readiness.dimensionality",
    points=1,
    answer=Integer(),
    hints=(
        "With two axes it is a square of points, with three a cube.",
        "Each further axis repeats all the points there are, once for each of its values.",
    ),
)
def grid_points(values, inputs):
    """You try {values} values for each of {inputs} inputs, in every combination. How many combinations are there?"""
    return values**inputs


@grid_points.variant
def _(rng):
    return {"values": int(rng.integers(3, 11)), "inputs": int(rng.integers(2, 9))}


@grid_points.mistake("You added the axes up; every value of one meets every value of the others.")
def axes_added(values, inputs):
    return values * inputs


@grid_points.mistake("Base and exponent are exchanged: each axis multiplies by the number of its values.")
def base_and_exponent_exchanged(values, inputs):
    return inputs**values


@grid_points.mistake("You left one axis out.")
def one_axis_missing(values, inputs):
    return values ** (inputs - 1)


@exercise(
    skill="readiness.dimensionality",
    points=1,
    answer=Number(2),
    hints=(
        "Ask first how much lies deeper inside: that is a smaller cube.",
        "The rim takes its width away at both ends of every edge.",
    ),
)
def in_the_rim(rim, dims):
    """Points fill a cube with edges of length 1 evenly, in {dims} dimensions.
    Which share of them lies closer than {rim} to the surface?

    An expression such as 1 - 0.7^3 may be typed.
    """
    return 1 - (1 - 2 * rim) ** dims


@in_the_rim.variant
def _(rng):
    return {"rim": rng.choice([0.02, 0.03, 0.04, 0.05, 0.1]), "dims": int(rng.integers(4, 16))}


@in_the_rim.mistake("That is the share deep inside; the rim is the rest.")
def the_inside(rim, dims):
    return (1 - 2 * rim) ** dims


@in_the_rim.mistake("You took the rim off one end of each edge; there is one at both.")
def one_end_only(rim, dims):
    return 1 - (1 - rim) ** dims


@in_the_rim.mistake("You added the axes' rims up; corners were counted more than once.")
def rims_added(rim, dims):
    return 2 * rim * dims


@in_the_rim.mistake("That is the share on a line; every further dimension brings two more sides.")
def on_a_line(rim, dims):
    return 2 * rim
