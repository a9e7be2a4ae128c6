"""The name that a person types to sign with."""

from typing import Final

from licenses import texts
from portal.accounts.models import User
from portal.core.problems import Invalid

MOST_NAME_CHARACTERS: Final = 200


def checked_name(user: User, typed: str, *, refusal: str = "The license was not signed.") -> str:
    """Return the typed name as it is kept: it must be the one in the account, whatever its case and spaces.

    refusal: what to tell where it is not. Raises: Invalid(name_invalid).
    """
    name, wrong = texts.clean(typed, multiline=False, max_characters=MOST_NAME_CHARACTERS)
    if not wrong and not name:
        wrong = "Type your full name."
    if not wrong and not _folded(user.full_name):
        wrong = "Your account has no name to sign with. Write it there first, on the page of your account."
    if not wrong and _folded(name) != _folded(user.full_name):
        wrong = f"Type your name as it stands in your account: {user.full_name}"
    if wrong:
        raise Invalid("name_invalid", refusal, errors={"typed_name": [wrong]})
    return name


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
