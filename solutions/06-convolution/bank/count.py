"""The skill `convolution.count`."""

from itertools import pairwise

import numpy as np

from autograder.exercise import Array, Function, Integer, exercise


@exercise(
    skill="convolution.count",
    points=2,
    answer=Integer(),
    hints=(
        "How many weights has one kernel? It reaches through all input channels.",
        "Then one bias for each kernel, and as many kernels as output channels. Does the picture's size matter?",
    ),
)
def conv_parameters(n, c_in, c_out, kernel):
    """A convolution reads pictures of {n}×{n} with {c_in} channels, and puts out {c_out} channels.

    Its kernels are {kernel}×{kernel}, and every output channel has a bias.
    How many parameters has it?
    """
    return c_out * (kernel**2 * c_in + 1)


@conv_parameters.variant
def _(rng):
    c_in, c_out = rng.choice((2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64), 2, replace=False).tolist()
    return {"n": rng.integers(8, 65), "c_in": c_in, "c_out": c_out, "kernel": rng.choice((2, 3, 5, 7))}


@conv_parameters.mistake("Your kernels are flat: each has a sheet of weights for every input channel.")
def no_input_channels(n, c_in, c_out, kernel):
    return c_out * (kernel**2 + 1)


@conv_parameters.mistake("The same weights are used at every place of the picture, so its size does not count.")
def positions_counted(n, c_in, c_out, kernel):
    return n**2 * c_out * (kernel**2 * c_in + 1)


@conv_parameters.mistake("A bias is added once to a whole output channel, and you gave one to every weight.")
def bias_per_weight(n, c_in, c_out, kernel):
    return 2 * c_out * kernel**2 * c_in


@conv_parameters.mistake("The weights are right; the biases are missing.")
def biases_missing(n, c_in, c_out, kernel):
    return c_out * kernel**2 * c_in


@conv_parameters.mistake("You gave a bias to each input channel; it belongs to what comes out, not to what goes in.")
def biases_of_the_inputs(n, c_in, c_out, kernel):
    return c_out * kernel**2 * c_in + c_in


@conv_parameters.mistake("You counted one side of the kernel, and it has two.")
def kernel_side_once(n, c_in, c_out, kernel):
    return c_out * (kernel * c_in + 1)


@exercise(
    skill="convolution.count",
    points=1,
    answer=Array(),
    hints=(
        "One kernel for each output channel: that is the first axis.",
        "A kernel has a sheet for each input channel, and a sheet has as many entries as the window it covers.",
    ),
)
def kernel_shape(n, c_in, c_out, height, width):
    """A convolution takes pictures of {n}×{n} with {c_in} channels to {c_out} channels.

    Its windows have {height} rows and {width} columns.
    Which shape has the array of its kernels k, used as k[output channel, input channel, row, column]?
    Write it as a list of four whole numbers.
    """
    return [c_out, c_in, height, width]


@kernel_shape.variant
def _(rng):
    c_in, c_out = rng.choice((2, 4, 6, 8, 12, 16, 24, 32), 2, replace=False).tolist()
    height, width = rng.choice((1, 3, 5, 7, 9), 2, replace=False).tolist()
    return {"n": rng.integers(20, 65), "c_in": c_in, "c_out": c_out, "height": height, "width": width}


@kernel_shape.mistake("Input and output channels have changed places: the kernel of one output channel is k[c].")
def channels_swapped(n, c_in, c_out, height, width):
    return [c_in, c_out, height, width]


@kernel_shape.mistake("A kernel with one sheet would see one input channel: it has a sheet for each of them.")
def single_sheet(n, c_in, c_out, height, width):
    return [c_out, 1, height, width]


@kernel_shape.mistake(
    "Your kernels are as large as the picture; a kernel covers one window and is used again at the next."
)
def kernel_of_the_picture(n, c_in, c_out, height, width):
    return [c_out, c_in, n, n]


@kernel_shape.mistake("Rows come before columns: yours have changed places.")
def window_sides_swapped(n, c_in, c_out, height, width):
    return [c_out, c_in, width, height]


@kernel_shape.mistake("Some libraries keep channels at the end; here the two channel axes come first.")
def channels_last(n, c_in, c_out, height, width):
    return [height, width, c_in, c_out]


@exercise(
    skill="convolution.count",
    points=2,
    answer=Integer(),
    hints=(
        "Take the layers one by one. What one layer puts out, the next takes in.",
        "Each layer has kernel² · (channels in) weights, and one bias, for each channel it puts out.",
    ),
)
def stack_parameters(channels, kernel):
    """Convolutions of {kernel}×{kernel}, with biases, stand one upon the other.

    From the input to the last output there are {channels} channels.
    How many parameters has the stack?
    """
    return sum(c_out * (kernel**2 * c_in + 1) for c_in, c_out in pairwise(channels))


@stack_parameters.variant
def _(rng):
    middle = rng.choice((4, 6, 8, 10, 12, 16, 20, 24, 32), 2, replace=False).tolist()
    return {"channels": [int(rng.choice((2, 3))), *middle], "kernel": rng.choice((3, 5))}


@stack_parameters.mistake("Your kernels are flat: in each layer they reach through all channels of the layer before.")
def flat_kernels(channels, kernel):
    return sum(c_out * (kernel**2 + 1) for c_out in channels[1:])


@stack_parameters.mistake("Only the first layer sees the picture's channels; the next sees what the first puts out.")
def picture_every_time(channels, kernel):
    return sum(c_out * (kernel**2 * channels[0] + 1) for c_out in channels[1:])


@stack_parameters.mistake("The weights are right; each channel that a layer puts out has a bias besides.")
def stack_without_biases(channels, kernel):
    return sum(c_out * kernel**2 * c_in for c_in, c_out in pairwise(channels))


@stack_parameters.mistake("A bias is added once to a whole output channel, and you gave one to every weight.")
def stack_bias_per_weight(channels, kernel):
    return sum(2 * c_out * kernel**2 * c_in for c_in, c_out in pairwise(channels))


@stack_parameters.mistake("You counted biases for the channels that go in; they belong to those that come out.")
def stack_biases_of_inputs(channels, kernel):
    return sum(c_out * kernel**2 * c_in + c_in for c_in, c_out in pairwise(channels))


@exercise(
    skill="convolution.count",
    points=2,
    answer=Integer(),
    hints=(
        "Two layers. In the first, how many channels does one kernel see?",
        "The second layer is an ordinary convolution whose window is a single pixel.",
    ),
)
def separable_parameters(c_in, c_out, kernel):
    """A depthwise separable convolution takes {c_in} channels to {c_out}, without biases.

    First each channel is filtered by a {kernel}×{kernel} kernel of its own; then a 1×1 convolution mixes the channels.
    How many weights has it?
    """
    return kernel**2 * c_in + c_in * c_out


@separable_parameters.variant
def _(rng):
    c_in, c_out = rng.choice((6, 8, 12, 16, 20, 24, 32, 48, 64), 2, replace=False).tolist()
    return {"c_in": c_in, "c_out": c_out, "kernel": rng.choice((3, 5, 7))}


@separable_parameters.mistake(
    "That is the ordinary convolution; here filtering and mixing are two layers, each with its own weights."
)
def not_separated(c_in, c_out, kernel):
    return kernel**2 * c_in * c_out


@separable_parameters.mistake("In the first layer a kernel sees one channel only, its own.")
def depthwise_mixed(c_in, c_out, kernel):
    return kernel**2 * c_in**2 + c_in * c_out


@separable_parameters.mistake("The second layer is missing: something must mix the channels.")
def pointwise_missing(c_in, c_out, kernel):
    return kernel**2 * c_in


@separable_parameters.mistake(
    "The first layer puts out as many channels as it takes in, and you gave it a kernel for each final channel."
)
def depthwise_per_output(c_in, c_out, kernel):
    return kernel**2 * c_out + c_in * c_out


@exercise(
    skill="convolution.count",
    points=2,
    answer=Integer(),
    hints=(
        "Three layers: how many channels go into and come out of each?",
        "A 1×1 kernel has one weight for each input channel; the 3×3 one works where there are few channels.",
    ),
)
def bottleneck_parameters(wide, narrow):
    """A bottleneck has three convolutions: 1×1 from {wide} channels to {narrow}, 3×3, and 1×1 back to {wide}.

    The middle one keeps {narrow} channels, and there are no biases.
    How many weights are there?
    """
    return wide * narrow + 9 * narrow**2 + narrow * wide


@bottleneck_parameters.variant
def _(rng):
    narrow = int(rng.choice((4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)))
    return {"wide": narrow * int(rng.choice((2, 3, 4, 5, 6, 8))), "narrow": narrow}


@bottleneck_parameters.mistake("The way back is missing: a third layer brings the wide channels back.")
def way_back_missing(wide, narrow):
    return wide * narrow + 9 * narrow**2


@bottleneck_parameters.mistake("You used the large kernel at full width, which is what the bottleneck avoids.")
def squeezed_nothing(wide, narrow):
    return wide * narrow + 9 * wide**2 + narrow * wide


@bottleneck_parameters.mistake("Your middle kernels are flat: each reaches through all the narrow channels.")
def flat_middle(wide, narrow):
    return wide * narrow + 9 * narrow + narrow * wide


@bottleneck_parameters.mistake("A 1×1 kernel is no single number: it has one weight for every channel it reads.")
def pointwise_as_numbers(wide, narrow):
    return narrow + 9 * narrow**2 + wide


@exercise(
    skill="convolution.count",
    points=1,
    answer=Integer(),
    hints=(
        "At one pixel a 1×1 convolution is a dense layer: from how many numbers to how many?",
        "One weight for each pair of channels, one bias for each that comes out.",
    ),
)
def pointwise_parameters(n, c_in, c_out):
    """A 1×1 convolution with biases takes {c_in} channels of {n}×{n} to {c_out}.

    How many parameters has it?
    """
    return c_out * (c_in + 1)


@pointwise_parameters.variant
def _(rng):
    c_in, c_out = rng.choice((3, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128), 2, replace=False).tolist()
    return {"n": rng.integers(5, 65), "c_in": c_in, "c_out": c_out}


@pointwise_parameters.mistake("A 1×1 kernel covers one pixel, but all channels of it.")
def one_weight_a_kernel(n, c_in, c_out):
    return c_out * 2


@pointwise_parameters.mistake("Every pixel meets the same weights, so the size of the picture does not count.")
def weights_at_every_pixel(n, c_in, c_out):
    return n**2 * c_out * (c_in + 1)


@pointwise_parameters.mistake("The weights are right; the biases are missing.")
def pointwise_without_biases(n, c_in, c_out):
    return c_out * c_in


@pointwise_parameters.mistake("You gave the biases to the channels that go in; they belong to those that come out.")
def pointwise_biases_of_inputs(n, c_in, c_out):
    return c_out * c_in + c_in


@exercise(
    skill="convolution.count",
    points=3,
    answer=Function(returns=Integer()),
    hints=(
        "Layer i takes channels[i] to channels[i + 1] with a kernel of kernels[i] × kernels[i].",
        "For each layer: kernel² · (channels in) + 1, times the channels out; then the sum over layers.",
    ),
)
def count_parameters(channels, kernels):
    """Write `count_parameters(channels, kernels)`: how many parameters a stack of convolutions has, biases included.

    `channels` holds L + 1 whole numbers, from the input's channels to the last output's.
    `kernels` holds L of them: the kernels of layer i are kernels[i] × kernels[i].
    """
    c_in, c_out = channels[:-1], channels[1:]
    return int(np.sum(c_out * (kernels**2 * c_in + 1)))


@count_parameters.variant
def _(rng):
    depth = int(rng.integers(2, 5))
    return {"channels": rng.integers(2, 40, depth + 1), "kernels": rng.choice((1, 3, 5, 7), depth)}


@count_parameters.mistake("Your kernels are flat: each reaches through all channels of the layer before.")
def code_no_input_channels(channels, kernels):
    return int(sum(c * (k**2 + 1) for c, k in zip(channels[1:], kernels, strict=True)))


@count_parameters.mistake("The weights are right; the biases are missing.")
def code_no_biases(channels, kernels):
    return int(sum(c * b * k**2 for c, b, k in zip(channels[:-1], channels[1:], kernels, strict=True)))


@count_parameters.mistake("You gave a bias to every weight; there is one for each channel a layer puts out.")
def code_bias_per_weight(channels, kernels):
    return int(sum(2 * c * b * k**2 for c, b, k in zip(channels[:-1], channels[1:], kernels, strict=True)))


@count_parameters.mistake("You gave the biases to the channels that go in; they belong to those that come out.")
def code_biases_of_inputs(channels, kernels):
    return int(sum(c * (b * k**2 + 1) for c, b, k in zip(channels[:-1], channels[1:], kernels, strict=True)))


@count_parameters.mistake("You counted one side of each kernel, and it has two.")
def code_kernel_side_once(channels, kernels):
    return int(sum(b * (k * c + 1) for c, b, k in zip(channels[:-1], channels[1:], kernels, strict=True)))
