"""The rule by which a record opens gates, as a fold: `Standing.take` takes one event after another.

A skill is mastered by three fresh variants right in a row (Kelly et al. 2015: that predicts as well as knowledge
tracing); one that is about writing code by its code exercise and two. At least one of the row asks a core kind of
question, one that has the skill itself in it: whoever knows only what lies beside it has a row, and no skill. Only
first answers without a hint count, each on a variant not answered before, and no choice of two.

A unit is mastered when each of its gated skills is, and a mixed checkpoint of ten has at least eight right; it may be
sat again when each skill missed in it was answered right again. A unit opens when every unit it requires is mastered,
or when the learner chose to continue, where that is allowed.

A mastered skill comes back for review (`course.mastery.review`), in which a right answer to a side question buys as
little time as one with a hint. A failed review reopens the skill, not the unit: it is mastered again by another row.

The same events tell the same on any machine; nothing here reads a clock or a file. What was told of an event when it
was written stays so: whether its question was a core one stands in the event (`core`; those written before there were
core kinds say nothing, and count as core), and reviews are spread over days only by events of version 3 on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from course.mastery import review
from course.mastery.gate import Gate as Gate
from course.mastery.gate import MapState as MapState
from course.mastery.record import Event, collector_at_rest, variant_text
from course.syllabus import Skill, Syllabus, Unit

if TYPE_CHECKING:
    from fsrs import Card

IN_A_ROW = 3
SHORT_FOR_CODE = 2
"""The row asked of a skill whose code exercise is passed, too."""
STUCK_AFTER = 10
"""Tries without mastery after which another way in is offered."""
ITEMS = 10
PASS = 8
"""A checkpoint's items, and how many must be right."""
SPREAD_SINCE = 3
"""The version of events from which on the reviews that they plan are spread over days."""


@dataclass(slots=True, kw_only=True)
class SkillState:
    """Where a learner stands with one skill."""

    row: int = 0
    """How many of the last counted answers were right, without a miss between them."""
    core: bool = False
    """Whether one of these was to a core question."""
    tries: int = 0
    """Counted answers so far; none while it is mastered, and those since it was reopened."""
    need: int = IN_A_ROW
    to_write: frozenset[str] = frozenset()
    """The code exercises that have not been passed yet."""
    mastered: bool = False
    reopened: bool = False
    """Mastered once, and then a review failed."""
    marked: bool = False
    """Another way in was offered, and that is in the record."""
    card: Card | None = None
    """Its review; only what gates has one."""

    @property
    def reached(self) -> int:
        """How far the row is, up to what is asked: its last place is kept for a core question."""
        return min(self.row, self.need if self.core else self.need - 1)

    @property
    def complete(self) -> bool:
        """Whether the row is long enough, and a core question in it."""
        return self.reached >= self.need

    @property
    def begun(self) -> bool:
        """Whether any answer counted yet."""
        return self.mastered or self.tries > 0

    @property
    def held(self) -> bool:
        return self.mastered and not self.reopened

    @property
    def stuck(self) -> bool:
        return self.tries >= STUCK_AFTER

    def due(self, now: datetime) -> bool:
        """Whether a review is due: its day has come, or the last one failed."""
        return self.reopened or (self.card is not None and self.card.due <= now)


@dataclass(slots=True)
class CheckpointAttempt:
    """One checkpoint that was begun, as it stood then: never changed, another answer makes another of it."""

    id: str
    unit: str
    _: KW_ONLY
    seed: int = 0
    answered: frozenset[tuple[str, str]] = frozenset()
    right: int = 0
    missed: tuple[str, ...] = ()
    """The skills of wrong answers."""

    def with_item(self, variant: tuple[str, str], event: Event) -> CheckpointAttempt:
        """What it becomes by one more item."""
        return CheckpointAttempt(  # and not `replace`, which takes as long as all else that an event does
            self.id,
            self.unit,
            seed=self.seed,
            answered=self.answered | {variant},
            right=self.right + event.right,
            missed=self.missed if event.right else (*self.missed, event.skill),
        )

    @property
    def complete(self) -> bool:
        return len(self.answered) >= ITEMS

    @property
    def passed(self) -> bool:
        return self.complete and self.right >= PASS


@dataclass(slots=True)
class UnitState:
    """Where a learner stands with one unit, besides its skills."""

    answers: int = 0
    passed: bool = False
    """A checkpoint was passed."""
    sitting: CheckpointAttempt | None = None
    """The last checkpoint begun."""
    to_review: list[str] = field(default_factory=list)
    """The skills to be answered right again before the checkpoint may be sat again."""
    walked_past: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What a standing was, to be restored: all but the variants answered since, which are counted."""

    skills: dict[str, SkillState]
    units: dict[str, UnitState]
    sittings: dict[str, CheckpointAttempt]
    due_on: Counter[int]
    seen: int


class Standing:
    """Everything a record tells about one learner: made by taking its events in order."""

    def __init__(self, syllabus: Syllabus, events: Iterable[Event] = ()) -> None:
        self.syllabus = syllabus
        self._entries: dict[str, tuple[Skill, str]] = {s.id: (s, u.id) for u in syllabus.units for s in u.skills}
        self._numberless = {u.id.split("-", 1)[-1]: u.id for u in syllabus.units}
        self.replay(events)

    def replay(self, events: Iterable[Event]) -> None:
        """Begin anew with these events, in order."""
        self.skills: dict[str, SkillState] = {}
        self.units: dict[str, UnitState] = {unit.id: UnitState() for unit in self.syllabus.units}
        self.seen: dict[tuple[str, str], None] = {}
        """(exercise, variant) pairs that were answered, in the order of their first answers."""
        self._sittings: dict[str, CheckpointAttempt] = {}
        self._due_on: Counter[int] = Counter()
        """How many reviews are planned for a day, by its ordinal."""
        with collector_at_rest():
            for event in events:
                self.take(event)

    def snapshot(self) -> Snapshot:
        """What stands now, whatever is taken later."""
        return self._copied(Snapshot(self.skills, self.units, self._sittings, self._due_on, len(self.seen)))

    def restore(self, snapshot: Snapshot) -> None:
        """Stand again where this standing stood at `snapshot`."""
        then = self._copied(snapshot)
        self.skills, self.units, self._sittings, self._due_on = then.skills, then.units, then.sittings, then.due_on
        while len(self.seen) > then.seen:
            self.seen.popitem()  # a dict's last, and so the latest

    def _copied(self, one: Snapshot) -> Snapshot:
        skills = {name: replace(state) for name, state in one.skills.items()}
        units = {name: replace(unit, to_review=list(unit.to_review)) for name, unit in one.units.items()}
        return Snapshot(skills, units, one.sittings.copy(), one.due_on.copy(), one.seen)

    # -- asking

    def skill(self, name: str) -> SkillState:
        """The state of the skill called `name`; a fresh one where it was never practised."""
        state = self.skills.get(name)
        if state is None:
            entry = self._entries.get(name)
            code = frozenset(entry[0].code) if entry else frozenset()
            state = self.skills[name] = SkillState(need=SHORT_FOR_CODE if code else IN_A_ROW, to_write=code)
        return state

    def core(self, name: str) -> tuple[str, ...]:
        """The core exercises of the skill called `name`; none where all of them are."""
        entry = self._entries.get(name)
        return entry[0].core if entry else ()

    def unmastered(self, unit: Unit) -> list[str]:
        """The gated skills of `unit` never mastered yet, in the manifest's order."""
        return [skill.id for skill in unit.gated if not self.skill(skill.id).mastered]

    def mastered(self, unit: Unit) -> bool:
        """Whether every gated skill of `unit` was mastered and its checkpoint passed; nothing gated is nothing to do."""
        return not self.unmastered(unit) and (not unit.gated or self.units[unit.id].passed)

    def due(self, unit: Unit, now: datetime) -> list[str]:
        """The gated skills of `unit` whose review is due."""
        return [skill.id for skill in unit.gated if self.skill(skill.id).due(now)]

    def sitting(self, id: str) -> CheckpointAttempt | None:
        """The checkpoint that was begun under this id."""
        return self._sittings.get(id)

    def may_sit(self, unit: Unit) -> bool:
        """Whether the checkpoint of `unit` may be begun, or gone on with."""
        state = self.units[unit.id]
        return bool(unit.gated) and not self.unmastered(unit) and not state.passed and not state.to_review

    def gate(self, unit: Unit) -> Gate:
        """The gate before `unit`: open when every unit it requires is mastered."""
        required = [self.syllabus.unit(name) for name in unit.requires]
        skills = tuple((one.id, skill) for one in required for skill in self.unmastered(one))
        checkpoints = tuple(one.id for one in required if one.gated and not self.units[one.id].passed)
        walked = self.units[unit.id].walked_past and not self.syllabus.hard_gates
        return Gate(unit.id, skills, checkpoints, walked and bool(skills or checkpoints))

    def state(self, unit: Unit, now: datetime) -> MapState:
        """How `unit` is shown on the map."""
        if unit.gated and self.mastered(unit):
            return MapState.DUE if self.due(unit, now) else MapState.MASTERED
        if not self.gate(unit).open:
            return MapState.LOCKED
        if self.due(unit, now):
            return MapState.DUE
        return MapState.STARTED if self.units[unit.id].answers else MapState.OPEN

    def share(self, unit: Unit) -> float:
        """How much of `unit` is done, from 0 to 1: its gated skills and, as one more, its checkpoint."""
        if not unit.gated:
            known = [skill.id for skill in unit.skills]
            return sum(self.skill(s).begun for s in known) / len(known) if known else 0.0
        left = len(self.unmastered(unit)) + (not self.units[unit.id].passed)
        return 1 - left / (len(unit.gated) + 1)

    # -- taking events

    def take(self, event: Event) -> str:
        """Take one more event; in a few words, what it did."""
        if event.kind == "receipt":
            return "read while it was dated ahead of the clock"
        unit = self._unit(event)
        if event.kind == "continue":
            if unit is not None:
                unit.walked_past = True
            return "continued without mastery"
        if event.kind == "sitting":
            if unit is not None and event.sitting:
                unit.sitting = self._keep(replace(self._sitting(event), seed=event.seed or 0))
            return "checkpoint begun"
        if event.kind == "stuck":
            self.skill(event.skill).marked = True
            return "offered another way in"
        if unit is not None:
            unit.answers += 1
        if event.source == "check":
            return self._checked(event)
        variant = (event.exercise, variant_text(event.arguments))
        fresh = variant not in self.seen
        self.seen[variant] = None
        if event.source == "checkpoint":
            return self._sat(event, variant)
        return self._practised(event, fresh, unit)

    def unit_of(self, event: Event) -> str | None:
        """The unit an event has to do with, by its skill, else by its name, whose number may have changed since."""
        if entry := self._entries.get(event.skill):
            return entry[1]
        if event.unit in self.units:
            return event.unit
        return self._numberless.get(event.unit) or self._numberless.get(event.unit.split("-", 1)[-1])

    def _unit(self, event: Event) -> UnitState | None:
        name = self.unit_of(event)
        return self.units[name] if name else None

    def _sitting(self, event: Event) -> CheckpointAttempt:
        """The sitting an event belongs to, whichever of its events comes first: clocks of two machines may differ."""
        found = self._sittings.get(event.sitting)
        return found or self._keep(CheckpointAttempt(event.sitting, self.unit_of(event) or ""))

    def _keep(self, sitting: CheckpointAttempt) -> CheckpointAttempt:
        """What became of a sitting."""
        self._sittings[sitting.id] = sitting
        unit = self.units.get(sitting.unit)
        if unit is not None and unit.sitting is not None and unit.sitting.id == sitting.id:
            unit.sitting = sitting
        return sitting

    def _checked(self, event: Event) -> str:
        state = self.skill(event.skill)
        if event.exercise not in state.to_write:
            return "an exercise; no gate asks for it"
        if not event.right:
            return "not passed yet"
        state.to_write -= {event.exercise}
        return self._settle(event, state) or f"code passed; {state.reached} of {state.need} short ones in a row"

    def _practised(self, event: Event, fresh: bool, unit: UnitState | None) -> str:
        state = self.skill(event.skill)
        if not event.first:
            return "a second try: does not count"
        if event.options == 2:
            return "a choice of two: does not count"
        reviewed = ""
        if event.right and fresh and not event.hints and unit is not None and event.skill in unit.to_review:
            unit.to_review.remove(event.skill)
            reviewed = "reviewed for the checkpoint; "
        if state.held and state.card is not None and state.card.due <= event.at:
            return reviewed + self._reviewed(event, state)
        if event.hints:
            return "with a hint: does not count"
        if not fresh:
            return "a variant answered before: does not count"
        if state.held:
            return reviewed + "mastered already, and no review due"
        state.tries += 1
        state.row = state.row + 1 if event.right else 0
        state.core = event.right and (state.core or event.core)
        if settled := self._settle(event, state):
            return reviewed + settled
        if not event.right:
            return "a miss: the row starts anew"
        left = " and its code exercise is to be passed" if state.complete else ""
        if state.row >= state.need and not state.core:
            left = "; the last place is for a core question"
        return f"{reviewed}{state.reached} of {state.need} in a row{left}"

    def _settle(self, event: Event, state: SkillState) -> str:
        """Whether the skill is mastered now, or again."""
        if state.held or not state.complete or state.to_write:
            return ""
        again, entry = state.mastered, self._entries.get(event.skill)
        state.mastered, state.reopened, state.marked, state.tries = True, False, False, 0
        if entry and entry[0].gates:
            card = (
                review.answered(state.card, event.at, right=True, hinted=False)
                if state.card
                else review.first(event.skill, event.at)
            )
            self._plan(state, card, event)
        return "mastered again" if again else "mastered"

    def _reviewed(self, event: Event, state: SkillState) -> str:
        assert state.card is not None
        self._due_on -= Counter([state.card.due.toordinal()])
        card = review.answered(state.card, event.at, right=event.right, hinted=event.hints > 0 or not event.core)
        if not event.right:
            state.card, state.reopened, state.row, state.core = card, True, 0, False
            return "review failed: the skill is open again"
        self._plan(state, card, event)
        return f"review passed; comes back on {card.due:%Y-%m-%d}"

    def _plan(self, state: SkillState, card: Card, event: Event) -> None:
        """Give the skill its next review, on a day with few others."""
        if event.v >= SPREAD_SINCE:
            card = review.spread(card, event.at, self._due_on)
        state.card = card
        self._due_on[card.due.toordinal()] += 1

    def _sat(self, event: Event, variant: tuple[str, str]) -> str:
        counts = event.sitting and event.first and not event.hints and event.options != 2
        if not counts or self.unit_of(event) is None:
            return "no item of a checkpoint: does not count"
        sitting = self._sitting(event)
        if sitting.complete or variant in sitting.answered:
            return "this checkpoint has that item already: does not count"
        sitting = self._keep(sitting.with_item(variant, event))
        said = f"checkpoint, item {len(sitting.answered)} of {ITEMS}: {'right' if event.right else 'missed'}"
        if not sitting.complete:
            return said
        unit = self.units[sitting.unit]
        if sitting.passed:
            unit.passed, unit.to_review = True, []
            return f"{said}; passed with {sitting.right} of {ITEMS}"
        if not unit.passed:
            # Only skills the course still has: nobody could review another.
            unit.to_review = [s for s in dict.fromkeys(sitting.missed) if s in self._entries]
        return f"{said}; {sitting.right} of {ITEMS}, and {PASS} are needed"
