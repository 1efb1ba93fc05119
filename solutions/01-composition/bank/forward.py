"""The skill `composition.forward`."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, Number, exercise
from autograder.requirements import works_under_jit

from .shared import whole


def relu(z):
    return np.maximum(np.asarray(z, float), 0)


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def by_columns(W):
    """W as somebody has it who reads its numbers down the columns: its transpose, where W is square."""
    return np.array(W).T.reshape(np.shape(W))


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
