"""Reads what a learner types as a value, in whatever way people write numbers, rows and matrices.

The one place for that: forms use it, and whatever else takes typed answers. `REWRITTEN` is the table of ways to write.
What is left after it is read by simpleeval, which knows arithmetic and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from autograder.judging.compare import Unreadable
from autograder.judging.exercise import Array, Choice, Integer, Number, Value

_EXAMPLES = {
    None: "Type a number such as `0.35`, or an expression such as `0.9**10`.",
    1: "Type a row in brackets, such as `[1, 0.5, 2]`.",
    2: "Type rows in brackets, such as `[[1, 0], [0.5, 2]]`.",
}

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

_FRACTIONS = {c: f"({unicodedata.numeric(c)!r})" for c in "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}

_MODULES = r"\b(?:np|numpy|jnp|jax\.numpy|jax\.nn|jax|math)\."

Rewrite = tuple[str, str | Callable[[re.Match[str]], str]]

REWRITTEN: tuple[Rewrite, ...] = (
    (r"[−–—‐‑]", "-"),
    (r"[·×∙⋅✕]", "*"),
    (r"[÷∕⁄]", "/"),
    (r"[₀-₉]+", lambda m: m[0].translate(_SUBSCRIPTS)),
    (r"([⁻⁺]?[⁰¹²³⁴-⁹]+)", lambda m: f"**({m[0].translate(_SUPERSCRIPTS)})"),
    (r"\^", "**"),
    (_MODULES, ""),
    (r"\b(?:array|asarray|matrix|float|int|float32|float64)\(", "("),
    (r"(\d)[\u00a0\u2007\u2009\u202f' ](?=\d{3}(?!\d))", r"\1"),  # 1 792
    (r"π", "pi"),
    (r"[σ𝜎]", "sigmoid"),
    (r"√\s*(\d+(?:\.\d+)?)", r"sqrt(\1)"),
    (r"√", "sqrt"),
    (r"[½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]", lambda m: _FRACTIONS[m[0]]),
    (r"\b(ln|log|log2|log10|sqrt|exp|tanh|sigmoid) +(\d+(?:\.\d+)?)", r"\1(\2)"),
    (r"(\d|\)) *%", r"\1/100"),
    (r"(?<=[\d)]) *(?=(?:pi|sqrt|exp|ln|log|tanh|sigmoid)\b)", "*"),
    (r"\) *\(", ")*("),
    (r"(?<![\w.])(\d+(?:\.\d+)?) *\(", r"\1*("),
    (r"\be\*\*", "exp(1)**"),
)
"""What people write, and what it means, as regular expressions in order."""


def parse_answer(kind: Value, text: str, ndim: int | None = None) -> Any:
    """What a learner typed, as a value: numbers, simple expressions, nested lists; a choice's text as it is.

    `ndim` is how many axes the array has that is asked for, where one is. Raises `Unreadable` with the sentence that
    says how to write it. `^` means power and a closing `%` a hundredth, since that is what people mean by them.
    """
    typed = text.strip()
    if not typed:
        return ...
    if isinstance(kind, Choice):
        return typed
    example = _EXAMPLES.get(ndim, _EXAMPLES[2]) if isinstance(kind, Array) else _EXAMPLES[None]
    text = _decimal_points(typed, kind)
    for pattern, instead in REWRITTEN:
        text = re.sub(pattern, instead, text)
    if isinstance(kind, Array):
        text = _bracketed(text)
    value = _evaluated(typed, text, example)
    if isinstance(kind, Number | Integer) and isinstance(value, tuple | list):
        if len(value) == 1:
            return value[0]
        raise Unreadable(f"That is a list; one number was asked for. {example} Write decimals with a point.")
    if isinstance(kind, Array) and isinstance(value, int | float) and ndim:
        raise Unreadable(f"That is one number; more were asked for. {example}")
    return value


def _decimal_points(text: str, kind: Value) -> str:
    """Commas as they are meant: between thousands, before decimals, or between entries."""
    if not isinstance(kind, Array):
        if re.fullmatch(r"[-−–+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?%?", text):
            return text.replace(",", "")
        return (
            re.sub(r"(?<!\d)(\d+),(\d+)(?![\d,])", r"\1.\2", text) if text.count(",") == 1 and "(" not in text else text
        )
    if ";" in text and not re.search(r"\d\.\d", text) and re.search(r"\d,\d", text) and not re.search(r", ", text):
        return re.sub(r"(\d),(\d)", r"\1.\2", text).replace(";", ",")  # as in [0,5; 1,5]
    return text


def _bracketed(text: str) -> str:
    """Rows and matrices as nested lists: with semicolons between rows, with blanks between entries, without brackets."""
    text = text.strip().translate(str.maketrans("{}", "[]"))
    if ";" in text or "\n" in text:
        rows = [row for row in re.split(r"[;\n]", text.strip("[]() ")) if row.strip(" ,[]()")]
        text = "[" + ", ".join("[" + row.strip(" ,[]()") + "]" for row in rows) + "]"
    # Blanks part entries where no comma does, and where no sign of arithmetic stands beside them.
    text = (
        re.sub(r"(?<=[\d.\])a-z])\s+(?=[-+]?[\d.\[(a-z])", ", ", text)
        if "," not in text or "[[" in text or "], [" in text
        else text
    )
    text = re.sub(r"\]\s*\[", "], [", text)
    if not text.startswith(("[", "(")) and "," in text:
        text = f"[{text}]"
    return text


def _evaluated(typed: str, text: str, example: str) -> Any:
    import math
    import warnings

    import simpleeval

    functions = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "tanh", "floor", "ceil")}
    functions |= {"ln": math.log, "abs": abs, "sigmoid": lambda z: 1 / (1 + math.exp(-z))}
    reader = simpleeval.EvalWithCompoundTypes(functions=functions, names={"pi": math.pi, "e": math.e})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an assignment is only warned of, and read without its name
            value = reader.eval(text)
    except ZeroDivisionError:
        raise Unreadable("That divides by zero.") from None
    except Exception:
        raise Unreadable(f"“{typed}” cannot be read. {example}") from None
    if isinstance(value, int | float | list | tuple):
        return value
    raise Unreadable(f"“{typed}” is not a number. {example}")
