"""JupyterLab around the course: `course study`, its settings, its server extension."""
