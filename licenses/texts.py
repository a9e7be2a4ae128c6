"""Text that people type: bounded, printable, free of secrets. One door for answers, reasons and names."""

import unicodedata

from portal.core.secrecy import holds_secret

MAX_LINE_CHARACTERS = 500
MAX_TEXT_CHARACTERS = 10_000
# On one letter; no language needs so many. It is the bound of Unicode's stream-safe format (UAX #15).
MOST_MARKS = 30
# A letter and its mark become one character: what is typed may be longer than what is kept, but not by more.
MOST_TYPED_PER_KEPT = 4


def clean(value: object, *, multiline: bool, max_characters: int | None = None) -> tuple[str, str]:
    """Return (the text as it is kept, what is wrong with it or "").

    value: what was typed. multiline: line breaks are kept (as "\\n"); otherwise they are refused, so that
        the text can stand in a mail's subject.
    max_characters: 500 for a line and 10,000 for a text unless told.
    """
    if not isinstance(value, str):
        return "", "This must be text."
    limit = max_characters or (MAX_TEXT_CHARACTERS if multiline else MAX_LINE_CHARACTERS)
    # Before anything else: what normalizing costs grows with the square of the marks on one letter.
    if len(value) > MOST_TYPED_PER_KEPT * limit:
        return "", _too_long(len(value), limit)
    if _has_piled_marks(value):
        return "", f"This holds a letter with more than {MOST_MARKS} marks on it."
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > limit:
        return "", _too_long(len(text), limit)
    if not all(_printable(character, multiline) for character in text):
        return "", "This holds characters that cannot be shown, such as control characters or line breaks."
    if holds_secret(text):
        # A token or private key pasted by mistake must not reach the database, the log or a mail.
        return (
            "",
            "This looks like a token or a private key. Take it out, and replace that secret.",
        )
    return text, ""


def _too_long(characters: int, limit: int) -> str:
    return f"This is {characters:,} characters long; at most {limit:,} are possible."


def _has_piled_marks(text: str) -> bool:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MOST_MARKS:
            return True
    return False


def _printable(character: str, multiline: bool) -> bool:
    if character in "\n\t":
        return multiline
    # Cc: control characters; Cs: half of a surrogate pair, which no encoding can store;
    # Zl, Zp: line and paragraph separators, which some readers take for line breaks.
    return unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
