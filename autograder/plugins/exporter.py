"""The feedback page for nbgrader's own converter, so that what formgrader generates loads nothing either.

It is made of what stands in the gradebook and in `autograded/`. Where something else has written there since grading,
there is no page: it would show points that nobody gave.

Named in `nbgrader_config.py` and imported by nbgrader only when it makes feedback.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config

from autograder.feedback import page
from autograder.gradebook import audit
from autograder.gradebook.ledger import GradebookStore, copy_of, graded_into


class FeedbackExporter(HTMLExporter):
    """HTML with the template and the filters of `autograder.feedback`, whatever other template is asked for.

    Formgrader insists on its own by name (`NbGraderAPI.generate_feedback`); that one loads MathJax from the network.
    """

    def __init__(self, config: Config | None = None, **traits: Any) -> None:
        own = Config()
        own.merge(config or {})
        page.configure(own)
        super().__init__(config=own, **traits)

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        """The page of a notebook, its costs bounded as in `feedback.page`."""
        nb = copy.deepcopy(nb)
        page.bounded(nb)
        made: tuple[Any, Any] = super().from_notebook_node(nb, resources=resources, **kw)
        return made

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **more: Any) -> Any:
        """As nbconvert's; `NbGraderException` where the learner's results are not as grading left them."""
        of = (resources or {}).get("nbgrader")
        if of is not None and (changes := _changes(filename, of["db_url"], of["assignment"], of["student"])):
            raise NbGraderException(f"{' '.join(changes)} Autograde it again, and then make the page.")
        return super().from_filename(filename, resources, **more)


def _changes(filename: str, url: str, unit: str, student: str) -> list[str]:
    """Where the learner's results are not as grading left them, in sentences; none in a gradebook that knows no grading
    of ours."""
    if not graded_into(url):
        return []
    with GradebookStore(url) as ledger:
        found, kept = ledger.changes(unit), ledger.copies(unit).get(student)
    said = audit.told(found, only=student)
    if kept and copy_of(Path(filename).read_bytes()) != kept:
        said.append(f"{student}'s notebook in autograded/ is not the one that was graded.")
    return said
