"""The feedback page for nbgrader's own converter, so that what formgrader generates loads nothing either.

Named in `nbgrader_config.py` and imported by nbgrader only when it makes feedback.
"""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from autograder import feedback


class FeedbackExporter(HTMLExporter):
    """HTML with the template and the filters of `autograder.feedback`, whatever other template is asked for.

    Formgrader insists on its own by name (`NbGraderAPI.generate_feedback`); that one loads MathJax from the network.
    """

    def __init__(self, config: Config | None = None, **traits: Any) -> None:
        own = Config()
        own.merge(config or {})
        feedback.configure(own)
        super().__init__(config=own, **traits)
