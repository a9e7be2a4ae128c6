from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts import tokens
from portal.accounts.credentials import DeviceAccess
from portal.accounts.devices import families
from portal.accounts.models import AccessToken
from portal.api.permissions import SIGNED_IN
from portal.api.serializers.people import MeSerializer
from portal.api.views.base import ApiView
from portal.core.problems import NotFound


def _token_of(request: Request) -> AccessToken | DeviceAccess | None:
    return request.auth if isinstance(request.auth, AccessToken | DeviceAccess) else None


class MeView(ApiView):
    """Who the portal takes the caller for."""

    needs = {"GET": SIGNED_IN}

    @extend_schema(operation_id="read_me", tags=["me"], responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(self.principal, context={"token": _token_of(request)}).data)


class MyTokenView(ApiView):
    """The token that the call carries; of a device, all that it has."""

    needs = {"DELETE": SIGNED_IN}

    @extend_schema(operation_id="end_my_token", tags=["me"], responses={204: None})
    def delete(self, request: Request) -> Response:
        token = _token_of(request)
        if token is None:
            raise NotFound(detail="This call carries no token.", next_step="Sign out on the portal's pages.")
        if isinstance(token, DeviceAccess):
            families.end(device=token.device, by=self.principal, now=self.now)
        else:
            tokens.end_token(token=token, by=self.principal, now=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)
