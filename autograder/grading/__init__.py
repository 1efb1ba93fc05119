"""A class: what is to be done, over which processes, and what is written."""
