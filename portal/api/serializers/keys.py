from rest_framework import serializers

from weights_vault.models import RecipientKey


class KeySerializer(serializers.ModelSerializer[RecipientKey]):
    """A recipient key. Its private part never leaves its owner's machine."""

    class Meta:
        model = RecipientKey
        fields = ["id", "recipient", "kind", "fingerprint", "name", "state", "created_at", "activated_at"]
        read_only_fields = fields


class ChallengeSerializer(serializers.Serializer[dict[str, object]]):
    id = serializers.CharField()
    state = serializers.CharField()
    challenge = serializers.CharField(help_text="Base64 of an age file sealed to the recipient.")
    expires_at = serializers.DateTimeField()
