"""What several skills share."""

import numpy as np

from autograder.exercise import Measurement, Requirement
from autograder.requirements import works_under_jit

EPSILONS = (0.25, 0.5, 1.0, 2.0)

GAMMAS = (0.5, 1.5, 2.0, 2.5, 3.0)

BETAS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)


def whole(rng, *shape):
    """Whole numbers from −5 to 9, for work by hand."""
    return rng.integers(-5, 10, shape)


def uneven(rng, n):
    """Whole numbers that are not all the same."""
    while True:
        z = whole(rng, n)
        if z.std() > 0:
            return z.tolist()


def spread_out(rng, *shape):
    """A table of whole numbers in which no row and no column is constant."""
    while True:
        Z = whole(rng, *shape)
        if np.all(Z.std(0) > 0) and np.all(Z.std(1) > 0):
            return Z.tolist()


STEP = 1e-2


def _direction_and_weights(shape):
    """A direction to nudge an input of this shape in, and weights for the entries of a result of the same shape."""
    rng = np.random.default_rng(0)
    return tuple(rng.normal(size=shape).astype(np.float32) for _ in range(2))


def _gradient_and_nudges(inputs):
    """The gradient in the first input of the result's weighted sum, and the result on either side of that input."""
    x = np.asarray(inputs[0], np.float32)
    direction, weights = _direction_and_weights(x.shape)
    up, down = (np.asarray(x + sign * STEP * direction, np.float32) for sign in (1, -1))
    return [
        Measurement("grad", (x, *inputs[1:]), weights=weights),
        Measurement("value", (up, *inputs[1:])),
        Measurement("value", (down, *inputs[1:])),
    ]


def _moves_with_its_statistics(inputs, gradient, up, down):
    """The derivative along a direction of the first input is what finite differences say."""
    shape = np.shape(inputs[0])
    if not np.shape(gradient) == np.shape(up) == np.shape(down) == shape:
        return False
    direction, weights = _direction_and_weights(shape)
    slope = float(np.sum(direction * np.asarray(gradient, float)))
    nudged = float(np.sum(weights * (np.asarray(up, float) - np.asarray(down, float)))) / (2 * STEP)
    return abs(slope - nudged) <= 0.02 * abs(nudged) + 0.02


WORKS_UNDER_GRAD = Requirement(
    "works under grad",
    "It works, but `jax.grad` through it does not give what finite differences give: keep every step in `jnp`, "
    "and let the mean and variance move with the input.",
    _gradient_and_nudges,
    _moves_with_its_statistics,
    0.25,
)

MUST = (works_under_jit(), WORKS_UNDER_GRAD)


def draw_batch(rng, *shape):
    """A batch whose features have different means and spreads, and γ, β that are neither 1 nor 0."""
    d = shape[-1]
    z = (
        rng.normal(size=shape) * rng.uniform(0.5, 2, d)
        + rng.normal(size=d)
        + rng.normal(size=(shape[0],) + (1,) * (len(shape) - 1))
    )
    gamma, beta = rng.uniform(0.5, 2, d), rng.normal(size=d)
    return z.astype(np.float32), gamma.astype(np.float32), beta.astype(np.float32)
