"""The message that goes back through a net is the gradient, and never louder than the bound."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.nets.layers import ACTIVATIONS, INITS, Layer, apply, stack
from course.nets.whisper import jacobians, message
from course.views import shown, whisper
from course.views.whisper_player import backward

DEPTH, WIDTH = 6, 5


def net(phi, sigma_w=1.3, seed=0, init="gaussian"):
    """Layers (with non-zero biases, so that none can hide), an input and a target."""
    keys = jax.random.split(jax.random.key(seed), 4)
    layers = stack(keys[0], DEPTH, WIDTH, sigma_w, init)
    layers = Layer(layers.W, 0.3 * jax.random.normal(keys[1], layers.b.shape))
    return layers, jax.random.normal(keys[2], (WIDTH,)), jax.random.normal(keys[3], (WIDTH,)), ACTIVATIONS[phi]


def loss_from(h, layers, start, target, phi):
    """½‖h^L − target‖² as a function of h^start, by a plain loop."""
    for k in range(start, DEPTH):
        h = apply(Layer(layers.W[k], layers.b[k]), h, phi)
    return 0.5 * jnp.sum((h - target) ** 2)


def activations(layers, x, phi):
    hs = [x]
    for k in range(DEPTH):
        hs.append(apply(Layer(layers.W[k], layers.b[k]), hs[-1], phi))
    return hs


@pytest.mark.parametrize("phi", list(ACTIVATIONS))
def test_delta_at_every_layer_is_what_grad_says(phi):
    with jax.enable_x64(True):
        layers, x, target, f = net(phi)
        heard = message(layers, x, target, f)
        for start, h in enumerate(activations(layers, x, f)):
            expected = jax.grad(loss_from)(h, layers, start, target, f)
            ours = heard.unit[start] * 10.0 ** heard.log_norm[start]
            np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-14)


def test_delta_at_the_input_is_what_finite_differences_say():
    with jax.enable_x64(True):
        layers, x, target, f = net("tanh")
        heard = message(layers, x, target, f)
        step = 1e-5
        slopes = [
            (loss_from(x + step * e, layers, 0, target, f) - loss_from(x - step * e, layers, 0, target, f)) / (2 * step)
            for e in jnp.eye(WIDTH)
        ]
        np.testing.assert_allclose(heard.unit[0] * 10.0 ** heard.log_norm[0], np.array(slopes), rtol=1e-6)


def test_the_jacobians_are_those_of_jacfwd():
    with jax.enable_x64(True):
        layers, x, _, f = net("sigmoid")
        h, J = jacobians(layers, x, f)
        hs = activations(layers, x, f)
        np.testing.assert_allclose(h, hs[-1])
        for k in range(DEPTH):
            expected = jax.jacfwd(lambda h, k=k: apply(Layer(layers.W[k], layers.b[k]), h, f))(hs[k])
            np.testing.assert_allclose(J[k], expected)


@pytest.mark.parametrize("phi", list(ACTIVATIONS))
@pytest.mark.parametrize("init", list(INITS))
@pytest.mark.parametrize("sigma_w", [0.2, 1.0, 3.0])
def test_the_bound_is_never_below_the_norm(phi, init, sigma_w):
    heard = backward(phi, 30, 16, sigma_w, init, seed=3)
    assert np.all(heard.log_norm <= heard.log_bound + 1e-9)
    assert heard.log_norm[-1] == heard.log_bound[-1]


def test_the_bound_is_reached_where_every_singular_value_is_the_same():
    heard = backward("linear", 40, 16, 0.5, "orthogonal")
    np.testing.assert_allclose(heard.log_norm, heard.log_bound, atol=1e-9)
    np.testing.assert_allclose(np.diff(heard.log_norm), -np.log10(0.5), atol=1e-9)


def test_no_sigmoid_layer_of_an_orthogonal_net_passes_on_more_than_a_quarter():
    heard = backward("sigmoid", 20, 32, 1.0, "orthogonal")
    assert np.all(np.diff(heard.log_norm) >= -np.log10(0.25) - 1e-9)


def test_a_message_no_float_could_hold_is_still_followed():
    heard = backward("sigmoid", 400, 8, 0.2)
    assert heard.log_norm[0] < -400
    assert np.isfinite(heard.log_norm).all()
    np.testing.assert_allclose(np.linalg.norm(heard.unit, axis=1), 1)


def test_the_player_shows_the_backward_pass_one_layer_a_frame():
    depth, width = 8, 6
    heard, view = backward("tanh", depth, width, seed=2), whisper("tanh", depth, width, seed=2)
    (bars, bound), (grid,) = view.arrays()
    assert len(view.frames) == depth + 1
    for t in range(depth + 1):
        layer = depth - t
        assert bars["highlight"][t] == layer
        np.testing.assert_array_equal(np.isfinite(bars["height"][t]), np.arange(depth + 1) >= layer)
        np.testing.assert_allclose(bars["height"][t, layer], heard.log_norm[layer], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(bound["y"][t, 0, layer], heard.log_bound[layer], rtol=1e-5, atol=1e-6)
        column = grid["values"][t, :, layer]
        fades = 10.0 ** (heard.log_norm[layer] - heard.log_norm[-1])
        np.testing.assert_allclose(column, heard.unit[layer] * fades, rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(grid["box"][t], [0, layer, width, 1])


def test_the_seed_decides_and_nothing_else():
    assert whisper(seed=4).data == whisper(seed=4).data
    assert whisper(seed=4).data != whisper(seed=5).data


def test_a_silent_net_is_said_and_not_drawn_as_nan():
    """Width 1 and ReLU: after a few layers a unit is off, and nothing at all comes back."""
    view = whisper("relu", depth=12, width=1, seed=1)
    assert np.isneginf(backward("relu", 12, 1, seed=1).log_norm[0])
    assert "‖δ⁰‖ = 0" in view.spec["descriptions"][-1]
    assert "nan" not in str(view.spec).lower()
    assert shown(view.figure()).alt


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"phi": "gelu"}, "no activation 'gelu'"), ({"init": "he"}, "no init 'he'"), ({"depth": 0}, "at least one layer")],
)
def test_what_it_cannot_build_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        whisper(**options)
