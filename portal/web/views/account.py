"""What a person says about themselves."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses.queries.affiliation import Leaving, effect_of_leaving
from portal.accounts.actions.details import correct_details
from portal.web.forms.details import DetailsForm
from portal.web.reader import person, reader
from portal.web.views.doors import posted, private, prove, proven


@private("GET", "POST")
@proven
def details(request: HttpRequest) -> HttpResponse:
    user, by = person(request), reader(request)
    form = DetailsForm(posted(request), user=user, by=by, came_from=request.GET.get("next", ""))
    leaving: list[Leaving] = []
    if form.is_valid():
        leaving = effect_of_leaving(user, form.details["organization"], timezone.now())
        if not leaving or "organization" not in form.changed_data or request.POST.get("confirm") == "yes":
            prove(request)
            correct_details(user=user, **form.details, by=by, now=timezone.now())
            messages.success(request, "Your details are saved.")
            return redirect(form.after)
    context = {"form": form, "leaving": leaving}
    return render(request, "web/pages/details.html", context, status=400 if form.errors else 200)
