"""What a person said before and need not say again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from licenses.models import RequestVersion
from licenses.questionnaire import Question, check_answers
from portal.accounts.models import User
from weights_vault.models import Release

MOST_VERSIONS = 10


@dataclass(frozen=True)
class Earlier:
    """An answer of an earlier request. at: when that was sent."""

    answer: str
    at: datetime


def earlier_answers(user: User, release: Release, questions: Sequence[Question]) -> dict[str, Earlier]:
    """Return, by question id, what the person last answered to the same questions about the same model.

    The same: id and label are. What is confirmed is confirmed anew each time, and an answer that would not
    be taken today is left out.
    """
    own = RequestVersion.objects.filter(
        request__applicant=user, request__releases__model=release.model_id, submitted_at__isnull=False
    )
    found: dict[str, Earlier] = {}
    for version in own.distinct().order_by("-submitted_at", "-number")[:MOST_VERSIONS]:
        asked = {(question["id"], question["label"]) for question in version.questions}
        for question in questions:
            name = question["id"]
            answer = version.answers.get(name)
            if name in found or not isinstance(answer, str) or (name, question["label"]) not in asked:
                continue
            if kept := check_answers([question], {name: answer}, complete=False)[0]:
                found[name] = Earlier(kept[name], version.submitted_at or version.created_at)
    return found
