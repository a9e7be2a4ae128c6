"""manage.py voters: whose passkeys the keeper trusts under votes. At the console, by the keeper's user."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from portal.accounts import passkeys
from portal.accounts.models import User
from portal.core import audit
from portal.core.management.base import DatabaseCommand
from weights_vault.guard import voters
from weights_vault.guard.voters import Settled, Voter
from weights_vault.ports import access_policy

NONE = {
    "trust": "yet.\n→ They add one on the portal, under Second factor.",
    "remove": "that is trusted.\n→ manage.py voters list",
}
SHOWN = {"trust": "manage.py voters trust EMAIL shows all of them", "remove": "manage.py voters list"}


class Command(DatabaseCommand):
    help = (
        "List, trust or remove the passkeys that count under votes. Compare a passkey with its owner, in "
        "person or on the phone, before you trust it: the database could say anything. Runs as the keeper."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list")
        for verb in ("trust", "remove"):
            changing = verbs.add_parser(verb)
            changing.add_argument("email")
            changing.add_argument(
                "--passkey",
                help="The beginning of its id. Without it, `trust` shows all of them; `remove` takes all.",
            )
        settling = verbs.add_parser("settle", help="Vouch for grants whose votes carry no evidence.")
        settling.add_argument("grant", nargs="+", help="Public ids, grt_…")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            if verb == "list":
                self._list(voters.voters())
                return
            with voters.locked():
                if verb == "settle":
                    self._settle(options["grant"])
                else:
                    self._change(verb, voters.voters(), options["email"], options["passkey"] or "")
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error

    def _list(self, known: list[Voter]) -> None:
        names = dict(User.objects.values_list("public_id", "email"))
        for voter in known:
            self.stdout.write(f"{_shown(voter)}  {names.get(voter.person, voter.person)}")
        if not known:
            self.stdout.write("Nobody's passkey counts yet.\n→ manage.py voters trust EMAIL")

    def _candidates(self, known: list[Voter], email: str, theirs: list[Voter]) -> None:
        """Nothing is trusted unseen: somebody may have put a passkey of theirs on a reviewer's account."""
        for voter in theirs:
            self.stdout.write(f"{_shown(voter)}  {'trusted' if voter in known else 'not trusted'}")
        self.stdout.write(
            "Nothing was changed. Compare each key's fingerprint with its owner, then:\n"
            f"→ manage.py voters trust {email} --passkey {theirs[0].credential[:16]}"
        )

    def _change(self, verb: str, known: list[Voter], email: str, beginning: str) -> None:
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {email}.")
        theirs = _of(user) if verb == "trust" else [each for each in known if each.person == user.public_id]
        named = [each for each in theirs if each.credential.startswith(beginning.lower())]
        if not theirs:
            raise CommandError(f"{email} has no passkey {NONE[verb]}")
        if not named:
            raise CommandError(f"{email} has no such passkey.\n→ {SHOWN[verb]}")
        if verb == "trust" and not beginning:
            self._candidates(known, email, theirs)
            return
        if verb == "trust" and len(named) > 1:
            raise CommandError(f"{len(named)} passkeys of {email} begin so. Name more of the id.")
        others = [each for each in known if each not in named]
        with transaction.atomic():  # the file last: what cannot be recorded does not happen
            _record(verb, user, named)
            voters.keep_voters([*others, *named] if verb == "trust" else others)
        for voter in named:
            self.stdout.write(f"{_shown(voter)}  {email}: {'trusted' if verb == 'trust' else 'removed'}")

    def _settle(self, grants: list[str]) -> None:
        """Exactly this grant, of this person, for this release: a row that changes later is another."""
        made = []
        for grant in grants:
            evidence = access_policy().evidence(grant)
            if not evidence.person:
                raise CommandError(f"There is no grant {grant}.")
            made.append(Settled(grant, evidence.person, evidence.release))
        known = voters.settled()
        with transaction.atomic():
            for each in made:
                subject = f"grant:{each.grant}"
                audit.record("grant.vouched_for", by="system:keys", subject=subject, now=timezone.now())
            voters.keep_settled([*known, *(each for each in made if each not in known)])
        for each in made:
            self.stdout.write(f"{each.grant}: vouched for, {each.person}, {each.release}")


def _shown(voter: Voter) -> str:
    return f"{voter.credential[:16]}  key {voter.fingerprint}"


def _of(user: User) -> list[Voter]:
    found = [passkeys.credential(passkey) for passkey in passkeys.of(user)]
    return [Voter.of(user.public_id, each.credential_id, each.public_key) for each in found]


def _record(verb: str, user: User, named: list[Voter]) -> None:
    kind = "voter.trusted" if verb == "trust" else "voter.removed"
    audit.record(
        kind,
        by="system:keys",
        subject=f"user:{user.public_id}",
        now=timezone.now(),
        passkeys=[each.credential[:16] for each in named],
    )
