"""The skill `normalization.count`."""

import itertools

from autograder.exercise import Integer, exercise

KINDS = ("BatchNorm", "LayerNorm", "RMSNorm")

WIDTHS = (12, 24, 32, 48, 50, 64, 100, 128, 200, 256, 512, 768, 1024)


def _each(norm):
    """Trainable numbers a feature."""
    return 1 if norm == "RMSNorm" else 2


@exercise(
    skill="normalization.count",
    points=1,
    answer=Integer(),
    hints=(
        "Which numbers of this norm does the optimizer change?",
        "Is there a γ? Is there a β? Each of them has one number a feature.",
    ),
)
def norm_parameters(norm, layers, width):
    """A net has {layers} layers of {width} units, each followed by {norm}.
    How many parameters do these norms train, all together?"""
    return layers * _each(norm) * width


@norm_parameters.variant
def _(rng):
    return {"norm": str(rng.choice(KINDS)), "layers": rng.integers(3, 13), "width": rng.choice(WIDTHS)}


@norm_parameters.mistake("Look again at which of γ and β this norm has.")
def shift_miscounted(norm, layers, width):
    return layers * (3 - _each(norm)) * width


@norm_parameters.mistake("You counted a mean and a variance as well: those are measured, and no gradient changes them.")
def statistics_counted(norm, layers, width):
    return layers * (_each(norm) + 2) * width


@norm_parameters.mistake("You counted one γ for a whole layer, and every unit has its own.")
def one_for_all(norm, layers, width):
    return layers * _each(norm)


@norm_parameters.mistake("You gave every pair of units a number; a norm's γ acts on each unit alone.")
def like_a_matrix(norm, layers, width):
    return layers * _each(norm) * width**2


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "Layer by layer: the matrix, then what the norm trains; and only the last layer has a bias.",
        "A matrix from d to e units has d·e numbers. Which layers are followed by a norm?",
    ),
)
def mlp_parameters(widths, norm):
    """An MLP has the widths {widths}, from input to output.
    Each hidden layer is a matrix without a bias, then {norm}, then ReLU; the output layer is a matrix with a bias, and no norm.

    How many trainable parameters does it have?
    """
    matrices = sum(a * b for a, b in itertools.pairwise(widths))
    return matrices + _each(norm) * sum(widths[1:-1]) + widths[-1]


@mlp_parameters.variant
def _(rng):
    hidden = rng.choice((12, 16, 20, 24, 32), int(rng.integers(2, 4))).tolist()
    return {
        "widths": [int(rng.choice((8, 10, 30, 64))), *hidden, int(rng.choice((2, 3, 5, 10)))],
        "norm": str(rng.choice(KINDS)),
    }


@mlp_parameters.mistake("You counted the matrices and the bias, and left the norms' own parameters out.")
def norms_left_out(widths, norm):
    return sum(a * b for a, b in itertools.pairwise(widths)) + widths[-1]


@mlp_parameters.mistake("You gave the hidden layers a bias as well, and here they have none.")
def biases_kept(widths, norm):
    return mlp_parameters.reference(widths, norm) + sum(widths[1:-1])


@mlp_parameters.mistake("You counted a norm after the output layer too, and there is none.")
def norm_on_the_output(widths, norm):
    return mlp_parameters.reference(widths, norm) + _each(norm) * widths[-1]


@mlp_parameters.mistake(
    "You counted a running mean and variance of every unit: they are no trainable parameters, and not every norm has them."
)
def running_counted(widths, norm):
    return mlp_parameters.reference(widths, norm) + 2 * sum(widths[1:-1])


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "How many γ are there: one a channel, or one for each place of each channel?",
        "The shape of γ is the shape of what is kept apart by its own scale. Then β, of the same shape.",
    ),
)
def picture_norm_parameters(norm, c, h, w):
    """Feature maps have {c} channels, height {h} and width {w}. How many parameters does {norm} train?"""
    return 2 * c if norm.startswith("BatchNorm") else 2 * c * h * w


@picture_norm_parameters.variant
def _(rng):
    norms = ("BatchNorm, with one γ and one β a channel,", "LayerNorm, with a γ and a β for every entry of an example,")
    return {
        "norm": str(rng.choice(norms)),
        "c": rng.choice((3, 16, 32, 64)),
        "h": rng.choice((7, 8, 14, 28)),
        "w": rng.choice((7, 8, 14, 28)),
    }


@picture_norm_parameters.mistake(
    "That is the other norm's count: does each place of a channel have a γ of its own here?"
)
def the_other_count(norm, c, h, w):
    return 2 * c * h * w if norm.startswith("BatchNorm") else 2 * c


@picture_norm_parameters.mistake("There is a β as well as a γ.")
def only_gamma(norm, c, h, w):
    return c if norm.startswith("BatchNorm") else c * h * w


@picture_norm_parameters.mistake("The channels are missing: each of them has numbers of its own.")
def only_places(norm, c, h, w):
    return 2 * h * w


@exercise(
    skill="normalization.count",
    points=2,
    answer=Integer(),
    hints=(
        "What does BatchNorm need for one feature when the net is used later?",
        "Two numbers that were learned and two that were measured, for each feature of each layer.",
    ),
)
def saved_numbers(widths, batch):
    """A net has BatchNorm on hidden layers of {widths} units, and was trained with batches of {batch}.
    To use it elsewhere, how many numbers of its norms must be saved?

    A counter of batches is not counted.
    """
    return 4 * sum(widths)


@saved_numbers.variant
def _(rng):
    return {
        "widths": rng.choice((16, 20, 32, 48, 64, 100, 128), int(rng.integers(2, 5))).tolist(),
        "batch": rng.choice((8, 32, 64, 256)),
    }


@saved_numbers.mistake("Either what was learned or what was measured is missing: in use, both are needed.")
def half_of_them(widths, batch):
    return 2 * sum(widths)


@saved_numbers.mistake(
    "You saved statistics of each example; what is remembered is one running mean and variance a feature."
)
def for_each_example(widths, batch):
    return (2 + 2 * batch) * sum(widths)


@saved_numbers.mistake("One of the four numbers of a feature is missing: γ, β, and which two more?")
def three_of_four(widths, batch):
    return 3 * sum(widths)


@saved_numbers.mistake("You counted one layer: each of them has its own.")
def one_layer_only(widths, batch):
    return 4 * widths[0]
