"""The log's key: the signer process alone reads the private part; everybody knows the public one.

LOG_KEY is the path of a PEM file; LOG_VERIFIER the public key as a C2SP vkey (<name>+<id>+<base64>), or
file:/path of one. The key's name is the log's: the host of PORTAL_URL, then "/log". It was fixed when the
first key was made, so that a portal that moves does not lose its log.

LOG_VERIFIER may list several, with commas or each on a line of the file. The first is the one that signs; all
are believed for what was signed before it (portal/core/log/replacing.py).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys import make_once
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.log.note import LOG_SIGNATURE, NoteSigner, NoteVerifier
from weights_vault.sealed.signing import SigningKey

MAKE = "python manage.py log_signer --make-key"
MAX_KEYS = 8  # as many as a trust document lists

_SEPARATORS = re.compile(r"[\s,]+")


def verifier() -> NoteVerifier:
    """Return the public key that signs now; its name is the log's origin. Raises: as `verifiers`."""
    return verifiers()[0]


def verifiers() -> tuple[NoteVerifier, ...]:
    """Return every public key of the log that is believed, the one that signs now first.

    Raises: ImproperlyConfigured: LOG_VERIFIER is missing, unreadable, no list of vkeys of one log.
    """
    text = settings.LOG_VERIFIER
    if not text:
        raise ImproperlyConfigured(f"LOG_VERIFIER is not set. It is the public key that `{MAKE}` printed.")
    if text.startswith("file:"):
        text = _read(Path(text.removeprefix("file:")), "LOG_VERIFIER")
    return _parsed(text)


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[NoteVerifier, ...]:
    try:
        known = tuple(map(NoteVerifier.from_text, _SEPARATORS.split(text.strip().strip(","))))
    except SealedError as error:
        raise ImproperlyConfigured(f"LOG_VERIFIER: {error}.") from error
    if fault := _fault(known):
        raise ImproperlyConfigured(f"LOG_VERIFIER: {fault}.")
    return known


def origin() -> str:
    """Return the log's name: the first line of each checkpoint. Raises: as `verifier`."""
    return verifier().name


def signer() -> NoteSigner:
    """Return what signs checkpoints. Only the signer process asks for it.

    Raises: ImproperlyConfigured: LOG_KEY is missing or unreadable, or is not the key of LOG_VERIFIER.
    """
    if not settings.LOG_KEY:
        raise ImproperlyConfigured("LOG_KEY is not set. The environment of the log signer alone has it.")
    try:
        key = SigningKey.from_pem(_read(Path(settings.LOG_KEY), "LOG_KEY").encode())
    except SealedError as error:
        raise ImproperlyConfigured(f"LOG_KEY: {error}.") from error
    known = verifier()
    if known.key != key.public:
        raise ImproperlyConfigured(
            "LOG_KEY is not the key that LOG_VERIFIER names first.\n"
            "→ To replace the key, set LOG_VERIFIER=NEW,OLD as well, for every process."
        )
    return NoteSigner(known.name, key)


def make(path: Path) -> NoteVerifier:
    """Make a key at `path` and, beside it, its public part with the ending .pub; keep what is there.

    It gets the name of the log that LOG_VERIFIER knows, if it knows one: a new key is no new log.
    Raises: OSError: the folder cannot be written. ImproperlyConfigured: what is there is no key of this log.
    """
    make_once(path, lambda: SigningKey.generate().to_pem())
    try:
        expected = NoteSigner(_name(), SigningKey.from_pem(path.read_bytes())).verifier
    except SealedError as error:
        raise ImproperlyConfigured(f"{path}: {error}. Nothing was made.") from error
    public = path.with_suffix(".pub")
    make_once(public, lambda: f"{expected.text}\n".encode())
    if (found := public.read_text().strip()) != expected.text:
        raise ImproperlyConfigured(
            f"{public} holds {found}; for this log it would be {expected.text}. "
            "Was it made with other settings?\n"
            f"→ If nothing was signed by it, remove {path} and {public}, and make the key again."
        )
    return expected


def ensure_embedded() -> None:
    """Make the log key of the embedded settings, unless it is there; two processes at once agree."""
    make(Path(settings.VAR_DIR) / "keys" / "log" / "log.pem")  # LOG_KEY is not told to every process


def _name() -> str:
    try:
        return origin()
    except ImproperlyConfigured:
        return named_after(settings.PORTAL_URL)


def named_after(address: str) -> str:
    """Return the name of the log of the portal at this address."""
    return f"{urlsplit(address).netloc}/log"


def _fault(known: Sequence[NoteVerifier]) -> str:
    """Why these are not the keys of one log, "" if they are."""
    if any(each.kind != LOG_SIGNATURE for each in known):
        return "a key of a witness is no key of the log"
    if len({each.name for each in known}) > 1:
        return "the keys have different names, and a log has one"
    if len({each.key.raw for each in known}) < len(known):
        return "a key is listed twice"
    return f"more than {MAX_KEYS} keys are listed" if len(known) > MAX_KEYS else ""


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ImproperlyConfigured(f"{setting}: {path} cannot be read ({reason}).") from error
