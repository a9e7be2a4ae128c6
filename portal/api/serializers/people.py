"""The person who calls, and what waits for their word."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.accounts.credentials import DeviceAccess
from portal.accounts.models import AccessToken, PendingAction
from portal.accounts.principals import Principal


def page_url(name: str, *args: str) -> str:
    """Return the whole address of a page. It stands on PORTAL_URL, not on the Host header that came in."""
    return f"{settings.PORTAL_URL}{reverse(name, args=args)}"


class TokenSerializer(serializers.Serializer[AccessToken | DeviceAccess]):
    """kind: a token that a person made, or a device that was signed in. ends_at: when all of it is over; the
    token of a device ends before, at expires_at, and is renewed.
    """

    id = serializers.CharField(source="pk")
    kind = serializers.SerializerMethodField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    grant = serializers.CharField()
    expires_at = serializers.DateTimeField()
    ends_at = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(["token", "device"]))
    def get_kind(self, token: AccessToken | DeviceAccess) -> str:
        return "device" if isinstance(token, DeviceAccess) else "token"

    @extend_schema_field(serializers.DateTimeField())
    def get_ends_at(self, token: AccessToken | DeviceAccess) -> str:
        at = token.device.expires_at if isinstance(token, DeviceAccess) else token.expires_at
        return str(serializers.DateTimeField().to_representation(at))


class MeSerializer(serializers.Serializer[Principal]):
    id = serializers.CharField(source="user.public_id")
    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.full_name")
    roles = serializers.SerializerMethodField()
    token = serializers.SerializerMethodField()

    def get_roles(self, principal: Principal) -> list[str]:
        return sorted(principal.roles)

    def get_token(self, principal: Principal) -> dict[str, Any] | None:
        token = self.context["token"]
        return None if token is None else TokenSerializer(token).data


class PendingActionSerializer(serializers.ModelSerializer[PendingAction]):
    """What somebody must confirm in a browser, at `url`; the page shows the same `code`."""

    state = serializers.SerializerMethodField()
    result = serializers.DictField(child=serializers.JSONField(), allow_null=True)

    class Meta:
        model = PendingAction
        fields = ["id", "kind", "summary", "state", "code", "url", "expires_at", "result"]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(PendingAction.State.values))
    def get_state(self, action: PendingAction) -> str:
        return action.state_at(self.context["now"])


class ProposedSerializer(serializers.Serializer[dict[str, PendingAction]]):
    pending_action = PendingActionSerializer()
