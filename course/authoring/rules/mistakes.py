"""Each exercise tells its answers apart: the reference passes, each mistake loses points and is diagnosed as itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.judging import answer_key, judge
from autograder.judging.exercise import BankError, Exercise, Function, Mistake, Variant
from autograder.judging.values import to_builtins
from autograder.judging.verdict import Verdict
from course.authoring.complaint import Complaint, from_error
from course.authoring.course_files import UnitFiles
from course.mastery import record

MISTAKES = 3
"""Named mistakes an exercise has at least."""
VARIANTS = 40
"""Distinct variants a gated skill has at least: a learner may need twelve tries, a checkpoint and a year of reviews."""
DEALT = 120
"""Seeds from which variants of a value exercise are dealt."""
DRAWN = 24
"""Draws on which a mistake must differ from the reference at least once."""


def has_mistakes(unit: UnitFiles) -> Iterator[Complaint]:
    """An exercise names three mistakes or more."""
    for exercise in _exercises(unit):
        if len(exercise.mistakes) < MISTAKES:
            count = len(exercise.mistakes)
            yield Complaint(
                unit.of_bank(exercise.id),
                f"it names {count} mistake{'' if count == 1 else 's'}, and {MISTAKES} are the least",
                f"Declare what learners get wrong with @{exercise.name}.mistake(…).",
            )


def requirements_have_mistakes(unit: UnitFiles) -> Iterator[Complaint]:
    """Each requirement of a function is broken by a mistake whose values are right: its sentence is tried so."""
    for exercise in _exercises(unit):
        must = exercise.answer.must if isinstance(exercise.answer, Function) else ()
        broken = {mistake.breaks for mistake in exercise.mistakes}
        for requirement in must:
            if requirement.name not in broken:
                yield Complaint(
                    unit.of_bank(exercise.id),
                    f"no mistake breaks its requirement “{requirement.name}”",
                    f'Declare one: @{exercise.name}.mistake("…", breaks="{requirement.name}").',
                )


def skills_have_variants(unit: UnitFiles) -> Iterator[Complaint]:
    """What is practised has variants; a gated skill at least 40 that differ, and so have its core questions."""
    for skill in unit.entry.skills if unit.bank else ():
        short = [e for e in _exercises(unit) if e.skill == skill.id and not e.is_code]
        for exercise in short:
            if exercise.draw is None:
                yield Complaint(
                    unit.of_bank(exercise.id),
                    f"the skill “{skill.id}” is practised with it, and it has no variants",
                    f"Declare how to draw one with @{exercise.name}.variant.",
                )
        if skill.gates and not short:
            yield Complaint(
                unit.tree.show(unit.bank_path),
                f"the gated skill “{skill.id}” has no short question, so nobody could master it",
                "Declare one that asks for a number, an array or a choice.",
            )
        elif skill.gates and all(e.draw for e in short) and (count := sum(map(_distinct, short))) < VARIANTS:
            yield Complaint(
                unit.of_bank(short[0].id),
                f"the gated skill “{skill.id}” has {count} distinct variants, and {VARIANTS} are the least",
                "Let `variant` draw from more values.",
            )
        core = [e for e in short if e.id in skill.core]
        if skill.gates and core and all(e.draw for e in core) and (count := sum(map(_distinct, core))) < VARIANTS:
            yield Complaint(
                unit.of_bank(core[0].id),
                f"the core of the gated skill “{skill.id}” has {count} distinct variants, and {VARIANTS} are the least",
                "Let `variant` draw from more values, or name another core question in the manifest.",
            )


def code_has_variants(unit: UnitFiles) -> Iterator[Complaint]:
    """A function can only be judged on inputs that are drawn."""
    for exercise in _exercises(unit):
        if exercise.is_code and exercise.draw is None:
            yield Complaint(
                unit.of_bank(exercise.id),
                "a function is asked for, and no inputs are declared to judge it on",
                f"Declare them with @{exercise.name}.variant.",
            )


def answers_differ(unit: UnitFiles) -> Iterator[Complaint]:
    """On every variant that can be dealt, the reference and all mistakes differ by more than the tolerance."""
    for exercise in _exercises(unit):
        where = unit.of_bank(exercise.id)
        if exercise.draw is None:
            continue
        try:
            same = always_the_same(exercise)
            for one, other in same:
                yield _the_same(where, exercise, one, other, "on every variant drawn")
            if same:
                continue
            for variant in _dealt(exercise):
                for one, other in answer_key.confusable(exercise, variant.arguments):
                    yield _the_same(where, exercise, one, other, f"on the variant of seed {variant.seed}")
        except BankError as error:
            yield from_error(where, error)


def mistakes_are_diagnosed(unit: UnitFiles) -> Iterator[Complaint]:
    """The reference gets full points; each mistake loses some and is diagnosed as itself."""
    for exercise in _exercises(unit):
        where = unit.of_bank(exercise.id)
        try:
            if exercise.draw is None or always_the_same(exercise):
                continue  # said already
            yield from _diagnosed(where, exercise)
        except BankError as error:
            yield from_error(where, error)


def _diagnosed(where: str, exercise: Exercise) -> Iterator[Complaint]:
    verdicts = [_verdict(exercise, exercise.reference, seed) for seed in _seeds(exercise)]
    wrong = next((v for v in verdicts if not v.right), None)
    if wrong:
        what = f"the reference itself is judged {wrong.state}: {wrong.sentence or wrong.came_back}"
        yield Complaint(where, what, "Mend the reference.")
        return
    for mistake in exercise.mistakes:
        yield from _as_itself(where, mistake, [_verdict(exercise, mistake.answer, seed) for seed in _seeds(exercise)])


def _as_itself(where: str, mistake: Mistake, verdicts: list[Verdict]) -> Iterator[Complaint]:
    for verdict in verdicts:
        if verdict.score >= 1:
            yield Complaint(
                where,
                f"the mistake “{mistake.name}” gets full points",
                "Make it compute what a learner who holds it would answer, or draw variants on which it is wrong.",
            )
        elif verdict.mistake != mistake.name:
            said = f"as “{verdict.mistake}”" if verdict.mistake else f"as none ({verdict.state}: {verdict.sentence})"
            yield Complaint(
                where,
                f"the mistake “{mistake.name}” is diagnosed {said}",
                "Make it return an answer of the kind that is asked for, unlike that of every other mistake.",
            )
        else:
            continue
        return


def _verdict(exercise: Exercise, answer: object, seed: int) -> Verdict:
    if exercise.is_code:
        return judge.judge(exercise, answer, seed=seed)
    arguments = answer_key.deal(exercise, seed).arguments
    return judge.judge(exercise, answer(*exercise.inputs(arguments)), arguments)  # type: ignore[operator]


# --------------------------------------------------------------------------- sampling


def _exercises(unit: UnitFiles) -> list[Exercise]:
    return list(unit.bank.exercises.values()) if unit.bank else []


def _seeds(exercise: Exercise) -> range:
    """Seeds to judge from; one for a function, which is judged on several inputs already, each compiled anew."""
    return range(1) if exercise.is_code else range(20)


def _dealt(exercise: Exercise) -> Iterator[Variant]:
    if exercise.is_code:
        yield from answer_key.deal_inputs(exercise, 0)
    else:
        yield from (answer_key.deal(exercise, seed) for seed in range(DEALT))


def _draws(exercise: Exercise, count: int) -> Iterator[dict[str, object]]:
    """Variants as drawn, those included that would not be dealt."""
    assert exercise.draw is not None
    for seed in range(count):
        drawn = exercise.draw(np.random.default_rng(seed))
        yield dict(drawn) if exercise.is_code else {key: to_builtins(value) for key, value in drawn.items()}


def always_the_same(exercise: Exercise) -> list[tuple[str, str]]:
    """The pairs of answers that no drawn variant tells apart: found at once, where dealing would try 400 times."""
    same: set[tuple[str, str]] | None = None
    for arguments in _draws(exercise, DRAWN):
        if set(arguments) != set(exercise.parameters):
            return []  # `judge.deal` says what is wrong
        pairs = set(answer_key.confusable(exercise, arguments))
        same = pairs if same is None else same & pairs
        if not same:
            return []
    return sorted(same or ())


def _the_same(where: str, exercise: Exercise, one: str, other: str, when: str) -> Complaint:
    if one == exercise.name:
        return Complaint(
            where,
            f"the mistake “{other}” equals the reference {when}",
            "Make it compute what a learner who holds it would answer, draw variants on which it differs, or drop it.",
        )
    what = f"the mistakes “{one}” and “{other}” give the same answer {when}"
    return Complaint(where, what, "Merge them, or draw variants that part them.")


def _distinct(exercise: Exercise) -> int:
    """How many different variants a value exercise deals, counted up to what is asked of a skill."""
    seen: set[str] = set()
    try:
        for seed in range(5 * VARIANTS):
            seen.add(record.variant_text(answer_key.deal(exercise, seed).arguments))
            if len(seen) == VARIANTS:
                break
    except BankError:
        return VARIANTS  # `answers_differ` says what is wrong
    return len(seen)
