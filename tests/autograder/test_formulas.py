"""Formulas on pages: MathML that says what the TeX says, at a bounded cost, and code for the rest."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbformat import v4
from proving import count
from traitlets.config import Config

from autograder.feedback import formulas, page, sanitize
from autograder.feedback.formulas import formula
from autograder.feedback.page import rendered

BOMBS = {
    "20,000 entries": r"\begin{pmatrix}" + " & ".join(["1"] * 20_000) + r"\end{pmatrix}",
    "macros that double": "".join(rf"\def\{b}{{\{a}\{a}}}" for a, b in pairwise("abcdefghijklmnopqrstuvwxyz")) + r"\z",
    "new commands": r"\newcommand{\a}{xx}\newcommand{\b}{\a\a}\b",
    "roots in roots": r"\sqrt{" * 300 + "x" + "}" * 300,
    "a long word": "x" * 3_000,
}


def parts(text: str) -> list[tuple[str, str]]:
    """The tags of MathML that hold text, and the text, in order."""
    return [(one.tag, one.text) for one in ElementTree.fromstring(text).iter() if one.text]


@pytest.mark.parametrize(
    ("tex", "held"),
    [
        (r"\tfrac12 \lVert h^L - y \rVert^2", "mn1 mn2 mo‖ mih miL mo− miy mo‖ mn2"),
        (r"W = \begin{pmatrix} 1 & -2 \\ 3 & 1 \end{pmatrix},", "miW mo= mo( mn1 mo− mn2 mn3 mn1 mo) mo,"),
        (r"\mathbb{R}, \mathcal{N}, \mathbf{W1}, \mathfrak{C}", "miℝ mo, mi𝒩 mo, mi𝐖 mn𝟏 mo, miℭ"),
        (r"a < b \text{ where } \sigma_w", "mia mo< mib mtextwhere miσ miw"),
    ],
)
def test_a_formula_is_mathml_that_holds_what_the_tex_says(tex: str, held: str) -> None:
    said = " ".join(tag + text.strip().replace("\xa0", "") for tag, text in parts(formula(tex)))
    assert said == held


UNKNOWN = [r"\begin{tikzcd} <x> \end{tikzcd}", r"\unknown", r"\frac", "x^", r"\phantom{hidden}", r"\raise{-9em}{x}"]


@pytest.mark.parametrize("tex", [*UNKNOWN, *BOMBS.values()], ids=[*UNKNOWN, *BOMBS])
def test_what_is_unknown_or_hides_or_moves_or_costs_too_much_is_shown_as_code(tex: str) -> None:
    assert formula(tex) == f"<code>{html.escape(' '.join(tex.split()))}</code>"


def test_a_link_a_colour_and_a_size_in_a_formula_leave_what_they_were_put_on() -> None:
    for tex in (r"\href{javascript:x}{y}", r"\color{red} y", r"\Huge y", r"\class{check}{y}", r"\style{color:red}{y}"):
        assert parts(formula(tex)) == [("mi", "y")] and not re.search("href|color|check|size", formula(tex))


def test_every_formula_of_the_course_is_drawn(root: Path) -> None:
    found: set[str] = set()
    for path in [*root.glob("solutions/*/*.md"), *root.glob("course/text/*.md")]:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found |= {(m[1] or m[2]).strip() for m in re.finditer(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", prose, re.DOTALL)}
    assert len(found) > 200
    assert [tex for tex in found if not formula(tex).startswith("<math")] == []
    assert [tex for tex in found if sanitize.sanitized(formula(tex)).count("<m") != formula(tex).count("<m")] == []


PIECES = [*"xy12+-=<>&^_{}()[]|'\" ", "\\", r"\\", r"\frac", r"\sqrt", r"\left(", r"\right)", r"\text{", r"\begin{matrix}",
          r"\end{matrix}", r"\mathbf", r"\mathbb{R}", r"\color{red}", r"\style{x}", r"\class{check}", r"\href{x}", r"\hspace{-9em}",
          "<script>", "</math>", "</mtext>", "&lt;", "&#60;", "\u202e", r"\unicode{x202e}", r"\hbox{$", "$}"]  # fmt: skip


@settings(max_examples=count(5000, 300), deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example(r"\text{</mtext><script>alert(1)</script>}")
@example(r"\unicode{x3c;script}")
def test_whatever_the_tex_a_formula_is_well_formed_and_only_of_known_tags(tex: str) -> None:
    made = formula(tex)
    assert {one.tag for one in ElementTree.fromstring(made).iter()} <= {*sanitize.MATH, "code"}
    assert html.unescape(sanitize.sanitized(made)) == html.unescape(made), "washing takes nothing from it"


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_page_with_a_latex_bomb_holds_little_more_than_was_typed(bomb: str) -> None:
    page = page_of(v4.new_markdown_cell(f"Look: ${BOMBS[bomb]}$"), v4.new_markdown_cell("And $x$."))
    assert "And <math" in page and page.count("<m") < 50
    assert len(page) < 20_000 + 6 * len(BOMBS[bomb])


def page_of(*cells: object) -> str:
    """The page of a notebook of these cells, as a learner gets it."""
    totals = {"score": 0.0, "max_score": 0.0, "late_penalty": 0.0}
    return page.page(v4.new_notebook(cells=list(cells)), "90-tiny", totals, Config())


def test_what_exceeds_a_page_is_shown_as_it_was_typed_and_what_comes_before_is_laid_out() -> None:
    long = "a *b* " * (page.LONGEST["prose"] // 6)
    many = page.MOST["prose"] // len(long) + 3
    made = page_of(*(v4.new_markdown_cell(f"{i} {long[:-9]}") for i in range(many)), v4.new_code_cell("x = 1"))
    assert 1 <= made.count("this is how it was typed") <= 4
    assert made.index("<em>b</em>") < made.index("this is how it was typed") and "a *b*" in made
    code = page_of(v4.new_code_cell("x = 1\n" * 10_000), v4.new_code_cell("y = 2"))
    assert code.count("this is how it was typed") == 1 and '<span class="n">y</span>' in code
    output = v4.new_output("display_data", {"text/markdown": "*b* " * 6_000})
    assert page_of(v4.new_code_cell("f()", outputs=[output])).count("this is how it was typed") == 1


def test_no_unit_of_the_course_comes_near_what_a_page_lays_out(root: Path) -> None:
    import nbformat

    for path in sorted(root.glob("exercises/*/*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        for kind, cell_type in (("prose", "markdown"), ("code", "code")):
            sizes = [len(cell.source) for cell in cells if cell.cell_type == cell_type]
            assert max(sizes) < page.LONGEST[kind] / 3 and sum(sizes) < page.MOST[kind] / 3


def test_a_rendered_cell_holds_its_formulas_and_washes_what_stands_beside() -> None:
    said = rendered(
        "Let $x < y$ and <script>window.hacked = 1</script>\n\n$$\\sum_i w_i$$\n\n\\begin{align}a &= b\\end{align}"
    )
    assert said.count("<math") == 3 and said.count('display="block"') == 2 and "script" not in said
    assert formulas.formula("x", block=True) in rendered("$$x$$")
