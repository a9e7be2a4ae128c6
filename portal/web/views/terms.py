"""Other terms for a release, proposed by a legal lead; another person confirms them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import queries
from licenses.actions.terms_changes import propose_terms
from licenses.models import ReleaseTerms
from portal.accounts import matrix
from portal.accounts.policies import staff_may
from portal.core.problems import Conflict, Invalid, require
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.terms import TermsForm
from portal.web.reader import reader
from portal.web.views.doors import found, posted, private, prove, proven


@private("GET", "POST")
@proven
def propose(request: HttpRequest, slug: str) -> HttpResponse:
    principal = reader(request)
    require(staff_may(principal, matrix.TERMS_CHANGE))
    release = found(queries.visible_releases(principal).filter(slug=slug).first())
    terms = found(ReleaseTerms.objects.filter(release=release).first())
    form = TermsForm(posted(request), initial=TermsForm.of(terms))
    if form.is_valid():
        prove(request)
        given = {"wanted": form.wanted, "reason": form.cleaned_data["reason"]}
        try:
            change = propose_terms(release=release, by=principal, now=timezone.now(), **given)
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, f"{problem.detail} {problem.next_step}")
        else:
            messages.success(request, "It is proposed. It happens once a colleague confirms it.")
            return redirect("change", change.pk)
    context = {"release": release, "form": form}
    return render(request, "web/pages/terms.html", context, status=400 if form.errors else 200)
