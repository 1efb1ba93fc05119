"""A notebook and its text half: the same cells twice, once to run and once to review.

The rule: the text half wins. `course sync` rewrites a notebook from its text; `--from-notebook` says the other
way round. A notebook that was saved later than its text is not overwritten unless one of the two is named.
A text is shorter than its notebook: `text_form` says what is left out of it and derived.

Lessons pair through the formats table of `jupytext.toml` (`course/NN.ipynb` with `course/text/NN.md`), exercises and
authors' notebooks in their own folders (`solutions/NN/NN.ipynb` with `NN.md`, `tests/benchmarks/gate.ipynb` with
`gate.md`). A committed notebook holds no outputs and no counts.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from jupytext.config import load_jupytext_configuration_file
from jupytext.formats import long_form_multiple_formats
from jupytext.paired_paths import InconsistentPath, paired_paths
from nbformat import NotebookNode

from autograder.judging import bank as banks
from course.authoring import text_form
from course.authoring.complaint import near
from course.authoring.grading_metadata import Points
from course.authoring.markers import CellError
from course.authoring.text_form import KERNEL, HalvesError, TextError

__all__ = ["HalvesError", "Pair", "TextError", "difference", "named", "pairs", "read", "sync", "tidied", "untidy"]

SOLUTIONS = "solutions"
BESIDE = (f"{SOLUTIONS}/*", "tests/benchmarks")
"""Folders in which the text half lies beside its notebook."""


class Pair(NamedTuple):
    """A notebook and its text half; one of them may not exist yet."""

    notebook: Path
    text: Path

    @property
    def name(self) -> str:
        return self.notebook.stem

    @property
    def is_exercises(self) -> bool:
        """Whether it is a notebook of exercises, whose cells ask the bank beside it."""
        return self.notebook.parent.parent.name == SOLUTIONS


def pairs(root: Path) -> list[Pair]:
    """Every pair of the course at `root`, lessons first. A half that is missing is named all the same."""
    return [*_lessons(root), *_beside(root)]


def _lessons(root: Path) -> Iterator[Pair]:
    table = root / "jupytext.toml"
    if not table.is_file():
        raise HalvesError(f"The course's root has no {table.name}. Its formats table says which text half is whose.")
    config = load_jupytext_configuration_file(str(table))
    found: set[Pair] = set()
    for path in [*(root / "course").glob("*.ipynb"), *(root / "course" / "text").glob("*.md")]:
        formats = long_form_multiple_formats(config.default_formats(str(path)))
        try:
            paths = [Path(p) for p, _ in paired_paths(str(path), {"extension": path.suffix}, formats)]
        except InconsistentPath:
            continue  # a README among the text halves, say
        notebook = next(p for p in paths if p.suffix == ".ipynb")
        text = next(p for p in paths if p.suffix == ".md")
        if notebook.exists() or _is_text_half(text, re.match(r"\d\d-", text.stem) is not None):
            found.add(Pair(notebook, text))
    yield from sorted(found)


def _beside(root: Path) -> Iterator[Pair]:
    for folder in BESIDE:
        stems = {p.with_suffix("") for p in root.glob(f"{folder}/*.ipynb")}
        texts = root.glob(f"{folder}/*.md")
        stems |= {p.with_suffix("") for p in texts if _is_text_half(p, p.stem == p.parent.name)}
        for stem in sorted(stems):
            yield Pair(stem.parent / f"{stem.name}.ipynb", stem.parent / f"{stem.name}.md")


def _is_text_half(path: Path, named_so: bool) -> bool:
    """Whether a Markdown file is a text half: by its header, or by its name where the header was forgotten."""
    return path.is_file() and (named_so or text_form.has_header(path.read_text(encoding="utf-8")))


# --------------------------------------------------------------------------- comparing


def difference(pair: Pair) -> str | None:
    """What is out of step between the two halves, as the end of a sentence; None where they agree.

    Cell ids and outputs are no part of it: they differ between halves by nature.
    """
    if pair.text.exists() and not text_form.has_header(_text(pair)):
        return "the text has no header that makes it a notebook"
    if not pair.notebook.exists():
        return "the text has no notebook"
    if not pair.text.exists():
        return "the notebook has no text half"
    # Through the text form first, so that what it cannot hold (trailing newlines, scroll state) is no difference.
    ours = _cells(text_form.parsed(text_form.text(tidied(read(pair.notebook)), None)))
    theirs = _cells(built(pair, _text(pair)))
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False), start=1):
        if one != other:
            return f"cell {number} differs: the notebook has {_brief(one, other)}, the text {_brief(other, one)}"
    if len(ours) != len(theirs):
        return f"the notebook has {len(ours)} cells, the text {len(theirs)}"
    return None


def _cells(notebook: NotebookNode) -> list[tuple[str, str, Any]]:
    return [(c.cell_type, c.source.strip("\n"), dict(c.metadata)) for c in notebook.cells]


def _brief(cell: tuple[str, str, Any], other: tuple[str, str, Any]) -> str:
    """The part of `cell` in which it first differs from `other`, shortened."""
    if cell[0] != other[0]:
        return f"a {cell[0]} cell"
    if cell[1] == other[1]:
        return f"metadata {cell[2]}"
    lines, others = cell[1].splitlines(), other[1].splitlines()
    first = next((i for i, line in enumerate(lines) if i >= len(others) or line != others[i]), None)
    text = lines[first].strip() if first is not None else "fewer lines"
    return f"“{text if len(text) <= 48 else text[:47] + '…'}”"


def untidy(notebook: NotebookNode) -> list[str]:
    """What a committed notebook holds and should not: outputs, execution counts, widget state, no kernel."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    if any(cell.get("outputs") for cell in code):
        found.append("outputs")
    if any(cell.get("execution_count") is not None for cell in code):
        found.append("execution counts")
    if "widgets" in notebook.metadata:
        found.append("saved widget state")
    if notebook.metadata.get("kernelspec", {}).get("name") != KERNEL["name"]:
        found.append("no Python 3 kernel named")
    return found


# --------------------------------------------------------------------------- writing


def tidied(notebook: NotebookNode) -> NotebookNode:
    """A copy as it is committed: no outputs, counts or widget state; the course's kernel; every cell with an id."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for passing in ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted"):
            cell.metadata.pop(passing, None)
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return _with_ids(notebook)


def _with_ids(notebook: NotebookNode, earlier: NotebookNode | None = None) -> NotebookNode:
    """Give cells ids that owe nothing to chance: their own, an earlier equal cell's, nbgrader's, or the text's hash."""
    kept: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in earlier.cells if earlier is not None else ():
        if cell.get("id"):
            kept[cell.cell_type, cell.source.strip("\n")].append(cell.id)
    taken: set[str] = set()
    for cell in notebook.cells:
        same = kept[cell.cell_type, cell.source.strip("\n")]
        wanted = cell.get("id") if earlier is None else (same.pop(0) if same else None)
        wanted = wanted or cell.metadata.get("nbgrader", {}).get("grade_id") or ""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted) or wanted in taken:
            text = f"{cell.cell_type}\n{cell.source}"
            wanted = next(i for i in (_hash(f"{text}\n{n}") for n in range(len(notebook.cells) + 1)) if i not in taken)
        cell["id"] = wanted
        taken.add(wanted)
    return notebook


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def built(pair: Pair, text: str) -> NotebookNode:
    """The notebook that `text` stands for as the text half of `pair`; `TextError` where there is none."""
    return text_form.notebook(text, points(pair))


def points(pair: Pair) -> Points | None:
    """Where a pair's cells get their points: its bank, loaded at the first question. None where nothing is graded."""
    if not pair.is_exercises:
        return None
    folder = pair.notebook.parent
    path = banks.located(folder) or folder / "bank.py"

    def of(exercise: str) -> float:
        try:
            exercises = banks.load(path).exercises
        except banks.BankError as error:
            what, _, how = str(error).partition(". ")
            raise CellError(f"its points are the bank's. {what.rstrip('.')}", how or "Mend it first.") from None
        if exercise not in exercises:
            raise CellError(f"check asks for “{exercise}”, which the bank does not have", near(exercise, exercises))
        return exercises[exercise].points

    return of


def write_notebook(pair: Pair) -> bool:
    """Write the notebook from its text. Returns whether the file changed.

    Cells that did not change keep their ids; those of exercises follow from the text alone.
    """
    keeps = not pair.is_exercises and pair.notebook.exists()
    earlier = read(pair.notebook) if keeps else nbformat.v4.new_notebook()
    return _save(pair.notebook, _with_ids(tidied(built(pair, _text(pair))), earlier))


def write_text(pair: Pair) -> bool:
    """Write the text from its notebook. Returns whether the file changed."""
    text = text_form.text(tidied(read(pair.notebook)), points(pair))
    built(pair, text)  # nothing is written of which no notebook can be made again
    pair.text.parent.mkdir(parents=True, exist_ok=True)
    return _replace(pair.text, text)


def _add_header(pair: Pair) -> bool:
    """Put the header on top of a text that lacks it. Returns whether it did."""
    if not pair.text.exists() or text_form.has_header(text := _text(pair)):
        return False
    if text.startswith("---"):
        raise HalvesError(
            f"The header of {pair.text.parent.name}/{pair.text.name} does not make it a notebook. "
            f"Put this in its place:\n{text_form.header()}"
        )
    return _replace(pair.text, text_form.header() + text.lstrip("\n"))


def tidy(path: Path) -> bool:
    """Take outputs and the like out of the notebook at `path`. Returns whether the file changed."""
    notebook = read(path)
    return bool(untidy(notebook)) and _save(path, tidied(notebook))


def sync(pair: Pair, wins: str | None = None) -> list[Path]:
    """Bring the halves of `pair` in step and take outputs out of the notebook; returns the files that changed.

    `wins` is "text", "notebook", or None: the text, unless the notebook was saved later (`HalvesError`).
    """
    changed = []
    if _add_header(pair):
        changed.append(pair.text)
    if difference(pair) is not None:
        if not pair.notebook.exists():
            wins = "text"
        elif not pair.text.exists():
            wins = "notebook"
        elif wins is None and pair.notebook.stat().st_mtime > pair.text.stat().st_mtime:
            raise HalvesError(
                f"{pair.notebook.name} differs from {pair.text.name} and was saved later: {difference(pair)}. "
                "Say which one to keep: --from-text or --from-notebook."
            )
        if wins == "notebook" and write_text(pair):
            changed.append(pair.text)
        # Written from the notebook, too: a cell that is new there is given what nbgrader needs.
        if write_notebook(pair):
            changed.append(pair.notebook)
    if tidy(pair.notebook) and pair.notebook not in changed:
        changed.append(pair.notebook)
    return changed


def named(found: Sequence[Pair], names: Sequence[str]) -> list[Pair]:
    """The pairs of the units in `names`; all of them where no name is given."""
    unknown = sorted(set(names) - {pair.name for pair in found})
    if unknown:
        known = ", ".join(sorted({pair.name for pair in found}))
        raise HalvesError(f"No notebook is called “{unknown[0]}”. There are: {known}.")
    return [pair for pair in found if not names or pair.name in names]


def read(path: Path) -> NotebookNode:
    """The notebook at `path`; `HalvesError` where it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        raise HalvesError(f"{path.name} is not readable as a notebook ({type(error).__name__}). Restore it.") from None


def _text(pair: Pair) -> str:
    return pair.text.read_text(encoding="utf-8")


def _save(path: Path, notebook: NotebookNode) -> bool:
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    return _replace(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def _replace(path: Path, text: str) -> bool:
    """Write `text` to `path` in one step, or leave the file alone where it says that already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return True
