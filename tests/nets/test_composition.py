"""Composition's own JAX: steps, probes, bends, collapse and pieces, each against another way to know."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from course.nets import composition
from course.nets.classify import first, logits, mlp, probe, seeds, train_mlp
from course.nets.layers import ACTIVATIONS, Layer
from course.nets.pieces import composed_tent, count_pieces, count_pieces_of_one_layer
from course.nets.toys import moons


def test_the_worked_example_is_the_seeds():
    steps = composition.forward_pass(*composition.seed_example())
    np.testing.assert_array_equal(steps.z, [-1, -4, 1])
    np.testing.assert_array_equal(steps.h, [0, 0, 1])
    assert float(steps.s) == 1 and float(steps.y) == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_steps_lead_to_one_another():
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    net, x = composition.TwoLayers(Layer(draw(5, 3), draw(5)), Layer(draw(1, 5), draw(1))), draw(3)
    steps = composition.forward_pass(net, x)
    np.testing.assert_allclose(steps.z, np.asarray(net.hidden.W) @ x + net.hidden.b, rtol=1e-5)
    np.testing.assert_array_equal(steps.h, np.where(steps.z > 0, steps.z, 0))
    np.testing.assert_allclose(np.log(steps.y / (1 - steps.y)), steps.s, rtol=1e-4)


@pytest.fixture(scope="module")
def data():
    return moons(n=80, n_test=60)


@pytest.fixture(scope="module")
def narrow(data):
    return train_mlp(seeds(3), data, hidden=(2, 2), phi="tanh", steps=50, eta=0.03).net


def test_probes_are_those_of_each_layer_by_itself(data, narrow):
    shares = composition.probe_layers(narrow, data, "tanh")
    assert shares.shape == (3, 3)
    net = first(narrow, 1)
    h, h_test = jnp.asarray(data.x), jnp.asarray(data.x_test)
    for layer in range(3):
        assert float(shares[1, layer]) == pytest.approx(float(probe(h, data.y, h_test, data.y_test).test))
        if layer < 2:
            h, h_test = (jnp.tanh(v @ net[layer].W.T + net[layer].b) for v in (h, h_test))


def test_an_untrained_net_of_the_same_shape_is_the_one_that_training_starts_from(data, narrow):
    fresh = composition.same_shape(seeds(3), narrow)
    assert jax.tree.map(jnp.shape, fresh) == jax.tree.map(jnp.shape, narrow)
    np.testing.assert_array_equal(first(fresh, 2)[1].W, mlp(seeds(3)[2], (2, 2, 2, 2))[1].W)


def test_an_upright_net_is_the_same_function_and_turns_nothing_over(data, narrow):
    for run in range(3):
        net = first(narrow, run)
        upright = composition.upright(net)
        np.testing.assert_allclose(logits(upright, data.x, "tanh"), logits(net, data.x, "tanh"), atol=1e-4)
        assert all(np.linalg.det(layer.W) > 0 for layer in upright[:-1])


def test_bending_ends_at_the_nets_own_representations(data, narrow):
    net = first(narrow)
    halves = composition.bend(net, jnp.asarray(data.x))
    np.testing.assert_allclose(halves.h[1:], np.tanh(halves.z), rtol=1e-5)
    scores = halves.h[-1] @ net[-1].W.T + net[-1].b
    np.testing.assert_allclose(scores, logits(net, data.x, "tanh"), rtol=1e-4, atol=1e-5)


def test_only_planes_can_be_bent():
    with pytest.raises(ValueError, match="two units"):
        composition.bend(mlp(jax.random.key(0), (2, 3, 2)), jnp.zeros((4, 2)))


def test_a_stack_collapses_to_what_its_layers_do_one_by_one():
    layers = composition.random_stack(jax.random.key(3), 7, 5)
    one, h = composition.collapse(layers), np.random.default_rng(0).normal(size=5).astype(np.float32)
    by_one = one.W @ h + one.b
    for W, b in zip(layers.W, layers.b, strict=True):
        h = W @ h + b
    np.testing.assert_allclose(by_one, h, rtol=1e-4, atol=1e-5)


def test_a_random_stack_has_orthogonal_weights_and_biases_that_matter():
    layers = composition.random_stack(jax.random.key(0), 3, 6)
    np.testing.assert_allclose(
        layers.W @ jnp.swapaxes(layers.W, 1, 2), np.broadcast_to(np.eye(6), (3, 6, 6)), atol=1e-5
    )
    assert np.abs(layers.b).min() > 0


def test_tents_have_as_many_pieces_as_counted_one_by_one():
    folds = np.array([0, 1, 2, 5, 9])
    found = composition.tent_pieces(folds)
    np.testing.assert_array_equal(found, 2**folds)
    assert [count_pieces(lambda x, k=k: composed_tent(x, k)) for k in (1, 5)] == [int(found[1]), int(found[3])]


def test_pieces_of_random_single_layers_are_the_corners_counted_exactly():
    """The same draws, counted by their corners; two corners in one cell of the grid may make it one fewer."""
    found = composition.random_pieces(20, 1, 6, seed=1)
    rng = np.random.default_rng(1)
    scale = 2**0.5
    for pieces in found:
        W, b = (scale * rng.normal(size=(1, 6))).astype(np.float32), (scale * rng.normal(size=6)).astype(np.float32)
        exact = count_pieces_of_one_layer(
            Layer(W.T, b), Layer(np.ones((1, 6), np.float32), np.zeros(1, np.float32)), -4.0, 4.0
        )
        assert exact - 1 <= pieces <= exact


def test_random_pieces_follow_from_their_seed():
    np.testing.assert_array_equal(
        composition.random_pieces(5, 3, 4, seed=7), composition.random_pieces(5, 3, 4, seed=7)
    )
    assert not np.array_equal(composition.random_pieces(5, 3, 4, seed=7), composition.random_pieces(5, 3, 4, seed=8))


def test_bending_with_relu_is_relu(data):
    net = mlp(jax.random.key(0), (2, 2, 2))
    halves = composition.bend(net, jnp.asarray(data.x), "relu")
    np.testing.assert_array_equal(halves.h[1], ACTIVATIONS["relu"](halves.z[0]))
