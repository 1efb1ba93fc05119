"""Where a learner stands, kept level with a record that other kernels write, too."""

from __future__ import annotations

from course import kernel_info, syllabus
from course.errors import CourseError
from course.mastery import record
from course.mastery.bookmark import Bookmark
from course.mastery.rule import Standing
from course.mastery.timeline import Timeline


def standing() -> tuple[Standing, str]:
    """Where the learner stands, from their record, and what there is to say about the record."""
    replay = record.read()
    return Standing(syllabus.load(), replay.events), replay.warning


class Follower:
    """A standing kept level with the learner's record, which other kernels write, too.

    Where no person is there, but a program that runs the notebook, nothing is written.
    """

    def __init__(self) -> None:
        self.standing = Standing(syllabus.load())
        self._timeline = Timeline(self.standing)
        self._present = kernel_info.person_present()
        self._replay()

    @property
    def warning(self) -> str:
        """What there is to say about the record."""
        return self._read.warning

    def write(self, event: record.Event) -> None:
        """Into the record; `CourseError` where it cannot be written. Who writes it gives it to the standing, too."""
        if not self._present:
            return
        self._read.writes(event)
        try:
            record.append(event)
        except CourseError:
            self._read.wrote_nothing(event)
            raise
        self._read.wrote(event)
        self._timeline.wrote(event)

    def catch_up(self) -> None:
        """Take what others have written into the record. `CourseError` where it cannot be read.

        What is new is taken in its place; all is replayed only where the record did not just grow, or where something
        comes before all that can be taken back, or is dated ahead of the clock.
        """
        if not self._present:
            return
        level = self._timeline.settle()
        if level and record.size() != self._read.place:
            news = self._read.since()
            level = news is not None and self._timeline.take(news.events, news.redated)
        last = self._timeline.last
        if not level or (last is not None and record.is_ahead(last)):
            self._replay()

    def _replay(self) -> None:
        content, replay = record.read_whole()
        self._timeline.replay(replay.events)
        self._read = Bookmark(content, replay)
