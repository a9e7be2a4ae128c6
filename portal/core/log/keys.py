"""The log's key: the signer process alone reads the private part; everybody knows the public one.

LOG_KEY is the path of a PEM file; LOG_VERIFIER the public key as a C2SP vkey (<name>+<id>+<base64>), or
file:/path of one. The key's name is the log's: the host of PORTAL_URL, then "/log". It was fixed when the key
was made, so that a portal that moves does not lose its log.
"""

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys import make_once
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.log.note import NoteSigner, NoteVerifier
from weights_vault.sealed.signing import SigningKey

MAKE = "python manage.py log_signer --make-key"


def verifier() -> NoteVerifier:
    """Return the public key of the log; its name is the log's origin.

    Raises: ImproperlyConfigured: LOG_VERIFIER is missing, unreadable or no vkey.
    """
    text = settings.LOG_VERIFIER
    if not text:
        raise ImproperlyConfigured(f"LOG_VERIFIER is not set. It is the public key that `{MAKE}` printed.")
    if text.startswith("file:"):
        text = _read(Path(text.removeprefix("file:")), "LOG_VERIFIER")
    try:
        return NoteVerifier.from_text(text.strip())
    except SealedError as error:
        raise ImproperlyConfigured(f"LOG_VERIFIER: {error}.") from error


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
        raise ImproperlyConfigured("LOG_KEY is not the key that LOG_VERIFIER names.")
    return NoteSigner(known.name, key)


def make(path: Path) -> NoteVerifier:
    """Make a key at `path` and, beside it, its public part with the ending .pub; keep what is there.

    Raises: OSError: the folder cannot be written.
    """
    make_once(path, lambda: SigningKey.generate().to_pem())
    key = SigningKey.from_pem(path.read_bytes())
    public = path.with_suffix(".pub")
    make_once(public, lambda: f"{NoteSigner(_name(), key).verifier.text}\n".encode())
    return NoteVerifier.from_text(public.read_text().strip())


def ensure_embedded() -> None:
    """Make the log key of the embedded settings, unless it is there; two processes at once agree."""
    make(Path(settings.VAR_DIR) / "keys" / "log" / "log.pem")  # LOG_KEY is not told to every process


def _name() -> str:
    return f"{urlsplit(settings.PORTAL_URL).netloc}/log"


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ImproperlyConfigured(f"{setting}: {path} cannot be read ({reason}).") from error
