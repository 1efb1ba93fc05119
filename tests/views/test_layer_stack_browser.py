"""The layer stack in a browser, without Jupyter: editing with the mouse and with the keyboard alone."""

from __future__ import annotations

import pytest

from course.views import layer_stack

pytestmark = pytest.mark.browser


@pytest.fixture
def page(opened):
    stack = layer_stack("LeNet-5")
    page = opened(stack, kernel=stack.handle)
    page.stack = stack
    return page


def cells(page, row, column):
    return page.inner_text(f"tbody tr:nth-child({row}) td.iso-number:nth-of-type({column})")


def words(page):
    return page.inner_text(".iso-words")


def settled(page, text):
    page.wait_for_function("text => document.querySelector('.iso-words').textContent.includes(text)", arg=text)


def setting(page, name, layer):
    return page.get_by_label(f"{name} of layer {layer}", exact=True)


def test_it_opens_with_its_counts(page):
    assert page.locator("tbody tr").count() == 12
    assert "61,706 parameters" in words(page)
    assert page.inner_text("tbody tr:nth-child(1) .iso-out") == "6×28×28"
    assert page.faults == []


def test_typing_a_number_counts_again_and_keeps_the_cursor_there(page):
    field = setting(page, "channels", 7)
    field.focus()
    field.fill("20")
    settled(page, "parameters")
    page.wait_for_function("document.querySelector('.iso-stack').dataset.painted !== undefined")
    settled(page, f"{page.stack.total.parameters:,} parameters")
    assert page.stack.entries[6]["channels"] == 20 and page.stack.total.parameters < 20_000
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "channels of layer 7"


def test_a_layer_that_does_not_fit_is_marked_and_told(page):
    setting(page, "kernel", 1).fill("60")
    settled(page, "Layer 1")
    assert page.locator("tbody tr.iso-faulty").count() == 1
    assert "does not fit" in words(page)
    setting(page, "kernel", 1).fill("5")
    settled(page, "61,706 parameters")
    assert page.locator("tbody tr.iso-faulty").count() == 0


def test_rows_are_removed_moved_added_and_changed(page):
    page.get_by_label("Remove layer 12").click()
    settled(page, f"{61_706 - 850:,} parameters")
    page.get_by_label("Move layer 2 up").click()
    page.wait_for_function("document.querySelector('tbody tr:nth-child(1) .iso-kind').value === 'tanh'")
    page.get_by_label("Kind of the new layer").select_option("dense")
    page.get_by_role("button", name="Add a layer", exact=True).click()
    settled(page, f"{61_706:,} parameters")
    page.get_by_label("Kind of layer 12").select_option("batch norm")
    settled(page, f"{61_706 - 850 + 2 * 84:,} parameters")
    assert [e["kind"] for e in page.stack.entries][:2] == ["tanh", "conv"]
    assert page.faults == []


def test_a_preset_is_loaded_and_python_can_change_it_too(page):
    page.get_by_label("Load a stack").select_option(label="AlexNet")
    settled(page, "61,100,840 parameters")
    assert page.locator("tbody tr").count() == 20
    assert page.get_by_label("Input rows").input_value() == "224"


def test_the_keyboard_alone_is_enough(page):
    page.get_by_label("Load a stack").focus()
    for _ in range(3):  # past the sizes of the input
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "iso-kind"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # one channel more
    settled(page, f"{61_706 + 26 + 25 * 16:,} parameters")
    page.get_by_label("Remove layer 12").focus()
    page.keyboard.press("Enter")
    settled(page, f"{61_706 + 26 + 25 * 16 - 850:,} parameters")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Remove layer 11"


def test_every_control_has_a_name_and_the_words_are_announced(page):
    unnamed = page.evaluate(
        "[...document.querySelectorAll('.iso-stack :is(input, select, button)')]"
        ".filter((n) => !(n.getAttribute('aria-label') || n.textContent.trim())).length"
    )
    assert unnamed == 0
    assert page.get_attribute(".iso-words", "aria-live") == "polite"


def test_only_the_newest_stack_is_asked_for_while_an_answer_is_on_its_way(opened):
    page = opened(layer_stack("LeNet-5"))  # no kernel: nothing is ever answered
    for value in ("7", "8", "9"):
        setting(page, "channels", 1).fill(value)
    assert len(page.evaluate("window.sent")) == 1
    assert page.evaluate("window.sent[0].layers[0].channels") == 7
    page.wait_for_selector(".iso-waiting:not([hidden])", timeout=5000)


def test_every_redraw_is_measured_from_input_to_paint(page):
    """So that a benchmark can read the times; no test asserts one."""
    for channels in range(10, 30):
        setting(page, "channels", 1).fill(str(channels))
        settled(page, f"{61_706 + (channels - 6) * (26 + 25 * 16):,} parameters")
        page.wait_for_function(f"performance.getEntriesByName('isometry:redraw').length >= {channels - 9}")
    measured = page.evaluate("performance.getEntriesByName('isometry:redraw').map((m) => [m.duration, m.detail.seq])")
    assert len({seq for _, seq in measured}) == len(measured) == 20
    assert all(duration > 0 for duration, _ in measured)
