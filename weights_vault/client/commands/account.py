"""login, logout, whoami."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.errors import WrongUsage
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
) -> None:
    """Sign in to a portal with an access token, read from stdin or a hidden prompt."""
    from weights_vault.client.answers import needed_text
    from weights_vault.client.api import Api
    from weights_vault.client.settings import CONFIG
    from weights_vault.client.tokens import keep_token

    work: Workplace = context.obj
    portal = work.settings.portal_url()
    if not token:
        work.output.message(f"make a token at {portal}/tokens/ and paste it here")
    secret = _read_token()
    with Api(portal, secret) as api:
        me = api.get("/me")
        email = needed_text(me, "email")
        work.trust(api).document()  # first contact pins the portal's key; later ones must agree
    place = keep_token(work.settings, portal, secret)
    home = work.settings.home
    home.write_json(CONFIG, home.read_json(CONFIG) | {"portal": portal})
    work.output.message(f"the token is kept in {place}")
    work.output.result({"portal": portal, "me": me}, f"Signed in to {portal} as {email}.")


def logout(context: typer.Context) -> None:
    """End this machine's token at the portal and forget it here."""
    from weights_vault.client.errors import NotSignedIn, PortalFault, Unreachable
    from weights_vault.client.tokens import forget_token

    work: Workplace = context.obj
    portal = work.settings.portal_url()
    try:
        with work.portal() as api:
            api.delete("/me/token")
    except NotSignedIn:
        pass  # ended already, or there was none
    except (PortalFault, Unreachable) as error:
        error.next_step = f"The token is forgotten here, but it lives: end it at {portal}/tokens/."
        raise
    finally:
        forget_token(work.settings, portal)
    work.output.result({"portal": portal, "signed_in": False}, f"Signed out of {portal}.")


def whoami(context: typer.Context) -> None:
    """Show who you are for the portal, and until when your token lives."""
    from weights_vault.client.answers import needed_text, part, text, texts
    from weights_vault.client.output import moment_text

    work: Workplace = context.obj
    with work.portal() as api:
        me = api.get("/me")
        portal = api.portal
    email, token = needed_text(me, "email"), part(me, "token")
    scopes, until = ", ".join(texts(token, "scopes")), moment_text(text(token, "expires_at"))
    work.output.result(
        {"portal": portal, **me},
        f"{text(me, 'name') or email} <{email}> at {portal}",
        f"roles: {', '.join(texts(me, 'roles')) or 'none'}",
        f"token: {text(token, 'name') or '-'}, scopes {scopes or '-'}, until {until}",
    )


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
