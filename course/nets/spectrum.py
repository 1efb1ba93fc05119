"""Singular values of J^ℓ … J^1 for every depth ℓ = 1 … 64 of one net, in one jitted call.

    log_sigma = spectrum(phi="tanh", init="gaussian", sigma_w=1.0, residual=False, seed=0)
    log_sigma[19, 0]       # log10 of the largest singular value of ∂h^20/∂x; NaN where float64 cannot tell

One compilation serves every activation, initialisation, norm, weight scale and residual strength: they are
arguments, not shapes. Depth is an axis of the answer: the first ℓ layers are a net of depth ℓ.

A norm stands between W h and φ, with γ = 1 and β = 0. LayerNorm and RMSNorm are functions of one example, and their whole
Jacobian enters. BatchNorm is not: here the input is one of a batch of `BATCH` examples that goes through the same net,
and its Jacobian is taken with the statistics of that batch *held fixed*, as when a trained net is used. (In training,
gradients also flow through the statistics, and the Jacobian of the whole batch has (`BATCH` · width)² entries.)
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from course.nets.layers import ACTIVATIONS, INITS, LEAN, Activation, stack
from course.nets.norms import EPS, KINDS

MAX_DEPTH = 64
WIDTH = 64
BATCH = 32
"""Examples in the batch whose statistics BatchNorm uses; the input is the first of them."""

RESOLUTION = 2.0**-43
"""σ/σ_max below which a singular value of the product is unknown: 512 ε of float64, 1.1e-13.

The rounding errors of 64 products and of the singular value decomposition add up to some 20 ε σ_max at most
(`tests/views/test_spectrum_oracle.py` measures them with more digits), so what is kept is right to 0.01
decades, and almost always to far more.
"""

PHIS = tuple(ACTIVATIONS)
INIT_NAMES = tuple(INITS)
NORMS = KINDS


class Draw(NamedTuple):
    """One random net at unit weight scale: for each kind of initialisation the weights, and the input."""

    W: Float[Array, "init depth d d"]
    x: Float[Array, "d"]
    others: Float[Array, "others d"]
    """The rest of the batch that the input is one of; BatchNorm alone looks at them."""


class Setting(NamedTuple):
    """What the sliders choose; numbers only, so that no choice is a new shape. h ↦ skip · h + branch · φ(norm(σ_w W h))."""

    phi: int | Int[Array, ""]
    init: int | Int[Array, ""]
    sigma_w: float | Float[Array, ""]
    skip: float | Float[Array, ""]
    branch: float | Float[Array, ""]
    norm: int | Int[Array, ""] = 0
    """Its place in `NORMS`."""


def draw(seed: int | Int[Array, ""], depth: int = MAX_DEPTH, width: int = WIDTH, batch: int = BATCH) -> Draw:
    """Weights of unit σ_w for every initialisation in `INITS`, an input and the rest of its batch, all of length √width."""
    key = jax.random.key(seed)
    key_W, key_x = jax.random.split(key)
    W = jnp.stack([stack(key_W, depth, width, 1.0, init).W for init in INIT_NAMES])
    x = jax.random.normal(key_x, (width,), W.dtype)
    others = jax.random.normal(jax.random.fold_in(key, 1), (batch - 1, width), W.dtype)
    return Draw(W, _of_length(x, width), _of_length(others, width))


def _of_length(x: Array, width: int) -> Array:
    return x * jnp.sqrt(width) / jnp.linalg.norm(x, axis=-1, keepdims=True)


def value_and_slope(
    phi: Activation, z: Float[Array, "*batch d"]
) -> tuple[Float[Array, "*batch d"], Float[Array, "*batch d"]]:
    """φ(z) and φ′(z), elementwise."""
    return jax.jvp(phi, (z,), (jnp.ones_like(z),))


def normalized(
    norm: int | Int[Array, ""], Z: Float[Array, "batch d"], W: Float[Array, "d d"]
) -> tuple[Float[Array, "batch d"], Float[Array, "d d"]]:
    """norm(Z) of a batch, and N W with N the norm's Jacobian at the first example, for the norm at this place in `NORMS`.

    BatchNorm's N holds the batch's statistics fixed (see above).
    """
    d = Z.shape[-1]

    def none() -> tuple[Array, Array]:
        return Z, W

    def batch() -> tuple[Array, Array]:
        s = jnp.sqrt(Z.var(0) + EPS)
        return (Z - Z.mean(0)) / s, W / s[:, None]

    def layer() -> tuple[Array, Array]:
        s = jnp.sqrt(Z.var(-1, keepdims=True) + EPS)
        Y = (Z - Z.mean(-1, keepdims=True)) / s
        return Y, (W - W.mean(0) - jnp.outer(Y[0], Y[0] @ W) / d) / s[0]

    def rms() -> tuple[Array, Array]:
        r = jnp.sqrt(jnp.mean(Z**2, -1, keepdims=True) + EPS)
        Y = Z / r
        return Y, (W - jnp.outer(Y[0], Y[0] @ W) / d) / r[0]

    return lax.switch(norm, [none, batch, layer, rms])


def layer_jacobians(net: Draw, setting: Setting) -> Float[Array, "depth d d"]:
    """J^ℓ = skip · I + branch · diag(φ′(y^ℓ)) N^ℓ W^ℓ of every layer, at the input `net.x`.

    Here y = norm(z), and N is the norm's Jacobian: I without a norm.
    """
    W = setting.sigma_w * net.W[setting.init]
    identity = jnp.eye(W.shape[-1], dtype=W.dtype)
    choices = [partial(value_and_slope, phi) for phi in ACTIVATIONS.values()]

    def step(H: Array, W: Array) -> tuple[Array, Array]:
        Y, NW = normalized(setting.norm, H @ W.T, W)
        value, slope = lax.switch(setting.phi, choices, Y)
        J = setting.skip * identity + setting.branch * slope[0][:, None] * NW
        return setting.skip * H + setting.branch * value, J

    return lax.scan(step, jnp.concatenate([net.x[None], net.others]), W)[1]


def log_singular_values(J: Float[Array, "depth d d"]) -> Float[Array, "depth d"]:
    """log10 of all singular values of J^ℓ … J^1, for every ℓ, largest first.

    The running product is rescaled at each layer and its scale kept as a logarithm, so that nothing over- or
    underflows. NaN marks what lies below `RESOLUTION` times the largest: rounding alone could have made it.
    """

    def step(carry: tuple[Array, Array], J: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        product, log_scale = carry
        product = J @ product
        norm = jnp.linalg.norm(product)
        # A product that is exactly zero (every ReLU of a layer off) stays zero instead of turning into NaN.
        product = product / jnp.where(norm > 0, norm, 1.0)
        log_scale = log_scale + jnp.log10(norm)
        return (product, log_scale), (product, log_scale)

    start = (jnp.eye(J.shape[-1], dtype=J.dtype), jnp.zeros((), J.dtype))
    _, (products, log_scales) = lax.scan(step, start, J)
    sigma = jnp.linalg.svd(products, compute_uv=False)
    known = sigma > RESOLUTION * sigma[:, :1]
    return jnp.where(known, jnp.log10(jnp.where(known, sigma, 1.0)) + log_scales[:, None], jnp.nan)


@partial(jax.jit, compiler_options=LEAN)
def log_spectrum(net: Draw, setting: Setting) -> Float[Array, "depth d"]:
    """log10 of all singular values of ∂h^ℓ/∂x at each depth ℓ, largest first; NaN where unknown."""
    return log_singular_values(layer_jacobians(net, setting))


@lru_cache(maxsize=8)
def _drawn(seed: int) -> Draw:
    return jax.jit(draw, compiler_options=LEAN)(seed)


@lru_cache(maxsize=16)  # moving the depth slider, or coming back, asks for the same numbers
def spectrum(
    phi: str = "tanh",
    init: str = "gaussian",
    sigma_w: float | int = 1.0,
    residual: bool = False,
    seed: int = 0,
    norm: str = "none",
) -> np.ndarray:
    """`log_spectrum` by name, in float64: shape (64, 64), depth first, largest singular value first.

    Read-only, since the next call with these settings returns the same array. `residual` turns φ(Wh) into
    h + φ(Wh), and J into I + diag(φ′(z)) W. Raises ValueError for a name that is
    not in `PHIS`, `INIT_NAMES` or `NORMS`.
    """
    # Python numbers of one type each: an int for σ_w would be another compilation.
    phi_, init_ = _index(phi, PHIS, "activation"), _index(init, INIT_NAMES, "init")
    setting = Setting(phi_, init_, float(sigma_w), float(residual), branch=1.0, norm=_index(norm, NORMS, "norm"))
    with jax.enable_x64(True):
        log_sigma = np.array(log_spectrum(_drawn(seed), setting))
    log_sigma.flags.writeable = False
    return log_sigma


def _index(name: str, names: tuple[str, ...], what: str) -> int:
    if name not in names:
        raise ValueError(f"There is no {what} {name!r}: choose one of {', '.join(names)}.")
    return names.index(name)
