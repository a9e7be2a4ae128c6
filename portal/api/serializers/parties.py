from typing import Any

from rest_framework import serializers

from licenses.models import Party


class PartySerializer(serializers.ModelSerializer[Party]):
    """Somebody who was asked to stand in a request beside the applicant."""

    name = serializers.CharField(source="full_name")

    class Meta:
        model = Party
        fields = ["id", "role", "name", "email", "state", "asked_at", "state_at"]
        read_only_fields = fields


class HeldSerializer(serializers.Serializer[Any]):
    """A grant of the caller's under a request."""

    id = serializers.CharField()
    release = serializers.CharField(source="release.slug")
    state = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
