"""Charts as inline SVG: pure functions from numbers to text.

Each has a title and a description for whoever cannot see it, and says its numbers in words or figures, so that nothing
hangs on colour. Ink is `currentColor`; the page's style sheet decides the rest, in light and in dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from autograder.reports.statistics import Bar
from autograder.text import escape_invisible

WIDTH = 420


def columns(name: str, bars: Sequence[Bar], *, title: str, x: str, y: str = "students") -> Markup:
    """A histogram: a column for each interval, its count above it. `name` is an id that the page has once."""
    top, bottom, left, right = 34, 170, 34, WIDTH - 8
    most = max((bar.number for bar in bars), default=0)
    step = (right - left) / max(1, len(bars))
    parts = []
    for i, bar in enumerate(bars):
        height = (bottom - top) * bar.number / most if most else 0.0
        at = left + i * step
        parts.append(
            f'<rect class="bar" x="{at + 1.5:.1f}" y="{bottom - height:.1f}" width="{step - 3:.1f}" height="{height:.1f}"/>'
        )
        if bar.number:
            parts.append(_text(at + step / 2, bottom - height - 5, str(bar.number), "middle"))
        if i % 2 == 0 or len(bars) < 8:
            parts.append(_text(at, bottom + 17, _short(bar.start), "middle"))
    if bars:
        parts.append(_text(right, bottom + 17, _short(bars[-1].stop), "end"))
    parts += [
        f'<path class="axis" d="M{left} {bottom}H{right}"/>',
        _text((left + right) / 2, bottom + 38, x, "middle"),
        _text(left - 22, top - 18, y, "start"),
    ]
    words = "; ".join(f"{_short(bar.start)} to {_short(bar.stop)}: {bar.number}" for bar in bars)
    return _svg(name, title, f"{y} by {x}. {words}.", bottom + 46, parts)


def rows(name: str, values: Sequence[tuple[str, float]], *, title: str, x: str) -> Markup:
    """A horizontal bar for each label and share (of 0 to 1), the label above it and the share in percent beside it."""
    left, right, high, top = 2, WIDTH - 52, 36, 8
    parts = []
    for i, (label, value) in enumerate(values):
        y = top + i * high
        width = (right - left) * min(1.0, max(0.0, value))
        parts += [
            _text(left, y + 12, _cut(label), "start"),
            f'<rect class="track" x="{left}" y="{y + 18}" width="{right - left}" height="9"/>',
            f'<rect class="bar" x="{left}" y="{y + 18}" width="{width:.1f}" height="9"/>',
            _text(right + 6, y + 27, percent(value), "start"),
        ]
    bottom = top + len(values) * high + 8
    marks = ((left, "0 %", "start"), ((left + right) / 2, "50 %", "middle"), (right, "100 %", "end"))
    parts.append(f'<path class="axis" d="M{left} {bottom - 4}H{right}"/>')
    parts += [_text(at, bottom + 12, text, anchor) for at, text, anchor in marks]
    parts.append(_text((left + right) / 2, bottom + 32, x, "middle"))
    words = "; ".join(f"{label}: {percent(value)}" for label, value in values)
    return _svg(name, title, f"{x}. {words}.", bottom + 40, parts)


def percent(value: float) -> str:
    """A share as whole percent; none and all are said of nothing less."""
    whole = round(100 * value)
    if whole == 0 and value > 0:
        return "< 1 %"
    if whole == 100 and value < 1:
        return "> 99 %"
    return f"{whole} %"


def _svg(name: str, title: str, words: str, height: float, parts: Sequence[str]) -> Markup:
    name = escape(name, quote=True)
    return Markup(
        f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-words" viewBox="0 0 {WIDTH} {height:.0f}">'
        f'<title id="{name}-title">{_safe(title)}</title><desc id="{name}-words">{_safe(words)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_safe(text)}</text>'


def _safe(text: str) -> str:
    return escape(escape_invisible(text), quote=True)


def _short(value: float) -> str:
    return f"{value:.3g}"


def _cut(label: str, most: int = 52) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
