"""Where an answer is given: what the browser sends, in the order in which it sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from course.widgets.choices import Choices
from course.widgets.field import Field, TextField

FIELDS: list[Callable[[Callable[[], None]], Field]] = [TextField, Choices]


@pytest.mark.parametrize("kind", FIELDS)
def test_enter_brings_the_answer_along(kind: Callable[[Callable[[], None]], Field]) -> None:
    heard: list[str] = []
    field = kind(lambda: heard.append(field.value))
    field._handle_custom_msg({"event": "submit", "value": "0.35"}, [])
    assert heard == ["0.35"]
    field._handle_custom_msg({"event": "submit", "value": "0.35"}, [])
    assert heard == ["0.35", "0.35"], "Enter once more asks to go on, with nothing new in the field"


@pytest.mark.parametrize("kind", FIELDS)
def test_leaving_the_field_is_no_enter_and_a_button_pressed_next_finds_the_answer(
    kind: Callable[[Callable[[], None]], Field],
) -> None:
    heard: list[str] = []
    field = kind(lambda: heard.append(field.value))
    field._handle_custom_msg({"event": "given", "value": "0.4"}, [])
    assert heard == [] and field.value == "0.4"


@pytest.mark.parametrize("kind", FIELDS)
def test_what_was_given_is_not_sent_back_over_what_is_given_meanwhile(
    kind: Callable[[Callable[[], None]], Field], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    field = kind(lambda: None)
    monkeypatch.setattr(field, "_send", lambda message, buffers=None: sent.append(message))
    field._handle_custom_msg({"event": "given", "value": "0.3"}, [])
    field._handle_custom_msg({"event": "submit", "value": "0.35"}, [])
    assert sent == [] and "value" not in field.get_state()
    field.clear()
    assert field.value == "" and [message["content"] for message in sent] == [{"do": "clear"}]


def test_choices_are_asked_with_none_chosen_also_the_same_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared: list[Any] = []
    field = Choices(lambda: None)
    monkeypatch.setattr(field, "send", cleared.append)
    for asked in range(1, 3):
        field.ask(["b", "c"])
        assert field.value == "" and field.options == ["b", "c"] and cleared == asked * [{"do": "clear"}]
        field._handle_custom_msg({"event": "given", "value": "b"}, [])


def test_the_focus_waits_until_the_field_is_on_the_page_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    field = TextField(lambda: None)
    monkeypatch.setattr(field, "send", sent.append)
    focused = {"do": "focus"}
    field.focus()
    assert sent == []
    field._handle_custom_msg({"event": "shown"}, [])
    assert sent == [focused]
    field.focus()
    assert sent == [focused] * 2, "it is there already"
    field.set_state({"_view_count": 1})
    field.set_state({"_view_count": 0})
    field.focus()
    assert sent == [focused] * 2, "it was taken off the page"
    field._handle_custom_msg({"event": "shown"}, [])
    assert sent == [focused] * 3
