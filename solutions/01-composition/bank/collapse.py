"""The skill `composition.collapse`."""

import itertools

import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, Integer, exercise

from .shared import a_batch, whole


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
