"""The skill `convolution.flops`."""

import numpy as np

from autograder.exercise import Function, Integer, Number, exercise

from .shared import places


@exercise(
    skill="convolution.flops",
    points=2,
    answer=Integer(),
    hints=(
        "How many products does one output entry take?",
        "Then count the output entries: all places of all output channels.",
    ),
)
def conv_multiply_adds(n, c_in, c_out, kernel):
    """A convolution with kernels of {kernel}×{kernel} takes {c_in} channels of {n}×{n} to {c_out} channels of {n}×{n}.

    How many multiply-adds does it take?
    """
    return n**2 * c_out * kernel**2 * c_in


@conv_multiply_adds.variant
def _(rng):
    c_in, c_out = rng.choice((2, 3, 4, 6, 8, 12, 16, 24, 32), 2, replace=False).tolist()
    return {"n": rng.integers(8, 65), "c_in": c_in, "c_out": c_out, "kernel": rng.choice((3, 5, 7))}


@conv_multiply_adds.mistake("Those are the weights; each of them is used again at every place.")
def weights_only(n, c_in, c_out, kernel):
    return c_out * kernel**2 * c_in


@conv_multiply_adds.mistake("One output adds up products from all input channels: their number is missing.")
def flops_without_inputs(n, c_in, c_out, kernel):
    return n**2 * c_out * kernel**2


@conv_multiply_adds.mistake("That makes one output channel; how many are there?")
def flops_of_one_map(n, c_in, c_out, kernel):
    return n**2 * kernel**2 * c_in


@conv_multiply_adds.mistake(
    "You counted a multiplication and an addition each for itself; together they are one multiply-add."
)
def counted_twice(n, c_in, c_out, kernel):
    return 2 * n**2 * c_out * kernel**2 * c_in


@conv_multiply_adds.mistake("A window has two sides, and you counted one.")
def window_side_once(n, c_in, c_out, kernel):
    return n**2 * c_out * kernel * c_in


@exercise(
    skill="convolution.flops",
    points=2,
    answer=Integer(),
    hints=(
        "Work is done for each output, so first: how large is the output?",
        "The stride thins out the places along rows and along columns.",
    ),
)
def strided_multiply_adds(n, c_in, c_out, kernel, stride):
    """A convolution with {kernel}×{kernel} kernels and stride {stride} takes {c_in} channels of {n}×{n} to {c_out} channels.

    It is padded so that its output has {n}/{stride} rows and as many columns.
    How many multiply-adds does it take?
    """
    return (n // stride) ** 2 * c_out * kernel**2 * c_in


@strided_multiply_adds.variant
def _(rng):
    c_in, c_out = rng.choice((3, 4, 6, 8, 12, 16, 24, 32), 2, replace=False).tolist()
    stride = int(rng.choice((2, 3, 4)))
    return {
        "n": stride * int(rng.integers(5, 20)),
        "c_in": c_in,
        "c_out": c_out,
        "kernel": rng.choice((3, 5, 7)),
        "stride": stride,
    }


@strided_multiply_adds.mistake(
    "You worked at every pixel of the input; with a stride there are fewer outputs, and work is done for outputs."
)
def work_at_every_input(n, c_in, c_out, kernel, stride):
    return n**2 * c_out * kernel**2 * c_in


@strided_multiply_adds.mistake("The stride thins out rows and columns, and you let it act on one of them.")
def stride_once(n, c_in, c_out, kernel, stride):
    return n**2 // stride * c_out * kernel**2 * c_in


@strided_multiply_adds.mistake("Those are the weights; each of them is used again at every place.")
def strided_weights_only(n, c_in, c_out, kernel, stride):
    return c_out * kernel**2 * c_in


@strided_multiply_adds.mistake("One output adds up products from all input channels: their number is missing.")
def strided_without_inputs(n, c_in, c_out, kernel, stride):
    return (n // stride) ** 2 * c_out * kernel**2


@exercise(
    skill="convolution.flops",
    points=2,
    answer=Integer(),
    hints=(
        "Two layers, each with its own work. Take them one by one.",
        "Filtering: each channel by its own kernel. Mixing: at each pixel, a dense layer across the channels.",
    ),
)
def separable_multiply_adds(n, c_in, c_out, kernel):
    """A depthwise separable convolution takes {c_in} channels of {n}×{n} to {c_out} channels of {n}×{n}.

    First each channel is filtered by a {kernel}×{kernel} kernel of its own; then a 1×1 convolution mixes the channels.
    How many multiply-adds does it take?
    """
    return n**2 * (kernel**2 * c_in + c_in * c_out)


@separable_multiply_adds.variant
def _(rng):
    c_in, c_out = rng.choice((6, 8, 12, 16, 20, 24, 32, 48), 2, replace=False).tolist()
    return {"n": rng.integers(6, 40), "c_in": c_in, "c_out": c_out, "kernel": rng.choice((3, 5, 7))}


@separable_multiply_adds.mistake(
    "That is the ordinary convolution; here filtering and mixing are done one after the other, and their work is added."
)
def work_not_separated(n, c_in, c_out, kernel):
    return n**2 * kernel**2 * c_in * c_out


@separable_multiply_adds.mistake("You left out the mixing, which is most of the work.")
def mixing_left_out(n, c_in, c_out, kernel):
    return n**2 * kernel**2 * c_in


@separable_multiply_adds.mistake(
    "You left out the filtering: before channels are mixed, each passes a kernel of its own."
)
def filtering_left_out(n, c_in, c_out, kernel):
    return n**2 * c_in * c_out


@separable_multiply_adds.mistake("Those are the weights; each of them is used again at every place.")
def separable_weights_only(n, c_in, c_out, kernel):
    return kernel**2 * c_in + c_in * c_out


@exercise(
    skill="convolution.flops",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Write both costs for one place of the picture and one input channel.",
        "Ordinary: kernel² · (channels out). Separable: kernel² + (channels out).",
    ),
)
def times_cheaper(c_out, kernel):
    """An ordinary {kernel}×{kernel} convolution to {c_out} channels is replaced by a depthwise separable one.

    That is a {kernel}×{kernel} kernel for each input channel, then a 1×1 convolution to {c_out} channels.
    How many times as many multiply-adds did the ordinary one take?
    """
    return kernel**2 * c_out / (kernel**2 + c_out)


@times_cheaper.variant
def _(rng):
    return {"c_out": rng.choice((12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160)), "kernel": rng.choice((3, 5, 7, 9))}


@times_cheaper.mistake("You counted the mixing alone as the cost of the new one; its filtering costs something too.")
def filtering_for_nothing(c_out, kernel):
    return kernel**2


@times_cheaper.mistake("You counted the filtering alone as the cost of the new one; mixing costs more.")
def mixing_for_nothing(c_out, kernel):
    return c_out


@times_cheaper.mistake("You divided the wrong way round: the ordinary one is the dearer of the two.")
def cheaper_upside_down(c_out, kernel):
    return (kernel**2 + c_out) / (kernel**2 * c_out)


@times_cheaper.mistake("A window has two sides, and you counted one.")
def cheaper_side_once(c_out, kernel):
    return kernel * c_out / (kernel + c_out)


@exercise(
    skill="convolution.flops",
    points=2,
    answer=Integer(),
    hints=(
        "One dimension: a kernel is a row of weights. How many places has it on the samples?",
        "Each place costs kernel · (channels in) multiply-adds for each channel that comes out; here one channel goes in.",
    ),
)
def waveform_multiply_adds(samples, kernels, kernel, stride):
    """A one-dimensional convolution reads {samples} samples of sound, one channel, with {kernels} kernels of {kernel} samples.

    Its stride is {stride}, and there is no padding.
    How many multiply-adds does it take?
    """
    return places(samples, kernel, stride) * kernels * kernel


@waveform_multiply_adds.variant
def _(rng):
    return {
        "samples": int(rng.choice((4000, 8000, 12000, 16000, 24000, 32000))),
        "kernels": rng.choice((16, 32, 40, 64, 80)),
        "kernel": rng.choice((80, 160, 240, 320, 400)),
        "stride": rng.choice((40, 80, 120, 150, 160)),
    }


@waveform_multiply_adds.mistake("You placed the kernel at every sample; with a stride it has far fewer places.")
def place_at_every_sample(samples, kernels, kernel, stride):
    return (samples - kernel + 1) * kernels * kernel


@waveform_multiply_adds.mistake("Those are the weights; each of them is used again at every place.")
def waveform_weights_only(samples, kernels, kernel, stride):
    return kernels * kernel


@waveform_multiply_adds.mistake("Sound has one axis: your kernel is a square, and it should be a row.")
def square_on_a_line(samples, kernels, kernel, stride):
    return places(samples, kernel, stride) * kernels * kernel**2


@waveform_multiply_adds.mistake("You counted the kernel's steps; the place it starts from costs as much as any other.")
def waveform_steps(samples, kernels, kernel, stride):
    return (samples - kernel) // stride * kernels * kernel


@exercise(
    skill="convolution.flops",
    points=4,
    answer=Function(returns=Integer()),
    hints=(
        "Go up layer by layer, and keep the size of the picture as you go.",
        "A layer's output has (n − kernel)//stride + 1 rows; that is the size which the next layer meets.",
        "Its multiply-adds: rows² · kernel² · (channels in) · (channels out).",
    ),
)
def multiply_adds(n, channels, kernels, strides):
    """Write `multiply_adds(n, channels, kernels, strides)`: what a stack of convolutions costs on a picture of n × n.

    `channels` holds L + 1 whole numbers, from the input's channels to the last output's.
    `kernels` and `strides` hold one for each layer, the one next to the picture first. There is no padding.
    Return the number of multiply-adds of all layers together.
    """
    total = 0
    for c_in, c_out, k, s in zip(channels[:-1], channels[1:], kernels, strides, strict=True):
        n = (n - k) // s + 1
        total += n**2 * k**2 * c_in * c_out
    return int(total)


@multiply_adds.variant
def _(rng):
    depth = int(rng.integers(2, 4))
    return {
        "n": int(rng.integers(40, 70)),
        "channels": rng.integers(2, 20, depth + 1),
        "kernels": rng.choice((3, 5), depth),
        "strides": rng.choice((1, 2, 3), depth),
    }


@multiply_adds.mistake("Those are the weights; each of them is used again at every place.")
def code_weights_only(n, channels, kernels, strides):
    return int(np.sum(channels[1:] * channels[:-1] * kernels**2))


@multiply_adds.mistake("You counted the places of a layer's input; work is done for its outputs, and there are fewer.")
def code_input_places(n, channels, kernels, strides):
    total = 0
    for c_in, c_out, k, s in zip(channels[:-1], channels[1:], kernels, strides, strict=True):
        total += n**2 * k**2 * c_in * c_out
        n = (n - k) // s + 1
    return int(total)


@multiply_adds.mistake("One output adds up products from all input channels: their number is missing.")
def code_without_inputs(n, channels, kernels, strides):
    total = 0
    for c_out, k, s in zip(channels[1:], kernels, strides, strict=True):
        n = (n - k) // s + 1
        total += n**2 * k**2 * c_out
    return int(total)


@multiply_adds.mistake("You counted the kernel's steps along a side; the place it starts from gives an output too.")
def code_steps(n, channels, kernels, strides):
    total = 0
    for c_in, c_out, k, s in zip(channels[:-1], channels[1:], kernels, strides, strict=True):
        n = (n - k) // s
        total += n**2 * k**2 * c_in * c_out
    return int(total)


@multiply_adds.mistake(
    "Every layer of yours works on a picture as large as the first one gets; after a layer it is smaller."
)
def code_size_kept(n, channels, kernels, strides):
    total = 0
    for c_in, c_out, k, s in zip(channels[:-1], channels[1:], kernels, strides, strict=True):
        total += ((n - k) // s + 1) ** 2 * k**2 * c_in * c_out
    return int(total)
