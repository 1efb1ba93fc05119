"""nbgrader's settings: `solutions/` is the source, `exercises/` the release, `grading/` the rest (not kept in git)."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821, given by traitlets

c.CourseDirectory.course_id = "isometry"
c.CourseDirectory.root = os.environ.get("ISOMETRY_COURSE", str(ROOT))
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.db_url = f"sqlite:///{c.CourseDirectory.root}/grading/gradebook.db"

# Whatever else stands in a source folder is released, and handed to students: the bank, the text half and what tests
# the bank never are.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".*", "*.md"]
c.CourseDirectory.ignore += ["bank", "bank.py", "oracles.py", "second_answers.py", "wrong_programs.py"]

# A comment, not `raise NotImplementedError()`: an untouched cell is "not attempted", not a traceback.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ClearSolutions.text_stub = "Your answer here."

# Pages that load nothing from the network, formgrader's among them.
c.GenerateFeedback.exporter_class = "autograder.plugins.exporter.FeedbackExporter"

# `nbgrader autograde` and formgrader's button grade as `autograder grade` does: in the sandbox, judged from outside.
c.Autograde.exporter_class = "autograder.plugins.autograde.AutogradeExporter"

c.Execute.timeout = 60
c.Execute.interrupt_on_timeout = True
