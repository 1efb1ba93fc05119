"""Over the whole range of the sliders the spectrum agrees with other algorithms in more digits, or is unknown."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from course.nets.layers import ACTIVATIONS, INITS
from course.nets.spectrum import (
    INIT_NAMES,
    MAX_DEPTH,
    PHIS,
    RESOLUTION,
    WIDTH,
    Setting,
    draw,
    log_singular_values,
    log_spectrum,
    spectrum,
)

SLOPES = {
    "linear": lambda z, one: np.broadcast_to(one, z.shape),
    "tanh": lambda z, one: one / np.cosh(z) ** 2,
    "relu": lambda z, one: np.where(z > 0, one, 0 * one),
    "sigmoid": lambda z, one: one / (2 * np.cosh(z / 2)) ** 2,
}
VALUES = {
    "linear": lambda z, one: z,
    "tanh": lambda z, one: np.tanh(z),
    "relu": lambda z, one: np.where(z > 0, z, 0 * z),
    "sigmoid": lambda z, one: one / (one + np.exp(-z)),
}
EXTENDED = np.finfo(np.longdouble).eps < 1e-18
"""Whether this machine's long double has more digits than float64 (x86 has, an Apple M does not)."""


def drawn(seed=0, depth=MAX_DEPTH, width=WIDTH):
    with jax.enable_x64(True):
        net = draw(seed, depth, width)
        return np.asarray(net.W), np.asarray(net.x)


def converted(array, number):
    return (
        array.astype(number) if number is np.longdouble else np.vectorize(lambda v: number(float(v)), [object])(array)
    )


def jacobians(W, x, phi, sigma_w, residual, number):
    """Every J^ℓ, by a loop over layers in the arithmetic of `number`."""
    one, scale = number(1), number(float(sigma_w))
    h = converted(x, number)
    for layer in W:
        matrix = converted(layer, number) * scale
        z = matrix @ h
        J = SLOPES[phi](z, one)[:, None] * matrix
        h = VALUES[phi](z, one) + (h if residual else 0 * h)
        yield J + one * np.eye(len(x), dtype=int) if residual else J


def by_jacobi_rotations(A):
    """Singular values, largest first, by one-sided Jacobi in the dtype of A: no bidiagonalisation as in LAPACK."""
    # A turn that brings the columns near the answer, so that few sweeps are left. It is orthogonal to rounding
    # only, which moves each σ by about 1e-15 of itself (Ostrowski), however small it is.
    A = A @ np.linalg.svd(A.astype(np.float64))[2].T.astype(A.dtype)
    n = A.shape[1]
    order = np.arange(n)
    tiny, norm = np.finfo(A.dtype).eps / 2, np.sqrt((A * A).sum())
    for _ in range(40):
        worst = 0.0
        for _ in range(n - 1):  # each pair of columns once, n/2 pairs at a time
            p, q = order[: n // 2], order[n // 2 :][::-1]
            a, b = A[:, p], A[:, q]
            aa, bb, ab = (a * a).sum(0), (b * b).sum(0), (a * b).sum(0)
            size = np.sqrt(aa * bb)
            real = np.minimum(aa, bb) > (tiny * norm) ** 2  # what is smaller is this arithmetic's own rounding
            slant = np.where(real, np.abs(ab) / np.where(real, size, 1), 0)
            worst = max(worst, float(slant.max()))
            turn = slant > tiny
            zeta = (bb - aa) / np.where(turn, 2 * ab, 1)
            t = np.where(turn, np.where(zeta >= 0, 1, -1) / (np.abs(zeta) + np.sqrt(1 + zeta**2)), 0)
            c = 1 / np.sqrt(1 + t * t)
            A[:, p], A[:, q] = c * a - c * t * b, c * t * a + c * b
            order = np.concatenate([order[:1], order[-1:], order[1:-1]])
        if worst < 8 * tiny:
            break
    return -np.sort(-np.sqrt((A * A).sum(0)))


def log_sigma_extended(phi, init, sigma_w, residual, depths, seed=0):
    """log10 σ at the depths asked for, all of it in long double: forward pass, product, decomposition."""
    W, x = drawn(seed)
    product, log_scale, found = np.eye(WIDTH, dtype=np.longdouble), np.longdouble(0), {}
    for depth, J in enumerate(jacobians(W[INIT_NAMES.index(init)], x, phi, sigma_w, residual, np.longdouble), 1):
        product = J @ product
        norm = np.sqrt((product**2).sum())
        product, log_scale = product / norm, log_scale + np.log10(norm)
        if depth in depths:
            with np.errstate(divide="ignore"):
                found[depth] = np.asarray(np.log10(by_jacobi_rotations(product)) + log_scale, np.float64)
    return found


def test_the_loop_knows_the_same_activations():
    assert set(SLOPES) == set(PHIS) == set(ACTIVATIONS)
    assert tuple(INITS) == INIT_NAMES


CORNERS = list(itertools.product(PHIS, INIT_NAMES, (0.2, 3.0), (False, True)))
BETWEEN = [
    ("tanh", "gaussian", 1.0, False),
    ("tanh", "orthogonal", 1.33, False),
    ("relu", "gaussian", 1.41, False),
    ("relu", "orthogonal", 0.9, True),
    ("sigmoid", "gaussian", 1.7, False),
    ("linear", "gaussian", 1.0, False),
]


@pytest.mark.skipif(not EXTENDED, reason="long double is float64 on this machine; the 160-digit test still runs")
@pytest.mark.parametrize(("phi", "init", "sigma_w", "residual"), CORNERS + BETWEEN)
def test_what_is_known_agrees_with_long_double_and_jacobi_rotations(phi, init, sigma_w, residual):
    depths = (9, 64)
    oracle = log_sigma_extended(phi, init, sigma_w, residual, depths)
    got = spectrum(phi, init, sigma_w, residual)
    for depth in depths:
        ours, theirs = got[depth - 1], oracle[depth]
        known = np.isfinite(ours)
        assert np.max(np.abs(ours - theirs)[known]) < 0.01
        # Unknown is said only of what lies at the floor or below it, never of what could be told.
        assert np.all(theirs[~known] < theirs[0] + np.log10(RESOLUTION) + 0.01)
        assert known[0]


def singular_values_in_digits(J_all, digits):
    """log10 σ of the whole product with mpmath, in so many digits that no tail is lost."""
    product = mpmath.eye(J_all[0].shape[0])
    for J in J_all:
        product = mpmath.matrix(J.tolist()) * product
    values = mpmath.svd_r(product, compute_uv=False)
    return np.array([float(mpmath.log10(v)) if v > mpmath.mpf(10) ** -(digits - 20) else -np.inf for v in values])


@pytest.mark.parametrize(
    ("phi", "init", "sigma_w", "residual"),
    [
        ("sigmoid", "gaussian", 0.2, False),
        ("tanh", "gaussian", 3.0, False),
        ("relu", "gaussian", 3.0, True),
        ("linear", "orthogonal", 3.0, True),
        ("tanh", "orthogonal", 1.0, False),
    ],
)
def test_sixty_four_layers_agree_with_160_digits(phi, init, sigma_w, residual, monkeypatch):
    digits, width = 160, 8
    W, x = drawn(seed=5, width=width)
    W = W[INIT_NAMES.index(init)]
    values = {"tanh": mpmath.tanh, "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z))}
    slopes = {"tanh": lambda z: mpmath.sech(z) ** 2, "sigmoid": lambda z: mpmath.sech(z / 2) ** 2 / 4}
    for table, exact in ((VALUES, values), (SLOPES, slopes)):
        for name, f in exact.items():
            monkeypatch.setitem(table, name, lambda z, one, f=f: np.array([f(v) for v in z]))
    with mpmath.workdps(digits):
        exact = singular_values_in_digits(list(jacobians(W, x, phi, sigma_w, residual, mpmath.mpf)), digits)
    with jax.enable_x64(True):
        setting = Setting(PHIS.index(phi), INIT_NAMES.index(init), sigma_w, float(residual), 1.0)
        ours = np.asarray(log_spectrum(draw(5, MAX_DEPTH, width), setting))[-1]
    known = np.isfinite(ours)
    assert known[0]
    np.testing.assert_allclose(ours[known], exact[known], atol=0.01)
    assert np.all(exact[~known] < exact[0] + np.log10(RESOLUTION) + 0.01)


def test_values_rounding_could_have_made_are_marked_unknown():
    """Two diagonal layers with σ = 1 and 1e-20 in their product: float64 holds both, but cannot vouch for both."""
    with jax.enable_x64(True):
        J = jnp.stack([jnp.diag(jnp.array([1.0, 1e-10]))] * 2)
        log_sigma = np.asarray(log_singular_values(J))
    np.testing.assert_allclose(log_sigma[0], [0, -10])
    assert log_sigma[1, 0] == 0
    assert np.isnan(log_sigma[1, 1])


def test_nothing_overflows_or_underflows_where_float64_would():
    with jax.enable_x64(True):
        for factor in (1e10, 1e-10):
            log_sigma = np.asarray(log_singular_values(jnp.stack([factor * jnp.eye(3)] * 64)))
            np.testing.assert_allclose(log_sigma[-1], 64 * np.log10(factor))


def test_a_dead_layer_leaves_nothing_known_and_nothing_wrong():
    with jax.enable_x64(True):
        log_sigma = np.asarray(log_singular_values(jnp.stack([jnp.eye(3), jnp.zeros((3, 3)), jnp.eye(3)])))
    np.testing.assert_allclose(log_sigma[0], 0, atol=1e-12)
    assert np.isnan(log_sigma[1:]).all()


def test_an_orthogonal_linear_net_is_an_isometry_at_every_depth():
    for sigma_w in (0.2, 1.0, 3.0):
        log_sigma = spectrum("linear", "orthogonal", sigma_w)
        depth = np.arange(1, MAX_DEPTH + 1)[:, None]
        np.testing.assert_allclose(log_sigma, np.broadcast_to(depth * np.log10(sigma_w), log_sigma.shape), atol=1e-9)


def test_mean_field_says_how_the_mean_square_of_a_gaussian_linear_products_spectrum_grows():
    """The mean square singular value is χ^ℓ with χ = σ_w² (Pennington et al. 2017), in the mean over nets."""
    means = []
    for seed in range(12):
        log_sigma = spectrum("linear", "gaussian", 1.2, seed=seed)[7]
        means.append(np.nansum(10 ** (2 * log_sigma)) / WIDTH)
    assert np.mean(means) == pytest.approx(1.2 ** (2 * 8), rel=0.15)


def test_half_of_a_relu_layers_singular_values_are_gone_after_one_layer():
    assert np.isnan(spectrum("relu", "gaussian", 1.4)[0]).sum() == pytest.approx(WIDTH / 2, abs=12)


def test_every_setting_is_served_by_one_compilation():
    spectrum()
    before = log_spectrum._cache_size()
    for phi, init, residual in itertools.product(PHIS, INIT_NAMES, (False, True)):
        for sigma_w in (0.2, 1, 3.0):
            spectrum(phi, init, sigma_w, residual, seed=1)
    assert log_spectrum._cache_size() == before


def test_a_name_it_does_not_know_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no activation 'gelu': choose one of linear, tanh, relu, sigmoid"):
        spectrum("gelu")
    with pytest.raises(ValueError, match="no init 'he'"):
        spectrum(init="he")
