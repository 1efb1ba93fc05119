"""Right answers to the code exercises of unit 02, each written another way than the reference: all must score full."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from autograder.judging.second_answers import Another

another = Another()


# ------------------------------------------------------------------ layer_jacobian


@another("layer_jacobian")
def by_jacfwd(W, b, h):
    return jax.jacfwd(lambda h: jnp.tanh(W @ h + b))(h)


@another("layer_jacobian")
def by_jacrev_under_jit(W, b, h):
    return jax.jit(jax.jacrev(lambda h: jnp.tanh(jnp.dot(W, h) + b)))(h)


@another("layer_jacobian")
def with_diag(W, b, h):
    return jnp.diag(1 - jnp.tanh(W @ h + b) ** 2) @ W


@another("layer_jacobian")
def with_cosh_in_numpy(W, b, h):
    return (W.T / np.cosh(W @ h + b) ** 2).T


@another("layer_jacobian")
def in_float64_lists(W, b, h):
    d_out, d_in = W.shape
    J = [[0.0] * d_in for _ in range(d_out)]
    for i in range(d_out):
        z = float(b[i]) + sum(float(W[i, k]) * float(h[k]) for k in range(d_in))
        for j in range(d_in):
            J[i][j] = (1 - np.tanh(z) ** 2) * float(W[i, j])
    return J


@another("layer_jacobian")
def by_vmapped_grads(W, b, h):
    return jax.vmap(lambda w, c: jax.grad(lambda h: jnp.tanh(w @ h + c))(h))(W, b)


@another("layer_jacobian")
def by_columns_of_jvp(W, b, h):
    def push(e):
        return jax.jvp(lambda h: jnp.tanh(W @ h + b), (h,), (e,))[1]

    return jnp.stack([push(e) for e in jnp.eye(h.shape[0])], axis=1)


# ------------------------------------------------------------------ ordered_product


@another("ordered_product")
def reduced(J):
    return functools.reduce(lambda product, layer: layer @ product, J)


@another("ordered_product")
def multi_dot(J):
    return np.linalg.multi_dot(list(J[::-1]))


@another("ordered_product")
def scanned(J):
    return lax.scan(lambda product, layer: (layer @ product, None), jnp.eye(J.shape[-1]), J)[0]


@another("ordered_product")
def einsum_in_float64(J):
    product = np.eye(J.shape[-1])
    for layer in np.asarray(J, np.float64):
        product = np.einsum("ij,jk->ik", layer, product)
    return product


@another("ordered_product")
def associative(J):
    return lax.associative_scan(lambda lower, upper: upper @ lower, J)[-1]


# ------------------------------------------------------------------ pull_back


def tanh_net(W, b, x):
    for W_l, b_l in zip(W, b, strict=True):
        x = jnp.tanh(W_l @ x + b_l)
    return x


@another("pull_back")
def vjp_of_the_net(W, b, x, v):
    return jax.vjp(lambda x: tanh_net(W, b, x), x)[1](v)[0]


@another("pull_back")
def vjp_layer_by_layer(W, b, x, v):
    h, pulls = x, []
    for W_l, b_l in zip(W, b, strict=True):
        h, pull = jax.vjp(lambda h, W_l=W_l, b_l=b_l: jnp.tanh(W_l @ h + b_l), h)
        pulls.append(pull)
    for pull in reversed(pulls):
        (v,) = pull(v)
    return v


@another("pull_back")
def grad_of_the_dot_product(W, b, x, v):
    return jax.grad(lambda x: jnp.vdot(v, tanh_net(W, b, x)))(x)


@another("pull_back")
def transposed_weights(W, b, x, v):
    h, hs = x, []
    for layer in range(len(W)):
        h = jnp.tanh(W[layer] @ h + b[layer])
        hs.append(h)
    hs = jnp.stack(hs)
    g = jnp.asarray(v)
    for layer in range(len(W) - 1, -1, -1):
        g = W[layer].T @ (g * (1 - hs[layer] ** 2))
    return g


@another("pull_back")
def two_scans(W, b, x, v):
    def up(h, layer):
        h = jnp.tanh(layer[0] @ h + layer[1])
        return h, h

    _, hs = lax.scan(up, x, (W, b))
    return lax.scan(lambda g, layer: ((g * (1 - layer[1] ** 2)) @ layer[0], None), v, (W, hs), reverse=True)[0]


@another("pull_back")
@jax.jit
def vjp_of_a_scan(W, b, x, v):
    def net(x):
        return lax.scan(lambda h, layer: (jnp.tanh(layer[0] @ h + layer[1]), None), x, (W, b))[0]

    return jax.vjp(net, x)[1](v)[0]


@another("pull_back")
def einsum_and_cosh(W, b, x, v):
    z, h = [], x
    for layer in range(W.shape[0]):
        z.append(jnp.einsum("ij,j->i", W[layer], h) + b[layer])
        h = jnp.tanh(z[-1])
    for layer in reversed(range(W.shape[0])):
        v = jnp.einsum("i,ij->j", v / jnp.cosh(z[layer]) ** 2, W[layer])
    return v


@another("pull_back")
def loop_of_lax(W, b, x, v):
    depth = W.shape[0]

    def up(layer, hs):
        return hs.at[layer + 1].set(jnp.tanh(W[layer] @ hs[layer] + b[layer]))

    def down(k, g):
        layer = depth - 1 - k
        return (g * (1 - hs[layer + 1] ** 2)) @ W[layer]

    W, b = jnp.asarray(W), jnp.asarray(b)
    hs = lax.fori_loop(0, depth, up, jnp.zeros((depth + 1, x.shape[0])).at[0].set(x))
    return lax.fori_loop(0, depth, down, jnp.asarray(v))


# ------------------------------------------------------------------ gradient_norms


def sigmoid_net(W, b, x):
    for W_l, b_l in zip(W, b, strict=True):
        x = jax.nn.sigmoid(W_l @ x + b_l)
    return x


@another("gradient_norms")
def norm_of_each(W, b, x, y):
    gradient = jax.grad(lambda W: 0.5 * jnp.sum((sigmoid_net(W, b, x) - y) ** 2))(W)
    return [jnp.linalg.norm(g) for g in gradient]


@another("gradient_norms")
def layers_as_a_list(W, b, x, y):
    gradient = jax.grad(lambda Ws: 0.5 * jnp.sum((sigmoid_net(Ws, b, x) - y) ** 2))(list(W))
    return jnp.array([jnp.sqrt(jnp.vdot(g, g)) for g in gradient])


@another("gradient_norms")
@jax.jit
def scan_inside_the_loss(W, b, x, y):
    def loss(W):
        h, _ = lax.scan(lambda h, layer: (jax.nn.sigmoid(layer[0] @ h + layer[1]), None), x, (W, b))
        return jnp.vdot(h - y, h - y) / 2

    return jax.vmap(jnp.linalg.norm)(jax.grad(loss)(W))


@another("gradient_norms")
def backpropagation_in_numpy(W, b, x, y):
    """One example's gradient is the outer product of δ and the layer's input, so its length is ‖δ‖ ‖h‖."""
    hs = [np.asarray(x, np.float64)]
    for W_l, b_l in zip(W, b, strict=True):
        hs.append(1 / (1 + np.exp(-(W_l @ hs[-1] + b_l))))
    g, norms = hs[-1] - y, []
    for layer in reversed(range(len(W))):
        delta = g * hs[layer + 1] * (1 - hs[layer + 1])
        norms.append(np.linalg.norm(delta) * np.linalg.norm(hs[layer]))
        g = delta @ W[layer]
    return norms[::-1]


# ------------------------------------------------------------------ nudge_sizes


@another("nudge_sizes")
def jvp_inside_the_scan(W, b, x, u):
    def step(carry, layer):
        W_l, b_l = layer
        h, t = jax.jvp(lambda h: jnp.tanh(W_l @ h + b_l), (carry[0],), (carry[1],))
        return (h, t), jnp.sqrt(jnp.sum(t**2))

    return lax.scan(step, (x, u), (W, b))[1]


@another("nudge_sizes")
def jvp_of_the_scan(W, b, x, u):
    def signals(x):
        def step(h, layer):
            h = jnp.tanh(layer[0] @ h + layer[1])
            return h, h

        return lax.scan(step, x, (W, b))[1]

    return jnp.linalg.norm(jax.jvp(signals, (x,), (u,))[1], axis=1)


@another("nudge_sizes")
@jax.jit
def loop_with_a_buffer(W, b, x, u):
    def body(layer, state):
        h, t, sizes = state
        h = jnp.tanh(W[layer] @ h + b[layer])
        t = (W[layer] @ t) / jnp.cosh(jnp.arctanh(h)) ** 2
        return h, t, sizes.at[layer].set(jnp.linalg.norm(t))

    return lax.fori_loop(0, W.shape[0], body, (x, u, jnp.zeros(W.shape[0])))[2]


@another("nudge_sizes")
def mapped_over_one(W, b, x, u):
    def step(carry, layer):
        h, t = carry
        h = jnp.tanh(layer["W"] @ h + layer["b"])
        t = jnp.einsum("i,ij,j->i", 1 - jnp.square(h), layer["W"], t)
        return (h, t), jnp.linalg.norm(t)

    return lax.scan(step, (jnp.asarray(x), jnp.asarray(u)), {"W": W, "b": b})[1]


# ------------------------------------------------------------------ log_norm_bound


@another("log_norm_bound")
def largest_singular_values(W):
    return np.log10(np.linalg.svd(W, compute_uv=False)[:, 0]).sum()


@another("log_norm_bound")
def natural_then_divided(W):
    return sum(jnp.log(jnp.linalg.norm(matrix, 2)) for matrix in W) / jnp.log(10.0)


@another("log_norm_bound")
def root_of_the_largest_eigenvalue(W):
    total = 0.0
    for matrix in np.asarray(W, np.float64):
        total += 0.5 * np.log10(np.linalg.eigvalsh(matrix.T @ matrix)[-1])
    return float(total)


@another("log_norm_bound")
def mapped_norms(W):
    return jnp.log10(jax.vmap(lambda matrix: jnp.linalg.norm(matrix, ord=2))(W)).sum(keepdims=True)
