"""The skill `convolution.dense`."""

import numpy as np

from autograder.exercise import Choice, Function, Integer, Number, exercise


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
