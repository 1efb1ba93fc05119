"""Tutoring as widgets: practice, rounds, readiness, and what is left to do."""
