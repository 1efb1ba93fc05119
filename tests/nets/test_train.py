"""Training against oracles: optax for the loss and the steps, and a plain loop over unpadded nets."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from course.nets.layers import ACTIVATIONS, Layer
from course.nets.train import Net, cross_entropy, gradient_norms, init, logits, loss, settings, train

ACTS = ("sigmoid", "tanh", "relu")


@pytest.fixture(scope="module")
def blobs() -> tuple[jax.Array, jax.Array]:
    """Three clouds in twelve dimensions: 96 examples a small net can learn."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 96)
    x = rng.normal(size=(96, 12)) + 2 * rng.normal(size=(3, 12))[y]
    return jnp.array(x, jnp.float32), jnp.array(y, jnp.int32)


def a_net(depth: int = 4, sigma_w: float = 1.3, seed: int = 0) -> Net:
    """A small net whose biases are not zero."""
    net = init(jax.random.key(seed), depth, 12, 3, sigma_w)
    return jax.tree.map(lambda leaf: leaf + 0.1 * jax.random.normal(jax.random.key(9), leaf.shape), net)


@given(st.integers(0, 10**6), st.sampled_from([1.0, 30.0, 1000.0]))
@hypothesis_settings(deadline=None, max_examples=20)
def test_cross_entropy_is_optaxs(seed, scale):
    rng = np.random.default_rng(seed)
    scores = jnp.array(scale * rng.normal(size=(7, 5)), jnp.float32)
    labels = jnp.array(rng.integers(0, 5, 7), jnp.int32)
    wanted = optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()
    assert np.isclose(cross_entropy(scores, labels), wanted, rtol=1e-5, atol=1e-6)


def test_a_net_that_knows_nothing_scores_the_logarithm_of_the_number_of_classes():
    assert float(cross_entropy(jnp.zeros((4, 10)), jnp.arange(4))) == pytest.approx(np.log(10), rel=1e-6)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_gradients_agree_with_finite_differences(name, blobs):
    x, y = blobs

    def of_net(net):
        return loss(net, x[:8], y[:8], ACTIVATIONS[name])

    check_grads(of_net, (a_net(),), order=1, modes=["rev"], atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("name", ACTS)
def test_gradient_norms_are_those_of_each_layers_gradient(name, blobs):
    x, y = blobs
    net = a_net()
    norms = gradient_norms(net, x, y, ACTIVATIONS[name])
    assert norms.shape == (4,)
    for layer in range(4):

        def of_one(W, layer=layer):
            W_all = net.layers.W.at[layer].set(W)
            return loss(net._replace(layers=Layer(W_all, net.layers.b)), x, y, ACTIVATIONS[name])

        wanted = np.linalg.norm(jax.grad(of_one)(net.layers.W[layer]))
        assert np.isclose(norms[layer], wanted, rtol=1e-4)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_padded_net_is_the_shorter_net(depth, blobs):
    x, y = blobs
    padded = a_net(4)
    short = Net(jax.tree.map(lambda leaf: leaf[:depth], padded.layers), padded.readout)
    assert np.allclose(logits(padded, x[0], jnp.tanh, depth), logits(short, x[0], jnp.tanh), atol=1e-6)
    grads = jax.grad(loss)(padded, x, y, jnp.tanh, depth)
    assert not np.any(grads.layers.W[depth:]) and np.all(np.any(grads.layers.W[:depth], axis=(1, 2)))


def trained(rows, blobs, seed: int = 0, **sizes):
    """What `train` leaves behind on the blobs, tested on the first 30 of them."""
    x, y = blobs
    setting = settings(rows, ACTS)
    return train(jax.random.key(seed), setting, x, y, x[:30], y[:30], activations=ACTS, classes=3, **sizes)


def test_training_many_at_once_is_training_each_with_optax(blobs):
    x, y = blobs
    rows = [(1, "relu", 1.4, 0.1), (3, "tanh", 1.0, 0.3), (4, "sigmoid", 1.0, 0.5)]
    run = trained(rows, blobs, seed=3, max_depth=4, steps=25, batch=16)
    for_init, for_batches = jax.random.split(jax.random.key(3))
    picks = jax.random.randint(for_batches, (25, 16), 0, len(x))
    for i, (depth, name, sigma_w, eta) in enumerate(rows):
        phi = ACTIVATIONS[name]
        padded = init(for_init, 4, 12, 3, sigma_w)
        start = net = Net(jax.tree.map(lambda leaf, depth=depth: leaf[:depth], padded.layers), padded.readout)
        sgd = optax.sgd(eta)
        state = sgd.init(net)
        losses = []
        differentiated = jax.jit(lambda net, x, y, phi=phi: jax.value_and_grad(loss)(net, x, y, phi))
        for pick in picks:
            value, grads = differentiated(net, x[pick], y[pick])
            updates, state = sgd.update(grads, state)
            net = optax.apply_updates(net, updates)
            losses.append(value)
        assert np.allclose(run.loss[i], jnp.array(losses), rtol=1e-3, atol=1e-4)
        assert np.isclose(run.final[i], loss(net, x, y, phi), rtol=1e-3)
        guesses = np.argmax(jax.vmap(lambda x, net=net, phi=phi: logits(net, x, phi))(x[:30]), axis=1)
        assert np.isclose(run.accuracy[i], np.mean(guesses == np.asarray(y[:30])), atol=1e-6)
        distance = [
            np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(net.layers.W, start.layers.W, strict=True)
        ]
        assert np.allclose(run.moved[i, :depth], distance, rtol=1e-2)
        assert np.all(np.isnan(run.moved[i, depth:])) and np.all(np.isnan(run.changed[i, depth:]))
        assert np.all((run.changed[i, :depth] >= 0) & (run.changed[i, :depth] <= 1))


def test_nets_differ_by_their_setting_alone(blobs):
    row = (2, "tanh", 1.0, 0.1)
    run = trained([row, row, (2, "tanh", 1.0, 0.2)], blobs, max_depth=3, steps=5)
    assert np.array_equal(run.loss[0], run.loss[1])
    assert np.isclose(run.loss[0, 0], run.loss[2, 0], rtol=1e-6)
    assert not np.allclose(run.loss[0], run.loss[2], rtol=1e-4)


def test_several_keys_are_each_key_alone_and_each_may_have_its_split(blobs):
    x, y = blobs
    rows = [(1, "relu", 1.4, 0.1), (3, "tanh", 1.0, 0.3)]
    sizes = {"activations": ACTS, "classes": 3, "max_depth": 3, "steps": 10, "batch": 16}
    keys = jnp.stack([jax.random.key(seed) for seed in (5, 6)])
    splits = [(x[:60], y[:60], x[60:], y[60:]), (x[-60:], y[-60:], x[:-60], y[:-60])]
    together = train(keys, settings(rows, ACTS), *(jnp.stack(parts) for parts in zip(*splits, strict=True)), **sizes)
    same_data = train(keys, settings(rows, ACTS), *splits[0], **sizes)
    assert together.loss.shape == (2, 2, 10) and together.moved.shape == (2, 2, 3)
    for seed, split in enumerate(splits):
        alone = train(keys[seed], settings(rows, ACTS), *split, **sizes)
        for of_both, of_one in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(of_both[seed], of_one, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(same_data.loss[0], together.loss[0], rtol=1e-3, atol=1e-4)
    assert not np.allclose(same_data.loss[1], together.loss[1], rtol=1e-2)
    with pytest.raises(ValueError, match="one for each of the 3 keys; there are 2"):
        train(
            jnp.stack([*keys, keys[0]]),
            settings(rows, ACTS),
            *(jnp.stack(parts) for parts in zip(*splits, strict=True)),
            **sizes,
        )


def test_training_learns(blobs):
    run = trained([(2, "tanh", 1.0, 0.3)], blobs, max_depth=2, steps=80)
    assert float(run.final[0]) < 0.1 < float(run.loss[0, 0])
    assert float(run.accuracy[0]) > 0.95


def test_an_activation_that_was_not_named_is_refused():
    with pytest.raises(ValueError, match="“gelu” is not among"):
        settings([(2, "gelu", 1.0, 0.1)], ACTS)


def test_adding_a_whisper_to_a_float32_weight_changes_nothing():
    """The rule the lesson states: below 2⁻²⁵·|w| never a change, above 2⁻²⁴·|w| always one."""

    @given(
        st.floats(2.0**-10, 2.0**10, width=32),
        st.sampled_from([-1.0, 1.0]),
        st.floats(0.01, 0.999),
        st.sampled_from([-1.0, 1.0]),
    )
    @hypothesis_settings(max_examples=300)
    def rule(size, sign, share, way):
        w = np.float32(sign * size)
        below = np.float32(way * share * 2.0**-25 * size)
        above = np.float32(way * 2.0**-24 * size * (1.002 + share))
        assert w + below == w
        assert w + above != w

    rule()
