"""Nets with norms: what they compute is what `norms` says, and what is watched is what it is called."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from course.nets import norms
from course.nets.data import Split
from course.nets.normed import SCALES, Net, forward, init, setups, watch
from course.nets.train import cross_entropy

DEPTH, D, CLASSES, N = 4, 6, 3, 16
KINDS = norms.KINDS


def toy(seed=0):
    """Three clouds of points in six dimensions."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(CLASSES, D)) * 3
    y = rng.integers(0, CLASSES, 120).astype(np.int32)
    x = (middles[y] + rng.normal(size=(120, D))).astype(np.float32)
    return Split(x[:80], y[:80], x[80:], y[80:])


def arrays():
    return Split(*map(jnp.asarray, toy()))


def net(seed=0):
    """Nothing in it is 0 or 1, so that nothing can be forgotten unseen."""
    keys = jax.random.split(jax.random.key(seed), 4)
    start = init(keys[0], DEPTH, D, CLASSES, 1.4)
    draw = lambda key: jax.random.normal(key, (DEPTH, D))
    return start._replace(b=draw(keys[1]), gamma=1.5 + 0.3 * draw(keys[2]), beta=draw(keys[3]))


def nothing():
    return norms.Running(jnp.zeros((DEPTH, D)), jnp.ones((DEPTH, D)))


def by_layers(net, kind, x, running=None):
    """The scores by a plain loop over layers, with the norms as they stand in `norms`."""
    h = jnp.asarray(x)
    for k in range(DEPTH):
        z, gamma, beta = h @ net.W[k].T, net.gamma[k], net.beta[k]
        match kind:
            case "none":
                y = z + net.b[k]
            case "batch" if running is None:
                y = norms.batch_norm(z, gamma, beta)
            case "batch":
                y = norms.batch_norm_eval(z, gamma, beta, norms.Running(running.mean[k], running.var[k]))
            case "layer":
                y = norms.layer_norm(z, gamma, beta)
            case "rms":
                y = norms.rms_norm(z, gamma)
        h = jnp.maximum(y, 0)
    return h @ net.readout.T


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_the_one_pass_computes_each_norm(kind, training):
    running = norms.Running(jnp.full((DEPTH, D), 0.3), jnp.full((DEPTH, D), 1.7))
    x = jnp.asarray(toy().x[:N])
    scores, seen = forward(net(), running, KINDS.index(kind), x, training=training)
    np.testing.assert_allclose(scores, by_layers(net(), kind, x, None if training else running), rtol=2e-4, atol=2e-4)
    assert seen.h.shape == seen.y.shape == (DEPTH, N, D)
    np.testing.assert_array_equal(seen.h, jnp.maximum(seen.y, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_its_gradient_is_the_gradient_of_the_plain_loop(kind):
    data, start = arrays(), net()
    ours = jax.grad(
        lambda net: cross_entropy(forward(net, nothing(), KINDS.index(kind), data.x[:N], training=True)[0], data.y[:N])
    )(start)
    theirs = jax.grad(lambda net: cross_entropy(by_layers(net, kind, data.x[:N]), data.y[:N]))(start)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_running_statistics_move_while_training_and_only_then():
    x = arrays().x[:N]
    used = forward(net(), nothing(), 1, x, training=False)[1].running
    np.testing.assert_array_equal(used.mean, nothing().mean)
    trained = forward(net(), nothing(), 1, x, training=True)[1].running
    first = norms.update_running(norms.fresh(D), x @ net().W[0].T)
    np.testing.assert_allclose(trained.mean[0], first.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trained.var[0], first.var, rtol=1e-5)


@pytest.fixture(scope="module")
def seen():
    rows = [(kind, 1.4, 0.1, 3) for kind in KINDS] + [("batch", 1.4, 0.1, 3, 0.3), ("batch", 1.4, 0.1, 4)]
    return jax.device_get(watch(setups(rows), toy(), batch=N, depth=DEPTH, steps=40, every=10))


def test_shapes_and_losses(seen):
    assert seen.loss.shape == (6, 40) and seen.signal.shape == (6, 4, DEPTH) and seen.mean.shape == (6, 4, DEPTH, D)
    assert seen.along.shape == seen.turned.shape == (6, 4, len(SCALES)) and seen.shift.shape == (6, 4)
    assert np.all(seen.loss[:4, -5:].mean(1) < 0.7 * seen.loss[:4, 0])
    assert np.all((seen.test >= 0) & (seen.test <= 1)) and seen.test[1] > 0.7


def test_runs_with_one_seed_differ_by_their_setup_alone(seen):
    again = jax.device_get(watch(setups([("layer", 1.4, 0.1, 3)]), toy(), batch=N, depth=DEPTH, steps=40, every=10))
    np.testing.assert_allclose(again.loss[0], seen.loss[2], rtol=2e-2, atol=1e-3)
    assert np.abs(seen.loss[5] - seen.loss[1]).max() > 0.05, "another seed is another run"


def test_with_several_splits_a_run_of_seed_s_has_split_s():
    splits = [toy(seed) for seed in range(3)]
    together = Split(*(np.stack(parts) for parts in zip(*splits, strict=True)))
    rows = [("batch", 1.4, 0.1, seed) for seed in (2, 0, 1)]
    sizes = {"batch": N, "depth": DEPTH, "steps": 20, "every": 10}
    all_three = jax.device_get(watch(setups(rows), together, **sizes))
    for run, row in enumerate(rows):
        alone = jax.device_get(watch(setups([row]), splits[row[3]], **sizes))
        np.testing.assert_allclose(all_three.loss[run], alone.loss[0], rtol=2e-2, atol=1e-3)
        assert all_three.test[run] == pytest.approx(float(alone.test[0]), abs=0.03)
    with pytest.raises(ValueError, match="There are 3 splits, so seeds are 0 … 2"):
        watch(setups([("batch", 1.4, 0.1, 3)]), together, **sizes)


def start_of_seed_3():
    """The net as every run of `seen` with that seed begins."""
    for_init, _ = jax.random.split(jax.random.key(3))
    return init(for_init, DEPTH, D, CLASSES, 1.4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_seen_at_the_first_frame_is_what_grad_says(seen, kind):
    row, data, start = KINDS.index(kind), arrays(), start_of_seed_3()
    loss = lambda net: cross_entropy(by_layers(net, kind, data.x[:N]), data.y[:N])
    value, g = jax.value_and_grad(loss)(start)
    np.testing.assert_allclose(seen.gradient[row, 0], jnp.linalg.norm(g.W, axis=(1, 2)), rtol=2e-3)
    length = lambda tree: float(jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in tree)))
    for k, s in enumerate(SCALES):
        there = Net(*(w - s * 0.1 * d for w, d in zip(start, g, strict=True)))
        new, g_new = jax.value_and_grad(loss)(there)
        assert seen.along[row, 0, k] == pytest.approx(float(new - value), rel=1e-2, abs=2e-3)
        assert seen.turned[row, 0, k] == pytest.approx(
            length([a - b for a, b in zip(g_new, g, strict=True)]) / length(g), rel=2e-2
        )
    below = jnp.arange(DEPTH) < DEPTH // 2
    lower = Net(
        *(w - 0.1 * below.reshape(-1, *[1] * (w.ndim - 1)) * d for w, d in zip(start[:-1], g[:-1], strict=True)),
        start.readout,
    )
    G, G_new = g.W[DEPTH // 2], jax.grad(loss)(lower).W[DEPTH // 2]
    assert seen.shift[row, 0] == pytest.approx(float(jnp.linalg.norm(G_new - G) / jnp.linalg.norm(G)), rel=2e-2)


def test_a_jolt_moves_what_goes_into_the_relu(seen):
    """Without it BatchNorm's outputs have mean 0 and deviation 1 before the first step; with it they do not."""
    np.testing.assert_allclose(seen.mean[1, 0], 0, atol=1e-5)
    np.testing.assert_allclose(seen.deviation[1, 0], 1, atol=1e-3)
    assert np.abs(seen.mean[4]).mean() > 0.1 and np.abs(seen.deviation[4] - 1).mean() > 0.1


def test_a_norm_it_does_not_know_is_refused():
    with pytest.raises((ValueError, TypeCheckError), match="group"):  # the types say so first while tests run
        setups([("group", 1.0)])
