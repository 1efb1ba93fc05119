"""formgrader, as an instructor uses it: Autograde pays no forger, and an essay that was scored there stays scored.

Pictures of what it looked like are kept in pytest's temporary folder, under `pictures`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Locator, Page, expect
from serving import Server

sys.path.append(str(Path(__file__).parents[1] / "autograder"))

from stocks_class import UNIT, Class

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 120_000
"""Milliseconds that one press of Autograde may take on a busy machine."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """A class whose forger was graded by us, and then by stock nbgrader into the same gradebook."""
    made = Class(tmp_path_factory.mktemp("formgrader") / "course")
    made.grade()
    made.stock_autograde("forger")
    return made


@pytest.fixture(scope="module")
def server(graded: Class, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root"]
    command += ["--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"]
    started = Server.start(command, graded.course, graded.environment(), tmp_path_factory.mktemp("server"))
    try:
        yield started
    finally:
        started.stop()


def line(page: Page, student: str) -> Locator:
    """The line of a student in formgrader's list of submissions."""
    return page.locator("tbody tr").filter(has=page.locator("td", has_text=student))


def autograde(page: Page, student: str) -> str:
    """Press the lightning icon, and close what is told; returns that."""
    line(page, student).locator(".autograde a").click()
    told = page.locator("#success-modal .modal-body, #error-modal .modal-body")
    told.wait_for(timeout=PATIENCE)
    said = told.inner_text()
    kept = os.environ.get("PYTEST_CURRENT_TEST", "")
    assert page.locator("#error-modal").count() == 0, f"{kept}: {said}"
    page.wait_for_timeout(500)  # the box fades in
    return said


def test_autograde_pays_no_forger_and_a_scored_essay_stays(
    graded: Class, server: Server, chromium: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pictures = tmp_path_factory.getbasetemp() / "pictures"
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(server.page("login"))
    listed = server.page(f"formgrader/manage_submissions/{UNIT}")
    page.goto(listed)
    expect(line(page, "forger")).to_contain_text("3 / 10")  # what stock nbgrader believed

    said = autograde(page, "forger")
    assert "forger: 0 of 10 points, graded." in said and "forger was changed in the gradebook" in said
    page.screenshot(path=str(pictures / "formgrader-autograde.png"))
    page.goto(listed)
    expect(line(page, "forger")).to_contain_text("0 / 10")
    assert graded.in_nbgrader() == {"forger": 0.0, "honest": 7.0}

    with Gradebook(f"sqlite:///{graded.path}", "isometry") as book:
        honest = book.find_submission_notebook(UNIT, UNIT, "honest").id
    page.goto(server.page(f"formgrader/submissions/{honest}"))
    score = page.locator("input.score#why")
    with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"):
        score.fill("2.5")
        score.press("Tab")
    page.goto(listed)
    expect(line(page, "honest")).to_contain_text("9.5 / 10")

    assert "honest: 9.5 of 10 points" in autograde(page, "honest")
    page.goto(listed)
    assert "forger: 0 of 10 points" in autograde(page, "forger")
    page.goto(listed)
    expect(line(page, "honest")).to_contain_text("9.5 / 10")
    expect(line(page, "forger")).to_contain_text("0 / 10")
    page.screenshot(path=str(pictures / "formgrader-submissions.png"))
    page.goto(server.page(f"formgrader/submissions/{honest}"))
    expect(page.locator("input.score#why")).to_have_value("2.5")
    context.close()

    assert graded.in_nbgrader() == {"forger": 0.0, "honest": 9.5}
    assert graded.table() == {"forger": "0", "honest": "9.5"}
    assert graded.exported(tmp_path / "out.csv") == {"forger": "0", "honest": "9.5"}
    with Gradebook(f"sqlite:///{graded.path}", "isometry") as book:
        assert not book.find_grade("why", UNIT, UNIT, "honest").needs_manual_grade
