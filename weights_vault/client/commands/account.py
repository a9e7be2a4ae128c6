"""login, logout, whoami."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.credentials import DeviceTokens
from weights_vault.client.errors import ClientError, WrongUsage
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.redaction import Secret


def login(
    context: typer.Context,
    token: Annotated[
        bool,
        typer.Option(
            "--token", help="You have a token: it is read from stdin, or asked for hidden. Never an argument."
        ),
    ] = False,
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes",
            metavar="LIST",
            help="What this machine may do, such as read,download; else the usual.",
        ),
    ] = "",
    browser: Annotated[
        bool, typer.Option("--browser", help="Open the address in a browser of this machine.")
    ] = False,
) -> None:
    """Sign in: shows an address and a code, and waits until you have allowed it in a browser anywhere."""
    from weights_vault.client.answers import needed_text
    from weights_vault.client.api import Api
    from weights_vault.client.settings import CONFIG

    if token and (scopes or browser):
        raise WrongUsage(
            "wrong-usage",
            "This command line is not understood.",
            "A token brings its scopes along, and needs no browser.",
            "Leave out --scopes and --browser, or --token.",
        )
    work: Workplace = context.obj
    portal = work.settings.portal_url()
    given = _read_token() if token else _signed_in(work, portal, scopes, browser)
    try:
        with Api(portal, given.access if isinstance(given, DeviceTokens) else given) as api:
            me = api.get("/me")
            email = needed_text(me, "email")
            work.trust(api).document()  # first contact pins the portal's key; later ones must agree
    except BaseException:
        if isinstance(given, DeviceTokens):
            _sign_out_old(portal, given)  # it is kept nowhere
        raise
    place = _keep(work, portal, given)
    home = work.settings.home
    home.write_json(CONFIG, home.read_json(CONFIG) | {"portal": portal})
    work.output.message(f"the token is kept in {place}")
    if work.settings.environment.get("WEIGHTS_TOKEN"):
        work.output.message("WEIGHTS_TOKEN is set here, and wins over it")
    work.output.result({"portal": portal, "me": me}, f"Signed in to {portal} as {email}.")


def logout(context: typer.Context) -> None:
    """Sign this machine out at the portal, and forget its token here."""
    from weights_vault.client.errors import PortalFault, Unreachable
    from weights_vault.client.settings import portal_file
    from weights_vault.client.tokens import find_token, forget_token

    work: Workplace = context.obj
    portal = work.settings.portal_url()
    said = f"Signed out of {portal}."
    with work.settings.home.locked(portal_file(portal, "lock")):  # nobody renews what is being ended
        try:
            held = [_kept_to_end(work, portal)]
            if work.settings.environment.get("WEIGHTS_TOKEN"):
                held.append(find_token(work.settings, portal))
            if not any(held):
                said = f"You were not signed in to {portal}: nothing of it is kept here."
            for each in held:
                _end(work, portal, each)
        except (PortalFault, Unreachable) as error:
            error.next_step = f"The token is forgotten here, but it lives: end it at {portal}/tokens/."
            raise
        finally:
            forget_token(work.settings, portal)
    work.output.result({"portal": portal, "signed_in": False}, said)


def whoami(context: typer.Context) -> None:
    """Show who you are for the portal, and until when your token lives."""
    from weights_vault.client.answers import needed_text, part, text, texts
    from weights_vault.client.output import moment_text

    work: Workplace = context.obj
    with work.portal() as api:
        me = api.get("/me")
        portal = api.portal
    email, token = needed_text(me, "email"), part(me, "token")
    kind = "device" if text(token, "kind") == "device" else "token"
    scopes = ", ".join(texts(token, "scopes")) or "-"
    until = moment_text(text(token, "ends_at") or text(token, "expires_at"))
    only = f", for the grant {text(token, 'grant')} alone" if text(token, "grant") else ""
    work.output.result(
        {"portal": portal, **me},
        f"{text(me, 'name') or email} <{email}> at {portal}",
        f"roles: {', '.join(texts(me, 'roles')) or 'none'}",
        f"{kind}: {text(token, 'name') or '-'}, scopes {scopes}{only}, until {until}",
    )


def _signed_in(work: Workplace, portal: str, scopes: str, browser: bool) -> DeviceTokens:
    import webbrowser

    from weights_vault.client.api import Api
    from weights_vault.client.device_login import sign_in

    with Api(portal, None, say=work.output.message) as stranger:
        work.trust(stranger).document()  # nobody is asked to allow anything at a portal with another key
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    return sign_in(portal, wanted, work.output, browse=webbrowser.open if browser else None)


def _keep(work: Workplace, portal: str, given: DeviceTokens | Secret) -> str:
    """Keep what a sign-in gave, and end the one that it replaces. Returns: words for where it is."""
    from weights_vault.client.settings import portal_file
    from weights_vault.client.tokens import keep_text

    text = given.to_text() if isinstance(given, DeviceTokens) else given.reveal()
    with work.settings.home.locked(portal_file(portal, "lock")):  # a renewal would write over it
        before = _kept_before(work, portal)
        place = keep_text(work.settings, portal, text)
    _sign_out_old(portal, before)
    return place


def _kept_before(work: Workplace, portal: str) -> DeviceTokens | None:
    """The sign-in of this machine that a new one replaces; one that cannot be read is left alone."""
    from weights_vault.client.tokens import find_kept

    try:
        kept = find_kept(work.settings, portal)
    except ClientError:
        return None
    return kept if isinstance(kept, DeviceTokens) else None


def _kept_to_end(work: Workplace, portal: str) -> DeviceTokens | Secret | None:
    """What is to be forgotten whatever it is. Raises: WrongUsage: it is damaged, or others can read it."""
    from weights_vault.client.tokens import find_kept

    try:
        return find_kept(work.settings, portal)
    except WrongUsage as error:
        error.next_step = f"What was kept is forgotten here all the same; end it at {portal}/tokens/."
        raise


def _sign_out_old(portal: str, before: DeviceTokens | None) -> None:
    """End what was replaced, so that the owner's list does not fill up; if that fails, it ends by itself."""
    if before is not None:
        with suppress(ClientError):
            _revoke(portal, before)


def _end(work: Workplace, portal: str, held: DeviceTokens | Secret | None) -> None:
    """End a token at the portal, if it has not ended already. Raises: Unreachable; PortalFault."""
    from weights_vault.client.api import Api
    from weights_vault.client.errors import NotSignedIn

    if isinstance(held, DeviceTokens):
        _revoke(portal, held)
    elif held is not None:
        with suppress(NotSignedIn), Api(portal, held, say=work.output.message) as api:
            api.delete("/me/token")


def _revoke(portal: str, held: DeviceTokens) -> None:
    """End the whole sign-in at the portal. Raises: Unreachable; PortalFault."""
    from weights_vault.client import oauth

    said = oauth.post_form(portal, "revoke", {"token": held.renewal.reveal()})
    if said.status != 200:
        raise oauth.fault(said)


def _read_token() -> Secret:
    from weights_vault.client.tokens import check_token

    if sys.stdin is None:
        text = ""
    elif sys.stdin.isatty():
        import getpass

        try:
            text = getpass.getpass("token: ", stream=sys.stderr)
        except (EOFError, KeyboardInterrupt):
            sys.stderr.write("\n")  # what is said next begins on a line of its own
            raise KeyboardInterrupt from None
    else:
        text = sys.stdin.readline(4096)
    if not text.strip():
        raise WrongUsage(
            "no-token",
            "No token was given.",
            "It is read from stdin, or asked for on a terminal.",
            "For example: weights login --token < token.txt",
        )
    return check_token(text)
