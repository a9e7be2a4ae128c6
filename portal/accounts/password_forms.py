"""allauth's forms for passwords, with labels in the words of this site."""

from typing import Any

from allauth.account import forms

_LABELS = {
    "remember": "Stay signed in in this browser",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password (again)",
}


class _Worded:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined] # a form is mixed in
            field.label = _LABELS.get(name, field.label)


class LoginForm(_Worded, forms.LoginForm):  # type: ignore[misc] # allauth has no types
    pass


class ChangePasswordForm(_Worded, forms.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(_Worded, forms.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(_Worded, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass
