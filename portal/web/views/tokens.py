"""What acts in a person's name: tokens, made here and shown once, and devices; all of it ends here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.models import AccessToken
from portal.accounts.scopes import offered
from portal.accounts.tokens import create_token, end_everything, end_token
from portal.core.problems import Invalid
from portal.web.acting import acting_for, grants_to_choose
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.tokens import TokenForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven


@private("GET", "POST")
@proven
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    form = TokenForm(
        posted(request), scopes=offered(principal.roles), grants=grants_to_choose(principal, now)
    )
    if form.is_valid():
        prove(request)
        try:
            token, secret = create_token(
                user=person(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                lifetime=form.lifetime,
                grant=form.cleaned_data["grant"],
                by=principal,
                now=now,
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            # The answer to the POST itself: the secret is in no address, no session and no cache.
            return render(request, "web/pages/token_made.html", {"token": token, "secret": secret})
    rows = acting_for(principal, now)
    context = {"rows": rows, "live": sum(bool(row.end) for row in rows), "form": form}
    return render(request, "web/pages/tokens.html", context, status=400 if form.errors else 200)


@private("POST")
def end(request: HttpRequest, token_id: str) -> HttpResponse:
    token = found(AccessToken.objects.filter(user=person(request), pk=token_id).first())
    end_token(token=token, by=reader(request), now=timezone.now())
    messages.success(request, f"The token “{token.name}” has ended.")
    return redirect("tokens")


@private("POST")
def end_all(request: HttpRequest) -> HttpResponse:
    """End every token and device at once; it needs no password, so that nothing is in the way of a victim."""
    ended = end_everything(by=reader(request), now=timezone.now())
    messages.success(request, f"All have ended: {ended}." if ended else "There was nothing left to end.")
    return redirect("tokens")
