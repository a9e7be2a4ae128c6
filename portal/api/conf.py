"""What the settings need of the API: two dictionaries, for DRF and for its schema."""

from typing import Any

VERSION = "1.0.0"

REST_FRAMEWORK: dict[str, Any] = {
    # The first class answers for WWW-Authenticate, so a refused caller gets 401 and not 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.TokenAuthentication",
        "portal.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.api.renderers.OneTypeNegotiation",
    # No OPTIONS: the schema says what there is.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_CLASSES": [
        "portal.api.throttles.AddressThrottle",
        "portal.api.throttles.AccountThrottle",
        "portal.api.throttles.ExactThrottle",
    ],
    # Against overload: counted in the shared cache. What must be exact: portal/core/limits.py.
    "DEFAULT_THROTTLE_RATES": {"address": "240/min", "account": "1200/min"},
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.PortalCursorPagination",
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.PortalSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Weights Portal API",
    "DESCRIPTION": (
        "Ask for gated model weights, follow the request, and get what opens and fetches them. Errors are "
        "RFC 9457 problem documents with a `code`, a `detail` and a `next_step`. Lists are paged by cursor."
    ),
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "DISABLE_ERRORS_AND_WARNINGS": False,
    "ENUM_NAME_OVERRIDES": {},
    "POSTPROCESSING_HOOKS": ["portal.api.schema.add_problem_answers"],
}
