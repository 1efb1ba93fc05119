"""What an author runs: `course lint`, `course sync`, `course exercises`. Start with the README beside this file.

The commands live in `commands.py`; nothing is imported from here, so that a learner pays for none of it.
"""
