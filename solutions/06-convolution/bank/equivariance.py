"""The skill `convolution.equivariance`."""

import math

import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, Number, exercise


def roll(y, shift):
    """y moved to the right, around the end."""
    return np.roll(y, shift).tolist()


def a_row(rng, size, largest=9):
    """Different whole numbers in a row."""
    return rng.choice(np.arange(-largest, largest + 1), size, replace=False).tolist()


@exercise(
    skill="convolution.equivariance",
    points=1,
    answer=Array(),
    hints=(
        "Every window of the shifted x is a window of x, at another place.",
        "What does the kernel answer where the same window comes again? It comes further right.",
    ),
)
def shifted_answer(y, shift):
    """A one-dimensional convolution with stride 1 and circular padding answers an input x with y = {y}.

    Now x is moved {shift} places to the right; what leaves at the end comes back at the start.
    What does the convolution answer?
    """
    return roll(y, shift)


@shifted_answer.variant
def _(rng):
    size = int(rng.integers(5, 8))
    return {"y": a_row(rng, size), "shift": rng.integers(2, size - 1)}


@shifted_answer.mistake("You moved the answer to the left; it goes where the input goes.")
def moved_left(y, shift):
    return roll(y, -shift)


@shifted_answer.mistake("An answer that stays the same would be invariance; a convolution's answer moves along.")
def stayed(y, shift):
    return list(y)


@shifted_answer.mistake("With circular padding nothing is lost at the end: it comes back at the start.")
def pushed_out(y, shift):
    return [0] * shift + list(y[:-shift])


@exercise(
    skill="convolution.equivariance",
    points=2,
    answer=Array(),
    hints=(
        "With a stride the kernel skips places. Which of its places see the same windows again?",
        "Moving the input by one stride moves the answer by one entry.",
    ),
)
def strided_answer(y, stride, shift):
    """A one-dimensional convolution with stride {stride} and circular padding answers an input x with y = {y}.

    Now x is moved {shift} places to the right; what leaves at the end comes back at the start.
    What does the convolution answer?
    """
    return roll(y, shift // stride)


@strided_answer.variant
def _(rng):
    stride = int(rng.choice((2, 3)))
    return {"y": a_row(rng, int(rng.integers(5, 8))), "stride": stride, "shift": stride * int(rng.integers(1, 4))}


@strided_answer.mistake(
    "You moved the answer as far as the input; one entry of the answer is a whole stride of the input."
)
def moved_by_the_whole_shift(y, stride, shift):
    return roll(y, shift)


@strided_answer.mistake("You moved the answer to the left; it goes where the input goes.")
def strided_moved_left(y, stride, shift):
    return roll(y, -(shift // stride))


@strided_answer.mistake("The input moved by whole strides, so the kernel meets the same windows again, further right.")
def strided_stayed(y, stride, shift):
    return list(y)


@exercise(
    skill="convolution.equivariance",
    points=2,
    answer=Array(),
    hints=(
        "y[0] is the kernel on the first entries of x; y[1] has the window one further right.",
        "The last windows run over the end, and go on at the start of x.",
    ),
)
def circular_response(x, k):
    """A row x = {x} meets the kernel k = {k} with stride 1 and circular padding: y[i] = Σ k[u] · x[i + u] over u.

    An index past the end goes on at the start of x.
    What is y?
    """
    return [sum(k[u] * x[(i + u) % len(x)] for u in range(len(k))) for i in range(len(x))]


@circular_response.variant
def _(rng):
    return {"x": rng.integers(-3, 6, 5).tolist(), "k": rng.choice((-2, -1, 1, 2, 3), 2, replace=False).tolist()}


@circular_response.mistake("You turned the kernel round: its first entry meets the first entry of the window.")
def response_flipped(x, k):
    return [sum(k[len(k) - 1 - u] * x[(i + u) % len(x)] for u in range(len(k))) for i in range(len(x))]


@circular_response.mistake("You let zeros stand beyond the end; this padding is circular.")
def zeros_beyond(x, k):
    return [sum(k[u] * x[i + u] for u in range(len(k)) if i + u < len(x)) for i in range(len(x))]


@circular_response.mistake(
    "You stopped where the kernel no longer fits; circular padding gives as many outputs as inputs."
)
def stopped_at_the_end(x, k):
    return [sum(k[u] * x[i + u] for u in range(len(k))) for i in range(len(x) - len(k) + 1)]


@circular_response.mistake("Your window opens to the left: y[i] begins with x[i] and goes on to the right.")
def window_to_the_left(x, k):
    return [sum(k[u] * x[i - u] for u in range(len(k))) for i in range(len(x))]


@exercise(
    skill="convolution.equivariance",
    points=2,
    answer=Integer(),
    hints=(
        "A shift must be whole strides for the first layer; what is left of it then meets the second.",
        "Each layer divides the shift by its stride, and every quotient has to be whole.",
    ),
)
def smallest_shift(strides):
    """Convolutions with strides of {strides} stand one upon the other, with circular padding.

    By how many pixels must the picture move, at least, so that the last output surely is the same as before, only moved?
    """
    return math.prod(strides)


@smallest_shift.variant
def _(rng):
    return {"strides": rng.choice((2, 3, 4, 6), int(rng.integers(2, 5))).tolist()}


@smallest_shift.mistake("Strides act one after the other on what the layers below have left: they multiply.")
def sum_of_strides(strides):
    return sum(strides)


@smallest_shift.mistake("Moving by one layer's stride is enough for that layer; the others divide what it leaves.")
def largest_stride(strides):
    return max(strides)


@smallest_shift.mistake(
    "The least common multiple would do for strides side by side; here each divides what the one below has left."
)
def common_multiple(strides):
    return math.lcm(*strides)


@smallest_shift.mistake("One stride is missing: all of these layers thin out what they get.")
def one_stride_short(strides):
    return math.prod(strides[:-1])


@exercise(
    skill="convolution.equivariance",
    points=2,
    answer=Number(figures=3),
    hints=(
        "First move f(x) as x was moved, around the end. What is left between the two?",
        "The length of a row is the root of the sum of its squares; divide by that of f(x).",
    ),
)
def row_error(y, y_of_shifted):
    """A layer f answers x with f(x) = {y}.

    It answers x moved one place to the right, around the end, with {y_of_shifted}.
    How large is its equivariance error ‖f(moved x) − moved f(x)‖ / ‖f(x)‖?
    """
    return math.dist(y_of_shifted, roll(y, 1)) / math.hypot(*y)


@row_error.variant
def _(rng):
    return {"y": a_row(rng, 4, 5), "y_of_shifted": a_row(rng, 4, 5)}


@row_error.mistake("You compared with f(x) where it was; an equivariant layer's answer would have moved.")
def not_moved(y, y_of_shifted):
    return math.dist(y_of_shifted, y) / math.hypot(*y)


@row_error.mistake("You moved f(x) to the left; the input went to the right.")
def moved_the_other_way(y, y_of_shifted):
    return math.dist(y_of_shifted, roll(y, -1)) / math.hypot(*y)


@row_error.mistake(
    "That is the error itself; divide it by the length of f(x), so that the layer's scale does not count."
)
def not_relative(y, y_of_shifted):
    return math.dist(y_of_shifted, roll(y, 1))


@row_error.mistake("You left the root out: a length is the root of the sum of squares.")
def no_root(y, y_of_shifted):
    return math.dist(y_of_shifted, roll(y, 1)) ** 2 / math.hypot(*y) ** 2


ANSWERS = (
    "it moves by as many pixels as the picture",
    "it moves by half as many pixels",
    "it stays as it is",
    "it becomes another output, no moved copy of the old one",
)

LAYERS = {
    "a 3×3 convolution with stride 1 and circular padding": ANSWERS[0],
    "a 5×5 convolution with stride 1 and circular padding, then a ReLU": ANSWERS[0],
    "a 1×1 convolution": ANSWERS[0],
    "three 3×3 convolutions with stride 1 and circular padding, each with a bias and a ReLU": ANSWERS[0],
    "a depthwise 3×3 convolution with stride 1 and circular padding": ANSWERS[0],
    "a ReLU": ANSWERS[0],
    "a 3×3 convolution with stride 2 and circular padding": ANSWERS[1],
    "a max pooling with windows of 2×2, side by side": ANSWERS[1],
    "a 5×5 convolution with stride 2 and circular padding, then a ReLU": ANSWERS[1],
    "a 3×3 convolution with stride 1 and circular padding, then the mean of each channel": ANSWERS[2],
    "a 5×5 convolution with stride 1 and circular padding, then the maximum of each channel": ANSWERS[2],
    "the mean over all pixels": ANSWERS[2],
}

MOVES = ("1 pixel", "2 pixels", "3 pixels", "4 pixels")


@exercise(
    skill="convolution.equivariance",
    points=1,
    answer=Choice(ANSWERS),
    hints=(
        "Does the layer meet the same windows again, only elsewhere? Look at its stride.",
        "A stride of 2 meets the same windows again only if the picture moved by a multiple of 2.",
    ),
)
def what_happens(layer, by):
    """The layer is {layer}.

    Any picture of 32×32 is moved to the right by {by}; what leaves at the edge comes back at the other one.
    What happens to the output?
    """
    told = LAYERS[layer]
    return ANSWERS[3] if told == ANSWERS[1] and int(by.split()[0]) % 2 else told


@what_happens.variant
def _(rng):
    return {"layer": str(rng.choice(list(LAYERS))), "by": str(rng.choice(MOVES))}


@what_happens.mistake(
    "Ask what the layer does with the places: does it keep them all, skip some, or merge them into one number?"
)
def places_kept_or_merged(layer, by):
    return ANSWERS[0] if LAYERS[layer] == ANSWERS[2] else ANSWERS[2]


@what_happens.mistake("Look at the stride and at the shift together: does the layer meet the same windows again?")
def stride_and_shift(layer, by):
    told, even = LAYERS[layer], int(by.split()[0]) % 2 == 0
    if told == ANSWERS[1]:
        return ANSWERS[3] if even else ANSWERS[1]
    return ANSWERS[1]


@what_happens.mistake("Follow one window of the picture: where is it after the move, and does the layer look there?")
def window_lost(layer, by):
    return ANSWERS[0] if LAYERS[layer] == ANSWERS[1] else ANSWERS[3]


@exercise(
    skill="convolution.equivariance",
    points=3,
    answer=Function(returns=Number(figures=4)),
    hints=(
        "`np.roll(y, (down, right), axis=(1, 2))` moves every channel; the channel axis stays where it is.",
        "Compare the answer to the moved picture with the moved answer: their difference, its length, and f(x)'s length.",
    ),
)
def equivariance_error(y, y_of_shifted, by):
    """Write `equivariance_error(y, y_of_shifted, by)`: how far a layer f with stride 1 is from moving along.

    `y` = f(x) and `y_of_shifted` = f(x moved) have shape (channels, h, w).
    The picture x was moved by `by` = (down, right) pixels, around the edges.
    Return ‖f(x moved) − f(x) moved‖ / ‖f(x)‖, where ‖…‖ is the root of the sum of all squares.
    """
    moved = np.roll(y, tuple(by), axis=(1, 2))
    return np.linalg.norm(y_of_shifted - moved) / np.linalg.norm(y)


@equivariance_error.variant
def _(rng):
    y = rng.normal(size=(3, 5, 6)).astype(np.float32)
    by = tuple(int(step) for step in rng.choice((1, 2, 3), 2, replace=False))
    noise = 0.3 * rng.normal(size=y.shape).astype(np.float32)
    return {"y": y, "y_of_shifted": np.roll(y, by, axis=(1, 2)) + noise, "by": by}


@equivariance_error.mistake("You compared with f(x) where it was, which tests invariance; move f(x) along first.")
def code_not_moved(y, y_of_shifted, by):
    return np.linalg.norm(y_of_shifted - y) / np.linalg.norm(y)


@equivariance_error.mistake("You moved f(x) up and to the left; the picture went down and to the right.")
def code_other_way(y, y_of_shifted, by):
    moved = np.roll(y, (-by[0], -by[1]), axis=(1, 2))
    return np.linalg.norm(y_of_shifted - moved) / np.linalg.norm(y)


@equivariance_error.mistake("Down and right have changed places: rows are the axis before columns.")
def code_axes_swapped(y, y_of_shifted, by):
    moved = np.roll(y, (by[1], by[0]), axis=(1, 2))
    return np.linalg.norm(y_of_shifted - moved) / np.linalg.norm(y)


@equivariance_error.mistake("You moved the channels instead of rows or columns: the first axis must stay where it is.")
def code_channels_moved(y, y_of_shifted, by):
    moved = np.roll(y, (by[0], by[1]), axis=(0, 1))
    return np.linalg.norm(y_of_shifted - moved) / np.linalg.norm(y)


@equivariance_error.mistake("That is the error itself; divide it by ‖f(x)‖, so that the layer's scale does not count.")
def code_not_relative(y, y_of_shifted, by):
    return np.linalg.norm(y_of_shifted - np.roll(y, (by[0], by[1]), axis=(1, 2)))


@equivariance_error.mistake("You averaged the size of the entries; the length ‖…‖ is the root of the sum of squares.")
def code_mean_sizes(y, y_of_shifted, by):
    moved = np.roll(y, (by[0], by[1]), axis=(1, 2))
    return np.mean(np.abs(y_of_shifted - moved)) / np.mean(np.abs(y))
