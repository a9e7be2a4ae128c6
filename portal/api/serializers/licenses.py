from rest_framework import serializers

from licenses.models import LicenseVersion


class LicenseSerializer(serializers.ModelSerializer[LicenseVersion]):
    """Which text binds: a version of a license, by the SHA-256 of its UTF-8 bytes."""

    name = serializers.CharField(source="license.name")

    class Meta:
        model = LicenseVersion
        fields = ["id", "name", "number", "sha256"]
        read_only_fields = fields


class LicenseTextSerializer(LicenseSerializer):
    class Meta(LicenseSerializer.Meta):
        fields = ["id", "name", "number", "sha256", "text", "effective_at"]
        read_only_fields = fields
