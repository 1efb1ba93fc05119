"""What is typed, beside `cli.py`."""
