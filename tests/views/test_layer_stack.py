"""The layer stack: what it says is what the counter counts; one answer a question; a fault is said and survived."""

from __future__ import annotations

import pytest

from course.nets.counts import RBF, Conv, Dense, Flatten, Norm, count, residual_basic
from course.nets.published import PUBLISHED
from course.views import layer_stack, shown
from course.views.stack import KINDS, MOST, PRESETS


@pytest.fixture
def stack():
    return layer_stack("LeNet-5")


def ask(stack, seq, shape, layers):
    """A question as the browser sends it, through the door Jupyter uses; the messages sent in answer."""
    sent = []
    stack._send = lambda message, buffers=None: sent.append(message)  # instead of a comm
    stack._handle_custom_msg({"seq": seq, "shape": shape, "layers": layers}, [])
    return sent


@pytest.mark.parametrize("name", ["LeNet-5", "AlexNet", "VGG-16"])
def test_published_networks_come_in_whole(name):
    stack = layer_stack(name)
    assert stack.total.parameters == PUBLISHED[name].parameters
    assert f"{PUBLISHED[name].parameters:,} parameters" in stack.words
    right = count(*PUBLISHED[name].description)
    assert [row[1:] for row in stack.total.rows] == [row[1:] for row in right.rows]  # a stride left unsaid is said


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_offered_as_it_is_counted(name):
    [offered] = [p for p in layer_stack().offer["presets"] if p["name"] == name]
    again = layer_stack()
    again.handle({"seq": 1, "shape": offered["shape"], "layers": offered["layers"]})
    assert again.total.parameters == count(*PRESETS[name]).parameters


def test_an_answer_is_one_message_with_a_row_a_layer(stack):
    layers = [
        {"kind": "conv", "channels": 6, "kernel": 5, "stride": 2, "padding": 1},
        {"kind": "flatten"},
        {"kind": "dense", "units": 7},
    ]
    sent = ask(stack, "a:3", [3, 20, 20], layers)
    assert len(sent) == 1
    answer = sent[0]["state"]["answer"]
    table = count((3, 20, 20), [Conv(6, 5, 2, 1), Flatten(), Dense(7)])
    assert answer["seq"] == "a:3" and answer["error"] is None
    assert [row["parameters"] for row in answer["rows"]] == [row.parameters for row in table.rows]
    assert [row["multiply_adds"] for row in answer["rows"]] == [row.multiply_adds for row in table.rows]
    assert [row["shape"] for row in answer["rows"]] == ["6×9×9", "486", "7"]
    assert answer["rows"][0]["field"] == "5×5"
    assert answer["stack"] == {"shape": [3, 20, 20], "layers": layers}


def test_every_kind_that_is_offered_can_be_counted():
    stack = layer_stack((4, 16, 16))
    for kind in KINDS:
        before = [{"kind": "flatten"}] if kind == "dense" else []
        stack.handle({"shape": [4, 16, 16], "layers": [*before, {"kind": kind}]})
        assert stack.error is None and len(stack.rows) == len(before) + 1, kind
    stack.handle({"shape": [4, 16, 16], "layers": [{"kind": "conv", "channels": 10}, {"kind": "depthwise"}]})
    assert stack.rows[1].parameters == 10 * 9 + 10, "a depthwise layer has a kernel for each channel that reaches it"


def test_a_layer_that_does_not_fit_is_named_and_what_lies_below_still_counted(stack):
    layers = [{"kind": "conv", "channels": 8, "kernel": 3}, {"kind": "conv", "kernel": 40}, {"kind": "relu"}]
    ask(stack, 1, [1, 32, 32], layers)
    assert stack.total is None and len(stack.rows) == 1
    assert stack.answer["error"] == stack.words == stack.error
    assert "Layer 2" in stack.error and "does not fit" in stack.error
    ask(stack, 2, [1, 32, 32], layers[:1])
    assert stack.error is None and stack.total.parameters == 80


def test_no_layer_at_all_is_no_fault():
    stack = layer_stack((3, 8, 8))
    assert stack.words == "There is no layer yet: add one." and stack.answer["rows"] == []
    stack.figure()


@pytest.mark.parametrize("layer", [RBF(10), Norm("layer"), residual_basic(8)[0], Conv(8, (3, 5)), Dense(4, bias=False)])
def test_what_the_form_cannot_hold_is_refused_in_a_sentence(layer):
    with pytest.raises(ValueError, match="form"):
        layer_stack((8, 8, 8), [layer])


def test_unknown_names_and_kinds_are_refused(stack):
    with pytest.raises(ValueError, match="choose one of"):
        layer_stack("LeNet-6")
    with pytest.raises(ValueError, match="choose one of"):
        stack.handle({"shape": [1, 8, 8], "layers": [{"kind": "attention"}]})
    with pytest.raises(ValueError, match="whole number"):
        stack.handle({"shape": [1, 8, 8], "layers": [{"kind": "dense", "units": 2.5}]})


def test_the_static_form_shows_every_layer_and_the_totals(stack):
    figure = stack.figure()
    left, right = figure.axes
    assert [text.get_text().split("  →")[0] for text in left.get_yticklabels()] == [row.label for row in stack.rows]
    assert left.get_title() == "61,706 parameters" and right.get_title() == "416,520 multiply-adds"
    assert "61,706 parameters" in shown(figure).alt and "conv 5×5, 6: 6×28×28, 156 parameters" in stack.alt


def test_limits_leave_room_for_the_presets():
    for shape, layers in PRESETS.values():
        assert max(shape) <= MOST["channels"]
        for entry in layer_stack(shape, layers).entries:
            assert all(entry[name] <= MOST[name] for name in entry if name != "kind")
