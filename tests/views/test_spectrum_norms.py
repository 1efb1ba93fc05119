"""The spectrum with norms: each layer's Jacobian by automatic differentiation, the product in more digits, one compilation."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from test_spectrum_oracle import EXTENDED, SLOPES, VALUES, by_jacobi_rotations, converted, singular_values_in_digits

from course.nets import norms
from course.nets.layers import ACTIVATIONS
from course.nets.spectrum import (
    BATCH,
    INIT_NAMES,
    MAX_DEPTH,
    NORMS,
    PHIS,
    RESOLUTION,
    WIDTH,
    Setting,
    draw,
    layer_jacobians,
    log_spectrum,
    spectrum,
)
from course.views import spectrum_explorer
from course.views.spectrum import NOTES


def setting(phi, norm, sigma_w, residual, init="gaussian"):
    return Setting(
        PHIS.index(phi), INIT_NAMES.index(init), sigma_w, float(residual), branch=1.0, norm=NORMS.index(norm)
    )


def one_layer(norm, Z, phi, residual):
    """h ↦ φ(norm(W h)) of one example; BatchNorm by the statistics of the table Z, as when a net is used."""
    d = Z.shape[1]
    one, zero = jnp.ones(d), jnp.zeros(d)
    apply = {
        "none": lambda z: z,
        "batch": lambda z: norms.batch_norm_eval(z[None], one, zero, norms.Running(Z.mean(0), Z.var(0)))[0],
        "layer": lambda z: norms.layer_norm(z, one, zero),
        "rms": lambda z: norms.rms_norm(z, one),
    }[norm]
    return lambda h, W: ACTIVATIONS[phi](apply(W @ h)) + (h if residual else 0 * h)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("phi", "residual"), [("tanh", False), ("relu", True), ("sigmoid", True)])
def test_every_layers_jacobian_is_what_jacfwd_says(norm, phi, residual):
    with jax.enable_x64(True):
        net = draw(3, depth=6, width=8, batch=5)
        got = layer_jacobians(net, setting(phi, norm, 1.3, residual))
        H = jnp.concatenate([net.x[None], net.others])
        for W, J in zip(1.3 * net.W[0], got, strict=True):
            step = one_layer(norm, H @ W.T, phi, residual)
            np.testing.assert_allclose(J, jax.jacfwd(step)(H[0], W), atol=1e-12)
            H = jax.vmap(step, in_axes=(0, None))(H, W)


def test_without_a_norm_nothing_has_changed_and_the_batch_plays_no_part():
    with jax.enable_x64(True):
        net = draw(0, depth=5, width=8)
        alone = net._replace(others=net.others * 100)
        for norm in ("none", "layer", "rms"):
            np.testing.assert_array_equal(
                *(layer_jacobians(n, setting("tanh", norm, 1.0, False)) for n in (net, alone))
            )
        batch = [layer_jacobians(n, setting("tanh", "batch", 1.0, False)) for n in (net, alone)]
        assert np.abs(batch[0] - batch[1]).max() > 0.1


def normed(norm, Z, number):
    """norm(Z) and the norm's Jacobian at its first row, entry by entry in the arithmetic of `number`."""
    n, d = Z.shape
    eps, one = number(norms.EPS), number(1)
    eye = one * np.eye(d, dtype=int)
    sqrt = np.sqrt if number is np.longdouble else np.vectorize(mpmath.sqrt, [object])
    if norm == "batch":
        mean = Z.sum(0) / n
        s = sqrt(((Z - mean) ** 2).sum(0) / n + eps)
        return (Z - mean) / s, eye / s[:, None]
    mean = Z.sum(1, keepdims=True) / d if norm == "layer" else 0 * Z[:, :1]
    s = sqrt(((Z - mean) ** 2).sum(1, keepdims=True) / d + eps)
    c, s0 = (Z - mean)[0], s[0, 0]
    centring = eye - (one / d if norm == "layer" else 0 * one)
    return (Z - mean) / s, centring / s0 - np.outer(c, c) / (d * s0**3)


def jacobians(W, H, phi, norm, sigma_w, residual, number):
    """Every J^ℓ, by a loop over layers in the arithmetic of `number`, for a table H whose first row is the input."""
    one, H = number(1), converted(H, number)
    for layer in W:
        matrix = converted(layer, number) * number(float(sigma_w))
        Y, N = normed(norm, H @ matrix.T, number)
        J = SLOPES[phi](Y[0], one)[:, None] * (N @ matrix)
        H = np.stack([VALUES[phi](y, one) for y in Y]) + (H if residual else 0 * H)
        yield J + one * np.eye(H.shape[1], dtype=int) if residual else J


def drawn(seed, width=WIDTH, batch=BATCH):
    with jax.enable_x64(True):
        net = draw(seed, MAX_DEPTH, width, batch)
        return net, np.asarray(net.W), np.concatenate([net.x[None], net.others])


def agree(ours, exact):
    known = np.isfinite(ours)
    assert known[0]
    np.testing.assert_allclose(ours[known], exact[known], atol=0.01)
    assert np.all(exact[~known] < exact[0] + np.log10(RESOLUTION) + 0.01)


@pytest.mark.skipif(not EXTENDED, reason="long double is float64 on this machine; the 160-digit test still runs")
@pytest.mark.parametrize("norm", NORMS[1:])
@pytest.mark.parametrize(
    ("phi", "init", "sigma_w", "residual"),
    [("tanh", "gaussian", 0.2, False), ("relu", "orthogonal", 3.0, True), ("sigmoid", "gaussian", 1.7, False)],
)
def test_what_is_known_agrees_with_long_double_and_jacobi_rotations(norm, phi, init, sigma_w, residual):
    _, W, H = drawn(0)
    product, log_scale, found = np.eye(WIDTH, dtype=np.longdouble), np.longdouble(0), {}
    all_J = jacobians(W[INIT_NAMES.index(init)], H, phi, norm, sigma_w, residual, np.longdouble)
    for depth, J in enumerate(all_J, 1):
        product = J @ product
        size = np.sqrt((product**2).sum())
        product, log_scale = product / size, log_scale + np.log10(size)
        if depth in (9, 64):
            with np.errstate(divide="ignore"):
                found[depth] = np.asarray(np.log10(by_jacobi_rotations(product)) + log_scale, np.float64)
    got = spectrum(phi, init, sigma_w, residual, norm=norm)
    for depth, exact in found.items():
        agree(got[depth - 1], exact)


@pytest.mark.parametrize(
    ("norm", "phi", "residual"), [("layer", "tanh", False), ("rms", "relu", True), ("batch", "sigmoid", False)]
)
def test_sixty_four_normed_layers_agree_with_160_digits(norm, phi, residual, monkeypatch):
    digits, width, batch = 160, 6, 4
    net, W, H = drawn(5, width, batch)
    values = {"tanh": mpmath.tanh, "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z))}
    slopes = {"tanh": lambda z: mpmath.sech(z) ** 2, "sigmoid": lambda z: mpmath.sech(z / 2) ** 2 / 4}
    for known, exact in ((VALUES, values), (SLOPES, slopes)):
        for name, f in exact.items():
            monkeypatch.setitem(known, name, lambda z, one, f=f: np.array([f(v) for v in z]))
    with mpmath.workdps(digits):
        exact = singular_values_in_digits(list(jacobians(W[0], H, phi, norm, 1.3, residual, mpmath.mpf)), digits)
    with jax.enable_x64(True):
        ours = np.asarray(log_spectrum(net, setting(phi, norm, 1.3, residual)))[-1]
    agree(ours, exact)


@pytest.mark.parametrize("norm", NORMS[1:])
def test_with_a_norm_the_spectrum_forgets_the_weights_scale(norm):
    """Exactly only as ε → 0: at σ_w = 1 and 3 the variance is far above ε, and below 10⁻³ decades of the scale are left."""
    first, second = (spectrum("relu", "gaussian", sigma_w, norm=norm)[:20, :8] for sigma_w in (1.0, 3.0))
    np.testing.assert_allclose(first, second, atol=1e-3)
    assert abs(spectrum("relu", "gaussian", 3.0)[19, 0] - spectrum("relu", "gaussian", 1.0)[19, 0]) > 5


def test_layer_norm_loses_two_directions_at_once_and_rms_norm_one():
    first = {norm: spectrum("linear", "orthogonal", 1.0, norm=norm)[0] for norm in ("layer", "rms", "batch")}
    lost = {norm: int(np.sum(~(log_sigma > -3))) for norm, log_sigma in first.items()}  # NaN: too small to be known
    assert lost == {"layer": 2, "rms": 1, "batch": 0}


def test_every_norm_is_served_by_one_compilation():
    spectrum()
    before = log_spectrum._cache_size()
    for phi, norm, init, residual in itertools.product(PHIS, NORMS, INIT_NAMES, (False, True)):
        spectrum(phi, init, 1.7, residual, seed=1, norm=norm)
    assert log_spectrum._cache_size() == before


def test_a_norm_it_does_not_know_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no norm 'group': choose one of none, batch, layer, rms"):
        spectrum(norm="group")


def test_the_explorer_asks_for_the_norm_and_says_what_batch_norms_jacobian_is():
    explorer = spectrum_explorer(depth=10, phi="relu", norm="layer")
    np.testing.assert_array_equal(explorer.log_sigma, spectrum("relu", norm="layer"))
    assert "LayerNorm" in explorer.net and "held fixed" not in explorer.alt
    explorer.handle({"seq": 1, "norm": "batch"})
    assert explorer.answer["settings"]["norm"] == "batch"
    assert NOTES["batch"] in explorer.alt and "held fixed" in NOTES["batch"] and str(BATCH) in NOTES["batch"]
    assert "BatchNorm" in explorer.figure().axes[0].get_title()
