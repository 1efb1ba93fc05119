"""The counter against the literature, against parameters really drawn, and against the programs that really run."""

from __future__ import annotations

import subprocess
import sys
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax.extend.core import jaxprs_in_params

from course.nets import build, conv
from course.nets.counts import (
    RBF,
    Activation,
    AdaptivePool,
    Conv,
    Count,
    Dense,
    DescriptionError,
    Flatten,
    Layer,
    Norm,
    Pool,
    Residual,
    count,
    depthwise_separable,
    output_size,
    pads,
    residual_basic,
    residual_bottleneck,
)
from course.nets.published import LENET_5, LENET_5_1998, PUBLISHED

relu = Activation("relu")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("LeNet-5", 61_706),
        ("LeNet-5 (1998)", 60_000),
        ("AlexNet", 61_100_840),
        ("VGG-16", 138_357_544),
        ("ResNet-50", 25_557_032),
    ],
)
def test_published_counts_are_reproduced(name, parameters):
    assert count(*PUBLISHED[name].description).parameters == parameters == PUBLISHED[name].parameters


@pytest.mark.parametrize(("name", "giga"), [("AlexNet", 0.714), ("VGG-16", 15.470), ("ResNet-50", 4.089)])
def test_multiply_adds_are_those_torchvision_publishes(name, giga):
    assert count(*PUBLISHED[name].description).multiply_adds / 1e9 == pytest.approx(giga, abs=5e-4)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "LeNet-5 (1998)"])
def test_published_networks_have_that_many_parameters_when_drawn(name):
    description, parameters, _ = PUBLISHED[name]
    params = jax.eval_shape(lambda: build.init(jax.random.key(0), *description))
    assert sum(prod(leaf.shape) for leaf in jax.tree.leaves(params)) == parameters


def test_lenet_agrees_layer_by_layer_with_the_paper():
    table = count(*LENET_5_1998)
    learned = [row.parameters for row in table.rows if row.parameters]
    assert learned == [156, 12, 1_516, 32, 48_120, 10_164]
    shapes = [row.shape for row in table.rows if row.parameters or isinstance(row.layer, RBF)]
    assert shapes == [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,)]
    # The paper counts connections: products, and the use of a bias by each unit that has one.
    # A subsampling unit has four inputs, which share one coefficient: four connections where there is one product.
    assert table.buffers == 840
    biases = sum(row.outputs for row in table.rows if row.parameters)
    pooled = sum(row.outputs for row in table.rows if isinstance(row.layer, Pool))
    assert table.multiply_adds + biases + 3 * pooled == 340_908


def test_a_full_c3_is_the_only_reason_for_todays_count():
    full, sparse = count(*LENET_5), count(*LENET_5_1998)
    c3 = [
        next(row.parameters for row in t.rows if isinstance(row.layer, Conv) and row.layer.channels == 16)
        for t in (full, sparse)
    ]
    assert c3 == [2_416, 1_516]
    assert full.parameters - sparse.parameters == (2_416 - 1_516) + 850 - 12 - 32


def test_resnets_field_and_jumps():
    rows = count(*PUBLISHED["ResNet-50"].description).rows
    last = next(row for row in reversed(rows) if isinstance(row.layer, Residual))
    assert (last.shape, last.field, last.jump) == ((2048, 7, 7), (427, 427), (32, 32))


def test_the_worked_example():
    assert count((3072,), [Dense(100, bias=False)]).parameters == 307_200
    shared = count((3, 32, 32), [Conv(64, 3, padding="same", bias=False)])
    assert shared.parameters == 1_728
    # The caveat: 64 maps are 65,536 outputs, and cost more arithmetic than the dense layer.
    assert shared.rows[0].outputs == 65_536
    assert shared.multiply_adds == 1_769_472 > 307_200


def test_sound_and_spectrograms_are_counted_alike():
    sound = count((1, 16_000), [Conv(16, 400, 160), relu, Conv(32, 3), AdaptivePool(1), Flatten(), Dense(4)])
    assert [row.shape for row in sound.rows][:3] == [(16, 98), (16, 98), (32, 96)]
    assert sound.rows[2].field == (400 + 2 * 160,) and sound.rows[2].jump == (160,)
    picture = count((1, 64, 98), [Conv(8, (5, 3), (2, 1), (2, 1))])
    assert picture.shape == (8, 32, 98) and picture.parameters == 8 * 16 and picture.jump == (2, 1)


def test_a_depthwise_separable_convolution_costs_less_by_the_formula():
    one, two = (
        count((32, 9, 9), [Conv(64, 3, padding="same", bias=False)]),
        count((32, 9, 9), depthwise_separable(32, 64, bias=False)),
    )
    assert two.parameters / one.parameters == pytest.approx(1 / 64 + 1 / 9)
    assert two.multiply_adds / one.multiply_adds == pytest.approx(1 / 64 + 1 / 9)
    assert (one.shape, one.field) == (two.shape, two.field)


def test_each_norm_learns_what_it_should():
    def learned(kind: str, shape: tuple[int, ...]) -> tuple[int, int]:
        table = count(shape, [Norm(kind)])
        return table.parameters, table.buffers

    assert [learned(kind, (64,)) for kind in ("batch", "layer", "rms")] == [(128, 128), (128, 0), (64, 0)]
    assert learned("batch", (64, 7, 7)) == (128, 128) and learned("layer", (4, 3, 3)) == (72, 0)
    assert count((64,), [Norm("layer", affine=False)]).parameters == 0


BAD: list[tuple[tuple[int, ...], list[object], str]] = [
    ((3, 4, 4), [Conv(2, 5)], r"Layer 1 \(conv 5×5, 2\): A kernel of 5 does not fit on 4 positions: make it smaller"),
    ((3, 4, 4), [Conv(4, 3), Conv(4, 7, padding=1)], r"Layer 2 .*kernel of 7 does not fit on 4 positions \(2 and 1 on"),
    ((3, 4, 4), [Conv(4, 3, groups=2)], "3 input channels cannot be divided into 2 equal groups"),
    ((4, 4, 4), [Conv(3, 3, groups=2)], "3 output channels cannot be divided into 2 equal groups"),
    ((3, 4, 4), [Dense(3)], "takes a vector and is handed 3×4×4: put a Flatten before it"),
    ((48,), [Conv(2, 1)], "handed a vector of 48: there are none"),
    ((3, 4, 4), [Residual((Conv(3, 3),))], "body ends in 3×2×2 and its skip in 3×4×4, and they cannot be added"),
    ((3, 1, 1), [Residual((Conv(3, 1, 2),))], "stride differently"),
    ((3, 4, 4), [Residual((Conv(3, 1), Conv(3, 9)))], r"^Layer 1\.body\.2 \(conv 9×9, 3\): A kernel of 9"),
    ((3, 8), [Conv(2, (3, 3))], "2 entries for 1 spatial axes"),
    ((3, 8, 8), [Conv(0, 3)], "number of channels is a whole number, 1 or more, and this one is 0"),
    ((3, 8, 8), [Conv(2, 3, stride=0)], "stride is a whole number"),
    ((3, 8, 8), [Conv(2, 3, padding=-1)], "padding is 0 or more"),
    ((3, 2, 2), [Conv(2, 7, padding="circular")], "wrap around 2 positions more than once"),
    ((3, 8, 8), [AdaptivePool(3)], "8 positions cannot be cut into 3 equal windows"),
    ((3, 8, 8), [Pool(2, padding=2)], "more than half a window"),
    ((3, 8, 8), [Conv(2, 3, table=((0, 3), (1,)))], "among 0 … 2"),
    ((3, 8, 8), [Conv(2, 3, table=((0,),))], "1 rows for 2 channels"),
    ((), [relu], "An input shape is"),
    ((3, 0), [relu], "An input shape is"),
]


@pytest.mark.parametrize(("shape", "layers", "sentence"), BAD)
def test_a_bad_description_is_refused_in_one_sentence(shape, layers, sentence):
    with pytest.raises(DescriptionError, match=sentence) as refusal:
        count(shape, layers)
    assert "\n" not in str(refusal.value)


@given(
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(0, 4),
    st.sampled_from(["number", "valid", "same"]),
)
def test_the_size_formula_is_the_number_of_places_the_window_fits(n, kernel, stride, padding, how):
    before, behind = pads(n, kernel, stride, padding if how == "number" else how)
    places = [at for at in range(0, n + before + behind, stride) if at + kernel <= n + before + behind]
    if not places:
        with pytest.raises(DescriptionError):
            output_size(n + before + behind, kernel, stride)
        return
    assert output_size(n + before + behind, kernel, stride) == len(places)
    if how == "number":
        assert output_size(n, kernel, stride, padding) == len(places)
    if how == "same":
        assert len(places) == -(-n // stride) and 0 <= behind - before <= 1


def a_network(shape: tuple[int, ...], choices: list[tuple[int, int, int]], end: int) -> tuple[Layer, ...]:
    """A small convolutional network, chosen by numbers; it may not fit."""
    layers: tuple[Layer, ...] = ()
    for which, n, s in choices:
        c = count(shape, layers).shape[0]
        layers += (
            (Conv(n, n, s, "same"), relu),
            (Conv(3, (n, 2), 1, 1, bias=False), Norm("batch")),
            (Conv(2 * c, 2, groups=c), Norm("layer")),
            (Pool(n + 1, s, 1, "average"), Norm("rms")),
            depthwise_separable(c, 4),
            residual_basic(c),
            residual_basic(4, 2, project=True),
            residual_bottleneck(2, 4, s, project=True),
        )[which]
    return layers + ((), (Flatten(), Dense(3)), (AdaptivePool(1), Flatten(), Dense(2, bias=False)))[end]


drawn = jax.jit(build.init, static_argnums=(1, 2))


def multiply_adds_of(f, *arguments) -> int:  # type: ignore[no-untyped-def]
    """The products summed by every dot_general of a program."""
    total = 0

    def visit(jaxpr):  # type: ignore[no-untyped-def]
        nonlocal total
        for eqn in jaxpr.eqns:
            if eqn.primitive.name == "dot_general":
                (contracted, _), _ = eqn.params["dimension_numbers"]
                shape = eqn.invars[0].aval.shape
                total += eqn.outvars[0].aval.size * prod(shape[i] for i in contracted)
            for inner in jaxprs_in_params(eqn.params):
                visit(inner)

    visit(jax.make_jaxpr(f)(*arguments).jaxpr)
    return total


@given(
    st.tuples(st.integers(1, 3), st.integers(6, 11), st.integers(6, 11)),
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=3),
    st.integers(0, 2),
)
@settings(deadline=None, max_examples=15)
def test_what_is_counted_is_what_is_built_and_run(shape, choices, end):
    try:
        layers = a_network(shape, choices, end)
        table = count(shape, layers)
    except DescriptionError:
        assume(False)
    params = jax.eval_shape(lambda: build.init(jax.random.key(0), shape, layers))
    assert sum(prod(leaf.shape) for leaf in jax.tree.leaves(params)) == table.parameters
    x = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    assert jax.eval_shape(lambda p, x: build.apply(layers, p, x), params, x).shape == (1, *table.shape)
    assert multiply_adds_of(lambda p, x: build.apply(layers, p, x), params, x) == table.multiply_adds


@pytest.mark.parametrize(
    "layers",
    [
        (Conv(2, 3), Conv(2, 3)),
        (Conv(2, 3, 2), Conv(2, 3), Conv(1, (3, 2))),
        (Conv(2, 3, padding=1), Pool(2, kind="average"), Conv(2, 3, padding=1)),
        (Conv(2, 2, 2), Residual((Conv(2, 3, padding=1), Conv(2, 3, padding=1)))),
        (Conv(2, 3, 2), *depthwise_separable(2, 3)),
    ],
)
def test_the_receptive_field_is_what_the_gradient_sees(layers):
    shape = (2, 31, 33)
    table = count(shape, layers)
    # Positive weights, and no activation: nothing can cancel or be switched off.
    params = jax.tree.map(lambda w: abs(w) + 0.1, drawn(jax.random.key(0), shape, layers))
    run = lambda x: build.apply(layers, params, x[None])[0]
    seen = conv.receptive_field(run, jnp.ones(shape))
    assert conv.field_size(seen) == table.field

    def corner(at: int) -> int:
        mask = conv.receptive_field(run, jnp.ones(shape), (at, at))
        return int(np.flatnonzero(np.asarray(mask).any(axis=1))[0])

    middle = table.shape[1] // 2
    assert corner(middle + 1) - corner(middle) == table.jump[0]


def test_a_dense_layer_sees_what_the_positions_below_it_saw_together():
    layers = (Conv(2, 3, 2), Flatten(), Dense(1))
    for side in (9, 10):  # on 10 positions the last one is never looked at
        params = jax.tree.map(lambda w: abs(w) + 0.1, drawn(jax.random.key(0), (1, side, side), layers))
        gradient = jax.jit(jax.grad(lambda x, p=params: build.apply(layers, p, x[None]).sum()))(
            jnp.ones((1, side, side))
        )
        assert conv.field_size((gradient != 0).any(axis=0)) == count((1, side, side), layers).field == (9, 9)
    assert count((5,), [Dense(2)]).field == ()


def test_a_residual_block_is_the_sum_of_its_branches():
    (block, _), table = (
        residual_bottleneck(4, 16, 2, project=True),
        count((8, 8, 8), residual_bottleneck(4, 16, 2, project=True)),
    )
    assert isinstance(block, Residual)
    body, skip = count((8, 8, 8), block.body), count((8, 8, 8), block.skip)
    for total in ("parameters", "buffers", "multiply_adds"):
        assert getattr(table, total) == getattr(body, total) + getattr(skip, total)
    assert table.field == body.field == (3, 3) and skip.field == (1, 1)
    assert [row.label for row in table.leaves()][-1] == "relu" and len(list(table.leaves())) == 11


def test_labels_say_what_a_layer_is():
    layers = [
        Conv(64, 7, 2, 3),
        Norm("rms"),
        Pool(3, 2, 1),
        Conv(64, (3, 1), groups=2, padding="same"),
        AdaptivePool(1),
        Flatten(),
    ]
    table: Count = count((3, 32, 32), layers)
    assert [row.label for row in table.rows] == [
        "conv 7×7, 64, stride 2",
        "RMS norm",
        "max pool 3×3",
        "conv 3×1, 64, 2 groups",
        "average pool to 1×1",
        "flatten",
    ]


WITHOUT_TYPE_CHECKS = """
import numpy as np
from course.nets.counts import *
n = np.int64
assert count((n(3), n(8), n(8)), [Conv(n(4), n(3), n(2), n(1))]).parameters == 4 * 28
for layer in (Conv(2, 2.5), Conv(2, 3, padding="full"), Norm("group"), "conv", Dense(2.0)):
    try:
        count((3, 8, 8) if layer != Dense(2.0) else (3,), [layer])
    except DescriptionError as error:
        print(error)
"""


def test_a_value_of_the_wrong_type_is_refused_in_one_sentence_too():
    """In a process of its own: here, types are enforced before the counter sees them."""
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_TYPE_CHECKS], check=True, capture_output=True, text=True
    ).stdout
    assert said.splitlines() == [
        "Layer 1 (conv 2.5×2.5, 2): Its kernel 2.5 is no whole number, and no tuple of them.",
        "Layer 1 (conv 3×3, 2): There is no padding 'full': give a number, “valid”, “same” or “circular”.",
        "Layer 1 (group norm): There is no norm 'group': choose “batch”, “layer” or “rms”.",
        "Layer 1 (str): 'conv' is no layer this counter knows.",
        "Layer 1 (dense 2.0): A number of units is a whole number, 1 or more, and this one is 2.0.",
    ]


def test_counting_needs_no_jax():
    code = "import sys, course.nets.counts, course.nets.published; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
