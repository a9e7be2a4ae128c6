"""What is said about a request. A message and a note are two forms, so that neither is sent as the other."""

from django import forms


class MessageForm(forms.Form):
    """Of whoever asks for the weights, to the reviewers."""

    text = forms.CharField(
        label="Your message",
        help_text="The reviewers read this and get it by mail. What is sent stays as it was sent.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write something."},
    )


class AnswerForm(MessageForm):
    """The same, where a question waits."""

    text = forms.CharField(
        label="Your answer",
        help_text="The reviewers get it by mail, and the review goes on.",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Write your answer."},
    )


class StaffMessageForm(forms.Form):
    """Of staff, to the applicant."""

    text = forms.CharField(
        label="Message to the applicant",
        help_text="The applicant reads this on the page and in mail. Your name is not shown.",
        widget=forms.Textarea(attrs={"rows": 4, "data-key": "m", "data-key-label": "Write to the applicant"}),
        error_messages={"required": "Write something."},
    )
    asks = forms.BooleanField(
        label="I need an answer",
        help_text="It is a question: the request waits for the applicant until it is answered.",
        required=False,
    )


class NoteForm(forms.Form):
    """Of staff, for staff."""

    text = forms.CharField(
        label="Note for staff",
        help_text="Only reviewers and administrators read this. It is never sent to anybody.",
        widget=forms.Textarea(attrs={"rows": 3, "data-key": "o", "data-key-label": "Write a note for staff"}),
        error_messages={"required": "Write something."},
    )
