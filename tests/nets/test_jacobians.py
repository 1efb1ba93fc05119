"""Jacobians against oracles: NumPy's float64 finite differences, JAX's own, and algebra that must hold."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.nets.jacobians import (
    jacobians,
    jvp_chain,
    layer_jacobian,
    net_jacobian,
    ordered_product,
    slope,
    stretch,
    vjp_chain,
)
from course.nets.layers import ACTIVATIONS, Layer, forward, stack

# φ and φ′ written out in NumPy: nothing here comes from the code under test.
PHI = {
    "linear": lambda z: z,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
SLOPE = {
    "linear": np.ones_like,
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: (z > 0).astype(float),
    "sigmoid": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
}

names = st.sampled_from(sorted(ACTIVATIONS))
seeds = st.integers(0, 2**31 - 1)
depths = st.sampled_from([1, 6])  # few shapes, because each one compiles
widths = st.sampled_from([1, 5])


def a_net(seed: int, depth: int, width: int) -> tuple[Layer, jax.Array]:
    """A stack with biases that are not zero (so that none can be forgotten unseen), and an input."""
    for_W, for_b, for_x = jax.random.split(jax.random.key(seed), 3)
    layers = stack(for_W, depth, width, 1.2)
    b = 0.3 * jax.random.normal(for_b, layers.b.shape)
    return Layer(layers.W, b), jax.random.normal(for_x, (width,))


def numpy_net(layers: Layer, x: np.ndarray, name: str) -> np.ndarray:
    """h^L in NumPy and float64."""
    h = np.asarray(x, float)
    for W, b in zip(np.asarray(layers.W, float), np.asarray(layers.b, float), strict=True):
        h = PHI[name](W @ h + b)
    return h


def central_differences(f, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    return np.stack([(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(len(x))], axis=1)


def close(a, b, share: float = 2e-4) -> bool:
    """Equal to `share` of the largest entry: the honest accuracy of a float32 product of several matrices."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and np.abs(a - b).max() <= share * max(np.abs(b).max(), 1e-30)


@given(names, st.floats(-8, 8, width=32).filter(lambda z: abs(z) > 1e-3))
@settings(deadline=None, max_examples=60)
def test_slope_is_the_derivative(name, z):
    assert np.isclose(float(slope(ACTIVATIONS[name], jnp.float32(z))), SLOPE[name](np.float64(z)), rtol=1e-4, atol=1e-6)


def test_slopes_keep_their_shape_and_peak_where_the_lesson_says():
    z = jnp.linspace(-6, 6, 601).reshape(1, 601)
    for name, peak in [("sigmoid", 0.25), ("tanh", 1.0)]:
        values = slope(ACTIVATIONS[name], z)
        assert values.shape == z.shape
        assert float(values.max()) == pytest.approx(peak, abs=1e-6)
        assert float(z.ravel()[values.argmax()]) == pytest.approx(0, abs=1e-5)


@given(names, seeds, st.sampled_from([(2, 3), (4, 4), (7, 1)]))
@settings(deadline=None, max_examples=30)
def test_layer_jacobian_is_slopes_times_rows(name, seed, shape):
    d_out, d_in = shape
    rng = np.random.default_rng(seed)
    W, b, h = rng.normal(size=shape), rng.normal(size=d_out), rng.normal(size=d_in)
    layer = Layer(jnp.array(W, jnp.float32), jnp.array(b, jnp.float32))
    J = layer_jacobian(layer, jnp.array(h, jnp.float32), ACTIVATIONS[name])
    assert close(J, np.diag(SLOPE[name](W @ h + b)) @ W, 1e-3)


def test_a_jacobian_is_taken_at_z_and_scales_rows():
    """The three ways to get it wrong each give another matrix here."""
    rng = np.random.default_rng(1)
    W, b, h = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)
    z = W @ h + b
    J = layer_jacobian(Layer(jnp.array(W, jnp.float32), jnp.array(b, jnp.float32)), jnp.array(h, jnp.float32), jnp.tanh)
    assert close(J, np.diag(SLOPE["tanh"](z)) @ W)
    for wrong in (
        W @ np.diag(SLOPE["tanh"](z)),
        np.diag(SLOPE["tanh"](np.tanh(z))) @ W,
        np.diag(np.tanh(z)) @ W,
    ):
        assert not close(J, wrong, 1e-2)


@given(names, seeds, depths, widths)
@settings(deadline=None, max_examples=20)
def test_the_ordered_product_is_the_nets_jacobian(name, seed, depth, width):
    (layers, x), phi = a_net(seed, depth, width), ACTIVATIONS[name]
    product = ordered_product(jacobians(layers, x, phi))
    assert close(product, net_jacobian(layers, x, phi, "reverse"))
    assert close(product, net_jacobian(layers, x, phi, "forward"))


@given(names.filter(lambda n: n != "relu"), seeds, depths)
@settings(deadline=None, max_examples=20)
def test_the_nets_jacobian_is_what_finite_differences_see(name, seed, depth):
    layers, x = a_net(seed, depth, 5)
    seen = central_differences(lambda x: numpy_net(layers, x, name), np.asarray(x, float))
    assert close(net_jacobian(layers, x, ACTIVATIONS[name]), seen, 2e-3)


def test_the_first_layer_stands_rightmost():
    Js = jnp.array(np.random.default_rng(0).normal(size=(3, 4, 4)), jnp.float32)
    J1, J2, J3 = np.asarray(Js, float)
    assert close(ordered_product(Js), J3 @ J2 @ J1)
    assert not close(ordered_product(Js), J1 @ J2 @ J3, 1e-2)


@given(names, seeds, depths, widths)
@settings(deadline=None, max_examples=20)
def test_chains_give_the_products_columns_and_rows(name, seed, depth, width):
    (layers, x), phi = a_net(seed, depth, width), ACTIVATIONS[name]
    Js = np.asarray(jacobians(layers, x, phi), float)
    product = np.linalg.multi_dot([np.eye(width), *Js[::-1], np.eye(width)])
    v, u = jax.random.normal(jax.random.key(seed), (2, width))

    out, nudges = jvp_chain(layers, x, v, phi)
    assert close(out, product @ np.asarray(v, float), 1e-3)
    assert close(nudges[0], Js[0] @ np.asarray(v, float), 1e-3)
    assert np.array_equal(nudges[-1], out)

    down, gradients = vjp_chain(layers, x, u, phi)
    assert close(down, np.asarray(u, float) @ product, 1e-3)
    assert close(gradients[-1], np.asarray(u, float) @ Js[-1], 1e-3)
    assert np.array_equal(gradients[0], down)
    # one number, met from both ends: u·(J v) = (uᵀJ)·v
    scale = np.linalg.norm(product) * np.linalg.norm(u) * np.linalg.norm(v)
    assert abs(float(u @ out) - float(down @ v)) <= 1e-4 * scale + 1e-30


def test_each_link_of_the_vjp_chain_is_the_gradient_at_that_layer():
    layers, x = a_net(4, 6, 5)
    u = jnp.ones(5)
    _, gradients = vjp_chain(layers, x, u, jnp.tanh)
    hs = jnp.concatenate([x[None], forward(layers, x, jnp.tanh)[1]])
    for below in range(6):
        rest = jax.tree.map(lambda a, below=below: a[below:], layers)
        wanted = jax.grad(lambda h, rest=rest: u @ forward(rest, h, jnp.tanh)[0])(hs[below])
        assert close(gradients[below], wanted)


@given(names, seeds, depths, widths, st.floats(0.3, 3.0))
@settings(deadline=None, max_examples=20)
def test_the_product_of_norms_is_never_less_than_the_norm_of_the_product(name, seed, depth, width, scale):
    layers, x = a_net(seed, depth, width)
    Js = scale * jacobians(layers, x, ACTIVATIONS[name])
    actual, bound = stretch(Js)
    assert np.all(np.asarray(bound) >= np.asarray(actual) * (1 - 1e-4))
    norms = [np.linalg.norm(J, 2) for J in np.asarray(Js, float)]
    assert np.allclose(bound, np.cumprod(norms), rtol=1e-3, atol=1e-30)


def test_norms_multiply_exactly_when_singular_directions_line_up():
    rng = np.random.default_rng(0)
    bases = [np.linalg.qr(rng.normal(size=(6, 6)))[0] for _ in range(5)]
    sizes = np.sort(rng.uniform(0.2, 1.5, size=(4, 6)), axis=1)[:, ::-1]
    lined_up = [bases[i + 1] @ np.diag(sizes[i]) @ bases[i].T for i in range(4)]  # hands its strongest on as strongest
    actual, bound = stretch(jnp.array(np.stack(lined_up), jnp.float32))
    assert np.allclose(actual, bound, rtol=1e-4)
    crossed = [bases[i + 1] @ np.diag(sizes[i][:: (-1) ** i]) @ bases[i].T for i in range(4)]
    actual, bound = stretch(jnp.array(np.stack(crossed), jnp.float32))
    assert np.all(np.asarray(actual)[1:] < 0.9 * np.asarray(bound)[1:])


def test_depth_is_a_loop_and_not_a_copy():
    sizes = set()
    for depth in (2, 40):
        layers, x = a_net(0, depth, 4)
        jaxpr = jax.make_jaxpr(lambda layers, x: vjp_chain(layers, x, x, jnp.tanh))(layers, x)
        sizes.add(len(str(jaxpr).splitlines()))
    assert len(sizes) == 1
