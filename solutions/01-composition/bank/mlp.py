"""The skill `composition.mlp`."""

import jax
import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, exercise
from autograder.requirements import same_size, works_under_jit

from .shared import a_batch


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


def twice_the_samples(inputs):
    *weights, X = inputs
    return (*weights, np.concatenate([X, X]))


@exercise(
    skill="composition.mlp",
    points=4,
    answer=Function(
        variants=4,
        must=(
            works_under_jit(),
            same_size(
                "has no loop over samples",
                "The values are right, but your program grows with the number of samples: write the net for one example, "
                "and let `jax.vmap` map it over the rows of X.",
                twice_the_samples,
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
