"""What `course lint` asks of a unit: one rule, one function, which yields a `Complaint` for each thing that is wrong.

To add a rule, write the function in the module of its subject and name it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from course.authoring.complaint import Complaint
from course.authoring.course_files import Tree, UnitFiles
from course.authoring.rules import (
    cells,
    choices,
    code,
    data,
    drawing,
    figures,
    files,
    lesson,
    mistakes,
    questions,
    results,
    rungs,
    scores,
    skills,
    stuck,
    texts,
    words,
    wrong,
)

UnitRule = Callable[[UnitFiles], Iterator[Complaint]]
TreeRule = Callable[[Tree], Iterator[Complaint]]

TREE: tuple[TreeRule, ...] = (files.nothing_is_left_over, files.other_halves_agree, results.recorded_runs_are_fresh)
"""Asked once of the whole course."""

STATIC: tuple[UnitRule, ...] = (
    files.every_part_is_there,
    files.names_of_a_bank_are_used_once,
    files.halves_agree,
    files.notebooks_are_clean,
    files.release_is_in_step,
    files.release_is_python,
    texts.texts_say_nothing_twice,
    skills.skills_are_named_after_their_unit,
    skills.bank_and_manifest_agree,
    skills.gated_skills_are_asked,
    skills.code_is_asked,
    skills.core_is_named,
    skills.exercises_name_their_skills,
    skills.lesson_practises_its_skills,
    stuck.the_stuck_are_helped,
    stuck.places_are_there,
    stuck.names_are_there,
    lesson.opens_with_its_gate,
    lesson.lists_its_common_mistakes,
    lesson.ends_with_its_progress,
    figures.figures_have_alt_text,
    drawing.imports_are_few,
    drawing.drawing_is_folded,
    drawing.predictions_are_not_spoilt,
    data.digits_are_split_by_writer,
    data.comparisons_have_seeds,
    questions.names_exist,
    questions.arguments_match,
    questions.numbers_are_printed,
    cells.check_cells_are_the_banks,
    cells.graded_cells_check_one_thing,
    cells.answers_and_checks_meet,
    cells.answers_in_prose_end,
    cells.points_add_up,
    cells.lists_are_the_banks,
    rungs.rungs_tell_nothing,
    choices.choices_are_no_coin_tosses,
    code.code_stands_alone,
    mistakes.has_mistakes,
    mistakes.requirements_have_mistakes,
    mistakes.code_has_variants,
    wrong.wrong_programs_are_declared,
    words.texts_are_plain,
    words.questions_print_their_numbers,
    words.hints_are_two_or_three,
    words.sentences_are_one_sentence,
    words.sentences_hand_nothing_over,
)
"""Read from files: quick."""

JUDGED: tuple[UnitRule, ...] = (
    mistakes.skills_have_variants,
    mistakes.answers_differ,
    mistakes.mistakes_are_diagnosed,
    wrong.wrong_programs_fail,
    choices.right_options_change,
    questions.printed_numbers_part_answers,
    words.texts_keep_the_answer,
)
"""Ask the bank: seconds, where JAX compiles."""

RUN: tuple[UnitRule, ...] = (scores.solutions_score_full, scores.release_scores_zero)
"""Run notebooks in fresh kernels: left out by `--quick`."""
