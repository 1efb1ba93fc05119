"""The skill `convolution.shape`."""

import math

import numpy as np

from autograder.exercise import Array, Function, Integer, exercise

from .shared import places


def unlike_its_answer(rng, draw, answer):
    """Arguments whose answer is none of the numbers that the question prints."""
    while True:
        arguments = draw(rng)
        if answer(**arguments) not in arguments.values():
            return arguments


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


@padding_to_keep.mistake("The middle row of the kernel stands on the picture and needs no zeros.")
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


@conv_then_pool.mistake(
    "A kernel that lies on its first row has a place already: how many steps can it take from there?"
)
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
    m, n = rng.choice((2, 3, 4), 2, replace=False)
    return {
        "x": rng.normal(size=(c_in, int(rng.integers(7, 10)), int(rng.integers(10, 13)))).astype(np.float32),
        "k": rng.normal(size=(c_out, c_in, m, n)).astype(np.float32),
        "stride": int(rng.choice((2, 3))),
        "padding": int(rng.choice((1, 2))),
    }


def picture_and_kernels(rng, m, n):
    x, k = rng.normal(size=(2, 6, 7)), rng.normal(size=(3, 2, m, n))
    return {"x": x.astype(np.float32), "k": k.astype(np.float32)}


@conv2d.edge
def _(rng):
    return picture_and_kernels(rng, 3, 2) | {"stride": 1, "padding": 0}


@conv2d.edge
def _(rng):
    return picture_and_kernels(rng, 1, 1) | {"stride": 1, "padding": 1}


@conv2d.mistake("You turned the kernel round; in deep learning its first row meets the window's first row.")
def kernel_flipped(x, k, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k[:, :, ::-1, ::-1])


@conv2d.mistake("The kernel's rows met the window's columns: u goes with rows and v with columns.")
def kernel_transposed(x, k, stride, padding):
    x, k = np.pad(x, ((0, 0), (padding, padding), (padding, padding))), np.swapaxes(k, 2, 3)
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("cijuv,ocuv->oij", windows, k)


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
