"""What the portal says of its root keys."""

from typing import Any

from rest_framework import serializers


class SuccessionsSerializer(serializers.Serializer[Any]):
    successions = serializers.ListField(
        child=serializers.CharField(
            help_text="Base64 of a trust document in which a root stands beside its successor; oldest first."
        )
    )
