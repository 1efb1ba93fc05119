"""Recorded runs: what a lesson cannot run in its minute, with the code that made it."""
