"""A notebook full of attacks on whoever opens its feedback, through the real way: run, judged, drawn, opened in a browser.

Each attack tries to set `window.hacked`, to ask a host for something, to draw what only the page may say, or to hide.
"""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import count

from autograder.feedback import page, sanitize
from autograder.feedback.sanitize import sanitized
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings

FIXTURE = Path(__file__).parent / "fixtures" / "course"
UNIT = "90-tiny"
EVIL = "https://evil.example/x"
RLO = "\u202e"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

HTML = [
    "<script>window.hacked = 1</script>",
    f"<script src='{EVIL}.js'></script>",
    "<scr<script>ipt>window.hacked = 1</scr</script>ipt>",
    "<img src=x onerror='window.hacked = 1'>",
    "<img/src=x/onerror=window.hacked=1>",
    f"<img src='{EVIL}.png' srcset='{EVIL}.png 2x'>",
    f"<body onload='window.hacked = 1' background='{EVIL}.png'>",
    "<svg onload='window.hacked = 1'><script>window.hacked = 1</script><use href='#x'/></svg>",
    f"<svg><image href='{EVIL}.svg'/><foreignObject><iframe src='{EVIL}'></iframe></foreignObject></svg>",
    "<svg><animate onbegin='window.hacked = 1' attributeName='x' dur='1s'/></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=window.hacked=1>'>",
    f"<math href='{EVIL}' xlink:href='javascript:window.hacked=1'>x</math>",
    "<noscript><p title='</noscript><img src=x onerror=window.hacked=1>'>",
    "<a href='javascript:window.hacked=1' id='lure'>one</a>",
    "<a href=' java\tscript:window.hacked=1'>two</a>",
    "<a href='&#106;avascript:window.hacked=1'>three</a>",
    "<a href='data:text/html,<script>1</script>'>four</a>",
    "<a href='vbscript:x' onclick='window.hacked = 1' onmouseover='window.hacked = 1'>five</a>",
    f"<meta http-equiv='refresh' content='0;url={EVIL}'>",
    f"<base href='{EVIL}/'>",
    f"<link rel='stylesheet' href='{EVIL}.css'><link rel=preconnect href='{EVIL}'>",
    f"<style>@import '{EVIL}.css'; body {{ background: url({EVIL}.png) }}</style>",
    f"<p style='background: url({EVIL}.png); position: fixed; inset: 0'>styled</p>",
    f"<iframe src='{EVIL}' srcdoc='<script>parent.hacked = 1</script>'></iframe>",
    f"<object data='{EVIL}'></object><embed src='{EVIL}'>",
    f"<form action='{EVIL}'><input type=hidden name=a value=b><input autofocus onfocus='window.hacked=1'><button>b</button></form>",
    f"<video src='{EVIL}.mp4' poster='{EVIL}.png' autoplay></video><audio src='{EVIL}.mp3' autoplay></audio>",
    "<details open ontoggle='window.hacked = 1'>d</details>",
    "<marquee onstart='window.hacked = 1'>m</marquee>",
    "<template><script>window.hacked = 1</script></template>",
    "<xmp><script>window.hacked = 1</script></xmp><plaintext>",
    "</div></section></main></body><script>window.hacked = 1</script>",
    "<!--><script>window.hacked = 1</script>-->",
    "<![CDATA[<script>window.hacked = 1</script>]]>",
    '<section class="check full"><span class="points">99 of 99 points</span></section>',
    '<div class="check full"><div class="comment"><b>Comment:</b> Best of all</div></div>',
    f"<p dir=rtl>{RLO}txet</p><bdo dir=rtl>x</bdo>&#8238;one&#x202E;two&#x00202e three",
    "<p id='why' name='body' tabindex=1 accesskey=x contenteditable>named</p>",
]

OTHERS: list[tuple[str, Any]] = [
    ("image/svg+xml", f"<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=1'><script>window.hacked=1</script>"
     f"<image href='{EVIL}.png'/><style>@import url({EVIL}.css)</style></svg>"),
    ("image/svg+xml", "'\"><script>window.hacked = 1</script>"),
    ("image/png", "AAAA\"><script>window.hacked = 1</script>"),
    ("image/png", f"<html><script>window.hacked=1</script>{EVIL}</html>"),
    ("image/jpeg", "x' onerror='window.hacked=1"),
    ("text/markdown", f"[a](javascript:window.hacked=1) ![b]({EVIL}.png) <script>window.hacked=1</script> $\\href{{javascript:x}}{{y}}$"),
    ("text/markdown", "$</code><script>window.hacked = 1</script>$\n\n```html\n<script>window.hacked=1</script>\n```"),
    ("text/latex", f"$$\\href{{javascript:window.hacked=1}}{{x}}$$<script>window.hacked=1</script>{RLO}"),
    ("application/javascript", "window.hacked = 1"),
    ("application/vnd.jupyter.widget-view+json", {"version_major": 2, "version_minor": 0, "model_id": "x"}),
    ("application/pdf", "JVBERi0="),
    ("text/plain", f"<script>window.hacked = 1</script>\x1b[31mred\x1b[0m\x1b]8;;{EVIL}\x07link\x1b]8;;\x07{RLO}"),
]  # fmt: skip

CODE = [
    "from IPython.display import display, publish_display_data, HTML\nimport sys",
    f"for text in {HTML!r}:\n    publish_display_data({{'text/html': text, 'text/plain': 'x'}})",
    f"for kind, data in {OTHERS!r}:\n    publish_display_data({{kind: data}}, "
    "{'image/png': {'alt': '\"><script>window.hacked = 1</script>'}})",
    f"print('<script>window.hacked = 1</script>', '\\x1b[2J\\x1b[1;1Hgone', {RLO!r}, 'a\\rb')\n"
    "print('\\x1b[31;<img src=x onerror=window.hacked=1>m', file=sys.stderr)",
    f"# {RLO} trojan source </div><script>window.hacked = 1</script>\nx = 'a{RLO}b'",
    f"class Evil(Exception):\n    def __str__(self): return '<img src=x onerror=window.hacked=1>{RLO}\\x1b[31m'\nraise Evil()",
]


class Found(HTMLParser):
    """The tags that a browser would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def cell(kind: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The feedback page of a notebook that tries everything; one of its answers is a known mistake."""
    course = tmp_path_factory.mktemp("attacked") / "course"
    shutil.copytree(FIXTURE, course)
    data = json.loads((course / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    for one in data["cells"]:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == "scale":
            one["source"] = "scale = 0.9 * 10"
        if one["metadata"].get("nbgrader", {}).get("grade_id") == "scale-check":
            one["source"] = [*one["source"], f"\n# {RLO}</div><script>window.hacked = 1</script>"]
    data["cells"] += [cell("code", source, outputs=[], execution_count=None) for source in CODE]
    data["cells"] += [cell("markdown", html) for html in HTML]
    data["cells"] += [cell("markdown", str(text)) for kind, text in OTHERS if kind == "text/markdown"]
    evil = {"x.png": {"image/png": 'AAAA" onerror="window.hacked=1', "text/html": "<script>window.hacked=1</script>"}}
    data["cells"].append(cell("markdown", "![x](attachment:x.png)", attachments=evil))
    data["cells"].append(cell("raw", f"<script>window.hacked = 1</script>{RLO}"))
    handed_in = course / "in"
    handed_in.mkdir()
    (handed_in / "eve.ipynb").write_text(json.dumps(data), encoding="utf-8")
    grade_class(UNIT, handed_in, Settings(course / "grading", seconds=20), root=course)
    return course / "grading" / "feedback" / "eve" / UNIT / f"{UNIT}.html"


SAFE = {
    "html head meta title style body main header nav section div span p pre code a b table thead tbody tr td th h1 h2 h3 "
    "img ul ol li em strong details summary br i hr blockquote"
}  # fmt: skip


def test_nothing_in_the_page_runs_or_loads(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    allowed = {*" ".join(SAFE).split(), *sanitize.MATH}
    for tag, attributes in Found(html).tags:
        assert tag in allowed, tag
        assert not [name for name in attributes if name.startswith("on")], attributes
        assert set(attributes) <= {
            "lang", "charset", "name", "content", "http-equiv", "id", "class", "href", "src", "alt", "aria-label", "open",
            *sanitize.OF_MATH
        }, attributes  # fmt: skip
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        href = attributes.get("href") or "#"
        assert href.startswith(("#", "https://evil.example"))
    policies = [a["content"] for tag, a in Found(html).tags if "http-equiv" in a]
    assert policies == [a["content"] for _, a in Found(page.POLICY).tags]
    pictures = [a.get("src") or "" for tag, a in Found(html).tags if tag == "img" and "src" in a]
    assert pictures and all(sanitize.is_picture(address) for address in pictures)
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)
    assert style and html.count("<style") == 1 and "url(" not in style[1] and "@import" not in style[1]


def test_nothing_in_the_page_hides_or_turns_text_round(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", html)
    assert not re.search(r"&#(x0*202e|0*8238)\b", html, re.IGNORECASE)
    assert html.count("⟨U+202E⟩") >= 6


def test_only_the_page_itself_says_points_and_comments(path: Path) -> None:
    tags = Found(path.read_text(encoding="utf-8")).tags
    checks = [a["id"] for _, a in tags if "check" in (a.get("class") or "").split()]
    assert len(checks) == len(set(checks)) and all(checks)
    assert "99 of 99 points" in path.read_text(encoding="utf-8"), "the words stay; they look like any others"
    points = [tag for tag, a in tags if a.get("class") == "points"]
    assert points.count("span") == len(checks) and points.count("td") == len(checks)
    assert not re.search('class="comment">.*Best of all', path.read_text(encoding="utf-8"))


def test_the_mistakes_sentence_and_the_exercises_own_text_are_there(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert "Factors compound: each layer multiplies what the last one <code>left</code>." in html
    for one in json.loads((FIXTURE / "exercises" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))["cells"]:
        first = "".join(one["source"]).strip().splitlines()[0].lstrip("# ")
        if one["cell_type"] == "markdown" and first.isascii() and not set(first) & set("*`$_<&'\""):
            assert first in html


def test_a_picture_is_shown_where_it_is_one_of_its_kind() -> None:
    assert page.picture(PIXEL[:40] + "\n" + PIXEL[40:], "image/png", 'a "b"').startswith('<img alt="a &quot;b&quot;"')
    for data, kind in (
        (PIXEL, "image/jpeg"),
        ("AAAA", "image/png"),
        ('x" onerror="1', "image/png"),
        (PIXEL, "text/html"),
    ):
        assert page.picture(data, kind) == "<p>(a picture that cannot be shown)</p>"
    assert f'src="data:image/png;base64,{PIXEL}"' in sanitized(f"<img src='data:image/png;base64,{PIXEL}'>")


@pytest.mark.parametrize("protected", [True, False], ids=["with its policy", "with the policy switched off"])
def test_a_browser_runs_nothing_asks_nobody_and_opens_nothing(path: Path, chromium: Any, protected: bool) -> None:
    context = chromium.new_context(bypass_csp=not protected)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    context.on("page", lambda opened: said.append(f"opened {opened.url}"))
    page.goto(path.as_uri())
    for link in page.locator("a:not([href])").all():
        link.click(force=True)
    page.mouse.move(200, 300)
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    assert page.evaluate("[window.hacked ?? null, document.scripts.length, document.forms.length]") == [None, 0, 0]
    assert (
        page.evaluate("document.querySelectorAll('iframe, object, embed, input, svg, video, audio, base').length") == 0
    )
    assert [url for url in asked if not url.startswith("data:image/")] == [path.as_uri()]
    assert said == [] and page.url == path.as_uri()
    context.close()


def test_the_browser_test_would_notice(tmp_path: Path, chromium: Any) -> None:
    """The same attacks unwashed: some run, and some ask."""
    raw = tmp_path / "raw.html"
    raw.write_text("<!DOCTYPE html>" + "\n".join(HTML[:12]), encoding="utf-8")
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(raw.as_uri(), wait_until="commit")
    page.wait_for_function("window.hacked === 1")
    page.close()
    assert any("evil.example" in url for url in asked)


def test_the_page_of_one_that_failed_is_as_safe() -> None:
    html = page.failed_page(UNIT, f"It said <script>window.hacked = 1</script>{RLO}.")
    assert page.POLICY in html and "&lt;script&gt;" in html and "⟨U+202E⟩" in html
    assert not [tag for tag, _ in Found(html).tags if tag == "script"] and RLO not in html


PIECES = st.lists(
    st.sampled_from(
        ["<", ">", "'", '"', "/", "=", " ", "script", "img", "svg", "math", "style", "onerror", "src", "href", "x",
         "javascript:", "&#", "8238;", "&lt;", "<!--", "-->", "<![CDATA[", "]]>", "<p>", "</p>", "\x00", RLO, "a", ";",
         "textarea", "title", "noscript", "data:text/html,", "class", "check", "<math>", "</math>", "<mtext>", "</mtext>",
         "<mi>", "<mglyph>", "<malignmark>", "<annotation-xml encoding=text/html>", "<maction actiontype=statusline>",
         "<svg>", "<foreignObject>", "<desc>", "<table>", "<td>", "<b>", "<a href=//evil.example>", "<li>", "</li>", "<style>",
         "</style>", "<img src=x onerror=window.hacked=1>", "<template>", "<select>", "<form>", "<mspace width=-9em>",
         "<mi style=color:red onclick=x xlink:href=javascript:x href=//evil.example>", "<p style=x id=y name=z>"]
    ),
    max_size=25,
).map("".join)  # fmt: skip
KEPT = {"class", "alt", "src", "href", "colspan", "rowspan", "open", *sanitize.OF_MATH}


@settings(max_examples=count(3000, 300), deadline=None)
@given(PIECES)
def test_whatever_is_washed_holds_only_known_tags_and_addresses(text: str) -> None:
    once = sanitized(text)
    for tag, attributes in Found(once).tags:
        assert tag in sanitize.TAGS and set(attributes) <= KEPT
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        assert (attributes.get("href") or "#").startswith(("#", "http://", "https://", "mailto:"))
        assert "-" not in (attributes.get("width") or "")
    assert RLO not in once and "&#8238" not in once


def test_a_browser_finds_in_what_was_washed_only_what_may_stand_there(chromium: Any) -> None:
    """A browser's own parser, which may see other tags than another's: nothing runs, loads, or has a name it may not have."""
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    @settings(max_examples=count(3000, 300), deadline=None)
    @given(st.one_of(PIECES, st.sampled_from(HTML)))
    def anything(text: str) -> None:
        found = page.evaluate(
            """text => {
                const frame = document.createElement('div');
                document.body.replaceChildren(frame);
                frame.innerHTML = '<section><div>' + text + '</div></section>';
                const all = [...frame.querySelectorAll('section div *')];
                return [frame.children.length, frame.firstChild.children.length, window.hacked ?? null, all.map(
                    one => [one.localName, one.namespaceURI.split('/').pop(), [...one.attributes].map(a => a.name)])];
            }""",
            sanitized(text),
        )
        assert found[:3] == [1, 1, None], "it ends nothing that it did not begin"
        for tag, namespace, attributes in found[3]:
            assert tag in sanitize.TAGS and set(attributes) <= KEPT
            assert namespace == ("MathML" if tag in sanitize.MATH else "xhtml")

    anything()
    page.close()
    assert not [url for url in asked if not url.startswith(("data:image/", "about:"))]


DEEP = {
    "lists": "<ul><li>" * 20_000,
    "ends in comments": "<div><!--</div>-->" * 20_000,
    "bold in paragraphs": "".join(f"<b class=a{i}><p>" for i in range(20_000)),
}


@pytest.mark.parametrize("kind", DEEP)
def test_html_that_nests_too_deep_for_a_browser_is_shown_as_it_was_typed(kind: str) -> None:
    assert sanitized(DEEP[kind]).startswith("<p>(too much to be laid out") and "<ul" not in sanitized(DEEP[kind])
    assert sanitized("<table>" + "<tr><td>1<td><b>2</b>" * 5_000).count("<td>") == 10_000
    large = PIXEL[:-2] + "A" * 400_000
    assert sanitized(f'<img src="data:image/png;base64,{large}">').startswith("<img")
