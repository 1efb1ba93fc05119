"""The skill `readiness.convolution`."""

import numpy as np

from autograder.exercise import Array, Integer, exercise

from .shared import whole


@exercise(
    skill="readiness.convolution",
    points=1,
    answer=Array(),
    hints=(
        "Lay the kernel on the first three entries, multiply entry by entry, and add up: that is the first output.",
        "Move on by one and do the same; stop where the kernel would hang over the end.",
    ),
)
def slide(x, k):
    """The kernel k = {k} slides over x = {x}.
    There is no padding, and the kernel is not turned round, as usual in deep learning.

    What comes out, as a list [ , , ]?
    """
    return np.correlate(x, k, "valid")


@slide.variant
def _(rng):
    return {"x": whole(rng, 5), "k": whole(rng, 3, largest=2)}


@slide.mistake("You turned the kernel round first; in deep learning it stays as it is.")
def kernel_turned(x, k):
    return np.convolve(x, k, "valid")


@slide.mistake("You padded the ends; without padding the kernel never hangs over.")
def padded(x, k):
    return np.correlate(x, k, "same")


@slide.mistake("You moved on by two entries; the kernel moves by one.")
def two_at_a_time(x, k):
    return np.correlate(x, k, "valid")[::2]


@slide.mistake("You added up what lies under the kernel; multiply with the kernel's entries first.")
def plain_sums(x, k):
    return np.correlate(x, np.ones(3, int), "valid")


@exercise(
    skill="readiness.convolution",
    points=1,
    answer=Integer(),
    hints=(
        "Count the places where the kernel can start, from the left end of the padded input.",
        "The first start is free; each further one needs a whole stride of room.",
    ),
)
def output_length(n, kernel, padding, stride):
    """An input of length {n} is padded with {padding} zeros at each end.
    A kernel of length {kernel} slides over it with stride {stride}.

    How many outputs are there?
    """
    return (n + 2 * padding - kernel) // stride + 1


@output_length.variant
def _(rng):
    return {
        "n": int(rng.integers(15, 60)),
        "kernel": int(rng.choice([3, 5, 7])),
        "padding": int(rng.integers(1, 4)),
        "stride": int(rng.integers(2, 5)),
    }


@output_length.mistake("You counted the moves; the place before the first move is an output too.")
def first_place_forgotten(n, kernel, padding, stride):
    return (n + 2 * padding - kernel) // stride


@output_length.mistake("You padded one end; there are zeros at both.")
def one_end_padded(n, kernel, padding, stride):
    return (n + padding - kernel) // stride + 1


@output_length.mistake("You left the padding out.")
def padding_left_out(n, kernel, padding, stride):
    return (n - kernel) // stride + 1


@output_length.mistake("You moved on by one each time; this stride is larger.")
def stride_left_out(n, kernel, padding, stride):
    return n + 2 * padding - kernel + 1


@output_length.mistake("You let the stride divide the whole input; only the room left beside the kernel can be walked.")
def input_over_stride(n, kernel, padding, stride):
    return -(-(n + 2 * padding) // stride)
