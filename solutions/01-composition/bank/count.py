"""The skill `composition.count`."""

import itertools

from autograder.exercise import Function, Integer, exercise


@exercise(
    skill="composition.count",
    points=1,
    answer=Integer(),
    hints=(
        "Every output unit has a weight for each input; how many weights is that?",
        "And a unit has one number more than its weights.",
    ),
)
def layer_parameters(d_in, d_out):
    """A dense layer takes {d_in} numbers and gives {d_out}. How many parameters has it, biases included?"""
    return d_in * d_out + d_out


@layer_parameters.variant
def _(rng):
    return {"d_in": rng.integers(3, 200), "d_out": rng.integers(3, 120)}


@layer_parameters.mistake("Those are the weights alone; the biases are learned too.")
def weights_alone(d_in, d_out):
    return d_in * d_out


@layer_parameters.mistake("A bias belongs to a unit, not to an input: there are as many as outputs.")
def bias_for_each_input(d_in, d_out):
    return d_in * d_out + d_in


@layer_parameters.mistake("You gave every weight a bias of its own; a unit has a single one.")
def bias_for_each_weight(d_in, d_out):
    return 2 * d_in * d_out


@layer_parameters.mistake("You added inputs and outputs, but every input is wired to every output.")
def wires_not_counted(d_in, d_out):
    return d_in + d_out


@exercise(
    skill="composition.count",
    points=2,
    answer=Integer(),
    hints=(
        "Count layer by layer: between two neighbours in the list stands one layer.",
        "A layer from m to n numbers has n rows of m weights, and n biases.",
    ),
)
def mlp_parameters(widths):
    """An MLP has the widths {widths}: input first, output last, and a dense layer between each two neighbours.

    How many parameters has it, biases included?
    """
    return sum((m + 1) * n for m, n in itertools.pairwise(widths))


@mlp_parameters.variant
def _(rng):
    hidden = rng.choice([4, 5, 8, 10, 12, 16, 20, 32, 64], rng.integers(1, 4)).tolist()
    return {"widths": [int(rng.choice([2, 3, 8, 10, 28, 64])), *hidden, int(rng.choice([2, 3, 5, 10]))]}


@mlp_parameters.mistake("You counted the weights alone; every unit that is computed has a bias too.")
def all_biases_forgotten(widths):
    return sum(m * n for m, n in itertools.pairwise(widths))


@mlp_parameters.mistake("You left out the last layer: the readout has weights and biases like any other.")
def readout_forgotten(widths):
    return sum((m + 1) * n for m, n in itertools.pairwise(widths[:-1]))


@mlp_parameters.mistake("You gave the biases to the inputs of each layer; they belong to the units it computes.")
def biases_of_the_inputs(widths):
    return sum(m * (n + 1) for m, n in itertools.pairwise(widths))


@mlp_parameters.mistake("You gave a layer a single bias; each of its units has one.")
def one_bias_a_layer(widths):
    return sum(m * n + 1 for m, n in itertools.pairwise(widths))


@mlp_parameters.mistake("You gave the input biases as well, but it is no layer: nothing computes it.")
def input_counted_as_layer(widths):
    return sum((m + 1) * n for m, n in itertools.pairwise(widths)) + widths[0]


@exercise(
    skill="composition.count",
    points=2,
    answer=Integer(),
    hints=(
        "What does one such layer cost, from n numbers to n numbers, biases included?",
        "The layers before and after keep their widths, so nothing else changes.",
    ),
)
def deeper_by(width, more):
    """An MLP has hidden layers of {width} units each. You insert {more} more of {width} units between two of them.

    By how much does its number of parameters grow?
    """
    return more * width * (width + 1)


@deeper_by.variant
def _(rng):
    return {"width": rng.integers(5, 130), "more": rng.integers(2, 9)}


@deeper_by.mistake("Each new unit brings a bias too, and you counted the weights alone.")
def new_biases_forgotten(width, more):
    return more * width**2


@deeper_by.mistake("You counted the new units; each of them has a weight for every unit below it.")
def units_for_parameters(width, more):
    return more * width


@deeper_by.mistake("That is one layer; several were inserted.")
def one_layer_alone(width, more):
    return width * (width + 1)


@deeper_by.mistake("You widened the layers in place of stacking new ones: weights run from one layer to the next only.")
def widened(width, more):
    return (more * width) ** 2 + more * width


@exercise(
    skill="composition.count",
    points=2,
    answer=Integer(),
    hints=(
        "Call the width n, and write the number of parameters of both layers as a multiple of n plus a rest.",
        "A hidden unit costs its weights, its bias, and one weight in each output unit.",
        "A width is whole, and the budget must not be passed: which way do you round?",
    ),
)
def widest_within(d_in, d_out, budget):
    """An MLP with one hidden layer takes {d_in} numbers and gives {d_out}. It may have {budget} parameters at most, biases too.

    How many hidden units can it have?
    """
    return (budget - d_out) // (d_in + 1 + d_out)


@widest_within.variant
def _(rng):
    return {"d_in": rng.integers(2, 40), "d_out": rng.integers(2, 11), "budget": int(rng.integers(20, 200)) * 25}


@widest_within.mistake("You forgot the biases: put your width in and count again.")
def budget_without_biases(d_in, d_out, budget):
    return budget // (d_in + d_out)


@widest_within.mistake("You rounded up, and the net is just over the budget.")
def rounded_up(d_in, d_out, budget):
    return -((d_out - budget) // (d_in + 1 + d_out))


@widest_within.mistake("You paid for the first layer only: every hidden unit also has a weight in each output unit.")
def first_layer_only(d_in, d_out, budget):
    return budget // (d_in + 1)


@exercise(
    skill="composition.count",
    points=2,
    answer=Function(returns=Integer(), variants=4),
    hints=(
        "Go through neighbours: `zip(widths, widths[1:])` gives (d_in, d_out) of each layer.",
        "Sum up, over the layers, the weights and the biases.",
    ),
)
def count_mlp(widths):
    """Write `count_mlp(widths)`: how many parameters an MLP has, biases included.

    `widths` is a list of whole numbers: input, hidden layers, output. Return one whole number.
    """
    total = 0
    for layer in range(1, len(widths)):
        total += widths[layer - 1] * widths[layer] + widths[layer]
    return total


@count_mlp.variant
def _(rng):
    return {"widths": rng.integers(2, 90, rng.integers(3, 7)).tolist()}


@count_mlp.edge
def _(rng):
    return {"widths": rng.integers(2, 90, 2).tolist()}


@count_mlp.mistake("You counted the weights alone; every unit that is computed has a bias too.")
def code_without_biases(widths):
    return sum(widths[k] * widths[k + 1] for k in range(len(widths) - 1))


@count_mlp.mistake("You gave the biases to the inputs of each layer; they belong to the units it computes.")
def code_biases_of_inputs(widths):
    return sum(widths[k] * (widths[k + 1] + 1) for k in range(len(widths) - 1))


@count_mlp.mistake("You left out the last layer.")
def code_without_readout(widths):
    return sum((widths[k] + 1) * widths[k + 1] for k in range(len(widths) - 2))


@count_mlp.mistake("That is a sum of units; a layer has a weight for every pair of an input and an output.")
def code_units(widths):
    return sum(widths)
