"""Exercises, mistakes and the judge: what stands between exercises and solutions."""
