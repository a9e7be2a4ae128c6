"""Where the portal's tokens are kept: the environment, the OS keyring, or a 0600 file; never in arguments."""

from __future__ import annotations

from contextlib import suppress

from weights_vault.client.credentials import DeviceTokens, device_tokens
from weights_vault.client.errors import NotSignedIn, WrongUsage
from weights_vault.client.home import read_private
from weights_vault.client.redaction import Secret
from weights_vault.client.settings import Settings, portal_file

SERVICE = "weights-portal"
_IN_KEYRING = "keyring"
_PREFIX = "wp_"
MAX_TOKEN_CHARS = 512


def find_token(settings: Settings, portal: str) -> Secret | DeviceTokens:
    """What signs calls to this portal: WEIGHTS_TOKEN, else what `login` kept.

    Raises: NotSignedIn(not-signed-in): there is none; WrongUsage(secret-file-exposed).
    """
    if from_environment := settings.environment.get("WEIGHTS_TOKEN"):
        return check_token(from_environment)
    kept = find_kept(settings, portal)
    if kept is None:
        raise NotSignedIn(
            "not-signed-in",
            f"You are not signed in to {portal}.",
            "There is no token for it on this machine.",
            f"Run `weights login --portal {portal}`, or put a token of {portal}/tokens/ into WEIGHTS_TOKEN.",
        )
    return kept


def find_kept(settings: Settings, portal: str) -> Secret | DeviceTokens | None:
    """What `login` kept, read now. Raises: WrongUsage(secret-file-exposed, token-unusable)."""
    try:
        kept = read_private(settings.home.path(portal_file(portal, "token"))).strip()
    except FileNotFoundError:
        return None
    text = _from_keyring(portal) if kept == _IN_KEYRING else kept
    if not text:
        return None
    return device_tokens(text) or check_token(text)


def keep_text(settings: Settings, portal: str, text: str) -> str:
    """Keep a token, or a device's, in the OS keyring where one works, else in a file.

    Returns: words for where it is.
    """
    name = portal_file(portal, "token")
    if _to_keyring(portal, Secret(text)):
        settings.home.write_private(name, _IN_KEYRING + "\n")
        return "the keyring of this machine"
    return str(settings.home.write_private(name, text + "\n"))


def forget_token(settings: Settings, portal: str) -> None:
    """Remove the token from this machine."""
    name = portal_file(portal, "token")
    try:
        if read_private(settings.home.path(name)).strip() == _IN_KEYRING:
            _drop_from_keyring(portal)
    except (FileNotFoundError, WrongUsage):
        pass  # nothing kept, or an exposed file: removed below all the same
    settings.home.remove(name)


def check_token(text: str) -> Secret:
    """A token as the portal makes them. Raises: WrongUsage(token-unusable), whose words never repeat it."""
    token = text.strip()
    if (
        not token.startswith(_PREFIX)
        or len(token) > MAX_TOKEN_CHARS
        or not token.isascii()
        or not token.isprintable()
    ):
        raise WrongUsage(
            "token-unusable",
            "This is not an access token.",
            f"Tokens begin with {_PREFIX} and are one word.",
            "Make one on the portal's tokens page and copy all of it.",
        )
    return Secret(token)


def _usable_keyring() -> bool:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_keyring().priority > 0
    except (KeyringError, RuntimeError):
        return False


def _to_keyring(portal: str, token: Secret) -> bool:
    if not _usable_keyring():
        return False
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, portal, token.reveal())
        return keyring.get_password(SERVICE, portal) == token.reveal()
    except (KeyringError, RuntimeError):
        return False  # locked or without a desktop session: the file is the way then


def _from_keyring(portal: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, portal) or ""
    except (KeyringError, RuntimeError):
        return ""


def _drop_from_keyring(portal: str) -> None:
    import keyring
    from keyring.errors import KeyringError

    # Already gone, or the keyring is locked: `logout` ends the token at the portal itself.
    with suppress(KeyringError, RuntimeError):
        keyring.delete_password(SERVICE, portal)
