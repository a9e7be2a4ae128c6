"""From what a person says to a request at the portal: found or begun, kept, its team asked, sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from weights_vault.client import clock
from weights_vault.client.answers import Json, part, parts, text
from weights_vault.client.api import Api
from weights_vault.client.asking.form import GONE, Form, Said, form_of
from weights_vault.client.asking.standing import slugs_of
from weights_vault.client.errors import Incomplete, NotAllowed, WrongUsage
from weights_vault.client.output import Output, moment_text
from weights_vault.client.problems import denied
from weights_vault.client.releases import ReleaseName, check_id, find_release

WRITABLE = ("draft", "changes_requested")
OPEN = (*WRITABLE, "submitted", "approved")
RENEWABLE = ("active", "suspended", "expired")


@dataclass
class Application:
    """One request on its way.

    request: as the portal has it; None before the first draft. grant: the one that it renews, else "".
    refusal: why it cannot be begun now, None where it can. intention: names this run to the portal, so that
    nothing is done twice.
    """

    api: Api
    form: Form
    request: Json | None = None
    grant: str = ""
    refusal: NotAllowed | None = None
    intention: str = field(default_factory=lambda: uuid.uuid4().hex)

    def keep(self, said: Said) -> Json:
        """Keep it as a draft, and return the request."""
        if self.request is None:
            self.request = self._begin(said)
        body: Json = {"answers": said.answers}
        if self.form.evidence or said.evidence:
            body["evidence"] = said.evidence
        if self.form.renewal:
            body["summary_of_use"] = said.summary_of_use
        self.request = self.api.patch(f"/requests/{self.id}", body)
        return self.request

    @property
    def id(self) -> str:
        """Of the request, which must have been begun."""
        return check_id((self.request or {}).get("id"))

    def _begin(self, said: Said) -> Json:
        if self.refusal is not None:
            raise self.refusal
        once = f"{self.intention}-draft"
        if self.grant:
            return self.api.post(f"/grants/{self.grant}/renew", {}, once=once)
        return self.api.post(
            "/requests", {"releases": list(self.form.releases), "answers": said.answers}, once=once
        )

    def ask_team(self, said: Said, output: Output) -> None:
        """Ask whoever is named and does not stand in the request yet.

        Raises: Incomplete(party-pending): a co-applicant has still to answer, and the request waits for that.
        """
        standing = {text(each, "email").lower() for each in self._team()}
        wanted = [("co_applicant", person) for person in said.co_applicants]
        wanted += [("signatory", said.signatory)] if said.signatory else []
        for role, person in wanted:
            email = person["email"].lower()
            if email in standing:
                continue
            body = {"role": role, "email": email, "full_name": person["name"]}
            self.request = self.api.post(
                f"/requests/{self.id}/parties", body, once=f"{self.intention}-{email}"[:255]
            )
            output.message(f"asked {person['name']} <{email}> by mail")
        for email in sorted(standing - {person["email"].lower() for _, person in wanted}):
            output.message(f"{email} stands in the team and not in your answers: it stays so")
        self._demand_answers()

    def _demand_answers(self) -> None:
        waiting = [
            text(each, "name")
            for each in self._team()
            if text(each, "role") == "co_applicant" and text(each, "state") == "invited"
        ]
        if waiting:
            raise Incomplete(
                "party-pending",
                f"{self.id} is kept as a draft: not everybody has said yes.",
                f"Asked by mail, and not answered yet: {', '.join(waiting)}.",
                "Run the same command again when they have; it goes on from here.",
            )

    def _team(self) -> list[Json]:
        return [each for each in parts(self.request or {}, "parties") if text(each, "state") not in GONE]

    def send(self, said: Said, output: Output) -> Json:
        """Hand the request to the reviewers under the license text that was read, and return it.

        Raises: NotAllowed(license-changed): another text is in force; what changed is shown.
        """
        body = {"license_sha256": said.license_sha256}
        try:
            self.request = self.api.post(f"/requests/{self.id}/submit", body, once=f"{self.intention}-submit")
        except NotAllowed as error:
            if error.code != "license_changed":
                raise
            raise self._changed(error, output) from None
        return self.request

    def _changed(self, error: NotAllowed, output: Output) -> NotAllowed:
        shown = error.document or {}
        told = part(shown, "problem")
        in_force = part(told, "in_force")
        lines = str(told.get("difference") or "").splitlines()
        if lines:
            output.important("What changed in the license text:", *(f"  {line}" for line in lines))
        changed = NotAllowed(
            "license-changed",
            "The license text in force is not the one that you name.",
            f"{error.why} Nothing was sent; {self.id} is kept as a draft.",
            f"Read it at {self.form.url}, put its hash into [license] "
            f"(sha256 = {text(in_force, 'sha256') or self.form.license.sha256}), and run the command again.",
            code=error.code,
        )
        changed.document = shown
        return changed


def application_for(api: Api, names: Sequence[ReleaseName]) -> Application:
    """The application for these releases: one that was begun, a renewal, or a new one.

    Raises: NotAllowed(request-pending, license-unsigned): one is with the reviewers, or approved already.
        WrongUsage(releases-differ, releases-apart).
    """
    releases = [find_release(api, name) for name in names]
    form = form_of(releases)
    begun = _open_request(api, form)
    if begun is not None:
        return Application(api, form.continuing(begun), begun)
    if grant := _to_renew(api, form):
        return Application(api, replace(form, renewal=True), grant=grant)
    asking = part(releases[0], "asking")
    refusal = None
    if asking.get("allowed") is not True:
        refusal = denied(asking, f"You cannot ask for {form.releases[0]} now.", api.portal)
    return Application(api, form, refusal=refusal)


def _open_request(api: Api, form: Form) -> Json | None:
    """The person's request for one of the releases that can still be written on."""
    for listed in api.listing("/requests"):
        slugs = slugs_of(listed)
        own = text(listed, "role") == "applicant" and text(listed, "state") in OPEN
        if not own or not set(slugs) & set(form.releases):
            continue
        _refuse_sent(listed)
        if set(slugs) != set(form.releases):
            raise WrongUsage(
                "releases-differ",
                f"You began a request for {' '.join(slugs)}.",
                f"You name {' '.join(form.releases)} now.",
                f"Go on with that one: weights request {' '.join(slugs)}   (or change it at "
                f"{text(listed, 'url')})",
            )
        return api.get(f"/requests/{check_id(listed.get('id'))}")
    return None


def _refuse_sent(request: Json) -> None:
    """Raises: NotAllowed: the request is with the reviewers, or waits for signatures."""
    state, identifier, name = text(request, "state"), text(request, "id"), " ".join(slugs_of(request))
    if state == "approved":
        raise NotAllowed(
            "license-unsigned",
            f"Your request for {name} is approved already.",
            f"Its license waits to be signed, until {moment_text(text(request, 'due_at'))}.",
            f"weights sign {identifier} --show; weights sign {identifier}",
            code="license_unsigned",
        )
    if state == "submitted":
        asked = text(request, "waits_for") == "you"
        since = moment_text(text(request, "waits_since"))
        raise NotAllowed(
            "request-pending",
            f"Your request for {name} is with the reviewers.",
            f"They asked you a question on {since}."
            if asked
            else f"Since {since}; an answer is meant to come by {moment_text(text(request, 'due_at'))}.",
            f"weights requests {identifier}" + ("   (and answer with --say)" if asked else ""),
            code="request_pending",
        )


def _to_renew(api: Api, form: Form) -> str:
    """The person's grant for the first release that can be renewed now, else ""."""
    now = api.portal_time or clock.now()
    for grant in api.listing("/grants"):
        ours = text(grant, "release") == form.releases[0] and text(grant, "state") in RENEWABLE
        if ours and renewable(grant, now):
            return check_id(grant.get("id"))
    return ""


def renewable(grant: Json, now: datetime) -> bool:
    """Whether a grant can be renewed now."""
    start = text(grant, "renewable_from")
    try:
        return bool(start) and datetime.fromisoformat(start) <= now
    except (ValueError, TypeError):
        return False
