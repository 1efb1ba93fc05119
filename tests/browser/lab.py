"""JupyterLab in a browser, as a learner uses it: pages, cells, forms, pictures. It waits for what is seen, not for time."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, Locator, Page, expect
from serving import Server

from autograder.judging.bank import Bank
from autograder.judging.exercise import Choice, Exercise
from autograder.judging.values import to_builtins
from course import syllabus
from course.mastery import record, rule

RUN_SECONDS = 240
"""How long a whole lesson may take here; its own budget is measured by `make bench`, on an idle machine."""

# The page's own application object, which `--LabApp.expose_app_in_browser` puts there.
_CELLS = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const kernel = panel?.sessionContext?.session?.kernel;
  if (!kernel || !panel.content?.widgets) return null;
  return {
    kernel: kernel.status,
    cells: panel.content.widgets.map((w, i) => ({
      index: i, type: w.model.type, source: w.model.sharedModel.getSource(),
      count: w.model.executionCount ?? null, state: w.model.executionState ?? null,
      errors: w.model.type !== "code" ? [] : [...Array(w.model.outputs.length).keys()]
        .map((k) => w.model.outputs.get(k).toJSON()).filter((o) => o.output_type === "error")
        .map((o) => `${o.ename}: ${o.evalue}`),
    })),
  };
}"""

# Lets the browser mix the colours: backgrounds from the outermost in, then the text's, on one pixel.
_CONTRASTS = """view => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = () => [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const paint = (colour) => { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); };
  const found = {};
  for (const node of view.querySelectorAll("*")) {
    const text = [...node.childNodes].filter((c) => c.nodeType === 3).map((c) => c.data).join(" ").trim();
    if (!text || node.disabled || !node.checkVisibility() || ["STYLE", "OPTION"].includes(node.tagName)) continue;
    paint("white");
    for (let on = [], at = node; ; at = at.parentElement) {
      if (at) { on.unshift(getComputedStyle(at).backgroundColor); continue; }
      on.forEach(paint);
      break;
    }
    const ground = light();
    paint(getComputedStyle(node).color);
    const [dark, bright] = [ground, light()].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    const words = text.slice(0, 40);
    found[words] = Math.min(found[words] ?? 21, ratio);
  }
  return found;
}"""


class Lab:
    """One browser page on a server's JupyterLab, with one notebook in front."""

    def __init__(self, browser: Browser, server: Server, dark: bool = False) -> None:
        self.server = server
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.page: Page = self.context.new_page()
        self.asked: set[str] = set()
        """The hosts that the page has asked for anything."""
        self.page.on("request", lambda request: self.asked.add(urlsplit(request.url).hostname or ""))

    def close(self) -> None:
        self.context.close()

    # -- notebooks

    def open(self, name: str) -> None:
        """Open the notebook `name` of the learner's folder, in front of all others."""
        self.page.goto(self.server.page(f"lab/tree/{name}"))
        self.in_front(name)

    def in_front(self, name: str) -> None:
        """Wait until the notebook `name` is in front and its kernel is ready."""
        self.page.wait_for_function(
            """name => { const c = window.jupyterapp?.shell?.currentWidget?.context;
                         return c?.path === name && c.isReady; }""",
            arg=name,
            timeout=60_000,
        )
        self.page.wait_for_function(f"() => {{ const s = ({_CELLS})(); return s?.kernel === 'idle'; }}", timeout=60_000)

    def follow(self, link: str, to: str) -> None:
        """Click the link whose text or target is `link` in the notebook in front; it opens the notebook `to`."""
        front = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        by_target = front.locator(f'a[href*="{link}"]')
        (by_target if link.endswith(".ipynb") else front.locator("a", has_text=link)).first.click()
        self.in_front(to)

    def cells(self) -> list[dict[str, Any]]:
        state: dict[str, Any] = self.page.evaluate(_CELLS)
        return list(state["cells"])

    def errors(self) -> list[str]:
        return [f"cell {cell['index']}: {error}" for cell in self.cells() for error in cell["errors"]]

    def command(self, name: str, **args: Any) -> None:
        """Do what a menu entry or a shortcut does."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, args])

    def menu(self, *path: str) -> None:
        """Choose an entry of the main menu by its words."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{path[0]}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{path[1]}$")).first.click()

    def run_all(self) -> None:
        """Run → Run All Cells, and wait until the last one has come back (or one has raised and stopped the rest)."""
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(
            f"""() => {{ const s = ({_CELLS})(); if (s?.kernel !== 'idle') return false;
                const code = s.cells.filter((c) => c.type === 'code' && c.source.trim());
                const raised = code.some((c) => c.errors.length);
                const back = code.every((c) => c.state !== 'running' && (raised || c.count !== null));
                return back && code[0].count !== null; }}""",
            timeout=RUN_SECONDS * 1000,
        )

    def cell(self, source: str) -> Locator:
        """The code cell whose source contains `source`, scrolled into view."""
        index = next(c["index"] for c in self.cells() if c["type"] == "code" and source in c["source"])
        # A notebook draws only what is near: go there as a click would.
        self.page.evaluate(
            """index => { const n = window.jupyterapp.shell.currentWidget.content;
                          n.activeCellIndex = index; return n.scrollToItem(index, 'start'); }""",
            index,
        )
        cell = self.page.locator(f'.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index="{index}"]')
        expect(cell).to_be_attached(timeout=20_000)
        return cell

    def run_cell(self, source: str) -> Locator:
        """Run the cell that contains `source` with Shift+Enter, and wait until it has come back."""
        cell = self.cell(source)
        before = next(c["count"] for c in self.cells() if source in c["source"])
        cell.locator(".cm-content").first.click()
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_function(
            f"""([source, before]) => {{ const s = ({_CELLS})();
                const c = s?.cells.find((c) => c.source.includes(source));
                return s?.kernel === 'idle' && c.count !== null && c.count !== before && c.state !== 'running'; }}""",
            arg=[source, before],
            timeout=90_000,
        )
        return self.cell(source)

    # -- looking

    def theme(self, dark: bool) -> None:
        self.command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        themed = self.page.locator(f'body[data-jp-theme-light="{"false" if dark else "true"}"]')
        expect(themed).to_be_attached(timeout=60_000)  # a lesson full of views takes its time
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)  # it fades over the page meanwhile

    def photograph(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")


def picture(canvas: Locator) -> str:
    """A fingerprint of a canvas's pixels."""
    return hashlib.sha256(str(canvas.evaluate("canvas => canvas.toDataURL()")).encode()).hexdigest()


def contrasts(view: Locator) -> dict[str, float]:
    """The contrast (WCAG 2, 1 to 21) of each text in `view` with what it stands on, by the text's first words."""
    ratios: dict[str, float] = view.evaluate(_CONTRASTS)
    return ratios


def becomes(read: Callable[[], Any], wanted: Callable[[Any], bool], page: Page, seconds: float = 20) -> Any:
    """Read again and again until the reading is as wanted; the last reading. Fails where it never is."""
    for _ in range(int(seconds * 20)):
        reading = read()
        if wanted(reading):
            return reading
        page.wait_for_timeout(50)
    raise AssertionError(f"waited {seconds} s in vain; the last reading was {reading!r}")


class Form:
    """A practice form inside `place`, answered as a learner does: by reading the question and typing."""

    def __init__(self, place: Locator, bank: Bank | None = None, skill: str = "") -> None:
        self.place, self.page = place, place.page
        self.exercises = [e for e in bank.of_skill(skill) if not e.is_code] if bank else []
        expect(place.get_by_role("button", name="Check").last).to_be_visible(timeout=30_000)

    def _read(self, name: str) -> str:
        return flat("".join(self.place.get_by_role("status", name=name).all_inner_texts()[-1:]))

    @property
    def question(self) -> str:
        """What is asked; empty at the end of a round."""
        return self._read("Question")

    @property
    def standing(self) -> str:
        return str(self.place.locator(".isometry-row").last.inner_text())

    @property
    def verdict(self) -> str:
        """What was said of the last answer; empty before it is given."""
        return self._read("What came of it")

    def asked(self) -> tuple[Exercise, dict[str, Any]]:
        """Which exercise stands there, and with which numbers, read from the question's own words."""
        text = self.question
        for exercise in self.exercises:
            words = re.split(r"\\\{(\w+)\\\}", re.escape(flat(exercise.prompt({}))))
            names: set[str] = set()
            pattern = ""
            for i, part in enumerate(words):
                if i % 2 == 0:
                    pattern += part
                else:
                    pattern += f"(?P={part})" if part in names else f"(?P<{part}>.+?)"
                    names.add(part)
            if found := re.search(pattern, text):
                given = {name: value(found[name]) for name in names}
                if set(given) == set(exercise.parameters):
                    return exercise, given
        raise AssertionError(f"no exercise of this skill asks: {text}")

    def right(self) -> Any:
        """The right answer to what is asked."""
        exercise, given = self.asked()
        return to_builtins(exercise.reference(**given))

    def answer(self, answer: Any) -> str:
        """Type or choose `answer`, press Enter or Check, and read what came of it (where it is news)."""
        exercise, _ = self.asked()
        before = self.verdict
        if isinstance(exercise.returns, Choice):
            self.place.get_by_text(str(answer), exact=True).click()
            self.place.get_by_role("button", name="Check").click()
        else:
            field = self.place.get_by_role("textbox")
            field.fill(str(answer))
            field.press("Enter")
        signs = "✓✗◐?!…"
        return str(becomes(lambda: self.verdict, lambda text: text[:1] in signs and text != before, self.page))

    def another(self) -> None:
        """Ask for the next question, and wait until it stands there."""
        before = self.question
        self.place.get_by_role("button", name="Another").click()
        becomes(lambda: self.question, lambda text: text != before, self.page)

    def master(self) -> None:
        """Answer right until the skill is mastered."""
        for _ in range(3):
            said = self.answer(self.right())
            assert said.startswith("✓ Right"), f"{self.question} → {said}"
            if "mastered" in self.standing:
                return
            self.another()
        raise AssertionError(f"three right in a row, and yet: {self.standing}")


class Round(Form):
    """A practice session or a checkpoint inside `place`, answered with the keyboard alone."""

    def __init__(self, place: Locator, exercises: Sequence[Exercise]) -> None:
        super().__init__(place)
        self.exercises = list(exercises)
        becomes(lambda: self.question and not self.verdict, bool, self.page)  # and not one that stood here before

    @property
    def count(self) -> str:
        """How far it is, such as “4 of 12”."""
        return str(self.place.locator(".isometry-count").last.inner_text())

    def wrong(self) -> Any:
        """What a learner with the first known mistake would answer."""
        exercise, given = self.asked()
        return to_builtins(exercise.mistakes[0].answer(**given))

    def enter(self, answer: Any) -> str:
        """Type `answer`, or choose it with the arrows, where the focus is; press Enter; what came of it."""
        keys = self.page.keyboard
        if isinstance(self.asked()[0].returns, Choice):
            becomes(lambda: focused(self.page), lambda at: at.startswith("radio"), self.page)
            keys.press("Space")
            for _ in range(10):
                if focused(self.page) == f"radio {answer}":
                    break
                keys.press("ArrowDown")
            assert focused(self.page) == f"radio {answer}"
        else:
            becomes(lambda: focused(self.page), lambda at: at.startswith("text"), self.page)
            keys.type(str(answer))
        keys.press("Enter")
        return str(becomes(lambda: self.verdict, lambda text: text[:1] in tuple("✓✗◐?!…"), self.page))

    def go_on(self) -> bool:
        """Press Enter; whether another question stands there, and not the end."""

        def question() -> str:
            return "".join(self.question.split())  # a question that is being taken away is read without line breaks

        before = question()
        self.page.keyboard.press("Enter")
        return bool(becomes(question, lambda text: text != before, self.page))

    def through(self) -> None:
        """Answer right to the end."""
        going = True
        while going:
            question, answer = self.question, self.right()
            said = self.enter(answer)
            assert said.startswith("✓ Right"), f"{question} → {answer} → {said}"
            going = self.go_on()


def focused(page: Page) -> str:
    """Where the keyboard is: the kind of control and its name."""
    found: str = page.evaluate(
        """() => { const at = document.activeElement;
                   const kind = at.type || at.getAttribute("role") || at.tagName.toLowerCase();
                   const name = at.labels?.[0]?.innerText || at.innerText || "";
                   return `${kind} ${name.trim()}`; }"""
    )
    return found


def flat(text: str) -> str:
    """Text without the line breaks and backticks that a panel shows in its own way."""
    return " ".join(text.replace("`", "").split())


def value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def master(unit: str, root: Path, path: Path) -> None:
    """Write into the record at `path` what a learner leaves there who mastered `unit`, its checkpoint included."""
    this = syllabus.load(root / "course" / "syllabus.toml").unit(unit)
    for skill in this.gated:
        for exercise in skill.code:
            record.append(record.Event("answer", unit, skill.id, exercise, right=True, source="check"), path)
        for n in range(rule.IN_A_ROW):
            record.append(record.Event("answer", unit, skill.id, f"{skill.id}.short", {"n": n}, right=True), path)
    record.append(record.Event("sitting", this.id, sitting=unit, seed=0), path)
    for n in range(rule.ITEMS):
        skill = this.gated[n % len(this.gated)]
        item = {"skill": skill.id, "exercise": f"{skill.id}.short", "arguments": {"n": 100 + n}}
        record.append(record.Event("answer", unit, **item, right=True, source="checkpoint", sitting=unit), path)


def notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells; a cell that begins with # and a blank is prose."""
    made = nbformat.v4.new_notebook()
    new = nbformat.v4
    made.cells = [new.new_markdown_cell(c) if c.startswith("# ") else new.new_code_cell(c) for c in cells]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(made, path)


@contextmanager
def studying(root: Path, into: Path, scratch: Path, port: int = 0) -> Iterator[Server]:
    """`course study --no-browser` of the course at `root` in the folder `into`, as a learner starts it.

    `port` 0 is any that is free; a browser keeps its storage by host and port.
    """
    clone = Path(__file__).resolve().parents[2]
    dropped = ("JUPYTER", "ISOMETRY", "JAX", "XLA", "NBGRADER")
    env = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    env["PYTHONPATH"] = str(clone)
    command = [sys.executable, "-m", "course", "study", "--root", str(root), "--into", str(into)]
    options = ["--no-browser", "--port", str(port), "--LabApp.expose_app_in_browser=True"]
    server = Server.start([*command, *options], clone, env, scratch)
    try:
        yield server
    finally:
        server.stop()
