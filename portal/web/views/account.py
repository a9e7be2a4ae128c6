"""What a person says about themselves."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.actions.details import correct_details
from portal.web.forms.details import DetailsForm
from portal.web.reader import person, reader
from portal.web.views.doors import posted, private


@private("GET", "POST")
@reauthentication_required(allow_get=True)
def details(request: HttpRequest) -> HttpResponse:
    user, by = person(request), reader(request)
    form = DetailsForm(posted(request), user=user, by=by, came_from=request.GET.get("next", ""))
    if form.is_valid():
        correct_details(user=user, **form.details, by=by, now=timezone.now())
        messages.success(request, "Your details are saved.")
        return redirect(form.after)
    return render(request, "web/pages/details.html", {"form": form}, status=400 if form.errors else 200)
