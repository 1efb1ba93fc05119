"""The gate, reviews and the record: whom the gate lets pass, how much a learner is asked who has mastered ninety skills
and does not forget as the scheduler believes, how fast a record is replayed, and whether answers slow down with it.

A record of 100,000 events is some twenty years of study. It is made of what simulated learners wrote at real questions,
again every three weeks, so that its lines are as long and as mixed as a learner's, and every skill comes up for review.
It is read by a clock that stands where it ends, whatever the day of the measurement.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
LIVES = 10_000
SIZES = (0, 10_000, 100_000)
LEARNERS = 12
"""Whose reviews are led, each a year."""
SKILLS, A_WEEK = 90, 6
"""They master so many, so many a week."""
UNITS = ("01-composition", "04-normalization", "06-convolution")
SKILL = "jacobians.scale"


def measure(runs: int) -> dict[str, float]:
    from course.authoring.learners import Steady, shares

    guesser, guesser4 = (shares(Steady(right), LIVES, seed=1, tries=10) for right in (0.1, 0.25))
    knower = shares(Steady(0.9), LIVES, seed=1, tries=12)
    figures = {
        "gate.guesser_skill_rate": guesser.skill,
        "gate.guesser4_skill_rate": guesser4.skill,
        "gate.knower_skill_rate": knower.skill,
        "gate.knower_unit_rate": knower.unit,
    }
    figures |= _of_reviews()
    # A process of its own, since the garbage of what was measured before would be measured too.
    command = [sys.executable, __file__, str(max(runs, 3))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return figures | json.loads(done.stdout.splitlines()[-1])


def _of_reviews() -> dict[str, float]:
    """What learners are asked a day who come daily and answer all that is due, in the year after ninety skills."""
    import numpy as np

    from course.authoring.forgetting import TwoMemories, keep_up
    from course.authoring.learners import A_QUESTION, Events, learn, unit_of

    a_day, all_days, recalled = [], [], []
    for chance in np.random.default_rng(5).spawn(LEARNERS):
        desk = Events(TwoMemories.anyone(chance), unit_of(SKILLS), chance)
        names = [skill.id for skill in desk.syllabus.units[0].gated]
        for first in range(0, SKILLS, A_WEEK):
            for name in names[first : first + A_WEEK]:
                learn(desk, name, 10)
            keep_up(desk, 7)
        desk.reviews.clear()
        asked = keep_up(desk, 365)
        a_day.append(statistics.median(asked))
        all_days += asked
        recalled += desk.reviews
    minutes = A_QUESTION / timedelta(minutes=1)
    return {
        "review.questions_per_day": statistics.median(a_day),
        "review.minutes_per_day": statistics.median(a_day) * minutes,
        "review.minutes_per_day_most": max(a_day) * minutes,
        "review.minutes_on_a_full_day": float(np.percentile(all_days, 95)) * minutes,
        "review.recall_rate": float(np.mean(recalled)),
    }


def _records(folder: Path) -> dict[int, Path]:
    """A record of each size."""
    import msgspec
    import numpy as np

    from course import syllabus
    from course.authoring.learners import Sessions, Steady, live
    from course.mastery.record import Event

    syllabus, lived = syllabus.load(), []
    for unit, chance in zip(UNITS, np.random.default_rng(2).spawn(len(UNITS)), strict=True):
        desk = Sessions(Steady(0.85), syllabus, chance)
        live(desk, syllabus.unit(unit), tries=30)
        lived += desk.events
    encode = msgspec.json.Encoder().encode

    def again(n: int) -> Event:
        """Event number n: one that was lived, on another day, with other numbers."""
        turn, place = divmod(n, len(lived))
        event = lived[place]
        return msgspec.structs.replace(
            event,
            id=f"{n:032}",
            at=event.at - timedelta(weeks=3) * (1 + turn),
            arguments=event.arguments | {"turn": turn},
            sitting=f"{event.sitting}-{turn}" if event.sitting else "",
        )

    paths = {size: folder / f"{size}.jsonl" for size in SIZES}
    for size, path in paths.items():
        events = sorted(map(again, range(size)), key=lambda event: event.at)
        path.write_bytes(b"".join(encode(event) + b"\n" for event in events))
    return paths


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    made = work()
    seconds = time.perf_counter() - started
    del made  # only now: to throw it away takes time, too
    return seconds


def _replay(path: Path, runs: int) -> float:
    """Median seconds to read the record at `path` and to take all of its events."""
    from course import syllabus
    from course.mastery import record
    from course.mastery.rule import Standing

    syllabus = syllabus.load()
    replay = record.read(path)
    assert (len(replay.events), replay.torn, replay.newer) == (max(SIZES), 0, 0)
    return statistics.median(_seconds(lambda: Standing(syllabus, record.read(path).events)) for _ in range(runs))


def _side_by_side(paths: dict[int, Path], work: dict[int, Callable[[], object]], rounds: int) -> dict[int, float]:
    """Median seconds of each piece of work with its record, in one loop and in a new order each time."""
    seconds: dict[int, list[float]] = {size: [] for size in paths}
    order = random.Random(3)
    for _ in range(rounds):
        for size in order.sample(sorted(paths), len(paths)):
            os.environ["ISOMETRY_RECORD"] = str(paths[size])
            with contextlib.redirect_stdout(io.StringIO()):
                seconds[size].append(_seconds(work[size]))
    return {size: statistics.median(found[5:]) for size, found in seconds.items()}


def _checks(paths: dict[int, Path], rounds: int) -> dict[int, float]:
    """A check of a number: the quickest there is, so that the record weighs most."""
    from course import check

    def one() -> object:
        return check("jacobians.gradient_scale", 0.349, norm=0.9, depth=10)

    return _side_by_side(paths, dict.fromkeys(paths, one), rounds)


def _answers(paths: dict[int, Path], rounds: int) -> dict[int, float]:
    """An answer in a practice session, and the next question after it."""
    from course.tutoring import questions

    def session_with(path: Path) -> Callable[[], object]:
        os.environ["ISOMETRY_RECORD"] = str(path)
        begun = questions.start(SKILL)

        def one() -> None:
            begun.answer(begun.exercise.reference(*begun.exercise.inputs(begun.variant.arguments)))
            assert not begun.problem, begun.problem
            begun.deal()

        return one

    # The same work in each: what there is to ask does not depend on the record's size, nor do the questions' kinds.
    return _side_by_side(paths, {size: session_with(path) for size, path in paths.items()}, rounds)


def _late(path: Path, rounds: int) -> float:
    """Median seconds to take in what another kernel wrote, dated before the last event that this one has taken."""
    from course import clock
    from course.mastery import record
    from course.tutoring.follower import Follower

    os.environ["ISOMETRY_RECORD"] = str(path)
    follower = Follower()
    seconds = []
    for n in range(rounds):
        now = clock.now()
        for name, back in (("last", 1), ("late", 2)):
            at, drawn = now - timedelta(seconds=back), {"late": n, "name": name}
            unit = SKILL.split(".")[0]
            record.append(record.Event("answer", unit, SKILL, SKILL, drawn, at=at, id=f"{name}-{n}"))
            if name == "late":
                seconds.append(_seconds(follower.catch_up))
            follower.catch_up()
    return statistics.median(seconds[5:])


def _of_records(runs: int) -> dict[str, float]:
    from course import clock, kernel_info
    from course.authoring.learners import BEGAN

    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        mock.patch.object(kernel_info, "person_present", lambda: True),
        mock.patch.object(clock, "now", lambda: BEGAN + timedelta(seconds=time.perf_counter() - started)),
    ):
        paths = _records(Path(folder))
        figures = {
            "record.replay_100k_s": _replay(paths[100_000], runs),
            "record.mb_100k": paths[100_000].stat().st_size / 1e6,
        }
        lines = {size: _lines(path) for size, path in paths.items()}
        for name, measured in (("check", _checks(paths, 60 * runs)), ("practice", _answers(paths, 60 * runs))):
            figures[f"{name}.growth_ratio"] = measured[100_000] / measured[0]
            figures[f"{name}.growth_ratio_10k"] = measured[10_000] / measured[0]
            figures[f"{name}.recorded_ms"] = 1e3 * measured[0]
        grown = {size: _lines(path) - lines[size] for size, path in paths.items()}
        assert set(grown.values()) == {2 * 60 * runs}, f"not all answers were recorded: {grown}"
        figures["record.late_event_ms_100k"] = 1e3 * _late(paths[100_000], 10 * runs)
        return figures


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


if __name__ == "__main__":
    print(json.dumps(_of_records(int(sys.argv[1]))))
