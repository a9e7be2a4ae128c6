from typing import Any

from rest_framework import serializers


class MessageSerializer(serializers.Serializer[Any]):
    """One message. `author` is “You”, a name, or “The reviewers”."""

    id = serializers.CharField()
    at = serializers.DateTimeField()
    author = serializers.CharField()
    by_staff = serializers.BooleanField()
    asks = serializers.BooleanField(help_text="A question of the reviewers.")
    open = serializers.BooleanField(help_text="Its answer is still waited for.")
    text = serializers.CharField()
