"""What other apps tell us, handled in their transaction."""

from pathlib import Path

from django.db.models import Q

from licenses import search, states
from licenses.actions.accepting import accept_under_master
from licenses.actions.affiliation import end_affiliation
from licenses.actions.reaccepting import want_of_new
from licenses.actions.terms_changes import apply_or_propose
from licenses.events import GrantStarted, RequestDecided
from licenses.jobs import AFFILIATIONS
from licenses.manuscripts import MAX_LICENSE_CHARACTERS
from licenses.models import Decision, Grant, MasterAgreement, Party, Request
from licenses.terms import check_terms
from portal.accounts.events import AccountWanted, AffiliationEnded, DetailsCorrected, DomainsRemoved
from portal.core import jobs
from portal.core.events import subscribe
from portal.core.problems import Invalid
from weights_vault.events import ReleaseApplied


@subscribe(ReleaseApplied)
def on_release_applied(event: ReleaseApplied) -> None:
    """Write the release's terms from its file, or propose them where the release is published already.

    Raises: Invalid: nothing of the file is applied then.
    """
    text = _read_license(event.terms.get("license_text"), event.folder)
    terms = check_terms(event.terms, text)
    waits = apply_or_propose(release=event.release, terms=terms, by=event.by, now=event.now)
    if waits is not None:
        event.waits.append(waits)


@subscribe(GrantStarted)
def on_grant_started(event: GrantStarted) -> None:
    """Ask its holder for what the version it started under does not cover any more."""
    want_of_new(event.grant, event.now)


@subscribe(AccountWanted)
def on_account_wanted(event: AccountWanted) -> None:
    """Lock what of the person's comes before their account in the order of locks: agreements that they were
    asked to sign, requests that they stand in."""
    to_sign = MasterAgreement.objects.filter(signed_at__isnull=True, signatory_email__in=event.addresses)
    places = Party.objects.filter(Q(user=event.user) | Q(user__isnull=True, email__in=event.addresses))
    requests = Request.objects.filter(Q(applicant=event.user) | Q(pk__in=places.values("request")))
    list(to_sign.select_for_update().order_by("pk").values_list("pk"))
    list(requests.select_for_update().order_by("pk").values_list("pk"))


@subscribe(AffiliationEnded)
def on_affiliation_ended(event: AffiliationEnded) -> None:
    """Apply the terms' rule to the grants that the person holds under an organization. R11"""
    held = Grant.objects.filter(user=event.user, state=states.ACTIVE, organization__isnull=False)
    for grant in held.order_by("pk"):
        end_affiliation(grant=grant, now=event.now)


@subscribe(DomainsRemoved)
def on_domains_removed(event: DomainsRemoved) -> None:
    """Have the grants of its people looked at by a job: there may be thousands. R11"""
    jobs.enqueue(AFFILIATIONS, {"organization": event.organization.pk})


@subscribe(DetailsCorrected)
def on_details_corrected(event: DetailsCorrected) -> None:
    """Let staff find the person's requests by what they are called now."""
    search.refresh_for(event.user)


@subscribe(RequestDecided)
def on_request_decided(event: RequestDecided) -> None:
    """Start at once the grants of whom a master agreement covers."""
    if event.decision.outcome == Decision.Outcome.APPROVED:
        accept_under_master(request=event.request, now=event.now)


def _read_license(name: object, folder: Path) -> str:
    """Return the text of the license file beside the release file."""
    if not isinstance(name, str) or not name:
        raise _unreadable("This is needed: the name of a Markdown file beside the release file.")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _unreadable("This must name a file beside the release file, or below it.")
    try:
        if path.stat().st_size > 4 * MAX_LICENSE_CHARACTERS:
            raise _unreadable(f"{name} is far too large for a license.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _unreadable(f"{name} is not UTF-8 text.") from error


def _unreadable(said: str) -> Invalid:
    return Invalid(
        "terms_invalid",
        f"The license text of the release file cannot be used. {said}",
        "Correct license_text in the [terms] table and apply the file again. Nothing was changed.",
        errors={"license_text": [said]},
    )
