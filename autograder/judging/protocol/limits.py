"""The bounds on what may cross from a stranger's kernel, and what is raised where they are passed."""

from __future__ import annotations

from autograder.errors import InternalSignal

PLACE = "ISOMETRY_CHANNEL"
"""The environment variable that says where the judge is, in a kernel whose answers are judged outside: the path of its
socket, or `fd:7` where 7 is a connection to it through which further ones are handed."""

LARGEST_TEXT = 200_000
"""Bytes of one message's JSON."""

LARGEST_ARRAYS = 16_000_000
"""Bytes of one message's arrays. What exercises ask for has some thousands."""

MOST_ARRAYS = 64

LONGEST_NAME = 60

CUT = 2_000


class Refused(InternalSignal):
    """What came is no message, or not one that is taken. The text completes the sentence “Its answer …”."""


class Gone(InternalSignal):
    """The other side closed the channel, or said nothing for too long."""
