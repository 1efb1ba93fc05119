"""The skill `convolution.field`."""

import math

import numpy as np

from autograder.exercise import Function, Integer, exercise


@exercise(
    skill="convolution.field",
    points=1,
    answer=Integer(),
    hints=(
        "One output of the first layer sees one window. Its neighbour's window reaches how much further?",
        "Start from one pixel; every layer adds the kernel's side less one.",
    ),
)
def field_stack(depth, kernel):
    """A stack has {depth} convolutions of {kernel}×{kernel} with stride 1.

    How many pixels wide is the receptive field of one output of the last?
    """
    return 1 + depth * (kernel - 1)


@field_stack.variant
def _(rng):
    return {"depth": rng.integers(3, 21), "kernel": rng.choice((3, 5, 7, 9))}


@field_stack.mistake("Neighbouring windows overlap: a further layer adds less than its whole kernel.")
def kernels_added(depth, kernel):
    return depth * kernel


@field_stack.mistake(
    "That would need windows side by side; with stride 1 they overlap nearly wholly, and the field grows "
    "by the same amount each time."
)
def kernels_multiplied(depth, kernel):
    return kernel**depth


@field_stack.mistake("One pixel is missing: without any layer, one output sees one pixel.")
def own_pixel_forgotten(depth, kernel):
    return depth * (kernel - 1)


@field_stack.mistake("That is how far it reaches to one side; it reaches as far to the other.")
def one_side_of_the_field(depth, kernel):
    return 1 + depth * (kernel - 1) // 2


@exercise(
    skill="convolution.field",
    points=2,
    answer=Integer(),
    hints=(
        "Keep two numbers as you go up: the field, and how many pixels apart two neighbours look.",
        "A layer adds (kernel − 1) times the distance of its *inputs*; only then its stride widens that distance.",
    ),
)
def field_strided(kernels, strides):
    """Layers slide kernels of {kernels} pixels a side with strides of {strides}, in this order from the picture upwards.

    How many pixels wide is the receptive field of one output of the last layer?
    """
    field, jump = 1, 1
    for k, s in zip(kernels, strides, strict=True):
        field, jump = field + (k - 1) * jump, jump * s
    return field


@field_strided.variant
def _(rng):
    return {
        "kernels": rng.choice((2, 3, 5, 7), 3).tolist(),
        "strides": rng.choice((1, 2, 3, 4), 3).tolist(),
    }


@field_strided.mistake(
    "You left out the strides: after one, neighbours look further apart, and every layer above reaches further."
)
def strides_left_out(kernels, strides):
    return 1 + sum(k - 1 for k in kernels)


@field_strided.mistake("A layer's own stride spreads its outputs, not its inputs: it counts for the layers above.")
def own_stride_counted(kernels, strides):
    field, jump = 1, 1
    for k, s in zip(kernels, strides, strict=True):
        jump *= s
        field += (k - 1) * jump
    return field


@field_strided.mistake("You went from the top down; it is the strides *below* a layer that widen its reach.")
def from_the_top(kernels, strides):
    field, jump = 1, 1
    for k, s in zip(kernels[::-1], strides[::-1], strict=True):
        field, jump = field + (k - 1) * jump, jump * s
    return field


@field_strided.mistake("One pixel is missing: without any layer, one output sees one pixel.")
def strided_pixel_forgotten(kernels, strides):
    field, jump = 0, 1
    for k, s in zip(kernels, strides, strict=True):
        field, jump = field + (k - 1) * jump, jump * s
    return field


@exercise(
    skill="convolution.field",
    points=2,
    answer=Integer(),
    hints=(
        "By how much does the field grow with each layer?",
        "1 + layers · (kernel − 1) must reach the picture's side; a layer is whole.",
    ),
)
def depth_to_see(n, kernel):
    """Convolutions of {kernel}×{kernel} with stride 1 are stacked on a picture of {n}×{n}.

    What is the smallest number of them with which a receptive field is at least as wide as the picture?
    """
    return math.ceil((n - 1) / (kernel - 1))


@depth_to_see.variant
def _(rng):
    return {"n": rng.integers(28, 300), "kernel": rng.choice((3, 5, 7, 9))}


@depth_to_see.mistake(
    "You laid windows side by side; each layer widens the field by less than its kernel, for windows overlap."
)
def windows_laid_out(n, kernel):
    return math.ceil(n / kernel)


@depth_to_see.mistake("With so many layers the field is still narrower than the picture: put your answer in and see.")
def stopped_short(n, kernel):
    return (n - 1) // (kernel - 1)


@depth_to_see.mistake("Without strides the field does not multiply from layer to layer: it grows by the same amount.")
def by_powers(n, kernel):
    return math.ceil(math.log(n) / math.log(kernel))


@depth_to_see.mistake("You let each layer reach on one side only; it adds to both.")
def one_sided_growth(n, kernel):
    return math.ceil((n - 1) / ((kernel - 1) // 2))


@exercise(
    skill="convolution.field",
    points=2,
    answer=Integer(),
    hints=(
        "How many samples are that many milliseconds? The field must be at least as wide.",
        "Each layer widens the field by the kernel less one; start from a field of one sample.",
    ),
)
def depth_to_hear(milliseconds, rate, kernel):
    """On a sound with {rate} samples a second, convolutions with kernels of {kernel} samples and stride 1 are stacked.

    What is the smallest number of layers with which one output sees {milliseconds} milliseconds?
    """
    return math.ceil((milliseconds * rate // 1000 - 1) / (kernel - 1))


@depth_to_hear.variant
def _(rng):
    return {
        "milliseconds": rng.choice((10, 15, 20, 25, 30, 40, 50)),
        "rate": int(rng.choice((8000, 12000, 16000, 22000, 32000, 44000, 48000))),
        "kernel": rng.choice((3, 5, 7, 9)),
    }


@depth_to_hear.mistake(
    "You laid the kernels side by side; they overlap, so each layer widens the field by less than its kernel."
)
def sounds_laid_out(milliseconds, rate, kernel):
    return math.ceil(milliseconds * rate // 1000 / kernel)


@depth_to_hear.mistake("With so many layers the field is still too short: put your answer in and see.")
def too_short_to_hear(milliseconds, rate, kernel):
    return (milliseconds * rate // 1000 - 1) // (kernel - 1)


@depth_to_hear.mistake("Without strides the field does not multiply from layer to layer: it grows by the same amount.")
def hearing_by_powers(milliseconds, rate, kernel):
    return math.ceil(math.log(milliseconds * rate // 1000) / math.log(kernel))


@depth_to_hear.mistake("You counted milliseconds as samples; in a millisecond there are many.")
def milliseconds_as_samples(milliseconds, rate, kernel):
    return math.ceil((milliseconds - 1) / (kernel - 1))


@exercise(
    skill="convolution.field",
    points=1,
    answer=Integer(),
    hints=(
        "A step to the next output of the last layer is how many steps in the layer below?",
        "Each of those is a stride's worth of steps one layer further down.",
    ),
)
def jump_apart(strides):
    """Layers with strides of {strides} stand one upon the other, the first on the picture.

    How many pixels apart in the picture do two neighbouring outputs of the last layer look?
    """
    return math.prod(strides)


@jump_apart.variant
def _(rng):
    return {"strides": rng.choice((2, 3, 4, 5), int(rng.integers(3, 5))).tolist()}


@jump_apart.mistake("A stride acts on what the layers below have spread already: strides multiply.")
def strides_added(strides):
    return sum(strides)


@jump_apart.mistake("That is the distance in the layer just below; the picture lies further down.")
def last_stride_only(strides):
    return strides[-1]


@jump_apart.mistake("The last layer's own stride is missing: its neighbouring outputs are a stride apart too.")
def own_stride_missing(strides):
    return math.prod(strides[:-1])


@jump_apart.mistake("The first layer strides over the picture too, and you left it out.")
def first_stride_missing(strides):
    return math.prod(strides[1:])


@exercise(
    skill="convolution.field",
    points=2,
    answer=Integer(),
    hints=(
        "How wide is the field of the stack? That is the side of the single kernel.",
        "Its weights: both sides of the kernel, and both numbers of channels.",
    ),
)
def one_large_kernel(depth, channels):
    """A stack of {depth} convolutions of 3×3 with stride 1 keeps {channels} channels throughout.

    One convolution with a single larger kernel, from {channels} channels to {channels}, has the same receptive field.
    How many weights has that one, biases left out?
    """
    return (2 * depth + 1) ** 2 * channels**2


@one_large_kernel.variant
def _(rng):
    return {"depth": rng.integers(2, 8), "channels": rng.choice((4, 8, 10, 12, 16, 20, 24, 32, 48, 64))}


@one_large_kernel.mistake("Those are the weights of the stack of small kernels; the question is about the large one.")
def weights_of_the_stack(depth, channels):
    return depth * 9 * channels**2


@one_large_kernel.mistake("You laid the small kernels side by side; they overlap, so the field is narrower than that.")
def three_times_as_wide(depth, channels):
    return (3 * depth) ** 2 * channels**2


@one_large_kernel.mistake("You counted one side of the large kernel, and it has two.")
def large_side_once(depth, channels):
    return (2 * depth + 1) * channels**2


@one_large_kernel.mistake("Each kernel reaches through all input channels: one factor of channels is missing.")
def large_and_flat(depth, channels):
    return (2 * depth + 1) ** 2 * channels


@exercise(
    skill="convolution.field",
    points=3,
    answer=Function(returns=Integer()),
    hints=(
        "Start with a field of 1 and neighbours 1 pixel apart; go through the layers from the picture upwards.",
        "First the field grows by (kernel − 1) · distance, then the distance is multiplied by the stride.",
    ),
)
def receptive_field(kernels, strides):
    """Write `receptive_field(kernels, strides)`: how many pixels wide one output of the last layer sees.

    `kernels` and `strides` hold a whole number for each layer, the one next to the picture first.
    Convolution and pooling count alike. Padding changes nothing.
    """
    jumps = np.concatenate([[1], np.cumprod(strides[:-1])])
    return int(1 + np.sum((kernels - 1) * jumps))


@receptive_field.variant
def _(rng):
    depth = int(rng.integers(3, 7))
    return {"kernels": rng.choice((1, 2, 3, 5, 7), depth), "strides": rng.choice((1, 2, 3), depth)}


@receptive_field.mistake("The strides are missing: after one, every layer above reaches further.")
def code_strides_left_out(kernels, strides):
    return int(1 + np.sum(kernels - 1))


@receptive_field.mistake(
    "A layer's own stride spreads its outputs, not its inputs: let it count for the layers above only."
)
def code_own_stride(kernels, strides):
    return int(1 + np.sum((kernels - 1) * np.cumprod(strides)))


@receptive_field.mistake(
    "You went through the layers from the top; it is the strides below a layer that widen its reach."
)
def code_from_the_top(kernels, strides):
    jumps = np.concatenate([[1], np.cumprod(strides[::-1][:-1])])
    return int(1 + np.sum((kernels[::-1] - 1) * jumps))


@receptive_field.mistake("One pixel is missing: without any layer, one output sees one pixel.")
def code_pixel_forgotten(kernels, strides):
    jumps = np.concatenate([[1], np.cumprod(strides[:-1])])
    return int(np.sum((kernels - 1) * jumps))


@receptive_field.mistake(
    "Neighbouring windows overlap: a layer adds its kernel less one, and you added the whole kernel."
)
def code_whole_kernels(kernels, strides):
    jumps = np.concatenate([[1], np.cumprod(strides[:-1])])
    return int(1 + np.sum(kernels * jumps))
