"""Pieces, against breakpoints counted by hand and by slope."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.nets.classify import logits
from course.nets.layers import Layer
from course.nets.pieces import composed_tent, count_pieces, count_pieces_of_one_layer, tent, tent_net


def test_the_tent_goes_up_and_down():
    assert np.allclose(tent(jnp.array([0.0, 0.25, 0.5, 0.75, 1.0])), [0, 0.5, 1, 0.5, 0])


@pytest.mark.parametrize("times", range(11))
def test_composing_the_tent_doubles_its_pieces(times):
    assert count_pieces(lambda x: composed_tent(x, times)) == 2**times


def test_the_composed_tent_visits_zero_and_one_in_turn():
    ends = composed_tent(jnp.arange(2**6 + 1) / 2**6, 6)
    assert np.array_equal(ends, np.arange(2**6 + 1) % 2)


@pytest.mark.parametrize("depth", [1, 3, 8])
def test_two_relus_a_layer_are_enough(depth):
    hidden, readout = tent_net(depth)
    assert sum(layer.b.size for layer in hidden) == 2 * depth
    x = jnp.linspace(0, 1, 301)
    assert np.allclose(logits((*hidden, readout), x[:, None])[:, 0], composed_tent(x, depth), atol=1e-5 * 2**depth)


@given(st.sampled_from([1, 5, 24]), st.integers(0, 10**6))
@settings(deadline=None, max_examples=20)
def test_one_hidden_layer_has_at_most_one_piece_more_than_units(width, seed):
    rng = np.random.default_rng(seed)
    hidden = Layer(jnp.array(rng.normal(size=(width, 1)), jnp.float32), jnp.array(rng.normal(size=width), jnp.float32))
    readout = Layer(jnp.array(rng.normal(size=(1, width)), jnp.float32), jnp.zeros(1))
    exact = count_pieces_of_one_layer(hidden, readout)
    assert exact == width + 1  # almost surely: no two random kinks coincide
    kinks = -np.asarray(hidden.b) / np.asarray(hidden.W[:, 0])
    inside = count_pieces_of_one_layer(hidden, readout, -3.0, 3.0)
    assert inside == 1 + np.sum(np.abs(kinks) < 3)
    # Counted by slopes it may miss a piece shorter than a cell, and never finds one too many.
    by_slopes = count_pieces(lambda x: readout.W[0] @ jax.nn.relu(hidden.W[:, 0] * x + hidden.b), -3.0, 3.0, 2**12)
    assert inside - 3 <= by_slopes <= inside


def test_a_unit_that_bends_nothing_makes_no_piece():
    W, b = jnp.array([[1.0], [1.0], [0.0], [2.0], [-1.0]]), jnp.array([0.0, 0.0, 1.0, -1.0, 3.0])
    cancel = jnp.array([[1.0, -1.0, 5.0, 1.0, 0.0]])  # two that cancel, a constant, a bend at ½, one not read out
    assert count_pieces_of_one_layer(Layer(W, b), Layer(cancel, jnp.zeros(1))) == 2


def test_a_straight_line_is_one_piece():
    assert count_pieces(lambda x: 3 * x - 1) == 1
