"""A notebook and its text half: the same cells twice, once to run and once to review.

The rule: the text half wins. `course sync` rewrites a notebook from its text; `--from-notebook` says the other
way round. A notebook that was saved later than its text is not overwritten unless one of the two is named.

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

import jupytext
import nbformat
from jupytext.config import load_jupytext_configuration_file
from jupytext.formats import long_form_multiple_formats
from jupytext.paired_paths import InconsistentPath, paired_paths
from nbformat import NotebookNode

TEXT = "md:myst"
BESIDE = ("solutions/*", "tests/benchmarks")
"""Folders in which the text half lies beside its notebook."""
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class HalvesError(Exception):
    """The two halves cannot be brought together. The text says why, and what to do."""


class Pair(NamedTuple):
    """A notebook and its text half; one of them may not exist yet."""

    notebook: Path
    text: Path

    @property
    def name(self) -> str:
        return self.notebook.stem


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
        if notebook.exists() or _is_text_half(text):
            found.add(Pair(notebook, text))
    yield from sorted(found)


def _beside(root: Path) -> Iterator[Pair]:
    for folder in BESIDE:
        stems = {p.with_suffix("") for p in root.glob(f"{folder}/*.ipynb")}
        stems |= {p.with_suffix("") for p in root.glob(f"{folder}/*.md") if _is_text_half(p)}
        for stem in sorted(stems):
            yield Pair(stem.parent / f"{stem.name}.ipynb", stem.parent / f"{stem.name}.md")


def _is_text_half(path: Path) -> bool:
    """Whether a Markdown file declares itself a notebook (a README does not)."""
    if not path.is_file():
        return False
    start = path.read_text(encoding="utf-8")[:400]
    return start.startswith("---") and "jupytext:" in start


# --------------------------------------------------------------------------- comparing


def difference(pair: Pair) -> str | None:
    """What is out of step between the two halves, as the end of a sentence; None where they agree.

    Cell ids and outputs are no part of it: they differ between halves by nature.
    """
    if not pair.notebook.exists():
        return "the text has no notebook"
    if not pair.text.exists():
        return "the notebook has no text half"
    # Through the text form first, so that what it cannot hold (trailing newlines, scroll state) is no difference.
    ours = _cells(_parse(_as_text(read(pair.notebook))))
    theirs = _cells(_parse(pair.text.read_text(encoding="utf-8")))
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


def write_notebook(pair: Pair) -> bool:
    """Write the notebook from its text; cells that did not change keep their ids. Returns whether the file changed."""
    earlier = read(pair.notebook) if pair.notebook.exists() else nbformat.v4.new_notebook()
    return _save(pair.notebook, _with_ids(tidied(_parse(pair.text.read_text(encoding="utf-8"))), earlier))


def write_text(pair: Pair) -> bool:
    """Write the text from its notebook. Returns whether the file changed."""
    pair.text.parent.mkdir(parents=True, exist_ok=True)
    return _replace(pair.text, _as_text(read(pair.notebook)))


def tidy(path: Path) -> bool:
    """Take outputs and the like out of the notebook at `path`. Returns whether the file changed."""
    notebook = read(path)
    return bool(untidy(notebook)) and _save(path, tidied(notebook))


def sync(pair: Pair, wins: str | None = None) -> list[Path]:
    """Bring the halves of `pair` in step and take outputs out of the notebook; returns the files that changed.

    `wins` is "text", "notebook", or None: the text, unless the notebook was saved later (`HalvesError`).
    """
    changed = []
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
        if wins == "notebook":
            changed += [pair.text] if write_text(pair) else []
        else:
            changed += [pair.notebook] if write_notebook(pair) else []
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


def _parse(text: str) -> NotebookNode:
    return jupytext.reads(text, TEXT)


def _as_text(notebook: NotebookNode) -> str:
    notebook = tidied(notebook)
    del notebook.metadata["language_info"]
    return jupytext.writes(notebook, TEXT)


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
