"""Unit 00, readiness: two-minute questions on the nine prerequisites, each with fresh numbers.

In the order in which the course needs them. Nothing here gates, so nothing asks for code. Plain Python and NumPy:
the first question is there at once.
"""

import math

import numpy as np

from autograder.exercise import Array, Integer, Number, exercise


def whole(rng, *shape, largest=4):
    """Whole numbers without zeros, for work by hand, as nested lists."""
    return (rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)).tolist()


def one(rng, largest=5, least=1):
    """One whole number, not zero, of either sign."""
    return int(rng.integers(least, largest + 1) * rng.choice([-1, 1]))


def relu(z):
    return np.maximum(np.asarray(z), 0)


# ------------------------------------------------------------------ readiness.activations


@exercise(
    skill="readiness.activations",
    points=1,
    answer=Integer(),
    hints=(
        "The ReLU looks at each entry by itself, before anything is added up.",
        "A positive entry stays as it is; for a negative one, the ReLU gives nothing.",
    ),
)
def relu_total(z):
    """A layer has the pre-activations z = {z}. Each goes through a ReLU, and the results are added up.

    What is the sum?
    """
    return int(relu(z).sum())


@relu_total.variant
def _(rng):
    signs = rng.permutation([1, 1, -1, -1, rng.choice([-1, 1])])
    return {"z": (signs * rng.integers(1, 10, 5)).tolist()}


@relu_total.mistake("You added the entries up as they are, the negative ones too.")
def nothing_cut(z):
    return sum(z)


@relu_total.mistake("You dropped the minus signs; a ReLU sets a negative entry to zero.")
def minus_signs_dropped(z):
    return sum(abs(value) for value in z)


@relu_total.mistake("You kept the negative entries and cut the positive ones: it is the other way round.")
def kept_the_negative(z):
    return sum(min(value, 0) for value in z)


@relu_total.mistake("You counted the entries that are on; each hands on its value.")
def counted(z):
    return sum(value > 0 for value in z)


@exercise(
    skill="readiness.activations",
    points=1,
    answer=Number(2),
    hints=(
        "The slope of the sigmoid can be written with its output alone; z itself is not needed.",
        "It is a product of two factors, which add up to 1.",
    ),
)
def sigmoid_slope(output):
    """A sigmoid unit gives out σ(z) = {output}. What is its slope σ′(z) there?"""
    return output * (1 - output)


@sigmoid_slope.variant
def _(rng):
    return {"output": round(int(rng.integers(4, 97)) / 100, 2)}


@sigmoid_slope.mistake("You gave the distance to 1; that is one of the two factors.")
def distance_to_one(output):
    return 1 - output


@sigmoid_slope.mistake("That is the slope of a tanh with this output; the sigmoid has another.")
def slope_of_tanh(output):
    return 1 - output**2


@sigmoid_slope.mistake("You took the output for z and went through the sigmoid a second time.")
def sigmoid_twice(output):
    again = 1 / (1 + math.exp(-output))
    return again * (1 - again)


@sigmoid_slope.mistake("You squared the output; only one of the two factors is the output itself.")
def squared(output):
    return output**2


# ------------------------------------------------------------------ readiness.graphs


@exercise(
    skill="readiness.graphs",
    points=1,
    answer=Integer(),
    hints=(
        "Go in the order of the graph: a node is computed once all its inputs are known.",
        "u is used twice: v needs it, and y needs it again.",
    ),
)
def last_node(a, b, c):
    """A computational graph has three nodes: u = a · b, then v = u + c, then y = u · v.

    With a = {a}, b = {b} and c = {c}, what is y?
    """
    return a * b * (a * b + c)


@last_node.variant
def _(rng):
    return {"a": one(rng, 4), "b": one(rng, 4, 2), "c": one(rng, 6)}


@last_node.mistake("You added u and v; the last node multiplies them.")
def added_at_the_end(a, b, c):
    return a * b + (a * b + c)


@last_node.mistake("You left u out of v: that node has two inputs.")
def one_input_lost(a, b, c):
    return a * b * c


@last_node.mistake("You stopped at v; one node is still to come.")
def stopped_early(a, b, c):
    return a * b + c


@last_node.mistake("You multiplied at v, where the node adds.")
def multiplied_at_v(a, b, c):
    return a * b * (a * b * c)


@exercise(
    skill="readiness.graphs",
    points=1,
    answer=Integer(),
    hints=(
        "From x to y there is more than one path; along a path, slopes multiply.",
        "u reaches y as a factor, and once more inside v; what the paths give is added up.",
    ),
)
def reused_node(x, w, c):
    """In a graph, u = w · x, then v = u + c, then y = u · v; so u is used twice.

    With x = {x}, w = {w} and c = {c}, what is dy/dx?
    """
    u = w * x
    return w * (u + c) + w * u


@reused_node.variant
def _(rng):
    return {"x": one(rng, 4), "w": one(rng, 5, 2), "c": one(rng, 6)}


@reused_node.mistake("You followed u straight to y; it also gets there through v.")
def only_as_a_factor(x, w, c):
    return w * (w * x + c)


@reused_node.mistake("You followed the path through v only; u also reaches y directly, as the other factor.")
def only_through_v(x, w, c):
    return w * w * x


@reused_node.mistake("You stopped at u; from u to x there is one more slope.")
def stopped_at_u(x, w, c):
    return 2 * w * x + c


@reused_node.mistake("You gave the value of y; its slope was asked for.")
def value_for_slope(x, w, c):
    return w * x * (w * x + c)


# ------------------------------------------------------------------ readiness.sgd


@exercise(
    skill="readiness.sgd",
    points=1,
    answer=Number(),
    hints=(
        "The loss of the batch is the mean of its examples' losses, and so is its gradient.",
        "The step goes against the gradient, and its length is the learning rate times the gradient's.",
    ),
)
def batch_step(w, gradients, eta):
    """A weight is w = {w}. The examples of a batch have the gradients dL/dw = {gradients}.
    The loss of the batch is the mean over its examples, and the learning rate is η = {eta}.

    What is w after one step of SGD?
    """
    return w - eta * sum(gradients) / len(gradients)


@batch_step.variant
def _(rng):
    gradients = whole(rng, 4, largest=6)
    return {"w": one(rng, 4), "gradients": gradients, "eta": rng.choice([0.1, 0.2, 0.5])}


@batch_step.mistake("You went up the gradient; to lower the loss, go against it.")
def went_up(w, gradients, eta):
    return w + eta * sum(gradients) / len(gradients)


@batch_step.mistake("You added the examples' gradients up; this batch's loss is their mean.")
def summed(w, gradients, eta):
    return w - eta * sum(gradients)


@batch_step.mistake("You gave the step alone; it starts from where the weight stands.")
def the_step_alone(w, gradients, eta):
    return -eta * sum(gradients) / len(gradients)


@batch_step.mistake("You used the first example only; a batch shares one step.")
def first_example_only(w, gradients, eta):
    return w - eta * gradients[0]


@exercise(
    skill="readiness.sgd",
    points=1,
    answer=Integer(),
    hints=(
        "An epoch goes through all examples once; each batch gives one step.",
        "What is left over at an epoch's end is a smaller batch, and makes a step too.",
    ),
)
def steps_taken(examples, batch, epochs):
    """SGD goes through {examples} examples in batches of {batch}; the last batch of an epoch may be smaller.

    How many steps has it taken after {epochs} epochs?
    """
    return epochs * math.ceil(examples / batch)


@steps_taken.variant
def _(rng):
    batch = int(rng.choice([10, 20, 25, 50]))
    return {
        "examples": batch * int(rng.integers(3, 12)) + int(rng.integers(1, batch)),
        "batch": batch,
        "epochs": int(rng.integers(2, 7)),
    }


@steps_taken.mistake("You left the smaller last batch out; it makes a step too.")
def last_batch_dropped(examples, batch, epochs):
    return epochs * (examples // batch)


@steps_taken.mistake("That is one epoch's worth; more follow.")
def a_single_epoch(examples, batch, epochs):
    return math.ceil(examples / batch)


@steps_taken.mistake("You counted a step for every example; a batch shares one.")
def a_step_an_example(examples, batch, epochs):
    return epochs * examples


@steps_taken.mistake("You let batches run over the end of an epoch; each epoch begins with a fresh batch.")
def epochs_run_together(examples, batch, epochs):
    return math.ceil(epochs * examples / batch)


# ------------------------------------------------------------------ readiness.backprop


@exercise(
    skill="readiness.backprop",
    points=1,
    answer=Integer(),
    hints=(
        "Chain rule: first how the loss answers to ŷ, then how ŷ answers to w.",
        "The outer slope is twice the error; the inner one is whatever w is multiplied with.",
    ),
)
def weight_gradient(w, x, t):
    """A unit predicts ŷ = w · x, and its loss is L = (ŷ − t)². With w = {w}, x = {x} and t = {t}: what is dL/dw?"""
    return 2 * (w * x - t) * x


@weight_gradient.variant
def _(rng):
    return {"w": one(rng, 5), "x": one(rng, 5, 2), "t": one(rng, 6)}


@weight_gradient.mistake("You stopped at ŷ; there is one more link between ŷ and w.")
def stopped_at_the_prediction(w, x, t):
    return 2 * (w * x - t)


@weight_gradient.mistake("The square's own slope brings a factor that you left out.")
def factor_of_the_square_lost(w, x, t):
    return (w * x - t) * x


@weight_gradient.mistake("That is dL/dx: you multiplied with the weight, where the input belongs.")
def gradient_by_the_input(w, x, t):
    return 2 * (w * x - t) * w


@weight_gradient.mistake("The sign is turned round: the error is ŷ − t.")
def sign_turned(w, x, t):
    return 2 * (t - w * x) * x


@exercise(
    skill="readiness.backprop",
    points=1,
    answer=Integer(),
    hints=(
        "A unit that is off lets no gradient through; find out which are on.",
        "Each unit that is on is a path: multiply along it, and add the paths up.",
    ),
)
def input_gradient(a, b, x):
    """Three hidden units see one number x: unit i gives ReLU(aᵢ · x), with a = {a}.
    The output is s = b₁h₁ + b₂h₂ + b₃h₃, with b = {b}.

    At x = {x}, what is ds/dx?
    """
    return sum(b_i * a_i for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)


@input_gradient.variant
def _(rng):
    return {"a": whole(rng, 3), "b": whole(rng, 3), "x": one(rng, 4, 2)}


@input_gradient.mistake("You let gradient through units that are off; their ReLU is flat there.")
def relu_ignored(a, b, x):
    return sum(b_i * a_i for a_i, b_i in zip(a, b, strict=True))


@input_gradient.mistake("You stopped at the hidden units; from there to x there is still the first layer's weight.")
def stopped_at_the_units(a, b, x):
    return sum(b_i for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)


@input_gradient.mistake("You left the readout out: each path begins with the weight that s gives its unit.")
def readout_left_out(a, b, x):
    return sum(a_i for a_i in a if a_i * x > 0)


@input_gradient.mistake("You gave the value of s; its slope was asked for.")
def output_for_slope(a, b, x):
    return sum(b_i * a_i * x for a_i, b_i in zip(a, b, strict=True) if a_i * x > 0)


# ------------------------------------------------------------------ readiness.autodiff


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Integer(),
    hints=(
        "A tangent is a derivative carried beside its value; here the product rule carries it on.",
        "Each factor's tangent is multiplied with the value of the other one.",
    ),
)
def product_tangent(u, du, v, dv):
    """Forward-mode differentiation carries a tangent beside every value.
    Here u = {u} has the tangent {du}, and v = {v} has the tangent {dv}.

    Which tangent does u · v get?
    """
    return u * dv + v * du


@product_tangent.variant
def _(rng):
    return {"u": one(rng, 6), "du": one(rng, 4), "v": one(rng, 6), "dv": one(rng, 4)}


@product_tangent.mistake("You multiplied the tangents; the slope of a product is no product of slopes.")
def tangents_multiplied(u, du, v, dv):
    return du * dv


@product_tangent.mistake("You added the tangents, as for a sum; this is a product.")
def tangents_added(u, du, v, dv):
    return du + dv


@product_tangent.mistake("You multiplied each value with its own tangent; it goes crosswise.")
def not_crosswise(u, du, v, dv):
    return u * du + v * dv


@product_tangent.mistake("You took the two terms from each other; the product rule adds them.")
def as_a_quotient(u, du, v, dv):
    return v * du - u * dv


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Array(),
    hints=(
        "An entry of x reaches every output; its gradient gathers what comes back from all of them.",
        "Entry j of the answer goes down column j of W.",
    ),
)
def pulled_back(W, g):
    """A layer computes y = W x with W = {W} (rows in brackets).
    Reverse mode arrives with the gradient by y, which is {g}.

    What is the gradient by x, as a list [ , ]?
    """
    return np.array(W).T @ np.array(g)


@pulled_back.variant
def _(rng):
    return {"W": whole(rng, 2, 2), "g": whole(rng, 2)}


@pulled_back.mistake("You went forwards through W; on the way back its columns meet the gradient.")
def pushed_forward(W, g):
    return np.array(W) @ np.array(g)


@pulled_back.mistake("You used the diagonal of W alone; every output sends something back to every input.")
def diagonal_only(W, g):
    return np.diag(np.array(W)) * np.array(g)


@pulled_back.mistake("You added up the columns of W and left out the gradient that arrives.")
def gradient_left_out(W, g):
    return np.array(W).sum(axis=0)


@exercise(
    skill="readiness.autodiff",
    points=1,
    answer=Number(),
    hints=(
        "Automatic differentiation gives the slope itself, without any step; the quotient has a step in it.",
        "Write out (x + h)³: the term with x³ drops out, the next is the slope, and what remains is the error.",
    ),
)
def quotient_error(x, h):
    """For f(x) = x³ at x = {x}, automatic differentiation gives the slope to rounding.

    How far above it is the difference quotient (f(x + h) − f(x)) / h with h = {h}?
    """
    return 3 * x * h + h * h


@quotient_error.variant
def _(rng):
    return {"x": int(rng.integers(1, 9)), "h": rng.choice([0.1, 0.2, 0.3, 0.4, 0.5])}


@quotient_error.mistake("They do not agree: a step of finite size bends away from the slope.")
def no_difference(x, h):
    return 0.0


@quotient_error.mistake("You gave the quotient; how far it is from the slope was asked for.")
def the_quotient(x, h):
    return ((x + h) ** 3 - x**3) / h


@quotient_error.mistake("You gave the slope; how far the quotient is from it was asked for.")
def the_slope(x, h):
    return 3 * x * x


@quotient_error.mistake("You lost the middle term of (x + h)³, the one with h².")
def middle_term_lost(x, h):
    return h * h


# ------------------------------------------------------------------ readiness.conditioning


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(2),
    hints=(
        "Errors of the two numbers may point in opposite directions, and then they add up in the difference.",
        "Relative means: compared with the size of the result, and the result is small.",
    ),
)
def cancellation(a, b, error):
    """Two measured numbers are a = {a} and b = {b}; each may be off by up to {error}.

    How large can the relative error of a − b be, as a share of a − b?
    """
    return 2 * error / (a - b)


@cancellation.variant
def _(rng):
    b = int(rng.integers(20, 90))
    return {
        "a": round(b + int(rng.integers(2, 10)) / 10, 1),
        "b": float(b),
        "error": rng.choice([0.001, 0.002, 0.004, 0.005]),
    }


@cancellation.mistake("You let only one of the two numbers be off; at worst both are, in opposite directions.")
def one_error(a, b, error):
    return error / (a - b)


@cancellation.mistake("You compared with a; what counts is the size of the difference.")
def relative_to_the_inputs(a, b, error):
    return 2 * error / a


@cancellation.mistake("That is how far the difference may be off; compare it with the difference.")
def absolute(a, b, error):
    return 2 * error


@cancellation.mistake("You divided the wrong way round: the error is to be a share of the difference.")
def wrong_way_round(a, b, error):
    return (a - b) / (2 * error)


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(),
    hints=(
        "Take the largest logit out of the sum first: only differences are left in the exponents.",
        "One term is then e⁰; the other is e to a negative number, and a logarithm is still to be taken.",
    ),
)
def above_the_largest(largest, other):
    """The logits are {largest} and {other}. Their exponentials overflow.
    Yet the logarithm of the sum of these exponentials is a plain number.

    By how much does it exceed {largest}? An expression such as log(3) or exp(-2) may be typed.
    """
    return math.log1p(math.exp(other - largest))


@above_the_largest.variant
def _(rng):
    largest = int(rng.integers(3, 31)) * 100
    return {"largest": largest, "other": largest - int(rng.integers(1, 4))}


@above_the_largest.mistake("You stopped at the exponential; the largest logit counts too, and then comes a logarithm.")
def logarithm_left_out(largest, other):
    return math.exp(other - largest)


@above_the_largest.mistake("You turned the difference round: after the largest is taken out, no exponent is positive.")
def difference_turned(largest, other):
    return math.log1p(math.exp(largest - other))


@above_the_largest.mistake("You gave the sum itself, after the largest was taken out; its logarithm was asked for.")
def sum_without_logarithm(largest, other):
    return 1 + math.exp(other - largest)


@exercise(
    skill="readiness.conditioning",
    points=1,
    answer=Number(),
    hints=(
        "Each direction shrinks by its own factor, 1 − η times its curvature.",
        "η is set by the steep direction; put it into the factor of the flat one.",
    ),
)
def slow_direction(steep, flat):
    """A loss ½({steep} x² + {flat} y²) has the curvatures {steep} and {flat}.
    Gradient descent takes the learning rate η = 1/{steep}, which brings x to 0 in one step.

    By which factor does one step multiply y?
    """
    return 1 - flat / steep


@slow_direction.variant
def _(rng):
    return {"steep": int(rng.integers(4, 11)) * 10, "flat": int(rng.integers(2, 16))}


@slow_direction.mistake("That is the share y loses in a step; what is left was asked for.")
def the_share_lost(steep, flat):
    return flat / steep


@slow_direction.mistake("You gave the condition number; it tells how slow, the factor of one step is another thing.")
def the_condition_number(steep, flat):
    return steep / flat


@slow_direction.mistake("You forgot the learning rate: the gradient is the curvature times y, and η scales it.")
def learning_rate_forgotten(steep, flat):
    return 1 - flat


@slow_direction.mistake("That is what happens to x; y has a curvature of its own.")
def as_fast_as_x(steep, flat):
    return 0.0


# ------------------------------------------------------------------ readiness.convolution


@exercise(
    skill="readiness.convolution",
    points=1,
    answer=Array(),
    hints=(
        "Lay the kernel on the first three entries, multiply entry by entry, and add up: that is the first output.",
        "Move on by one and do the same; stop where the kernel would hang over the end.",
    ),
)
def slide(x, k):
    """The kernel k = {k} slides over x = {x}.
    There is no padding, and the kernel is not turned round, as usual in deep learning.

    What comes out, as a list [ , , ]?
    """
    return np.correlate(x, k, "valid")


@slide.variant
def _(rng):
    return {"x": whole(rng, 5), "k": whole(rng, 3, largest=2)}


@slide.mistake("You turned the kernel round first; in deep learning it stays as it is.")
def kernel_turned(x, k):
    return np.convolve(x, k, "valid")


@slide.mistake("You padded the ends; without padding the kernel never hangs over.")
def padded(x, k):
    return np.correlate(x, k, "same")


@slide.mistake("You moved on by two entries; the kernel moves by one.")
def two_at_a_time(x, k):
    return np.correlate(x, k, "valid")[::2]


@slide.mistake("You added up what lies under the kernel; multiply with the kernel's entries first.")
def plain_sums(x, k):
    return np.correlate(x, np.ones(3, int), "valid")


@exercise(
    skill="readiness.convolution",
    points=1,
    answer=Integer(),
    hints=(
        "Count the places where the kernel can start, from the left end of the padded input.",
        "The first start is free; each further one needs a whole stride of room.",
    ),
)
def output_length(n, kernel, padding, stride):
    """An input of length {n} is padded with {padding} zeros at each end.
    A kernel of length {kernel} slides over it with stride {stride}.

    How many outputs are there?
    """
    return (n + 2 * padding - kernel) // stride + 1


@output_length.variant
def _(rng):
    return {
        "n": int(rng.integers(15, 60)),
        "kernel": int(rng.choice([3, 5, 7])),
        "padding": int(rng.integers(1, 4)),
        "stride": int(rng.integers(2, 5)),
    }


@output_length.mistake("You counted the moves; the place before the first move is an output too.")
def first_place_forgotten(n, kernel, padding, stride):
    return (n + 2 * padding - kernel) // stride


@output_length.mistake("You padded one end; there are zeros at both.")
def one_end_padded(n, kernel, padding, stride):
    return (n + padding - kernel) // stride + 1


@output_length.mistake("You left the padding out.")
def padding_left_out(n, kernel, padding, stride):
    return (n - kernel) // stride + 1


@output_length.mistake("You moved on by one each time; this stride is larger.")
def stride_left_out(n, kernel, padding, stride):
    return n + 2 * padding - kernel + 1


@output_length.mistake("You let the stride divide the whole input; only the room left beside the kernel can be walked.")
def input_over_stride(n, kernel, padding, stride):
    return -(-(n + 2 * padding) // stride)


# ------------------------------------------------------------------ readiness.regularization


@exercise(
    skill="readiness.regularization",
    points=1,
    answer=Number(),
    hints=(
        "The gradient of a sum is the sum of gradients: the data's, and the penalty's.",
        "Differentiate λ w² by w as any other square.",
    ),
)
def penalised_gradient(w, gradient, strength):
    """The loss of the data has the gradient {gradient} at the weight w = {w}.
    Training also adds the penalty λ w², with λ = {strength}.

    What is the gradient of the whole?
    """
    return gradient + 2 * strength * w


@penalised_gradient.variant
def _(rng):
    return {"w": one(rng, 6, 2), "gradient": one(rng, 5), "strength": rng.choice([0.1, 0.2, 0.3, 0.5])}


@penalised_gradient.mistake("The square brings a factor when it is differentiated; you left it out.")
def factor_of_the_square_left_out(w, gradient, strength):
    return gradient + strength * w


@penalised_gradient.mistake("You added the penalty itself; its slope was needed.")
def penalty_for_its_slope(w, gradient, strength):
    return gradient + strength * w * w


@penalised_gradient.mistake("You took the penalty away; it is added to the loss.")
def penalty_subtracted(w, gradient, strength):
    return gradient - 2 * strength * w


@penalised_gradient.mistake("That is the L1 penalty's slope, which only asks for the sign of w; this one is a square.")
def as_if_l1(w, gradient, strength):
    return gradient + strength * math.copysign(1, w)


@exercise(
    skill="readiness.regularization",
    points=1,
    answer=Number(2),
    hints=(
        "Over many passes, the mean of what is handed on must be the activation itself.",
        "The unit hands something on only in the share of passes in which it is kept; it makes up for the others.",
    ),
)
def dropout_scale(activation, drop):
    """In training, inverted dropout drops each unit with probability {drop}; at test time nothing is done at all.
    A unit with activation {activation} is kept in this pass.

    Which number does it hand on?
    """
    return activation / (1 - drop)


@dropout_scale.variant
def _(rng):
    return {"activation": int(rng.integers(2, 13)), "drop": rng.choice([0.1, 0.2, 0.25, 0.4, 0.6, 0.75, 0.8])}


@dropout_scale.mistake(
    "You handed it on as it is; then at test time, with all units there, the sum would be too large."
)
def not_scaled(activation, drop):
    return activation


@dropout_scale.mistake("You scaled down; that is what the other kind of dropout does, and at test time.")
def scaled_down(activation, drop):
    return activation * (1 - drop)


@dropout_scale.mistake("You divided by the share that is dropped; what counts is the share that is kept.")
def divided_by_the_dropped(activation, drop):
    return activation / drop


# ------------------------------------------------------------------ readiness.dimensionality


@exercise(
    skill="readiness.dimensionality",
    points=1,
    answer=Integer(),
    hints=(
        "With two axes it is a square of points, with three a cube.",
        "Each further axis repeats all the points there are, once for each of its values.",
    ),
)
def grid_points(values, inputs):
    """You try {values} values for each of {inputs} inputs, in every combination. How many combinations are there?"""
    return values**inputs


@grid_points.variant
def _(rng):
    return {"values": int(rng.integers(3, 11)), "inputs": int(rng.integers(2, 9))}


@grid_points.mistake("You added the axes up; every value of one meets every value of the others.")
def axes_added(values, inputs):
    return values * inputs


@grid_points.mistake("Base and exponent are exchanged: it is the number of axes that multiplies again and again.")
def base_and_exponent_exchanged(values, inputs):
    return inputs**values


@grid_points.mistake("You left one axis out.")
def one_axis_missing(values, inputs):
    return values ** (inputs - 1)


@exercise(
    skill="readiness.dimensionality",
    points=1,
    answer=Number(2),
    hints=(
        "Ask first how much lies deeper inside: that is a smaller cube.",
        "The rim takes its width away at both ends of every edge.",
    ),
)
def in_the_rim(rim, dims):
    """Points fill a cube with edges of length 1 evenly, in {dims} dimensions.
    Which share of them lies closer than {rim} to the surface?

    An expression such as 1 - 0.7^3 may be typed.
    """
    return 1 - (1 - 2 * rim) ** dims


@in_the_rim.variant
def _(rng):
    return {"rim": rng.choice([0.02, 0.03, 0.04, 0.05, 0.1]), "dims": int(rng.integers(4, 16))}


@in_the_rim.mistake("That is the share deep inside; the rim is the rest.")
def the_inside(rim, dims):
    return (1 - 2 * rim) ** dims


@in_the_rim.mistake("You took the rim off one end of each edge; there is one at both.")
def one_end_only(rim, dims):
    return 1 - (1 - rim) ** dims


@in_the_rim.mistake("You added the axes' rims up; corners were counted more than once.")
def rims_added(rim, dims):
    return 2 * rim * dims


@in_the_rim.mistake("That is the share on a line; every further dimension brings two more sides.")
def on_a_line(rim, dims):
    return 2 * rim
