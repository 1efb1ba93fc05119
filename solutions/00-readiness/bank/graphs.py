"""The skill `readiness.graphs`."""

from autograder.exercise import Integer, exercise

from .shared import one


@exercise(
    skill="readiness.graphs",
    points=1,
    answer=Integer(),
    hints=(
        "Go in the order of the graph: a node is computed once all its inputs are known.",
        "u is used twice: v needs it, and y needs it again.",
    ),
)
def last_node(a, b, c):
    """A computational graph has three nodes: u = a · b, then v = u + c, then y = u · v.

    With a = {a}, b = {b} and c = {c}, what is y?
    """
    return a * b * (a * b + c)


@last_node.variant
def _(rng):
    return {"a": one(rng, 4), "b": one(rng, 4, 2), "c": one(rng, 6)}


@last_node.mistake("You added u and v; the last node multiplies them.")
def added_at_the_end(a, b, c):
    return a * b + (a * b + c)


@last_node.mistake("You left u out of v: that node has two inputs.")
def one_input_lost(a, b, c):
    return a * b * c


@last_node.mistake("You stopped at v; one node is still to come.")
def stopped_early(a, b, c):
    return a * b + c


@last_node.mistake("You multiplied at v, where the node adds.")
def multiplied_at_v(a, b, c):
    return a * b * (a * b * c)


@exercise(
    skill="readiness.graphs",
    points=1,
    answer=Integer(),
    hints=(
        "From x to y there is more than one path; along a path, slopes multiply.",
        "u reaches y as a factor, and once more inside v; what the paths give is added up.",
    ),
)
def reused_node(x, w, c):
    """In a graph, u = w · x, then v = u + c, then y = u · v; so u is used twice.

    With x = {x}, w = {w} and c = {c}, what is dy/dx?
    """
    u = w * x
    return w * (u + c) + w * u


@reused_node.variant
def _(rng):
    return {"x": one(rng, 4), "w": one(rng, 5, 2), "c": one(rng, 6)}


@reused_node.mistake("You followed u straight to y; it also gets there through v.")
def only_as_a_factor(x, w, c):
    return w * (w * x + c)


@reused_node.mistake("You followed the path through v only; u also reaches y directly, as the other factor.")
def only_through_v(x, w, c):
    return w * w * x


@reused_node.mistake("You stopped at u; from u to x there is one more slope.")
def stopped_at_u(x, w, c):
    return 2 * w * x + c


@reused_node.mistake("You gave the value of y; its slope was asked for.")
def value_for_slope(x, w, c):
    return w * x * (w * x + c)
