"""The vocabulary (exercise, mistake, verdict), the judge, and what may cross from a stranger's kernel."""
