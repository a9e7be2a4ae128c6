from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from licenses import queries, states
from licenses.models import Grant
from licenses.renewal import Held
from portal.api.serializers.access import AccessSerializer, access_of
from portal.api.serializers.audit import proof_url
from portal.api.serializers.licenses import LicenseSerializer

EXPIRED = "expired"


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """A right to a release. Its context holds `verdicts` (grant id → verdict), `held` (request id → what the
    holder has under it), `proofs` (grant id → event) and `now`.

    `expired` is computed from the end: a grant that nobody took away stands as active in the database.
    """

    release = serializers.CharField(source="release.slug")
    release_title = serializers.CharField(source="release.title")
    state = serializers.SerializerMethodField()
    reason = serializers.CharField(source="state_reason")
    license = LicenseSerializer(source="license_version")
    access = serializers.SerializerMethodField()
    request = serializers.CharField(source="request_id")
    renewable_from = serializers.SerializerMethodField(
        help_text="From when it can be renewed, also after its end; null where it never can."
    )
    proof = serializers.SerializerMethodField(
        help_text="Where the proof of its beginning is, as a file that verifies offline."
    )
    license_to_accept = serializers.SerializerMethodField(
        help_text="The newer version that must be accepted by `reaccept_by`; null where none waits."
    )

    class Meta:
        model = Grant
        fields = [
            "id",
            "release",
            "release_title",
            "state",
            "starts_at",
            "ends_at",
            "reason",
            "license",
            "access",
            "request",
            "renewable_from",
            "reaccept_by",
            "license_to_accept",
            "proof",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([*states.GRANT_STATES, EXPIRED]))
    def get_state(self, grant: Grant) -> str:
        now: datetime = self.context["now"]
        over = grant.state in states.LIVE_STATES and now >= grant.ends_at
        return EXPIRED if over else grant.state

    def get_renewable_from(self, grant: Grant) -> datetime | None:
        if grant.state not in states.LIVE_STATES:
            return None
        held: Mapping[str, Held] = self.context["held"]
        return held[grant.request_id].free_at

    @extend_schema_field(LicenseSerializer(allow_null=True))
    def get_license_to_accept(self, grant: Grant) -> dict[str, Any] | None:
        version = queries.version_to_accept(grant, self.context["now"])
        return LicenseSerializer(version).data if version else None

    def get_proof(self, grant: Grant) -> str | None:
        return proof_url(self.context["proofs"].get(grant.pk))

    @extend_schema_field(AccessSerializer)
    def get_access(self, grant: Grant) -> dict[str, Any]:
        return access_of(self.context["verdicts"][grant.pk])


class HeaderSerializer(serializers.Serializer[Any]):
    file = serializers.CharField()
    header = serializers.CharField(help_text="Base64 of an age header: what goes before the body.")


class HeadersSerializer(serializers.Serializer[Any]):
    headers = HeaderSerializer(many=True)
    proof = serializers.CharField(
        allow_null=True, help_text="Where the proof of this batch is, once it is in a checkpoint of the log."
    )


class FileUrlSerializer(serializers.Serializer[Any]):
    file = serializers.CharField()
    url = serializers.CharField(
        help_text="GET, with Range. It works until `expires_at` for whoever holds it."
    )


class UrlsSerializer(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()
    urls = FileUrlSerializer(many=True)
