"""The skill `composition.pieces`."""

import jax.numpy as jnp
import numpy as np

from autograder.exercise import Function, Integer, Number, exercise


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


@tent_pieces.mistake("Those are the corners; what is asked for are the stretches between and beside them.")
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


@zigzag_pieces.mistake("Those are the corners; what is asked for are the stretches between and beside them.")
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
    "Every ReLU brings one corner, and what is asked for are the stretches between and beside the corners."
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
    # Fractions p / q, some with the same whole part, some with the same nearest whole number; 0 from either side.
    t = int(rng.integers(-3, 4))
    corners = [(3 * t - 1, 3), (3 * t + 1, 3), (2 * t + 1, 2)]
    others = [(p, q) for q in (1, 2, 3) for p in range(-6 * q, 6 * q) if p % q or (q == 1 and p)]
    picked = rng.choice(len(others), int(rng.integers(1, 4)), replace=False)
    p, q = np.array([*corners, *(others[k] for k in picked), corners[int(rng.integers(3))], (0, 1), (0, 1), (1, 1)]).T
    times = rng.choice([-2, -1, 1, 2], len(p))
    times[-3:] = 1, -1, 0
    w, b = q * times, -p * times
    b[-1] = int(rng.integers(1, 9))
    order = rng.permutation(len(w))
    w, b = w[order], b[order]
    return {"w": w.astype(np.float32), "b": b.astype(np.float32)}


@one_layer_pieces.mistake("You counted every unit as a corner, but some share their place and some have none.")
def every_unit_a_corner(w, b):
    return len(w) + 1


@one_layer_pieces.mistake("You counted the corners; what is asked for are the stretches between and beside them.")
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
