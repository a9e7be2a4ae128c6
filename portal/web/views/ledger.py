"""The deliveries, for release managers: who has what, one grant's batches, alerts."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import exports
from portal.core.problems import Conflict
from portal.web import ledger_desk, vault_desk
from portal.web.forms.ledger import LedgerFilterForm, NoteForm
from portal.web.reader import reader
from portal.web.views.doors import posted, private
from weights_vault.actions.alerts import acknowledge
from weights_vault.ledger import figures, listing
from weights_vault.ledger.listing import Wanted

PER_PAGE = 50


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    ledger_desk.enter(principal)
    form = LedgerFilterForm(request.GET, releases=ledger_desk.releases())
    holdings = figures.with_addresses(listing.holdings(form.wanted(now)))
    page = Paginator(holdings, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "filtered": bool(form.filters),
        "query": form.query,
        "csv_query": form.csv_query(now),
        "csv_open": exports.is_open("ledger", principal, now),
        "page": page,
        **ledger_desk.list_of(list(page), now),
        "address_days": settings.LEDGER_ADDRESS_DAYS,
    }
    return render(request, "web/pages/ledger.html", context)


@private("GET")
def detail(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal = reader(request)
    ledger_desk.enter(principal)
    entries = figures.with_origin_and_key(listing.entries(Wanted(grant=grant_id)))
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **ledger_desk.page_of(grant_id, list(page)),
        "page": page,
        "csv_open": exports.is_open("ledger", principal, timezone.now()),
    }
    return render(request, "web/pages/ledger_grant.html", context)


@private("GET", "POST")
def alert(request: HttpRequest, alert_id: str) -> HttpResponse:
    principal = reader(request)
    ledger_desk.enter(principal)
    if request.method == "POST":
        vault_desk.manage(principal)
    found, form = ledger_desk.alert(alert_id), NoteForm(posted(request))
    if form.is_valid():
        try:
            acknowledge(alert=found.alert, note=form.cleaned_data["note"], by=principal, now=timezone.now())
        except Conflict as problem:
            messages.info(request, f"{problem.detail} Your note was not kept.")
        else:
            messages.success(request, "Your note is kept, and the alert is closed.")
        return redirect("ledger_alert", alert_id)
    context = {"found": found, "form": form, "looked": ledger_desk.acknowledger(found.alert)}
    return render(request, "web/pages/ledger_alert.html", context, status=400 if form.errors else 200)
