"""Unit 01, composition: what is asked, what is right, and the mistakes learners really make.

A skill holds value exercises, which `practice` deals with fresh numbers, and at least one code exercise too.
In a code exercise the reference and every mistake stand alone (their parameters, `jax`, `jnp`, `lax` and `np`),
so that each can be handed in as a learner would. Mistakes are plain NumPy where they can be: nothing to compile.
"""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, Measurement, Number, Requirement, exercise
from autograder.requirements import works_under_jit


def whole(rng, *shape, largest=3):
    """Whole numbers without zeros, for work by hand, as nested lists."""
    return (rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)).tolist()


def relu(z):
    return np.maximum(np.asarray(z, float), 0)


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def by_columns(W):
    """W as somebody has it who reads its numbers down the columns: its transpose, where W is square."""
    return np.array(W).T.reshape(np.shape(W))


# ------------------------------------------------------------------ composition.forward


@exercise(
    skill="composition.forward",
    points=1,
    answer=Array(),
    hints=(
        "One unit is one row of W: multiply it with x entry by entry, add the products up, and add that unit's bias.",
        "There are as many results as W has rows.",
    ),
)
def pre_activation(W, b, x):
    """A layer has the weights W = {W} (a row for each unit) and the biases b = {b}. Its input is x = {x}.

    What is its pre-activation z = W x + b, as a list [ , , ]?
    """
    return np.array(W) @ np.array(x) + np.array(b)


@pre_activation.variant
def _(rng):
    return {"W": whole(rng, 3, 2), "b": whole(rng, 3), "x": whole(rng, 2, largest=4)}


@pre_activation.mistake("You stopped before the bias: every unit adds its own.")
def bias_missing(W, b, x):
    return np.array(W) @ np.array(x)


@pre_activation.mistake("You read the numbers of W down its columns; a unit's weights stand in a row.")
def read_by_columns(W, b, x):
    return by_columns(W) @ np.array(x) + np.array(b)


@pre_activation.mistake("You went on to the ReLU; the pre-activation is what the ReLU is given.")
def already_activated(W, b, x):
    return relu(np.array(W) @ np.array(x) + np.array(b))


@pre_activation.mistake("You took the bias away, where the layer adds it.")
def bias_subtracted(W, b, x):
    return np.array(W) @ np.array(x) - np.array(b)


@exercise(
    skill="composition.forward",
    points=1,
    answer=Array(),
    hints=(
        "The ReLU looks at each entry by itself, and asks one thing: is it positive?",
        "A unit that is on hands its number on as it is; a unit that is off hands on nothing.",
    ),
)
def relu_of(z):
    """A layer's pre-activation is z = {z}. What is h = ReLU(z), as a list?"""
    return relu(z)


@relu_of.variant
def _(rng):
    z = rng.integers(1, 10, rng.integers(3, 6)) * rng.choice([-1, 1])
    z[rng.integers(0, len(z))] *= -1
    return {"z": z.tolist()}


@relu_of.mistake("You handed z on as it is, the negative entries too.")
def nothing_changed(z):
    return np.array(z)


@relu_of.mistake("You turned negative entries positive; a unit that is off hands nothing on.")
def minus_signs_dropped(z):
    return np.abs(z)


@relu_of.mistake("You kept the negative entries and cut the positive ones: it is the other way round.")
def kept_the_negative(z):
    return np.minimum(z, 0)


@exercise(
    skill="composition.forward",
    points=2,
    answer=Array(),
    hints=(
        "First z = W h + b, a row of W for each unit; only then the activation.",
        "ReLU looks at each entry by itself: a positive one stays, a negative one becomes zero.",
    ),
)
def hidden_vector(W, b, h):
    """A layer computes ReLU(W h + b) with W = {W} (a row for each unit) and b = {b}. It is given h = {h}.

    What comes out, as a list [ , ]?
    """
    return relu(np.array(W) @ np.array(h) + np.array(b))


@hidden_vector.variant
def _(rng):
    size = int(rng.choice([2, 3]))
    return {"W": whole(rng, size, size), "b": whole(rng, size), "h": whole(rng, size, largest=4)}


@hidden_vector.mistake("You left out the ReLU: a layer ends with its activation.")
def relu_skipped(W, b, h):
    return np.array(W) @ np.array(h) + np.array(b)


@hidden_vector.mistake("You dropped the bias: it is added to W h before the ReLU looks.")
def bias_dropped(W, b, h):
    return relu(np.array(W) @ np.array(h))


@hidden_vector.mistake("You used W transposed: unit by unit, it is a row of W that meets h, and you took a column.")
def weights_transposed(W, b, h):
    return relu(by_columns(W) @ np.array(h) + np.array(b))


@hidden_vector.mistake("You added the bias after the ReLU; it belongs inside, so that it can switch a unit on or off.")
def bias_after_relu(W, b, h):
    return relu(np.array(W) @ np.array(h)) + np.array(b)


@hidden_vector.mistake("You turned negative entries positive; a ReLU replaces them by zero.")
def absolute_value(W, b, h):
    return np.abs(np.array(W) @ np.array(h) + np.array(b))


@exercise(
    skill="composition.forward",
    points=1,
    answer=Number(figures=3),
    hints=(
        "A logit is one number: multiply w and h entry by entry, add the products up, then add the bias.",
        "No activation follows: a logit may be negative, and that means something.",
    ),
)
def readout_logit(w, b, h):
    """The last layer has one unit with weights w = {w} and bias b = {b}. The hidden layer hands it h = {h}.

    What is the logit s?
    """
    return float(np.dot(w, h) + b)


@readout_logit.variant
def _(rng):
    w = np.round(rng.integers(2, 30, 3) * rng.choice([-1, 1], 3) / 10, 1)
    h = rng.integers(1, 6, 3)
    h[rng.integers(0, 3)] = 0
    return {"w": w.tolist(), "b": float(rng.integers(1, 20) * rng.choice([-1, 1]) / 10), "h": h.tolist()}


@readout_logit.mistake("The last unit has a bias as well, and you left it out.")
def readout_bias_dropped(w, b, h):
    return float(np.dot(w, h))


@readout_logit.mistake(
    "You put a ReLU on the logit; it is the one place without an activation, since its sign is the decision."
)
def relu_on_the_logit(w, b, h):
    return max(0.0, float(np.dot(w, h) + b))


@readout_logit.mistake("You went one step too far, through the sigmoid; the logit is what the sigmoid is given.")
def squashed_already(w, b, h):
    return sigmoid(float(np.dot(w, h) + b))


@readout_logit.mistake(
    "A unit that is off sends nothing on: its weight is multiplied by zero, and you counted it in full."
)
def zeros_ignored(w, b, h):
    return float(sum(w_i * (h_i if h_i else 1) for w_i, h_i in zip(w, h, strict=True)) + b)


@exercise(
    skill="composition.forward",
    points=1,
    answer=Number(figures=3),
    hints=(
        "σ(s) is one divided by one plus e to the minus s.",
        "A negative logit must give less than a half, a positive one more.",
    ),
)
def squash(s):
    """A net's logit is s = {s}. What probability ŷ = σ(s) does it predict? (σ is the sigmoid.)"""
    return sigmoid(s)


@squash.variant
def _(rng):
    return {"s": float(rng.integers(2, 45) * rng.choice([-1, 1]) / 10)}


@squash.mistake("Look at the sign in the exponent: your probability falls where the logit rises.")
def sign_in_the_exponent(s):
    return sigmoid(-s)


@squash.mistake("You left out the sigmoid: a probability lies between 0 and 1.")
def sigmoid_left_out(s):
    return s


@squash.mistake("You left out the sum below the fraction line: the odds e to the s are no probability yet.")
def odds(s):
    return math.exp(s)


@squash.mistake("That is tanh, which runs from minus one to one; a probability cannot be negative.")
def tanh_for_sigmoid(s):
    return math.tanh(s)


def logit_of(W1, b1, w2, b2, x, activation=relu):
    return float(np.dot(w2, activation(np.array(W1) @ np.array(x) + np.array(b1))) + b2)


@exercise(
    skill="composition.forward",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Three steps, one after the other: z¹, then h¹, then the logit s.",
        "Write down each step's vector before the next one; the ReLU acts on the hidden layer alone.",
        "At the end: w² times h¹ entry by entry, summed, plus b². No activation follows.",
    ),
)
def logit(W1, b1, w2, b2, x):
    """A net computes h¹ = ReLU(W¹ x + b¹), then the logit s = w²·h¹ + b².

    W¹ = {W1} (a row for each unit), b¹ = {b1}, w² = {w2}, b² = {b2}. What is s for x = {x}?
    """
    return logit_of(W1, b1, w2, b2, x)


@logit.variant
def _(rng):
    return {
        "W1": whole(rng, 3, 2, largest=2),
        "b1": whole(rng, 3, largest=2),
        "w2": (np.array(whole(rng, 3)) / 2).tolist(),
        "b2": float(rng.integers(1, 20) * rng.choice([-1, 1]) / 10),
        "x": whole(rng, 2),
    }


@logit.mistake("You left out the ReLU, so that negative pre-activations reached the last layer.")
def hidden_relu_left_out(W1, b1, w2, b2, x):
    return logit_of(W1, b1, w2, b2, x, activation=np.array)


@logit.mistake("You dropped the hidden layer's biases: they decide with W¹ x which units are on.")
def biases_of_the_hidden_layer_dropped(W1, b1, w2, b2, x):
    return logit_of(W1, [0, 0, 0], w2, b2, x)


@logit.mistake("You used W¹ transposed: a unit's weights stand in a row, and you read its numbers down the columns.")
def hidden_weights_transposed(W1, b1, w2, b2, x):
    return logit_of(by_columns(W1), b1, w2, b2, x)


@logit.mistake("The last unit has a bias as well, b², and you left it out.")
def last_bias_dropped(W1, b1, w2, b2, x):
    return logit_of(W1, b1, w2, 0, x)


@logit.mistake("You put a ReLU on the logit; the last unit has no activation, since the logit's sign is the decision.")
def relu_at_the_end(W1, b1, w2, b2, x):
    return max(0.0, logit_of(W1, b1, w2, b2, x))


@logit.mistake("You went one step too far, through the sigmoid; the logit is what the sigmoid is given.")
def probability_for_logit(W1, b1, w2, b2, x):
    return sigmoid(logit_of(W1, b1, w2, b2, x))


@exercise(
    skill="composition.forward",
    points=3,
    answer=Number(figures=3),
    hints=(
        "Four steps, one after the other: z¹, then h¹, then the logit s, then ŷ.",
        "Write down each step's vector before the next one; the ReLU acts on the hidden layer alone.",
        "At the end: σ(s) is one divided by one plus e to the minus s.",
    ),
)
def probability(W1, b1, w2, b2, x):
    """A net computes h¹ = ReLU(W¹ x + b¹), then the logit s = w²·h¹ + b², then ŷ = σ(s), with the sigmoid σ.

    W¹ = {W1} (a row for each unit), b¹ = {b1}, w² = {w2}, b² = {b2}. What is ŷ for x = {x}?
    """
    return sigmoid(logit_of(W1, b1, w2, b2, x))


@probability.variant
def _(rng):
    return {
        "W1": whole(rng, 3, 2, largest=2),
        "b1": whole(rng, 3, largest=2),
        "w2": whole(rng, 3, largest=2),
        "b2": int(rng.choice([-1, 1])),
        "x": whole(rng, 2, largest=2),
    }


@probability.mistake("You left out the ReLU, so that negative pre-activations reached the last layer.")
def no_relu_in_the_middle(W1, b1, w2, b2, x):
    return sigmoid(logit_of(W1, b1, w2, b2, x, activation=np.array))


@probability.mistake("You dropped the hidden layer's biases: they decide with W¹ x which units are on.")
def hidden_biases_dropped(W1, b1, w2, b2, x):
    return sigmoid(logit_of(W1, [0, 0, 0], w2, b2, x))


@probability.mistake("You left out the sigmoid: that is the logit, and a probability was asked for.")
def logit_for_probability(W1, b1, w2, b2, x):
    return logit_of(W1, b1, w2, b2, x)


@probability.mistake("You put a ReLU on the logit, so that no probability could ever be below a half.")
def relu_before_sigmoid(W1, b1, w2, b2, x):
    return sigmoid(max(0.0, logit_of(W1, b1, w2, b2, x)))


@probability.mistake(
    "You used W¹ transposed: a unit's weights stand in a row, and you read its numbers down the columns."
)
def read_down_the_columns(W1, b1, w2, b2, x):
    return sigmoid(logit_of(by_columns(W1), b1, w2, b2, x))


@probability.mistake("The last unit has a bias as well, b², and you left it out.")
def output_bias_dropped(W1, b1, w2, b2, x):
    return sigmoid(logit_of(W1, b1, w2, 0, x))


@probability.mistake("Look at the sign in the sigmoid's exponent: your probability falls where the logit rises.")
def falls_with_the_logit(W1, b1, w2, b2, x):
    return sigmoid(-logit_of(W1, b1, w2, b2, x))


PRINCIPLES = {
    "rows": "each unit's row of weights, times the input, summed",
    "bias": "each unit adds its own bias",
    "relu": "entry by entry, what is negative becomes zero",
    "readout": "one more unit: weights times h, summed, plus a bias",
    "sigmoid": "squash the logit to a number between 0 and 1",
    "logit relu": "a negative logit becomes zero",
    "softmax": "divide by the sum, so that all units add up to 1",
}
STEPS = {
    "from x to W¹x": "rows",
    "from W¹x to z¹": "bias",
    "from z¹ to h¹": "relu",
    "from h¹ to s": "readout",
    "from s to ŷ": "sigmoid",
}
IN_ORDER = list(PRINCIPLES)


@exercise(
    skill="composition.forward",
    points=1,
    answer=Choice(tuple(PRINCIPLES.values())),
    hints=(
        "Compare what stands on the two sides: how many numbers are there before the step, and how many after it?",
        "Say the step aloud as a formula, and choose the option that reads the formula out.",
    ),
)
def which_step(step):
    """A net computes h¹ = ReLU(W¹ x + b¹), s = w²·h¹ + b² and ŷ = σ(s). What takes you {step}?"""
    return PRINCIPLES[STEPS[step]]


@which_step.variant
def _(rng):
    return {"step": str(rng.choice(list(STEPS)))}


@which_step.mistake("That is another step of this net: look at what you have in your hand, and at what is asked next.")
def one_step_ahead(step):
    return PRINCIPLES[IN_ORDER[(IN_ORDER.index(STEPS[step]) + 1) % len(STEPS)]]


@which_step.mistake("Nothing in this net makes its units add up to one: it has a single output.")
def softmax_from_habit(step):
    return PRINCIPLES["softmax"]


@which_step.mistake("The sign of the logit is the decision, so nothing here may cut it off.")
def relu_on_the_last_step(step):
    return PRINCIPLES["logit relu"]


@exercise(
    skill="composition.forward",
    points=3,
    answer=Function(variants=4, must=(works_under_jit(),)),
    hints=(
        "Three lines are enough: the hidden pre-activation, the hidden vector, the logits; then the sigmoid.",
        "`W @ x` multiplies a matrix and a vector, `jnp.maximum(z, 0)` is the ReLU, `jax.nn.sigmoid` is σ.",
    ),
)
def two_layers(W1, b1, W2, b2, x):
    """Write `two_layers(W1, b1, W2, b2, x)`: the probabilities that a two-layer net predicts for one input x.

    `W1` has shape (d, d), `b1` (d,), `W2` (k, d), `b2` (k,) and `x` (d,). The hidden layer is ReLU(W¹ x + b¹); the last
    layer gives k logits, each of which goes through a sigmoid of its own. Return shape (k,). Use `jnp`.
    """
    h = jnp.maximum(W1 @ x + b1, 0)
    return jax.nn.sigmoid(W2 @ h + b2)


@two_layers.variant
def _(rng):
    d, k = 4, 3
    W1, W2 = rng.normal(size=(d, d)), rng.normal(size=(k, d))
    b1, b2, x = rng.normal(size=d), rng.normal(size=k), rng.normal(size=d)
    return {n: a.astype(np.float32) for n, a in zip(("W1", "b1", "W2", "b2", "x"), (W1, b1, W2, b2, x), strict=True)}


@two_layers.mistake("You left out the ReLU of the hidden layer.")
def hidden_relu_skipped(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-(W2 @ (W1 @ x + b1) + b2)))


@two_layers.mistake("A bias is missing: both layers have one.")
def without_biases(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ x, 0))))


@two_layers.mistake("You used W¹ transposed: `x @ W1` sums down its columns, and a unit's weights are a row.")
def first_weights_transposed(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-(W2 @ np.maximum(x @ W1 + b1, 0) + b2)))


@two_layers.mistake("You returned the logits; the sigmoid is left.")
def without_sigmoid(W1, b1, W2, b2, x):
    return W2 @ np.maximum(W1 @ x + b1, 0) + b2


@two_layers.mistake("You put a ReLU on the logits, so that no probability is ever below a half.")
def relu_on_logits(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-np.maximum(W2 @ np.maximum(W1 @ x + b1, 0) + b2, 0)))


@two_layers.mistake("You squashed the hidden layer with the sigmoid; its activation is a ReLU.")
def sigmoid_in_the_middle(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-(W2 @ (1 / (1 + np.exp(-(W1 @ x + b1)))) + b2)))


@two_layers.mistake(
    "The values are right, but NumPy stops JAX from following them: write it with `jnp` throughout.",
    breaks="works under jit",
)
def numpy_throughout(W1, b1, W2, b2, x):
    return 1 / (1 + np.exp(-np.dot(W2, np.maximum(np.dot(W1, x) + b1, 0)) - b2))


# ------------------------------------------------------------------ composition.count


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


# ------------------------------------------------------------------ composition.mlp


@exercise(
    skill="composition.mlp",
    points=1,
    answer=Integer(),
    hints=(
        "Composition works from the inside out: which function does x meet first?",
        "Work out f₁(x), and hand the result to f₂.",
    ),
)
def composed_value(a, b, c, d, x):
    """Layer 1 is f₁(x) = {a}·x + {b}, and layer 2 is f₂(h) = {c}·h + {d}. The net is f₂(f₁(x)).

    What is it at x = {x}?
    """
    return c * (a * x + b) + d


@composed_value.variant
def _(rng):
    a, b, c, d = rng.integers(2, 12, 4).tolist()
    return {"a": a, "b": b, "c": c, "d": d, "x": rng.integers(2, 15)}


@composed_value.mistake("You applied the layers in the wrong order: the innermost one meets x first.")
def outermost_first(a, b, c, d, x):
    return a * (c * x + d) + b


@composed_value.mistake("You multiplied the two results; composing hands the first result to the second function.")
def results_multiplied(a, b, c, d, x):
    return (a * x + b) * (c * x + d)


@composed_value.mistake("You added the two results; that would be two layers side by side, both fed with x.")
def results_added(a, b, c, d, x):
    return (a * x + b) + (c * x + d)


@composed_value.mistake("The second layer multiplies all it is given, the first one's bias too.")
def bias_not_multiplied(a, b, c, d, x):
    return c * a * x + b + d


ORDERS = ("f(g(k(x)))", "f(k(g(x)))", "g(f(k(x)))", "g(k(f(x)))", "k(f(g(x)))", "k(g(f(x)))", "f(x)·g(x)·k(x)")


@exercise(
    skill="composition.mlp",
    points=1,
    answer=Choice(ORDERS),
    hints=(
        "Which layer is given x itself? It stands next to x.",
        "What is applied last is written first.",
    ),
)
def composed_in_order(first, second, third):
    """A net applies layer {first} first, then layer {second}, and layer {third} last. Which formula is that?"""
    return f"{third}({second}({first}(x)))"


@composed_in_order.variant
def _(rng):
    return dict(zip(("first", "second", "third"), rng.permutation(["f", "g", "k"]).tolist(), strict=True))


@composed_in_order.mistake(
    "You wrote the layers as they are spoken; in a formula the layer that acts first stands next to x."
)
def as_spoken(first, second, third):
    return f"{first}({second}({third}(x)))"


@composed_in_order.mistake("A product multiplies three results; a composition hands one result on.")
def as_a_product(first, second, third):
    return "f(x)·g(x)·k(x)"


@composed_in_order.mistake("The last layer stands in its place; look at the two inside it.")
def inner_two_swapped(first, second, third):
    return f"{third}({first}({second}(x)))"


@exercise(
    skill="composition.mlp",
    points=1,
    answer=Array(),
    hints=(
        "W h must make sense: how long is h, and how many numbers come out?",
        "A row of W for each unit that is computed, and a column for each number it is given.",
    ),
)
def weight_shape(widths, layer):
    """An MLP has the widths {widths}, input first. Layer {layer} computes W h + b from the h below it; layer 1 is given x.

    What is the shape of its W, as [rows, columns]?
    """
    return np.array([widths[layer], widths[layer - 1]])


@weight_shape.variant
def _(rng):
    widths = rng.choice(np.arange(2, 100), rng.integers(4, 6), replace=False).tolist()
    return {"widths": widths, "layer": rng.integers(2, len(widths) - 1)}


@weight_shape.mistake("You have rows and columns the wrong way round: W h multiplies each row with h.")
def rows_and_columns_swapped(widths, layer):
    return np.array([widths[layer - 1], widths[layer]])


@weight_shape.mistake("You counted the input as layer 1; layer 1 is the first one that computes something.")
def counted_from_the_input(widths, layer):
    return np.array([widths[layer - 1], widths[layer - 2]])


@weight_shape.mistake("That is the layer after: the list starts with the input, which is layer 0.")
def one_layer_up(widths, layer):
    return np.array([widths[layer + 1], widths[layer]])


@weight_shape.mistake("You let every layer be given x; only the first one is.")
def always_from_x(widths, layer):
    return np.array([widths[layer], widths[0]])


@exercise(
    skill="composition.mlp",
    points=1,
    answer=Array(),
    hints=(
        "First one example: how many numbers does that layer give?",
        "`vmap` puts the axis of the examples in front of what the function returns.",
    ),
)
def batch_shape(n, widths, layer):
    """`hidden(x)` gives the h of layer {layer} for one example, in an MLP of widths {widths} (input first; layer 1 is given x).

    `X` holds {n} examples, one a row. What is the shape of `jax.vmap(hidden)(X)`, as [ , ]?
    """
    return np.array([n, widths[layer]])


@batch_shape.variant
def _(rng):
    numbers = rng.choice(np.arange(2, 130), 6, replace=False).tolist()
    return {"n": numbers[0], "widths": numbers[1:], "layer": rng.integers(2, 5)}


@batch_shape.mistake("The examples come first: `vmap` maps over the leading axis, and puts it back in front.")
def examples_last(n, widths, layer):
    return np.array([widths[layer], n])


@batch_shape.mistake("That is the shape of the examples themselves; how many numbers does the layer make of each?")
def shape_of_the_input(n, widths, layer):
    return np.array([n, widths[0]])


@batch_shape.mistake("The list starts with the input, which is layer 0: you took the layer below.")
def width_of_the_layer_below(n, widths, layer):
    return np.array([n, widths[layer - 1]])


@batch_shape.mistake(
    "That is the shape of a weight matrix; here the layer's outputs are asked for, one row an example."
)
def shape_of_the_weights(n, widths, layer):
    return np.array([widths[layer], widths[layer - 1]])


IN_AXES = ("(None, 0)", "(None, 1)", "(0, None)", "(1, None)", "(0, 0)")
LAYOUTS = {
    "one net, and X with one example a row": "(None, 0)",
    "one net, and X with one example a column": "(None, 1)",
    "W with one net along its first axis, and a single example": "(0, None)",
    "W with one net along its second axis, and a single example": "(1, None)",
    # The same four to be read from shapes, from how the array was put together, and from what it is the transpose of.
    "w of shape (8,), and X of shape (50, 8)": "(None, 0)",
    "w of shape (8,), and X of shape (8, 50)": "(None, 1)",
    "W of shape (20, 8), and x of shape (8,)": "(0, None)",
    "W of shape (8, 20), and x of shape (8,)": "(1, None)",
    "one net, and `X = jnp.stack(examples)`": "(None, 0)",
    "one net, and `X = jnp.stack(examples, axis=1)`": "(None, 1)",
    "`W = jnp.stack(nets)`, and a single example": "(0, None)",
    "`W = jnp.stack(nets, axis=1)`, and a single example": "(1, None)",
    "one net, and `X = table.T`, where `table` has one example a column": "(None, 0)",
    "one net, and `X = table.T`, where `table` has one example a row": "(None, 1)",
    "`W = table.T`, where `table` has one net a column, and a single example": "(0, None)",
    "`W = table.T`, where `table` has one net a row, and a single example": "(1, None)",
}


@exercise(
    skill="composition.mlp",
    points=1,
    answer=Choice(IN_AXES),
    hints=(
        "There is one entry for each argument of the function, in order.",
        "An argument that is the same every time is not mapped: its entry says so.",
    ),
)
def which_in_axes(layout):
    """`net(w, x)` takes the weights of one net and one example, two vectors. You have {layout}.

    Which in_axes does `jax.vmap(net, in_axes=…)` need?
    """
    return LAYOUTS[layout]


@which_in_axes.variant
def _(rng):
    return {"layout": str(rng.choice(list(LAYOUTS)))}


@which_in_axes.mistake("You have the two arguments the wrong way round: the weights come first, then the example.")
def arguments_swapped(layout):
    first, second = LAYOUTS[layout].strip("()").split(", ")
    return f"({second}, {first})"


@which_in_axes.mistake("That maps along the other axis: is the first one counted, or the second?")
def other_axis(layout):
    return LAYOUTS[layout].translate(str.maketrans("01", "10"))


@which_in_axes.mistake("One of the two stays the same for every result; it is not mapped.")
def mapped_what_stays(layout):
    return "(0, 0)"


def a_batch(rng, depth, width, classes, n):
    """Weights of a small MLP with equal hidden layers, and n inputs, in float32."""
    arrays = {
        "W": rng.normal(size=(depth, width, width)) * (2 / width) ** 0.5,
        "b": 0.5 * rng.normal(size=(depth, width)),
        "V": rng.normal(size=(classes, width)),
        "c": rng.normal(size=classes),
        "X": rng.normal(size=(n, width)),
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def on_twice_the_samples(inputs):
    """The length of the program that JAX traces, as it is and for twice as many samples."""
    *weights, X = inputs
    return [Measurement("jaxpr size", inputs), Measurement("jaxpr size", (*weights, np.concatenate([X, X])))]


def without_a_loop_over_samples(inputs, once, twice):
    """Whether that length is the same. With NumPy inside there is none: `works_under_jit` says so, and no loop was seen."""
    return once is None or twice is None or bool(once == twice)


@exercise(
    skill="composition.mlp",
    points=4,
    answer=Function(
        variants=4,
        must=(
            works_under_jit(),
            Requirement(
                "has no loop over samples",
                "The values are right, but your program grows with the number of samples: write the net for one example, "
                "and let `jax.vmap` map it over the rows of X.",
                on_twice_the_samples,
                without_a_loop_over_samples,
                share=0.5,
            ),
        ),
    ),
    hints=(
        "Write the net for one example x first: a loop over layers, then the readout.",
        "`jax.vmap` turns a function of one example into a function of many: rows in, rows out.",
        "Inside: h = ReLU(Wˡ h + bˡ) for each ℓ, and at the end V h + c with no activation.",
    ),
)
def mlp(W, b, V, c, X):
    """Write `mlp(W, b, V, c, X)`: the logits of a net, for many examples, as a composition mapped by `jax.vmap`.

    `W` has shape (L, d, d), `b` (L, d): hidden layer ℓ is hˡ = ReLU(Wˡ hˡ⁻¹ + bˡ), with h⁰ the example. The readout `V` (k, d),
    `c` (k,) gives the logits V hᴸ + c. `X` (n, d) holds one example a row; return shape (n, k). A loop over layers is
    fine, a loop over samples is not. Use `jnp`.
    """

    def net(x):
        h = x
        for W_l, b_l in zip(W, b, strict=True):
            h = jnp.maximum(W_l @ h + b_l, 0)
        return V @ h + c

    return jax.vmap(net)(X)


@mlp.variant
def _(rng):
    return a_batch(rng, int(rng.choice([2, 3])), 4, 3, 5)


@mlp.mistake(
    "The values are right, but you went through the samples one by one; write the net for one of them and map it with `jax.vmap`.",
    breaks="has no loop over samples",
)
def loop_over_samples(W, b, V, c, X):
    def net(x):
        h = x
        for W_l, b_l in zip(W, b, strict=True):
            h = jnp.maximum(W_l @ h + b_l, 0)
        return V @ h + c

    return jnp.stack([net(x) for x in X])


@mlp.mistake(
    "The values are right, but NumPy stops JAX from following them: write it with `jnp` throughout.",
    breaks="works under jit",
)
def numpy_inside(W, b, V, c, X):
    h = np.asarray(X)
    for W_l, b_l in zip(W, b, strict=True):
        h = np.maximum(np.dot(h, np.transpose(W_l)) + b_l, 0)
    return np.dot(h, np.transpose(V)) + c


@mlp.mistake("You left out the ReLUs: what remains is one affine map, however many layers there are.")
def relus_skipped(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W, b, strict=True):
        h = h @ W_l.T + b_l
    return h @ V.T + c


@mlp.mistake("You dropped the biases of the hidden layers.")
def layer_biases_dropped(W, b, V, c, X):
    h = X
    for W_l in W:
        h = np.maximum(h @ W_l.T, 0)
    return h @ V.T + c


@mlp.mistake("You used the weights transposed: with examples as rows it is `h @ W.T`, for one example `W @ h`.")
def rows_times_weights(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W, b, strict=True):
        h = np.maximum(h @ W_l + b_l, 0)
    return h @ V.T + c


@mlp.mistake("You put a ReLU on the logits: the readout is the one layer without an activation.")
def logits_activated(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W, b, strict=True):
        h = np.maximum(h @ W_l.T + b_l, 0)
    return np.maximum(h @ V.T + c, 0)


@mlp.mistake("You applied the layers from the last to the first; x meets layer 1 first.")
def layers_reversed(W, b, V, c, X):
    h = X
    for W_l, b_l in zip(W[::-1], b[::-1], strict=True):
        h = np.maximum(h @ W_l.T + b_l, 0)
    return h @ V.T + c


@mlp.mistake("You fed x to every layer; each one takes what the layer below has made.")
def always_fed_with_x(W, b, V, c, X):
    h = np.maximum(X @ W[-1].T + b[-1], 0)
    return h @ V.T + c


@exercise(
    skill="composition.mlp",
    points=3,
    answer=Function(variants=4),
    hints=(
        "Collect as you go: start with a list that holds x, and append each layer's output.",
        "`jnp.stack(list)` makes one array of equally long vectors, with a new leading axis.",
    ),
)
def representations(W, b, x):
    """Write `representations(W, b, x)`: every representation of one example x on its way through a tanh net.

    `W` has shape (L, d, d), `b` (L, d), `x` (d,); layer ℓ is hˡ = tanh(Wˡ hˡ⁻¹ + bˡ) with h⁰ = x.
    Return h⁰, h¹, …, hᴸ as an array of shape (L + 1, d).
    """
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(jnp.tanh(W_l @ hs[-1] + b_l))
    return jnp.stack(hs)


@representations.variant
def _(rng):
    drawn = a_batch(rng, int(rng.choice([2, 4])), 3, 2, 1)
    return {"W": drawn["W"], "b": drawn["b"], "x": drawn["X"][0]}


@representations.mistake("You returned the pre-activations; a representation is what leaves a layer, after its tanh.")
def kept_before_the_activation(W, b, x):
    h, kept = x, [x]
    for W_l, b_l in zip(W, b, strict=True):
        z = W_l @ h + b_l
        kept.append(z)
        h = np.tanh(z)
    return np.stack(kept)


@representations.mistake("You fed x to every layer; each one takes what the layer below has made.")
def all_from_x(W, b, x):
    return np.stack([x, *[np.tanh(W_l @ x + b_l) for W_l, b_l in zip(W, b, strict=True)]])


@representations.mistake("Your list runs from the last layer back to the input; the input comes first.")
def output_first(W, b, x):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(np.tanh(W_l @ hs[-1] + b_l))
    return np.stack(hs[::-1])


@representations.mistake("You dropped the biases.")
def representations_without_biases(W, b, x):
    hs = [x]
    for W_l in W:
        hs.append(np.tanh(W_l @ hs[-1]))
    return np.stack(hs)


@representations.mistake("You used the weights transposed: `W @ h` sums along the rows, `h @ W` along the columns.")
def columns_for_rows(W, b, x):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(np.tanh(hs[-1] @ W_l + b_l))
    return np.stack(hs)


# ------------------------------------------------------------------ composition.collapse


@exercise(
    skill="composition.collapse",
    points=2,
    answer=Array(),
    hints=(
        "Put W¹ x in place of h in W² h. Which matrix stands next to x?",
        "Matrices are multiplied row by column, and the order matters.",
    ),
)
def collapsed_matrix(W1, W2):
    """Two linear layers follow each other with nothing between them: h = W¹ x, then y = W² h. W¹ = {W1} and W² = {W2}.

    Which single matrix W has y = W x? Write it as [[ , ], [ , ]].
    """
    return np.array(W2) @ np.array(W1)


@collapsed_matrix.variant
def _(rng):
    return {"W1": whole(rng, 2, 2), "W2": whole(rng, 2, 2)}


@collapsed_matrix.mistake(
    "You multiplied in the order in which the layers act; the first layer stands next to x, on the right."
)
def first_on_the_left(W1, W2):
    return np.array(W1) @ np.array(W2)


@collapsed_matrix.mistake("You added the matrices: that would be two layers side by side, both fed with x.")
def matrices_added(W1, W2):
    return np.array(W1) + np.array(W2)


@collapsed_matrix.mistake("You multiplied entry by entry; one matrix after another is rows times columns.")
def entry_by_entry(W1, W2):
    return np.array(W2) * np.array(W1)


@exercise(
    skill="composition.collapse",
    points=2,
    answer=Array(),
    hints=(
        "Write W² (W¹ x + b¹) + b² and multiply out: which terms have no x?",
        "The second layer's matrix multiplies all it is given, the first bias too.",
    ),
)
def collapsed_bias(W2, b1, b2):
    """Two layers without activation follow each other: h = W¹ x + b¹, then y = W² h + b². W² = {W2}, b¹ = {b1} and b² = {b2}.

    Together they are one layer y = W x + b. What is its bias b, as [ , ]?
    """
    return np.array(W2) @ np.array(b1) + np.array(b2)


@collapsed_bias.variant
def _(rng):
    return {"W2": whole(rng, 2, 2), "b1": whole(rng, 2, largest=4), "b2": whole(rng, 2, largest=4)}


@collapsed_bias.mistake("You added the biases as they are; the first one still goes through W².")
def biases_added(W2, b1, b2):
    return np.array(b1) + np.array(b2)


@collapsed_bias.mistake("You dropped the second layer's own bias.")
def second_bias_dropped(W2, b1, b2):
    return np.array(W2) @ np.array(b1)


@collapsed_bias.mistake("You sent both biases through W²; the second one is added after it.")
def both_through_the_matrix(W2, b1, b2):
    return np.array(W2) @ (np.array(b1) + np.array(b2))


@collapsed_bias.mistake("You used W² transposed: its rows meet b¹.")
def bias_through_the_transpose(W2, b1, b2):
    return np.array(W2).T @ np.array(b1) + np.array(b2)


@exercise(
    skill="composition.collapse",
    points=1,
    answer=Array(),
    hints=(
        "Put the first line into the second and multiply out.",
        "The slope is what stands before x; the rest does not depend on x.",
    ),
)
def collapsed_line(a1, c1, a2, c2):
    """h = {a1}·x + {c1}, and y = {a2}·h + {c2}. Written as y = a·x + c, what are a and c? Answer [a, c]."""
    return np.array([a2 * a1, a2 * c1 + c2])


@collapsed_line.variant
def _(rng):
    return dict(zip(("a1", "c1", "a2", "c2"), rng.integers(2, 12, 4).tolist(), strict=True))


@collapsed_line.mistake("You added the constants as they are; the first one is multiplied by the second slope.")
def constants_added(a1, c1, a2, c2):
    return np.array([a2 * a1, c1 + c2])


@collapsed_line.mistake("You added the slopes; a change of x passes both, one after the other.")
def slopes_added(a1, c1, a2, c2):
    return np.array([a1 + a2, a2 * c1 + c2])


@collapsed_line.mistake("You put the second line into the first: h is worked out from x, and y from h.")
def other_way_round(a1, c1, a2, c2):
    return np.array([a2 * a1, a1 * c2 + c1])


@exercise(
    skill="composition.collapse",
    points=2,
    answer=Integer(),
    hints=(
        "Without activations, what kind of map is the whole net, and between which two widths?",
        "Count the weights and biases of that one layer.",
    ),
)
def parameters_that_matter(widths):
    """A stack of dense layers without any activation has the widths {widths}, input first: wide in the middle, narrow at the ends.

    It computes what a single dense layer could. How many parameters has that single layer, biases included?
    """
    return (widths[0] + 1) * widths[-1]


@parameters_that_matter.variant
def _(rng):
    ends = rng.integers(3, 20, 2).tolist()
    hidden = rng.integers(20, 90, rng.integers(2, 4)).tolist()
    return {"widths": [ends[0], *hidden, ends[1]]}


@parameters_that_matter.mistake(
    "Those are the parameters of the whole stack; most of them change nothing that others could not."
)
def all_of_them(widths):
    return sum((m + 1) * n for m, n in itertools.pairwise(widths))


@parameters_that_matter.mistake("The single layer has biases as well.")
def single_layer_without_biases(widths):
    return widths[0] * widths[-1]


@parameters_that_matter.mistake(
    "That is the first layer of the stack; the single layer reaches from the input to the output."
)
def first_layer_of_the_stack(widths):
    return (widths[0] + 1) * widths[1]


@parameters_that_matter.mistake("Its biases belong to its outputs, one each.")
def biases_at_the_input(widths):
    return widths[0] * (widths[-1] + 1)


COLLAPSES = (
    "yes, because that step is linear itself",
    "yes, because a shift goes into a bias",
    "no, because its slope jumps at some point",
    "no, because its slope changes smoothly",
)
BETWEEN = {
    "every entry is doubled": 0,
    "every entry is multiplied by −3": 0,
    "the entries are put in reverse order": 0,
    "the mean of all entries is subtracted from each": 0,
    "every entry is replaced by the sum of all entries": 0,
    "1 is added to every entry": 1,
    "0.5 is subtracted from every entry": 1,
    "entry i is increased by i": 1,
    "every negative entry becomes 0": 2,
    "every entry z becomes |z|": 2,
    "every negative entry is divided by 100": 2,
    "every entry above 6 becomes 6": 2,
    "every entry z becomes tanh(z)": 3,
    "every entry z becomes its sigmoid σ(z)": 3,
    "every entry z becomes z²": 3,
    "every entry z becomes e to the z": 3,
}


@exercise(
    skill="composition.collapse",
    points=1,
    answer=Choice(COLLAPSES),
    hints=(
        "A step is linear if doubling what goes in doubles what comes out, and sums go through it untouched.",
        "Draw what comes out against one entry that goes in: a line, a line that is lifted, a corner, or a curve?",
    ),
)
def does_it_collapse(between):
    """Between two dense layers, {between}. Can the whole be written as one dense layer?"""
    return COLLAPSES[BETWEEN[between]]


@does_it_collapse.variant
def _(rng):
    return {"between": str(rng.choice(list(BETWEEN)))}


@does_it_collapse.mistake("Draw it for a few numbers, negative ones too: is it really one straight line?")
def straight_or_bent(between):
    return COLLAPSES[(2, 3, 0, 1)[BETWEEN[between]]]


@does_it_collapse.mistake("You are right about yes or no; look at the reason again.")
def right_for_the_wrong_reason(between):
    return COLLAPSES[(1, 0, 3, 2)[BETWEEN[between]]]


@does_it_collapse.mistake("Neither the answer nor the reason: put in zero, then a number, then its double.")
def neither(between):
    return COLLAPSES[(3, 2, 1, 0)[BETWEEN[between]]]


@exercise(
    skill="composition.collapse",
    points=3,
    answer=Function(variants=4),
    hints=(
        "Carry a matrix A and a vector c with hˡ = A x + c, and update both at each layer.",
        "Before the first layer hˡ is x itself: which A and c say that?",
        "A new layer multiplies all it is given, A and c, and then adds its own bias.",
    ),
)
def collapse(W, b):
    """Write `collapse(W, b)`: the one layer that a stack of layers without activation is.

    `W` has shape (L, d, d), `b` (L, d), and layer ℓ is hˡ = Wˡ hˡ⁻¹ + bˡ with h⁰ = x. The stack is hᴸ = A x + c; return
    A with c as one more column on its right, shape (d, d + 1).
    """
    A, c = W[0], b[0]
    for W_l, b_l in zip(W[1:], b[1:], strict=True):
        A, c = W_l @ A, W_l @ c + b_l
    return jnp.column_stack([A, c])


@collapse.variant
def _(rng):
    drawn = a_batch(rng, int(rng.choice([3, 4])), 3, 2, 1)
    return {"W": drawn["W"], "b": drawn["b"]}


@collapse.mistake(
    "You multiplied the matrices in the order in which the layers act; the last layer belongs on the left."
)
def joined_on_the_right(W, b):
    A, c = W[0], b[0]
    for W_l, b_l in zip(W[1:], b[1:], strict=True):
        A, c = A @ W_l, W_l @ c + b_l
    return np.column_stack([A, c])


@collapse.mistake("You added the biases as they are; each one goes through all layers above it.")
def biases_summed(W, b):
    A = W[0]
    for W_l in W[1:]:
        A = W_l @ A
    return np.column_stack([A, b.sum(axis=0)])


@collapse.mistake("Your bias is the last layer's alone; those below reach the output as well.")
def last_bias_alone(W, b):
    A = W[0]
    for W_l in W[1:]:
        A = W_l @ A
    return np.column_stack([A, b[-1]])


@collapse.mistake("You sent each layer's own bias through its own matrix; it is added after the matrix.")
def own_bias_multiplied(W, b):
    A, c = np.eye(W.shape[-1]), np.zeros(W.shape[-1])
    for W_l, b_l in zip(W, b, strict=True):
        A, c = W_l @ A, W_l @ (c + b_l)
    return np.column_stack([A, c])


@collapse.mistake("The bias is to stand on the right of the matrix, as its last column.")
def bias_in_front(W, b):
    A, c = W[0], b[0]
    for W_l, b_l in zip(W[1:], b[1:], strict=True):
        A, c = W_l @ A, W_l @ c + b_l
    return np.column_stack([c, A])


# ------------------------------------------------------------------ composition.pieces


@exercise(
    skill="composition.pieces",
    points=1,
    answer=Integer(),
    hints=(
        "One tent has two straight pieces. What does the next tent do to each piece that runs through all of [0, 1]?",
        "Every further map folds each piece once more: count pieces, and not corners.",
    ),
)
def tent_pieces(times, already):
    """The tent map folds [0, 1] in two. A function runs in {already} straight pieces, each going from 0 to 1 or back.

    You send its output through the tent map, {times} times over. How many straight pieces has the result?
    """
    return already * 2**times


@tent_pieces.variant
def _(rng):
    return {"times": rng.integers(3, 11), "already": rng.integers(1, 12)}


@tent_pieces.mistake("You added two pieces for each fold; a fold doubles all the pieces there are.")
def pieces_added(times, already):
    return already + 2 * times


@tent_pieces.mistake("You doubled once for each fold, but one after the other: the pieces compound.")
def pieces_linear(times, already):
    return already * 2 * times


@tent_pieces.mistake("Those are the corners between the pieces; there is one piece more.")
def corners_for_pieces(times, already):
    return already * 2**times - 1


@tent_pieces.mistake("You stopped one fold early.")
def one_fold_short(times, already):
    return already * 2 ** (times - 1)


@exercise(
    skill="composition.pieces",
    points=2,
    answer=Integer(),
    hints=(
        "Each straight piece of the lower zigzag runs through all of [0, 1]: what does the upper zigzag draw over it?",
        "Every layer multiplies the number of pieces by the same factor.",
    ),
)
def zigzag_pieces(folds, times):
    """A zigzag on [0, 1] has {folds} straight pieces, each from 0 to 1 or back. It is composed with itself, {times} copies in all.

    How many straight pieces has the composition?
    """
    return folds**times


@zigzag_pieces.variant
def _(rng):
    return {"folds": rng.integers(3, 10), "times": rng.integers(2, 7)}


@zigzag_pieces.mistake(
    "You added the pieces of the copies; composed, each piece of one carries all pieces of the next."
)
def copies_added(folds, times):
    return folds * times


@zigzag_pieces.mistake("You have base and exponent the wrong way round: what is multiplied, and how often?")
def base_and_exponent(folds, times):
    return times**folds


@zigzag_pieces.mistake("Those are the corners between the pieces; there is one piece more.")
def zigzag_corners(folds, times):
    return folds**times - 1


@zigzag_pieces.mistake("Count the copies again: the first one has pieces already, and the others multiply them.")
def one_copy_too_many(folds, times):
    return folds ** (times + 1)


@exercise(
    skill="composition.pieces",
    points=1,
    answer=Integer(),
    hints=(
        "One ReLU of x has one corner. What can a sum of several have?",
        "Fence posts and fence panels: how many stretches do that many corners leave?",
    ),
)
def shallow_pieces(width):
    """A net takes one number x, has one hidden layer of {width} ReLUs, and adds them up with weights.

    How many straight pieces can its graph have, at the very most?
    """
    return width + 1


@shallow_pieces.variant
def _(rng):
    return {"width": rng.integers(3, 50)}


@shallow_pieces.mistake(
    "Every ReLU brings one corner, and between and beside the corners there is one piece more than corners."
)
def as_many_as_units(width):
    return width


@shallow_pieces.mistake("Doubling with every unit is what depth does; side by side, each ReLU adds one corner.")
def doubled_by_each(width):
    return 2**width


@shallow_pieces.mistake("A ReLU has two pieces of its own, but in a sum the pieces share their ends: count corners.")
def two_for_each(width):
    return 2 * width


@exercise(
    skill="composition.pieces",
    points=2,
    answer=Integer(),
    hints=(
        "First count the pieces of the composition.",
        "One hidden layer of n ReLUs has at most one piece more than it has units: solve for n.",
    ),
)
def width_to_match(folds, times):
    """A zigzag of {folds} straight pieces is composed with itself, {times} copies in all, each piece running from 0 to 1 or back.

    How many ReLUs must one hidden layer have, at the very least, for as many straight pieces?
    """
    return folds**times - 1


@width_to_match.variant
def _(rng):
    return {"folds": rng.integers(2, 7), "times": rng.integers(3, 10)}


@width_to_match.mistake(
    "You gave every piece a ReLU of its own; a ReLU makes a corner, and there are fewer corners than pieces."
)
def one_for_each_piece(folds, times):
    return folds**times


@width_to_match.mistake("That many ReLUs build the deep net; side by side they have far fewer pieces.")
def as_in_the_deep_net(folds, times):
    return folds * times


@width_to_match.mistake("You went one the wrong way: put your width in, and count its pieces.")
def off_by_two(folds, times):
    return folds**times + 1


@width_to_match.mistake("You have base and exponent the wrong way round: each copy multiplies the number of pieces.")
def exponent_for_base(folds, times):
    return times**folds - 1


@exercise(
    skill="composition.pieces",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Apply the tent once, write the number down, and apply it to that number.",
        "Below a half the tent doubles; above a half it doubles the distance to 1.",
    ),
)
def tent_value(x, times):
    """The tent map is T(x) = 2x for x up to ½ and 2(1 − x) from there on. What is T applied {times} times over to x = {x}?"""
    h = x
    for _ in range(times):
        h = 2 * h if h <= 0.5 else 2 * (1 - h)
    return h


@tent_value.variant
def _(rng):
    return {"x": float(rng.integers(3, 98) / 100), "times": rng.integers(2, 6)}


@tent_value.mistake("You let the line wrap around to zero above a half; the tent folds back down instead.")
def wrapped_around(x, times):
    h = x
    for _ in range(times):
        h = (2 * h) % 1
    return h


@tent_value.mistake("You doubled every time and never folded; above a half the tent comes down.")
def never_folded(x, times):
    return 2**times * x


@tent_value.mistake("You stopped one application early.")
def applied_once_less(x, times):
    h = x
    for _ in range(times - 1):
        h = 2 * h if h <= 0.5 else 2 * (1 - h)
    return h


@tent_value.mistake("You applied the tent once and multiplied; each application takes what the last one gave.")
def multiplied_by_times(x, times):
    return times * (2 * x if x <= 0.5 else 2 * (1 - x))


@exercise(
    skill="composition.pieces",
    points=2,
    answer=Integer(),
    hints=(
        "By the chain rule the slopes of the applications multiply: each is 2 going up, and minus 2 coming down.",
        "Follow x: at each application, is the number below or above a half?",
    ),
)
def tent_slope(x, times):
    """T(x) is 2x for x up to ½ and 2(1 − x) from there on. What is the slope of T applied {times} times over, at x = {x}?"""
    slope, h = 1, x
    for _ in range(times):
        slope *= 2 if h < 0.5 else -2
        h = 2 * h if h < 0.5 else 2 * (1 - h)
    return slope


@tent_slope.variant
def _(rng):
    # At a quarter, a half and three quarters some application meets the corner, where there is no slope.
    return {"x": float(rng.choice([k for k in range(3, 98) if k % 25]) / 100), "times": rng.integers(3, 7)}


@tent_slope.mistake(
    "Look at the sign again: follow x, and turn it round at every application that starts above a half."
)
def sign_lost(x, times):
    slope = tent_slope.reference(x, times)
    return -slope


@tent_slope.mistake("You added the slopes of the applications; the chain rule multiplies them.")
def slopes_summed(x, times):
    total, h = 0, x
    for _ in range(times):
        total += 2 if h < 0.5 else -2
        h = 2 * h if h < 0.5 else 2 * (1 - h)
    return total


@tent_slope.mistake("That is the slope of a single application; there are several, one inside the other.")
def one_application(x, times):
    return 2 if x < 0.5 else -2


@exercise(
    skill="composition.pieces",
    points=3,
    answer=Function(returns=Integer(), variants=6),
    hints=(
        "Where is the corner of relu(w x + b)? And which units have none?",
        "Two units may have their corner in the same place: collect the places without repeats.",
        "Between and beside the corners there is one stretch more than corners.",
    ),
)
def one_layer_pieces(w, b):
    """Write `one_layer_pieces(w, b)`: how many straight pieces the graph of x ↦ Σᵢ relu(wᵢ x + bᵢ) has, x any real number.

    `w` and `b` have shape (n,) and hold whole numbers. A unit with wᵢ = 0 has no corner, and several units may have
    theirs in the same place. Return one whole number.
    """
    corners = {float(-b_i / w_i) for w_i, b_i in zip(w, b, strict=True) if w_i != 0}
    return len(corners) + 1


@one_layer_pieces.variant
def _(rng):
    w = rng.integers(1, 4, 9) * rng.choice([-1, 1], 9)
    corner = rng.permutation(np.r_[rng.choice(np.arange(-9, 10), 7, replace=False), 0, 0])
    corner[-2:] = corner[:2]
    b = -w * corner
    w[2] = 0
    return {"w": w.astype(np.float32), "b": b.astype(np.float32)}


@one_layer_pieces.mistake("You counted every unit as a corner, but some share their place and some have none.")
def every_unit_a_corner(w, b):
    return len(w) + 1


@one_layer_pieces.mistake("You counted the corners; there is one piece more.")
def corners_alone(w, b):
    return len({float(-b_i / w_i) for w_i, b_i in zip(w, b, strict=True) if w_i != 0})


@one_layer_pieces.mistake("Two units with their corner in the same place make one corner.")
def repeats_counted(w, b):
    return int(np.sum(np.asarray(w) != 0)) + 1


@one_layer_pieces.mistake("You looked at the biases alone: the corner of a unit is where w x + b is zero.")
def distinct_biases(w, b):
    return len({float(b_i) for w_i, b_i in zip(w, b, strict=True) if w_i != 0}) + 1


@exercise(
    skill="composition.pieces",
    points=3,
    answer=Function(variants=4),
    hints=(
        "Write one tent first; two ReLUs or `jnp.where` make one.",
        "Then let a loop hand its output back to it.",
    ),
)
def folded(x, times):
    """Write `folded(x, times)`: the tent map applied `times` times over to each entry of x.

    The tent map is T(x) = 2x for x up to ½ and 2(1 − x) from there on; `x` has shape (n,) with entries in [0, 1], and
    `times` is a whole number. Return shape (n,).
    """
    h = x
    for _ in range(times):
        h = 2 * jnp.maximum(h, 0) - 4 * jnp.maximum(h - 0.5, 0)
    return h


@folded.variant
def _(rng):
    return {"x": (rng.integers(1, 200, 12) / 200).astype(np.float32), "times": int(rng.integers(2, 6))}


@folded.mistake("You let the line wrap around to zero above a half; the tent folds back down instead.")
def saw_for_tent(x, times):
    h = x
    for _ in range(times):
        h = (2 * h) % 1
    return h


@folded.mistake("You applied the tent once and multiplied; each application takes what the last one gave.")
def tent_times_times(x, times):
    return times * (1 - np.abs(2 * x - 1))


@folded.mistake("You stopped one application early.")
def stopped_early(x, times):
    h = x
    for _ in range(times - 1):
        h = 1 - np.abs(2 * h - 1)
    return h


@folded.mistake(
    "Your second ReLU brings the line to a stop and not down: it must undo the rise and then as much again."
)
def flat_top(x, times):
    h = x
    for _ in range(times):
        h = 2 * np.maximum(h, 0) - 2 * np.maximum(h - 0.5, 0)
    return h


@folded.mistake("The tent is 1 at its top; yours reaches a half, because it never doubles.")
def not_doubled(x, times):
    h = x
    for _ in range(times):
        h = np.minimum(h, 1 - h)
    return h
