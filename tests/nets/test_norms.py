"""The norms against NumPy by hand, `jax.nn.standardize`, finite differences and what ε predicts."""

from __future__ import annotations

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from course.nets import counts
from course.nets.norms import (
    KINDS,
    Running,
    batch_norm,
    batch_norm_eval,
    fresh,
    layer_norm,
    normalize,
    rms_norm,
    scale_deviation,
    update_running,
)


def case(seed: int, n: int, d: int, offset: float = 3.0) -> tuple[jax.Array, jax.Array, jax.Array]:
    """x, γ and β; nothing in them is 0 or 1, so that none can be forgotten unseen."""
    rng = np.random.default_rng(seed)
    x = offset + 2 * rng.normal(size=(n, d))
    return tuple(jnp.array(a, jnp.float32) for a in (x, 1.5 + rng.random(d), rng.normal(size=d) - 2))  # type: ignore[return-value]


sizes = st.sampled_from([(1, 4), (2, 3), (6, 1), (5, 4)])


@given(st.integers(0, 10**6), sizes, st.sampled_from([1e-5, 0.5]))
@settings(deadline=None, max_examples=12)
def test_each_norm_number_by_number(seed, size, eps):
    (n, d) = size
    x, gamma, beta = case(seed, n, d)
    X, G, B = (np.asarray(a, np.float64) for a in (x, gamma, beta))
    batch, layer, rms = (np.zeros((n, d)) for _ in range(3))
    for a in range(n):
        for i in range(d):
            mean = sum(X[m, i] for m in range(n)) / n
            var = sum((X[m, i] - mean) ** 2 for m in range(n)) / n
            batch[a, i] = G[i] * (X[a, i] - mean) / (var + eps) ** 0.5 + B[i]
            mean = sum(X[a, j] for j in range(d)) / d
            var = sum((X[a, j] - mean) ** 2 for j in range(d)) / d
            layer[a, i] = G[i] * (X[a, i] - mean) / (var + eps) ** 0.5 + B[i]
            rms[a, i] = G[i] * X[a, i] / (sum(X[a, j] ** 2 for j in range(d)) / d + eps) ** 0.5
    assert np.allclose(batch_norm(x, gamma, beta, eps), batch, atol=2e-3)
    assert np.allclose(layer_norm(x, gamma, beta, eps), layer, atol=2e-3)
    assert np.allclose(rms_norm(x, gamma, eps), rms, atol=1e-4)


def test_jax_standardizes_as_we_do():
    x, gamma, beta = case(0, 6, 5)
    assert np.allclose(batch_norm(x, gamma, beta), gamma * jax.nn.standardize(x, 0, epsilon=1e-5) + beta, atol=1e-4)
    assert np.allclose(layer_norm(x, gamma, beta), gamma * jax.nn.standardize(x, -1, epsilon=1e-5) + beta, atol=1e-4)


def test_epsilon_stands_inside_the_root():
    x, one, zero = jnp.array([[1.0, -1.0]]), jnp.ones(2), jnp.zeros(2)
    for y in (layer_norm(x, one, zero, 3.0), rms_norm(x, one, 3.0), batch_norm(x.T, one[:1], zero[:1], 3.0).T):
        assert np.allclose(y, [[0.5, -0.5]])  # 1/√(1 + 3); outside, 1/(1 + 3) or 1/(1 + √3)


def test_feature_maps_are_normalized_channel_by_channel_over_examples_and_positions():
    rng = np.random.default_rng(1)
    x = jnp.array(rng.normal(size=(4, 3, 5, 2)), jnp.float32)
    _, gamma, beta = case(1, 1, 3)
    rows = jnp.moveaxis(x, 1, -1).reshape(-1, 3)
    back = lambda rows: jnp.moveaxis(rows.reshape(4, 5, 2, 3), -1, 1)
    assert np.allclose(batch_norm(x, gamma, beta), back(batch_norm(rows, gamma, beta)), atol=1e-4)
    ours, theirs = update_running(fresh(3), x, 0.3), update_running(fresh(3), rows, 0.3)
    assert np.allclose(ours.mean, theirs.mean, atol=1e-6) and np.allclose(ours.var, theirs.var, atol=1e-6)
    assert np.allclose(
        batch_norm_eval(x, gamma, beta, ours), back(batch_norm_eval(rows, gamma, beta, theirs)), atol=1e-4
    )


def test_running_statistics_are_pytorchs():
    """Values that torch.nn.BatchNorm1d(2) computes: momentum weighs the new batch, and its variance is unbiased."""
    x = jnp.array([[1.0, 10.0], [3.0, 10.0], [8.0, 40.0]])
    running = update_running(fresh(2), x)
    assert np.allclose(running.mean, [0.1 * 4, 0.1 * 20])
    assert np.allclose(running.var, [0.9 + 0.1 * 13, 0.9 + 0.1 * 300])
    again = update_running(running, x, 0.5)
    assert np.allclose(again.mean, [0.5 * 0.4 + 2, 0.5 * 2 + 10])
    assert np.allclose(again.var, [0.5 * 2.2 + 6.5, 0.5 * 30.9 + 150])


def test_one_number_has_no_variance_to_remember():
    running = update_running(Running(jnp.zeros(2), jnp.array([4.0, 9.0])), jnp.array([[5.0, 6.0]]))
    assert np.allclose(running.mean, [0.5, 0.6]) and np.array_equal(running.var, [4, 9])


def test_running_statistics_settle_on_those_of_the_batch():
    x, gamma, beta = case(2, 50, 4)
    running = jax.lax.fori_loop(0, 200, lambda _, r: update_running(r, x), fresh(4))
    assert np.allclose(running.mean, x.mean(0), atol=1e-4)
    assert np.allclose(running.var, np.var(np.asarray(x), axis=0, ddof=1), rtol=1e-4)
    # Used on the same batch they differ from training by n/(n − 1) under the root, and by nothing else.
    used = batch_norm_eval(x, gamma, beta, running._replace(var=running.var * 49 / 50))
    assert np.allclose(used, batch_norm(x, gamma, beta), atol=1e-3)


def test_batch_norm_needs_the_batch_and_the_others_do_not():
    x, gamma, beta = case(3, 4, 5)
    other = x.at[1].add(7.0)
    assert not np.allclose(batch_norm(x, gamma, beta)[0], batch_norm(other, gamma, beta)[0], atol=0.1)
    assert np.array_equal(layer_norm(x, gamma, beta)[0], layer_norm(other, gamma, beta)[0])
    assert np.array_equal(rms_norm(x, gamma)[0], rms_norm(other, gamma)[0])
    running = Running(jnp.ones(5), jnp.full(5, 2.0))
    assert np.array_equal(batch_norm_eval(x, gamma, beta, running)[0], batch_norm_eval(other, gamma, beta, running)[0])
    assert np.allclose(batch_norm(x[:1], gamma, beta)[0], beta, atol=1e-5)  # a batch of one has no spread


def test_a_batch_of_two_is_reduced_to_signs():
    x, _, _ = case(4, 2, 9)
    assert np.allclose(np.abs(normalize("batch")(x)), 1, atol=1e-3)


@pytest.mark.parametrize("kind", ["batch", "layer", "rms"])
def test_gradients_agree_with_finite_differences(kind):
    x, gamma, beta = case(5, 4, 3)
    norm = {"batch": batch_norm, "layer": layer_norm, "rms": lambda x, gamma, beta: rms_norm(x, gamma) + beta}[kind]
    f = jax.jit(lambda *arrays: norm(*map(jnp.asarray, arrays)))
    check_grads(f, (x, gamma, beta), order=1, modes=["rev"], atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_they_run_under_jit_and_vmap(kind):
    x = jnp.stack([case(seed, 4, 3)[0] for seed in range(3)])
    assert np.allclose(jax.jit(jax.vmap(normalize(kind)))(x)[2], normalize(kind)(x[2]), atol=1e-4)


@pytest.mark.parametrize("kind", ["batch", "layer", "rms"])
def test_as_many_parameters_as_the_counter_says(kind):
    gamma, beta = jnp.ones(64), jnp.zeros(64)
    taken = {"batch": (gamma, beta), "layer": (gamma, beta), "rms": (gamma,)}[kind]
    table = counts.count((64,), [counts.Norm(kind)])
    assert sum(p.size for p in taken) == table.parameters
    assert table.buffers == (sum(r.size for r in fresh(64)) if kind == "batch" else 0)


def test_the_constant_that_epsilon_predicts_is_all_that_scaling_changes():
    @given(
        st.sampled_from(["batch", "layer", "rms"]),
        st.integers(0, 10**6),
        st.sampled_from([1e-3, 0.1, 0.5, 1.0, 10.0, 1e4]),
        st.sampled_from([1.0, -1.0]),
        st.sampled_from([1e-8, 1e-5, 1e-2]),
    )
    @settings(deadline=None, max_examples=40)
    def scaled(kind, seed, scale, sign, eps):
        x = np.random.default_rng(seed).normal(size=(4, 6)) * 0.7
        axis = {"batch": 0, "layer": 1, "rms": 1}[kind]
        power = (x**2).mean(axis, keepdims=True) if kind == "rms" else x.var(axis, keepdims=True)
        norm = normalize(kind, eps)
        y, scaled = norm(jnp.asarray(x)), norm(sign * scale * jnp.asarray(x))
        predicted = scale_deviation(jnp.asarray(power), sign * scale, eps)
        assert np.allclose(scaled, sign * (1 + predicted) * y, rtol=1e-11, atol=1e-13)

    with jax.enable_x64(True):
        scaled()


def test_the_deviation_is_what_mpmath_says_also_where_it_is_tiny():
    import mpmath as mp

    mp.mp.dps = 40
    for power, scale, eps in ((0.5, 3.0, 1e-5), (2.0, 1e-2, 1e-5), (1.0, 1e3, 1e-8), (1e-4, 7.0, 1e-5)):
        exact = mp.sqrt((mp.mpf(power) + eps) / (mp.mpf(power) + mp.mpf(eps) / mp.mpf(scale) ** 2)) - 1
        assert float(scale_deviation(power, scale, eps)) == pytest.approx(float(exact), rel=1e-5)
    assert float(scale_deviation(1.0, 5.0, 0.0)) == 0 == float(scale_deviation(1.0, -1.0, 0.1))
    assert float(scale_deviation(1.0, 10.0)) == pytest.approx(1e-5 / 2 * (1 - 1e-2), rel=1e-3)


def test_layer_norm_ignores_a_constant_and_rms_norm_does_not():
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6)))
        for eps in (1e-8, 0.3):
            assert np.allclose(normalize("layer", eps)(x + 5.0), normalize("layer", eps)(x), atol=1e-12)
        assert np.abs(normalize("rms")(x + 5.0) - normalize("rms")(x)).max() > 0.5


def test_a_constant_for_each_feature_is_what_batch_norm_ignores():
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6)))
        offset = jnp.arange(6.0)
        assert np.allclose(normalize("batch")(x + offset), normalize("batch")(x), atol=1e-12)
        assert np.abs(normalize("layer")(x + offset) - normalize("layer")(x)).max() > 0.5


def test_an_unknown_norm_is_refused():
    code = "from course.nets.norms import normalize\ntry: normalize('group')\nexcept ValueError as e: print(e)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "There is no norm 'group': choose one of none, batch, layer, rms."
