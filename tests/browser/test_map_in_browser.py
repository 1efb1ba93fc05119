"""A learner's way through the map in a real JupyterLab, told in order: from a refused lesson to a mastered unit; the
record is downloaded, the server lost with all its files, and the learner stands where they stood.

Pictures of what it looked like are kept in pytest's temporary folder, under `pictures`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import practice_course
import pytest
from lab import Lab, Round, becomes, contrasts, flat, notebook, studying
from playwright.sync_api import Locator, expect
from practice_course import NEXT, UNIT

from course.mastery import record

pytestmark = pytest.mark.browser

MAP, CHECK = "course_map()", 'check("rounds.doubled", lambda x: 2 * x)'
WEEK_ON = """from datetime import timedelta
from course import clock

now = clock.now
clock.now = lambda: now() + timedelta(days=7)"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of two units, where the second requires the first, with the map on its start page."""
    root = practice_course.make(tmp_path_factory.mktemp("small") / "clone")
    start = ("# A small course", f"from course import check, course_map\n\n{MAP}", CHECK, WEEK_ON)
    notebook(root / "course" / "start.ipynb", *start)
    notebook(root / "course" / f"{UNIT}.ipynb", "# The first lesson", "from course import gate", f'gate("{UNIT}")')
    notebook(root / "course" / f"{NEXT}.ipynb", "# The second lesson", "from course import gate", f'gate("{NEXT}")')
    return root


class Learner:
    """One learner's browser; `study` starts a server with an empty folder and an empty home, and opens the start page."""

    def __init__(self, chromium: Any, course: Path, folders: pytest.TempPathFactory, running: ExitStack) -> None:
        self.chromium, self.course, self.folders, self.running = chromium, course, folders, running
        self.lab: Lab | None = None
        self.faults: list[str] = []

    def study(self, port: int = 0) -> Lab:
        self.mine = self.folders.mktemp("learner") / "my-work"
        self.server = ExitStack()
        self.running.callback(self.server.close)
        server = self.server.enter_context(studying(self.course, self.mine, self.folders.mktemp("scratch"), port))
        if self.lab is None:
            self.lab = Lab(self.chromium, server)
            self.running.callback(self.lab.close)
            self.lab.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.lab.server = server
        self.lab.page.goto(server.page(""))
        self.lab.in_front("start.ipynb")
        return self.lab

    def lose_the_server(self) -> int:
        """Stop the server, and go on without its files; the port it had."""
        assert self.lab is not None
        self.lab.page.goto("about:blank")
        self.server.close()
        return urlsplit(self.lab.server.url).port or 0


@pytest.fixture(scope="module")
def learners(chromium: Any, course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Learner]]:
    """`learners()`: one more learner, with a browser of their own."""
    with ExitStack() as running:
        yield lambda: Learner(chromium, course, tmp_path_factory, running)


@pytest.fixture(scope="module")
def learner(learners: Callable[[], Learner]) -> Learner:
    made = learners()
    made.study().run_cell(MAP)
    return made


@pytest.fixture(scope="module")
def lab(learner: Learner) -> Lab:
    assert learner.lab is not None
    return learner.lab


@pytest.fixture(scope="module")
def record_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the learner keeps the file they downloaded."""
    return tmp_path_factory.mktemp("downloads") / "record.jsonl"


def output(lab: Lab) -> Locator:
    """The map's output, with whatever is open below the map."""
    area = lab.cell(MAP).locator(".jp-Cell-outputArea")
    expect(area.get_by_role("group", name="Map of Small")).to_be_visible(timeout=30_000)
    return area


def unit(lab: Lab, name: str) -> Locator:
    return output(lab).locator(f'.iso-unit[data-unit="{name}"]')


def as_it_stands(lab: Lab) -> str:
    """What the map says of each unit."""
    return flat(output(lab).get_by_role("group", name="Map of Small").inner_text())


def asked(lab: Lab) -> Round:
    """The form below the map, when its question stands there."""
    form = Round(output(lab), practice_course.exercises())
    becomes(lambda: form.question, bool, lab.page)
    return form


def practise(form: Round) -> None:
    """Answer right, with the keyboard, until the skill needs no more short questions."""
    for _ in range(4):
        assert form.enter(form.right()).startswith("✓ Right")
        row = form.standing
        if "mastered" in row or "2 of 2" in row:
            return
        assert form.go_on()
    raise AssertionError(f"four right in a row, and yet: {form.standing}")


# --------------------------------------------------------------------------- the way to mastery


def test_a_locked_lesson_is_refused_with_the_reason(lab: Lab, pictures: Path) -> None:
    locked = unit(lab, NEXT)
    expect(locked).to_contain_text("⊘ locked")
    expect(locked).to_contain_text("opens after 01")
    expect(locked.get_by_role("link")).to_have_count(0)
    locked.get_by_role("button", name="02 Next, locked: what is missing").click()
    below = output(lab)
    expect(below).to_contain_text("⊘ Locked · Next: the second")
    for missing in ("Scale after some layers: 0 of 3 in a row", "`rounds.doubled`", "the mixed checkpoint of 10"):
        expect(below).to_contain_text(missing.strip("`"))
    expect(below).to_contain_text(f"Your record has no event of {NEXT} yet.")
    lab.in_front("start.ipynb")
    lab.photograph(pictures, "locked")


def test_every_control_has_a_name_and_a_role(lab: Lab) -> None:
    expect(output(lab)).to_match_aria_snapshot(f"""
        - group "Map of Small":
          - heading "Your way through Small" [level=2]
          - status: /0.0 of 0.2 hours done · no review due today/
          - button "Practise for ten minutes"
          - button "Refresh"
          - list:
            - listitem:
              - link "01 Rounds, open":
                - /url: /lab/tree/{UNIT}.ipynb
              - paragraph: /open/
              - progressbar "Done of 01 Rounds"
              - paragraph: 0 of 3 skills
              - button "Practise 01 Rounds"
              - button "Why? Where you stand with 01 Rounds, and why"
            - listitem:
              - 'button "02 Next, locked: what is missing"'
              - paragraph: /locked/
              - progressbar "Done of 02 Next"
              - paragraph: 0 of 1 skill
              - paragraph: opens after 01
              - button "Why? Where you stand with 02 Next, and why"
        - 'button "Practise: Scale after some layers"'
        - button "Continue anyway"
        - group "Your record":
          - button "Download my record"
          - button "Upload a record…"
          - status: /keep a copy of your record/
    """)
    nameless = re.findall(
        r"^ *- (?:button|link|textbox|radio|progressbar|group|combobox)(?: *:|$)",
        output(lab).aria_snapshot(),
        re.MULTILINE,
    )
    assert nameless == []


def test_the_arrows_move_between_units_and_tab_through_all_controls(lab: Lab) -> None:
    def focused() -> str:
        return str(
            lab.page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )

    unit(lab, UNIT).get_by_role("link").first.focus()
    lab.page.keyboard.press("ArrowRight")
    assert focused() == "02 Next, locked: what is missing"
    lab.page.keyboard.press("ArrowLeft")
    assert focused() == "01 Rounds, open"
    reached = []
    for _ in range(5):
        lab.page.keyboard.press("Tab")
        reached.append(focused())
    assert reached == [
        "Practise 01 Rounds",
        "Why? Where you stand with 01 Rounds, and why",
        "02 Next, locked: what is missing",
        "Why? Where you stand with 02 Next, and why",
        "Practise: Scale after some layers",
    ]


def test_practice_below_the_map_moves_the_map(lab: Lab, pictures: Path) -> None:
    output(lab).get_by_role("button", name="Practise: Scale after some layers").click()
    form = asked(lab)
    form.enter(form.right())
    expect(unit(lab, UNIT)).to_contain_text("◐ in progress")
    lab.photograph(pictures, "practising")
    form.go_on()
    practise(form)
    expect(unit(lab, UNIT)).to_contain_text("1 of 3 skills")


def test_the_unit_is_mastered_and_the_next_one_opens(lab: Lab, pictures: Path) -> None:
    for _ in range(2):
        unit(lab, UNIT).get_by_role("button", name="Practise").click()
        practise(fresh(lab))
    lab.run_cell(CHECK)
    expect(unit(lab, UNIT)).to_contain_text("3 of 3 skills, checkpoint next")
    unit(lab, UNIT).get_by_role("button", name="Checkpoint of 01 Rounds").click()
    form = asked(lab)
    expect(output(lab).locator(".isometry-count")).to_have_text("0 of 10")
    going = True
    while going:
        assert form.enter(form.right()).startswith("✓ Right")
        going = form.go_on()
    expect(output(lab)).to_contain_text("Passed with 10 of 10")
    expect(unit(lab, UNIT)).to_contain_text("✓ mastered")
    expect(unit(lab, NEXT)).to_contain_text("○ open")
    expect(output(lab)).to_contain_text("0.1 of 0.2 hours done")
    lab.photograph(pictures, "mastered")
    unit(lab, NEXT).get_by_role("link", name="02 Next, open").click()
    lab.in_front(f"{NEXT}.ipynb")
    lab.run_all()
    assert lab.errors() == []


def fresh(lab: Lab) -> Round:
    """The form that was opened just now: its row is at its beginning."""
    form = asked(lab)
    becomes(lambda: form.standing, lambda row: row.startswith("○"), lab.page)
    return form


def test_why_shows_the_events_behind_a_state(lab: Lab, pictures: Path) -> None:
    lab.open("start.ipynb")
    lab.run_cell(MAP)
    unit(lab, UNIT).get_by_role("button", name="Why?").click()
    events = output(lab).get_by_role("list", name="Events")
    expect(events).to_contain_text("checkpoint, item 10 of 10: right; passed with 10 of 10")
    expect(events).to_contain_text("What is left of a gradient after")
    expect(events.get_by_role("listitem").last).to_contain_text("1 of 3 in a row")
    lab.photograph(pictures, "why")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 700])
def test_the_map_is_readable_in_light_and_dark_wide_and_narrow(
    lab: Lab, pictures: Path, dark: bool, width: int
) -> None:
    lab.theme(dark)
    lab.page.set_viewport_size({"width": width, "height": 900})
    area = output(lab)
    ratios = contrasts(area.locator(".iso-map")) | contrasts(area.locator(".iso-keeper"))
    assert len(ratios) > 10
    assert min(ratios.values()) >= 4.5, sorted(ratios.items(), key=lambda item: item[1])[:3]
    shown = area.locator(".iso-map")
    becomes(lambda: shown.evaluate("map => map.scrollWidth - map.clientWidth"), lambda over: over <= 0, lab.page)
    lab.photograph(pictures, f"map-{'dark' if dark else 'light'}-{width}")
    lab.page.set_viewport_size({"width": 1280, "height": 900})
    lab.theme(False)


# --------------------------------------------------------------------------- the server is lost


@pytest.fixture(scope="module")
def stood(lab: Lab, learner: Learner, record_file: Path) -> str:
    """Where the learner stood when the server was lost; the record was downloaded before."""
    if not record_file.exists():
        with lab.page.expect_download() as coming:
            output(lab).get_by_role("button", name="Download my record").click()
        assert re.fullmatch(r"small-record-\d{4}-\d\d-\d\d\.jsonl", coming.value.suggested_filename)
        coming.value.save_as(record_file)
    return as_it_stands(lab)


def test_the_downloaded_record_has_all_events_and_no_name(learner: Learner, stood: str, record_file: Path) -> None:
    assert record.parse(record_file.read_bytes()).events == record.read(learner.mine / "record.jsonl").events
    assert len(record.parse(record_file.read_bytes()).events) > 15
    assert "✓ mastered" in stood


def test_a_fresh_server_and_an_uploaded_record_bring_the_learner_back(
    learners: Callable[[], Learner], stood: str, record_file: Path, pictures: Path
) -> None:
    another = learners()
    lab = another.study()
    lab.run_cell(MAP)
    expect(unit(lab, NEXT)).to_contain_text("⊘ locked")
    with lab.page.expect_file_chooser() as choosing:
        output(lab).get_by_role("button", name="Upload a record…").click()
    choosing.value.set_files(record_file)
    expect(output(lab)).to_contain_text(re.compile(r"✓ Took \d+ new events from record.jsonl"))
    assert becomes(lambda: as_it_stands(lab), lambda now: now == stood, lab.page)
    lab.photograph(pictures, "uploaded")
    kept = record.read(another.mine / "record.jsonl").events
    assert kept == record.parse(record_file.read_bytes()).events
    assert another.faults == []


def test_the_browsers_copy_brings_the_learner_back_by_opening_the_map(
    learner: Learner, stood: str, record_file: Path, pictures: Path
) -> None:
    port = learner.lose_the_server()
    lab = learner.study(port)
    assert urlsplit(lab.server.url).port == port, "a browser's storage belongs to host and port"
    assert not (learner.mine / "record.jsonl").exists()
    lab.run_cell(MAP)
    expect(output(lab)).to_contain_text(re.compile(r"Brought back \d+ events from it"), timeout=30_000)
    assert becomes(lambda: as_it_stands(lab), lambda now: now == stood, lab.page)
    kept = record.read(learner.mine / "record.jsonl").events
    assert kept == record.parse(record_file.read_bytes()).events
    lab.photograph(pictures, "from-the-browsers-copy")
    unit(lab, NEXT).get_by_role("link", name="02 Next, open").click()
    lab.in_front(f"{NEXT}.ipynb")
    lab.run_all()
    assert lab.errors() == []


def test_an_answer_given_outside_the_map_is_kept_in_the_browser_too(learner: Learner, lab: Lab) -> None:
    """`practice` in a lesson, whose kernel has shown no map: the server is lost, and the answer is not."""
    before = len(record.read(learner.mine / "record.jsonl").events)
    cell = 'from course import gate, practice\n\nwith_a_form = practice("next.root")\nwith_a_form'
    lab.page.evaluate(
        """source => { const panel = window.jupyterapp.shell.currentWidget;
                       panel.content.model.sharedModel.insertCell(2, { cell_type: "code", source }); }""",
        cell,
    )
    area = lab.run_cell("with_a_form").locator(".jp-Cell-outputArea")
    form = Round(area, practice_course.exercises())
    becomes(lambda: form.question, bool, lab.page)
    area.get_by_role("textbox").first.focus()
    form.enter(form.right())
    copied = """async () => {
        const open = indexedDB.open("isometry record: Small 1");
        await new Promise((done) => { open.onsuccess = done; });
        const events = open.result.transaction("events").objectStore("events").count();
        await new Promise((done) => { events.onsuccess = done; });
        open.result.close();
        return events.result; }"""
    becomes(lambda: lab.page.evaluate(copied), lambda count: count == before + 1, lab.page)
    lab.page.get_by_role("tab", name="start.ipynb").click()
    lab.in_front("start.ipynb")
    expect(unit(lab, NEXT)).to_contain_text("◐ in progress")  # the map is looked at again, and so follows
    port = learner.lose_the_server()
    learner.study(port).run_cell(MAP)
    expect(unit(lab, NEXT)).to_contain_text("◐ in progress")


def test_a_week_later_reviews_are_due(lab: Lab, pictures: Path) -> None:
    lab.run_cell("timedelta(days=7)")
    output(lab).get_by_role("button", name="Refresh").click()
    expect(output(lab)).to_contain_text("3 reviews due today")
    expect(unit(lab, UNIT)).to_contain_text("↻ due")
    lab.photograph(pictures, "due-light")
    lab.theme(True)
    output(lab)
    lab.photograph(pictures, "due-dark")
    lab.theme(False)
    output(lab).get_by_role("button", name="Practise what is due").click()
    form = asked(lab)
    going = True
    while going:
        assert form.enter(form.right()).startswith("✓ Right")
        going = form.go_on()
    expect(output(lab)).to_contain_text("no review due today")
    expect(unit(lab, UNIT)).to_contain_text("✓ mastered")
    lab.photograph(pictures, "reviewed")


def test_no_script_of_the_page_has_failed_and_nothing_was_fetched(lab: Lab, learner: Learner) -> None:
    assert learner.faults == []
    assert lab.asked <= {"localhost", "127.0.0.1", ""}
