"""Grades for Canvas, Moodle, Gradescope, or as CSV."""
