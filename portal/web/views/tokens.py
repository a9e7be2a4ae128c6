"""A person's access tokens: made here, shown once, ended here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.models import AccessToken
from portal.accounts.tokens import create_token, end_token
from portal.core.problems import Invalid
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import NothingForm
from portal.web.forms.tokens import TokenForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven


@private("GET", "POST")
@proven
def index(request: HttpRequest) -> HttpResponse:
    principal, form = reader(request), TokenForm(posted(request))
    if form.is_valid():
        prove(request)
        try:
            token, secret = create_token(
                user=person(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                lifetime=form.lifetime,
                by=principal,
                now=timezone.now(),
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            # The answer to the POST itself: the secret is in no address, no session and no cache.
            return render(request, "web/pages/token_made.html", {"token": token, "secret": secret})
    context = {"tokens": AccessToken.objects.filter(user=person(request)), "form": form}
    return render(request, "web/pages/tokens.html", context, status=400 if form.errors else 200)


@private("GET", "POST")
def end(request: HttpRequest, token_id: str) -> HttpResponse:
    principal = reader(request)
    token = found(AccessToken.objects.filter(user=person(request), pk=token_id).first())
    if request.method == "POST":
        end_token(token=token, by=principal, now=timezone.now())
        messages.success(request, f"The token “{token.name}” has ended.")
        return redirect("tokens")
    return render(request, "web/pages/token_end.html", {"token": token, "form": NothingForm()})
