"""The skill `jacobians.scale`."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.exercise import Choice, Function, Number, exercise
from autograder.requirements import same_size_when_deeper

from .shared import SHRINKING, random_stack

GROWING = (1.05, 1.1, 1.2, 1.25, 1.5, 2.0)


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


@log_norm_bound.edge
def _(rng):
    return {"W": random_stack(rng, 600, 3, 4.0)[0]}


@log_norm_bound.edge
def _(rng):
    return {"W": random_stack(rng, 600, 3, 0.12)[0]}


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
