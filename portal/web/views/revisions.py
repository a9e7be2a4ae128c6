"""The revisions of a release, for its manager: what became of them; quarantine, restore, withdraw."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.core.problems import Conflict, Invalid
from portal.web import vault_desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.revisions import RecallForm
from portal.web.reader import reader
from portal.web.views.doors import posted, private, prove, proven
from weights_vault.actions import withdraw as recalls

VERBS = {"quarantine": recalls.quarantine, "restore": recalls.restore, "withdraw": recalls.withdraw}


@private("GET")
def index(request: HttpRequest, slug: str) -> HttpResponse:
    release = vault_desk.enter(reader(request), slug)
    context = {"release": release, "rows": vault_desk.rows(release)}
    return render(request, "web/pages/revisions.html", context)


@private("GET", "POST")
@proven
def change(request: HttpRequest, slug: str, revision_id: str) -> HttpResponse:
    principal = reader(request)
    release = vault_desk.enter(principal, slug)
    if request.method == "POST":
        vault_desk.manage(principal)
    found = vault_desk.row(release, revision_id)
    form = RecallForm(posted(request), verbs=vault_desk.verbs(found))
    if form.is_valid():
        prove(request)
        verb, reason = VERBS[form.cleaned_data["verb"]], form.cleaned_data["reason"]
        try:
            moved = verb(revision=found.revision, reason=reason, by=principal, now=timezone.now())
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, f"{problem.detail} {problem.next_step}")
        else:
            messages.success(request, f"{moved} is {moved.state}. Everybody who has headers of it is told.")
            return redirect("revision_change", release.slug, moved.pk)
    context = {**vault_desk.page_of(release, found), "form": form}
    return render(request, "web/pages/revision.html", context, status=400 if form.errors else 200)
