"""System checks of how people prove who they are."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from portal.accounts import factors, secrets
from portal.core import key_checks


@register(Tags.security)
def secrets_key_is_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SECRETS_KEY can be read and has its size, where people sign in or are mailed."""
    if not key_checks.serves():
        return []
    try:
        secrets.keys()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See .env.sample.", id="accounts.E001")]
    return []


@register(Tags.security)
def staff_factor_is_a_known_word(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """STAFF_MFA is a word that means something."""
    if factors.is_understood():
        return []
    hint = "passkey, any or off."
    return [Error("STAFF_MFA is none of the words that mean something.", hint=hint, id="accounts.E002")]


@register(Tags.security, deploy=True)
def staff_codes_can_be_relayed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Staff may act with what a look-alike site can pass on."""
    if factors.demanded() != factors.ANY:
        return []
    hint = (
        "A code from an app can be typed into a look-alike site, which passes it on at once; and verdicts "
        "carry no signature that the keeper could check. Set STAFF_MFA=passkey."
    )
    return [Warning("Staff act with any second factor.", hint=hint, id="accounts.W101")]
