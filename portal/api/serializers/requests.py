from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from licenses import queries
from licenses.models import Request
from portal.api.serializers.licenses import LicenseSerializer
from portal.api.serializers.people import page_url


class RequestedReleaseSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()


class TimelineEntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    actor = serializers.CharField(source="actor_label")


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request as a list shows it."""

    releases = RequestedReleaseSerializer(many=True)
    license = LicenseSerializer(source="license_version", allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Request
        fields = [
            "id",
            "releases",
            "state",
            "split",
            "version",
            "appealed",
            "license",
            "created_at",
            "submitted_at",
            "decided_at",
            "url",
        ]
        read_only_fields = fields

    def get_url(self, request: Request) -> str:
        return page_url("request_detail", request.pk)


class RequestDetailSerializer(RequestSerializer):
    """A request with its answers and what happened to it, as the context's `principal` may read it."""

    reason = serializers.SerializerMethodField(
        help_text="Why it was rejected or returned; empty in other states."
    )
    answers = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField(
        help_text="Who the applicant says they are: `profiles` and `references`; may be empty."
    )
    summary_of_use = serializers.SerializerMethodField(help_text="Of a renewal; else empty.")
    renews = serializers.CharField(
        source="renews_id", allow_null=True, read_only=True, help_text="The request that this one carries on."
    )
    timeline = serializers.SerializerMethodField()

    class Meta(RequestSerializer.Meta):
        fields = [
            *RequestSerializer.Meta.fields,
            "reason",
            "answers",
            "evidence",
            "summary_of_use",
            "renews",
            "timeline",
        ]
        read_only_fields = fields

    def get_reason(self, request: Request) -> str:
        return queries.decided_reason(request)

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_answers(self, request: Request) -> dict[str, Any]:
        return dict(queries.version_of(request).answers)

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_evidence(self, request: Request) -> dict[str, Any]:
        return dict(queries.version_of(request).evidence)

    def get_summary_of_use(self, request: Request) -> str:
        return queries.version_of(request).summary_of_use

    @extend_schema_field(TimelineEntrySerializer(many=True))
    def get_timeline(self, request: Request) -> list[dict[str, Any]]:
        return list(
            TimelineEntrySerializer(queries.timeline(request, self.context["principal"]), many=True).data
        )
