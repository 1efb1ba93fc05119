"""The skill `jacobians.threshold`."""

import math

from autograder.exercise import Integer, Number, exercise

from .shared import SHRINKING


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Integer(),
    hints=(
        "Write the condition as a power below a threshold, and take logarithms of both sides.",
        "You divide by log(norm), which is negative: which way does the inequality turn?",
        "A depth is whole. If the exact crossing lies between two depths, which of them is already below?",
    ),
)
def vanishing_depth(norm, threshold):
    """Each layer multiplies a gradient by {norm}.

    What is the smallest number of layers that leaves less than {threshold} of it?
    """
    return math.floor(math.log(threshold) / math.log(norm)) + 1


@vanishing_depth.variant
def _(rng):
    return {
        "norm": rng.choice(SHRINKING),
        "threshold": rng.choice((0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001, 0.000001)),
    }


@vanishing_depth.mistake("At that depth the gradient is still above the threshold: put your answer in and see.")
def rounded_down(norm, threshold):
    return math.floor(math.log(threshold) / math.log(norm))


@vanishing_depth.mistake(
    "You let every layer take the same amount, but it takes the same share of what is left, which is less and less."
)
def straight_line(norm, threshold):
    return math.ceil((1 - threshold) / (1 - norm) - 1e-9)


@vanishing_depth.mistake(
    "Your two logarithms have different bases: any base will do, as long as it is the same above and below."
)
def mixed_bases(norm, threshold):
    return math.ceil(math.log10(threshold) / math.log(norm))


@vanishing_depth.mistake(
    "Check whether all of these layers are needed: the input is no layer, and the first layer already multiplies."
)
def input_counted(norm, threshold):
    return math.floor(math.log(threshold) / math.log(norm)) + 2


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Integer(),
    hints=(
        "Write the condition as a power above a limit, and take logarithms of both sides.",
        "The crossing is at log(limit) / log(norm); a depth is whole, and it must lie past the crossing.",
    ),
)
def exploding_depth(norm, limit):
    """Each layer multiplies a gradient by {norm}.

    What is the smallest number of layers after which it is more than {limit} times as long?
    """
    return math.floor(math.log(limit) / math.log(norm)) + 1


@exploding_depth.variant
def _(rng):
    return {
        "norm": rng.choice((1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)),
        "limit": rng.choice((10, 20, 50, 100, 500, 1000, 10000, 1000000)),
    }


@exploding_depth.mistake("At that depth the gradient has not passed the limit yet: put your answer in and see.")
def stopped_before_limit(norm, limit):
    return math.floor(math.log(limit) / math.log(norm))


@exploding_depth.mistake(
    "You added the same amount at every layer, but each layer multiplies, so the growth itself grows."
)
def straight_growth(norm, limit):
    return math.ceil((limit - 1) / (norm - 1) - 1e-9)


@exploding_depth.mistake(
    "You divided the limit by the factor once; how often must you multiply by the factor to get there?"
)
def one_division(norm, limit):
    return math.ceil(limit / norm - 1e-9)


@exploding_depth.mistake(
    "Your two logarithms have different bases: any base will do, as long as it is the same above and below."
)
def bases_mixed(norm, limit):
    return math.ceil(math.log10(limit) / math.log(norm))


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Number(figures=4),
    hints=(
        "Call the factor a. What is left after all the layers, written with a?",
        "You know the power and its exponent, and want the base: which operation undoes a power?",
    ),
)
def factor_to_keep(depth, keep):
    """All {depth} layers are to multiply a gradient by the same factor, and together by {keep}.

    Which factor must one layer have?
    """
    return keep ** (1 / depth)


@factor_to_keep.variant
def _(rng):
    return {
        "depth": rng.choice((4, 5, 8, 10, 16, 20, 25, 30, 40, 50, 60)),
        "keep": rng.choice((0.5, 0.1, 0.01, 0.001, 2.0, 10.0, 100.0)),
    }


@factor_to_keep.mistake(
    "Sharing a factor out equally means a root, not a division: your factor, "
    "multiplied by itself that often, gives something else."
)
def divided_equally(depth, keep):
    return keep / depth


@factor_to_keep.mistake(
    "You shared the loss out in equal amounts, but layers take equal shares: "
    "check by multiplying your factor with itself."
)
def equal_amounts(depth, keep):
    return 1 - (1 - keep) / depth


@factor_to_keep.mistake(
    "You let the whole effect happen again in every layer; here the whole is given and one layer is asked."
)
def raised_again(depth, keep):
    return keep**depth


@factor_to_keep.mistake("That factor undoes the effect instead of making it: look at which side of 1 it lies.")
def upside_down(depth, keep):
    return keep ** (-1 / depth)


@exercise(
    skill="jacobians.threshold",
    points=3,
    answer=Integer(),
    hints=(
        "The update is step × gradient. Write the gradient after L layers as a power.",
        "Solve step × normᴸ < 2⁻²⁴ for L with logarithms; the step moves to the other side first.",
        "A depth is whole: take the first one past the crossing.",
    ),
)
def silent_depth(norm, step):
    """In float32, adding an update to a weight w = 1 leaves it exactly as it was once the update is below 2⁻²⁴.

    The update is {step} times the gradient.
    The gradient has length 1 at the output, and each layer multiplies it by {norm}.
    What is the smallest number of layers after which the update changes nothing any more?
    """
    return math.floor((-24 * math.log(2) - math.log(step)) / math.log(norm)) + 1


@silent_depth.variant
def _(rng):
    return {
        "norm": rng.choice((0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8)),
        "step": rng.choice((0.3, 0.1, 0.05, 0.03, 0.01, 0.001)),
    }


@silent_depth.mistake("You forgot the step: it shrinks the update before the layers have shrunk anything.")
def step_forgotten(norm, step):
    return math.floor(-24 * math.log(2) / math.log(norm)) + 1


@silent_depth.mistake(
    "You waited until the gradient itself becomes zero in float32; an update is lost long before, in the rounding of w."
)
def waited_for_underflow(norm, step):
    return math.floor(-126 * math.log(2) / math.log(norm)) + 1


@silent_depth.mistake("At that depth the update still moves the weight: put your answer in and see.")
def still_heard(norm, step):
    return math.floor((-24 * math.log(2) - math.log(step)) / math.log(norm))


@silent_depth.mistake("The 24 counts binary digits, not decimal ones.")
def decimal_digits(norm, step):
    return math.floor((-24 * math.log(10) - math.log(step)) / math.log(norm)) + 1
