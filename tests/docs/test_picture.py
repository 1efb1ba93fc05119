"""The picture of processes, looked at in a browser: words stay in their boxes and can be read, in light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from documents import ROOT

PICTURE = ROOT / "docs" / "explanation" / "processes.svg"

# For each text: whether it lies within the smallest box that it begins in, and how it stands out from that box.
_LOOK = """() => {
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const boxes = [...document.querySelectorAll("rect")];
  return [...document.querySelectorAll("text")].map((text) => {
    const at = text.getBBox(), own = getComputedStyle(text).fill;
    const around = boxes.map((box) => [box.getBBox(), getComputedStyle(box).fill])
      .filter(([b]) => b.x <= at.x && at.x <= b.x + b.width && b.y <= at.y && at.y <= b.y + b.height)
      .sort(([a], [b]) => a.width - b.width);
    const [box, ground] = around[0];
    const [low, high] = [light(own), light(ground)].sort((a, b) => a - b);
    return {
      words: text.textContent,
      inside: at.x + at.width <= box.x + box.width && at.y + at.height <= box.y + box.height,
      contrast: (high + 0.05) / (low + 0.05),
    };
  });
}"""


def seen(chromium: Any, svg: str, scheme: str) -> list[dict[str, Any]]:
    """What a browser sees of each text in a picture."""
    context = chromium.new_context(color_scheme=scheme)
    try:
        page = context.new_page()
        page.set_content(f"<!doctype html>{svg}")
        found: list[dict[str, Any]] = page.evaluate(_LOOK)
        return found
    finally:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stay_in_their_boxes_and_can_be_read(chromium: Any, scheme: str) -> None:
    found = seen(chromium, PICTURE.read_text(encoding="utf-8"), scheme)
    assert len(found) > 20
    assert [text["words"] for text in found if not text["inside"]] == []
    assert {text["words"]: text["contrast"] for text in found if text["contrast"] < 4.5} == {}


@pytest.mark.browser
def test_a_word_that_leaves_its_box_or_fades_is_found(chromium: Any) -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    longer = svg.replace("knows no bank, no name,", "knows no bank, no name, and nothing else at all")
    assert [text["inside"] for text in seen(chromium, longer, "light")].count(False) == 1
    faded = svg.replace(".say { fill: #ccd4dc", ".say { fill: #555b60")
    assert any(text["contrast"] < 4.5 for text in seen(chromium, faded, "dark"))
    assert all(text["contrast"] >= 4.5 for text in seen(chromium, faded, "light"))
