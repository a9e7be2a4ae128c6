"""One event of the audit log: as it stands in it, with the values beside it that were not erased."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from portal.core import audit
from portal.core.log.sentences import Sentence
from portal.core.models import AuditEvent

Told = tuple[AuditEvent, Sentence]
MAX_SIZE = 2**53 - 1


def proof_url(index: int | None) -> str | None:
    """Return where the proof of an event is; None of none."""
    return None if index is None else f"{settings.PORTAL_URL}/api/v1/audit/{index}/proof"


class AuditQuery(serializers.Serializer[Any]):
    """Filters. What is left out filters nothing."""

    group = serializers.CharField(max_length=64, required=False, help_text="First word of kinds: `grant`.")
    kind = serializers.CharField(max_length=64, required=False)
    person = serializers.CharField(
        max_length=200, required=False, help_text="Id, or a part of the name or of the address of mail."
    )
    subject = serializers.CharField(max_length=96, required=False, help_text="`request:req_…`, or the id.")
    after = serializers.DateTimeField(required=False, help_text="From then on.")
    before = serializers.DateTimeField(required=False, help_text="Until before then.")
    words = serializers.CharField(
        max_length=200, required=False, help_text="A part of a kind, an id, or a person."
    )


class ConsistencyQuery(serializers.Serializer[Any]):
    old = serializers.IntegerField(
        min_value=0, max_value=MAX_SIZE, default=0, help_text="Entries of the earlier head; else of none."
    )
    new = serializers.IntegerField(
        min_value=0, max_value=MAX_SIZE, required=False, help_text="Of the later one; else of the newest."
    )


class AuditEventSerializer(serializers.Serializer[Told]):
    """An event. `data` is what the log holds: commitments in the place of what people typed or are called."""

    index = serializers.SerializerMethodField()
    at = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    by = serializers.SerializerMethodField()
    subject = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field, not its property
    disclosed = serializers.SerializerMethodField(
        help_text="Field → value, of those that were not erased and that the caller reads."
    )
    sentence = serializers.SerializerMethodField()
    proof = serializers.SerializerMethodField(
        help_text="Where its proof is; 503 until it is in a checkpoint."
    )

    def get_index(self, told: Told) -> int:
        return told[0].pk

    @extend_schema_field(serializers.DateTimeField())
    def get_at(self, told: Told) -> str:
        return str(serializers.DateTimeField().to_representation(told[0].at))

    def get_kind(self, told: Told) -> str:
        return told[0].kind

    def get_by(self, told: Told) -> str:
        return told[0].by

    def get_subject(self, told: Told) -> str:
        return told[0].subject

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_data(self, told: Told) -> dict[str, Any]:
        return dict(told[0].data)

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_disclosed(self, told: Told) -> dict[str, Any]:
        audit.tell([told[0]])
        standing = told[0].disclosed or {}
        return {field: value for field, value in standing.items() if value is not audit.WITHHELD}

    def get_sentence(self, told: Told) -> str:
        return str(told[1])

    def get_proof(self, told: Told) -> str:
        return proof_url(told[0].pk) or ""
