"""Layers and their initialisations."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.nets.layers import Layer, apply, forward, gaussian, orthogonal, stack


@pytest.mark.parametrize("shape", [(64, 64), (10, 200), (200, 10)])
@pytest.mark.parametrize("sigma_w", [0.5, 1.0, 2.0])
def test_gaussian_weights_have_variance_sigma_w_squared_over_fan_in(shape, sigma_w):
    W = jax.vmap(lambda k: gaussian(k, *shape, sigma_w))(jax.random.split(jax.random.key(0), 40))
    assert W.shape == (40, *shape)
    assert float(W.mean()) == pytest.approx(0, abs=4 * sigma_w / np.sqrt(shape[1] * W.size))
    assert float(W.var()) == pytest.approx(sigma_w**2 / shape[1], rel=0.05)


@given(st.integers(0, 2**31 - 1), st.sampled_from([(8, 8), (3, 9), (9, 3)]), st.sampled_from([0.5, 1.0, 1.7]))
@settings(deadline=None, max_examples=20)
def test_every_singular_value_of_orthogonal_weights_is_sigma_w(seed, shape, sigma_w):
    W = orthogonal(jax.random.key(seed), *shape, sigma_w)
    assert W.shape == shape
    assert np.allclose(np.linalg.svd(np.asarray(W, float), compute_uv=False), sigma_w, atol=1e-5)


@pytest.mark.parametrize("init", ["gaussian", "orthogonal"])
def test_the_layers_of_a_stack_differ_and_follow_their_key(init):
    layers = stack(jax.random.key(0), 5, 6, 1.0, init)
    assert layers.W.shape == (5, 6, 6) and layers.b.shape == (5, 6) and not layers.b.any()
    assert len({np.asarray(W).tobytes() for W in layers.W}) == 5
    assert np.array_equal(layers.W, stack(jax.random.key(0), 5, 6, 1.0, init).W)
    assert not np.array_equal(layers.W, stack(jax.random.key(1), 5, 6, 1.0, init).W)


def test_forward_is_apply_again_and_again():
    layers = Layer(stack(jax.random.key(0), 4, 6).W, jax.random.normal(jax.random.key(1), (4, 6)))
    x = h = jnp.arange(6.0)
    out, hs = forward(layers, x, jnp.tanh)
    for i in range(4):
        h = apply(Layer(layers.W[i], layers.b[i]), h, jnp.tanh)
        assert np.allclose(hs[i], h, atol=1e-6)
    assert np.array_equal(out, hs[-1])
