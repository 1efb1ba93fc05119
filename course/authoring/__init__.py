"""What an author runs: `course new`, `ask`, `sync`, `exercises` and `lint`. Start with the README beside this file.

The commands live in `commands.py`; nothing is imported from here, so that a learner pays for none of it.
"""
