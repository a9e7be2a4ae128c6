"""What a proposed change of terms does to a release's questions, marked word by word."""

from dataclasses import dataclass

from licenses.actions.terms_changes import questions_between
from licenses.questionnaire import Question
from portal.accounts.models import TwoPersonChange
from portal.web.changes import Run, changes

_KINDS = {"text": "One line", "long_text": "Long text", "choice": "One of these", "confirm": "To confirm"}


@dataclass(frozen=True)
class ProposedQuestion:
    """id: of the question. runs: its words before and after."""

    id: str
    runs: list[Run]


def proposed_questions(change: TwoPersonChange) -> list[ProposedQuestion]:
    """Return the questions that the change adds, removes or words anew; none where it leaves them."""
    return [
        ProposedQuestion(name, changes(_words(before), _words(after)))
        for name, before, after in questions_between(change)
    ]


def _words(question: Question | None) -> str:
    """All that people read of a question, a line each."""
    if question is None:
        return ""
    kind = _KINDS.get(question["kind"], question["kind"])
    choices = ": " + ", ".join(question["choices"]) if question.get("choices") else ""
    needed = "required" if question.get("required") else "may be left out"
    asked = (question["label"], question.get("help", ""), question.get("why", ""))
    lines = [*asked, f"{kind}{choices}; {needed}."]
    return "\n".join(line for line in lines if line)
