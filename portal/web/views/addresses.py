"""A person's mail addresses: allauth's page, which tells what hangs on one before it goes."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from licenses.queries.addresses import Hanging, lost_by_primary, lost_without
from portal.web.reader import person


class AddressesView(EmailView):  # type: ignore[misc] # allauth has no types
    """Adds one step: what would be lost is shown first, and done once it is confirmed."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        lost = Hanging() if request.POST.get("confirm") == "yes" else _lost(request)
        if lost:
            said = {"lost": lost, "chosen": request.POST["email"], "removes": "action_remove" in request.POST}
            empty = self.get_form_class()(user=request.user)
            answer: HttpResponse = self.render_to_response(self.get_context_data(form=empty, **said))
        else:
            answer = super().post(request, *args, **kwargs)
        return answer


def _lost(request: HttpRequest) -> Hanging:
    """What the POST would take from the person; nothing where it concerns no verified address of theirs."""
    user, now, said = person(request), timezone.now(), request.POST
    own = EmailAddress.objects.filter(user=user, email__iexact=said.get("email", ""), verified=True).first()
    if own is None or own.primary:
        return Hanging()
    if "action_remove" in said:
        return lost_without(own.email, now)
    return lost_by_primary(user, own.email, now) if "action_primary" in said else Hanging()


addresses = AddressesView.as_view()
