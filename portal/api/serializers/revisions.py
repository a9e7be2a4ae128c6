"""A revision as its release manager reads it."""

from typing import Any

from rest_framework import serializers

from weights_vault.models import Revision


class ManagedRevisionSerializer(serializers.Serializer[Revision]):
    """Its context holds `holders` and `soundness`, by id of the revision."""

    id = serializers.CharField(source="pk")
    name = serializers.CharField()
    sequence = serializers.IntegerField()
    state = serializers.ChoiceField(["published", "quarantined", "withdrawn"])
    reason = serializers.CharField(source="state_reason", help_text="Why it was recalled, else empty.")
    published_at = serializers.DateTimeField()
    size = serializers.IntegerField(source="plain_size", help_text="Plaintext bytes of all files.")
    files = serializers.IntegerField(source="file_count")
    holders = serializers.SerializerMethodField(help_text="Grants that were given headers of it.")
    damaged = serializers.SerializerMethodField(help_text="What is damaged in the store, a sentence each.")

    def get_holders(self, revision: Revision) -> int:
        holders: dict[str, int] = self.context["holders"]
        return holders.get(revision.pk, 0)

    def get_damaged(self, revision: Revision) -> list[str]:
        soundness: dict[str, Any] = self.context["soundness"]
        return list(soundness[revision.pk].damaged)
