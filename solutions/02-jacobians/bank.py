"""Unit 02, jacobians: what is asked, what is right, and the mistakes learners really make.

A skill holds value exercises, which `practice` deals with fresh numbers, and most hold a code exercise too.
In a code exercise the reference and every mistake stand alone (their parameters, `jax`, `jnp`, `lax` and `np`),
so that each can be handed in as a learner would. Mistakes are plain NumPy where they can be: nothing to compile.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Array, Choice, Function, Integer, Number, exercise
from autograder.requirements import never_computes, same_size_when_deeper, works_under_jit

SHRINKING = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
GROWING = (1.05, 1.1, 1.2, 1.25, 1.5, 2.0)


def small_matrix(rng, size=2, largest=3):
    """A square matrix of whole numbers without zeros, for work by hand."""
    return (rng.integers(1, largest + 1, (size, size)) * rng.choice([-1, 1], (size, size))).tolist()


def small_row(rng, size=2, largest=3):
    """A row of whole numbers without zeros."""
    return (rng.integers(1, largest + 1, size) * rng.choice([-1, 1], size)).tolist()


# ------------------------------------------------------------------ jacobians.scale


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Start with two layers. What has the second one left to multiply?",
        "Every layer multiplies once more by the same factor: what is repeated multiplication called?",
    ),
)
def gradient_scale(norm, depth):
    """A net has {depth} layers, and each layer's Jacobian has spectral norm {norm}.

    By what factor can a gradient be multiplied, at the very most, on its way from the output back to the input?
    """
    return norm**depth


@gradient_scale.variant
def _(rng):
    return {"norm": rng.choice(SHRINKING + GROWING), "depth": rng.integers(4, 31)}


@gradient_scale.mistake(
    "Factors compound: each layer multiplies what the layer before it has left, and you multiplied only once."
)
def linear_in_depth(norm, depth):
    return norm * depth


@gradient_scale.mistake(
    "A root asks which factor per layer makes a given total; here the factor per layer is given and the total is asked."
)
def root_for_power(norm, depth):
    return norm ** (1 / depth)


@gradient_scale.mistake("Count the Jacobians, not the gaps between layers: every layer has one, the first layer too.")
def one_layer_short(norm, depth):
    return norm ** (depth - 1)


@gradient_scale.mistake(
    "You took the same amount away at every layer, but a layer takes the same share of what is left."
)
def equal_steps(norm, depth):
    return 1 - depth * (1 - norm)


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Write the factor as a power first, then take its logarithm.",
        "The logarithm of a power: the exponent comes down as a factor. Which base does “10 to the k” ask for?",
    ),
)
def orders_of_magnitude(norm, depth):
    """Each of {depth} layers multiplies a gradient by {norm}. Together they multiply it by 10ᵏ.

    What is k? It need not be whole, and it is negative where the gradient shrinks.
    """
    return depth * math.log10(norm)


@orders_of_magnitude.variant
def _(rng):
    return {"norm": rng.choice(SHRINKING + GROWING), "depth": rng.integers(5, 65)}


@orders_of_magnitude.mistake("That is the exponent to base e; a power of ten asks for the logarithm to base 10.")
def natural_log(norm, depth):
    return depth * math.log(norm)


@orders_of_magnitude.mistake("That is the exponent to base 2; a power of ten asks for the logarithm to base 10.")
def binary_log(norm, depth):
    return depth * math.log2(norm)


@orders_of_magnitude.mistake(
    "Look at the sign: a factor below 1 has a negative logarithm, and a factor above 1 a positive one."
)
def sign_flipped(norm, depth):
    return -depth * math.log10(norm)


@orders_of_magnitude.mistake(
    "You took the logarithm of factor times depth, but the factors are "
    "multiplied with each other, not with their count."
)
def log_of_linear(norm, depth):
    return math.log10(norm * depth)


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Do the two kinds of layers one after the other: what is left after the first kind?",
        "In a product the order of plain numbers does not matter: collect equal factors into powers.",
    ),
)
def mixed_layers(shrink, n_shrink, grow, n_grow):
    """In a scalar net {n_shrink} layers multiply a gradient by {shrink}, and {n_grow} layers multiply it by {grow}.

    By what factor do they multiply it together?
    """
    return shrink**n_shrink * grow**n_grow


@mixed_layers.variant
def _(rng):
    return {
        "shrink": rng.choice((0.5, 0.6, 0.75, 0.8, 0.9)),
        "n_shrink": rng.integers(2, 9),
        "grow": rng.choice((1.1, 1.2, 1.25, 1.5, 2.0)),
        "n_grow": rng.integers(2, 9),
    }


@mixed_layers.mistake(
    "Layers follow one another, so their factors are multiplied; a sum would put the two groups side by side."
)
def groups_added(shrink, n_shrink, grow, n_grow):
    return shrink**n_shrink + grow**n_grow


@mixed_layers.mistake(
    "Each group compounds within itself: several layers of one kind are a power, not that many times the factor."
)
def linear_in_each(shrink, n_shrink, grow, n_grow):
    return (shrink * n_shrink) * (grow * n_grow)


@mixed_layers.mistake("What compounds is the geometric mean of the factors, and you used the arithmetic one.")
def power_of_the_mean(shrink, n_shrink, grow, n_grow):
    depth = n_shrink + n_grow
    return ((n_shrink * shrink + n_grow * grow) / depth) ** depth


@mixed_layers.mistake("You gave every layer both factors, but each layer has only one of them.")
def both_in_every_layer(shrink, n_shrink, grow, n_grow):
    return (shrink * grow) ** (n_shrink + n_grow)


@exercise(
    skill="jacobians.scale",
    points=1,
    answer=Number(figures=3),
    hints=(
        "Write h¹, then h² with h¹ put into it.",
        "Each layer adds one more factor a, and x stays as it is.",
    ),
)
def scalar_signal(a, depth, x):
    """A scalar net has {depth} linear layers hˡ = a·hˡ⁻¹ with a = {a}, and h⁰ = x = {x}.

    What is the output of the last layer?
    """
    return a**depth * x


@scalar_signal.variant
def _(rng):
    return {
        "a": rng.choice(SHRINKING + GROWING),
        "depth": rng.integers(2, 21),
        "x": rng.choice((2.0, 3.0, 4.0, 5.0, 10.0)),
    }


@scalar_signal.mistake(
    "Put h¹ into h²: the weight meets itself there, so weights multiply each other layer after layer."
)
def weight_times_depth(a, depth, x):
    return depth * a * x


@scalar_signal.mistake("The weight enters at every layer, but x enters only once, at the bottom.")
def input_raised_too(a, depth, x):
    return (a * x) ** depth


@scalar_signal.mistake("You stopped one layer early: h⁰ is the input, so the first layer's output is h¹.")
def one_weight_missing(a, depth, x):
    return a ** (depth - 1) * x


@scalar_signal.mistake("That is how strongly the output answers to x, and not yet the output itself.")
def slope_for_signal(a, depth, x):
    return a**depth


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "First write the output in closed form. Which of its letters does ∂/∂x ask about?",
        "The output is a constant times x. What is the derivative of c·x with respect to x?",
    ),
)
def scalar_slope(a, depth, x):
    """A scalar net has {depth} linear layers hˡ = a·hˡ⁻¹ with a = {a}, and h⁰ = x = {x}.

    What is the derivative of its output with respect to x, at this x?
    """
    return a**depth


@scalar_slope.variant
def _(rng):
    return {
        "a": rng.choice(SHRINKING + GROWING),
        "depth": rng.integers(3, 21),
        "x": rng.choice((2.0, 3.0, 4.0, 5.0, 10.0)),
    }


@scalar_slope.mistake("That is the output; its derivative tells how fast the output moves when x does.")
def signal_for_slope(a, depth, x):
    return a**depth * x


@scalar_slope.mistake(
    "You differentiated with respect to the weight, but it is x that moves here and the weight that stays."
)
def slope_in_the_weight(a, depth, x):
    return depth * a ** (depth - 1) * x


@scalar_slope.mistake("The chain rule multiplies the layers' slopes; you added them up.")
def slopes_added(a, depth, x):
    return depth * a


@scalar_slope.mistake("One slope is missing: the chain has a factor for every layer, the first one included.")
def one_slope_missing(a, depth, x):
    return a ** (depth - 1)


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Draw the layers as a line and walk back from the last one. How many Jacobians do you pass?",
        "From layer L down to layer ℓ the gradient crosses the layers L, L − 1, …, ℓ + 1.",
    ),
)
def gradient_at_layer(norm, depth, layer):
    """A net has {depth} layers, and the gradient at the output of its last layer has length 1.

    Each layer's Jacobian multiplies the length of a gradient by exactly {norm}.
    How long is the gradient at the output of layer {layer}?
    """
    return norm ** (depth - layer)


@gradient_at_layer.variant
def _(rng):
    depth = int(rng.integers(8, 31))
    return {"norm": rng.choice(SHRINKING + GROWING), "depth": depth, "layer": rng.integers(2, depth - 3)}


@gradient_at_layer.mistake("You counted from the input; a gradient starts at the output and comes back from there.")
def counted_from_the_input(norm, depth, layer):
    return norm**layer


@gradient_at_layer.mistake("That is the gradient all the way back at the input; this layer is reached earlier.")
def all_the_way_back(norm, depth, layer):
    return norm**depth


@gradient_at_layer.mistake(
    "One factor too many: the gradient at a layer's output has not passed that layer's own Jacobian yet."
)
def own_layer_counted(norm, depth, layer):
    return norm ** (depth - layer + 1)


@gradient_at_layer.mistake(
    "Factors compound: multiplying by the number of layers passed counts each of them only once."
)
def linear_in_layers_passed(norm, depth, layer):
    return norm * (depth - layer)


@exercise(
    skill="jacobians.scale",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Multiply the two matrices first: what does each coordinate go through?",
        "The product is diagonal too, and the norm of a diagonal matrix is its largest entry in size.",
    ),
)
def norm_of_product(first, second):
    """Two layers have diagonal Jacobians: J¹ has {first} on its diagonal, J² has {second}.

    What is the spectral norm of the product J² J¹?
    """
    return max(abs(a * b) for a, b in zip(first, second, strict=True))


@norm_of_product.variant
def _(rng):
    # Each layer stretches another direction, and the answer is not one of the numbers printed.
    strong, weak = (1.5, 2.5, 3.0, 4.0, 6.0), (0.1, 0.2, 0.3, 0.4, 0.7)
    while True:
        first = [float(rng.choice(strong)), float(rng.choice(weak))]
        second = [float(rng.choice(weak)), float(rng.choice(strong))]
        if round(max(first[0] * second[0], first[1] * second[1]), 6) not in first + second:
            return {"first": first, "second": second}


@norm_of_product.mistake(
    "The product of the norms is only a bound: it is reached when both layers "
    "stretch the same direction, and these two do not."
)
def norms_multiplied(first, second):
    return max(first) * max(second)


@norm_of_product.mistake(
    "Norms of layers that follow one another do not add; work out what each coordinate is multiplied by."
)
def norms_added(first, second):
    return max(first) + max(second)


@norm_of_product.mistake(
    "You collected all the entries into one length; the spectral norm asks "
    "only for the direction that is stretched most."
)
def frobenius(first, second):
    return math.sqrt(sum((a * b) ** 2 for a, b in zip(first, second, strict=True)))


@norm_of_product.mistake(
    "That is the determinant, which measures volume; the spectral norm measures the longest stretch."
)
def determinant(first, second):
    return first[0] * second[0] * first[1] * second[1]


PRINCIPLES = {
    "substitute": "put in the output of the layer before",
    "induct": "induction: one more layer, one more factor",
    "differentiate": "differentiate with respect to x; the weight is a constant",
    "compare": "compare the size of the factor with 1",
    "chain": "chain rule: multiply the Jacobians, the last layer's on the left",
    "bound": "the norm of a product is at most the product of the norms",
    "weight": "differentiate with respect to the weight; x is a constant",
    "add": "add up what each layer contributes",
}
STEPS = {
    "from h² = a·h¹ to h² = a·(a·x)": "substitute",
    "from h³ = a·h² to h³ = a·(a²·x)": "substitute",
    "from h² = a²·x to hᴸ = aᴸ·x for every L": "induct",
    "from “true for ℓ layers” to “true for ℓ + 1 layers”": "induct",
    "from hᴸ = aᴸ·x to ∂hᴸ/∂x = aᴸ": "differentiate",
    "from h⁵ = a⁵·x to ∂h⁵/∂x = a⁵": "differentiate",
    "from ∂hᴸ/∂x = aᴸ to “it vanishes or it explodes”": "compare",
    "from J¹, J² and J³ to ∂h³/∂x = J³ J² J¹": "chain",
    "from ∂hᴸ/∂x = Jᴸ ⋯ J¹ to ‖∂hᴸ/∂x‖ ≤ ‖Jᴸ‖ ⋯ ‖J¹‖": "bound",
}
IN_ORDER = ["substitute", "induct", "differentiate", "compare", "chain", "bound"]


@exercise(
    skill="jacobians.scale",
    points=1,
    answer=Choice(tuple(PRINCIPLES.values())),
    hints=(
        "Compare the two sides of the step. What is new on the right?",
        "Say the step aloud as “because …”, and choose the option that finishes the sentence.",
    ),
)
def which_principle(step):
    """In a net of L layers, which principle takes you {step}?"""
    return PRINCIPLES[STEPS[step]]


@which_principle.variant
def _(rng):
    return {"step": str(rng.choice(list(STEPS)))}


@which_principle.mistake(
    "That is a principle of this argument, but of a later step: what changes between the two sides here?"
)
def one_step_ahead(step):
    return PRINCIPLES[IN_ORDER[(IN_ORDER.index(STEPS[step]) + 1) % len(IN_ORDER)]]


@which_principle.mistake("Ask what moves in this step: nowhere in this argument does the weight.")
def weight_moves(step):
    return PRINCIPLES["weight"]


@which_principle.mistake("A sum would mean layers side by side; these stand one on top of the other.")
def layers_added(step):
    return PRINCIPLES["add"]


FATES = (
    "the first layers learn slowest",
    "the last layers learn slowest",
    "the first layers' updates are the largest, and training may blow up there",
    "the last layers' updates are the largest, and training may blow up there",
    "every layer learns at the same pace",
)


@exercise(
    skill="jacobians.scale",
    points=1,
    answer=Choice(FATES),
    hints=(
        "Is a gradient longer or shorter after one layer?",
        "A gradient starts at the output. Which layers does it reach last?",
    ),
)
def what_it_means(norm, depth):
    """A net has {depth} layers, and each layer's Jacobian multiplies a gradient by {norm}.
    The activations have one size everywhere.

    What do you expect when it is trained?
    """
    return FATES[0] if norm < 1 else FATES[2]


@what_it_means.variant
def _(rng):
    return {
        "norm": rng.choice((0.5, 0.6, 0.7, 0.8, 0.9, 1.2, 1.3, 1.5, 1.8, 2.0)),
        "depth": rng.choice((10, 12, 16, 20, 30, 40, 50)),
    }


@what_it_means.mistake(
    "A gradient starts at the output, so the layers it reaches last are at the other end of the net."
)
def other_end(norm, depth):
    return FATES[1] if norm < 1 else FATES[3]


@what_it_means.mistake("Compare the factor with 1 once more: does a gradient get longer or shorter at each layer?")
def other_fate(norm, depth):
    return FATES[2] if norm < 1 else FATES[0]


@what_it_means.mistake(
    "Equal factors do not make equal gradients: each layer's gradient has passed a different number of them."
)
def same_everywhere(norm, depth):
    return FATES[4]


def random_stack(rng, depth, width, sigma_w=1.0):
    """Weights (depth, width, width) with variance σ_w²/width, and small biases (depth, width), in float32."""
    W = sigma_w / np.sqrt(width) * rng.normal(size=(depth, width, width))
    return W.astype(np.float32), (0.3 * rng.normal(size=(depth, width))).astype(np.float32)


@exercise(
    skill="jacobians.scale",
    points=3,
    answer=Function(returns=Number(figures=4)),
    hints=(
        "The logarithm of a product is a sum, and a sum of 60 logarithms overflows nowhere.",
        "`jnp.linalg.norm(A, ord=2)` is the spectral norm of one matrix A; you need one for each layer.",
        "Gather the layers' norms in an array, then `jnp.log10`, then `jnp.sum`.",
    ),
)
def log_norm_bound(W):
    """Write `log_norm_bound(W)`: how many powers of ten a deep linear net can stretch a gradient by, at most.

    `W` holds the layers' matrices, shape (L, d, d). Return log₁₀ of the product of their spectral norms, as one number.
    The product itself may be too large or too small for float32: never compute it.
    """
    return jnp.sum(jnp.log10(jnp.linalg.norm(W, ord=2, axis=(-2, -1))))


@log_norm_bound.variant
def _(rng):
    return {"W": random_stack(rng, int(rng.choice([3, 6])), 4, float(rng.choice([0.5, 2.0])))[0]}


@log_norm_bound.mistake("That is the natural logarithm; powers of ten ask for base 10.")
def natural_log_of_norms(W):
    return np.sum(np.log(np.linalg.norm(W, ord=2, axis=(1, 2))))


@log_norm_bound.mistake(
    "NumPy's norm of a matrix is the root of its summed squares unless you ask for "
    "another; the spectral norm is its largest singular value."
)
def frobenius_norms(W):
    return np.sum(np.log10(np.sqrt(np.sum(W**2, axis=(1, 2)))))


@log_norm_bound.mistake(
    "You added the norms before the logarithm; layers multiply, so it is the logarithms that are added."
)
def log_of_the_sum(W):
    return np.log10(np.sum(np.linalg.norm(W, ord=2, axis=(1, 2))))


@log_norm_bound.mistake(
    "You measured the product's own norm, which can only be smaller; the bound uses each layer's norm by itself."
)
def norm_of_the_product(W):
    product = W[0]
    for matrix in W[1:]:
        product = matrix @ product
    return np.log10(np.linalg.norm(product, ord=2))


@log_norm_bound.mistake("That is the average layer; the whole net has the sum of the layers' logarithms.")
def mean_over_layers(W):
    return np.mean(np.log10(np.linalg.norm(W, ord=2, axis=(1, 2))))


def twice_as_deep(inputs):
    """The same inputs with the stack of layers laid on top of itself."""
    W, b, *rest = inputs
    return (np.concatenate([W, W]), np.concatenate([b, b]), *rest)


@exercise(
    skill="jacobians.scale",
    points=4,
    answer=Function(must=(same_size_when_deeper(twice_as_deep),)),
    hints=(
        "One step carries two things: the signal h and the nudge t. What does one layer do to each?",
        "The signal goes to tanh(z); the nudge is multiplied by the layer's Jacobian at that z.",
        "`lax.scan(step, (x, u), (W, b))` hands `step` the carry and one layer "
        "(W[ℓ], b[ℓ]); what `step` returns second is stacked.",
    ),
)
@jax.jit
def nudge_sizes(W, b, x, u):
    """Write `nudge_sizes(W, b, x, u)`: how a nudge u of the input grows or dies on its way up a tanh net.

    `W` has shape (L, d, d), `b` (L, d), `x` and `u` (d,); a layer is hˡ = tanh(Wˡ hˡ⁻¹ + bˡ) with h⁰ = x.
    Return the L lengths ‖Jˡ ⋯ J¹ u‖, for ℓ = 1 … L.
    Run over depth with `lax.scan`: the program must not grow with L.
    """

    def step(carry, layer):
        h, t = carry
        W_l, b_l = layer
        h = jnp.tanh(W_l @ h + b_l)
        t = (1 - h**2) * (W_l @ t)
        return (h, t), jnp.linalg.norm(t)

    return lax.scan(step, (x, u), (W, b))[1]


@nudge_sizes.variant
def _(rng):
    W, b = random_stack(rng, int(rng.choice([4, 6])), 4, 1.5)
    x, u = rng.normal(size=(2, 4)).astype(np.float32)
    return {"W": W, "b": b, "x": x, "u": u}


@nudge_sizes.mistake(
    "The values are right, but a Python loop writes every layer into the program "
    "again; let `lax.scan` carry h and the nudge instead.",
    breaks="keeps its jaxpr's size as depth grows",
)
def python_loop(W, b, x, u):
    h, t, sizes = x, u, []
    for l in range(W.shape[0]):
        h = jnp.tanh(W[l] @ h + b[l])
        t = (1 - h**2) * (W[l] @ t)
        sizes.append(jnp.linalg.norm(t))
    return jnp.stack(sizes)


@nudge_sizes.mistake("A nudge passes the activation as well: after the matrix, each entry is multiplied by φ′(z).")
def activation_skipped(W, b, x, u):
    t, sizes = u, []
    for W_l in W:
        t = W_l @ t
        sizes.append(np.linalg.norm(t))
    return np.stack(sizes)


@nudge_sizes.mistake("A nudge is multiplied by the slope of φ, and you multiplied it by φ itself.")
def nudge_times_activation(W, b, x, u):
    h, t, sizes = x, u, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        t = h * (W_l @ t)
        sizes.append(np.linalg.norm(t))
    return np.stack(sizes)


@nudge_sizes.mistake(
    "You recorded each length before the layer acted, so the list begins with "
    "the nudge itself and the last layer is missing."
)
def recorded_too_early(W, b, x, u):
    h, t, sizes = x, u, []
    for W_l, b_l in zip(W, b, strict=True):
        sizes.append(np.linalg.norm(t))
        h = np.tanh(W_l @ h + b_l)
        t = (1 - h**2) * (W_l @ t)
    return np.stack(sizes)


@nudge_sizes.mistake("The slope belongs to this layer's z: update h first, and take φ′ from the new one.")
def slope_of_the_layer_before(W, b, x, u):
    h, t, sizes = x, u, []
    for W_l, b_l in zip(W, b, strict=True):
        t = (1 - h**2) * (W_l @ t)
        h = np.tanh(W_l @ h + b_l)
        sizes.append(np.linalg.norm(t))
    return np.stack(sizes)


@nudge_sizes.mistake("Those are the sizes of the signal; the question follows the nudge that rides on it.")
def signal_sizes(W, b, x, u):
    h, sizes = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        sizes.append(np.linalg.norm(h))
    return np.stack(sizes)


# ------------------------------------------------------------------ jacobians.threshold


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Integer(),
    hints=(
        "Write the condition as a power below a threshold, and take logarithms of both sides.",
        "You divide by log(norm), which is negative: which way does the inequality turn?",
        "A depth is whole. If the exact crossing lies between two depths, which of them is already below?",
    ),
)
def vanishing_depth(norm, threshold):
    """Each layer multiplies a gradient by {norm}.

    What is the smallest number of layers that leaves less than {threshold} of it?
    """
    return math.floor(math.log(threshold) / math.log(norm)) + 1


@vanishing_depth.variant
def _(rng):
    return {
        "norm": rng.choice(SHRINKING),
        "threshold": rng.choice((0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001, 0.000001)),
    }


@vanishing_depth.mistake("At that depth the gradient is still above the threshold: put your answer in and see.")
def rounded_down(norm, threshold):
    return math.floor(math.log(threshold) / math.log(norm))


@vanishing_depth.mistake(
    "You let every layer take the same amount, but it takes the same share of what is left, which is less and less."
)
def straight_line(norm, threshold):
    return math.ceil((1 - threshold) / (1 - norm) - 1e-9)


@vanishing_depth.mistake(
    "Your two logarithms have different bases: any base will do, as long as it is the same above and below."
)
def mixed_bases(norm, threshold):
    return math.ceil(math.log10(threshold) / math.log(norm))


@vanishing_depth.mistake(
    "Check whether all of these layers are needed: the input is no layer, and the first layer already multiplies."
)
def input_counted(norm, threshold):
    return math.floor(math.log(threshold) / math.log(norm)) + 2


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Integer(),
    hints=(
        "Write the condition as a power above a limit, and take logarithms of both sides.",
        "The crossing is at log(limit) / log(norm); a depth is whole, and it must lie past the crossing.",
    ),
)
def exploding_depth(norm, limit):
    """Each layer multiplies a gradient by {norm}.

    What is the smallest number of layers after which it is more than {limit} times as long?
    """
    return math.floor(math.log(limit) / math.log(norm)) + 1


@exploding_depth.variant
def _(rng):
    return {
        "norm": rng.choice((1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5)),
        "limit": rng.choice((10, 20, 50, 100, 500, 1000, 10000, 1000000)),
    }


@exploding_depth.mistake("At that depth the gradient has not passed the limit yet: put your answer in and see.")
def stopped_before_limit(norm, limit):
    return math.floor(math.log(limit) / math.log(norm))


@exploding_depth.mistake(
    "You added the same amount at every layer, but each layer multiplies, so the growth itself grows."
)
def straight_growth(norm, limit):
    return math.ceil((limit - 1) / (norm - 1) - 1e-9)


@exploding_depth.mistake(
    "You divided the limit by the factor once; how often must you multiply by the factor to get there?"
)
def one_division(norm, limit):
    return math.ceil(limit / norm - 1e-9)


@exploding_depth.mistake(
    "Your two logarithms have different bases: any base will do, as long as it is the same above and below."
)
def bases_mixed(norm, limit):
    return math.ceil(math.log10(limit) / math.log(norm))


@exercise(
    skill="jacobians.threshold",
    points=2,
    answer=Number(figures=4),
    hints=(
        "Call the factor a. What is left after all the layers, written with a?",
        "You know the power and its exponent, and want the base: which operation undoes a power?",
    ),
)
def factor_to_keep(depth, keep):
    """All {depth} layers are to multiply a gradient by the same factor, and together by {keep}.

    Which factor must one layer have?
    """
    return keep ** (1 / depth)


@factor_to_keep.variant
def _(rng):
    return {
        "depth": rng.choice((4, 5, 8, 10, 16, 20, 25, 30, 40, 50, 60)),
        "keep": rng.choice((0.5, 0.1, 0.01, 0.001, 2.0, 10.0, 100.0)),
    }


@factor_to_keep.mistake(
    "Sharing a factor out equally means a root, not a division: your factor, "
    "multiplied by itself that often, gives something else."
)
def divided_equally(depth, keep):
    return keep / depth


@factor_to_keep.mistake(
    "You shared the loss out in equal amounts, but layers take equal shares: "
    "check by multiplying your factor with itself."
)
def equal_amounts(depth, keep):
    return 1 - (1 - keep) / depth


@factor_to_keep.mistake(
    "You let the whole effect happen again in every layer; here the whole is given and one layer is asked."
)
def raised_again(depth, keep):
    return keep**depth


@factor_to_keep.mistake("That factor undoes the effect instead of making it: look at which side of 1 it lies.")
def upside_down(depth, keep):
    return keep ** (-1 / depth)


@exercise(
    skill="jacobians.threshold",
    points=3,
    answer=Integer(),
    hints=(
        "The update is step × gradient. Write the gradient after L layers as a power.",
        "Solve step × normᴸ < 2⁻²⁴ for L with logarithms; the step moves to the other side first.",
        "A depth is whole: take the first one past the crossing.",
    ),
)
def silent_depth(norm, step):
    """In float32, adding an update to a weight w = 1 leaves it exactly as it was once the update is below 2⁻²⁴.

    The update is {step} times the gradient.
    The gradient has length 1 at the output, and each layer multiplies it by {norm}.
    What is the smallest number of layers after which the update changes nothing any more?
    """
    return math.floor((-24 * math.log(2) - math.log(step)) / math.log(norm)) + 1


@silent_depth.variant
def _(rng):
    return {
        "norm": rng.choice((0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8)),
        "step": rng.choice((0.3, 0.1, 0.05, 0.03, 0.01, 0.001)),
    }


@silent_depth.mistake("You forgot the step: it shrinks the update before the layers have shrunk anything.")
def step_forgotten(norm, step):
    return math.floor(-24 * math.log(2) / math.log(norm)) + 1


@silent_depth.mistake(
    "You waited until the gradient itself becomes zero in float32; an update is lost long before, in the rounding of w."
)
def waited_for_underflow(norm, step):
    return math.floor(-126 * math.log(2) / math.log(norm)) + 1


@silent_depth.mistake("At that depth the update still moves the weight: put your answer in and see.")
def still_heard(norm, step):
    return math.floor((-24 * math.log(2) - math.log(step)) / math.log(norm))


@silent_depth.mistake("The 24 counts binary digits, not decimal ones.")
def decimal_digits(norm, step):
    return math.floor((-24 * math.log(10) - math.log(step)) / math.log(norm)) + 1


# ------------------------------------------------------------------ jacobians.layer


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(),
    hints=(
        "First work out z. Which of its entries does ReLU let through?",
        "φ′(z) is 1 where z is positive and 0 where it is negative, one slope for each output.",
        "Each output has its own row of the Jacobian: what does its slope do to that row of W?",
    ),
)
def relu_layer_jacobian(W, b, h):
    """A layer computes ReLU(W h + b) with W = {W}, b = {b} and h = {h}.

    What is the Jacobian of its output with respect to h? Write it as [[…], […]], one row for each output.
    """
    z = np.array(W) @ h + b
    return np.diag(z > 0) @ np.array(W)


@relu_layer_jacobian.variant
def _(rng):
    while True:  # one unit of the layer is on and one is off; the input is not on and off in the same places
        W, b, h = small_matrix(rng), small_row(rng), small_row(rng)
        z = np.array(W) @ h + b
        on, above = z > 0, np.array(h) > 0
        if np.all(z != 0) and np.any(on) and not np.all(on) and np.any(on != above) and not np.all(above):
            return {"W": W, "b": b, "h": h}


@relu_layer_jacobian.mistake(
    "A slope belongs to one output, and an output is a row of the Jacobian; you switched off a column."
)
def column_switched(W, b, h):
    z = np.array(W) @ h + b
    return np.array(W) @ np.diag(z > 0)


@relu_layer_jacobian.mistake("ReLU's slope depends on what goes into the ReLU, and that is z, not h.")
def slope_at_h(W, b, h):
    return np.diag(np.array(h) > 0) @ np.array(W)


@relu_layer_jacobian.mistake("You scaled the rows by ReLU(z), but what counts here is its slope at z.")
def relu_for_slope(W, b, h):
    z = np.array(W) @ h + b
    return np.diag(np.maximum(z, 0)) @ np.array(W)


@relu_layer_jacobian.mistake("That is the Jacobian of z alone; the activation that follows has a slope too.")
def activation_forgotten(W, b, h):
    return np.array(W)


@relu_layer_jacobian.mistake("Rows are outputs and columns are inputs, and yours are the other way round.")
def rows_for_columns(W, b, h):
    z = np.array(W) @ h + b
    return (np.diag(z > 0) @ np.array(W)).T


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(figures=3),
    hints=(
        "tanh′ can be written with tanh itself, and its value is already given.",
        "tanh′(z) = 1 − tanh²(z): one slope for each output.",
        "Each output's slope multiplies that output's row of W.",
    ),
)
def tanh_layer_jacobian(W, out):
    """A layer computes tanh(W h + b) with W = {W}. At some h its output is {out}.

    What is the Jacobian of the output with respect to h there? Write it as [[…], […]], one row for each output.
    """
    return np.diag(1 - np.square(out)) @ np.array(W)


@tanh_layer_jacobian.variant
def _(rng):
    out = rng.choice((-0.9, -0.8, -0.6, -0.5, -0.4, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False)
    return {"W": small_matrix(rng), "out": out.tolist()}


@tanh_layer_jacobian.mistake("A slope belongs to one output, and an output is a row of W; you scaled the columns.")
def columns_scaled(W, out):
    return np.array(W) @ np.diag(1 - np.square(out))


@tanh_layer_jacobian.mistake(
    "A square is missing in your tanh′: write it with tanh and check it at z = 0 and far away."
)
def square_forgotten(W, out):
    return np.diag(1 - np.array(out)) @ np.array(W)


@tanh_layer_jacobian.mistake(
    "The outputs given are tanh(z) already, and you put them through tanh "
    "once more: φ′ is taken at z, not at the output."
)
def slope_at_output(W, out):
    return np.diag(1 - np.tanh(out) ** 2) @ np.array(W)


@tanh_layer_jacobian.mistake("You scaled the rows by the outputs themselves, but a Jacobian needs the slopes.")
def output_for_slope(W, out):
    return np.diag(out) @ np.array(W)


@exercise(
    skill="jacobians.layer",
    points=2,
    answer=Array(figures=3),
    hints=(
        "The slope of the sigmoid can be written with its own value, which is given.",
        "σ′ = σ·(1 − σ): one slope for each output, and none is above a quarter.",
    ),
)
def sigmoid_layer_jacobian(W, out):
    """A layer computes σ(W h + b) with the sigmoid σ and W = {W}. At some h its output is {out}.

    What is the Jacobian of the output with respect to h there? Write it as [[…], […]], one row for each output.
    """
    return np.diag(np.array(out) * (1 - np.array(out))) @ np.array(W)


@sigmoid_layer_jacobian.variant
def _(rng):
    return {
        "W": small_matrix(rng, largest=4),
        "out": rng.choice((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8, 0.9), 2, replace=False).tolist(),
    }


@sigmoid_layer_jacobian.mistake("A slope belongs to one output, and an output is a row of W; you scaled the columns.")
def sigmoid_columns(W, out):
    return np.array(W) @ np.diag(np.array(out) * (1 - np.array(out)))


@sigmoid_layer_jacobian.mistake("That is the slope of tanh; the sigmoid has its own, and it is never above a quarter.")
def tanh_slope(W, out):
    return np.diag(1 - np.square(out)) @ np.array(W)


@sigmoid_layer_jacobian.mistake("You scaled the rows by σ, but a Jacobian needs its slope σ′.")
def sigmoid_for_slope(W, out):
    return np.diag(out) @ np.array(W)


@sigmoid_layer_jacobian.mistake(
    "The outputs given are σ(z) already, and you put them through σ once more: φ′ is taken at z, not at the output."
)
def sigmoid_slope_at_output(W, out):
    s = 1 / (1 + np.exp(-np.array(out)))
    return np.diag(s * (1 - s)) @ np.array(W)


@exercise(
    skill="jacobians.layer",
    points=1,
    answer=Number(figures=3),
    hints=(
        "A Jacobian's row is an output and its column an input: find the weight between these two.",
        "Only the output's own slope matters: tanh′ = 1 − tanh², at that output.",
    ),
)
def one_entry(W, out, output, input):
    """A layer computes tanh(W h + b) with W = {W}, and its output is {out}.

    Counting from 1: what is the derivative of output {output} with respect to input {input}?
    """
    return (1 - out[output - 1] ** 2) * W[output - 1][input - 1]


@one_entry.variant
def _(rng):
    out = rng.choice((0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False).tolist()
    output = int(rng.integers(1, 3))
    return {"W": small_matrix(rng, largest=5), "out": out, "output": output, "input": 3 - output}


@one_entry.mistake(
    "You used the slope at the input's place; the slope that counts is that of the output you differentiate."
)
def slope_of_the_other(W, out, output, input):
    return (1 - out[input - 1] ** 2) * W[output - 1][input - 1]


@one_entry.mistake(
    "You took the weight from the wrong side of the diagonal: W's row is the output, its column the input."
)
def weight_transposed(W, out, output, input):
    return (1 - out[output - 1] ** 2) * W[input - 1][output - 1]


@one_entry.mistake("That is the derivative of z; the activation's slope is still to come.")
def bare_weight(W, out, output, input):
    return W[output - 1][input - 1]


@one_entry.mistake("You multiplied by the output itself, but what counts is the slope of tanh there.")
def value_for_slope(W, out, output, input):
    return out[output - 1] * W[output - 1][input - 1]


@exercise(
    skill="jacobians.layer",
    points=3,
    answer=Function(),
    hints=(
        "Work out z = W h + b first; φ′ is taken there.",
        "tanh′(z) = 1 − tanh²(z), one slope for each row of W.",
        "A column of slopes, shape (d_out, 1), multiplies W row by row.",
    ),
)
def layer_jacobian(W, b, h):
    """Write `layer_jacobian(W, b, h)`: the Jacobian of the layer tanh(W h + b) with respect to h.

    `W` has shape (d_out, d_in), `b` (d_out,), `h` (d_in,). Return an array of shape (d_out, d_in).
    """
    return (1 - jnp.tanh(W @ h + b) ** 2)[:, None] * W


@layer_jacobian.variant
def _(rng):
    d = int(rng.choice([3, 4]))
    return {
        "W": rng.normal(size=(d, d)).astype(np.float32),
        "b": rng.normal(size=d).astype(np.float32),
        "h": rng.normal(size=d).astype(np.float32),
    }


@layer_jacobian.mistake("Your slopes scale the columns of W; each slope belongs to one output, and outputs are rows.")
def slopes_on_columns(W, b, h):
    return W * (1 - np.tanh(W @ h + b) ** 2)[None, :]


@layer_jacobian.mistake("You took φ′ at the input h, but the activation sees z = W h + b.")
def slope_at_input(W, b, h):
    return np.diag(1 - np.tanh(h) ** 2) @ W


@layer_jacobian.mistake("You took φ′ at the layer's output, but the activation sees z: one tanh too many.")
def slope_one_tanh_too_late(W, b, h):
    return np.diag(1 - np.tanh(np.tanh(W @ h + b)) ** 2) @ W


@layer_jacobian.mistake("You scaled the rows of W by φ(z), where its slope φ′(z) belongs.")
def activation_for_slope(W, b, h):
    return np.diag(np.tanh(W @ h + b)) @ W


@layer_jacobian.mistake(
    "The bias is gone from your z; it adds no row or column, but it moves the point where the slope is taken."
)
def bias_forgotten(W, b, h):
    return np.diag(1 - np.tanh(W @ h) ** 2) @ W


@layer_jacobian.mistake("That is the Jacobian of z alone; the activation that follows has a slope too.")
def slope_left_out(W, b, h):
    return W


# ------------------------------------------------------------------ jacobians.order


@exercise(
    skill="jacobians.order",
    points=2,
    answer=Array(),
    hints=(
        "A small change of x meets layer 1 first. Which matrix stands next to it?",
        "J² (J¹ δx): the matrix that acts first stands on the right.",
    ),
)
def product_of_two(J1, J2):
    """Two layers have the Jacobians J¹ = {J1} and J² = {J2}; layer 1 is the first one x meets.

    What is ∂h²/∂x? Write it as [[…], […]].
    """
    return np.array(J2) @ np.array(J1)


@product_of_two.variant
def _(rng):
    return {"J1": small_matrix(rng), "J2": small_matrix(rng)}


@product_of_two.mistake(
    "The product is the wrong way round: the layer that acts first stands on the right, next to the change it acts on."
)
def reversed_pair(J1, J2):
    return np.array(J1) @ np.array(J2)


@product_of_two.mistake(
    "You multiplied entry by entry; one layer after another is a matrix product, rows times columns."
)
def entry_by_entry(J1, J2):
    return np.array(J1) * np.array(J2)


@product_of_two.mistake(
    "You added the Jacobians, as if the layers stood side by side; one after the other they multiply."
)
def pair_added(J1, J2):
    return np.array(J1) + np.array(J2)


@product_of_two.mistake(
    "That is the transpose, which carries gradients back as columns; a Jacobian has outputs as rows."
)
def pair_transposed(J1, J2):
    return (np.array(J2) @ np.array(J1)).T


@exercise(
    skill="jacobians.order",
    points=2,
    answer=Array(),
    hints=(
        "Follow one small change upwards: through J¹, then J², then J³.",
        "J³ (J² (J¹ δx)): leave out the change, and keep the order of the matrices.",
    ),
)
def product_of_three(J1, J2, J3):
    """Three layers have the Jacobians J¹ = {J1}, J² = {J2} and J³ = {J3}; layer 1 is the first one x meets.

    What is ∂h³/∂x? Write it as [[…], […]].
    """
    return np.array(J3) @ np.array(J2) @ np.array(J1)


@product_of_three.variant
def _(rng):
    return {"J1": small_matrix(rng, largest=2), "J2": small_matrix(rng, largest=2), "J3": small_matrix(rng, largest=2)}


@product_of_three.mistake(
    "You wrote the layers in the order they act, left to right; the one that acts first stands on the right."
)
def reversed_triple(J1, J2, J3):
    return np.array(J1) @ np.array(J2) @ np.array(J3)


@product_of_three.mistake("The last layer is in the right place, but the two below it have changed places.")
def lower_pair_swapped(J1, J2, J3):
    return np.array(J3) @ np.array(J1) @ np.array(J2)


@product_of_three.mistake("One Jacobian is missing: the chain reaches from the last layer down to the first.")
def first_layer_missing(J1, J2, J3):
    return np.array(J3) @ np.array(J2)


@product_of_three.mistake(
    "You multiplied entry by entry; one layer after another is a matrix product, rows times columns."
)
def triple_entry_by_entry(J1, J2, J3):
    return np.array(J1) * np.array(J2) * np.array(J3)


@exercise(
    skill="jacobians.order",
    points=1,
    answer=Array(),
    hints=(
        "A Jacobian has one row for each number that comes out, and one column for each that goes in.",
        "In J³ J² J¹ the inner sizes meet and disappear: which two are left?",
    ),
)
def chain_shape(widths):
    """A net's input and its three layers have the widths {widths}, from x to h³.

    What is the shape of ∂h³/∂x, written as [rows, columns]?
    """
    return [widths[3], widths[0]]


@chain_shape.variant
def _(rng):
    return {"widths": rng.choice((2, 3, 4, 5, 6, 8, 10, 12, 16, 20), 4, replace=False).tolist()}


@chain_shape.mistake("Rows count what comes out and columns what goes in: yours are the other way round.")
def shape_transposed(widths):
    return [widths[0], widths[3]]


@chain_shape.mistake("That is the shape of the last layer's Jacobian alone; the whole chain reaches down to x.")
def last_layer_only(widths):
    return [widths[3], widths[2]]


@chain_shape.mistake("That is the shape of the first layer's Jacobian alone; the whole chain reaches up to h³.")
def first_layer_only(widths):
    return [widths[1], widths[0]]


@chain_shape.mistake("Those are the sizes that meet inside the product, and they disappear in it.")
def inner_sizes(widths):
    return [widths[2], widths[1]]


ORDERS = ("A B C", "A C B", "B A C", "B C A", "C A B", "C B A", "A + B + C")


@exercise(
    skill="jacobians.order",
    points=1,
    answer=Choice(ORDERS),
    hints=(
        "A change of x is a column. Which of the three matrices touches it first?",
        "The matrix that touches the column first stands right beside it, on the right of the product.",
    ),
)
def order_of_maps(first, second, third):
    """A signal passes first through the layer whose Jacobian is {first}, then through {second}, then through {third}.

    What is the Jacobian of the whole?
    """
    return f"{third} {second} {first}"


@order_of_maps.variant
def _(rng):
    first, second, third = rng.permutation(["A", "B", "C"]).tolist()
    return {"first": first, "second": second, "third": third}


@order_of_maps.mistake(
    "You wrote the layers in the order they act; in a product of matrices, the one that acts first stands on the right."
)
def as_they_act(first, second, third):
    return f"{first} {second} {third}"


@order_of_maps.mistake("The alphabet decides nothing here: ask which of them the signal meets first.")
def alphabetical(first, second, third):
    return "A B C"


@order_of_maps.mistake("Layers that follow one another multiply; a sum belongs to paths that run side by side.")
def maps_added(first, second, third):
    return "A + B + C"


@exercise(
    skill="jacobians.order",
    points=2,
    answer=Function(),
    hints=(
        "Keep one running product, and start it with J[0].",
        "Each next Jacobian acts after all that is there already: on which side does it join?",
    ),
)
def ordered_product(J):
    """Write `ordered_product(J)`: the Jacobian of a whole net from those of its layers.

    `J` has shape (L, d, d), and J[0] is the Jacobian of the first layer x meets. Return an array of shape (d, d).
    """
    product = J[0]
    for l in range(1, J.shape[0]):
        product = jnp.matmul(J[l], product)
    return product


@ordered_product.variant
def _(rng):
    d = int(rng.choice([2, 3]))
    return {"J": rng.normal(size=(int(rng.choice([3, 5])), d, d)).astype(np.float32)}


@ordered_product.mistake("Your product is the wrong way round: a later layer joins on the left.")
def joined_on_the_right(J):
    product = J[0]
    for matrix in J[1:]:
        product = product @ matrix
    return product


@ordered_product.mistake("`*` multiplies entry by entry; one layer after another is `@`.")
def star_for_at(J):
    product = J[0]
    for matrix in J[1:]:
        product = product * matrix
    return product


@ordered_product.mistake("That is the transpose: rows are outputs of the last layer, columns are inputs of the first.")
def product_transposed(J):
    product = J[0]
    for matrix in J[1:]:
        product = matrix @ product
    return product.T


@ordered_product.mistake("The last Jacobian never joined: look at where your loop ends.")
def loop_ends_early(J):
    product = J[0]
    for matrix in J[1:-1]:
        product = matrix @ product
    return product


@ordered_product.mistake("The first Jacobian is in there twice: either start with it, or loop over it.")
def first_one_twice(J):
    product = J[0]
    for matrix in J:
        product = matrix @ product
    return product


# ------------------------------------------------------------------ jacobians.sigmoid


@exercise(
    skill="jacobians.sigmoid",
    points=2,
    answer=Number(figures=3),
    hints=(
        "Where is the sigmoid steepest, and how steep is it there?",
        "At z = 0 the sigmoid is ½, and σ′ = σ·(1 − σ).",
        "One such factor for each layer.",
    ),
)
def sigmoid_bound(depth, start):
    """A gradient of length {start} goes back through {depth} sigmoids, with no weights in between.

    How long can it be after them, at the very most?
    """
    return start * 0.25**depth


@sigmoid_bound.variant
def _(rng):
    return {"depth": rng.integers(3, 13), "start": rng.choice((2.0, 3.0, 4.0, 5.0, 8.0, 10.0))}


@sigmoid_bound.mistake("You used the height of the sigmoid in its middle; a gradient meets its slope there.")
def height_for_slope(depth, start):
    return start * 0.5**depth


@sigmoid_bound.mistake(
    "The sigmoids follow one another, so their slopes multiply; you used one slope times the number of layers."
)
def slope_times_depth(depth, start):
    return start * 0.25 * depth


@sigmoid_bound.mistake("One sigmoid is missing: count the sigmoids themselves, not the gaps between them.")
def one_sigmoid_short(depth, start):
    return start * 0.25 ** (depth - 1)


@sigmoid_bound.mistake("A slope of 1 is tanh's at its middle; the sigmoid is flatter, even where it is steepest.")
def no_decay(depth, start):
    return start


@exercise(
    skill="jacobians.sigmoid",
    points=2,
    answer=Number(figures=3),
    hints=(
        "A layer's Jacobian is diag(σ′(z)) W. How large can each of the two parts be?",
        "The norm of a product is at most the product of the norms, and σ′ is at most a quarter.",
    ),
)
def sigmoid_decay(depth, norm):
    """A net has {depth} sigmoid layers, and every weight matrix has spectral norm {norm}.

    By what factor can a gradient be multiplied on its way through all of them, at the very most?
    """
    return (0.25 * norm) ** depth


@sigmoid_decay.variant
def _(rng):
    return {"depth": rng.integers(3, 16), "norm": rng.choice((0.5, 0.8, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 5.0, 6.0))}


@sigmoid_decay.mistake("You left the weights out: a layer's Jacobian is diag(σ′(z)) W, and both parts scale.")
def weights_forgotten(depth, norm):
    return 0.25**depth


@sigmoid_decay.mistake("You left the sigmoid out: however large the weights, its slope is never above a quarter.")
def sigmoid_forgotten(depth, norm):
    return norm**depth


@sigmoid_decay.mistake("You used σ(0), the sigmoid's height in the middle, where its slope belongs.")
def sigmoid_height(depth, norm):
    return (0.5 * norm) ** depth


@sigmoid_decay.mistake("The weights act in every layer, and you let them act once.")
def weights_once(depth, norm):
    return 0.25**depth * norm


@exercise(
    skill="jacobians.sigmoid",
    points=1,
    answer=Number(figures=3),
    hints=(
        "The slope of the sigmoid can be written with its own value alone.",
        "σ′ = σ·(1 − σ), so you do not need z.",
    ),
)
def slope_from_output(out):
    """A sigmoid unit puts out σ(z) = {out}. What is its slope σ′(z) there?"""
    return out * (1 - out)


@slope_from_output.variant
def _(rng):
    return {"out": float(round(0.01 * int(rng.integers(2, 99)), 2))}


@slope_from_output.mistake("That rule belongs to tanh; at the middle of the sigmoid it would give more than a quarter.")
def tanh_rule(out):
    return 1 - out**2


@slope_from_output.mistake("The output given is σ(z) already; you put it through σ once more before taking the slope.")
def slope_at_the_output(out):
    s = 1 / (1 + math.exp(-out))
    return s * (1 - s)


@slope_from_output.mistake("A quarter is the most the slope can be, in the middle; this unit is not there.")
def always_a_quarter(out):
    return 0.25


@slope_from_output.mistake("You only took the rest up to 1; the slope is that rest times something.")
def rest_only(out):
    return 1 - out


@exercise(
    skill="jacobians.sigmoid",
    points=2,
    answer=Integer(),
    hints=(
        "One layer multiplies a gradient by at most σ′ times the norm of W. How large is that, at most?",
        "Then it is the question of the smallest depth at which a power falls below a threshold.",
    ),
)
def sigmoid_depth(norm, threshold):
    """In a net of sigmoid layers every weight matrix has spectral norm {norm}.

    What is the smallest number of layers after which surely less than {threshold} of a gradient is left?
    """
    return math.floor(math.log(threshold) / math.log(0.25 * norm)) + 1


@sigmoid_depth.variant
def _(rng):
    return {
        "norm": rng.choice((0.5, 0.8, 1.5, 1.8, 2.2, 2.4, 2.8, 3.0, 3.2, 3.6)),
        "threshold": rng.choice((0.1, 0.05, 0.01, 0.001, 0.0001, 0.000001)),
    }


@sigmoid_depth.mistake("You left the weights out: they lift every layer's factor, or lower it.")
def only_sigmoids(norm, threshold):
    return math.floor(math.log(threshold) / math.log(0.25)) + 1


@sigmoid_depth.mistake("At that depth the bound is still above the threshold: put your answer in and see.")
def bound_still_above(norm, threshold):
    return math.floor(math.log(threshold) / math.log(0.25 * norm))


@sigmoid_depth.mistake(
    "Your two logarithms have different bases: any base will do, as long as it is the same above and below."
)
def unlike_bases(norm, threshold):
    return math.ceil(math.log10(threshold) / math.log(0.25 * norm))


@sigmoid_depth.mistake(
    "Check whether all of these layers are needed: the input is no layer, and the first layer already multiplies."
)
def one_layer_extra(norm, threshold):
    return math.floor(math.log(threshold) / math.log(0.25 * norm)) + 2


@exercise(
    skill="jacobians.sigmoid",
    points=2,
    answer=Number(figures=3),
    hints=(
        "One layer first: what does it multiply a small change by?",
        "Each layer gives its weight times σ′, and σ′ comes from that layer's output: σ·(1 − σ).",
    ),
)
def sigmoid_chain(weights, outputs):
    """Three sigmoid units stand in a row, hˡ = σ(wˡ hˡ⁻¹ + bˡ).
    From the first to the last, their weights are {weights} and their outputs {outputs}.

    What is the derivative of the last output with respect to x?
    """
    return math.prod(w * s * (1 - s) for w, s in zip(weights, outputs, strict=True))


@sigmoid_chain.variant
def _(rng):
    weights = rng.choice((2, 3, 4, 5, 6, 8, 10), 3, replace=False).tolist()
    return {
        "weights": weights,
        "outputs": rng.choice((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9), 3, replace=False).tolist(),
    }


@sigmoid_chain.mistake("You multiplied the outputs in, but the chain rule asks for each sigmoid's slope.")
def outputs_for_slopes(weights, outputs):
    return math.prod(w * s for w, s in zip(weights, outputs, strict=True))


@sigmoid_chain.mistake(
    "You used the steepest slope for every unit; these stand elsewhere, and their outputs tell where."
)
def steepest_everywhere(weights, outputs):
    return math.prod(0.25 * w for w in weights)


@sigmoid_chain.mistake("The weights are missing: a change passes the weight before it reaches the sigmoid.")
def slopes_only(weights, outputs):
    return math.prod(s * (1 - s) for s in outputs)


@sigmoid_chain.mistake("You added the layers' derivatives; in a chain they multiply.")
def layers_summed(weights, outputs):
    return sum(w * s * (1 - s) for w, s in zip(weights, outputs, strict=True))


@exercise(
    skill="jacobians.sigmoid",
    points=4,
    answer=Function(variants=4),
    hints=(
        "Write the loss as a function of `W` alone, with b, x and y taken from "
        "outside, and let `jax.grad` do the rest.",
        "`jax.grad(loss)(W)` has the shape of W: one matrix of derivatives for each layer.",
        "The length of one layer's gradient is the root of the sum of the squares of its entries.",
    ),
)
@jax.jit
def gradient_norms(W, b, x, y):
    """Write `gradient_norms(W, b, x, y)`: how long the loss gradient is in each layer of a sigmoid net.

    `W` has shape (L, d, d), `b` (L, d), `x` and `y` (d,).
    A layer is hˡ = σ(Wˡ hˡ⁻¹ + bˡ) with h⁰ = x and the sigmoid σ; the loss is ½ ‖hᴸ − y‖².
    Return the L lengths ‖∂loss/∂Wˡ‖ (root of the sum of squares), for ℓ = 1 … L.
    """

    def loss(W):
        h = x
        for l in range(W.shape[0]):
            h = jax.nn.sigmoid(W[l] @ h + b[l])
        return 0.5 * jnp.sum((h - y) ** 2)

    return jnp.sqrt(jnp.sum(jax.grad(loss)(W) ** 2, axis=(1, 2)))


@gradient_norms.variant
def _(rng):
    W, b = random_stack(rng, int(rng.choice([3, 5])), 4, 4.0)
    return {"W": W, "b": b, "x": rng.normal(size=4).astype(np.float32), "y": rng.uniform(size=4).astype(np.float32)}


@gradient_norms.mistake("Those are squared lengths: a root is missing.")
def squared_lengths(W, b, x, y):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    g, sizes = hs[-1] - y, []
    for W_l, h, below in zip(W[::-1], hs[:0:-1], hs[-2::-1], strict=True):
        delta = g * h * (1 - h)
        sizes.append(np.sum(np.outer(delta, below) ** 2))
        g = delta @ W_l
    return np.array(sizes[::-1])


@gradient_norms.mistake("Those are the gradients of the biases; the question is about the weights.")
def of_the_biases(W, b, x, y):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    g, sizes = hs[-1] - y, []
    for W_l, h in zip(W[::-1], hs[:0:-1], strict=True):
        delta = g * h * (1 - h)
        sizes.append(np.linalg.norm(delta))
        g = delta @ W_l
    return np.array(sizes[::-1])


@gradient_norms.mistake("You measured the weights themselves, and their gradients are asked for.")
def of_the_weights(W, b, x, y):
    return np.sqrt(np.sum(W**2, axis=(1, 2)))


@gradient_norms.mistake(
    "Your list runs from the last layer to the first, as backpropagation does; the first layer was to come first."
)
def last_layer_first(W, b, x, y):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    g, sizes = hs[-1] - y, []
    for W_l, h, below in zip(W[::-1], hs[:0:-1], hs[-2::-1], strict=True):
        delta = g * h * (1 - h)
        sizes.append(np.linalg.norm(np.outer(delta, below)))
        g = delta @ W_l
    return np.array(sizes)


@gradient_norms.mistake("You averaged over the entries before taking the root; a length sums them.")
def typical_entry(W, b, x, y):
    hs = [x]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    g, sizes = hs[-1] - y, []
    for W_l, h, below in zip(W[::-1], hs[:0:-1], hs[-2::-1], strict=True):
        delta = g * h * (1 - h)
        sizes.append(np.sqrt(np.mean(np.outer(delta, below) ** 2)))
        g = delta @ W_l
    return np.array(sizes[::-1])


@gradient_norms.mistake(
    "Your net ends without its last sigmoid, so the output layer is too steep: every layer has one."
)
def last_sigmoid_missing(W, b, x, y):
    hs = [x]
    for W_l, b_l in zip(W[:-1], b[:-1], strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    delta = W[-1] @ hs[-1] + b[-1] - y
    sizes = [np.linalg.norm(np.outer(delta, hs[-1]))]
    for W_above, h, below in zip(W[:0:-1], hs[:0:-1], hs[-2::-1], strict=True):
        delta = (delta @ W_above) * h * (1 - h)
        sizes.append(np.linalg.norm(np.outer(delta, below)))
    return np.array(sizes[::-1])


# ------------------------------------------------------------------ jacobians.vjp


@exercise(
    skill="jacobians.vjp",
    points=2,
    answer=Array(),
    hints=(
        "A row stands on the left. Which Jacobian does it meet first, coming from the output?",
        "First v J², which is a row again; then that row times J¹.",
    ),
)
def row_through_two(v, J1, J2):
    """Two layers have the Jacobians J¹ = {J1} and J² = {J2}; layer 1 is the first one x meets.

    The gradient at the output is the row v = {v}. What is the gradient at x, as a row […, …]?
    """
    return np.array(v) @ np.array(J2) @ np.array(J1)


@row_through_two.variant
def _(rng):
    return {"v": small_row(rng), "J1": small_matrix(rng), "J2": small_matrix(rng)}


@row_through_two.mistake("The row comes from the output, so the last layer's Jacobian is the first one it meets.")
def forward_order(v, J1, J2):
    return np.array(v) @ np.array(J1) @ np.array(J2)


@row_through_two.mistake(
    "You pushed v up through the layers as a column; a gradient is a row, and comes down from the left."
)
def pushed_as_column(v, J1, J2):
    return np.array(J2) @ np.array(J1) @ np.array(v)


@row_through_two.mistake("You stopped halfway: the row has passed one layer, and one is left.")
def stopped_halfway(v, J1, J2):
    return np.array(v) @ np.array(J2)


@row_through_two.mistake(
    "You took columns where rows belong: with v on the left, its entries weigh the rows of the matrix."
)
def transposed_matrices(v, J1, J2):
    return np.array(J1) @ np.array(J2) @ np.array(v)


@exercise(
    skill="jacobians.vjp",
    points=2,
    answer=Array(figures=3),
    hints=(
        "The layer's Jacobian is diag(φ′(z)) W. With a row on its left, which part is met first?",
        "First multiply each entry of v by tanh′ = 1 − tanh² of its output, then the row by W.",
    ),
)
def pull_through_tanh(v, W, out):
    """A layer computes tanh(W h + b) with W = {W}, and its output is {out}.

    The gradient at its output is the row v = {v}. What is the gradient at h, as a row […, …]?
    """
    return (np.array(v) * (1 - np.square(out))) @ np.array(W)


@pull_through_tanh.variant
def _(rng):
    out = rng.choice((0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 2, replace=False).tolist()
    return {"v": small_row(rng), "W": small_matrix(rng), "out": out}


@pull_through_tanh.mistake(
    "You met the weights first and the slopes after; coming back, the activation is the first thing a gradient passes."
)
def slopes_last(v, W, out):
    return (np.array(v) @ np.array(W)) * (1 - np.square(out))


@pull_through_tanh.mistake("You went through the weights only; the activation has a slope for every output.")
def slopes_left_out(v, W, out):
    return np.array(v) @ np.array(W)


@pull_through_tanh.mistake("You multiplied by the outputs, where the slopes of tanh belong.")
def outputs_in_place_of_slopes(v, W, out):
    return (np.array(v) * np.array(out)) @ np.array(W)


@pull_through_tanh.mistake(
    "You used W the way a signal goes up, rows times column; the gradient is a row on the left of W."
)
def weights_forward(v, W, out):
    return np.array(W) @ (np.array(v) * (1 - np.square(out)))


@exercise(
    skill="jacobians.vjp",
    points=3,
    answer=Array(),
    hints=(
        "Go back one layer at a time: activation, weights, activation, weights.",
        "A ReLU lets an entry of the row pass where its z is positive, and sets it to 0 where z is negative.",
        "Start at layer 2: its ReLU, then its weights; then layer 1.",
    ),
)
def row_through_relus(v, W1, z1, W2, z2):
    """Two layers compute h¹ = ReLU(z¹) and h² = ReLU(z²), with W¹ = {W1}, z¹ = {z1}, W² = {W2} and z² = {z2}.

    The gradient at h² is the row v = {v}. What is the gradient at x, as a row […, …]?
    """
    row = (np.array(v) * (np.array(z2) > 0)) @ np.array(W2)
    return (row * (np.array(z1) > 0)) @ np.array(W1)


@row_through_relus.variant
def _(rng):
    sign = rng.choice([[1, -1], [-1, 1]], 2).tolist()
    z1, z2 = (rng.integers(2, 5, (2, 2)) * sign).tolist()
    return {"v": small_row(rng), "W1": small_matrix(rng), "z1": z1, "W2": small_matrix(rng), "z2": z2}


@row_through_relus.mistake("You went through the weights only; a ReLU that is off lets no gradient pass.")
def relus_ignored(v, W1, z1, W2, z2):
    return np.array(v) @ np.array(W2) @ np.array(W1)


@row_through_relus.mistake(
    "You multiplied by ReLU(z), where its slope belongs: a unit that is on passes the gradient unchanged."
)
def relus_for_slopes(v, W1, z1, W2, z2):
    row = (np.array(v) * np.maximum(z2, 0)) @ np.array(W2)
    return (row * np.maximum(z1, 0)) @ np.array(W1)


@row_through_relus.mistake("You met each layer's weights before its ReLU; coming back, the ReLU is first.")
def weights_first(v, W1, z1, W2, z2):
    row = (np.array(v) @ np.array(W2)) * (np.array(z2) > 0)
    return (row @ np.array(W1)) * (np.array(z1) > 0)


@row_through_relus.mistake(
    "You began with the lower layer; a gradient comes from the output and meets the upper one first."
)
def lower_layer_first(v, W1, z1, W2, z2):
    row = (np.array(v) * (np.array(z1) > 0)) @ np.array(W1)
    return (row * (np.array(z2) > 0)) @ np.array(W2)


@exercise(
    skill="jacobians.vjp",
    points=1,
    answer=Integer(),
    hints=(
        "How many multiplications does one row times one square matrix take?",
        "What comes out is a row again, so each further layer costs the same.",
    ),
)
def row_cost(depth, width):
    """A row of {width} numbers goes back through {depth} Jacobians of {width} × {width}, one after another.

    Each time it is a row times a matrix. How many multiplications is that in all?
    """
    return depth * width**2


@row_cost.variant
def _(rng):
    return {
        "depth": rng.choice((3, 4, 6, 8, 10, 12, 20, 30, 60)),
        "width": rng.choice((5, 10, 20, 30, 50, 64, 100, 200)),
    }


@row_cost.mistake(
    "You multiplied the matrices together first, which is what the row spares you: a row times a matrix is a row."
)
def matrices_first(depth, width):
    return (depth - 1) * width**3 + width**2


@row_cost.mistake(
    "A row times a matrix uses every entry of the matrix once; you counted "
    "one multiplication for each entry of the row."
)
def entries_of_the_row(depth, width):
    return depth * width


@row_cost.mistake("That is one layer's work; the row goes through all of them.")
def one_matrix_only(depth, width):
    return width**2


@row_cost.mistake("That is the work of matrix times matrix at every layer; a row is only one line of it.")
def cubed(depth, width):
    return depth * width**3


@exercise(
    skill="jacobians.vjp",
    points=4,
    answer=Function(
        variants=4,
        must=(
            works_under_jit(),
            never_computes(
                "never forms a Jacobian",
                lambda inputs: inputs[0].shape[-1] ** 2,
                "The values are right, but on the way you computed an array as large as a whole Jacobian: "
                "pass the row through the slopes, then through W, and it stays a row.",
            ),
        ),
    ),
    hints=(
        "Go up once and keep every hˡ; then come back down with the row.",
        "Coming back through one layer: multiply the row by the slopes 1 − hˡ² entry by entry, then by Wˡ.",
        "`g = (g * (1 - h**2)) @ W` is one layer; or let `jax.vjp` pull the row through for you.",
    ),
)
def pull_back(W, b, x, v):
    """Write `pull_back(W, b, x, v)`: the row v through all layers of a tanh net, from the output back to x.

    `W` has shape (L, d, d), `b` (L, d), `x` and `v` (d,); a layer is hˡ = tanh(Wˡ hˡ⁻¹ + bˡ) with h⁰ = x.
    Return v Jᴸ ⋯ J¹, shape (d,).
    Use `jnp`, and never compute a Jacobian on the way: nothing as large as d × d.
    """
    h, hs = x, []
    for l in range(W.shape[0]):
        h = jnp.tanh(W[l] @ h + b[l])
        hs.append(h)
    g = v
    for l in reversed(range(W.shape[0])):
        g = (g * (1 - hs[l] ** 2)) @ W[l]
    return g


@pull_back.variant
def _(rng):
    # Wider than deep, so that d numbers for each of L layers stay below one d × d Jacobian.
    W, b = random_stack(rng, int(rng.choice([3, 4])), 6, 1.5)
    x, v = rng.normal(size=(2, 6)).astype(np.float32)
    return {"W": W, "b": b, "x": x, "v": v}


@pull_back.mistake(
    "The values are right, but you built the Jacobians and multiplied matrices; a "
    "row that passes layer by layer needs none of them.",
    breaks="never forms a Jacobian",
)
def forms_the_matrices(W, b, x, v):
    h, J = x, jnp.eye(x.shape[0])
    for l in range(W.shape[0]):
        h = jnp.tanh(W[l] @ h + b[l])
        J = (jnp.diag(1 - h**2) @ W[l]) @ J
    return v @ J


@pull_back.mistake(
    "The values are right, but NumPy stops JAX from following them: write it with `jnp` throughout.",
    breaks="works under jit",
)
def numpy_inside(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(np.dot(W_l, h) + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = np.dot(g * (1 - h**2), W_l)
    return g


@pull_back.mistake("Your row met the first layer first; it comes from the output, so the last layer is first.")
def bottom_layer_first(W, b, x, v):
    h, g = x, v
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        g = (g * (1 - h**2)) @ W_l
    return g


@pull_back.mistake("Your row went through the weights only; every activation multiplies it by its slope.")
def slopes_skipped(W, b, x, v):
    g = v
    for W_l in W[::-1]:
        g = g @ W_l
    return g


@pull_back.mistake("You multiplied the row by hˡ, where the slope of tanh belongs.")
def signals_for_slopes(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = (g * h) @ W_l
    return g


@pull_back.mistake("Within a layer you met the weights before the slopes; coming back, the activation is first.")
def weights_before_slopes(W, b, x, v):
    h, hs = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        hs.append(h)
    g = v
    for W_l, h in zip(W[::-1], hs[::-1], strict=True):
        g = (g @ W_l) * (1 - h**2)
    return g


@pull_back.mistake(
    "You pushed v up through the net, as a change of the input; a gradient is pulled down, from the output to x."
)
def pushed_up(W, b, x, v):
    h, t = x, v
    for W_l, b_l in zip(W, b, strict=True):
        h = np.tanh(W_l @ h + b_l)
        t = (1 - h**2) * (W_l @ t)
    return t
