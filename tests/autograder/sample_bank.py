"""Two exercises for tests of the judge: one asks for a number, one for a function."""

from __future__ import annotations

import numpy as np

from autograder.exercise import Function, Number, exercise
from autograder.requirements import works_under_jit


@exercise(skill="sample.scale", points=2, answer=Number(3), hints=("A nudge.", "Nearly the way."))
def gradient_scale(norm, depth):
    """What is left of a gradient after {depth} layers of norm {norm}?"""
    return norm**depth


@gradient_scale.variant
def _(rng):
    return {"norm": rng.choice([0.5, 0.8, 0.9, 1.1, 1.5]), "depth": rng.integers(5, 60)}


@gradient_scale.mistake("Factors compound: each layer multiplies what the last one left.")
def linear_in_depth(norm, depth):
    return norm * depth


@gradient_scale.mistake("A root undoes a power; here the factor is applied again and again.")
def root_instead_of_power(norm, depth):
    return norm ** (1 / depth)


@exercise(skill="sample.layer", points=4, answer=Function(must=(works_under_jit(share=0.5),), variants=4, seconds=2.0))
def layer_jacobian(W, b, h):
    """Write the Jacobian of tanh(W h + b)."""
    import jax.numpy as jnp

    return (1 - jnp.tanh(W @ h + b) ** 2)[:, None] * W


@layer_jacobian.variant
def _(rng):
    n, m = rng.integers(2, 5, size=2)
    return {
        "W": rng.normal(size=(n, m)).astype(np.float32),
        "b": rng.normal(size=n).astype(np.float32),
        "h": rng.normal(size=m).astype(np.float32),
    }


@layer_jacobian.mistake("The slope of tanh is taken at z; you took tanh itself.")
def phi_for_slope(W, b, h):
    import jax.numpy as jnp

    return jnp.tanh(W @ h + b)[:, None] * W


@layer_jacobian.mistake("It is right, but not under jit.", breaks="works under jit")
def not_traceable(W, b, h):
    slope = 1 - np.tanh(np.asarray(W) @ np.asarray(h) + np.asarray(b)) ** 2
    return slope[:, None] * np.asarray(W)
