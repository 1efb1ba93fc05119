"""Batch, layer and RMS normalization: three ways to keep z at unit scale, told apart by the axes they average over.

For a batch of vectors x[n, i] (example n, feature i), with ε *inside* the root so that it is never zero:

    batch_norm   y[n, i] = γ_i (x[n, i] − μ_i) / √(v_i + ε) + β_i      μ_i, v_i over the examples n
    layer_norm   y[n, i] = γ_i (x[n, i] − μ_n) / √(v_n + ε) + β_i      μ_n, v_n over the features i
    rms_norm     y[n, i] = γ_i x[n, i] / √(m_n + ε)                    m_n = mean of x[n, i]² over i: no μ, no β

Every v that normalizes is the *biased* variance (divided by n). Batch norm also keeps running statistics, which take
the batch's place when the net is used (`batch_norm_eval`); there PyTorch, and we, put the *unbiased* variance.
Sources: Ioffe & Szegedy 2015; Ba, Kiros & Hinton 2016; Zhang & Sennrich 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

EPS = 1e-5
"""PyTorch's ε for batch and layer norm, and ours for all three."""

Kind = Literal["none", "batch", "layer", "rms"]
KINDS: tuple[Kind, ...] = ("none", "batch", "layer", "rms")
"""What the lessons compare, by name."""


class Running(NamedTuple):
    """What batch norm remembers of the batches it has seen, for each feature."""

    mean: Float[Array, "*nets d"]
    var: Float[Array, "*nets d"]
    """Running average of the batches' *unbiased* variances."""


def fresh(d: int) -> Running:
    """Before any batch: mean 0 and variance 1, as in PyTorch."""
    return Running(jnp.zeros(d), jnp.ones(d))


def batch_norm(
    x: Float[Array, "n d *spatial"],
    gamma: Float[Array, "d"],
    beta: Float[Array, "d"],
    eps: float | Float[Array, ""] = EPS,
) -> Float[Array, "n d *spatial"]:
    """Batch norm as it trains: each feature by the mean and biased variance of *this batch*.

    For feature maps (n, channels, height, width) a feature is a channel: the mean runs over positions too.
    A batch of one vector has no spread to divide by: every entry becomes β.
    """
    axes = (0, *range(2, x.ndim))
    mean = jnp.mean(x, axes, keepdims=True)
    var = jnp.var(x, axes, keepdims=True)
    return _by_feature(gamma, x) * (x - mean) * lax.rsqrt(var + eps) + _by_feature(beta, x)


def batch_norm_eval(
    x: Float[Array, "n d *spatial"],
    gamma: Float[Array, "d"],
    beta: Float[Array, "d"],
    running: Running,
    eps: float | Float[Array, ""] = EPS,
) -> Float[Array, "n d *spatial"]:
    """Batch norm as it is used: each feature by the *running* statistics; no example depends on its neighbours."""
    scale = gamma * lax.rsqrt(running.var + eps)
    return _by_feature(scale, x) * (x - _by_feature(running.mean, x)) + _by_feature(beta, x)


def update_running(
    running: Running, x: Float[Array, "n d *spatial"], momentum: float | Float[Array, ""] = 0.1
) -> Running:
    """running ← (1 − momentum) · running + momentum · batch: PyTorch's convention, where 0.1 forgets slowly.

    Flax and Keras write the *same* rule with momentum 0.9: there it weighs what is remembered. The batch's variance
    enters unbiased (divided by n − 1; n counts the positions of feature maps too), as in PyTorch; a single number
    has no such variance, and leaves the running one as it is.
    """
    axes = (0, *range(2, x.ndim))
    n = x.size // x.shape[1]
    mean = (1 - momentum) * running.mean + momentum * jnp.mean(x, axes)
    if n == 1:
        return Running(mean, running.var)
    return Running(mean, (1 - momentum) * running.var + momentum * jnp.var(x, axes, ddof=1))


def layer_norm(
    x: Float[Array, "*batch d"], gamma: Float[Array, "d"], beta: Float[Array, "d"], eps: float | Float[Array, ""] = EPS
) -> Float[Array, "*batch d"]:
    """Layer norm: each example by the mean and biased variance of its own features. The batch plays no part."""
    mean = jnp.mean(x, -1, keepdims=True)
    var = jnp.var(x, -1, keepdims=True)
    return gamma * (x - mean) * lax.rsqrt(var + eps) + beta


def rms_norm(
    x: Float[Array, "*batch d"], gamma: Float[Array, "d"], eps: float | Float[Array, ""] = EPS
) -> Float[Array, "*batch d"]:
    """RMS norm: each example by the root mean square of its features. Nothing is subtracted, and nothing added."""
    return gamma * x * lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + eps)


def scale_deviation(
    power: float | Float[Array, "*shape"], scale: float | Float[Array, "*shape"], eps: float | Float[Array, ""] = EPS
) -> Float[Array, "*shape"]:
    """How far ε keeps a norm from ignoring the scale of its input: δ in N(a·x) = sign(a)·(1 + δ)·N(x), before γ and β.

        1 + δ = √((power + ε) / (power + ε/a²))        δ ≈ (ε / 2·power)·(1 − 1/a²) where ε is small

    `power` is what stands beside ε in the root: the biased variance of x (batch, layer norm) or its mean square
    (RMS norm). δ is the same for every entry that shares the root, is exactly 0 for ε = 0 or |a| = 1, and tends to
    −1 as a → 0. Adding a constant to every feature, by contrast, changes nothing in layer norm whatever ε is, and
    does change RMS norm.
    """
    power, scale = jnp.asarray(power, float), jnp.asarray(scale, float)
    # One root of a quotient minus 1 would cancel; √(1 + t) − 1 = t / (√(1 + t) + 1) keeps its digits.
    t = eps * (1 - scale**-2) / (power + eps * scale**-2)
    return t / (jnp.sqrt(1 + t) + 1)


def normalize(kind: Kind, eps: float | Float[Array, ""] = EPS) -> Callable[[Float[Array, "n d"]], Float[Array, "n d"]]:
    """The norm of this name on a batch, as at the start of training: γ = 1 and β = 0. "none" is the identity.

    Raises
    ------
    ValueError
        For a name that is not in `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no norm {kind!r}: choose one of {', '.join(KINDS)}.")

    def norm(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
        one, zero = jnp.ones(x.shape[1], x.dtype), jnp.zeros(x.shape[1], x.dtype)
        match kind:
            case "batch":
                return batch_norm(x, one, zero, eps)
            case "layer":
                return layer_norm(x, one, zero, eps)
            case "rms":
                return rms_norm(x, one, eps)
        return x

    return norm


def _by_feature(per_feature: Array, x: Array) -> Array:
    """One number a feature, shaped to meet x along axis 1."""
    return per_feature.reshape(-1, *[1] * (x.ndim - 2))
