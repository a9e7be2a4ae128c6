from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from licenses import queries
from licenses.models import Request
from licenses.queries import TimelineEntry, turns
from licenses.queries.proofs import DECIDED, newest_events
from licenses.queries.turns import Turn
from portal.api.serializers.audit import proof_url
from portal.api.serializers.licenses import LicenseSerializer
from portal.api.serializers.messages import MessageSerializer
from portal.api.serializers.parties import HeldSerializer, PartySerializer
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
    proof = serializers.SerializerMethodField(
        help_text="Of decisions, and of what became of grants: where the proof is; else null."
    )

    def get_proof(self, entry: TimelineEntry) -> str | None:
        return proof_url(entry.proof)


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request as a list shows it. Its context holds `turns` (request id → Turn)."""

    releases = RequestedReleaseSerializer(many=True)
    license = LicenseSerializer(source="license_version", allow_null=True)
    url = serializers.SerializerMethodField()
    role = serializers.SerializerMethodField(help_text="What the caller is in it.")
    waits_for = serializers.SerializerMethodField(help_text="Whose turn it is.")
    waits_since = serializers.SerializerMethodField()
    due_at = serializers.SerializerMethodField(
        help_text="By when the reviewers mean to answer, or the license must be accepted; else null."
    )

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
            "role",
            "waits_for",
            "waits_since",
            "due_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(turns.ROLES))
    def get_role(self, request: Request) -> str:
        return self._turn(request).role

    @extend_schema_field(serializers.ChoiceField(turns.WHO))
    def get_waits_for(self, request: Request) -> str:
        return self._turn(request).who

    def get_waits_since(self, request: Request) -> datetime | None:
        return self._turn(request).since

    def get_due_at(self, request: Request) -> datetime | None:
        return self._turn(request).until

    def _turn(self, request: Request) -> Turn:
        turn: Turn = self.context["turns"][request.pk]
        return turn

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
    parties = serializers.SerializerMethodField(help_text="Who was asked in beside the applicant.")
    messages = serializers.SerializerMethodField(help_text="The newest hundred, oldest first.")
    grants = serializers.SerializerMethodField(help_text="The caller's own under this request.")
    timeline = serializers.SerializerMethodField()
    proof = serializers.SerializerMethodField(
        help_text="Where the proof of the newest decision is, as a file that verifies offline; else null."
    )

    class Meta(RequestSerializer.Meta):
        fields = [
            *RequestSerializer.Meta.fields,
            "reason",
            "answers",
            "evidence",
            "summary_of_use",
            "renews",
            "parties",
            "messages",
            "grants",
            "timeline",
            "proof",
        ]
        read_only_fields = fields

    def get_proof(self, request: Request) -> str | None:
        return proof_url(newest_events("request", [request.pk], DECIDED).get(request.pk))

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

    @extend_schema_field(PartySerializer(many=True))
    def get_parties(self, request: Request) -> list[dict[str, Any]]:
        return list(PartySerializer(queries.parties_of(request), many=True).data)

    @extend_schema_field(MessageSerializer(many=True))
    def get_messages(self, request: Request) -> list[dict[str, Any]]:
        said = queries.messages(request, self.context["principal"], self.context["case"])
        return list(MessageSerializer(said, many=True).data)

    @extend_schema_field(HeldSerializer(many=True))
    def get_grants(self, request: Request) -> list[dict[str, Any]]:
        held = queries.grants_of(self.context["principal"]).filter(request=request)
        return list(HeldSerializer(held, many=True).data)

    @extend_schema_field(TimelineEntrySerializer(many=True))
    def get_timeline(self, request: Request) -> list[dict[str, Any]]:
        return list(
            TimelineEntrySerializer(queries.timeline(request, self.context["principal"]), many=True).data
        )
