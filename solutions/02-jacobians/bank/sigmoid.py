"""The skill `jacobians.sigmoid`."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Function, Integer, Number, exercise

from .shared import random_stack


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
