"""Licenses on the desk of those who keep them: versions, drafts, comparison, publishing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.examples import EXAMPLES
from licenses.models import License, LicenseDraft
from portal.accounts.models import User
from portal.core.problems import Conflict, Invalid
from portal.web import license_desk as desk
from portal.web.forms.licenses import DraftForm, NewDraftForm, NewLicenseForm, RevisionForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.views.doors import posted, private, prove, proven


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    desk.enter(principal)
    context = {"kept": queries.licenses_kept(principal, timezone.now())}
    return render(request, "web/pages/licenses.html", context)


@private("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    desk.write(principal)
    form = NewLicenseForm(posted(request), initial={"example": next(iter(EXAMPLES))})
    if form.is_valid():
        try:
            said = form.cleaned_data
            license = actions.begin_license(slug=said["slug"], name=said["name"], by=principal, now=now)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            example = EXAMPLES.get(said["example"])
            text, terms = (example.text, dict(example.terms)) if example else ("", {})
            draft = actions.begin_draft(license=license, text=text, terms=terms, by=principal, now=now)
            messages.success(request, "The license is begun. Nobody sees it before you publish it.")
            return redirect("license_draft", draft.pk)
    return render(request, "web/pages/license_new.html", {"form": form}, status=400 if form.errors else 200)


@private("GET", "POST")
def detail(request: HttpRequest, license_slug: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    license = desk.license(principal, license_slug)
    if request.method == "POST":
        desk.write(principal)
    versions = list(queries.versions_kept(license))
    form = NewDraftForm(posted(request), versions=versions, organizations=queries.organizations())
    if form.is_valid():
        draft = actions.begin_draft(license=license, by=principal, now=now, **form.begun)
        return redirect("license_draft", draft.pk)
    context = {
        "license": license,
        "versions": versions,
        "drafts": queries.drafts_of(license),
        "in_force": queries.license_in_force(license, now),
        "form": form,
        "now": now,
    }
    return render(request, "web/pages/license_kept.html", context, status=400 if form.errors else 200)


@private("GET")
def compare(request: HttpRequest, license_slug: str) -> HttpResponse:
    license = desk.license(reader(request), license_slug)
    return render(request, "web/pages/license_compare.html", desk.comparison(license, request.GET))


@private("GET", "POST")
def draft(request: HttpRequest, draft_id: str) -> HttpResponse:
    """Write a draft. Preview shows what is typed and keeps nothing; with htmx it alone is sent back."""
    principal, now = reader(request), timezone.now()
    found = desk.draft(principal, draft_id)
    if request.method == "POST":
        desk.write(principal)
    form = DraftForm(posted(request), initial=DraftForm.of(found))
    if not policies.may_write_license(queries.person(principal)):
        form.only_read()
    valid = form.is_valid()
    if "HX-Request" in request.headers:
        return render(request, "web/components/license_preview.html", _typed(form, found))
    theirs = None
    if valid and request.POST.get("do") != "preview":
        try:
            saved = actions.save_draft(
                draft=found,
                revision=form.cleaned_data["revision"],
                contents=form.contents,
                by=principal,
                now=now,
            )
        except Invalid as problem:
            form.add_faults(problem.errors)
        except Conflict as problem:
            if problem.code != "draft_changed":
                raise
            theirs = problem.extra
            form.standing_on(theirs["revision"])
        else:
            messages.success(request, "The draft is saved.")
            goes_on = "license_publish" if request.POST.get("do") == "publish" else "license_draft"
            return redirect(goes_on, saved.pk)
    status = 409 if theirs else 400 if form.errors else 200
    context = _page_of(found, form, theirs)
    # Of what was saved; whoever has only begun knows that nothing is written yet.
    context["to_do"] = desk.left_to_do(found, now) if found.revision > 1 and not form.is_bound else []
    return render(request, "web/pages/license_draft.html", context, status=status)


def _typed(form: DraftForm, found: LicenseDraft) -> dict[str, Any]:
    """What the preview shows: what stands in the form, faults or not."""
    if not form.is_bound:
        return {"text": found.text, "terms": found.terms}
    # A text that is refused may be one that is too much to be shown.
    refused = form.errors.get("text", ())
    return {
        "text": "" if refused else form.data.get("text", ""),
        "refused": refused,
        "terms": form.terms if not form.errors else {},
        "faults": bool(form.errors),
    }


def _page_of(found: LicenseDraft, form: DraftForm, theirs: dict[str, Any] | None) -> dict[str, Any]:
    context = {"draft": found, "license": found.license, "form": form, **_typed(form, found)}
    if theirs is not None:
        writer = User.objects.filter(public_id=theirs["by"]).first()
        rows = desk.compare(theirs["text"], form.data.get("text", ""))
        context |= {"theirs": theirs, "their_name": str(writer) if writer else "Somebody", "lines": rows}
    return context


@private("GET", "POST")
def discard(request: HttpRequest, draft_id: str) -> HttpResponse:
    principal = reader(request)
    found = desk.draft(principal, draft_id)
    desk.write(principal)
    form = RevisionForm(posted(request), initial={"revision": found.revision})
    if form.is_valid():
        revision = form.cleaned_data["revision"]
        actions.discard_draft(draft=found, revision=revision, by=principal, now=timezone.now())
        messages.success(request, "The draft is thrown away.")
        return redirect("license_kept", found.license.slug)
    context = {"draft": found, "license": found.license, "form": form}
    return render(request, "web/pages/license_discard.html", context, status=400 if form.errors else 200)


@private("GET", "POST")
@proven
def publish(request: HttpRequest, draft_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    found = desk.draft(principal, draft_id)
    desk.publish(principal)
    form = RevisionForm(posted(request), initial={"revision": found.revision})
    if form.is_valid():
        revision = form.cleaned_data["revision"]
        try:
            actions.check_draft(draft=found, revision=revision, now=now)
            prove(request)
            version = actions.publish_draft(draft=found, revision=revision, by=principal, now=now)
        except Invalid as problem:
            for wrong in problem.errors.values():
                form.add_error(None, wrong)
        else:
            messages.success(request, f"Version {version.number} is published.")
            return redirect("license", version.pk)
    follows, to_do = queries.compared_with(found, now), desk.left_to_do(found, now)
    context = {
        "draft": found,
        "to_do": to_do,
        "too_early": any(each.name == "effective_on" for each in to_do),
        "license": found.license,
        "form": form,
        "follows": follows,
        "difference": desk.difference(follows, found),
        "sha256": desk.hash_of(found),
        "reach": queries.reach_of(found, now),
        "number": _next_number(found.license),
        "now": now,
    }
    return render(request, "web/pages/license_publish.html", context, status=400 if form.errors else 200)


def _next_number(license: License) -> int:
    newest = queries.versions_kept(license).first()
    return newest.number + 1 if newest else 1
