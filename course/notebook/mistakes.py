"""The common mistakes of a unit, rendered from its bank, so that the list is never out of date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.judging import bank
from autograder.judging.exercise import BankError
from course import syllabus
from course.widgets.panel import Panel, marked


@dataclass(frozen=True)
class MistakeList:
    """(skill's title, sentences) pairs, shown as a list."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]

    def html(self) -> str:
        parts = []
        for title, sentences in self.groups:
            items = "".join(f"<li>{marked(sentence)}</li>" for sentence in sentences)
            parts.append(f'<p style="margin:.6em 0 .1em"><b>{marked(title)}</b></p><ul style="margin:0">{items}</ul>')
        return f'<div style="max-width:52em">{"".join(parts)}</div>'

    def text(self) -> str:
        lines = []
        for title, sentences in self.groups:
            lines += [title, *(f"  - {sentence}" for sentence in sentences)]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.text()


def common_mistakes(unit: str) -> MistakeList | Panel:
    """What learners of `unit` most often get wrong, and the sentence that helps, skill by skill."""
    this = syllabus.load().unit(unit)
    try:
        found = bank.find_bank(this.id)
    except BankError as error:
        return Panel("try", "! The mistakes cannot be listed", (("because", str(error)),))
    if found is None:
        return Panel("quiet", "The list of mistakes comes with the unit's bank, which is not here.")
    groups = []
    for skill in this.skills:
        sentences = dict.fromkeys(m.sentence for e in found.of_skill(skill.id) for m in e.mistakes)
        if sentences:
            groups.append((skill.title, tuple(sentences)))
    return MistakeList(tuple(groups))
