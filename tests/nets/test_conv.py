"""Our convolution against loops, scipy and `lax`; pooling against `lax`; what strides do to a shift."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jax.test_util import check_grads
from scipy import ndimage, signal

from course.nets.conv import (
    conv2d,
    depthwise_separable,
    equivariance_error,
    field_size,
    pad,
    patches,
    pool,
    receptive_field,
    shift,
)
from course.nets.counts import DescriptionError


def draws(seed: int, *shapes: tuple[int, ...]) -> list[jax.Array]:
    rng = np.random.default_rng(seed)
    return [jnp.array(rng.normal(size=shape), jnp.float32) for shape in shapes]


def slow_conv(x: np.ndarray, k: np.ndarray, stride: tuple[int, int], groups: int) -> np.ndarray:
    """The formula of the lesson, number by number."""
    c_out, c_group, kh, kw = k.shape
    height, width = (x.shape[1] - kh) // stride[0] + 1, (x.shape[2] - kw) // stride[1] + 1
    y = np.zeros((c_out, height, width))
    for c in range(c_out):
        first = (c // (c_out // groups)) * c_group
        for i in range(height):
            for j in range(width):
                for c_in in range(c_group):
                    for u in range(kh):
                        for v in range(kw):
                            y[c, i, j] += k[c, c_in, u, v] * x[first + c_in, i * stride[0] + u, j * stride[1] + v]
    return y


SHAPES = [((3, 7, 9), (4, 3, 3, 2)), ((1, 5, 5), (2, 1, 5, 5)), ((4, 8, 6), (6, 4, 1, 1))]


@pytest.mark.parametrize(("shape", "kernel"), SHAPES)
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (3, 2)])
def test_it_is_the_formula(shape, kernel, stride):
    x, k, b = draws(0, shape, kernel, kernel[:1])
    wanted = slow_conv(np.asarray(x), np.asarray(k), stride, 1) + np.asarray(b)[:, None, None]
    assert np.allclose(conv2d(x, k, b, stride=stride), wanted, atol=1e-4)


@pytest.mark.parametrize("groups", [2, 4])
def test_groups_do_not_see_each_other(groups):
    x, k = draws(1, (4, 6, 6), (8, 4 // groups, 3, 3))
    assert np.allclose(conv2d(x, k, groups=groups), slow_conv(np.asarray(x), np.asarray(k), (1, 1), groups), atol=1e-4)
    nudged = x.at[0].add(1.0)  # only the first group's outputs may move
    moved = np.abs(conv2d(nudged, k, groups=groups) - conv2d(x, k, groups=groups)).max(axis=(1, 2)) > 1e-3
    assert np.array_equal(moved, np.arange(8) < 8 // groups)


@pytest.mark.parametrize(("shape", "kernel"), SHAPES)
def test_it_is_scipys_correlation(shape, kernel):
    x, k = draws(2, shape, kernel)
    for padding, mode in (("valid", "valid"), ((kernel[2] - 1, kernel[3] - 1), "full")):
        wanted = [sum(signal.correlate(x[c], k[o, c], mode=mode) for c in range(shape[0])) for o in range(kernel[0])]
        assert np.allclose(conv2d(x, k, padding=padding), np.array(wanted), atol=1e-4)


def test_same_and_circular_are_scipys_margins():
    x, k = draws(3, (1, 7, 8), (1, 1, 3, 5))
    for padding, mode in (("same", "constant"), ("circular", "wrap")):
        assert np.allclose(conv2d(x, k, padding=padding)[0], ndimage.correlate(x[0], k[0, 0], mode=mode), atol=1e-4)


def test_the_kernel_is_not_flipped():
    x, k = draws(4, (1, 6, 6), (1, 1, 3, 3))
    assert np.allclose(conv2d(x, k[:, :, ::-1, ::-1])[0], signal.convolve2d(x[0], k[0, 0], mode="valid"), atol=1e-4)
    assert not np.allclose(conv2d(x, k)[0], signal.convolve2d(x[0], k[0, 0], mode="valid"), atol=1e-1)


@given(
    st.integers(1, 2),
    st.integers(1, 3),
    st.tuples(st.integers(4, 6), st.integers(4, 6)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["VALID", "SAME", 1, (0, 2)]),
)
@settings(deadline=None, max_examples=12)
def test_it_is_laxs_convolution(groups, c, size, kernel, stride, padding):
    x, k = draws(5, (groups * c, *size), (groups * 2, c, *kernel))
    as_lax = (
        padding
        if isinstance(padding, str)
        else [(padding,) * 2] * 2
        if isinstance(padding, int)
        else [(p, p) for p in padding]
    )
    wanted = lax.conv_general_dilated(x[None], k, stride, as_lax, feature_group_count=groups)[0]
    ours = padding.lower() if isinstance(padding, str) else padding
    assert np.allclose(conv2d(x, k, stride=stride, padding=ours, groups=groups), wanted, atol=1e-4)


def test_gradients_agree_with_finite_differences():
    x, k, b = draws(6, (2, 5, 5), (3, 2, 3, 3), (3,))
    f = lambda *arrays: conv2d(*map(jnp.asarray, arrays), stride=2, padding="same")
    check_grads(f, (x, k, b), order=1, modes=["rev"], atol=2e-2, rtol=2e-2)


def test_it_runs_under_jit_and_vmap():
    x, k = draws(7, (5, 2, 6, 6), (3, 2, 3, 3))
    batch = jax.jit(jax.vmap(lambda x: conv2d(x, k, padding="same")))(x)
    assert np.allclose(batch[3], conv2d(x[3], k, padding="same"), atol=1e-5)


def test_one_by_one_is_a_dense_layer_at_every_position():
    x, k, b = draws(8, (5, 4, 3), (7, 5, 1, 1), (7,))
    wanted = np.einsum("oc,cij->oij", k[:, :, 0, 0], x) + np.asarray(b)[:, None, None]
    assert np.allclose(conv2d(x, k, b), wanted, atol=1e-4)


@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, "same"), (1, "circular"), (2, 0)])
def test_depthwise_separable_is_a_convolution_with_a_factored_kernel(stride, padding):
    x, depthwise, pointwise = draws(9, (3, 8, 8), (3, 1, 3, 3), (5, 3, 1, 1))
    full = pointwise * depthwise[None, :, 0]
    separable = depthwise_separable(x, depthwise, pointwise, stride=stride, padding=padding)
    assert np.allclose(separable, conv2d(x, full, stride=stride, padding=padding), atol=1e-4)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(2, None, 0), (3, None, 0), ((2, 4), None, 0), (3, 2, 1), (2, 1, 0), ((3, 2), (2, 3), 1)],
)
def test_pooling_is_laxs_reduce_window(kernel, stride, padding):
    (x,) = draws(10, (2, 8, 9))
    window = (1, *((kernel,) * 2 if isinstance(kernel, int) else kernel))
    strides = window if stride is None else (1, *((stride,) * 2 if isinstance(stride, int) else stride))
    margins = [(0, 0), (padding, padding), (padding, padding)]
    largest = lax.reduce_window(x, -jnp.inf, lax.max, window, strides, margins)
    total = lax.reduce_window(x, 0.0, lax.add, window, strides, margins)
    assert np.array_equal(pool(x, kernel, stride, padding), largest)
    assert np.allclose(pool(x, kernel, stride, padding, "average"), total / (window[1] * window[2]), atol=1e-5)


def test_patches_are_the_windows():
    (x,) = draws(11, (2, 6, 7))
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(x), (3, 2), axis=(1, 2))
    assert np.array_equal(patches(x, (3, 2)), windows)
    assert np.array_equal(patches(x, (3, 2), (2, 3)), windows[:, ::2, ::3])


def test_a_circular_margin_is_the_other_side():
    x = jnp.arange(12.0).reshape(1, 3, 4)
    assert np.array_equal(pad(x, 3, padding="circular")[0], np.pad(np.asarray(x[0]), 1, mode="wrap"))


@pytest.mark.parametrize(
    ("kernel", "options", "sentence"),
    [
        ((4, 2, 3, 3), {}, "k has the shape"),
        ((3, 1, 3, 3), {"groups": 2}, "2 groups cannot be made of 3 input channels"),
        ((4, 3, 3, 3), {"groups": 0}, "0 groups"),
        ((4, 3, 9, 9), {}, "kernel of 9 does not fit on 6"),
        ((4, 3, 9, 9), {"padding": "circular", "stride": 1}, None),
        ((4, 3, 15, 15), {"padding": "circular"}, "more than once"),
        ((4, 3, 3, 3), {"stride": 0}, "stride is a whole number"),
    ],
)
def test_what_does_not_fit_is_refused(kernel, options, sentence):
    x, k = draws(12, (3, 6, 6), kernel)
    if sentence is None:
        assert conv2d(x, k, **options).shape == (4, 6, 6)
        return
    with pytest.raises(DescriptionError, match=sentence):
        conv2d(x, k, **options)


# What a convolution does to a shift.


@given(st.integers(0, 10**6), st.tuples(st.integers(-7, 7), st.integers(-7, 7)))
@settings(deadline=None, max_examples=15)
def test_stride_one_on_a_circle_is_equivariant_to_the_last_bit(seed, by):
    x, k = draws(seed, (2, 8, 8), (3, 2, 3, 3))
    f = jax.jit(lambda x: conv2d(x, k, padding="circular"))
    assert np.allclose(f(shift(x, by)), shift(f(x), by), atol=1e-5)
    assert float(equivariance_error(f, x, by)) < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_a_stride_of_two_breaks_odd_shifts_and_keeps_even_ones(seed):
    x, k = draws(seed, (2, 8, 8), (3, 2, 3, 3))
    f = jax.jit(lambda x: conv2d(x, k, stride=2, padding="circular"))
    assert float(equivariance_error(f, x, (1, 0))) > 0.3 and float(equivariance_error(f, x, (3, 2))) > 0.3
    assert float(equivariance_error(f, x, (2, 0))) < 1e-6 and float(equivariance_error(f, x, (4, -2))) < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_a_margin_of_zeros_breaks_every_shift_at_the_border(seed):
    x, k = draws(seed, (2, 8, 8), (3, 2, 3, 3))
    assert float(equivariance_error(jax.jit(lambda x: conv2d(x, k, padding="same")), x, (1, 0))) > 0.1


def test_the_best_shift_is_chosen_among_all():
    (x,) = draws(0, (1, 4, 6))
    brute = min(
        np.linalg.norm(np.asarray(x) ** 2 - np.roll(np.asarray(x), (i, j), axis=(1, 2)))
        for i in range(4)
        for j in range(6)
    ) / np.linalg.norm(np.asarray(x))
    f = lambda z: jnp.where(jnp.all(z == x), z, shift(z, (-1, 0)) ** 2)
    assert np.isclose(equivariance_error(f, x, (1, 0)), brute, rtol=1e-5)


def test_a_receptive_field_by_gradient():
    x, k, k2 = draws(13, (2, 15, 17), (3, 2, 3, 3), (4, 3, 3, 3))
    once = lambda x: conv2d(x, k, padding="same")
    seen = receptive_field(once, x, (4, 6))
    assert np.array_equal(np.argwhere(seen), [(i, j) for i in (3, 4, 5) for j in (5, 6, 7)])
    assert field_size(receptive_field(lambda x: conv2d(once(x), k2, padding="same"), x)) == (5, 5)
    assert field_size(jnp.zeros((3, 3), bool)) == (0, 0)
