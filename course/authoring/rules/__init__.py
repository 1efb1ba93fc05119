"""What `course lint` asks of a unit: one rule, one function, which yields a `Complaint` for each thing that is wrong.

To add a rule, write the function in the module of its subject and name it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from course.authoring.complaint import Complaint
from course.authoring.rules import code, figures, files, lesson, mistakes, questions, scores, skills, stuck, words
from course.authoring.tree import Tree, Unit

UnitRule = Callable[[Unit], Iterator[Complaint]]
TreeRule = Callable[[Tree], Iterator[Complaint]]

TREE: tuple[TreeRule, ...] = (files.nothing_is_left_over, files.other_halves_agree)
"""Asked once of the whole course."""

STATIC: tuple[UnitRule, ...] = (
    files.every_part_is_there,
    files.halves_agree,
    files.notebooks_are_clean,
    files.release_is_in_step,
    files.release_is_python,
    skills.skills_are_named_after_their_unit,
    skills.bank_and_manifest_agree,
    skills.gated_skills_are_asked,
    skills.code_is_asked,
    skills.gates_are_no_coin_tosses,
    skills.lesson_practises_its_skills,
    stuck.the_stuck_are_helped,
    stuck.places_are_there,
    lesson.opens_with_its_gate,
    lesson.lists_its_common_mistakes,
    lesson.ends_with_its_progress,
    figures.figures_have_alt_text,
    questions.names_exist,
    questions.arguments_match,
    questions.numbers_are_printed,
    questions.points_agree,
    questions.graded_cells_check_one_thing,
    code.code_stands_alone,
    mistakes.has_mistakes,
    mistakes.code_has_variants,
)
"""Read from files: quick."""

JUDGED: tuple[UnitRule, ...] = (
    mistakes.skills_have_variants,
    mistakes.answers_differ,
    mistakes.mistakes_are_diagnosed,
    questions.printed_numbers_part_answers,
    words.texts_keep_the_answer,
)
"""Ask the bank: seconds, where JAX compiles."""

RUN: tuple[UnitRule, ...] = (scores.solutions_score_full, scores.release_scores_zero)
"""Run notebooks in fresh kernels: left out by `--quick`."""
