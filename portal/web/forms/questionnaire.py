"""The request form: the release's own questions, and the license under which one asks."""

from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from licenses import texts
from licenses.actions.contents import SUMMARY_MISSING
from licenses.evidence import MISSING, check_evidence
from licenses.queries.earlier import Earlier
from licenses.queries.evidence import REQUIRED
from licenses.questionnaire import Question, check_answers
from portal.core.problems import Invalid
from portal.web.forms import evidence as evidence_fields

_PREFIX = "answer_"
_MOST_RADIOS = 6


class QuestionnaireForm(forms.Form):
    """Builds itself from the questions of a release; what is wrong with an answer, the domain says.

    complete: the request is to be sent, so that every required question must be answered.
    evidence: "offered" or "required" where people say here who they are. renewal: it asks what was done.
    """

    license_sha256 = forms.CharField(widget=forms.HiddenInput, required=False)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    license_read = forms.BooleanField(
        label="I have read this license and ask under its terms",
        help_text="You sign it only after an approval.",
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        questions: list[Question],
        complete: bool = True,
        evidence: str = "",
        renewal: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        self.complete = complete
        self.evidence = evidence
        self.renewal = renewal
        for question in questions:
            field = _field(question)
            # The domain demands an answer, at the right time; the browser must let a draft be saved.
            field.widget.is_required = bool(question["required"])
            self.fields[_PREFIX + question["id"]] = field
        if renewal:
            self.fields["summary_of_use"] = _summary()
        self.order_fields(["summary_of_use", *(_PREFIX + question["id"] for question in questions)])
        if evidence:
            self.fields.update(evidence_fields.fields(required=evidence == REQUIRED))

    @property
    def answers(self) -> list[BoundField]:
        return [field for field in self if field.name.startswith(_PREFIX)]

    @property
    def carried_wrong(self) -> bool:
        """Something that a renewal carries over needs a look."""
        return any(field.errors for field in self if field.name not in ("summary_of_use", "license_read"))

    @property
    def evidence_said(self) -> bool:
        """Something of it is filled in, or wrong: the page then shows it at once."""
        every = [self.profiles, *(field for fields in self.references for field in fields)]
        return any(field.value() or field.errors for field in every)

    @property
    def profiles(self) -> BoundField:
        return self[evidence_fields.PROFILES]

    @property
    def references(self) -> list[list[BoundField]]:
        return [[self[name] for name in names] for names in evidence_fields.names()]

    def prefill(self, earlier: dict[str, Earlier]) -> None:
        """Offer what was said before; each such field then carries `earlier`, when that was."""
        for name, said in earlier.items():
            self.initial[_PREFIX + name] = said.answer
            self.fields[_PREFIX + name].earlier = said.at  # type: ignore[attr-defined] # read by the template

    @property
    def agreement(self) -> list[BoundField]:
        # The hash stands in the page itself: a form shown again must name the text that it then shows.
        return [self["license_read"], self["idempotency_key"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = {
            question["id"]: cleaned[_PREFIX + question["id"]]
            for question in self.questions
            if _PREFIX + question["id"] in cleaned
        }
        kept, errors = check_answers(self.questions, given, complete=self.complete)
        self.add_faults(errors)
        if self.complete and not cleaned.get("license_read"):
            self.add_error(
                "license_read", "Please read the license and confirm it before you send the request."
            )
        return {**cleaned, "answers": kept, **self._clean_evidence(cleaned), **self._clean_summary(cleaned)}

    def _clean_evidence(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        if not self.evidence:
            return {"evidence": None}
        kept, errors = check_evidence(evidence_fields.said(cleaned))
        if self.complete and self.evidence == REQUIRED and not kept and not errors:
            errors = {"evidence": [MISSING]}
        self.add_faults(errors)
        return {"evidence": kept}

    def _clean_summary(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        if not self.renewal:
            return {"summary_of_use": None}
        kept, wrong = texts.clean(cleaned.get("summary_of_use") or "", multiline=True)
        if self.complete and not wrong and not kept:
            wrong = SUMMARY_MISSING
        if wrong:
            self.add_error("summary_of_use", wrong)
        return {"summary_of_use": kept}

    def add_faults(self, errors: dict[str, list[str]]) -> None:
        """Put the domain's errors, by question id, beside the fields they speak of."""
        for name, messages in errors.items():
            places = (_PREFIX + name, name, evidence_fields.field_of(name))
            field = next((place for place in places if place in self.fields), None)
            for message in messages:
                self.add_error(field, message)

    @staticmethod
    def initial_of(
        answers: dict[str, Any], evidence: dict[str, Any] | None = None, summary_of_use: str = ""
    ) -> dict[str, Any]:
        """Form values from what is kept."""
        given = {_PREFIX + name: value for name, value in answers.items()}
        return {**given, **evidence_fields.initial_of(evidence or {}), "summary_of_use": summary_of_use}


def _field(question: Question) -> forms.Field:
    said: dict[str, Any] = {
        "label": question["label"],
        "help_text": _help(question),
        "required": False,
    }
    match question["kind"]:
        case "long_text":
            return forms.CharField(widget=_long(6), **said)
        case "confirm":
            return forms.BooleanField(**said)
        case "choice":
            return _choice(question["choices"], said)
    return forms.CharField(**said)


def _help(question: Question) -> SafeString | str:
    """How to answer, and what the answer is needed for: one text, read out together with the field."""
    why = question.get("why", "")
    if not why:
        return str(question.get("help", ""))
    return format_html(
        '{} <span class="field-why">Why this is asked: {}</span>', question.get("help", ""), why
    )


def _long(rows: int) -> forms.Textarea:
    """A field for a long text; the page counts its characters against `data-limit`."""
    return forms.Textarea(attrs={"rows": rows, "data-limit": texts.MAX_TEXT_CHARACTERS})


def _summary() -> forms.Field:
    field = forms.CharField(
        label="What did you do with the weights so far?",
        help_text="A few sentences: what came of it, what is published, who used them. Reviewers read this"
        " first; everything else is carried over.",
        widget=_long(8),
        required=False,
    )
    field.widget.is_required = True
    return field


def _choice(choices: list[str], said: dict[str, Any]) -> forms.Field:
    pairs = [(choice, choice) for choice in choices]
    if len(pairs) <= _MOST_RADIOS:
        return forms.ChoiceField(choices=pairs, widget=forms.RadioSelect, **said)
    return forms.ChoiceField(choices=[("", "Choose one"), *pairs], **said)


def add_problem(form: forms.Form, problem: Invalid) -> None:
    """Show a domain error at the fields it names, and what names none at the top."""
    for name, messages in problem.errors.items():
        for message in messages:
            form.add_error(name if name in form.fields else None, message)
    if not problem.errors:
        form.add_error(None, f"{problem.detail} {problem.next_step}".strip())
