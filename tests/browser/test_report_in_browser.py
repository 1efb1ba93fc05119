"""The instructor's page in a browser: light, dark and on a phone; it asks nobody, runs nothing, and can be read.

Pictures of what it looked like are kept in pytest's temporary folder, under `pictures`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import contrasts, focused

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.gradebook.rows import Row
from autograder.reports.report import Alike, Class, GradedCell, page
from autograder.reports.similarity import Pair
from autograder.submissions.result import Status

pytestmark = pytest.mark.browser

EVIL = "<img src=https://evil.example/x onerror=window.hacked=1><script>window.hacked=1</script>\u202e"
ASKED = tuple(
    GradedCell(
        f"check-{i}", f"exercise_with_a_long_name (check-{i})", 2.0, f"exercise_{i}", {"slip": f"You slipped: `{i}`."}
    )
    for i in range(9)
)

FOUND = {
    3: (Diagnostic(DiagnosticCode.KERNEL_DIED, EVIL, "check-1"),),
    7: (Diagnostic(DiagnosticCode.JUDGE_FAILED, EVIL),),
    9: (Diagnostic(DiagnosticCode.JUDGED_INSIDE, "The cell old was judged in the student's process.", "old"),),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a class of forty, some of whose names and reasons attack who reads it."""
    rows = [
        Row(
            student=f"student-{n:02} {EVIL if n % 10 == 0 else ''}",
            score=float(sum(2 * ((n + i) % 3 == 0) for i in range(9))),
            max_score=18.0,
            state=Status.FAILED if n in (3, 4) else Status.GRADED,
            diagnostics=FOUND.get(n, ()),
            scores={one.cell: 2.0 * ((n + i) % 3 == 0) for i, one in enumerate(ASKED)},
            unread=("check-8",) if n % 4 == 0 else (),
            mistakes={f"check-{n % 9}": "slip"},
            seconds=1.0 + n / 7,
        )
        for n in range(40)
    ]
    pairs = (Pair(rows[10].student, rows[20].student, 0.91, 60, ("check-1", EVIL)),)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page(Class("02-jacobians", tuple(rows), ASKED, Alike(pairs, 40, True))), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("width", "scheme"), [(1200, "light"), (1200, "dark"), (360, "light")], ids=["light", "dark", "phone"]
)
def test_the_page_can_be_read_and_asks_nobody(
    path: Path, chromium: Any, width: int, scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert shown.evaluate("[window.hacked ?? null, document.scripts.length, document.images.length]") == [None, 0, 0]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    faint = {words: ratio for words, ratio in contrasts(shown.locator("main")).items() if ratio < 4.5}
    assert faint == {}
    for chart in shown.locator("svg.chart").all():
        box = chart.bounding_box()
        assert box and box["width"] > min(300, width - 40)
        for letters in chart.locator("text").all()[:3]:
            size = letters.evaluate("t => t.getBoundingClientRect().height")
            assert size >= 11, "letters in a chart stay letters"
    shown.screenshot(
        path=str(tmp_path_factory.getbasetemp() / "pictures" / f"report-{width}-{scheme}.png"), full_page=True
    )
    context.close()


def test_the_keyboard_reaches_sections_and_wide_tables(path: Path, chromium: Any) -> None:
    shown = chromium.new_page(viewport={"width": 360, "height": 800})
    shown.goto(path.as_uri())
    reached = []
    for _ in range(30):
        shown.keyboard.press("Tab")
        reached.append(focused(shown).split("\n")[0])
    assert "a Misconceptions" in reached
    assert sum(one.startswith("region") for one in reached) >= 3
    shown.get_by_role("link", name="Misconceptions").press("Enter")
    shown.wait_for_function("Math.abs(document.getElementById('mistakes').getBoundingClientRect().top) < 60")
    names = [chart.evaluate("c => c.querySelector('title').textContent") for chart in shown.locator("svg.chart").all()]
    assert names == [
        "Distribution of scores",
        "Difficulty of the exercises, the hardest first",
        "Time that grading took",
    ]
    shown.close()
