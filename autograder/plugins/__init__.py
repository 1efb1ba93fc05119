"""What nbgrader and formgrader load by name from `nbgrader_config.py`, to run this engine instead of their own."""
