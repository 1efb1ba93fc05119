"""Where an answer is given: what the browser sends, in the order in which it sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from course.choices import Choices
from course.field import Field, TextField

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


def test_choices_are_asked_with_none_chosen() -> None:
    field = Choices(lambda: None)
    field._handle_custom_msg({"event": "given", "value": "a"}, [])
    field.ask(["b", "c"])
    assert field.value == "" and field.options == ["b", "c"]


@pytest.mark.parametrize("kind", FIELDS)
def test_what_was_given_is_not_sent_back_over_what_is_given_meanwhile(
    kind: Callable[[Callable[[], None]], Field], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    field = kind(lambda: None)
    monkeypatch.setattr(field, "_send", lambda message, buffers=None: sent.append(message))
    field._handle_custom_msg({"event": "given", "value": "0.3"}, [])
    field._handle_custom_msg({"event": "submit", "value": "0.35"}, [])
    assert sent == []
    field.value = ""
    assert [message["state"] for message in sent] == [{"value": ""}]
