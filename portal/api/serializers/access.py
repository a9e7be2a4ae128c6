from typing import Any

from rest_framework import serializers

from portal.core.verdicts import Allowed, Verdict


class AccessSerializer(serializers.Serializer[Any]):
    """What the one rule of access says about the manifest, now and to this caller."""

    allowed = serializers.BooleanField()
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    next_step = serializers.CharField()
    grant = serializers.CharField(allow_null=True)


def access_of(verdict: Verdict) -> dict[str, Any]:
    if isinstance(verdict, Allowed):
        return {"allowed": True, "code": None, "message": "", "next_step": "", "grant": verdict.grant}
    return {
        "allowed": False,
        "code": verdict.code,
        "message": verdict.message,
        "next_step": verdict.next_step,
        "grant": None,
    }
