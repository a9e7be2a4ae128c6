"""Who is to have which keys: the master key and the private signing keys are the keeper's alone.

PROCESS says what a process is. A web process that is taken over can then use the keeper, which judges every
call and counts them, but it cannot take a key away.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

INPROCESS = "inprocess"
PROCESSES = frozenset({"web", "worker", "log_signer", "keeper", "all"})
SERVING = frozenset({"web", "worker", "all"})


def is_keyless() -> bool:
    """Whether this process is one that asks the keeper and has no key of its own."""
    return settings.PROCESS not in ("keeper", "all") and settings.KEEPER != INPROCESS


def serves() -> bool:
    """Whether this process has what pages and mails need: the keeper and the log signer have not."""
    return settings.PROCESS in SERVING


@register(Tags.security)
def process_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """PROCESS is one of the words there are."""
    if settings.PROCESS in PROCESSES:
        return []
    hint = f"One of {', '.join(sorted(PROCESSES))}."
    return [Error(f"PROCESS is {settings.PROCESS!r}, which is no process.", hint=hint, id="core.E120")]


@register(Tags.security, deploy=True)
def only_the_keeper_holds_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A process that answers the network can read neither the master key nor a private signing key."""
    hint = (
        "Leave MASTER_KEY and SIGNING_KEYS out of its environment, give the files to the keeper alone, "
        "mode 0600, and set KEEPER=unix:/path: docs/how-to/run-a-portal.md."
    )
    if settings.KEEPER == INPROCESS:
        said = "Not for production: KEEPER is inprocess, so whoever takes this process over has every key."
        return [Error(said, hint=hint, id="core.E121")]
    if settings.PROCESS == "keeper":
        return []
    who = "a process of everything" if settings.PROCESS == "all" else f"a {settings.PROCESS} process"
    return [
        Error(f"Not for production: {who} can read {what}.", hint=hint, id="core.E121")
        for what in _within_reach()
    ]


def _within_reach() -> Iterator[str]:
    for source in filter(None, (source.strip() for source in settings.MASTER_KEY.split(","))):
        scheme, _, name = source.partition(":")
        # What a service keeps is the service's to refuse: that this process names it is wrong already.
        if scheme != "file" or os.access(name, os.R_OK):
            yield "the master key"
    if settings.SIGNING_KEYS:
        found = sorted(Path(settings.SIGNING_KEYS).glob("*.pem"))
        if any(os.access(path, os.R_OK) for path in found):
            yield "private signing keys"
