"""Unit 06, convolution: what is asked, what is right, and the mistakes learners really make.

A skill holds value exercises, which `practice` deals with fresh numbers, and a code exercise.
In a code exercise the reference and every mistake stand alone (their parameters and `np`), so that each can be
handed in as a learner would. They are plain NumPy: nothing to compile.
"""

import math
from itertools import pairwise

import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, Number, exercise


def places(n, kernel, stride=1, padding=0):
    """⌊(n + 2·padding − kernel)/stride⌋ + 1."""
    return (n + 2 * padding - kernel) // stride + 1


def unlike_its_answer(rng, draw, answer):
    """Arguments whose answer is none of the numbers that the question prints."""
    while True:
        arguments = draw(rng)
        if answer(**arguments) not in arguments.values():
            return arguments


# ------------------------------------------------------------------ convolution.shape


@exercise(
    skill="convolution.shape",
    points=2,
    answer=Integer(),
    hints=(
        "Where does the window's first row stand at the first place, and where at the last one that fits?",
        "The window can start at row 0 and move on while it fits: how many whole strides is that?",
        "Whole strides that fit, rounded down; and the place it starts from counts as well.",
    ),
)
def output_size(n, kernel, stride):
    """A kernel of {kernel}×{kernel} slides over a picture of {n}×{n} with stride {stride}, without padding.

    How many rows has the output?
    """
    return places(n, kernel, stride)


@output_size.variant
def _(rng):
    def draw(rng):
        return {
            "n": rng.integers(12, 65),
            "kernel": rng.choice((2, 3, 5, 7, 9, 11)),
            "stride": rng.choice((2, 3, 4, 5)),
        }

    return unlike_its_answer(rng, draw, output_size.reference)


@output_size.mistake(
    "You counted the steps, not the places: a kernel as large as the picture takes no step and still gives one output."
)
def start_forgotten(n, kernel, stride):
    return (n - kernel) // stride


@output_size.mistake("At your last place the kernel hangs over the edge: what does not fit whole gives no output.")
def rounded_up(n, kernel, stride):
    return math.ceil((n - kernel) / stride) + 1


@output_size.mistake("There is no part of a place: the floor is missing, so round what you have down.")
def floor_forgotten(n, kernel, stride):
    return (n - kernel) / stride + 1


@output_size.mistake("You moved the kernel by one row at a time; with a stride it skips the rows between.")
def stride_ignored(n, kernel, stride):
    return n - kernel + 1


@exercise(
    skill="convolution.shape",
    points=2,
    answer=Integer(),
    hints=(
        "How many rows has the picture once the zeros are there?",
        "Zeros stand above and below. Then count the places of the kernel, its first one included.",
    ),
)
def padded_size(n, kernel, padding):
    """A picture of {n}×{n} gets {padding} rows or columns of zeros on each of its four sides.

    Then a kernel of {kernel}×{kernel} slides over it, one pixel at a time.
    How many rows has the output?
    """
    return places(n, kernel, 1, padding)


@padded_size.variant
def _(rng):
    def draw(rng):
        return {"n": rng.integers(10, 65), "kernel": rng.choice((3, 5, 7, 9, 11)), "padding": rng.choice((2, 3, 4))}

    return unlike_its_answer(rng, draw, padded_size.reference)


@padded_size.mistake("Your zeros stand on one side only; there are as many on the other.")
def one_side_padded(n, kernel, padding):
    return places(n + padding, kernel)


@padded_size.mistake("You left the zeros out, but the kernel slides over them too.")
def padding_ignored(n, kernel, padding):
    return places(n, kernel)


@padded_size.mistake("You counted the steps of the kernel; the place it starts from gives an output too.")
def steps_for_places(n, kernel, padding):
    return n + 2 * padding - kernel


@padded_size.mistake("That is the padded picture; the kernel must fit on it whole, so it has fewer places than rows.")
def kernel_not_taken_off(n, kernel, padding):
    return n + 2 * padding


@exercise(
    skill="convolution.shape",
    points=2,
    answer=Array(),
    hints=(
        "One kernel, with all its input channels, gives one output channel. How many kernels are there?",
        "Rows and columns follow from kernel and stride, each for itself; round down.",
    ),
)
def conv_shape(c_in, height, width, c_out, kernel, stride):
    """A picture with {c_in} channels, {height} rows and {width} columns passes {c_out} kernels of {kernel}×{kernel}.

    The stride is {stride}, and there is no padding.
    Which shape has the output? Write [channels, rows, columns].
    """
    return [c_out, places(height, kernel, stride), places(width, kernel, stride)]


@conv_shape.variant
def _(rng):
    height, width = rng.choice(np.arange(16, 65), 2, replace=False).tolist()
    return {
        "c_in": rng.choice((2, 3, 4, 6)),
        "height": height,
        "width": width,
        "c_out": rng.choice((8, 10, 12, 16, 20, 24)),
        "kernel": rng.choice((3, 5, 7)),
        "stride": rng.choice((2, 3)),
    }


@conv_shape.mistake("The input's channels are summed over; the output has a channel for each kernel.")
def channels_kept(c_in, height, width, c_out, kernel, stride):
    return [c_in, places(height, kernel, stride), places(width, kernel, stride)]


@conv_shape.mistake("A kernel adds up what it finds in all input channels, so input channels do not multiply the maps.")
def channels_multiplied(c_in, height, width, c_out, kernel, stride):
    return [c_in * c_out, places(height, kernel, stride), places(width, kernel, stride)]


@conv_shape.mistake("Rows come before columns: yours have changed places.")
def sides_swapped(c_in, height, width, c_out, kernel, stride):
    return [c_out, places(width, kernel, stride), places(height, kernel, stride)]


@conv_shape.mistake(
    "Check the last place on either side: where the kernel would hang over the edge there is no output."
)
def shape_rounded_up(c_in, height, width, c_out, kernel, stride):
    return [c_out, math.ceil((height - kernel) / stride) + 1, math.ceil((width - kernel) / stride) + 1]


@conv_shape.mistake("You counted steps on both sides; the place a kernel starts from gives an output too.")
def shape_of_steps(c_in, height, width, c_out, kernel, stride):
    return [c_out, (height - kernel) // stride, (width - kernel) // stride]


@exercise(
    skill="convolution.shape",
    points=1,
    answer=Array(),
    hints=(
        "Pooling looks at one channel at a time. Does it mix channels?",
        "Side by side: how many whole windows fit along one side?",
    ),
)
def pool_shape(channels, n, window):
    """A max pooling takes the largest entry of each window of {window}×{window}, and the windows lie side by side.

    Its input has {channels} channels of {n}×{n}.
    Which shape has the output? Write [channels, rows, columns].
    """
    return [channels, n // window, n // window]


@pool_shape.variant
def _(rng):
    return {"channels": rng.choice((6, 8, 12, 16, 24, 32)), "n": rng.integers(11, 60), "window": rng.choice((2, 3, 4))}


@pool_shape.mistake("Pooling leaves the number of channels alone: each channel is pooled by itself.")
def channels_pooled(channels, n, window):
    return [channels // window, n // window, n // window]


@pool_shape.mistake("The windows lie side by side, and you let them overlap by moving one pixel at a time.")
def window_slid(channels, n, window):
    return [channels, n - window + 1, n - window + 1]


@pool_shape.mistake("A window that hangs over the edge is left out here: the floor is missing.")
def part_window_counted(channels, n, window):
    return [channels, math.ceil(n / window), math.ceil(n / window)]


@pool_shape.mistake("You pooled over the channels too, and only one is left; the window covers rows and columns only.")
def channels_merged(channels, n, window):
    return [1, n // window, n // window]


@exercise(
    skill="convolution.shape",
    points=1,
    answer=Integer(),
    hints=(
        "Without padding, how many rows does such a kernel cost?",
        "Those rows must come back, one half above and one half below.",
    ),
)
def padding_to_keep(n, kernel):
    """A kernel of {kernel}×{kernel} slides over a picture of {n}×{n}, pixel by pixel.

    How many rows of zeros does it take on each side so that the output is {n}×{n} again?
    """
    return (kernel - 1) // 2


@padding_to_keep.variant
def _(rng):
    return {"n": rng.integers(40, 300), "kernel": 2 * rng.integers(2, 16) + 1}


@padding_to_keep.mistake("That is what both sides need together.")
def both_sides_together(n, kernel):
    return kernel - 1


@padding_to_keep.mistake("Half a kernel is no whole number of rows: count how many rows lie beside its middle one.")
def half_a_kernel(n, kernel):
    return kernel / 2


@padding_to_keep.mistake("One too many: the middle row of the kernel stands on the picture and needs no zeros.")
def middle_row_counted(n, kernel):
    return (kernel + 1) // 2


@padding_to_keep.mistake("With so many zeros the kernel could stand beside the picture and see nothing of it.")
def whole_kernel(n, kernel):
    return kernel


@exercise(
    skill="convolution.shape",
    points=2,
    answer=Integer(),
    hints=(
        "A window that slides over samples is a kernel that slides over pixels, in one dimension.",
        "The hop is the stride: how many whole hops fit, and which window have you not counted yet?",
    ),
)
def spectrogram_frames(samples, window, hop):
    """A spectrogram is taken of {samples} samples of sound.

    Its window is {window} samples long and moves on by a hop of {hop} samples, only where it fits whole.
    How many frames has it?
    """
    return places(samples, window, hop)


@spectrogram_frames.variant
def _(rng):
    return {
        "samples": int(rng.choice((4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000))),
        "window": rng.choice((200, 256, 320, 400, 512, 640, 800)),
        "hop": rng.choice((80, 100, 120, 128, 150, 160)),
    }


@spectrogram_frames.mistake("You counted the hops; the window that stands at the very beginning is a frame too.")
def hops_for_frames(samples, window, hop):
    return (samples - window) // hop


@spectrogram_frames.mistake("You let the windows lie side by side; they move on by a hop, and overlap.")
def windows_side_by_side(samples, window, hop):
    return samples // window


@spectrogram_frames.mistake("The hop is how far a window moves, and you took it for how much two windows share.")
def hop_as_overlap(samples, window, hop):
    return (samples - window) // (window - hop) + 1


@spectrogram_frames.mistake("You began a window at every hop, also where the sound ends before the window does.")
def windows_over_the_end(samples, window, hop):
    return samples // hop


@exercise(
    skill="convolution.shape",
    points=2,
    answer=Integer(),
    hints=(
        "One layer after the other: which size does the pooling get?",
        "Round down after each layer, not once at the end.",
    ),
)
def conv_then_pool(n, kernel, window):
    """A kernel of {kernel}×{kernel} slides over a picture of {n}×{n} pixel by pixel, without padding.

    Then a pooling with windows of {window}×{window}, side by side, follows; and then both once more.
    How many rows are left?
    """
    return places(places(n, kernel) // window, kernel) // window


@conv_then_pool.variant
def _(rng):
    def draw(rng):
        return {"n": rng.integers(40, 130), "kernel": rng.choice((3, 5, 7)), "window": rng.choice((2, 3))}

    return unlike_its_answer(rng, draw, conv_then_pool.reference)


@conv_then_pool.mistake("You went through both layers once, but they come twice.")
def once_only(n, kernel, window):
    return places(n, kernel) // window


@conv_then_pool.mistake("You let the kernels take nothing off; without padding each of them costs a few rows.")
def kernels_cost_nothing(n, kernel, window):
    return n // window // window


@conv_then_pool.mistake("You did both convolutions first and both poolings after; in this stack they take turns.")
def convolutions_first(n, kernel, window):
    return places(places(n, kernel), kernel) // window // window


@conv_then_pool.mistake("Each convolution costs one row less than its kernel has, for its first place counts.")
def whole_kernel_lost(n, kernel, window):
    return ((n - kernel) // window - kernel) // window


@exercise(
    skill="convolution.shape",
    points=4,
    answer=Function(),
    hints=(
        "Pad with `np.pad`: no zeros before or after the channels, `padding` of them before and after rows and columns.",
        "How many rows and columns has the output? Make an array of zeros of that shape first.",
        "For each kernel row u and column v, the pixels under it are `x[:, u : u + stride*h : stride, …]` for h output "
        "rows: multiply by k[:, :, u, v], sum over the input channels, and add.",
    ),
)
def conv2d(x, k, stride, padding):
    """Write `conv2d(x, k, stride, padding)`: a convolution as deep learning means it, the kernel not flipped.

    `x` has shape (c_in, h, w), `k` (c_out, c_in, m, n); `stride` and `padding` are whole numbers, for rows and columns.
    Zeros are added on each side. There is no bias.
    Return y with y[c, i, j] = Σ k[c, c′, u, v] · x[c′, i·stride + u, j·stride + v] over c′, u and v, where x is padded.
    """
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k)


@conv2d.variant
def _(rng):
    c_in, c_out = rng.choice((2, 3, 4), 2, replace=False)
    m = int(rng.choice((2, 3)))
    return {
        "x": rng.normal(size=(c_in, int(rng.integers(7, 10)), int(rng.integers(10, 13)))).astype(np.float32),
        "k": rng.normal(size=(c_out, c_in, m, m)).astype(np.float32),
        "stride": int(rng.choice((2, 3))),
        "padding": int(rng.choice((1, 2))),
    }


@conv2d.mistake("You turned the kernel round; in deep learning its first row meets the window's first row.")
def kernel_flipped(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k[:, :, ::-1, ::-1])


@conv2d.mistake("The kernel's rows met the window's columns: u goes with rows and v with columns.")
def kernel_transposed(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocvu->oij", windows, k)


@conv2d.mistake("Only one input channel reaches your output; a kernel adds up what it finds in all of them.")
def first_channel_only(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("ijuv,ouv->oij", windows[0], k[:, 0])


@conv2d.mistake("Input channels are summed, and you averaged them.")
def channels_averaged(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k) / x.shape[0]


@conv2d.mistake("Your window moves on by one pixel; by how many should it?")
def stride_left_out(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))
    return np.einsum("cijuv,ocuv->oij", windows, k)


@conv2d.mistake("You padded with zeros after the picture only; they stand before it too.")
def padded_after_only(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (0, padding), (0, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k)


# ------------------------------------------------------------------ convolution.count


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


# ------------------------------------------------------------------ convolution.dense


def a_comparison(rng):
    """A picture, a dense layer and a convolution to compare."""
    return {
        "side": int(rng.choice((16, 20, 24, 28, 32, 40, 48, 64))),
        "channels": int(rng.choice((2, 3, 4))),
        "units": int(rng.choice((50, 100, 150, 200, 250, 500))),
        "kernel": int(rng.choice((3, 5, 7))),
        "maps": int(rng.choice((8, 16, 24, 32, 48, 64, 96))),
    }


def drawn(rng, *names):
    """A part of such a comparison."""
    whole = a_comparison(rng)
    return {name: whole[name] for name in names}


@exercise(
    skill="convolution.dense",
    points=1,
    answer=Integer(),
    hints=(
        "Flatten first: how many numbers is the picture?",
        "In a dense layer every unit has a weight for each of them.",
    ),
)
def dense_weights(side, channels, units):
    """A picture of {side}×{side} with {channels} channels is flattened, and a dense layer of {units} units reads it.

    How many weights has the layer, biases left out?
    """
    return side**2 * channels * units


@dense_weights.variant
def _(rng):
    return drawn(rng, "side", "channels", "units")


@dense_weights.mistake("Each pixel is one number in each channel: your flat picture is too short.")
def flat_without_channels(side, channels, units):
    return side**2 * units


@dense_weights.mistake("That is the length of the flat picture, or what one unit needs; how many units are there?")
def one_unit(side, channels, units):
    return side**2 * channels


@dense_weights.mistake("A picture has rows times columns many pixels; you took one side.")
def one_side_only(side, channels, units):
    return side * channels * units


@dense_weights.mistake("Inputs and units are not added: each pair of them has a weight.")
def inputs_plus_units(side, channels, units):
    return side**2 * channels + units


@exercise(
    skill="convolution.dense",
    points=1,
    answer=Integer(),
    hints=(
        "One kernel covers its window in every input channel: how many weights is that?",
        "Then count the kernels. Is the picture's side needed at all?",
    ),
)
def conv_weights(side, channels, kernel, maps):
    """A picture of {side}×{side} with {channels} channels is read by a convolution.

    It has {maps} kernels of {kernel}×{kernel}.
    How many weights has the layer, biases left out?
    """
    return kernel**2 * channels * maps


@conv_weights.variant
def _(rng):
    return drawn(rng, "side", "channels", "kernel", "maps")


@conv_weights.mistake("Your kernels see one channel only; each has a sheet of weights for every input channel.")
def conv_without_channels(side, channels, kernel, maps):
    return kernel**2 * maps


@conv_weights.mistake("The same weights are used at every place, so they are counted once.")
def weights_at_every_place(side, channels, kernel, maps):
    return side**2 * kernel**2 * channels * maps


@conv_weights.mistake("That is a single kernel; how many are there?")
def one_kernel(side, channels, kernel, maps):
    return kernel**2 * channels


@conv_weights.mistake("You connected the whole picture to every map, as a dense layer would.")
def maps_as_dense_units(side, channels, kernel, maps):
    return side**2 * channels * maps


@exercise(
    skill="convolution.dense",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Count the weights of each layer first, the dense one on the flat picture.",
        "How many times the smaller number goes into the larger one is a quotient.",
    ),
)
def times_fewer(side, channels, units, kernel, maps):
    """A picture of {side}×{side} with {channels} channels is to be read.

    Either a dense layer of {units} units does it, or a convolution with {maps} kernels of {kernel}×{kernel}.
    Leave out biases.
    How many times as many weights as the convolution has the dense layer?
    """
    return side**2 * channels * units / (kernel**2 * channels * maps)


@times_fewer.variant
def _(rng):
    return a_comparison(rng)


@times_fewer.mistake("Your kernels see one channel only, and so the convolution came out too small.")
def fewer_without_channels(side, channels, units, kernel, maps):
    return side**2 * channels * units / (kernel**2 * maps)


@times_fewer.mistake("You divided the wrong way round: which of the two layers is the larger one?")
def fewer_upside_down(side, channels, units, kernel, maps):
    return kernel**2 * channels * maps / (side**2 * channels * units)


@times_fewer.mistake(
    "You gave the convolution weights of its own at every place, but it uses the same ones everywhere."
)
def fewer_with_positions(side, channels, units, kernel, maps):
    return units / (kernel**2 * maps)


@times_fewer.mistake("You compared with a single kernel; the layer has one for every map.")
def fewer_than_one_kernel(side, channels, units, kernel, maps):
    return side**2 * units / kernel**2


@exercise(
    skill="convolution.dense",
    points=2,
    answer=Number(figures=3),
    hints=(
        "A map is a whole picture of outputs. How many numbers are in it?",
        "All maps together, divided by the number of units.",
    ),
)
def times_the_outputs(side, units, maps):
    """A dense layer puts out {units} numbers.

    A convolution of the same picture puts out {maps} maps of {side}×{side}, as large as the picture.
    How many times as many numbers does the convolution put out?
    """
    return side**2 * maps / units


@times_the_outputs.variant
def _(rng):
    return drawn(rng, "side", "units", "maps")


@times_the_outputs.mistake("A feature map is no single unit: it holds one output for every place.")
def maps_for_units(side, units, maps):
    return maps / units


@times_the_outputs.mistake("You divided the wrong way round: which of the two puts out more?")
def outputs_upside_down(side, units, maps):
    return units / (side**2 * maps)


@times_the_outputs.mistake("That is one map; how many are there?")
def one_map(side, units, maps):
    return side**2 / units


@times_the_outputs.mistake("You counted one side of a map; it has rows and columns.")
def side_of_a_map(side, units, maps):
    return side * maps / units


@exercise(
    skill="convolution.dense",
    points=2,
    answer=Number(figures=3),
    hints=(
        "In a dense layer every weight is used once. How often is a kernel's weight used?",
        "A convolution's multiply-adds are its weights times the places where they are used.",
    ),
)
def times_the_work(side, channels, units, kernel, maps):
    """A picture of {side}×{side} with {channels} channels is to be read.

    Either a dense layer of {units} units does it, or a convolution with {maps} kernels of {kernel}×{kernel}.
    The convolution is padded so that its maps are {side}×{side} too.
    How many times as many multiply-adds as the dense layer does it take?
    """
    return kernel**2 * channels * maps * side**2 / (side**2 * channels * units)


@times_the_work.variant
def _(rng):
    return a_comparison(rng)


@times_the_work.mistake(
    "Those are the weights; a kernel's weight is used again at every place, and each time it is work."
)
def weights_for_work(side, channels, units, kernel, maps):
    return kernel**2 * channels * maps / (side**2 * channels * units)


@times_the_work.mistake("You divided the wrong way round: the convolution's work was to come first.")
def work_upside_down(side, channels, units, kernel, maps):
    return units / (kernel**2 * maps)


@times_the_work.mistake("Each output of the convolution takes a whole window of products, not a single one.")
def one_product_an_output(side, channels, units, kernel, maps):
    return maps / units


@times_the_work.mistake("Your kernels see one channel only; the products of all input channels are to be counted.")
def work_without_channels(side, channels, units, kernel, maps):
    return kernel**2 * maps / (channels * units)


@exercise(
    skill="convolution.dense",
    points=2,
    answer=Integer(),
    hints=(
        "How many outputs are there in all? A dense layer needs a unit for each of them.",
        "Each of those units reads the whole flat picture.",
    ),
)
def dense_for_as_much(side, channels, maps):
    """A convolution takes a picture of {side}×{side} with {channels} channels to {maps} maps of {side}×{side}.

    How many weights would a dense layer need, biases left out, to read the same picture and put out as many numbers?
    """
    return side**2 * channels * side**2 * maps


@dense_for_as_much.variant
def _(rng):
    return {"side": rng.integers(8, 33), "channels": rng.choice((2, 3, 4)), "maps": rng.choice((4, 5, 6, 8, 12, 16))}


@dense_for_as_much.mistake("You gave it a unit for each map; a map holds one output for every place.")
def unit_for_a_map(side, channels, maps):
    return side**2 * channels * maps


@dense_for_as_much.mistake("Each unit reads all channels of the picture: yours reads one.")
def dense_reads_one_channel(side, channels, maps):
    return side**2 * side**2 * maps


@dense_for_as_much.mistake("That makes one map; how many are there?")
def dense_for_one_map(side, channels, maps):
    return side**2 * channels * side**2


@dense_for_as_much.mistake("Inputs and outputs are not added: each pair of them has a weight.")
def ends_added(side, channels, maps):
    return side**2 * channels + side**2 * maps


PRINCIPLES = {
    "flatten": "a dense layer reads the picture as one long row: rows times columns times channels",
    "pairs": "in a dense layer every pair of an input and an output has a weight of its own",
    "sheets": "a kernel has a sheet of weights for every input channel",
    "kernels": "there is one kernel for each output channel",
    "shared": "the same weights are used at every place",
    "outputs": "a feature map holds an output for every place",
    "bias": "every weight has a bias of its own",
    "size": "a layer's weights grow with the picture",
}
STEPS = {
    "from “32×32 with 3 channels” to “3072 inputs”": "flatten",
    "from “24×24 with 2 channels” to “1152 inputs”": "flatten",
    "from “3072 inputs, 100 units” to “307,200 weights”": "pairs",
    "from “1152 inputs, 50 units” to “57,600 weights”": "pairs",
    "from “windows of 3×3, 3 channels” to “27 weights in a kernel”": "sheets",
    "from “windows of 5×5, 2 channels” to “50 weights in a kernel”": "sheets",
    "from “27 weights in a kernel, 64 maps” to “1728 weights”": "kernels",
    "from “50 weights in a kernel, 16 maps” to “800 weights”": "kernels",
    "from “1728 weights for a picture of 32×32” to “1728 weights for one of 1000×1000”": "shared",
    "from “800 weights for a picture of 24×24” to “800 weights for one of 500×500”": "shared",
    "from “64 maps of 32×32” to “65,536 outputs”": "outputs",
    "from “16 maps of 24×24” to “9216 outputs”": "outputs",
}
IN_ORDER = ["flatten", "pairs", "sheets", "kernels", "shared", "outputs"]


@exercise(
    skill="convolution.dense",
    points=1,
    answer=Choice(tuple(PRINCIPLES.values())),
    hints=(
        "Compare the two sides of the step. Which number is new, and which numbers made it?",
        "Say the step aloud as “because …”, and choose the option that finishes the sentence.",
    ),
)
def which_principle(step):
    """A dense layer and a convolution are compared. Which principle takes you {step}?"""
    return PRINCIPLES[STEPS[step]]


@which_principle.variant
def _(rng):
    return {"step": str(rng.choice(list(STEPS)))}


@which_principle.mistake(
    "That is a principle of this comparison, but of a later step: what changes between the two sides here?"
)
def one_step_ahead(step):
    return PRINCIPLES[IN_ORDER[(IN_ORDER.index(STEPS[step]) + 1) % len(IN_ORDER)]]


@which_principle.mistake("No layer of this unit has that many biases, and this comparison leaves biases out.")
def biases_everywhere(step):
    return PRINCIPLES["bias"]


@which_principle.mistake("That holds for a dense layer alone, and it is no step of the counting.")
def grows_with_the_picture(step):
    return PRINCIPLES["size"]


@exercise(
    skill="convolution.dense",
    points=3,
    answer=Function(variants=6),
    hints=(
        "How many rows has the matrix? As many as the convolution has outputs.",
        "Row i holds the whole kernel, starting in column i; everything else is zero.",
    ),
)
def conv_as_dense(k, n):
    """Write `conv_as_dense(k, n)`: the matrix W of the dense layer that does what a one-dimensional convolution does.

    The convolution is y[i] = Σ k[u] · x[i + u] over u, with stride 1 and no padding; `x` has `n` entries and `k` has m.
    Return W, of shape (n − m + 1, n), with W @ x = y for every x.
    """
    rows = np.arange(n - len(k) + 1)[:, None]
    W = np.zeros((len(rows), n), k.dtype)
    W[rows, rows + np.arange(len(k))] = k
    return W


@conv_as_dense.variant
def _(rng):
    m = int(rng.integers(2, 5))
    return {"k": rng.normal(size=m).astype(np.float32), "n": m + int(rng.integers(3, 7))}


@conv_as_dense.mistake("You turned the kernel round: k[0] meets the first entry of the window.")
def matrix_flipped(k, n):
    return np.array(
        [[k[i + len(k) - 1 - j] if i <= j < i + len(k) else 0 for j in range(n)] for i in range(n - len(k) + 1)]
    )


@conv_as_dense.mistake("Your matrix takes outputs to inputs: rows are outputs and columns are inputs.")
def matrix_transposed(k, n):
    return np.array([[k[j - i] if i <= j < i + len(k) else 0 for j in range(n)] for i in range(n - len(k) + 1)]).T


@conv_as_dense.mistake(
    "Your last rows wrap around to the start of x; without padding the kernel stops where it no longer fits."
)
def matrix_wrapped(k, n):
    return np.array([[k[(j - i) % n] if (j - i) % n < len(k) else 0 for j in range(n)] for i in range(n)])


@conv_as_dense.mistake("Every row has the kernel at the same place; from row to row it moves on by one.")
def kernel_stands_still(k, n):
    return np.tile(np.concatenate([k, np.zeros(n - len(k))]), (n - len(k) + 1, 1))


@conv_as_dense.mistake("You moved the kernel by its own length from row to row; with stride 1 it moves by one.")
def matrix_side_by_side(k, n):
    rows = n - len(k) + 1
    W = np.zeros((rows, rows * len(k) + n))
    for i in range(rows):
        W[i, i * len(k) : (i + 1) * len(k)] = k
    return W[:, :n]


# ------------------------------------------------------------------ convolution.field


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


# ------------------------------------------------------------------ convolution.flops


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


# ------------------------------------------------------------------ convolution.equivariance


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
    by = rng.choice((1, 2, 3), 2, replace=False)
    noise = 0.3 * rng.normal(size=y.shape).astype(np.float32)
    return {"y": y, "y_of_shifted": np.roll(y, tuple(by), axis=(1, 2)) + noise, "by": by}


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
