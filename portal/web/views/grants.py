"""What a person may download."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.models import Grant
from portal.core.ids import could_be_id
from portal.web.reader import reader
from portal.web.renewals import renewal_of
from portal.web.standing import standing
from portal.web.views.doors import found, private
from weights_vault import queries as vault
from weights_vault import recalls
from weights_vault.ports import access_policy


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "web/pages/grants.html", {"grants": queries.grants_of(reader(request))})


@private("GET")
def detail(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    grant = found(queries.grants_of(principal).filter(pk=grant_id).first())
    verdict = access_policy().judge(principal, grant.release, "manifest", now=now, grant=grant.pk)
    context = {
        "grant": grant,
        "may_close": policies.may_close(queries.grant_case(principal, grant)),
        "renewal": renewal_of(principal, grant.request, now),
        # While access is on hold, renewing it is possible and not what the page leads to.
        "quiet_renewal": grant.state == Grant.State.SUSPENDED,
        "release": grant.release,
        "standing": standing(verdict, grant.release.slug, request_id=grant.request_id, grant_id=grant.pk),
        "recalled": recalls.recalled_under(grant.pk),
        "instead": vault.current_revision(grant.release),
        "keys": vault.live_keys_of(principal, now),
    }
    return render(request, "web/pages/grant.html", context)


@private("POST")
def renew(request: HttpRequest, grant_id: str) -> HttpResponse:
    """Begin the renewal of what the grant's request gave, and lead to its form."""
    principal, key = reader(request), request.POST.get("key", "")
    grant = found(queries.grants_of(principal).filter(pk=grant_id).first())
    once = key[:64] if could_be_id(key) else None
    made = actions.renew(request=grant.request, by=principal, now=timezone.now(), idempotency_key=once)
    messages.success(request, "Your renewal is begun. Say what you did so far, and send it.")
    return redirect("request_edit", made.pk)
