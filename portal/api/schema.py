"""The OpenAPI document: who may call an endpoint, and that every refusal is a problem document."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from portal.api.pagination import MAX_PAGE_SIZE, PAGE_SIZE
from portal.api.permissions import Need
from portal.api.renderers import ENVELOPE_MEDIA_TYPE

PROBLEM_MEDIA_TYPE = "application/problem+json"

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
    OpenApiParameter(
        "limit", int, description=f"Rows a page: {PAGE_SIZE} unless told, at most {MAX_PAGE_SIZE}."
    ),
]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A word of your own, new for each thing to be done. The same key and body again: done once.",
)

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Branch on `code`; show `detail` and `next_step` to people.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "next_step": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Of an invalid body: each field and what is wrong with it.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["type", "title", "status", "code", "detail", "next_step"],
}

ENVELOPE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "payloadType": {"type": "string"},
        "payload": {"type": "string", "format": "byte"},
        "signatures": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"keyid": {"type": "string"}, "sig": {"type": "string", "format": "byte"}},
                "required": ["sig"],
            },
        },
    },
    "required": ["payloadType", "payload", "signatures"],
}

PROBLEMS = {
    "400": ("Invalid", "The body, a parameter or a header is not what it must be."),
    "401": ("LoginRequired", "No token, or one that is unknown, ended or expired."),
    "403": ("NotPermitted", "Not allowed; `code` says why, `next_step` what to do."),
    "404": ("NotFound", "There is no such thing, or none that the caller may see."),
    "405": ("MethodNotAllowed", "The address does not answer this method."),
    "409": ("Conflict", "The thing changed meanwhile, or is in another state."),
    "415": ("UnsupportedMediaType", "Bodies are `application/json`."),
    "429": ("TooMany", "Too many calls; come back after `Retry-After` seconds."),
    "503": ("Unavailable", "A part of the portal is out of reach; come back after `Retry-After` seconds."),
}
ALWAYS = ("400", "401", "403", "404", "405", "429", "503")
WITH_BODY = ("409", "415")


class PortalSchema(AutoSchema):
    """Reads a view's `needs`, so that the document and the permission cannot disagree."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        needs: Mapping[str, Need] = getattr(self.view, "needs", {})
        need = needs[self.method]
        session: dict[str, list[str]] = {"session": []}
        if need.session:
            return [session]
        token = {"token": [need.scope] if need.scope else []}
        return [{}, token, session] if need.anonymous else [token, session]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "wp_…",
            "description": (
                "A token made on the page Devices and tokens (wp_…), or of a signed-in device (wpd_…). "
                "Scopes: read, requests, download, attest; of staff also review, publish."
            ),
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A signed-in browser, with the CSRF token in X-CSRFToken where something changes.",
        }


def add_problem_answers(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Give every operation the problem documents that it can answer with."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {name: _problem_answer(code, text) for code, (name, text) in PROBLEMS.items()}
    for path in result["paths"].values():
        for method, operation in path.items():
            statuses = ALWAYS if method == "get" else ALWAYS + WITH_BODY
            for status in statuses:
                operation["responses"].setdefault(
                    status, {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"}
                )
    return result


def _problem_answer(status: str, description: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in ("429", "503"):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    if status == "401":
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answer


def page_of(name: str, item: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The answer of an endpoint that lists: one page of items."""
    return inline_serializer(
        name,
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": item(many=True),
        },
    )


def envelope(description: str) -> dict[tuple[int, str], OpenApiResponse]:
    """The answer of an endpoint that gives a signed envelope (DSSE), to be checked as the bytes received."""
    return {(200, ENVELOPE_MEDIA_TYPE): OpenApiResponse(ENVELOPE_SCHEMA, description=description)}
