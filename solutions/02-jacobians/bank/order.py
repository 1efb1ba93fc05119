"""The skill `jacobians.order`."""

import jax.numpy as jnp
import numpy as np

from autograder.exercise import Array, Choice, Function, exercise

from .shared import small_matrix


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


@ordered_product.edge
def _(rng):
    return {"J": rng.normal(size=(12, 3, 3)).astype(np.float32)}


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
