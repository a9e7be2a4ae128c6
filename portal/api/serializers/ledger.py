"""One entry of the ledger, for release managers: ids, names and figures; never a URL, a header or a key."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from weights_vault.ledger import filesets
from weights_vault.ledger.listing import Row
from weights_vault.models import LedgerEntry


class ReceiptSerializer(serializers.Serializer[Any]):
    """It is noted."""

    proof = serializers.CharField(
        allow_null=True, help_text="Where the proof of this report is, once it is in a checkpoint of the log."
    )


class LedgerQuery(serializers.Serializer[Any]):
    """Filters. What is left out filters nothing."""

    release = serializers.CharField(max_length=100, required=False, help_text="Slug.")
    revision = serializers.CharField(max_length=64, required=False, help_text="Name or id.")
    grant = serializers.CharField(max_length=40, required=False)
    person = serializers.CharField(
        max_length=200, required=False, help_text="Id, or a part of the name or of the address of mail."
    )
    kind = serializers.ChoiceField(LedgerEntry.Kind.choices, required=False)
    after = serializers.DateTimeField(required=False, help_text="From then on.")
    before = serializers.DateTimeField(required=False, help_text="Up to then.")


class PersonOfEntrySerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()


class ReportedSerializer(serializers.Serializer[Any]):
    fetched_bytes = serializers.IntegerField()
    again_bytes = serializers.IntegerField()
    seconds = serializers.FloatField()
    client = serializers.CharField()


class LedgerEntrySerializer(serializers.Serializer[Row]):
    """What was given, or what a client reported."""

    id = serializers.IntegerField(source="entry.pk")
    at = serializers.DateTimeField(source="entry.at")
    kind = serializers.ChoiceField(LedgerEntry.Kind.choices, source="entry.kind")
    grant = serializers.CharField(source="entry.grant")
    person = serializers.SerializerMethodField(help_text="Name and address are empty where they are erased.")
    key = serializers.CharField(source="entry.key", help_text="`key_…` that headers are for, else empty.")
    release = serializers.SerializerMethodField()
    revision = serializers.SerializerMethodField()
    revision_id = serializers.CharField(source="entry.revision")
    files = serializers.IntegerField(source="entry.count")
    file_numbers = serializers.SerializerMethodField(
        help_text="Which: places in the manifest, from 0. Empty of a manifest and of reports."
    )
    bytes = serializers.IntegerField(source="entry.size", help_text="Sealed bytes of the files.")
    lifetime_s = serializers.IntegerField(source="entry.lifetime_s", allow_null=True)
    address = serializers.SerializerMethodField(help_text="Empty once it is forgotten.")
    network = serializers.SerializerMethodField()
    reported = serializers.SerializerMethodField(help_text="What a client said; null of what was given.")

    @extend_schema_field(PersonOfEntrySerializer)
    def get_person(self, row: Row) -> dict[str, str]:
        known = {"name": row.person.full_name, "email": row.person.email} if row.person else {}
        return {"id": row.entry.person, "name": "", "email": "", **known}

    def get_release(self, row: Row) -> str:
        return row.revision.release.slug if row.revision else ""

    def get_revision(self, row: Row) -> str:
        return row.revision.name if row.revision else ""

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_file_numbers(self, row: Row) -> list[int]:
        return list(filesets.unpack(row.entry.files))

    def get_address(self, row: Row) -> str:
        return row.origin.address if row.origin else ""

    def get_network(self, row: Row) -> str:
        return row.origin.network if row.origin else ""

    @extend_schema_field(ReportedSerializer(allow_null=True))
    def get_reported(self, row: Row) -> dict[str, Any] | None:
        entry = row.entry
        if entry.fetched is None:
            return None
        return {
            "fetched_bytes": entry.fetched,
            "again_bytes": entry.again,
            "seconds": entry.seconds,
            "client": entry.client,
        }
